// SPDX-License-Identifier: MIT
/*
 * The receiver of a search: see catcher.h. Behind the relay, last on the path of the data. Touches:
 * its sockets, its thread.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "../lib/clock.h"
#include "catcher.h"
#include "server.h"

/* How long the thread waits before it looks whether it should end. */
#define TURN_NS (50 * SLUICE_NS_PER_MS)
/* Datagrams of a call, and calls before others have their turn. */
#define BATCH 64U
#define BATCHES 16U
#define SLOT 65536U
#define RECEIVE_BUFFER (32 << 20)

struct sluice_catcher {
	struct sluice_ledger *ledger;	   /* @owner catcher; only the thread uses it */
	struct sluice_sink_server *server; /* @owner catcher; likewise */
	struct sluice_histogram *latency;  /* @owner catcher */
	pthread_t thread;
	bool runs; /* the thread was started */
	uint16_t port;
	atomic_bool stop;
	pthread_mutex_t lock; /* guards `run`, `sums` and `error` */
	struct sluice_catcher_run run;
	struct sluice_ledger_sums sums;
	int error;
	atomic_uint_fast64_t changes; /* of `run`: the thread takes it over when it sees another */
	uint64_t taken;
	struct sluice_catcher_run now; /* the thread's own copy */
	atomic_uint_fast64_t received;
	atomic_uint_fast64_t late;
	atomic_uint_fast64_t last;
	uint8_t *buffer; /* @owner catcher */
	struct mmsghdr message[BATCH];
	struct iovec piece[BATCH];
};

/* The thread takes over what is now awaited. */
static void take_run(struct sluice_catcher *catcher)
{
	uint64_t changes = atomic_load_explicit(&catcher->changes, memory_order_acquire);

	if (changes == catcher->taken)
		return;
	pthread_mutex_lock(&catcher->lock);
	catcher->now = catcher->run;
	pthread_mutex_unlock(&catcher->lock);
	catcher->taken = changes;
}

/* A datagram has come. @context the thread */
static void note(void *context, const struct sluice_payload *payload)
{
	struct sluice_catcher *catcher = context;
	uint64_t now = sluice_now();
	uint64_t due;

	take_run(catcher);
	/* One of a run before, or of somebody else. */
	if (payload->form != SLUICE_PAYLOAD_FULL || payload->run != catcher->now.run)
		return;
	if (now > catcher->now.late)
		atomic_fetch_add_explicit(&catcher->late, 1, memory_order_relaxed);
	if (catcher->now.rate) {
		due = catcher->now.start + (uint64_t)((unsigned __int128)payload->sequence *
						      SLUICE_NS_PER_S / catcher->now.rate);
		sluice_histogram_add(catcher->latency, now > due ? now - due : 0, 1);
	}
	atomic_store_explicit(&catcher->last, now, memory_order_relaxed);
	atomic_fetch_add_explicit(&catcher->received, 1, memory_order_release);
}

/* Takes what lies in the UDP socket, a bounded share. @context the thread */
static int take_datagrams(void *context, int fd)
{
	struct sluice_catcher *catcher = context;
	unsigned int turn;
	int error = 0;

	for (turn = 0; turn < BATCHES && !error; turn++) {
		int count = recvmmsg(fd, catcher->message, BATCH, MSG_DONTWAIT, NULL);
		int index;

		for (index = 0; index < count && !error; index++)
			error = sluice_ledger_datagram(catcher->ledger, catcher->port,
						       catcher->piece[index].iov_base,
						       catcher->message[index].msg_len);
		if (count < (int)BATCH)
			break;
	}
	return error ? error : sluice_ledger_commit(catcher->ledger);
}

/* The thread. @context its own */
static void *serve(void *context)
{
	struct sluice_catcher *catcher = context;
	uint64_t now = sluice_now();
	int error = 0;

	while (!error && !atomic_load(&catcher->stop)) {
		error = sluice_sink_server_turn(catcher->server, &now, now + TURN_NS);
		pthread_mutex_lock(&catcher->lock);
		catcher->sums = *sluice_ledger_sums(catcher->ledger);
		catcher->error = error;
		pthread_mutex_unlock(&catcher->lock);
	}
	return NULL;
}

/* Opens the UDP socket of trials without a relay. 0 or a negative errno. */
static int open_socket(struct sluice_catcher *catcher)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htobe32(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int room = RECEIVE_BUFFER;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&address, size) ||
	    getsockname(fd, (struct sockaddr *)&address, &size)) {
		error = -errno;
		close(fd);
		return error;
	}
	catcher->port = be16toh(address.sin_port);
	return sluice_sink_server_watch(catcher->server, fd, take_datagrams, catcher);
}

