// SPDX-License-Identifier: MIT
/*
 * One output's way through one stream; see feeder.h. In one worker, never shared. Touches: the ring it feeds from,
 * read only, and its own memory; allocates only when an acknowledgement covers a part of a segment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/record.h"
#include "feeder.h"
#include "rack.h"
#include "stream.h"

#define MASK (SLUICE_FEEDER_SEGMENTS - 1U)
_Static_assert(!(SLUICE_FEEDER_SEGMENTS & MASK), "a power of two");

/* The slot of a segment. */
static struct sluice_segment *slot(const struct sluice_feeder *feeder, uint64_t id)
{
	return &feeder->segments[id & MASK];
}

int sluice_feeder_open(struct sluice_feeder *feeder, struct sluice_ring *ring,
		       const uint8_t output[16], bool *repaired)
{
	uint64_t start;
	int error;

	if (!feeder || !ring || !ring->consumer || !output || !repaired)
		return -EINVAL;
	memset(feeder, 0, sizeof(*feeder));
	feeder->cursor = sluice_ring_cursor(ring, output);
	if (!feeder->cursor)
		return -ENOSPC;
	*repaired = false;
	start = feeder->cursor->acked;
	error = sluice_ring_locate(ring, start, &feeder->taken_sequence);
	if (error) {
		*repaired = true;
		start = sluice_ring_tail(ring);
		if (sluice_ring_locate(ring, start, &feeder->taken_sequence))
			return -EPROTO;
		feeder->cursor->acked = start;
	}
	feeder->segments = calloc(SLUICE_FEEDER_SEGMENTS, sizeof(*feeder->segments));
	if (!feeder->segments)
		return -ENOMEM;
	feeder->ring = ring;
	feeder->taken = start;
	feeder->limit = UINT64_MAX;
	/* Whoever fed from here before us may have sent all of it, and was killed before the cursor said so. */
	feeder->sent = sluice_ring_head(ring);
	return 0;
}

void sluice_feeder_close(struct sluice_feeder *feeder)
{
	if (!feeder)
		return;
	free(feeder->segments);
	sluice_ranges_free(&feeder->known);
	memset(feeder, 0, sizeof(*feeder));
}

uint64_t sluice_feeder_need(const struct sluice_feeder *feeder)
{
	uint64_t acked = sluice_feeder_acked(feeder);

	return acked > feeder->floor ? acked : feeder->floor;
}

uint64_t sluice_feeder_floor(const struct sluice_feeder *feeder)
{
	return feeder->rack ? sluice_rack_floor(feeder->rack) : sluice_feeder_acked(feeder);
}

const uint8_t *sluice_feeder_bytes(const struct sluice_feeder *feeder,
				   const struct sluice_segment *segment)
{
	if (!feeder->cursor)
		return sluice_rack_bytes(segment);
	/* What was given to the disk may be overwritten already. */
	return segment->start < feeder->floor ? NULL : sluice_ring_at(feeder->ring, segment->start);
}

bool sluice_feeder_is_of(const struct sluice_feeder *feeder, const uint8_t stream[16],
			 uint64_t epoch)
{
	return feeder->ring->producer->epoch == epoch &&
	       !memcmp(feeder->ring->producer->stream, stream, 16);
}

bool sluice_feeder_is_first(const struct sluice_feeder *feeder)
{
	return feeder->cursor != NULL;
}

bool sluice_feeder_keeps_younger(const struct sluice_feeder *feeder)
{
	return feeder->cursor ? sluice_feeder_has_work(feeder)
			      : sluice_rack_goes_first(feeder->rack);
}

bool sluice_feeder_respects_older(const struct sluice_feeder *feeder)
{
	return feeder->cursor || sluice_rack_is_in_order(feeder->rack);
}

bool sluice_feeder_has_work(const struct sluice_feeder *feeder)
{
	if (!feeder->cursor)
		return sluice_rack_has_work(feeder->rack);
	if (feeder->rack && !sluice_rack_lets_ring(feeder->rack))
		return false;
	if (feeder->returned)
		return true;
	return feeder->next - feeder->first < SLUICE_FEEDER_SEGMENTS &&
	       feeder->taken < feeder->limit && feeder->taken < sluice_ring_head(feeder->ring);
}

