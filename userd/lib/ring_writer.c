// SPDX-License-Identifier: MIT
/*
 * The producer's side of a user-space ring: what kmod/ring.c is to the module's. Between a
 * user-space source and the ring's consumer. Touches: the mapping; one producer thread per ring.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "barrier.h"
#include "log.h"
#include "record.h"
#include "ring.h"
#include "ring_twin.h"
#include "usdt.h"

/* Losses that wait for their GAP, by input and cause. More kinds than this at once share the last
 * entry. */
#define PENDING 256U
/* Where in the producer page the checksum of the counters of losses is, and what it is begun with.
 */
#define CHECK_OFFSET 2048U
#define CHECK 0x534c5549434b3031ULL
#define GAP_LENGTH ((uint32_t)(sizeof(struct sluice_record) + sizeof(struct sluice_record_gap)))

/* The longest GAP that stands for a hole: receivers take no record longer than the longest
 * datagram's. */
#define GAP_MOST 60000U

struct loss {
	uint16_t input;
	uint32_t cause;
	uint64_t datagrams;
	uint64_t bytes;
};

struct sluice_ring_writer {
	struct sluice_ring_producer *producer;
	struct sluice_ring_boundary *index;
	uint8_t *data;
	uint64_t head; /* the truth: never read back from the shared page */
	uint64_t tail; /* as last read */
	uint64_t sequence;
	uint64_t untold;   /* lost datagrams that no GAP told of, for the twin */
	uint32_t reserved; /* length of the reserved record, 0: none */
	size_t pending;
	struct loss loss[PENDING];
};

/* The checksum of the counters of losses: at a place of the producer page that has no other
 * meaning; 0: there is none. */
static uint64_t *check_of(struct sluice_ring_producer *producer)
{
	return (uint64_t *)(void *)((uint8_t *)producer + CHECK_OFFSET);
}

/* The checksum as it should be. */
static uint64_t check(const struct sluice_ring_producer *producer)
{
	uint64_t lost = 0;
	size_t cause;

	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		lost += producer->lost[cause];
	return lost ^ producer->gap_datagrams ^ CHECK;
}

/* The counters of losses changed. */
static void checksum(struct sluice_ring_producer *producer)
{
	*check_of(producer) = check(producer);
}

int sluice_ring_writer_attach(struct sluice_ring *ring, struct sluice_ring_producer *producer)
{
	struct sluice_ring_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return -ENOMEM;
	writer->producer = producer;
	writer->index = (void *)((uint8_t *)producer + producer->index_offset);
	writer->data = (uint8_t *)producer + producer->data_offset;
	ring->writer = writer;
	/* A ring that was just made: what was lost is checked from the beginning on. */
	if (!producer->head && !producer->sequence_begun && !*check_of(producer))
		checksum(producer);
	return 0;
}

/* The last index entry that tells of a boundary between tail and head, or NULL. */
static const struct sluice_ring_boundary *last_boundary(const struct sluice_ring_writer *writer)
{
	uint64_t block = writer->head >> SLUICE_RING_BOUNDARY_SHIFT;
	const struct sluice_ring_boundary *entry;

	for (; block > writer->tail >> SLUICE_RING_BOUNDARY_SHIFT; block--) {
		entry = &writer->index[block & (writer->producer->index_entries - 1)];
		if (entry->offset >= block << SLUICE_RING_BOUNDARY_SHIFT &&
		    entry->offset <= writer->head &&
		    entry->offset < (block << SLUICE_RING_BOUNDARY_SHIFT) + SLUICE_RECORD_SPAN_MAX)
			return entry;
	}
	return NULL;
}