/* Opens everything but the thread. 0 or a negative errno. */
static int prepare(struct sluice_catcher *catcher, struct sluice_sink_rules *rules,
		   const char *address, const struct sluice_port_span *ports, size_t count,
		   const char **why)
{
	size_t index;
	uint32_t port;
	int error;

	*why = "no memory";
	catcher->latency = sluice_histogram_new();
	catcher->buffer = malloc((size_t)BATCH * SLOT);
	if (!catcher->latency || !catcher->buffer)
		return -ENOMEM;
	for (index = 0; index < BATCH; index++) {
		catcher->piece[index].iov_base = catcher->buffer + index * SLOT;
		catcher->piece[index].iov_len = SLOT;
		catcher->message[index].msg_hdr.msg_iov = &catcher->piece[index];
		catcher->message[index].msg_hdr.msg_iovlen = 1;
	}
	error = sluice_ledger_open(&catcher->ledger, NULL, SLUICE_LEDGER_AUTO);
	if (error)
		return error;
	sluice_ledger_watch(catcher->ledger, note, catcher);
	error = sluice_sink_server_open(&catcher->server, catcher->ledger, rules);
	if (error)
		return error;
	*why = "cannot listen";
	for (index = 0; index < count && !error; index++)
		for (port = ports[index].first; port <= ports[index].last && !error; port++)
			error = sluice_sink_server_listen(catcher->server, address, (uint16_t)port);
	if (error)
		return error;
	*why = "no UDP socket on 127.0.0.1";
	return open_socket(catcher);
}

/* As catcher.h says. @context process */
int sluice_catcher_open(struct sluice_catcher **catcher, struct sluice_sink_rules *rules,
			const char *address, const struct sluice_port_span *ports, size_t count,
			const char **why)
{
	struct sluice_catcher *made;
	int error;

	if (!catcher || !rules || (!ports && count) || !why)
		return -EINVAL;
	*why = "no memory";
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	pthread_mutex_init(&made->lock, NULL);
	error = prepare(made, rules, address, ports, count, why);
	if (!error) {
		*why = "no thread";
		error = -pthread_create(&made->thread, NULL, serve, made);
		made->runs = error == 0;
	}
	if (error) {
		sluice_catcher_close(made);
		return error;
	}
	*catcher = made;
	return 0;
}

/* As catcher.h says. NULL is allowed. @context process */
void sluice_catcher_close(struct sluice_catcher *catcher)
{
	if (!catcher)
		return;
	atomic_store(&catcher->stop, true);
	if (catcher->runs)
		pthread_join(catcher->thread, NULL);
	sluice_sink_server_close(catcher->server);
	sluice_ledger_close(catcher->ledger);
	sluice_histogram_free(catcher->latency);
	pthread_mutex_destroy(&catcher->lock);
	free(catcher->buffer);
	free(catcher);
}

/* As catcher.h says. */
uint16_t sluice_catcher_port(const struct sluice_catcher *catcher)
{
	return catcher->port;
}

/* As catcher.h says. @context process */
void sluice_catcher_expect(struct sluice_catcher *catcher, const struct sluice_catcher_run *run)
{
	sluice_histogram_clear(catcher->latency);
	pthread_mutex_lock(&catcher->lock);
	catcher->run = *run;
	pthread_mutex_unlock(&catcher->lock);
	atomic_store(&catcher->received, 0);
	atomic_store(&catcher->late, 0);
	atomic_store(&catcher->last, 0);
	atomic_fetch_add_explicit(&catcher->changes, 1, memory_order_release);
}

/* As catcher.h says. @threadsafe */
struct sluice_catcher_counts sluice_catcher_counts(const struct sluice_catcher *catcher)
{
	struct sluice_catcher_counts counts;

	counts.received = atomic_load_explicit(&catcher->received, memory_order_acquire);
	counts.late = atomic_load(&catcher->late);
	counts.last = atomic_load(&catcher->last);
	return counts;
}

/* As catcher.h says. @threadsafe */
int sluice_catcher_sums(struct sluice_catcher *catcher, struct sluice_ledger_sums *sums)
{
	int error;

	pthread_mutex_lock(&catcher->lock);
	*sums = catcher->sums;
	error = catcher->error;
	pthread_mutex_unlock(&catcher->lock);
	return error;
}

/* As catcher.h says. */
const struct sluice_histogram *sluice_catcher_latency(const struct sluice_catcher *catcher)
{
	return catcher->latency;
}
