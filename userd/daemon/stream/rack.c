// SPDX-License-Identifier: MIT
/*
 * Racks; see rack.h. Touches: memory; orders at the shelf.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "../../lib/record.h"
#include "spool/spool_marks.h"
#include "../output/output.h"
#include "rack.h"
#include "shelf.h"
#include "stream.h"

struct sluice_rack *sluice_rack_create(struct sluice_feeder *ring, struct sluice_shelf *shelf)
{
	struct sluice_rack *rack = calloc(1, sizeof(*rack));

	if (!rack)
		return NULL;
	rack->feeder.segments = calloc(SLUICE_FEEDER_SEGMENTS, sizeof(*rack->feeder.segments));
	if (!rack->feeder.segments) {
		free(rack);
		return NULL;
	}
	rack->feeder.ring = ring->ring;
	rack->feeder.rack = rack;
	rack->feeder.limit = UINT64_MAX;
	rack->feeder.stream = ring->stream;
	rack->ring = ring;
	rack->shelf = shelf;
	ring->rack = rack;
	return rack;
}

void sluice_book_free(struct sluice_book *book)
{
	if (!book)
		return;
	free(book->memory);
	free(book);
}

void sluice_rack_destroy(struct sluice_rack *rack)
{
	struct sluice_book *book;

	if (!rack)
		return;
	while ((book = rack->books)) {
		rack->books = book->next;
		sluice_book_free(book);
	}
	if (rack->ring)
		rack->ring->rack = NULL;
	sluice_ranges_free(&rack->acked);
	free(rack->runs);
	sluice_unheard_clear(&rack->unheard);
	free(rack->feeder.segments);
	sluice_ranges_free(&rack->feeder.known);
	free(rack);
}

void sluice_rack_serial(struct sluice_rack *rack, uint64_t serial)
{
	rack->serial = serial;
}

/* Room for one more run. */
static bool grow(struct sluice_rack *rack)
{
	size_t room = rack->run_room ? 2 * rack->run_room : 16;
	struct sluice_run *larger;

	if (rack->run_count < rack->run_room)
		return true;
	larger = reallocarray(rack->runs, room, sizeof(*larger));
	if (!larger)
		return false;
	rack->runs = larger;
	rack->run_room = room;
	return true;
}

void sluice_rack_return(struct sluice_rack *rack, uint64_t start, uint64_t end, bool first,
			bool is_unsent)
{
	uint64_t serial = rack->serial;
	size_t place;

	if (start >= end)
		return;
	/* What came back is of a segment that others of it are of: its neighbour's, if there is one. */
	for (place = 0; !first && place < rack->run_count; place++)
		if (rack->runs[place].end == start || rack->runs[place].start == end)
			serial = rack->runs[place].serial;
	for (place = rack->run_count; place > 0; place--)
		if (rack->runs[place - 1].serial < serial ||
		    (rack->runs[place - 1].serial == serial && rack->runs[place - 1].start < start))
			break;
	if (place > 0 && rack->runs[place - 1].serial == serial &&
	    rack->runs[place - 1].is_unsent == is_unsent && rack->runs[place - 1].end == start) {
		rack->runs[place - 1].end = end;
		return;
	}
	if (place < rack->run_count && rack->runs[place].serial == serial &&
	    rack->runs[place].is_unsent == is_unsent && rack->runs[place].start == end) {
		rack->runs[place].start = start;
		return;
	}
	if (!grow(rack)) {
		/* It stays on the disk, unacknowledged: the next start finds it. */
		if (!rack->is_starved)
			sluice_error(
				"out of memory for a list of what lies in the spool: a part of "
				"it is delivered after the next start only");
		rack->is_starved = true;
		return;
	}
	memmove(&rack->runs[place + 1], &rack->runs[place],
		(rack->run_count - place) * sizeof(*rack->runs));
	rack->runs[place] = (struct sluice_run){
		.serial = serial, .start = start, .end = end, .is_unsent = is_unsent};
	rack->run_count++;
}

void sluice_rack_change_hands(struct sluice_rack *rack)
{
	size_t place;

	for (place = 0; place < rack->run_count; place++)
		rack->runs[place].is_unsent = false;
}

bool sluice_rack_can_have(const struct sluice_rack *rack, uint64_t start, uint64_t end)
{
	size_t place;

	for (place = 0; place < rack->run_count; place++)
		if (rack->runs[place].is_unsent && rack->runs[place].start < end &&
		    rack->runs[place].end > start)
			return false;
	return true;
}

