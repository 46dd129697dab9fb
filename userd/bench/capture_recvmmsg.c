// SPDX-License-Identifier: MIT
/*
 * Capture by a bound socket and recvmmsg(2), 64 datagrams a call, as a well-written program does it
 * today. Delivery octet-counted (RFC 6587), one sendmsg(2) a call: small datagrams are gathered in
 * one buffer, large ones sent from where they lie, whichever is cheaper.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "capture.h"

/* Up to this many bytes copying costs less than an iovec more. */
#define GATHER_MAX 512U
/* "65507 " in front of a payload */
#define COUNT_MAX 8U

struct reader {
	int fd;
	struct mmsghdr headers[CAPTURE_BURST];
	struct iovec vectors[CAPTURE_BURST];
	struct iovec pieces[CAPTURE_BURST];
	uint8_t slots[CAPTURE_BURST][COUNT_MAX + CAPTURE_SLOT];
	uint8_t frames[CAPTURE_BURST * (COUNT_MAX + CAPTURE_SLOT)];
};

/* Releases the socket and the buffers. */
static void recvmmsg_close(void *state)
{
	struct reader *reader = state;

	if (reader->fd >= 0)
		close(reader->fd);
	free(reader);
}

/* Binds the port; a receive buffer that holds many bursts. */
static int recvmmsg_open(const struct sluice_capture_options *options, void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(CAPTURE_PORT)};
	struct reader *reader = calloc(1, sizeof(*reader));
	int room = 8 << 20;
	size_t slot;

	(void)options;
	if (!reader)
		return -ENOMEM;
	inet_pton(AF_INET, CAPTURE_NEAR_ADDRESS, &address.sin_addr);
	reader->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (reader->fd < 0 ||
	    setsockopt(reader->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0 ||
	    bind(reader->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "sluicebench: cannot bind port %d: %m\n", CAPTURE_PORT);
		recvmmsg_close(reader);
		return -EADDRINUSE;
	}
	for (slot = 0; slot < CAPTURE_BURST; slot++) {
		reader->vectors[slot].iov_base = reader->slots[slot] + COUNT_MAX;
		reader->vectors[slot].iov_len = CAPTURE_SLOT;
		reader->headers[slot].msg_hdr.msg_iov = &reader->vectors[slot];
		reader->headers[slot].msg_hdr.msg_iovlen = 1;
	}
	*state = reader;
	return 0;
}

/* Writes `number` in decimal and a blank so that they end before `end`; returns where they begin.
 * sprintf would be most of the cost. */
static uint8_t *put_count(uint8_t *end, unsigned int number)
{
	*--end = ' ';
	do {
		*--end = '0' + number % 10;
		number /= 10;
	} while (number);
	return end;
}

/* Sends the first `count` slots, framed. Returns 0 or a negative errno. */
static int deliver(struct reader *reader, int fd, int count)
{
	struct msghdr message = {.msg_iov = reader->pieces, .msg_iovlen = (size_t)count};
	size_t total = 0, length;
	uint8_t *end = reader->frames, *begin;
	bool gather = reader->headers[0].msg_len <= GATHER_MAX;
	int slot;
	ssize_t sent;

	for (slot = 0; slot < count; slot++) {
		begin = put_count(reader->slots[slot] + COUNT_MAX, reader->headers[slot].msg_len);
		length = (size_t)(reader->slots[slot] + COUNT_MAX - begin) +
			 reader->headers[slot].msg_len;
		if (gather) {
			memcpy(end, begin, length);
			end += length;
		} else {
			reader->pieces[slot] = (struct iovec){.iov_base = begin, .iov_len = length};
		}
		total += length;
	}
	if (gather)
		return sluice_capture_send(fd, reader->frames, total);
	sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN)
		return -errno;
	if (sent < 0)
		sent = 0;
	/* What did not fit, from where it stopped. */
	for (slot = 0; slot < count; slot++) {
		length = reader->pieces[slot].iov_len;
		if ((size_t)sent >= length) {
			sent -= (ssize_t)length;
			continue;
		}
		if (sluice_capture_send(fd, (uint8_t *)reader->pieces[slot].iov_base + sent,
					length - (size_t)sent) < 0)
			return -EIO;
		sent = 0;
	}
	return 0;
}

/* One call, or more while they come in full. */
static long recvmmsg_drain(void *state, int fd)
{
	struct reader *reader = state;
	long taken = 0;
	int count, status;

	do {
		count = recvmmsg(reader->fd, reader->headers, CAPTURE_BURST, MSG_DONTWAIT, NULL);
		if (count <= 0)
			break;
		taken += count;
		if (fd >= 0) {
			status = deliver(reader, fd, count);
			if (status < 0)
				return status;
		}
	} while (count == CAPTURE_BURST);
	return taken;
}

const struct sluice_capture_method sluice_capture_recvmmsg = {
	.name = "recvmmsg",
	.open = recvmmsg_open,
	.drain = recvmmsg_drain,
	.close = recvmmsg_close,
};
