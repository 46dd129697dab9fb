// SPDX-License-Identifier: MIT
/*
 * Capture by the module: a rule, a route, its ring mapped. Draining is what a worker does: look
 * where the head is, send the span as it lies, move the tail. No datagram is looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../daemon/link/framing.h"
#include "capture.h"
#include "frame.h"
#include "kernel.h"
#include "ring.h"

#define RING_SIZE (4U << 20)
#define RING_SIZE_FULL (256U << 10)

struct reader {
	struct sluice_kernel *kernel;
	struct sluice_ring ring;
	int fd;
	bool full;
	struct sluice_form form;
	size_t span;	  /* bytes delivered at once */
	uint8_t *staging; /* plain framings */
	size_t staging_size;
	size_t rules;
	uint64_t position;
	uint64_t sequence;
	sluice_guid stream;
};

/* GUIDs of the bench: the route is number 0, its rules count from 1. */
static void guid_of(sluice_guid guid, size_t number)
{
	memset(guid, 0xbe, 16);
	memcpy(guid, &number, sizeof(number));
}

/* Takes rules, route and mapping away. */
static void sluice_close(void *state)
{
	struct reader *reader = state;
	sluice_guid guid;
	size_t number;

	sluice_ring_destroy(&reader->ring);
	if (reader->fd >= 0)
		close(reader->fd);
	for (number = 1; reader->kernel && number <= reader->rules; number++) {
		guid_of(guid, number);
		sluice_kernel_rule_delete(reader->kernel, guid);
	}
	guid_of(guid, 0);
	if (reader->kernel) {
		sluice_kernel_route_delete(reader->kernel, guid);
		sluice_kernel_close(reader->kernel);
	}
	free(reader->staging);
	free(reader);
}

/* The rules, each with a port of its own. */
static int add_rules(struct reader *reader, const struct sluice_capture_options *options)
{
	struct sluice_kernel_rule *rule = calloc(1, sizeof(*rule));
	size_t number;
	int status = 0;

	if (!rule)
		return -ENOMEM;
	guid_of(rule->route, 0);
	for (number = 1; number <= options->rules && status == 0; number++) {
		guid_of(rule->guid, number);
		snprintf(rule->name, sizeof(rule->name), "bench-%zu", number);
		rule->flags = options->address ? SLUICE_RULE_F_ADDRESS : 0;
		if (options->ingress) {
			rule->hook = SLUICE_HOOK_INGRESS;
			memcpy(rule->interface, CAPTURE_NEAR, sizeof(CAPTURE_NEAR));
		}
		rule->port_count = 1;
		rule->ports[0].first = sluice_capture_port(number - 1);
		rule->ports[0].last = rule->ports[0].first;
		rule->input = (uint16_t)(number - 1);
		status = sluice_kernel_rule_set(reader->kernel, rule, true);
		if (status == 0)
			reader->rules = number;
	}
	free(rule);
	return status;
}

/* Makes the route with one ring per CPU; the bench runs on CPU 0 and maps its ring. */
static int sluice_open(const struct sluice_capture_options *options, void **state)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct sluice_kernel_route route = {.name = "bench",
					    .ring_size = RING_SIZE,
					    .watermark = (uint32_t)options->span,
					    .delay_us = 1000};
	int status;

	if (!reader)
		return -ENOMEM;
	reader->fd = -1;
	reader->full = options->full;
	reader->form.framing = options->framing;
	reader->span = options->span;
	reader->staging_size = options->span + SLUICE_FRAMING_RECORD_MAX;
	reader->staging = malloc(reader->staging_size);
	if (!reader->staging) {
		free(reader);
		return -ENOMEM;
	}
	if (options->full) {
		route.ring_size = RING_SIZE_FULL;
		route.watermark = RING_SIZE_FULL / 2;
	}
	status = sluice_kernel_open(&reader->kernel);
	if (status < 0) {
		fprintf(stderr, "sluicebench: the module does not answer: modprobe sluice\n");
		goto refuse;
	}
	guid_of(route.guid, 0);
	status = sluice_kernel_route_set(reader->kernel, &route, true);
	if (status == 0)
		status = add_rules(reader, options);
	if (status < 0) {
		fprintf(stderr, "sluicebench: %s\n", sluice_kernel_error(reader->kernel));
		goto refuse;
	}
	reader->fd = open("/dev/sluice", O_RDWR | O_CLOEXEC);
	if (reader->fd < 0) {
		status = -errno;
		goto refuse;
	}
	status = sluice_ring_attach(&reader->ring, reader->fd, route.guid, 0, 0);
	if (status < 0)
		goto refuse;
	sluice_guid_copy(reader->stream, reader->ring.producer->stream);
	*state = reader;
	return 0;
