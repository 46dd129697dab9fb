// SPDX-License-Identifier: MIT
/*
 * Records of an inlet go into its ring; see inlet.h. In the inlet's thread. Touches: the producer's
 * side of the ring, counters, eventfds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include "../../lib/barrier.h"
#include "../../lib/record.h"
#include "inlet.h"

/* The worker is told of so many bytes at the latest. */
#define RING_BYTES (128U << 10)

int sluice_inlet_store(struct sluice_inlet_thread *thread, const struct sluice_inlet_record *record,
		       void (*before)(void *context, uint64_t head), void *context)
{
	struct sluice_ring *ring = &thread->stream->ring;
	size_t head = sizeof(struct sluice_record) +
		      (record->address ? sizeof(struct sluice_record_address) : 0);
	uint32_t length = (uint32_t)(head + record->length);
	uint8_t *bytes;

	if (record->length > SLUICE_PAYLOAD_MAX)
		return -EMSGSIZE;
	bytes = sluice_ring_reserve(ring, length);
	if (!bytes) {
		sluice_inlet_flush(thread);
		sluice_stream_want_room(thread->stream);
		thread->is_full = true;
		return -EAGAIN;
	}
	sluice_record_write(
		bytes, length, record->type,
		(uint8_t)(record->flags | (record->address ? SLUICE_RECORD_F_ADDRESS : 0)),
		thread->inlet->input->index, record->time_ns);
	if (record->address)
		memcpy(bytes + sizeof(struct sluice_record), record->address,
		       sizeof(*record->address));
	if (record->length)
		memcpy(bytes + head, record->payload, record->length);
	if (before)
		before(context, sluice_ring_head(ring));
	sluice_ring_commit(ring);
	if (record->type == SLUICE_RECORD_DATA) {
		sluice_count(&thread->counts->stored, 1);
		sluice_count(&thread->counts->stored_bytes, record->length);
	}
	thread->unrung += length;
	if (thread->unrung >= RING_BYTES)
		sluice_inlet_flush(thread);
	return 0;
}

void sluice_inlet_lose(struct sluice_inlet_thread *thread, uint64_t count)
{
	sluice_count(&thread->counts->lost, count);
	sluice_ring_lose(&thread->stream->ring, thread->inlet->input->index, SLUICE_LOST_BAD_LENGTH,
			 count, 0);
	thread->is_untold = true;
}

void sluice_inlet_flush(struct sluice_inlet_thread *thread)
{
	if (thread->is_untold) {
		thread->is_untold = !sluice_ring_tell(&thread->stream->ring);
		thread->unrung++;
	}
	if (!thread->unrung)
		return;
	thread->unrung = 0;
	sluice_stream_ring(thread->stream);
}

void sluice_inlet_want_output(struct sluice_inlet_connection *connection, bool wanted)
{
	struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0U),
				    .data.ptr = connection};

	if (connection->wants_output == wanted)
		return;
	connection->wants_output = wanted;
	(void)epoll_ctl(connection->thread->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

const char *sluice_inlet_peer(const struct sluice_inlet_connection *connection,
			      char text[INET6_ADDRSTRLEN + 8])
{
	const struct sockaddr_in *four = (const void *)&connection->peer;
	const struct sockaddr_in6 *six = (const void *)&connection->peer;
	char address[INET6_ADDRSTRLEN] = "?";

	if (connection->peer.ss_family == AF_INET) {
		(void)inet_ntop(AF_INET, &four->sin_addr, address, sizeof(address));
		snprintf(text, INET6_ADDRSTRLEN + 8, "%s:%u", address, ntohs(four->sin_port));
	} else {
		(void)inet_ntop(AF_INET6, &six->sin6_addr, address, sizeof(address));
		snprintf(text, INET6_ADDRSTRLEN + 8, "[%s]:%u", address, ntohs(six->sin6_port));
	}
	return text;
}
