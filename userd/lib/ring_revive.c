// SPDX-License-Identifier: MIT
/*
 * Rings that live on as their twins knew them, see ring_revive.h. Touches: the ring it is given;
 * the file's head.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "guid.h"
#include "log.h"
#include "ring_revive.h"

/* The shortest piece that has room for a GAP. */
#define PIECE (sizeof(struct sluice_record) + sizeof(struct sluice_record_gap))

/* Is the head of a life that the twin knows? Either of its two names may have been spoilt. */
static bool is_same_life(const struct sluice_ring_producer *head,
			 const struct sluice_ring_known *known)
{
	return head->epoch == known->epoch || sluice_guid_equal(head->stream, known->stream);
}

/* Do the words differ in a single bit, or not at all? */
static bool is_flipped(uint64_t one, uint64_t other)
{
	return !((one ^ other) & ((one ^ other) - 1));
}

/* Is it the twin's number of records, but for a flipped bit? One more is that of a producer that
 * was killed with a record half done. */
static bool is_sequence(uint64_t sequence, const struct sluice_ring_known *known)
{
	return is_flipped(sequence, known->sequence) && sequence != known->sequence + 1;
}

/* Puts right a tail that differs from the twin's in one bit. */
static void heal_tail(const char *path, int fd, const struct sluice_ring_known *known)
{
	const off_t place = SLUICE_RING_PAGE + (off_t)offsetof(struct sluice_ring_consumer, tail);
	uint64_t tail;

	if (pread(fd, &tail, sizeof(tail), place) == (ssize_t)sizeof(tail) && tail != known->tail &&
	    is_flipped(tail, known->tail) &&
	    pwrite(fd, &known->tail, sizeof(tail), place) == (ssize_t)sizeof(tail))
		sluice_warning_about(
			SLUICE_ABOUT(.path = path),
			"%s: the ring's tail was damaged; it was put right, as its twin "
			"says: nothing is lost",
			path);
}