/* Takes [start, end) out of the runs. */
static void take_out(struct sluice_rack *rack, uint64_t start, uint64_t end)
{
	size_t place = 0;

	while (place < rack->run_count) {
		struct sluice_run *run = &rack->runs[place], rest;

		if (run->end <= start || run->start >= end) {
			place++;
			continue;
		}
		rest = *run;
		rest.start = end;
		if (run->start < start) {
			run->end = start;
			place++;
			if (rest.start < rest.end && grow(rack)) {
				memmove(&rack->runs[place + 1], &rack->runs[place],
					(rack->run_count - place) * sizeof(*rack->runs));
				rack->runs[place] = rest;
				rack->run_count++;
			}
		} else if (rest.start < rest.end) {
			run->start = end;
			place++;
		} else {
			memmove(run, run + 1, (rack->run_count - place - 1) * sizeof(*run));
			rack->run_count--;
		}
	}
}

void sluice_rack_acknowledge(struct sluice_rack *rack, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	/* Without memory it is sent again one day. */
	(void)sluice_ranges_add(&rack->acked, start, end);
	((struct sluice_stream *)rack->feeder.stream)->moved = true;
}

void sluice_rack_forget(struct sluice_rack *rack, uint64_t start, uint64_t end)
{
	size_t place;

	if (end > rack->ring->floor)
		end = rack->ring->floor;
	for (place = 0; place < rack->run_count; place++) {
		const struct sluice_run *run = &rack->runs[place];

		if (run->start < end && run->end > start)
			sluice_rack_acknowledge(rack, run->start > start ? run->start : start,
						run->end < end ? run->end : end);
	}
	take_out(rack, start, end);
}

/* Frees a book that nobody reads and that is not in the list. */
static void drop(struct sluice_book *book)
{
	if (book->readers || book->is_open)
		return;
	book->rack->held--;
	sluice_book_free(book);
}

/* The first book of the list is done with. */
static void shut(struct sluice_rack *rack)
{
	struct sluice_book *book = rack->books;

	rack->books = book->next;
	if (!rack->books)
		rack->last = NULL;
	/* The ring may have a turn again. */
	if (rack->feeder.output)
		((struct sluice_output *)rack->feeder.output)->has_work = true;
	book->is_open = false;
	drop(book);
}

/* The first run that overlaps a book, or NULL. */
static const struct sluice_run *overlapping(const struct sluice_rack *rack,
					    const struct sluice_book *book)
{
	const struct sluice_run *best = NULL;
	size_t place;

	for (place = 0; place < rack->run_count; place++) {
		const struct sluice_run *run = &rack->runs[place];

		if (run->start < book->frame.offset + book->frame.span &&
		    run->end > book->frame.offset && (!best || run->start < best->start))
			best = run;
	}
	return best;
}

/* Can a connection of the output take something? Nothing is read for one that is down. */
static bool is_wanted(const struct sluice_rack *rack)
{
	const struct sluice_output *output = rack->feeder.output;
	size_t number;

	for (number = 0; output && number < output->connection_count; number++)
		if (output->connections[number]->state == SLUICE_TCP_READY)
			return true;
	return false;
}

/*
 * The run to be read next. Oldest first: the one that lies first in the stream, wherever its segment is. Newest first: of the
 * newest segment, or in its turn of the oldest; inside it forward.
 */
static const struct sluice_run *pick(struct sluice_rack *rack)
{
	const struct sluice_run *first = &rack->runs[0];
	size_t place = rack->run_count - 1;

	if (!sluice_shelf_is_newest_first(rack->shelf)) {
		for (; place > 0; place--)
			if (rack->runs[place].start < first->start)
				first = &rack->runs[place];
		return first;
	}
	if (++rack->picks % SLUICE_RACK_SHARE == 0)
		return first;
	while (place > 0 && rack->runs[place - 1].serial == rack->runs[place].serial)
		place--;
	return &rack->runs[place];
}

/* Oldest first: what came back from a lost connection may lie before what was read since. Those books are read again behind it. */
static void keep_order(struct sluice_rack *rack)
{
	if (!rack->books || !rack->run_count || sluice_shelf_is_newest_first(rack->shelf) ||
	    pick(rack)->start >= rack->books->frame.offset)
		return;
	while (rack->books)
		shut(rack);
}

/* Orders books if some are needed and there is room. */
static void order(struct sluice_rack *rack)
{
	const struct sluice_run *run;
	uint64_t start, now;

	if (rack->is_ordered || !rack->run_count || rack->held > SLUICE_RACK_BOOKS / 2 ||
	    !is_wanted(rack))
		return;
	now = sluice_now();
	if (rack->is_stalled && now < rack->retry_at)
		return;
	run = pick(rack);
	start = run->start;
	/* What was read already and waits here is not read again. */
	if (rack->last && rack->last->frame.offset + rack->last->frame.span > start &&
	    rack->last->frame.offset <= start)
		start = rack->last->frame.offset + rack->last->frame.span;
	else if (rack->books)
		return;
	if (start >= run->end)
		return;
	if (sluice_shelf_order(rack->shelf, rack, start, run->end, SLUICE_RACK_BOOKS - rack->held))
		return;
	rack->is_ordered = true;
	rack->is_served = false;
	rack->ordered_at = now;
}