refuse:
	sluice_close(reader);
	return status;
}

/* One native frame per span, CRC and all, as userd/daemon/link does it: as long as more is
 * waiting only whole segments leave. */
static int deliver(const struct reader *reader, int fd, const struct sluice_span *span)
{
	const uint8_t *bytes = sluice_ring_at(&reader->ring, span->start);
	size_t length = (size_t)(span->end - span->start);
	struct sluice_frame frame = {
		.type = SLUICE_FRAME_DATA,
		.length = htole32((uint32_t)length),
		.count = htole32((uint32_t)span->count),
		.offset = htole64(span->start),
		.payload_crc = htole32(sluice_crc32c(0, bytes, length)),
	};
	struct iovec parts[2] = {{.iov_base = &frame, .iov_len = sizeof(frame)},
				 {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	int more = sluice_ring_head(&reader->ring) != span->end ? MSG_MORE : 0;
	ssize_t sent;
	int status = 0;

	sluice_guid_copy(frame.stream, reader->stream);
	sluice_frame_seal(&frame);
	sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | more);
	if (sent < 0 && errno != EAGAIN)
		return -errno;
	if (sent < 0)
		sent = 0;
	if ((size_t)sent < sizeof(frame)) {
		status = sluice_capture_send(fd, (uint8_t *)&frame + sent,
					     sizeof(frame) - (size_t)sent);
		sent = sizeof(frame);
	}
	if (status == 0 && (size_t)sent < sizeof(frame) + length)
		status = sluice_capture_send(fd, bytes + ((size_t)sent - sizeof(frame)),
					     sizeof(frame) + length - (size_t)sent);
	return status;
}

/* The records of a span, framed as the daemon's worker does it, one write for what fits its staging
 * buffer. */
static int deliver_plain(const struct reader *reader, int fd, const struct sluice_span *span)
{
	const uint8_t *bytes = sluice_ring_at(&reader->ring, span->start);
	size_t length = (size_t)(span->end - span->start), done = 0;
	struct sluice_framed framed;
	int status = 0;

	while (done < length && status == 0) {
		status = sluice_framing_write(reader->form, bytes + done, length - done,
					      reader->staging, reader->staging_size, &framed);
		if (status == 0)
			status = sluice_capture_send(fd, reader->staging, framed.written);
		done += framed.consumed;
	}
	return status;
}

/* Everything up to the head, in spans; nothing if the ring is to stay full. */
static long sluice_drain(void *state, int fd)
{
	struct reader *reader = state;
	struct sluice_span span;
	long taken = 0;
	int status;

	while (!reader->full && sluice_ring_span(&reader->ring, reader->position, reader->sequence,
						 reader->span, &span)) {
		if (fd >= 0) {
			status = (reader->form.framing == SLUICE_FRAMING_NATIVE
					  ? deliver
					  : deliver_plain)(reader, fd, &span);
			if (status < 0)
				return status;
		}
		reader->position = span.end;
		reader->sequence += span.count;
		taken += (long)span.count;
		/* Pairs with the module's acquire of tail: our reads of the data are done. */
		__atomic_store_n(&reader->ring.consumer->seen, span.end, __ATOMIC_RELAXED);
		__atomic_store_n(&reader->ring.consumer->tail, span.end, __ATOMIC_RELEASE);
	}
	return taken;
}

const struct sluice_capture_method sluice_capture_sluice = {
	.name = "sluice",
	.open = sluice_open,
	.drain = sluice_drain,
	.close = sluice_close,
};