/* Steps over segments that are done. */
static void advance(struct sluice_feeder *feeder)
{
	while (feeder->first < feeder->next &&
	       slot(feeder, feeder->first)->state == SLUICE_SEGMENT_DONE)
		feeder->first++;
	if (!feeder->known.count)
		return;
	if (feeder->cursor)
		sluice_ranges_forget(&feeder->known, sluice_feeder_acked(feeder));
	else if (feeder->first == feeder->next)
		sluice_ranges_forget(&feeder->known, UINT64_MAX);
}

/* Takes a segment off its carrier's account. */
static void unload(struct sluice_segment *segment)
{
	segment->carrier->bytes -= sluice_segment_bytes(segment);
	segment->carrier->segments--;
	segment->carrier = NULL;
}

/* A segment needs no more, unless its carrier still reads it. The caller calls advance(). Returns how many records are done that
 * no carrier has the credit for. */
static uint64_t complete(struct sluice_feeder *feeder, struct sluice_segment *segment)
{
	uint64_t stray = 0;

	if (segment->state == SLUICE_SEGMENT_RETURNED) {
		feeder->returned--;
		stray = segment->count;
	} else {
		if (segment->pinned) {
			segment->covered = true;
			return 0;
		}
		segment->carrier->done += segment->count;
		unload(segment);
	}
	segment->state = SLUICE_SEGMENT_DONE;
	if (!feeder->cursor)
		sluice_rack_acknowledge(feeder->rack, segment->start, segment->end);
	else if (feeder->rack && segment->start < feeder->rack->border)
		sluice_rack_acknowledge(feeder->rack, segment->start,
					segment->end < feeder->rack->border ? segment->end
									    : feeder->rack->border);
	return stray;
}

/* Steps over what the receiver is known to have already, if that ends at a boundary. */
static void skip_known(struct sluice_feeder *feeder)
{
	uint64_t reach = sluice_ranges_reach(&feeder->known, feeder->taken);

	if (reach > feeder->limit || reach == feeder->taken ||
	    sluice_ring_locate(feeder->ring, reach, &feeder->taken_sequence))
		return;
	feeder->taken = reach;
	feeder->recount = true;
	advance(feeder);
	/* Nobody sends that, so nobody acknowledges it: the ring is let go now. */
	if (feeder->stream)
		((struct sluice_stream *)feeder->stream)->moved = true;
}

/* How many bytes the next fresh segment may have: no further than the limit, and not into what is known. */
static size_t fresh_bytes(struct sluice_feeder *feeder, size_t bytes)
{
	struct sluice_range hole;

	if (feeder->limit - feeder->taken < bytes)
		bytes = (size_t)(feeder->limit - feeder->taken);
	if (feeder->known.count) {
		skip_known(feeder);
		if (sluice_ranges_hole(&feeder->known, feeder->taken, UINT64_MAX, &hole) &&
		    hole.start == feeder->taken && hole.end - hole.start < bytes)
			bytes = (size_t)(hole.end - hole.start);
	}
	return bytes;
}

struct sluice_segment *sluice_feeder_take(struct sluice_feeder *feeder, size_t bytes,
					  struct sluice_carrier *carrier, uint64_t *id, bool *again)
{
	struct sluice_segment *segment;
	struct sluice_span span;

	if (feeder->cursor && feeder->rack)
		sluice_rack_count_turn(feeder->rack);
	if (!feeder->cursor) {
		if (feeder->next - feeder->first >= SLUICE_FEEDER_SEGMENTS)
			return NULL;
		segment = slot(feeder, feeder->next);
		segment->told = 0;
		if (!sluice_rack_take(feeder->rack, segment, bytes, again))
			return NULL;
		*id = feeder->next++;
	} else if (feeder->returned) {
		/* Only after a loss, so looking through them does not hurt. The lowest first: that keeps the order. */
		for (*id = feeder->first; slot(feeder, *id)->state != SLUICE_SEGMENT_RETURNED;
		     ++*id)
			;
		segment = slot(feeder, *id);
		feeder->returned--;
		*again = true;
	} else {
		if (feeder->next - feeder->first >= SLUICE_FEEDER_SEGMENTS)
			return NULL;
		bytes = fresh_bytes(feeder, bytes);
		if (!bytes || feeder->taken >= feeder->limit ||
		    !sluice_ring_span(feeder->ring, feeder->taken, feeder->taken_sequence, bytes,
				      &span))
			return NULL;
		*id = feeder->next++;
		segment = slot(feeder, *id);
		segment->start = span.start;
		segment->end = span.end;
		segment->count = span.count;
		segment->told = 0;
		segment->is_unsent = span.end > feeder->sent;
		feeder->taken = span.end;
		feeder->taken_sequence += span.count;
		*again = false;
	}
	segment->state = SLUICE_SEGMENT_CARRIED;
	segment->pinned = true;
	segment->covered = false;
	segment->carrier = carrier;
	carrier->bytes += sluice_segment_bytes(segment);
	carrier->segments++;
	return segment;
}