int sluice_ring_writer_resume(struct sluice_ring *ring)
{
	struct sluice_ring_writer *writer = ring->writer;
	struct sluice_ring_producer *producer = writer->producer;
	const struct sluice_ring_boundary *boundary;
	uint64_t at, lost = 0;
	size_t cause, step;

	writer->head = producer->head;
	writer->tail = ring->consumer->tail;
	writer->sequence = producer->sequence_done;
	boundary = last_boundary(writer);
	/*
	 * A producer that was killed between its three stores leaves two numbers, and a bit may
	 * have flipped in either. The last boundary tells what is right; without one nothing
	 * between tail and head is counted from anywhere but head, and either serves.
	 */
	if (boundary) {
		writer->sequence = boundary->sequence;
		for (at = boundary->offset; at < writer->head; at += step) {
			step = sluice_record_step(writer->data + (at & ring->mask),
						  (size_t)(writer->head - at));
			if (!step)
				return -EPROTO;
			writer->sequence++;
		}
	}
	producer->sequence_begun = writer->sequence;
	producer->sequence_done = writer->sequence;
	/* Losses that no GAP told of yet; of which input they were died with the process. */
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		lost += producer->lost[cause];
	if (*check_of(producer) && *check_of(producer) != check(producer)) {
		/* A number nobody should be told. */
		sluice_error("a ring's counters of what was lost are damaged: a GAP of no number "
			     "tells of what "
			     "no GAP told of before");
		memset(producer->lost, 0, sizeof(producer->lost));
		producer->gap_datagrams = 0;
		sluice_ring_lose_unknown(ring, 0, SLUICE_LOST_SOCKET);
	} else if (lost > producer->gap_datagrams) {
		writer->loss[0] = (struct loss){.cause = SLUICE_LOST_SOCKET,
						.datagrams = lost - producer->gap_datagrams};
		writer->pending = 1;
	}
	writer->untold = lost > producer->gap_datagrams ? lost - producer->gap_datagrams : 0;
	return 0;
}

void sluice_ring_writer_detach(struct sluice_ring *ring)
{
	free(ring->writer);
	ring->writer = NULL;
}

/* Bytes between head and what the consumer gave back, less the 8 that stay free (see kmod/ring.c:
 * in a ring full to the brim two blocks would share an index entry). An impossible tail is not
 * believed. */
static uint64_t room(struct sluice_ring *ring)
{
	struct sluice_ring_writer *writer = ring->writer;
	/* pairs with the consumer's release of tail: it has done reading what is overwritten next
	 */
	uint64_t tail = sluice_load_acquire(&ring->consumer->tail);

	if (tail > writer->tail && tail <= writer->head && !(tail % SLUICE_RECORD_ALIGN))
		writer->tail = tail;
	return ring->mask + 1 - SLUICE_RECORD_ALIGN - (writer->head - writer->tail);
}

/* Lost datagrams that no GAP told of yet. */
static uint64_t untold(const struct sluice_ring_producer *producer)
{
	uint64_t lost = 0;
	size_t cause;

	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		lost += producer->lost[cause];
	return lost > producer->gap_datagrams ? lost - producer->gap_datagrams : 0;
}

/* The counters of losses changed: the twin knows how many no GAP told of yet. */
static void mirror(const struct sluice_ring *ring)
{
	struct sluice_ring_writer *writer = ring->writer;

	writer->untold = untold(writer->producer);
	if (ring->twin)
		sluice_ring_twin_head(ring->twin, writer->head, writer->sequence, writer->untold);
}

/* Makes the `length` bytes at head a record of the stream. Once a datagram: inlined where it pays.
 */
static inline void publish(struct sluice_ring *ring, uint32_t length)
{
	struct sluice_ring_writer *writer = ring->writer;
	struct sluice_ring_producer *producer = writer->producer;
	uint64_t next = writer->head + sluice_record_span(length);
	uint64_t block = (writer->head >> SLUICE_RING_BOUNDARY_SHIFT) + 1;

	writer->sequence++;
	for (; block <= next >> SLUICE_RING_BOUNDARY_SHIFT; block++) {
		struct sluice_ring_boundary *entry =
			&writer->index[block & (producer->index_entries - 1)];

		sluice_store_relaxed(&entry->offset, next);
		sluice_store_relaxed(&entry->sequence, writer->sequence);
	}
	writer->head = next;
	sluice_store_relaxed(&producer->sequence_begun, writer->sequence);
	/* pairs with the acquire in sluice_ring_head(): the record and its index entry are there */
	sluice_store_release(&producer->head, next);
	/* pairs with the acquire of sequence_done in head_and_sequence() */
	sluice_store_release(&producer->sequence_done, writer->sequence);
	if (ring->twin)
		sluice_ring_twin_head(ring->twin, next, writer->sequence, writer->untold);
}

