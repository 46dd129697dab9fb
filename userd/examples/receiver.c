// SPDX-License-Identifier: MIT
/*
 * A receiver of `native` connections with libsluice (sluice_receiver(3)): receiver [-d] PORT FILE
 *
 * Appends each datagram to FILE, its length in 4 bytes (network byte order) in front; once each,
 * whatever happens to the relay, to the network or to this program, kill -9 included. How long FILE
 * was and what had been received then is in FILE.state, replaced as a whole: what a killed life
 * wrote to FILE after that is cut off, and the relay, which was not yet told, sends it again. Order
 * of things in every round: read, write FILE, replace FILE.state, acknowledge. With -d both are on
 * the disk before (fsync), and the relay is told so. Losses that the relay tells of go to stderr.
 *
 *     cc receiver.c $(pkg-config --cflags --libs libsluice)
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sluice/receiver.h>

#define LINKS 64	/* connections at a time; more wait in the backlog */
#define PATH_MOST 4096U /* of FILE.state.new, with its end */

/* A connection. */
struct connection {
	int fd;
	struct sluice_receiver_link *link;
};

/* Everything at work. */
struct store {
	struct sluice_receiver *receiver;
	FILE *file;    /* FILE */
	bool durable;  /* -d */
	uint64_t size; /* of FILE, as far as it is whole */
	char state[PATH_MOST];
	char fresh[PATH_MOST];
	struct connection connections[LINKS];
	size_t count;
};

static volatile sig_atomic_t stop;

/* SIGINT and SIGTERM end it. @context signal */
static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* A new record: a datagram goes to FILE. 0 or a negative errno. */
static int take(void *context, const struct sluice_receiver_record *record)
{
	struct store *store = context;
	uint32_t length = htonl((uint32_t)record->length);

	if (record->type == SLUICE_RECEIVER_GAP) {
		fprintf(stderr, "receiver: %" PRIu64 " datagrams of input %u were lost, cause %u\n",
			record->lost, record->input, record->cause);
		return 0;
	}
	if (fwrite(&length, sizeof(length), 1, store->file) != 1 ||
	    fwrite(record->payload, 1, record->length, store->file) != record->length)
		return -EIO;
	store->size += sizeof(length) + record->length;
	return 0;
}

/* One range into FILE.state. 0, or -EIO. */
static int write_range(void *context, const struct sluice_receiver_range *range)
{
	return fwrite(range, sizeof(*range), 1, context) == 1 ? 0 : -EIO;
}

/* Makes the names of the files outlive the machine: they are in the directory. 0 or a negative
 * errno. */
static int keep_names(const struct store *store)
{
	char *copy = strdup(store->state);
	int fd, error = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		error = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return error;
}

/* Makes what was taken so far outlive the program, and with -d the machine. 0 or a negative errno.
 */
static int keep(struct store *store)
{
	FILE *file;
	int error;

	if (fflush(store->file) || (store->durable && fdatasync(fileno(store->file))))
		return -errno;
	file = fopen(store->fresh, "w");
	if (!file)
		return -errno;
	error = fwrite(&store->size, sizeof(store->size), 1, file) == 1
			? sluice_receiver_ranges(store->receiver, write_range, file)
			: -EIO;
	if (fflush(file) || (store->durable && fdatasync(fileno(file))))
		error = -errno;
	if (fclose(file) && !error)
		error = -errno;
	if (!error && rename(store->fresh, store->state))
		error = -errno;
	return error || !store->durable ? error : keep_names(store);
}

/* Goes on where an earlier life was killed; it is not an error if there was none. 0 or a negative
 * errno. */
static int restore(struct store *store)
{
	struct sluice_receiver_range range;
	FILE *file = fopen(store->state, "r");
	int error = 0;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	if (fread(&store->size, sizeof(store->size), 1, file) != 1)
		error = -EINVAL;
	while (!error && fread(&range, sizeof(range), 1, file) == 1)
		error = sluice_receiver_restore(store->receiver, &range);
	fclose(file);
	return error;
}

/* Opens FILE and cuts it to where FILE.state says it was whole. 0 or a negative errno. */
static int open_file(struct store *store, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)store->size) || lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -errno;
	}
	store->file = fdopen(fd, "w");
	return store->file ? 0 : -ENOMEM;
}

/* Listens on all addresses. A descriptor, or a negative errno. */
static int listen_on(uint16_t port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int on = 1;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) || listen(fd, LINKS)) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* Accepts a connection. */
static void greet(struct store *store, int listener)
{
	struct connection *fresh = &store->connections[store->count];

	fresh->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fresh->fd < 0)
		return;
	if (sluice_receiver_link_open(store->receiver, &fresh->link))
		close(fresh->fd);
	else
		store->count++;
}

/* Closes connection number `index`; the last takes its place. */
static void leave(struct store *store, size_t index)
{
	sluice_receiver_link_close(store->connections[index].link);
	close(store->connections[index].fd);
	store->connections[index] = store->connections[--store->count];
}

