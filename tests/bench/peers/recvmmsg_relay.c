// SPDX-License-Identifier: MIT
/*
 * A relay from UDP ports to one TCP connection as one writes it with care, and without a store: up
 * to 256 datagrams by a recvmmsg(2), one sendmsg(2) for all of them, a length of 4 bytes
 * (big-endian) before each, no copying of its own, no allocation, 16 MiB for each socket. After the
 * sockets are empty it pauses, as a relay that gathers does. What it has taken when the receiver is
 * slow waits in the sockets. Beside tests/bench/peers/recvmmsg. Touches: its sockets, stderr.
 *
 *     recvmmsg_relay FIRST-PORT LAST-PORT TCP-PORT PAUSE-US [ADDRESS]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256U
/* A place for the largest datagram; not a power of two, so that places do not share one cache set.
 */
#define PLACE (65536U + 320U)
#define SOCKET_BUFFER (16 << 20)
#define EVENTS 64

/* What is received with, and into. */
struct relay {
	struct in_addr address; /* that it receives at */
	int out;
	int watch;
	uint8_t *bytes; /* BATCH places */
	struct mmsghdr messages[BATCH];
	struct iovec places[BATCH];
	struct iovec pieces[2 * BATCH]; /* a length, a datagram, and so on */
	uint32_t lengths[BATCH];
};

/* A socket of one UDP port of its address, which `relay` watches. 0 or a negative errno. */
static int open_port(const struct relay *relay, uint16_t port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = relay->address};
	struct epoll_event event = {.events = EPOLLIN};
	const int size = SOCKET_BUFFER;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	event.data.fd = fd;
	return epoll_ctl(relay->watch, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Connects to the receiver. 0 or a negative errno. */
static int open_out(struct relay *relay, uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int on = 1;

	relay->out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (relay->out < 0 ||
	    connect(relay->out, (const struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(relay->out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		return -errno;
	return 0;
}

/* Hands `count` datagrams to TCP, waiting for room. 0 or a negative errno. */
static int pass_on(struct relay *relay, size_t count)
{
	struct msghdr header = {.msg_iov = relay->pieces, .msg_iovlen = 2 * count};
	size_t place;

	for (place = 0; place < count; place++) {
		relay->lengths[place] = htonl(relay->messages[place].msg_len);
		relay->pieces[2 * place].iov_base = &relay->lengths[place];
		relay->pieces[2 * place].iov_len = sizeof(relay->lengths[place]);
		relay->pieces[2 * place + 1].iov_base = relay->places[place].iov_base;
		relay->pieces[2 * place + 1].iov_len = relay->messages[place].msg_len;
	}
	while (header.msg_iovlen) {
		ssize_t sent = sendmsg(relay->out, &header, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return -errno;
		while (sent > 0 && (size_t)sent >= header.msg_iov->iov_len) {
			sent -= (ssize_t)header.msg_iov->iov_len;
			header.msg_iov++;
			header.msg_iovlen--;
		}
		if (sent > 0) {
			header.msg_iov->iov_base = (uint8_t *)header.msg_iov->iov_base + sent;
			header.msg_iov->iov_len -= (size_t)sent;
		}
	}
	return 0;
}

/* Takes and passes on all that a socket has. 0 or a negative errno. */
static int drain(struct relay *relay, int fd)
{
	int count;
	int error = 0;

	do {
		count = recvmmsg(fd, relay->messages, BATCH, MSG_DONTWAIT, NULL);
		if (count < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		error = pass_on(relay, (size_t)count);
	} while (!error && (unsigned int)count == BATCH);
	return error;
}

/* Relays until something fails. Returns the negative errno. */
static int run(struct relay *relay, long pause_ns)
{
	const struct timespec pause = {.tv_nsec = pause_ns};
	struct epoll_event events[EVENTS];
	int error = 0;
	int count;
	int place;

	while (!error) {
		count = epoll_wait(relay->watch, events, EVENTS, -1);
		if (count < 0 && errno != EINTR)
			return -errno;
		for (place = 0; place < count && !error; place++)
			error = drain(relay, events[place].data.fd);
		if (pause_ns)
			nanosleep(&pause, NULL);
	}
	return error;
}

/* Memory, sockets and the connection. 0 or a negative errno. */
static int prepare(struct relay *relay, unsigned long first, unsigned long last, unsigned long to)
{
	unsigned long port;
	unsigned int place;
	int error = open_out(relay, (uint16_t)to);

	relay->bytes = calloc(BATCH, PLACE);
	relay->watch = epoll_create1(EPOLL_CLOEXEC);
	if (!relay->bytes)
		return -ENOMEM;
	if (relay->watch < 0)
		return -errno;
	for (place = 0; place < BATCH; place++) {
		relay->places[place].iov_base = relay->bytes + (size_t)place * PLACE;
		relay->places[place].iov_len = PLACE;
		relay->messages[place].msg_hdr.msg_iov = &relay->places[place];
		relay->messages[place].msg_hdr.msg_iovlen = 1;
	}
	for (port = first; port <= last && !error; port++)
		error = open_port(relay, (uint16_t)port);
	return error;
}

int main(int argc, char **argv)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	unsigned long number[4] = {0};
	int place;
	int error;

	if (!relay || argc < 5 || argc > 6 ||
	    inet_pton(AF_INET, argc > 5 ? argv[5] : "127.0.0.1", &relay->address) != 1) {
		fputs("usage: recvmmsg_relay FIRST-PORT LAST-PORT TCP-PORT PAUSE-US [ADDRESS]\n",
		      stderr);
		free(relay);
		return 2;
	}
	for (place = 0; place < 4; place++)
		number[place] = strtoul(argv[place + 1], NULL, 10);
	error = prepare(relay, number[0], number[1], number[2]);
	if (!error)
		error = run(relay, (long)number[3] * 1000);
	fprintf(stderr, "recvmmsg_relay: %s\n", strerror(-error));
	free(relay->bytes);
	free(relay);
	return 1;
}
