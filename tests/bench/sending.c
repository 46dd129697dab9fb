// SPDX-License-Identifier: MIT
/*
 * What it costs a worker to send, with epoll and with io_uring. Every 2 ms it has 256 KiB of spans,
 * which go to 1 or 16 TCP connections by turns, each with a header, from a mapped ring; a process
 * of its own takes everything and throws it away.
 *
 *   epoll      as userd/daemon/loop/worker.c does: a sendmsg(2) a span, non-blocking; what does
 *              not fit waits for EPOLLOUT
 *   io_uring   one submission for all spans of a beat, those of one connection linked;
 *              IORING_OP_SENDMSG, which waits by itself
 *   zerocopy   the same with IORING_OP_SENDMSG_ZC, where the kernel has it (over loopback it copies
 *              after all)
 *
 * All take turns; printed is the median of the rounds: CPU time of the sending process a MiB (in
 * the machine, with vm-images/run --icount, microseconds are thousands of instructions), and how
 * often it called the kernel.
 *
 *     sending [ROUNDS [BEATS]]     (default 9 and 200)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RING (64U << 20)
#define LOAD (256U << 10)
#define BEAT_NS 2000000U
#define MANY 16U
#define SPANS_MOST 16U /* of a beat: LOAD of the smallest */
#define ROUNDS_MOST 64U
#define HEADER 64U
#define NS_PER_S 1000000000U

/* One span on its way: its header, and where it lies. */
struct span {
	struct msghdr message;
	struct iovec parts[2];
};

/* One connection and what it has to send. */
struct connection {
	int fd;
	struct span spans[SPANS_MOST];
	unsigned int begun, end; /* of spans[]: the first not yet written, and behind the last */
	unsigned int flying;	 /* io_uring has so many */
};

/* What is measured with. */
struct bed {
	struct connection connections[MANY];
	unsigned int count; /* of them in use */
	size_t size;	    /* of a span */
	uint8_t *ring;
	size_t offset;
	uint8_t header[HEADER];
	int epoll;
	struct io_uring uring;
	bool has_zerocopy;
	uint64_t calls; /* of the kernel */
};

/* A way to send what the connections have until `deadline`. 0 or a negative errno. */
struct way {
	const char *name;
	int (*run)(struct bed *bed, uint64_t deadline, bool is_zerocopy);
	bool is_zerocopy;
};

/* The time in nanoseconds. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* CPU time of this process in microseconds, workers that io_uring made for it included. */
static double cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Does any connection have something to send? */
static bool is_busy(const struct bed *bed)
{
	unsigned int place;

	for (place = 0; place < bed->count; place++)
		if (bed->connections[place].begun < bed->connections[place].end)
			return true;
	return false;
}

/* Gives the connections the spans of one beat, by turns. They have none left. */
static void deal(struct bed *bed)
{
	unsigned int number, place;

	for (place = 0; place < bed->count; place++)
		bed->connections[place].begun = bed->connections[place].end = 0;
	for (number = 0; number < LOAD / bed->size; number++) {
		struct connection *connection = &bed->connections[number % bed->count];
		struct span *span = &connection->spans[connection->end++];

		span->parts[0] = (struct iovec){.iov_base = bed->header, .iov_len = HEADER};
		span->parts[1] =
			(struct iovec){.iov_base = bed->ring + bed->offset, .iov_len = bed->size};
		span->message = (struct msghdr){.msg_iov = span->parts, .msg_iovlen = 2};
		bed->offset = (bed->offset + bed->size) % RING;
	}
}

/* Notes that `sent` bytes of the first span are with TCP. */
static void advance(struct connection *connection, size_t sent)
{
	struct span *span = &connection->spans[connection->begun];
	size_t left = 0, step;
	unsigned int place;

	for (place = 0; place < 2; place++) {
		struct iovec *part = &span->parts[place];

		step = sent < part->iov_len ? sent : part->iov_len;
		part->iov_base = (uint8_t *)part->iov_base + step;
		part->iov_len -= step;
		sent -= step;
		left += part->iov_len;
	}
	if (!left)
		connection->begun++;
}

/* Writes what one connection takes. 0 or a negative errno. */
static int write_spans(struct bed *bed, struct connection *connection)
{
	ssize_t sent;

	while (connection->begun < connection->end) {
		bed->calls++;
		sent = sendmsg(connection->fd, &connection->spans[connection->begun].message,
			       MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0)
			return errno == EAGAIN ? 0 : -errno;
		advance(connection, (size_t)sent);
	}
	return 0;
}

