// SPDX-License-Identifier: MIT
/*
 * A ring in a file that a predecessor left, and that is damaged: what of it can be told. Records
 * with an impossible length are replaced by GAP records in their place, with the number that the
 * boundary index tells; a file that cannot be taken over is counted. Beside ring_file.c. Touches:
 * the mapping, the file it is given (read only).
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "log.h"
#include "record.h"
#include "ring.h"

#define GAP_LENGTH ((uint32_t)(sizeof(struct sluice_record) + sizeof(struct sluice_record_gap)))
/* The longest GAP that stands for a hole: receivers take no record longer than the longest
 * datagram's. */
#define GAP_MOST 60000U
#define BLOCK ((uint64_t)1 << SLUICE_RING_BOUNDARY_SHIFT)

/* The index entry of `block`; NULL: it says nothing believable between `from` and `head`. */
static struct sluice_ring_boundary *entry_of(const struct sluice_ring *ring, uint64_t block,
					     uint64_t from, uint64_t head)
{
	struct sluice_ring_boundary *entry =
		(void *)((uint8_t *)ring->mapping + ring->producer->index_offset);

	entry += block & (ring->producer->index_entries - 1);
	return entry->offset >= from && entry->offset <= head && entry->offset >= block * BLOCK &&
			       entry->offset < block * BLOCK + SLUICE_RECORD_SPAN_MAX &&
			       !(entry->offset % SLUICE_RECORD_ALIGN)
		       ? entry
		       : NULL;
}

/* Does a record begin at `at`, and end before `head`? */
static bool is_record(const struct sluice_ring *ring, uint64_t at, uint64_t head)
{
	size_t step = sluice_record_step(sluice_ring_at(ring, at), (size_t)(head - at));

	return step && step <= SLUICE_RECORD_SPAN_MAX;
}

/* Walks records from `at` until `upto`, or until there is none. Returns where that is; *count grows
 * by how many. */
static uint64_t walk(const struct sluice_ring *ring, uint64_t at, uint64_t upto, uint64_t *count)
{
	size_t step;

	for (; at < upto; at += step, ++*count) {
		step = sluice_record_step(sluice_ring_at(ring, at), (size_t)(upto - at));
		if (!step || step > SLUICE_RECORD_SPAN_MAX)
			break;
	}
	return at;
}

/* How long the next GAP of those over [start, end) is. */
static uint64_t piece_of(uint64_t start, uint64_t end)
{
	return end - start > GAP_MOST + GAP_LENGTH ? GAP_MOST : end - start;
}

/*
 * Puts GAP records over [start, end) that tell of `datagrams` together; 0: nobody knows how many.
 * Of several each but the first tells of one, because a GAP of 0 would say that nobody knows.
 * Returns how many records.
 */
static uint64_t cover(struct sluice_ring *ring, uint64_t start, uint64_t end, uint64_t datagrams)
{
	uint8_t *data = (uint8_t *)ring->mapping + ring->producer->data_offset;
	struct sluice_record_gap gap = {.cause = htole32(SLUICE_LOST_DISK)};
	uint64_t count = 0, at, step, others = 0, told;
	bool is_gap;

	for (at = start; at < end; at += step, others += at < end)
		step = piece_of(at, end);
	others = others < datagrams ? others : datagrams ? datagrams - 1 : 0;
	told = datagrams - others;
	for (; start < end; start += step, count++) {
		uint8_t *bytes = data + (start & ring->mask);

		step = piece_of(start, end);
		/* One that is too short to tell anything, or has nothing to tell, is a record
		 * without a meaning. */
		is_gap = step >= GAP_LENGTH && (told || !count);
		memset(bytes, 0, step);
		sluice_record_write(bytes, (uint32_t)step,
				    is_gap ? SLUICE_RECORD_GAP : SLUICE_RECORD_PAD, 0, 0, 0);
		if (!is_gap)
			continue;
		gap.datagrams = htole64(told);
		memcpy(bytes + sizeof(struct sluice_record), &gap, sizeof(gap));
		told = others ? 1 : 0;
		others -= told;
	}
	return count;
}