void sluice_rack_deliver(struct sluice_rack *rack, struct sluice_book *book, bool last)
{
	if (book) {
		book->rack = rack;
		book->is_open = true;
		book->next = NULL;
		if (rack->last)
			rack->last->next = book;
		else
			rack->books = book;
		rack->last = book;
		rack->held++;
		rack->read_bytes += book->frame.span;
		rack->is_served = true;
		rack->is_stalled = false;
	}
	if (last) {
		rack->is_ordered = false;
		if (!rack->is_served) {
			/* Neither a frame nor word of its loss: memory goes on, and this is tried again. */
			rack->is_stalled = true;
			rack->retry_at = sluice_now() + SLUICE_RACK_RETRY_NS;
		}
		keep_order(rack);
		order(rack);
	}
	if (rack->feeder.output)
		((struct sluice_output *)rack->feeder.output)->has_work = true;
}

bool sluice_rack_has_work(struct sluice_rack *rack)
{
	while (rack->books && !overlapping(rack, rack->books))
		shut(rack);
	keep_order(rack);
	order(rack);
	if (!rack->books || rack->feeder.next - rack->feeder.first >= SLUICE_FEEDER_SEGMENTS)
		return false;
	if (!sluice_shelf_is_newest_first(rack->shelf))
		return true;
	return rack->turns + 1 >= SLUICE_RACK_SHARE || rack->ring->taken >= rack->ring->limit ||
	       (!rack->ring->returned && rack->ring->taken >= sluice_ring_head(rack->ring->ring));
}

/* Has the disk given nothing, although it was asked, so that nobody should wait for it? */
static bool is_silent(const struct sluice_rack *rack)
{
	if (rack->books)
		return false;
	return rack->is_stalled ||
	       (rack->is_ordered && sluice_now() - rack->ordered_at >= SLUICE_RACK_PATIENCE_NS);
}

bool sluice_rack_is_in_order(const struct sluice_rack *rack)
{
	return !sluice_shelf_is_newest_first(rack->shelf);
}

bool sluice_rack_goes_first(const struct sluice_rack *rack)
{
	return !sluice_shelf_is_newest_first(rack->shelf) && (rack->run_count || rack->books) &&
	       !is_silent(rack);
}

void sluice_rack_wake(struct sluice_rack *rack, uint64_t now)
{
	struct sluice_output *output = rack->feeder.output;

	if (output && ((rack->is_stalled && now >= rack->retry_at) ||
		       (rack->is_ordered && now - rack->ordered_at >= SLUICE_RACK_PATIENCE_NS)))
		output->has_work = true;
}

bool sluice_rack_lets_ring(const struct sluice_rack *rack)
{
	if (sluice_shelf_is_newest_first(rack->shelf))
		return !rack->books || rack->turns + 1 < SLUICE_RACK_SHARE;
	return !sluice_rack_goes_first(rack);
}

void sluice_rack_count_turn(struct sluice_rack *rack)
{
	if (rack->books)
		rack->turns++;
}

/*
 * Walks a frame from `start`, at least one record and then as far as `limit`: where that is, and how many records (PAD left
 * out) lie before it. False: `start` is no boundary.
 */
static bool walk(const struct sluice_book *book, uint64_t start, uint64_t limit, uint64_t *end,
		 uint64_t *count)
{
	uint64_t at = book->frame.offset, last = book->frame.offset + book->frame.span;
	struct sluice_record_view view;

	*count = 0;
	while (at < last) {
		if (sluice_record_read(book->payload + (at - book->frame.offset),
				       (size_t)(last - at), &view))
			return false;
		if (at > start && at + view.span > limit)
			break;
		if (at < start && at + view.span > start)
			return false;
		if (at >= start && view.type != SLUICE_RECORD_PAD)
			++*count;
		at += view.span;
	}
	*end = at;
	return at > start;
}

/*
 * Takes [start, end) of a book whose bytes were given up: a small book of its own, with the GAP records that tell of what was in
 * it. The whole of it is one segment, so that a receiver gets to know of all of it or of nothing. False: no memory.
 */