/* struct way.run */
static int run_epoll(struct bed *bed, uint64_t deadline, bool is_zerocopy)
{
	struct epoll_event events[MANY];
	unsigned int place;
	int count, error = 0;

	(void)is_zerocopy;
	for (place = 0; place < bed->count && !error; place++)
		error = write_spans(bed, &bed->connections[place]);
	while (!error) {
		uint64_t now = now_ns(), wait = deadline > now ? deadline - now : 0;
		const struct timespec timeout = {.tv_nsec = (long)wait};

		if (!wait && !is_busy(bed))
			return 0;
		bed->calls++;
		/* Late: what is left has to go before the next beat. */
		count = epoll_pwait2(bed->epoll, events, MANY, wait ? &timeout : NULL, NULL);
		if (count < 0)
			return -errno;
		for (place = 0; place < (unsigned int)count && !error; place++)
			error = write_spans(bed, events[place].data.ptr);
	}
	return error;
}

/* Notes what io_uring has done. 0 or a negative errno. */
static int reap(struct bed *bed)
{
	struct io_uring_cqe *entry;

	while (!io_uring_peek_cqe(&bed->uring, &entry)) {
		struct connection *connection = io_uring_cqe_get_data(entry);
		int result = entry->res;
		bool is_notice = entry->flags & IORING_CQE_F_NOTIF;

		io_uring_cqe_seen(&bed->uring, entry);
		/* Of zero-copy: the pages are free again. A worker does not wait for it, nor does
		 * this. */
		if (is_notice)
			continue;
		if (result < 0)
			return result;
		advance(connection, (size_t)result);
		connection->flying--;
	}
	return 0;
}

/* Hands io_uring all spans of a connection, to be sent one after the other. */
static int queue_spans(struct bed *bed, struct connection *connection, bool is_zerocopy)
{
	unsigned int place;

	for (place = connection->begun; place < connection->end; place++) {
		struct io_uring_sqe *entry = io_uring_get_sqe(&bed->uring);
		const struct msghdr *message = &connection->spans[place].message;

		if (!entry)
			return -ENOSPC;
		if (is_zerocopy)
			io_uring_prep_sendmsg_zc(entry, connection->fd, message,
						 MSG_NOSIGNAL | MSG_WAITALL);
		else
			io_uring_prep_sendmsg(entry, connection->fd, message,
					      MSG_NOSIGNAL | MSG_WAITALL);
		if (place + 1 < connection->end)
			entry->flags |= IOSQE_IO_LINK;
		io_uring_sqe_set_data(entry, connection);
		connection->flying++;
	}
	return 0;
}

/* struct way.run */
static int run_uring(struct bed *bed, uint64_t deadline, bool is_zerocopy)
{
	struct io_uring_cqe *entry;
	unsigned int place;
	int error = 0;

	for (place = 0; place < bed->count && !error; place++)
		error = queue_spans(bed, &bed->connections[place], is_zerocopy);
	if (!error) {
		bed->calls++;
		/* With IORING_SETUP_DEFER_TASKRUN links go on only when completions are asked for.
		 */
		error = io_uring_submit_and_get_events(&bed->uring);
		error = error < 0 ? error : reap(bed);
	}
	while (!error) {
		uint64_t now = now_ns(), wait = deadline > now ? deadline - now : 0;
		struct __kernel_timespec timeout = {.tv_nsec = (long long)wait};

		if (!wait && !is_busy(bed))
			return 0;
		bed->calls++;
		error = wait ? io_uring_wait_cqe_timeout(&bed->uring, &entry, &timeout)
			     : io_uring_wait_cqe(&bed->uring, &entry);
		error = error && error != -ETIME ? error : reap(bed);
	}
	return error;
}

