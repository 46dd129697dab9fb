// SPDX-License-Identifier: MIT
/*
 * The least that it costs to take datagrams out of a UDP socket: they are received as a relay must,
 * each with room for the largest, and thrown away. It looks after every PAUSE microseconds and
 * takes all there is. Beside tests/bench/relay-native, which measures its CPU time as that of any
 * relay: what a relay costs more than this is its own, the rest is the kernel's.
 *
 *   recvmmsg   BATCH datagrams a call
 *   io_uring   one IORING_OP_RECV for ever (multishot), BATCH buffers that are handed back at once;
 *              Linux 6.0
 *   bpf        a socket filter copies into a mapped ring (receiving_bpf.c), what has no room there
 *              comes by recvmmsg
 *   sockmap    the verdict of a sockmap copies, what has no room is lost
 *   both       a socket filter copies, the verdict of a sockmap drops, what has no room is lost
 *
 *     receiving METHOD [PORT [BATCH [PAUSE]]]     (default 5000, 64, 1000; until SIGTERM, then says
 *                                                 how many)
 *     receiving METHOD PORT BATCH PAUSE COUNT SIZE
 *
 * With COUNT it sends them itself, BATCH and then PAUSE, over loopback, and says what one cost
 * altogether: processor time, and time that passed, which is instructions where those are counted
 * (vm-images/run --icount).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "receiving_bpf.h"

/* A place for the largest datagram; not a power of two, so that places do not share one cache set.
 */
#define PLACE (65536U + 320U)
#define BATCH_MOST 1024U
#define SOCKET_BUFFER (16 << 20)
#define NS_PER_US 1000

/* What is received with. */
struct bed {
	int fd;
	unsigned int batch;
	uint8_t *bytes; /* BATCH places */
	struct mmsghdr *messages;
	struct iovec *places;
	struct io_uring uring;
	struct io_uring_buf_ring *buffers;
	int is_armed;
	struct receiving_bpf *bpf;
	uint64_t received;
	uint64_t by_ring; /* of those */
};

enum method { RECVMMSG, IO_URING, BPF, SOCKMAP, BOTH, METHODS };
static const char *const method_names[] = {"recvmmsg", "io_uring", "bpf", "sockmap", "both"};

static volatile sig_atomic_t is_over;

/* SIGTERM */
static void stop(int number)
{
	(void)number;
	is_over = 1;
}

