// SPDX-License-Identifier: MIT
/*
 * One output's way through a ring; see ring_feeder.h. Touches: the ring it feeds from, read only,
 * and its own memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/record.h"
#include "ring_feeder.h"

uint64_t sluice_ring_feeder_need(const struct sluice_feeder *feeder)
{
	uint64_t acked = sluice_feeder_acked(feeder);

	return acked > feeder->floor ? acked : feeder->floor;
}

/* Records in the segments [from, upto), done or not. */
static uint64_t sum(const struct sluice_feeder *feeder, uint64_t from, uint64_t upto)
{
	uint64_t records = 0;

	for (; from < upto; from++)
		records += sluice_feeder_slot(feeder, from)->count;
	return records;
}

uint64_t sluice_ring_feeder_need_sequence(struct sluice_feeder *feeder)
{
	/* A slot that was used again since says nothing of the segment that was there. */
	bool is_gone = feeder->next - feeder->summed > SLUICE_FEEDER_SEGMENTS;

	if (feeder->first == feeder->next)
		feeder->summed_sequence = feeder->taken_sequence;
	else if (feeder->recount || feeder->returned || is_gone)
		feeder->summed_sequence =
			feeder->taken_sequence - sum(feeder, feeder->first, feeder->next);
	else
		feeder->summed_sequence += sum(feeder, feeder->summed, feeder->first);
	feeder->summed = feeder->first;
	feeder->recount = false;
	return sluice_feeder_acked(feeder) >= feeder->floor ? feeder->summed_sequence
							    : feeder->floor_sequence;
}

/* What was given to the disk may be overwritten already. */
static const uint8_t *bytes_of(const struct sluice_feeder *feeder,
			       const struct sluice_segment *segment)
{
	return segment->start < feeder->floor ? NULL : sluice_ring_at(feeder->ring, segment->start);
}

/* Is there something, and does the disk leave us a turn? */
static bool has_work(const struct sluice_feeder *feeder)
{
	const struct sluice_feeder *disk = feeder->beside;

	if (disk && disk->origin->lets_other && !disk->origin->lets_other(disk))
		return false;
	if (feeder->returned)
		return true;
	return feeder->next - feeder->first < SLUICE_FEEDER_SEGMENTS &&
	       feeder->taken < feeder->limit && feeder->taken < sluice_ring_head(feeder->ring);
}

/* What lies in memory always keeps to the order of the streams. */
static bool respects_older(const struct sluice_feeder *feeder)
{
	(void)feeder;
	return true;
}

/* What is known before the first segment says nothing any more. */
static void advanced(struct sluice_feeder *feeder)
{
	sluice_ranges_forget(&feeder->known, sluice_feeder_acked(feeder));
}

/* What of a segment that is done lies on the disk, too, is done there. */
static void done(struct sluice_feeder *feeder, const struct sluice_segment *segment)
{
	uint64_t border = feeder->backlog ? feeder->backlog->border : 0;

	if (segment->start < border)
		sluice_backlog_acknowledge(feeder->backlog, segment->start,
					   segment->end < border ? segment->end : border);
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
	sluice_feeder_advance(feeder);
	/* Nobody sends that, so nobody acknowledges it: the ring is let go now. */
	if (feeder->moved)
		*feeder->moved = true;
}

/* How many bytes the next fresh segment may have: no further than the limit, and not into what is
 * known. */
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

/* A returned segment, the lowest first: that keeps the order. Only after a loss, so looking through
 * them does not hurt. */
static struct sluice_segment *take_returned(struct sluice_feeder *feeder, uint64_t *id)
{
	for (*id = feeder->first; sluice_feeder_slot(feeder, *id)->state != SLUICE_SEGMENT_RETURNED;
	     ++*id)
		;
	feeder->returned--;
	return sluice_feeder_slot(feeder, *id);
}

/* Takes what came back, else what was never taken. */
static struct sluice_segment *take(struct sluice_feeder *feeder, size_t bytes, uint64_t *id,
				   bool *again)
{
	struct sluice_segment *segment;
	struct sluice_span span;

	*again = feeder->returned > 0;
	if (*again)
		return take_returned(feeder, id);
	if (feeder->next - feeder->first >= SLUICE_FEEDER_SEGMENTS)
		return NULL;
	bytes = fresh_bytes(feeder, bytes);
	if (!bytes || feeder->taken >= feeder->limit ||
	    !sluice_ring_span(feeder->ring, feeder->taken, feeder->taken_sequence, bytes, &span))
		return NULL;
	*id = feeder->next++;
	segment = sluice_feeder_slot(feeder, *id);
	segment->start = span.start;
	segment->end = span.end;
	segment->count = span.count;
	segment->told = 0;
	segment->is_unsent = span.end > feeder->sent;
	feeder->taken = span.end;
	feeder->taken_sequence += span.count;
	return segment;
}

