// SPDX-License-Identifier: MIT
/*
 * A captured frame becomes a record; see pcap.h. In the thread of a handle. Touches: the producer's
 * side of its rings, counters of inputs and handles, eventfds.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/record.h"
#include "../../lib/thread.h"
#include "pcap.h"

/* The worker is told of so many bytes at the latest. */
#define RING_BYTES (128U << 10)
/* Room is looked for after so long without being told of it, too. */
#define ROOM_NS (20 * SLUICE_NS_PER_MS)

bool sluice_pcap_is_over(const struct sluice_pcap_handle *handle)
{
	return sluice_load_relaxed(&handle->ends) || sluice_load_relaxed(&handle->is_still);
}

void sluice_pcap_say(struct sluice_pcap_handle *handle, enum sluice_pcap_state state,
		     const char *format, ...)
{
	va_list list;

	pthread_mutex_lock(&handle->lock);
	va_start(list, format);
	vsnprintf(handle->text, sizeof(handle->text), format, list);
	va_end(list);
	/* What was stored, counted and said before is seen by whoever sees this (is_ended()). */
	sluice_store_release(&handle->state, (uint32_t)state);
	pthread_mutex_unlock(&handle->lock);
}

int sluice_pcap_wait(struct sluice_pcap_handle *handle, int fd, uint64_t at)
{
	struct pollfd wanted[2] = {{.fd = handle->wake, .events = POLLIN},
				   {.fd = fd, .events = POLLIN}};
	uint64_t now = sluice_now(), left = at > now ? at - now : 0;
	struct timespec time = {.tv_sec = (time_t)(left / SLUICE_NS_PER_S),
				.tv_nsec = (long)(left % SLUICE_NS_PER_S)};
	uint64_t count;
	int ready;

	if (sluice_pcap_is_over(handle))
		return -ECANCELED;
	sluice_thread_sleeps();
	ready = ppoll(wanted, fd >= 0 ? 2 : 1, at == UINT64_MAX ? NULL : &time, NULL);
	(void)sluice_thread_wakes();
	sluice_thread_progress(sluice_now());
	if (sluice_pcap_is_over(handle))
		return -ECANCELED;
	/* The watchdog wanted to see that it wakes. */
	if (ready > 0 && wanted[0].revents)
		(void)!read(handle->wake, &count, sizeof(count));
	return ready > 0 && fd >= 0 && wanted[1].revents ? 1 : 0;
}

/* Tells the worker of a ring, if there is something. */
static void ring_bell(struct sluice_pcap_ring *ring)
{
	if (!ring->unrung)
		return;
	ring->unrung = 0;
	sluice_stream_ring(ring->stream);
}

void sluice_pcap_flush(struct sluice_pcap_handle *handle)
{
	size_t number;

	pthread_mutex_lock(&handle->lock);
	for (number = 0; handle->table && number < handle->table->ring_count; number++) {
		struct sluice_pcap_ring *ring = &handle->table->rings[number];

		if (ring->is_untold) {
			ring->is_untold = !sluice_ring_tell(&ring->stream->ring);
			ring->unrung++;
		}
		ring_bell(ring);
	}
	pthread_mutex_unlock(&handle->lock);
}

/* Makes the address block of a datagram. */
static void write_addresses(uint8_t *out, const struct sluice_dissected *what, uint32_t interface)
{
	struct sluice_record_address block = {
		.family = what->family,
		.vlan_present = what->has_vlan,
		.vlan_tci = htole16(what->vlan),
		.source_port = htole16(what->source_port),
		.destination_port = htole16(what->destination_port),
		.interface = htole32(interface),
	};

	memcpy(block.source, what->source, sizeof(block.source));
	memcpy(block.destination, what->destination, sizeof(block.destination));
	memcpy(out, &block, sizeof(block));
}

/* One of an input's is lost, which was counted: has a GAP tell of it. */
static void lose(struct sluice_pcap_ring *ring, const struct sluice_pcap_input *input,
		 enum sluice_lost_cause cause)
{
	sluice_ring_lose(&ring->stream->ring, input->index, cause, 1, 0);
	ring->is_untold = true;
}