/* The socket, and memory. 0 or a negative errno. */
static int prepare(struct bed *bed, uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int size = SOCKET_BUFFER;
	unsigned int place;

	bed->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bed->fd < 0 || bind(bed->fd, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	if (setsockopt(bed->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(bed->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	bed->bytes = calloc(bed->batch, PLACE);
	bed->messages = calloc(bed->batch, sizeof(*bed->messages));
	bed->places = calloc(bed->batch, sizeof(*bed->places));
	if (!bed->bytes || !bed->messages || !bed->places)
		return -ENOMEM;
	for (place = 0; place < bed->batch; place++) {
		bed->places[place].iov_base = bed->bytes + (size_t)place * PLACE;
		bed->places[place].iov_len = PLACE;
		bed->messages[place].msg_hdr.msg_iov = &bed->places[place];
		bed->messages[place].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

/* Takes all there is with recvmmsg(2). 0 or a negative errno. */
static int take_by_calls(struct bed *bed)
{
	int count;

	do {
		count = recvmmsg(bed->fd, bed->messages, bed->batch, MSG_DONTWAIT, NULL);
		if (count < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		bed->received += (uint64_t)count;
	} while ((unsigned int)count == bed->batch);
	return 0;
}

/* Gives a buffer to the kernel; `ahead`: how many were since the last io_uring_buf_ring_advance().
 */
static void give(struct bed *bed, unsigned int number, unsigned int ahead)
{
	io_uring_buf_ring_add(bed->buffers, bed->places[number].iov_base, PLACE,
			      (unsigned short)number, io_uring_buf_ring_mask(bed->batch),
			      (int)ahead);
}

/* io_uring and its buffers. 0 or a negative errno. */
static int prepare_uring(struct bed *bed)
{
	struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
						  IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
					 .cq_entries = 2 * BATCH_MOST};
	struct io_uring_buf_reg registration = {.ring_entries = bed->batch};
	unsigned int number;
	int error;

	if (bed->batch & (bed->batch - 1))
		return -EINVAL; /* a ring of buffers is a power of two */
	bed->buffers = aligned_alloc(4096, BATCH_MOST * sizeof(struct io_uring_buf));
	if (!bed->buffers)
		return -ENOMEM;
	error = io_uring_queue_init_params(8, &bed->uring, &params);
	if (error)
		return error;
	registration.ring_addr = (uint64_t)(uintptr_t)bed->buffers;
	error = io_uring_register_buf_ring(&bed->uring, &registration, 0);
	if (error)
		return error;
	io_uring_buf_ring_init(bed->buffers);
	for (number = 0; number < bed->batch; number++)
		give(bed, number, number);
	io_uring_buf_ring_advance(bed->buffers, (int)bed->batch);
	return 0;
}

/* Takes all there is with io_uring. 0 or a negative errno. */
static int take_by_uring(struct bed *bed)
{
	struct io_uring_cqe *entry;
	unsigned int count, returned, head;
	struct io_uring_sqe *order;
	int error;

	do {
		order = bed->is_armed ? NULL : io_uring_get_sqe(&bed->uring);
		if (order) {
			io_uring_prep_recv_multishot(order, bed->fd, NULL, 0, 0);
			order->flags |= IOSQE_BUFFER_SELECT;
			bed->is_armed = 1;
		}
		error = io_uring_submit_and_get_events(&bed->uring);
		if (error < 0)
			return error == -EINTR ? 0 : error;
		error = 0;
		count = returned = 0;
		io_uring_for_each_cqe(&bed->uring, head, entry)
		{
			count++;
			if (entry->res < 0 && entry->res != -ENOBUFS)
				error = entry->res;
			if (entry->flags & IORING_CQE_F_BUFFER)
				give(bed, entry->flags >> IORING_CQE_BUFFER_SHIFT, returned++);
			if (!(entry->flags & IORING_CQE_F_MORE))
				bed->is_armed = 0;
		}
		io_uring_cq_advance(&bed->uring, count);
		io_uring_buf_ring_advance(bed->buffers, (int)returned);
		bed->received += returned;
	} while (count && !error);
	return error;
}

/* Takes all there is in the ring, and after a filter what did not fit there. 0 or a negative errno.
 */
static int take_by_ring(struct bed *bed, enum method method)
{
	uint64_t count = receiving_bpf_take(bed->bpf, bed->bytes);

	bed->received += count;
	bed->by_ring += count;
	return method == BPF ? take_by_calls(bed) : 0;
}

/* Takes all there is by `method`. 0 or a negative errno. */
static int take(struct bed *bed, enum method method)
{
	if (method == RECVMMSG)
		return take_by_calls(bed);
	return method == IO_URING ? take_by_uring(bed) : take_by_ring(bed, method);
}

/* A clock in nanoseconds. */
static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Sends `count` datagrams of `size` bytes to itself and takes them, and says what one cost. 0 or a
 * negative errno. */
static int send_and_take(struct bed *bed, enum method method, uint16_t port, uint64_t count,
			 size_t size, const struct timespec *pause)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct mmsghdr messages[BATCH_MOST];
	struct iovec payload = {.iov_base = calloc(1, size + 1), .iov_len = size};
	uint64_t sent = 0, real = 0, begin = 0, used = 0;
	unsigned int place;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0 || !payload.iov_base ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		error = -errno;
		goto out;
	}
	memset(payload.iov_base, 'x', size);
	memset(messages, 0, sizeof(messages));
	for (place = 0; place < bed->batch; place++) {
		messages[place].msg_hdr.msg_iov = &payload;
		messages[place].msg_hdr.msg_iovlen = 1;
	}
	while (!error && sent < count) {
		/* The first tenth warms up. */
		if (sent <= count / 10) {
			used = read_clock(CLOCK_PROCESS_CPUTIME_ID);
			real = read_clock(CLOCK_MONOTONIC);
			begin = sent;
		}
		if (sendmmsg(fd, messages, bed->batch, 0) != (int)bed->batch) {
			error = -EIO;
			break;
		}
		sent += bed->batch;
		if (pause->tv_nsec)
			(void)nanosleep(pause, NULL);
		error = take(bed, method);
		if (!error && memcmp(bed->bytes, payload.iov_base, size) != 0)
			error = -EBADMSG;
	}
	used = read_clock(CLOCK_PROCESS_CPUTIME_ID) - used;
	real = read_clock(CLOCK_MONOTONIC) - real;
	printf("sent=%llu cpu_ns=%.1f real_ns=%.1f ", (unsigned long long)sent,
	       (double)used / (double)(sent - begin), (double)real / (double)(sent - begin));
out:
	free(payload.iov_base);
	if (fd >= 0)
		close(fd);
	return error;
}

/* Says what the ring knows, at the end. */
static void say_of_ring(struct bed *bed)
{
	uint32_t lost = receiving_bpf_lost(bed->bpf, bed->bytes);
	struct sockaddr_in addresses[2];
	char source[INET_ADDRSTRLEN], destination[INET_ADDRSTRLEN];

	printf(" by_ring=%llu lost=%u", (unsigned long long)bed->by_ring, lost);
	if (!receiving_bpf_addresses(bed->bpf, addresses))
		return;
	inet_ntop(AF_INET, &addresses[0].sin_addr, source, sizeof(source));
	inet_ntop(AF_INET, &addresses[1].sin_addr, destination, sizeof(destination));
	printf(" last=%s:%u-%s:%u", source, ntohs(addresses[0].sin_port), destination,
	       ntohs(addresses[1].sin_port));
}

/* The method of that name, or METHODS. */
static enum method find_method(const char *name)
{
	enum method method;

	for (method = RECVMMSG; method < METHODS && strcmp(name, method_names[method]) != 0;
	     method++)
		;
	return method;
}

int main(int argc, char **argv)
{
	enum method method = argc > 1 ? find_method(argv[1]) : METHODS;
	unsigned long port = argc > 2 ? strtoul(argv[2], NULL, 10) : 5000;
	unsigned long batch = argc > 3 ? strtoul(argv[3], NULL, 10) : 64;
	unsigned long pause_us = argc > 4 ? strtoul(argv[4], NULL, 10) : 1000;
	unsigned long count = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;
	unsigned long size = argc > 6 ? strtoul(argv[6], NULL, 10) : 200;
	const struct timespec pause = {.tv_nsec = (long)pause_us * NS_PER_US};
	const struct sigaction action = {.sa_handler = stop};
	static struct bed bed;
	int error;

	if (method == METHODS || !port || port > UINT16_MAX || !batch || batch > BATCH_MOST ||
	    pause_us > 999999 || size > 65507)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	bed.batch = (unsigned int)batch;
	error = prepare(&bed, (uint16_t)port);
	if (!error && method == IO_URING)
		error = prepare_uring(&bed);
	if (!error && method >= BPF)
		error = receiving_bpf_open(&bed.bpf, bed.fd, RECEIVING_BPF_FILTER + (method - BPF));
	if (count && !error)
		error = send_and_take(&bed, method, (uint16_t)port, count, size, &pause);
	while (!count && !error && !is_over) {
		(void)nanosleep(&pause, NULL);
		error = take(&bed, method);
	}
	if (error) {
		fprintf(stderr, "receiving: %s\n", strerror(-error));
		return 1;
	}
	printf("received=%llu", (unsigned long long)bed.received);
	if (bed.bpf)
		say_of_ring(&bed);
	printf("\n");
	receiving_bpf_close(bed.bpf);
	return 0;
}