bool sluice_feeder_cut(struct sluice_feeder *feeder, uint64_t id, uint64_t end, uint64_t count)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);

	/* Only the newest can be cut: it alone has nothing behind it. A returned one fitted before. */
	if (!segment || id + 1 != feeder->next || end <= segment->start || end > segment->end ||
	    (feeder->cursor && feeder->taken != segment->end) || segment->told)
		return false;
	if (!feeder->cursor)
		sluice_rack_cut(feeder->rack, segment, end);
	segment->carrier->bytes -= segment->end - end;
	if (feeder->cursor) {
		feeder->taken = end;
		feeder->taken_sequence -= segment->count - count;
	}
	segment->end = end;
	segment->count = count;
	return true;
}

void sluice_feeder_unpin(struct sluice_feeder *feeder, uint64_t id)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);

	if (!segment)
		return;
	segment->pinned = false;
	sluice_rack_close_book(segment);
	if (segment->covered) {
		(void)complete(feeder, segment);
		advance(feeder);
	}
}

void sluice_feeder_finish(struct sluice_feeder *feeder, uint64_t id)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);

	if (!segment)
		return;
	(void)complete(feeder, segment);
	advance(feeder);
}

/* The first segment that ends behind `offset`: its id, or feeder->next. */
static uint64_t find(const struct sluice_feeder *feeder, uint64_t offset)
{
	uint64_t low = feeder->first, high = feeder->next, middle;

	/* A rack's are in the order in which they were read. */
	if (!feeder->cursor)
		return low;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (slot(feeder, middle)->end > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void sluice_feeder_sends(struct sluice_feeder *feeder, uint64_t id)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);
	struct sluice_feeder *ring = feeder->cursor ? feeder : feeder->rack->ring;

	if (!segment)
		return;
	segment->is_unsent = false;
	if (segment->end > ring->sent)
		ring->sent = segment->end;
}

void sluice_feeder_change_hands(struct sluice_feeder *feeder)
{
	uint64_t id = feeder->first;

	while (id < feeder->next)
		slot(feeder, id++)->is_unsent = false;
	if (!feeder->cursor)
		sluice_rack_change_hands(feeder->rack);
	if (feeder->sent < sluice_ring_head(feeder->ring))
		feeder->sent = sluice_ring_head(feeder->ring);
}

bool sluice_feeder_can_have(const struct sluice_feeder *feeder, uint64_t start, uint64_t end)
{
	const struct sluice_feeder *ring = feeder->cursor ? feeder : feeder->rack->ring;
	const struct sluice_segment *segment;
	uint64_t id;

	if (end < start || (end > ring->sent && end > sluice_feeder_floor(ring)) ||
	    (!feeder->cursor && !sluice_rack_can_have(feeder->rack, start, end)))
		return false;
	for (id = find(feeder, start); id < feeder->next; id++) {
		segment = slot(feeder, id);
		if (feeder->cursor && segment->start >= end)
			break;
		if (segment->state != SLUICE_SEGMENT_DONE && segment->is_unsent &&
		    segment->start < end && segment->end > start)
			return false;
	}
	return true;
}