/* From `block` on every entry, and the ring's end, has `more` records before it (modulo 2^64). */
static void shift(struct sluice_ring *ring, uint64_t block, uint64_t head, uint64_t more)
{
	struct sluice_ring_producer *producer = ring->mapping;
	struct sluice_ring_boundary *entry;

	for (; block <= head >> SLUICE_RING_BOUNDARY_SHIFT; block++) {
		entry = entry_of(ring, block, 0, head);
		if (entry)
			entry->sequence += more;
	}
	producer->sequence_begun += more;
	producer->sequence_done += more;
}

/* How many records lie before the tail, if the index tells: *sequence. */
static bool sequence_of_tail(const struct sluice_ring *ring, uint64_t tail, uint64_t head,
			     uint64_t *sequence)
{
	const struct sluice_ring_boundary *entry =
		entry_of(ring, tail >> SLUICE_RING_BOUNDARY_SHIFT, 0, head);
	uint64_t count = 0;

	if (!tail) {
		*sequence = 0;
		return true;
	}
	if (!entry || entry->offset > tail || head - entry->offset > ring->mask + 1 ||
	    walk(ring, entry->offset, tail, &count) != tail)
		return false;
	*sequence = entry->sequence + count;
	return true;
}

/*
 * Records lead from tail to head. A GAP that tells of more datagrams than all GAPs ever told of,
 * and than would find room in the ring, has a damaged number: it tells of an unknown one from now
 * on.
 */
static void forget_absurd(struct sluice_ring *ring, const char *path)
{
	uint64_t head = sluice_ring_head(ring), at = sluice_ring_tail(ring);
	uint64_t most = ring->producer->gap_datagrams + (ring->mask + 1) / 16;
	size_t step;

	if (most < ring->producer->gap_datagrams || most > (uint64_t)1 << 40)
		most = (uint64_t)1 << 40;
	for (; at < head; at += step) {
		uint8_t *bytes =
			(uint8_t *)ring->mapping + ring->producer->data_offset + (at & ring->mask);
		const struct sluice_record *record = (const void *)bytes;
		struct sluice_record_gap gap;

		step = sluice_record_step(bytes, (size_t)(head - at));
		if (!step)
			return;
		if (record->type != SLUICE_RECORD_GAP || step < GAP_LENGTH)
			continue;
		memcpy(&gap, record + 1, sizeof(gap));
		if (le64toh(gap.datagrams) <= most)
			continue;
		sluice_error_about(
			SLUICE_ABOUT(.path = path),
			"%s: the number of a GAP in the ring is damaged: an unknown number of "
			"datagrams was lost there",
			path);
		gap.datagrams = 0;
		memcpy(bytes + sizeof(*record), &gap, sizeof(gap));
	}
}

/* The index knows boundaries in [start, end) no more, where GAP records lie now. */
static void forget_boundaries(struct sluice_ring *ring, uint64_t start, uint64_t end, uint64_t head)
{
	uint64_t block = start >> SLUICE_RING_BOUNDARY_SHIFT;
	struct sluice_ring_boundary *entry;

	for (; block <= end >> SLUICE_RING_BOUNDARY_SHIFT; block++) {
		entry = entry_of(ring, block, start + SLUICE_RECORD_ALIGN, head);
		/* An entry of an earlier round: it is believed for no block. */
		if (entry && entry->offset < end)
			entry->offset = UINT64_MAX;
	}
}