/* Reads once. 1: go on; 0: the relay has closed; a negative errno: the connection is no use any
 * more. */
static int read_once(const struct connection *connection)
{
	size_t room;
	void *place = sluice_receiver_room(connection->link, &room);
	ssize_t got;
	int error;

	if (!place)
		return -ENOMEM;
	got = recv(connection->fd, place, room, 0);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	if (got == 0)
		return 0;
	error = sluice_receiver_fed(connection->link, (size_t)got);
	if (sluice_receiver_fault(connection->link))
		fprintf(stderr, "receiver: %s; connection closed\n",
			sluice_receiver_fault(connection->link));
	return error ? error : 1;
}

/* Sends what is due as far as the socket takes it. 0 or a negative errno. */
static int send_due(const struct connection *connection, size_t *left)
{
	const void *bytes;
	ssize_t sent;
	int error;

	while (!(error = sluice_receiver_output(connection->link, &bytes, left)) && *left > 0) {
		sent = send(connection->fd, bytes, *left, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		sluice_receiver_sent(connection->link, (size_t)sent);
	}
	return error;
}

/* One round: reads from all that have something, keeps it, then acknowledges. 0 or a negative
 * errno: it cannot go on. */
static int serve(struct store *store, const struct pollfd *polled, size_t count)
{
	int results[LINKS] = {0};
	size_t left;
	size_t index;
	int error;

	for (index = 0; index < count; index++) {
		results[index] = 1;
		if (polled[index].revents & ~POLLOUT)
			results[index] = read_once(&store->connections[index]);
		if (results[index] == -EIO || results[index] == -ENOMEM)
			return results[index];
	}
	error = keep(store);
	/* From behind, for who leaves gives its place to the last. */
	for (index = count; index-- > 0 && !error;) {
		struct connection *connection = &store->connections[index];

		error = sluice_receiver_acknowledge(connection->link,
						    store->durable ? SLUICE_RECEIVER_DURABLE
								   : SLUICE_RECEIVER_RECEIVED);
		if (!error && (send_due(connection, &left) || results[index] < 0 ||
			       (results[index] == 0 && left == 0)))
			leave(store, index);
	}
	return error;
}

/* Receives until a signal comes. 0 or a negative errno. */
static int run(struct store *store, int listener)
{
	struct pollfd polled[LINKS + 1];
	const void *bytes;
	size_t left;
	size_t index;
	int error = 0;

	while (!stop && !error) {
		size_t count = store->count;

		for (index = 0; index < count; index++) {
			polled[index].fd = store->connections[index].fd;
			polled[index].events = POLLIN;
			if (!sluice_receiver_output(store->connections[index].link, &bytes,
						    &left) &&
			    left > 0)
				polled[index].events |= POLLOUT;
		}
		polled[count].fd = count < LINKS ? listener : -1;
		polled[count].events = POLLIN;
		if (poll(polled, count + 1, -1) <= 0)
			continue;
		if (polled[count].revents & POLLIN)
			greet(store, listener);
		error = serve(store, polled, count);
	}
	return error;
}

/* Everything up to the first connection. A listening descriptor or a negative errno. */
static int prepare(struct store *store, const char *port, const char *path)
{
	struct sigaction action = {.sa_handler = on_signal};
	unsigned long number = strtoul(port, NULL, 10);
	int error;

	if (number < 1 || number > UINT16_MAX || strlen(path) > PATH_MOST - 16)
		return -EINVAL;
	snprintf(store->state, sizeof(store->state), "%s.state", path);
	snprintf(store->fresh, sizeof(store->fresh), "%s.state.new", path);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	error = sluice_receiver_open(&store->receiver, take, store);
	if (!error)
		error = restore(store);
	if (!error)
		error = open_file(store, path);
	return error ? error : listen_on((uint16_t)number);
}

/* receiver [-d] PORT FILE */
int main(int argc, char **argv)
{
	static struct store store;
	struct sluice_receiver_counts counts = {.datagrams = 0};
	int error;
	int listener;

	store.durable = argc == 4 && strcmp(argv[1], "-d") == 0;
	if (argc != 3 && !store.durable) {
		fprintf(stderr, "usage: receiver [-d] PORT FILE\n");
		return 2;
	}
	listener = prepare(&store, argv[argc - 2], argv[argc - 1]);
	error = listener < 0 ? listener : 0;
	if (!error) {
		fprintf(stderr, "receiver: listening\n");
		error = run(&store, listener);
		close(listener);
	}
	while (store.count > 0)
		leave(&store, store.count - 1);
	sluice_receiver_count(store.receiver, &counts);
	sluice_receiver_close(store.receiver);
	if (store.file && fclose(store.file) && !error)
		error = -errno;
	if (error) {
		fprintf(stderr, "receiver: %s\n", strerror(-error));
		return 1;
	}
	printf("RESULT received=%" PRIu64 " bytes=%" PRIu64 " repeated=%" PRIu64 " lost=%" PRIu64
	       "\n",
	       counts.datagrams, counts.bytes, counts.repeated, counts.lost);
	return 0;
}
