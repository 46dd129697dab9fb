// SPDX-License-Identifier: MIT
/*
 * The least that it costs to take datagrams out of many UDP sockets with calls: an epoll set with
 * edges, looked at every PAUSE microseconds, and one recvmmsg(2) for each socket that has
 * something; what comes is thrown away. Beside `receive: calls` in tests/bench/flat, which measures
 * its CPU time as that of sluiced: what sluiced costs more than this is its own.
 * Touches: the sockets, standard output.
 *
 *   ports_floor FIRST COUNT [PAUSE]    ports FIRST to FIRST + COUNT - 1, default 2000; until
 * SIGTERM, then says how many datagrams came
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sockets that epoll tells of at once, and datagrams a call. */
#define EVENTS 256
#define BATCH 64U
/* Room for the largest datagram. */
#define PLACE 65536U
#define SOCKET_BUFFER (1 << 20)

static volatile sig_atomic_t is_over;

/* SIGTERM. @context any */
static void stop(int number)
{
	(void)number;
	is_over = 1;
}

/* Opens the socket of `port` in `set`. 0 or a negative errno. @context process */
static int open_port(int set, uint16_t port)
{
	const struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	const int size = SOCKET_BUFFER;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	event.data.fd = fd;
	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Takes what a socket has; `messages`: BATCH with a place each. Returns how many. @context process
 */
static uint64_t take(int fd, struct mmsghdr *messages)
{
	uint64_t sum = 0;
	int count;

	/* A batch that is not full has emptied it; what comes later is an edge of its own. */
	do {
		count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
		if (count > 0)
			sum += (uint64_t)count;
	} while (count == (int)BATCH);
	return sum;
}

/* A turn of all that have something. Returns how many datagrams came. @context process */
static uint64_t turn(int set, struct mmsghdr *messages)
{
	struct epoll_event events[EVENTS];
	uint64_t sum = 0;
	int count, place;

	do {
		count = epoll_wait(set, events, EVENTS, 0);
		for (place = 0; place < count; place++)
			sum += take(events[place].data.fd, messages);
	} while (count == EVENTS);
	return sum;
}

int main(int argc, char **argv)
{
	unsigned long first = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long ports = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long pause_us = argc > 3 ? strtoul(argv[3], NULL, 10) : 2000, port;
	int set = epoll_create1(EPOLL_CLOEXEC), error;
	struct sigaction action = {.sa_handler = stop};
	struct mmsghdr messages[BATCH] = {0};
	struct iovec places[BATCH];
	static uint8_t bytes[BATCH][PLACE];
	uint64_t sum = 0;
	unsigned int place;

	if (!first || !ports || first + ports > 65536 || pause_us >= 1000000 || set < 0) {
		fprintf(stderr, "usage: ports_floor FIRST COUNT [PAUSE]\n");
		return 2;
	}
	for (place = 0; place < BATCH; place++) {
		places[place] = (struct iovec){.iov_base = bytes[place], .iov_len = PLACE};
		messages[place].msg_hdr.msg_iov = &places[place];
		messages[place].msg_hdr.msg_iovlen = 1;
	}
	for (port = first; port < first + ports; port++) {
		error = open_port(set, (uint16_t)port);
		if (error) {
			fprintf(stderr, "ports_floor: port %lu: %s\n", port, strerror(-error));
			return 1;
		}
	}
	sigaction(SIGTERM, &action, NULL);
	while (!is_over) {
		sum += turn(set, messages);
		usleep((useconds_t)pause_us);
	}
	printf("%lu\n", (unsigned long)sum);
	return 0;
}