/* Likewise for a rack, whose segments lie in any order. Returns how many records are done that no carrier has the credit for. */
static uint64_t acknowledge_rack(struct sluice_feeder *feeder, uint64_t start, uint64_t end)
{
	uint64_t id, upto, stray = sluice_unheard_hear(&feeder->rack->unheard, start, end);
	struct sluice_segment *segment;

	sluice_rack_forget(feeder->rack, start, end);
	for (id = feeder->first; id < feeder->next; id++) {
		segment = slot(feeder, id);
		if (segment->state != SLUICE_SEGMENT_CARRIED || segment->end <= start ||
		    segment->start >= end)
			continue;
		/* Of what only tells of a loss a receiver that does not know such frames acknowledges the records. */
		upto = segment->told ? segment->start + segment->told : segment->end;
		if (segment->start < start || upto > end) {
			/* A part of it: remembered until the rest comes, in whatever order. */
			if (sluice_ranges_add(&feeder->known,
					      segment->start > start ? segment->start : start,
					      segment->end < end ? segment->end : end) ||
			    !sluice_ranges_covers(&feeder->known, segment->start, upto))
				continue;
		}
		stray += complete(feeder, segment);
	}
	advance(feeder);
	return stray;
}

uint64_t sluice_feeder_acknowledge(struct sluice_feeder *feeder, uint64_t start, uint64_t end,
				   bool ahead)
{
	uint64_t most = ahead ? sluice_ring_head(feeder->ring) : feeder->taken;
	struct sluice_segment *segment;
	uint64_t id, stray = 0;
	bool parted;

	if (!feeder->cursor)
		return acknowledge_rack(feeder, start, end);
	if (end > most)
		end = most;
	if (start < sluice_feeder_acked(feeder))
		start = sluice_feeder_acked(feeder);
	if (start >= end)
		return 0;
	/* Parts are remembered first, so that a segment is looked at with all that is known of it. */
	id = find(feeder, start);
	parted = end > feeder->taken || (id < feeder->next && slot(feeder, id)->start < start);
	id = find(feeder, end - 1);
	parted |= id < feeder->next && slot(feeder, id)->end > end;
	/* Without memory the receiver will have to say it again, or get it again: nothing is lost. */
	if (parted || feeder->known.count)
		(void)sluice_ranges_add(&feeder->known, start, end);
	for (id = find(feeder, start); id < feeder->next && slot(feeder, id)->start < end; id++) {
		segment = slot(feeder, id);
		if (segment->state == SLUICE_SEGMENT_DONE)
			continue;
		if ((segment->start >= start && segment->end <= end) ||
		    (feeder->known.count &&
		     sluice_ranges_covers(&feeder->known, segment->start, segment->end)))
			stray += complete(feeder, segment);
	}
	advance(feeder);
	return stray;
}

/* How many records lie in [start, end) of the ring; both are boundaries. */
static uint64_t count_records(const struct sluice_feeder *feeder, uint64_t start, uint64_t end)
{
	uint64_t count = 0;
	size_t step;

	while (start < end) {
		step = sluice_record_step(sluice_ring_at(feeder->ring, start),
					  (size_t)(end - start));
		if (!step)
			break;
		start += step;
		count++;
	}
	return count;
}

/* What of a returned segment lies on the disk goes to the rack; the rest waits here to be taken again. */
static void come_back(struct sluice_feeder *feeder, struct sluice_segment *segment, uint64_t start,
		      uint64_t count)
{
	uint64_t border = feeder->cursor ? feeder->floor : UINT64_MAX, before;

	if (start > segment->start && (!feeder->cursor || segment->start < feeder->floor))
		sluice_rack_acknowledge(feeder->rack, segment->start,
					start < border ? start : border);
	if (start < border && feeder->rack) {
		sluice_rack_return(feeder->rack, start,
				   segment->end < border ? segment->end : border, false,
				   segment->is_unsent);
		if (segment->end <= border) {
			sluice_unheard_add(&feeder->rack->unheard, start, segment->end, count);
			segment->state = SLUICE_SEGMENT_DONE;
			return;
		}
		before = count;
		count = count_records(feeder, border, segment->end);
		sluice_unheard_add(&feeder->rack->unheard, start, border, before - count);
		start = border;
	}
	segment->start = start;
	segment->count = count;
	segment->state = SLUICE_SEGMENT_RETURNED;
	feeder->recount = true;
	feeder->returned++;
}

bool sluice_feeder_let_go(struct sluice_feeder *feeder, uint64_t end)
{
	struct sluice_segment *segment;
	uint64_t id;

	if (!feeder->cursor)
		return true;
	for (id = feeder->first; id < feeder->next; id++) {
		segment = slot(feeder, id);
		if (segment->start >= end)
			break;
		if (segment->state != SLUICE_SEGMENT_CARRIED || !segment->pinned)
			continue;
		/* One that cannot copy does not read now, and asks again for the bytes. */
		if (!segment->carrier->keep)
			sluice_feeder_unpin(feeder, id);
		else if (!segment->carrier->keep(segment->carrier))
			return false;
	}
	return true;
}