/* Makes a datagram a record of its claim's. 0; -ENOBUFS: there is no room now. */
static int store(const struct sluice_pcap_claim *claim, struct sluice_pcap_ring *ring,
		 const struct sluice_dissected *what, const struct sluice_pcap_frame *frame)
{
	size_t head = sizeof(struct sluice_record) +
		      (claim->has_addresses ? sizeof(struct sluice_record_address) : 0);
	uint32_t length = (uint32_t)head + what->length;
	uint8_t *record = sluice_ring_reserve(&ring->stream->ring, length);

	if (!record)
		return -ENOBUFS;
	sluice_record_write(record, length, SLUICE_RECORD_DATA,
			    claim->has_addresses ? SLUICE_RECORD_F_ADDRESS : 0, claim->input->index,
			    frame->time_ns);
	if (claim->has_addresses)
		write_addresses(record + sizeof(struct sluice_record), what, frame->interface);
	if (what->length)
		memcpy(record + head, what->payload, what->length);
	sluice_ring_commit(&ring->stream->ring);
	sluice_count(&claim->input->stored, 1);
	sluice_count(&claim->input->stored_bytes, what->length);
	ring->unrung += length;
	if (ring->unrung >= RING_BYTES)
		ring_bell(ring);
	return 0;
}

/* One try to do with a datagram what is to be done. 0, 1: it was stored; -ENOBUFS, and *room is
 * readable when there may be some. @context with the lock */
static int try(struct sluice_pcap_handle *handle, const struct sluice_dissected *what,
	       const struct sluice_pcap_frame *frame, int *room)
{
	struct sluice_pcap_claim *claim = handle->table && what->has_ports
						  ? sluice_pcap_table_find(handle->table, what)
						  : NULL;
	struct sluice_pcap_ring *ring;

	if (!claim) {
		sluice_count(what->kind == SLUICE_DISSECTED_CUT ? &handle->cut : &handle->others,
			     1);
		return 0;
	}
	ring = &handle->table->rings[claim->ring];
	if (what->kind == SLUICE_DISSECTED_CUT) {
		sluice_count(&claim->input->snapped, 1);
		lose(ring, claim->input, SLUICE_LOST_COPY);
		return 0;
	}
	if (what->kind == SLUICE_DISSECTED_BAD) {
		sluice_count(&claim->input->bad_length, 1);
		lose(ring, claim->input, SLUICE_LOST_BAD_LENGTH);
		return 0;
	}
	if (!store(claim, ring, what, frame))
		return 1;
	if (!frame->waits) {
		sluice_count(&claim->input->lost_full, 1);
		lose(ring, claim->input, SLUICE_LOST_RING_FULL);
		ring->unrung++;
		return 0;
	}
	ring_bell(ring);
	sluice_stream_want_room(ring->stream);
	*room = ring->stream->room;
	return -ENOBUFS;
}

/* Puts fragments together. True: *what is something to be counted or stored. */
static bool settle_fragment(struct sluice_pcap_handle *handle, struct sluice_dissected *what,
			    uint64_t time_ns)
{
	int result;

	if (what->kind != SLUICE_DISSECTED_FRAGMENT)
		return true;
	if (!handle->fragments)
		handle->fragments = sluice_fragments_new();
	result = sluice_fragments_take(handle->fragments, what, time_ns);
	sluice_store_relaxed(&handle->incomplete,
			     sluice_fragments_incomplete(handle->fragments, false));
	return result == 1;
}

int sluice_pcap_take(struct sluice_pcap_handle *handle, const struct sluice_pcap_frame *frame,
		     uint32_t *bytes)
{
	struct sluice_dissected what;
	int result, room = -1;

	*bytes = 0;
	sluice_count(&handle->packets, 1);
	sluice_dissect(frame->link, frame->bytes, frame->captured, frame->length, &what);
	if (!settle_fragment(handle, &what, frame->time_ns))
		return 0;
	if (what.kind == SLUICE_DISSECTED_OTHER || what.kind == SLUICE_DISSECTED_FRAGMENT) {
		sluice_count(&handle->others, 1);
		return 0;
	}
	for (;;) {
		pthread_mutex_lock(&handle->lock);
		result = try(handle, &what, frame, &room);
		pthread_mutex_unlock(&handle->lock);
		if (result != -ENOBUFS)
			break;
		if (sluice_pcap_wait(handle, room, sluice_now() + ROOM_NS) == -ECANCELED)
			return -ECANCELED;
	}
	*bytes = what.length;
	return result;
}