bool sluice_ring_tell(struct sluice_ring *ring)
{
	struct sluice_ring_writer *writer = ring->writer;
	struct timespec now;

	while (writer->pending) {
		struct loss *loss = &writer->loss[writer->pending - 1];
		struct sluice_record_gap gap = {
			.datagrams = htole64(loss->datagrams),
			.bytes = htole64(loss->bytes),
			.cause = htole32(loss->cause),
		};
		uint8_t *at = writer->data + (writer->head & ring->mask);

		if (room(ring) < sluice_record_span(GAP_LENGTH))
			return false;
		clock_gettime(CLOCK_REALTIME, &now);
		sluice_record_write(at, GAP_LENGTH, SLUICE_RECORD_GAP, 0, loss->input,
				    (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec);
		memcpy(at + sizeof(struct sluice_record), &gap, sizeof(gap));
		if (ring->twin)
			sluice_ring_twin_gap(ring->twin, writer->head, loss->datagrams);
		publish(ring, GAP_LENGTH);
		SLUICE_USDT4(gap, writer->producer, loss->input, loss->cause, loss->datagrams);
		sluice_count(&writer->producer->gaps, 1);
		sluice_count(&writer->producer->gap_datagrams, loss->datagrams);
		checksum(writer->producer);
		mirror(ring);
		writer->pending--;
	}
	return true;
}

uint8_t *sluice_ring_reserve(struct sluice_ring *ring, uint32_t length)
{
	struct sluice_ring_writer *writer = ring->writer;
	uint64_t span = sluice_record_span(length);

	writer->reserved = 0;
	if (length < sizeof(struct sluice_record) || length > SLUICE_RECORD_SPAN_MAX)
		return NULL;
	if (writer->pending && !sluice_ring_tell(ring))
		return NULL;
	/* The tail of last time will do as long as there is room: the consumer's line is left
	 * alone. */
	if (ring->mask + 1 - SLUICE_RECORD_ALIGN - (writer->head - writer->tail) < span &&
	    room(ring) < span)
		return NULL;
	writer->reserved = length;
	return writer->data + (writer->head & ring->mask);
}

void sluice_ring_commit(struct sluice_ring *ring)
{
	struct sluice_ring_writer *writer = ring->writer;
	struct sluice_ring_producer *producer = writer->producer;
	struct sluice_record record;
	uint64_t payload;

	if (!writer->reserved)
		return;
	memcpy(&record, writer->data + (writer->head & ring->mask), sizeof(record));
	payload = writer->reserved - sizeof(record);
	if (record.flags & SLUICE_RECORD_F_ADDRESS)
		payload -= sizeof(struct sluice_record_address);
	publish(ring, writer->reserved);
	writer->reserved = 0;
	if (record.type == SLUICE_RECORD_DATA) {
		SLUICE_USDT3(store, producer, le16toh(record.input), payload);
		sluice_count(&producer->stored, 1);
		sluice_count(&producer->stored_bytes, payload);
	}
}

bool sluice_ring_put(struct sluice_ring *ring, uint16_t input, uint64_t time_ns,
		     const uint8_t *payload, uint32_t length)
{
	struct sluice_ring_writer *writer = ring->writer;
	const uint32_t whole = length + (uint32_t)sizeof(struct sluice_record);
	const struct sluice_record record = {
		.length = htole32(whole),
		.type = SLUICE_RECORD_DATA,
		.input = htole16(input),
		.time_ns = htole64(time_ns),
	};
	uint8_t *at;

	/* A datagram is no longer; and then as in sluice_ring_reserve(), which is asked where it is
	 * not as plain as this. */
	if (length > UINT16_MAX)
		return false;
	if ((writer->pending ||
	     ring->mask + 1 - SLUICE_RECORD_ALIGN - (writer->head - writer->tail) <
		     sluice_record_span(whole)) &&
	    !sluice_ring_reserve(ring, whole))
		return false;
	at = writer->data + (writer->head & ring->mask);
	memcpy(at, &record, sizeof(record));
	memcpy(at + sizeof(record), payload, length);
	writer->reserved = 0;
	publish(ring, whole);
	SLUICE_USDT3(store, writer->producer, input, length);
	sluice_count(&writer->producer->stored, 1);
	sluice_count(&writer->producer->stored_bytes, length);
	return true;
}

uint64_t sluice_ring_room(struct sluice_ring *ring)
{
	uint64_t gaps = ring->writer->pending * sluice_record_span(GAP_LENGTH);
	uint64_t bytes = room(ring);

	return bytes > gaps ? bytes - gaps : 0;
}

void sluice_ring_lose(struct sluice_ring *ring, uint16_t input, uint32_t cause, uint64_t datagrams,
		      uint64_t bytes)
{
	struct sluice_ring_writer *writer = ring->writer;
	struct loss *loss;
	size_t number;

	if (!datagrams || cause >= SLUICE_LOST_CAUSES)
		return;
	SLUICE_USDT4(lost, writer->producer, input, cause, datagrams);
	sluice_count(&writer->producer->lost[cause], datagrams);
	checksum(writer->producer);
	mirror(ring);
	for (number = 0; number < writer->pending; number++)
		if (writer->loss[number].input == input && writer->loss[number].cause == cause)
			break;
	if (number == PENDING)
		number = PENDING - 1;
	loss = &writer->loss[number];
	if (number == writer->pending) {
		writer->pending++;
		*loss = (struct loss){.input = input, .cause = cause};
	}
	loss->datagrams += datagrams;
	loss->bytes += bytes;
}

void sluice_ring_lose_unknown(struct sluice_ring *ring, uint16_t input, uint32_t cause)
{
	struct sluice_ring_writer *writer = ring->writer;

	if (writer->pending < PENDING)
		writer->loss[writer->pending++] = (struct loss){.input = input, .cause = cause};
}

void sluice_ring_writer_stand(struct sluice_ring *ring, uint64_t offset, uint64_t sequence)
{
	struct sluice_ring_writer *writer = ring->writer;

	writer->head = offset;
	writer->tail = offset;
	writer->sequence = sequence;
	ring->consumer->tail = offset;
	writer->producer->sequence_begun = sequence;
	writer->producer->sequence_done = sequence;
	writer->producer->head = offset;
}

void sluice_ring_writer_forget(struct sluice_ring *ring)
{
	struct sluice_ring_producer *producer = ring->writer->producer;

	ring->writer->pending = 0;
	ring->writer->untold = 0;
	producer->gap_datagrams += untold(producer);
	checksum(producer);
}

void sluice_ring_writer_heal(struct sluice_ring *ring, uint64_t untold)
{
	struct sluice_ring_producer *producer = ring->writer->producer;

	if (!*check_of(producer) || *check_of(producer) == check(producer))
		return;
	memset(producer->lost, 0, sizeof(producer->lost));
	producer->gap_datagrams = 0;
	producer->lost[SLUICE_LOST_SOCKET] = untold;
	checksum(producer);
}

void sluice_ring_fill(struct sluice_ring *ring, uint64_t upto, uint64_t datagrams)
{
	struct sluice_ring_writer *writer = ring->writer;
	uint64_t total = upto - writer->head, step, part, left = datagrams;

	while (writer->head < upto) {
		struct sluice_record_gap gap = {.cause = htole32(SLUICE_LOST_DISK)};
		uint8_t *at = writer->data + (writer->head & ring->mask);

		step = upto - writer->head;
		if (step > GAP_MOST + GAP_LENGTH)
			step = GAP_MOST;
		part = step == upto - writer->head
			       ? left
			       : (uint64_t)((double)datagrams * (double)step / (double)total);
		part = part < left ? part : left;
		left -= part;
		memset(at, 0, step);
		sluice_record_write(at, (uint32_t)step, SLUICE_RECORD_GAP, 0, 0, 0);
		gap.datagrams = htole64(part);
		memcpy(at + sizeof(struct sluice_record), &gap, sizeof(gap));
		publish(ring, (uint32_t)step);
		sluice_count(&writer->producer->lost[SLUICE_LOST_DISK], part);
		sluice_count(&writer->producer->gaps, 1);
		sluice_count(&writer->producer->gap_datagrams, part);
	}
	checksum(writer->producer);
}