/* [start, end), which nobody took, goes to the rack. What an earlier daemon may have sent of it is told apart. */
static void give_untaken(struct sluice_feeder *feeder, uint64_t start, uint64_t end)
{
	uint64_t border = feeder->sent < end ? feeder->sent : end;

	border = border > start ? border : start;
	if (border > start)
		sluice_rack_return(feeder->rack, start, border, true, false);
	sluice_rack_return(feeder->rack, border, end, true, true);
}

void sluice_feeder_yield(struct sluice_feeder *feeder, uint64_t end, uint64_t sequence,
			 uint64_t serial)
{
	uint64_t at = feeder->floor, upto, moved, id;
	struct sluice_segment *segment;
	struct sluice_range hole;

	if (!feeder->cursor || !feeder->rack || end <= feeder->floor)
		return;
	sluice_rack_serial(feeder->rack, serial);
	for (id = feeder->first; id < feeder->next; id++) {
		segment = slot(feeder, id);
		if (segment->start >= end)
			break;
		/* What lies before the first, or between two, was acknowledged. */
		if (segment->start > at) {
			sluice_rack_acknowledge(feeder->rack, at, segment->start);
			at = segment->start;
		}
		upto = segment->end < end ? segment->end : end;
		if (segment->state == SLUICE_SEGMENT_DONE && upto > at)
			sluice_rack_acknowledge(feeder->rack, at, upto);
		if (segment->state == SLUICE_SEGMENT_RETURNED) {
			sluice_rack_return(feeder->rack, at, upto, true, segment->is_unsent);
			moved = segment->count;
			if (segment->end <= end) {
				segment->state = SLUICE_SEGMENT_DONE;
				feeder->returned--;
			} else {
				segment->start = end;
				segment->count = count_records(feeder, end, segment->end);
				moved -= segment->count;
			}
			sluice_unheard_add(&feeder->rack->unheard, at, upto, moved);
		}
		if (upto > at)
			at = upto;
	}
	if (feeder->taken < end) {
		if (feeder->taken > at)
			sluice_rack_acknowledge(feeder->rack, at, feeder->taken);
		at = feeder->taken;
		while (sluice_ranges_hole(&feeder->known, at, end, &hole)) {
			if (hole.start > at)
				sluice_rack_acknowledge(feeder->rack, at, hole.start);
			give_untaken(feeder, hole.start, hole.end);
			at = hole.end;
		}
		if (at < end)
			sluice_rack_acknowledge(feeder->rack, at, end);
		feeder->taken = end;
		feeder->taken_sequence = sequence;
	} else if (at < end) {
		/* Every segment up to `taken` is done. */
		sluice_rack_acknowledge(feeder->rack, at, end);
	}
	feeder->floor = end;
	feeder->floor_sequence = sequence;
	feeder->recount = true;
	advance(feeder);
}

void sluice_feeder_return(struct sluice_feeder *feeder, uint64_t id, uint64_t start, uint64_t count)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);

	if (!segment || segment->state != SLUICE_SEGMENT_CARRIED || start < segment->start ||
	    start > segment->end)
		return;
	segment->pinned = false;
	sluice_rack_close_book(segment);
	if (segment->covered || start == segment->end) {
		(void)complete(feeder, segment);
	} else {
		segment->carrier->done += segment->count - count;
		unload(segment);
		come_back(feeder, segment, start, count);
	}
	advance(feeder);
}

uint64_t sluice_feeder_return_all(struct sluice_feeder *feeder, struct sluice_carrier *carrier)
{
	struct sluice_segment *segment;
	uint64_t id, records = 0;

	for (id = feeder->first; id < feeder->next && carrier->segments; id++) {
		segment = slot(feeder, id);
		if (segment->state != SLUICE_SEGMENT_CARRIED || segment->carrier != carrier)
			continue;
		if (!segment->covered)
			records += segment->count;
		sluice_feeder_return(feeder, id, segment->start, segment->count);
	}
	return records;
}