/* What is behind `end` counts as never taken. */
static bool cut(struct sluice_feeder *feeder, struct sluice_segment *segment, uint64_t end,
		uint64_t count)
{
	if (feeder->taken != segment->end)
		return false;
	feeder->taken = end;
	feeder->taken_sequence -= segment->count - count;
	return true;
}

/* See sluice_feeder_acknowledge(). */
static uint64_t acknowledge(struct sluice_feeder *feeder, uint64_t start, uint64_t end, bool ahead)
{
	uint64_t most = ahead ? sluice_ring_head(feeder->ring) : feeder->taken;
	struct sluice_segment *segment;
	uint64_t id, stray = 0;
	bool parted;

	if (end > most)
		end = most;
	if (start < sluice_feeder_acked(feeder))
		start = sluice_feeder_acked(feeder);
	if (start >= end)
		return 0;
	/* Parts are remembered first, so that a segment is looked at with all that is known of it.
	 */
	id = sluice_feeder_find(feeder, start);
	parted = end > feeder->taken ||
		 (id < feeder->next && sluice_feeder_slot(feeder, id)->start < start);
	id = sluice_feeder_find(feeder, end - 1);
	parted |= id < feeder->next && sluice_feeder_slot(feeder, id)->end > end;
	/* Without memory the receiver will have to say it again, or get it again: nothing is lost.
	 */
	if (parted || feeder->known.count)
		(void)sluice_ranges_add(&feeder->known, start, end);
	for (id = sluice_feeder_find(feeder, start);
	     id < feeder->next && sluice_feeder_slot(feeder, id)->start < end; id++) {
		segment = sluice_feeder_slot(feeder, id);
		if (segment->state == SLUICE_SEGMENT_DONE)
			continue;
		if ((segment->start >= start && segment->end <= end) ||
		    (feeder->known.count &&
		     sluice_ranges_covers(&feeder->known, segment->start, segment->end)))
			stray += sluice_feeder_complete(feeder, segment);
	}
	sluice_feeder_advance(feeder);
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

/* What of a segment that came back lies on the disk goes to the backlog; the rest waits here to be
 * taken again. */
static void came_back(struct sluice_feeder *feeder, struct sluice_segment *segment, uint64_t start,
		      uint64_t count)
{
	uint64_t border = feeder->floor, before;

	if (start > segment->start && segment->start < border)
		sluice_backlog_acknowledge(feeder->backlog, segment->start,
					   start < border ? start : border);
	if (start < border && feeder->backlog) {
		sluice_backlog_add(feeder->backlog, start,
				   segment->end < border ? segment->end : border, false,
				   segment->is_unsent);
		if (segment->end <= border) {
			sluice_unheard_add(&feeder->backlog->unheard, start, segment->end, count);
			segment->state = SLUICE_SEGMENT_DONE;
			return;
		}
		before = count;
		count = count_records(feeder, border, segment->end);
		sluice_unheard_add(&feeder->backlog->unheard, start, border, before - count);
		start = border;
	}
	segment->start = start;
	segment->count = count;
	segment->state = SLUICE_SEGMENT_RETURNED;
	feeder->recount = true;
	feeder->returned++;
}

bool sluice_ring_feeder_let_go(struct sluice_feeder *feeder, uint64_t end)
{
	struct sluice_segment *segment;
	uint64_t id;

	for (id = feeder->first; id < feeder->next; id++) {
		segment = sluice_feeder_slot(feeder, id);
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

/* [start, end), which nobody took, goes to the backlog. What an earlier daemon may have sent of it
 * is told apart. */
static void give_untaken(struct sluice_feeder *feeder, uint64_t start, uint64_t end)
{
	uint64_t border = feeder->sent < end ? feeder->sent : end;

	border = border > start ? border : start;
	if (border > start)
		sluice_backlog_add(feeder->backlog, start, border, true, false);
	sluice_backlog_add(feeder->backlog, border, end, true, true);
}

void sluice_ring_feeder_yield(struct sluice_feeder *feeder, uint64_t end, uint64_t sequence,
			      uint64_t serial)
{
	uint64_t at = feeder->floor, upto, moved, id;
	struct sluice_segment *segment;
	struct sluice_range hole;

	if (!feeder->backlog || end <= feeder->floor)
		return;
	feeder->backlog->serial = serial;
	for (id = feeder->first; id < feeder->next; id++) {
		segment = sluice_feeder_slot(feeder, id);
		if (segment->start >= end)
			break;
		/* What lies before the first, or between two, was acknowledged. */
		if (segment->start > at) {
			sluice_backlog_acknowledge(feeder->backlog, at, segment->start);
			at = segment->start;
		}
		upto = segment->end < end ? segment->end : end;
		if (segment->state == SLUICE_SEGMENT_DONE && upto > at)
			sluice_backlog_acknowledge(feeder->backlog, at, upto);
		if (segment->state == SLUICE_SEGMENT_RETURNED) {
			sluice_backlog_add(feeder->backlog, at, upto, true, segment->is_unsent);
			moved = segment->count;
			if (segment->end <= end) {
				segment->state = SLUICE_SEGMENT_DONE;
				feeder->returned--;
			} else {
				segment->start = end;
				segment->count = count_records(feeder, end, segment->end);
				moved -= segment->count;
			}
			sluice_unheard_add(&feeder->backlog->unheard, at, upto, moved);
		}
		if (upto > at)
			at = upto;
	}
	if (feeder->taken < end) {
		if (feeder->taken > at)
			sluice_backlog_acknowledge(feeder->backlog, at, feeder->taken);
		at = feeder->taken;
		while (sluice_ranges_hole(&feeder->known, at, end, &hole)) {
			if (hole.start > at)
				sluice_backlog_acknowledge(feeder->backlog, at, hole.start);
			give_untaken(feeder, hole.start, hole.end);
			at = hole.end;
		}
		if (at < end)
			sluice_backlog_acknowledge(feeder->backlog, at, end);
		feeder->taken = end;
		feeder->taken_sequence = sequence;
	} else if (at < end) {
		/* Every segment up to `taken` is done. */
		sluice_backlog_acknowledge(feeder->backlog, at, end);
	}
	feeder->floor = end;
	feeder->floor_sequence = sequence;
	feeder->recount = true;
	sluice_feeder_advance(feeder);
}

void sluice_ring_feeder_close(struct sluice_feeder *feeder)
{
	if (!feeder)
		return;
	free(feeder->segments);
	sluice_ranges_free(&feeder->known);
	memset(feeder, 0, sizeof(*feeder));
}

/* Ends one of sluice_ring_feeder_create(). */
static void destroy(struct sluice_feeder *feeder)
{
	if (feeder->beside) {
		feeder->beside->lead = NULL;
		feeder->beside->beside = NULL;
	}
	sluice_ring_feeder_close(feeder);
	free(feeder);
}

static const struct sluice_origin ring_origin = {
	.is_ring = true,
	.respects_older = respects_older,
	.keeps_younger = has_work,
	.has_work = has_work,
	.take = take,
	.cut = cut,
	.bytes = bytes_of,
	.done = done,
	.advanced = advanced,
	.acknowledge = acknowledge,
	.came_back = came_back,
	.destroy = destroy,
};

/* Where that begins which the cursor says lies on the disk; UINT64_MAX: nothing does, or it says
 * what cannot be. */
static uint64_t find_elsewhere(const struct sluice_feeder *feeder)
{
	uint64_t waiting = feeder->cursor->reserved[SLUICE_CURSOR_WAITING];
	uint64_t floor = feeder->cursor->reserved[SLUICE_CURSOR_FLOOR];

	return waiting > 1 && floor && floor <= feeder->taken ? floor - 1 : UINT64_MAX;
}

int sluice_ring_feeder_open(struct sluice_feeder *feeder, struct sluice_ring *ring,
			    const sluice_guid output, bool *repaired)
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
	feeder->origin = &ring_origin;
	feeder->lead = feeder;
	feeder->ring = ring;
	feeder->taken = start;
	feeder->elsewhere = find_elsewhere(feeder);
	feeder->limit = UINT64_MAX;
	/* Whoever fed from here before us may have sent all of it, and was killed before the cursor
	 * said so. */
	feeder->sent = sluice_ring_head(ring);
	return 0;
}

int sluice_ring_feeder_create(struct sluice_ring *ring, const sluice_guid output,
			      struct sluice_feeder **result, bool *repaired)
{
	struct sluice_feeder *feeder = malloc(sizeof(*feeder));
	int error;

	if (!feeder)
		return -ENOMEM;
	error = sluice_ring_feeder_open(feeder, ring, output, repaired);
	if (error)
		free(feeder);
	else
		*result = feeder;
	return error;
}