void sluice_ring_heal(const char *path, int fd, size_t bytes, const struct sluice_ring_known *known)
{
	struct sluice_ring_producer head, right;
	const size_t page = SLUICE_RING_PAGE;
	size_t entries = (size_t)(known->size >> SLUICE_RING_BOUNDARY_SHIFT);
	size_t index = (entries * sizeof(struct sluice_ring_boundary) + page - 1) / page * page;

	if (bytes != 2 * page + index + known->size ||
	    pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    head.magic != SLUICE_RING_MAGIC || head.version != SLUICE_RING_VERSION ||
	    !is_same_life(&head, known))
		return;
	right = head;
	right.size = known->size;
	sluice_guid_copy(right.stream, known->stream);
	right.epoch = known->epoch;
	right.data_offset = (uint32_t)(2 * page + index);
	right.index_offset = (uint32_t)(2 * page);
	right.index_entries = (uint32_t)entries;
	right.cpu = known->cpu;
	/* As many records as the twin knows, whatever bit has flipped in one of the numbers, or in
	 * the bytes. */
	if (is_sequence(head.sequence_begun, known) && is_sequence(head.sequence_done, known) &&
	    (head.sequence_begun == known->sequence || head.sequence_done == known->sequence)) {
		right.head = known->head;
		right.sequence_begun = known->sequence;
		right.sequence_done = known->sequence;
	}
	if (right.head == known->head)
		heal_tail(path, fd, known);
	/* All bytes, holes as well: a spoilt one of those is put right, too.
	 * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
	if (!memcmp(&head, &right, sizeof(head)) ||
	    pwrite(fd, &right, sizeof(right), 0) != (ssize_t)sizeof(right))
		return;
	sluice_warning_about(SLUICE_ABOUT(.path = path),
			     "%s: the ring's head was damaged; it was put right, as its twin says: "
			     "nothing is lost",
			     path);
}

/* Puts right a slot that differs from the twin's in single bits of at most two words. What really
 * moved differs in more. */
static bool heal_slot(struct sluice_ring_cursor *slot, const struct sluice_ring_cursor *right)
{
	uint64_t words[sizeof(*slot) / 8], right_words[sizeof(*slot) / 8];
	size_t number, flipped = 0;

	memcpy(words, slot, sizeof(words));
	memcpy(right_words, right, sizeof(right_words));
	for (number = 0; number < sizeof(words) / sizeof(words[0]); number++) {
		if (!is_flipped(words[number], right_words[number]))
			return false;
		flipped += words[number] != right_words[number];
	}
	if (!flipped || flipped > 2)
		return false;
	*slot = *right;
	return true;
}

void sluice_ring_heal_mapped(struct sluice_ring *ring, const char *path,
			     const struct sluice_ring_known *known)
{
	bool is_healed = false;
	size_t number;

	if (!is_same_life(ring->producer, known) || ring->producer->head != known->head)
		return;
	for (number = 0; number < known->cursor_count; number++)
		is_healed |= heal_slot(&ring->consumer->cursor[number], &known->cursors[number]);
	sluice_ring_writer_heal(ring, known->untold);
	if (is_healed)
		sluice_warning_about(
			SLUICE_ABOUT(.path = path),
			"%s: the ring's cursors were damaged; they were put right, as its "
			"twin says: nothing is lost",
			path);
}

bool sluice_ring_is_younger(int fd, const struct sluice_ring_known *known)
{
	struct sluice_ring_producer head;

	return pread(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       head.magic == SLUICE_RING_MAGIC && head.version == SLUICE_RING_VERSION &&
	       !is_same_life(&head, known) && head.epoch > known->epoch;
}

/* Where an output goes on. */
static uint64_t place_of(const struct sluice_ring_cursor *cursor,
			 const struct sluice_ring_known *known)
{
	uint64_t least = known->head > known->size ? known->head - known->size : 0;

	if (cursor->acked % SLUICE_RECORD_ALIGN || cursor->acked > known->head)
		return known->head;
	return cursor->acked > least ? cursor->acked : least;
}

/* Where the first output goes on: nothing before it is needed. */
static uint64_t first_needed(const struct sluice_ring_known *known)
{
	uint64_t least = known->head, at;
	size_t number;

	for (number = 0; number < known->cursor_count; number++) {
		if (sluice_guid_is_zero(known->cursors[number].output))
			continue;
		at = place_of(&known->cursors[number], known);
		least = at < least ? at : least;
	}
	return least;
}

/* As ring_revive.h says: of two lives the later one counts, of two moments the later one, too. */
enum sluice_ring_verdict sluice_ring_judge(const struct sluice_ring_producer *head,
					   const struct sluice_ring_known *known)
{
	if (!is_same_life(head, known))
		return head->epoch < known->epoch ? SLUICE_RING_BELIEVE_TWIN
						  : SLUICE_RING_BELIEVE_FILE;
	if (head->head >= known->head)
		return SLUICE_RING_BELIEVE_FILE;
	return first_needed(known) < head->head ? SLUICE_RING_EXTEND : SLUICE_RING_BELIEVE_TWIN;
}

/* A place in the stream, and how many records lie before it. */
struct place {
	uint64_t at;
	uint64_t sequence;
	bool is_known;
};

/* By their offset. */
static int compare(const void *one, const void *other)
{
	const struct place *left = one, *right = other;

	return left->at < right->at ? -1 : left->at > right->at;
}

/* Fills in the places behind `from` at which outputs go on, in order, and the head. Returns how
 * many; *first: where the first of all does. */
static size_t list_places(const struct sluice_ring_known *known, uint64_t from,
			  struct place *places, struct place *first)
{
	size_t number, count = 0, kept = 0;
	uint64_t said;

	*first = (struct place){.at = known->head, .sequence = known->sequence, .is_known = true};
	for (number = 0; number < known->cursor_count; number++) {
		const struct sluice_ring_cursor *cursor = &known->cursors[number];
		struct place place = {.at = place_of(cursor, known)};

		if (sluice_guid_is_zero(cursor->output))
			continue;
		said = cursor->reserved[SLUICE_RING_CURSOR_SEQUENCE];
		place.is_known = said && said - 1 <= known->sequence && place.at == cursor->acked;
		place.sequence = place.is_known ? said - 1 : 0;
		if (place.at < first->at || (place.at == first->at && place.is_known))
			*first = place;
		if (place.at > from)
			places[count++] = place;
	}
	qsort(places, count, sizeof(*places), compare);
	/* Too near to another for a GAP in between: such an output goes on before it. */
	for (number = 0; number < count; number++)
		if (places[number].at - from >= PIECE && known->head - places[number].at >= PIECE &&
		    (!kept || places[number].at - places[kept - 1].at >= PIECE))
			places[kept++] = places[number];
	places[kept++] =
		(struct place){.at = known->head, .sequence = known->sequence, .is_known = true};
	return kept;
}

/* How many datagrams [start, end) stood for, of so many records. */
static uint64_t datagrams_in(const struct sluice_ring_known *known, uint64_t start, uint64_t end,
			     uint64_t records)
{
	size_t number;

	for (number = 0; number < known->gap_count; number++) {
		const struct sluice_ring_twin_gap *gap = &known->gaps[number];

		if (gap->offset >= start && gap->offset < end && records)
			records += gap->datagrams - 1;
	}
	return records;
}

/* The twin's cursors, which stand at places that there are now. Behind `start` the ring has a count
 * of records of its own. */
static void set_cursors(struct sluice_ring *ring, const struct sluice_ring_known *known,
			const struct place *places, size_t count, uint64_t start)
{
	struct sluice_ring_cursor *cursor;
	uint64_t at, sequence;
	size_t number, place;

	memset(ring->consumer->cursor, 0, sizeof(ring->consumer->cursor));
	for (number = 0; number < known->cursor_count; number++) {
		if (sluice_guid_is_zero(known->cursors[number].output))
			continue;
		cursor = &ring->consumer->cursor[number];
		*cursor = known->cursors[number];
		at = place_of(cursor, known);
		for (place = 0; place < count && places[place].at <= at; place++)
			;
		if (at >= known->head)
			at = ring->producer->head;
		else if (at > start)
			at = place ? places[place - 1].at : start;
		cursor->acked = at;
		cursor->taken = at;
		if (at <= start || !cursor->reserved[SLUICE_RING_CURSOR_SEQUENCE])
			continue;
		sequence = place ? places[place - 1].sequence : ring->producer->sequence_done;
		if (cursor->reserved[2])
			cursor->reserved[2] +=
				sequence + 1 - cursor->reserved[SLUICE_RING_CURSOR_SEQUENCE];
		cursor->reserved[SLUICE_RING_CURSOR_SEQUENCE] = sequence + 1;
	}
}

uint64_t sluice_ring_revive(struct sluice_ring *ring, const struct sluice_ring_known *known,
			    uint64_t fewer, bool *is_exact)
{
	struct place places[SLUICE_RING_CURSORS + 1] = {{0}}, first;
	uint64_t start = ring->producer->head, from, end, before, told = 0, lost;
	size_t count, number;

	*is_exact = true;
	(void)list_places(known, 0, places, &first);
	if (!start) {
		start = first.at;
		before = first.is_known ? first.sequence : 0;
		*is_exact = first.is_known;
		sluice_ring_writer_stand(ring, start, before);
	} else {
		before = ring->producer->sequence_done + fewer;
		sluice_ring_writer_forget(ring);
		if (first.at < start)
			ring->consumer->tail = first.at;
	}
	from = start;
	count = list_places(known, start, places, &first);
	for (number = 0; from < known->head && number < count; number++) {
		struct place *place = &places[number];

		end = place->at - from < PIECE ? from + PIECE : place->at;
		lost = *is_exact && place->is_known && place->sequence > before
			       ? place->sequence - before
			       : 0;
		*is_exact &= place->is_known;
		lost = datagrams_in(known, from, place->at, lost);
		sluice_ring_fill(ring, end, lost);
		told += lost;
		before = place->sequence;
		from = end;
		place->sequence = ring->producer->sequence_done;
	}
	set_cursors(ring, known, places, count, start);
	sluice_ring_lose(ring, 0, SLUICE_LOST_SOCKET, known->untold, 0);
	return told;
}