/* Puts right what does not lead from tail to head, see ring.h. */
static uint64_t mend_records(struct sluice_ring *ring, const char *path)
{
	uint64_t head = sluice_ring_head(ring), at = sluice_ring_tail(ring), sequence = 0, end,
		 block;
	const struct sluice_ring_boundary *next;
	bool is_known = sequence_of_tail(ring, at, head, &sequence);
	uint64_t behind, lost, records, fewer = 0;

	for (;;) {
		at = walk(ring, at, head, &sequence);
		if (at == head)
			return fewer;
		/* The next boundary that the index knows of and that a record begins at; else the
		 * end. */
		next = NULL;
		for (block = (at >> SLUICE_RING_BOUNDARY_SHIFT) + 1;
		     !next && block <= head >> SLUICE_RING_BOUNDARY_SHIFT; block++) {
			next = entry_of(ring, block, at + SLUICE_RECORD_ALIGN, head);
			if (next && next->offset < head && !is_record(ring, next->offset, head))
				next = NULL;
		}
		end = next ? next->offset : head;
		behind = next ? next->sequence : ring->producer->sequence_done;
		lost = is_known && behind > sequence && behind - sequence <= (end - at) / 16
			       ? behind - sequence
			       : 0;
		if (lost)
			sluice_error_about(
				SLUICE_ABOUT(.path = path, .datagrams = SLUICE_NUMBER(lost)),
				"%s: %llu records of the ring are damaged: they are lost; a "
				"GAP says "
				"so in their place",
				path, (unsigned long long)lost);
		else
			sluice_error_about(
				SLUICE_ABOUT(.path = path, .bytes = SLUICE_NUMBER(end - at)),
				"%s: a part of the ring is damaged: an unknown number of records "
				"in "
				"%llu bytes is lost; a GAP of no number says so in their place",
				path, (unsigned long long)(end - at));
		records = cover(ring, at, end, lost);
		forget_boundaries(ring, at, end, head);
		/* From here on the sequence is what the index says and we made it: the same
		 * everywhere. */
		shift(ring, (at >> SLUICE_RING_BOUNDARY_SHIFT) + 1, head,
		      is_known ? sequence + records - behind : 0);
		fewer += is_known ? behind - sequence - records : 0;
		sequence = is_known ? sequence + records : behind;
		is_known = true;
		at = end;
		if (at == head)
			return fewer;
	}
}

uint64_t sluice_ring_mend(struct sluice_ring *ring, const char *path)
{
	uint64_t fewer = mend_records(ring, path);

	forget_absurd(ring, path);
	return fewer;
}

bool sluice_ring_count(int fd, size_t bytes, uint64_t *datagrams)
{
	const struct sluice_ring_producer *producer;
	const struct sluice_ring_consumer *consumer;
	const uint64_t page = SLUICE_RING_PAGE;
	uint64_t size, data_offset, head, at, step;
	struct sluice_record_gap gap;
	const uint8_t *file;
	bool is_exact;

	*datagrams = 0;
	if (bytes < 2 * page + SLUICE_RING_SIZE_MIN / 2)
		return false;
	file = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		return false;
	producer = (const void *)file;
	consumer = (const void *)(file + SLUICE_RING_PAGE);
	/* The size that a file so long has, whatever its head says; of one that was cut, the next.
	 */
	for (size = SLUICE_RING_SIZE_MIN; size < bytes - 2 * page && size < SLUICE_RING_SIZE_MAX;)
		if ((2 * size) + 2 * page <= bytes + size / 2)
			size *= 2;
		else
			break;
	step = (size >> SLUICE_RING_BOUNDARY_SHIFT) * sizeof(struct sluice_ring_boundary);
	data_offset = 2 * page + (step + page - 1) / page * page;
	head = producer->head / SLUICE_RECORD_ALIGN * SLUICE_RECORD_ALIGN;
	at = consumer->tail / SLUICE_RECORD_ALIGN * SLUICE_RECORD_ALIGN;
	for (is_exact = at <= head && head - at <= size; is_exact && at < head; at += step) {
		uint64_t place = data_offset + (at & (size - 1));
		const struct sluice_record *next = (const void *)(file + place);

		is_exact = place + sizeof(*next) <= bytes;
		step = is_exact ? sluice_record_step(file + place, SLUICE_RECORD_SPAN_MAX) : 0;
		/* A record that goes on at the beginning of the data is not looked into. */
		is_exact = step && at + step <= head;
		if (!is_exact)
			break;
		if (next->type == SLUICE_RECORD_GAP &&
		    place + sizeof(*next) + sizeof(gap) <= data_offset + size &&
		    place + sizeof(*next) + sizeof(gap) <= bytes) {
			memcpy(&gap, next + 1, sizeof(gap));
			*datagrams += le64toh(gap.datagrams);
		} else {
			*datagrams += next->type == SLUICE_RECORD_DATA;
		}
	}
	munmap((void *)(uintptr_t)file, bytes);
	return is_exact;
}