static bool take_losses(struct sluice_rack *rack, const struct sluice_book *book, uint64_t start,
			uint64_t end, struct sluice_segment *segment)
{
	struct sluice_book *told = calloc(1, sizeof(*told));
	uint32_t records;
	size_t bytes;

	if (!told)
		return false;
	told->memory = malloc(SLUICE_SPOOL_LOSSES_ROOM);
	if (!told->memory) {
		free(told);
		return false;
	}
	bytes = sluice_spool_write_losses(
		(const struct sluice_spool_mark *)book->payload,
		book->frame.length / sizeof(struct sluice_spool_mark),
		(uint32_t)((start - book->frame.offset) / SLUICE_RECORD_ALIGN),
		(uint32_t)((end - book->frame.offset) / SLUICE_RECORD_ALIGN), book->frame.time_ns,
		told->memory, &records);
	if (!bytes) {
		/* Too short for a GAP, or nothing to tell: it goes as what nobody looks at. */
		bytes = end - start < SLUICE_RACK_PAD ? (size_t)(end - start) : SLUICE_RACK_PAD;
		sluice_spool_write_pad(told->memory, bytes, book->frame.time_ns);
	}
	told->rack = rack;
	told->frame = (struct sluice_spool_frame){.offset = start, .span = bytes};
	told->payload = told->memory;
	rack->held++;
	segment->start = start;
	segment->end = end;
	segment->count = records;
	segment->told = (uint32_t)bytes;
	segment->book = told;
	told->readers++;
	return true;
}

bool sluice_rack_take(struct sluice_rack *rack, struct sluice_segment *segment, size_t bytes,
		      bool *again)
{
	struct sluice_book *book = rack->books;
	const struct sluice_run *run = book ? overlapping(rack, book) : NULL;
	uint64_t last, limit;

	if (!run)
		return false;
	segment->is_unsent = run->is_unsent;
	last = book->frame.offset + book->frame.span;
	segment->start = run->start > book->frame.offset ? run->start : book->frame.offset;
	limit = run->end < last ? run->end : last;
	if (book->frame.type == SLUICE_SPOOL_GAPS) {
		if (!take_losses(rack, book, segment->start, limit, segment))
			return false;
		goto taken;
	}
	if (limit - segment->start > bytes)
		limit = segment->start + bytes;
	if (segment->start == book->frame.offset && limit == last) {
		segment->end = last;
		segment->count = book->frame.count;
	} else if (!walk(book, segment->start, limit, &segment->end, &segment->count)) {
		/* Its records have other boundaries (it stands for a damaged frame): from its beginning. */
		segment->start = book->frame.offset;
		if (!walk(book, segment->start, segment->start + bytes, &segment->end,
			  &segment->count)) {
			sluice_error(
				"spool: a frame at offset %llu holds something that is no record; "
				"%llu bytes are passed over",
				(unsigned long long)book->frame.offset,
				(unsigned long long)book->frame.span);
			sluice_rack_forget(rack, book->frame.offset, last);
			return false;
		}
	}
	segment->book = book;
	book->readers++;
taken:
	take_out(rack, segment->start, segment->end);
	if (!overlapping(rack, book))
		shut(rack);
	rack->turns = 0;
	*again = sluice_unheard_again(&rack->unheard, segment->start, segment->end);
	order(rack);
	return true;
}

void sluice_rack_cut(struct sluice_rack *rack, struct sluice_segment *segment, uint64_t end)
{
	struct sluice_book *book = segment->book;

	sluice_rack_return(rack, end, segment->end, false, segment->is_unsent);
	if (!book || book->is_open)
		return;
	/* It is not done with after all. */
	book->is_open = true;
	book->next = rack->books;
	rack->books = book;
	if (!rack->last)
		rack->last = book;
}

const uint8_t *sluice_rack_bytes(const struct sluice_segment *segment)
{
	const struct sluice_book *book = segment->book;

	return book ? book->payload + (segment->start - book->frame.offset) : NULL;
}

void sluice_rack_close_book(struct sluice_segment *segment)
{
	struct sluice_book *book = segment->book;

	if (!book)
		return;
	segment->book = NULL;
	book->readers--;
	drop(book);
}

uint64_t sluice_rack_floor(const struct sluice_rack *rack)
{
	uint64_t least = sluice_feeder_acked(rack->ring), id;
	size_t place;

	for (place = 0; place < rack->run_count; place++)
		if (rack->runs[place].start < least)
			least = rack->runs[place].start;
	for (id = rack->feeder.first; id < rack->feeder.next; id++) {
		const struct sluice_segment *segment = sluice_feeder_segment(&rack->feeder, id);

		if (segment && segment->start < least)
			least = segment->start;
	}
	return least;
}

uint64_t sluice_rack_bytes_left(const struct sluice_rack *rack)
{
	uint64_t bytes = 0, id;
	size_t place;

	for (place = 0; place < rack->run_count; place++)
		bytes += rack->runs[place].end - rack->runs[place].start;
	for (id = rack->feeder.first; id < rack->feeder.next; id++) {
		const struct sluice_segment *segment = sluice_feeder_segment(&rack->feeder, id);

		if (segment)
			bytes += segment->end - segment->start;
	}
	return bytes;
}