static const struct way ways[] = {
	{.name = "epoll", .run = run_epoll},
	{.name = "io_uring", .run = run_uring},
	{.name = "zerocopy", .run = run_uring, .is_zerocopy = true},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* One round of one way: `beats` beats. Sets CPU time and calls a MiB. 0 or a negative errno. */
static int measure(struct bed *bed, const struct way *way, unsigned int beats, double *cpu,
		   double *calls)
{
	double mib = (double)beats * LOAD / (1U << 20), begun = cpu_us();
	uint64_t next = now_ns();
	unsigned int beat;
	int error = 0;

	bed->calls = 0;
	for (beat = 0; beat < beats && !error; beat++) {
		deal(bed);
		next += BEAT_NS;
		error = way->run(bed, next, way->is_zerocopy);
		/* Who is late does not hurry after. */
		if (now_ns() > next + BEAT_NS)
			next = now_ns();
	}
	*cpu = (cpu_us() - begun) / mib;
	*calls = (double)bed->calls / mib;
	return error;
}

/* qsort() */
static int compare(const void *left, const void *right)
{
	const double *one = left, *two = right;

	return (*one > *two) - (*one < *two);
}

/* All ways, taking turns, and their RESULT lines. 0 or a negative errno. */
static int compete(struct bed *bed, unsigned int rounds, unsigned int beats)
{
	size_t count = bed->has_zerocopy ? WAYS : WAYS - 1, place;
	static double cpu[WAYS][ROUNDS_MOST];
	double calls[WAYS] = {0}, warm;
	unsigned int round;
	int error = 0;

	for (round = 0; round < rounds && !error; round++) {
		for (place = 0; place < count && !error; place++) {
			/* Each finds TCP's windows open. */
			error = measure(bed, &ways[place], beats / 10, &warm, &calls[place]);
			if (!error)
				error = measure(bed, &ways[place], beats, &cpu[place][round],
						&calls[place]);
			if (error)
				fprintf(stderr, "sending: %s: %s\n", ways[place].name,
					strerror(-error));
		}
	}
	for (place = 0; place < count && !error; place++) {
		qsort(cpu[place], rounds, sizeof(double), compare);
		printf("RESULT method=%s connections=%u size=%zu cpu_us_per_mib=%.1f least=%.1f "
		       "most=%.1f calls_per_mib=%.1f ratio=%.2f\n",
		       ways[place].name, bed->count, bed->size, cpu[place][rounds / 2],
		       cpu[place][0], cpu[place][rounds - 1], calls[place],
		       cpu[place][rounds / 2] / cpu[0][rounds / 2]);
	}
	fflush(stdout);
	return error;
}

/* Runs this process on the CPU `number`, if there is one. */
static void stay_on(size_t number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/* Accepts, and throws away what comes until its parent ends. @context the child */
static void discard(int listener)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), count, place;
	struct epoll_event events[MANY] = {{.events = EPOLLIN, .data.fd = listener}};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(1);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, events))
		_exit(1);
	for (;;) {
		count = epoll_wait(epoll, events, (int)MANY, -1);
		for (place = 0; place < count; place++) {
			int fd = events[place].data.fd;

			if (fd != listener) {
				(void)recv(fd, NULL, 1U << 20, MSG_TRUNC | MSG_DONTWAIT);
				continue;
			}
			events[place].events = EPOLLIN;
			events[place].data.fd = accept(listener, NULL, NULL);
			if (epoll_ctl(epoll, EPOLL_CTL_ADD, events[place].data.fd, &events[place]))
				_exit(1);
		}
	}
}

/* The receiver, and connections to it. 0 or a negative errno. */
static int connect_all(struct bed *bed)
{
	struct sockaddr_in peer = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(peer);
	unsigned int place;

	if (listener < 0 || bind(listener, (struct sockaddr *)&peer, length) ||
	    listen(listener, MANY) || getsockname(listener, (struct sockaddr *)&peer, &length))
		return -errno;
	if (fork() == 0)
		discard(listener);
	bed->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (place = 0; place < MANY; place++) {
		struct connection *connection = &bed->connections[place];
		struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
					    .data.ptr = connection};

		/* Blocking: io_uring waits for room by itself only then. */
		connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connection->fd < 0 ||
		    connect(connection->fd, (struct sockaddr *)&peer, length) ||
		    epoll_ctl(bed->epoll, EPOLL_CTL_ADD, connection->fd, &event))
			return -errno;
	}
	return 0;
}

/* The ring and io_uring, with all that makes it fast where the kernel has it. 0 or a negative
 * errno. */
static int prepare(struct bed *bed)
{
	int memory = memfd_create("ring", MFD_CLOEXEC), error;
	struct io_uring_probe *probe;

	if (memory < 0 || ftruncate(memory, RING))
		return -errno;
	bed->ring = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (bed->ring == MAP_FAILED)
		return -errno;
	memset(bed->ring, 0x5a, RING);
	error = io_uring_queue_init(4 * SPANS_MOST, &bed->uring,
				    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	if (error == -EINVAL)
		error = io_uring_queue_init(4 * SPANS_MOST, &bed->uring, 0);
	if (error)
		return error;
	probe = io_uring_get_probe_ring(&bed->uring);
	bed->has_zerocopy = probe && io_uring_opcode_supported(probe, IORING_OP_SENDMSG_ZC);
	io_uring_free_probe(probe);
	return connect_all(bed);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {16U << 10, 64U << 10, 256U << 10};
	static const unsigned int counts[] = {1, MANY};
	unsigned int rounds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 9;
	unsigned int beats = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 200;
	static struct bed bed;
	size_t number, place;
	int error;

	if (!rounds || rounds > ROUNDS_MOST || beats < 10)
		return 2;
	stay_on(0);
	error = prepare(&bed);
	for (number = 0; number < 2 && !error; number++) {
		for (place = 0; place < sizeof(sizes) / sizeof(sizes[0]) && !error; place++) {
			bed.count = counts[number];
			bed.size = sizes[place];
			error = compete(&bed, rounds, beats);
		}
	}
	if (error)
		fprintf(stderr, "sending: %s\n", strerror(-error));
	return error ? 1 : 0;
}
