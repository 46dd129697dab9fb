// SPDX-License-Identifier: MIT
/*
 * What feeders of every origin have in common; see feeder.h. In one worker, never shared. Touches:
 * its own memory; allocates only when an acknowledgement covers a part of a segment.
 */
#include <stdlib.h>
#include <string.h>
#include "feeder.h"

_Static_assert(!(SLUICE_FEEDER_SEGMENTS & (SLUICE_FEEDER_SEGMENTS - 1)), "a power of two");

void sluice_feeder_destroy(struct sluice_feeder *feeder)
{
	if (feeder)
		feeder->origin->destroy(feeder);
}

void sluice_feeder_wake(const struct sluice_feeder *feeder)
{
	if (feeder->output && feeder->user)
		feeder->user->look(feeder->output);
}

uint64_t sluice_feeder_floor(const struct sluice_feeder *feeder)
{
	uint64_t least = sluice_feeder_acked(feeder->lead), waiting, id;
	const struct sluice_feeder *disk = feeder->lead->beside;

	/* A receiver that is told of a higher one takes what waits there for what it has. */
	if (!disk)
		return feeder->lead->elsewhere < least ? feeder->lead->elsewhere : least;
	waiting = sluice_backlog_least(disk->backlog);
	if (waiting < least)
		least = waiting;
	for (id = disk->first; id < disk->next; id++) {
		const struct sluice_segment *segment = sluice_feeder_segment(disk, id);

		if (segment && segment->start < least)
			least = segment->start;
	}
	return least;
}

uint64_t sluice_feeder_on_disk(const struct sluice_feeder *feeder)
{
	const struct sluice_feeder *disk = feeder->origin->is_ring ? feeder->beside : feeder;
	uint64_t bytes, id;

	if (!disk)
		return 0;
	bytes = sluice_backlog_bytes(disk->backlog);
	for (id = disk->first; id < disk->next; id++) {
		const struct sluice_segment *segment = sluice_feeder_segment(disk, id);

		if (segment)
			bytes += segment->end - segment->start;
	}
	return bytes;
}

const uint8_t *sluice_feeder_bytes(const struct sluice_feeder *feeder,
				   const struct sluice_segment *segment)
{
	return feeder->origin->bytes(feeder, segment);
}

bool sluice_feeder_is_of(const struct sluice_feeder *feeder, const sluice_guid stream,
			 uint64_t epoch)
{
	return feeder->ring->producer->epoch == epoch &&
	       sluice_guid_equal(feeder->ring->producer->stream, stream);
}

bool sluice_feeder_keeps_younger(const struct sluice_feeder *feeder)
{
	return feeder->origin->keeps_younger(feeder);
}

bool sluice_feeder_respects_older(const struct sluice_feeder *feeder)
{
	return feeder->origin->respects_older(feeder);
}

bool sluice_feeder_has_work(const struct sluice_feeder *feeder)
{
	return feeder->origin->has_work(feeder);
}

bool sluice_feeder_look(struct sluice_feeder *feeder)
{
	if (feeder->origin->look)
		feeder->origin->look(feeder);
	return feeder->origin->has_work(feeder);
}

void sluice_feeder_advance(struct sluice_feeder *feeder)
{
	while (feeder->first < feeder->next &&
	       sluice_feeder_slot(feeder, feeder->first)->state == SLUICE_SEGMENT_DONE)
		feeder->first++;
	if (feeder->known.count)
		feeder->origin->advanced(feeder);
}

/* Takes a segment off its carrier's account. */
static void unload(struct sluice_segment *segment)
{
	segment->carrier->bytes -= sluice_segment_bytes(segment);
	segment->carrier->segments--;
	segment->carrier = NULL;
}

uint64_t sluice_feeder_complete(struct sluice_feeder *feeder, struct sluice_segment *segment)
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
	feeder->origin->done(feeder, segment);
	return stray;
}

struct sluice_segment *sluice_feeder_take(struct sluice_feeder *feeder, size_t bytes,
					  struct sluice_carrier *carrier, uint64_t *id, bool *again)
{
	struct sluice_segment *segment;

	if (feeder->beside && feeder->beside->origin->other_had_turn)
		feeder->beside->origin->other_had_turn(feeder->beside);
	segment = feeder->origin->take(feeder, bytes, id, again);
	if (!segment)
		return NULL;
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

	/* Only the newest can be cut: it alone has nothing behind it. A returned one fitted before.
	 */
	if (!segment || id + 1 != feeder->next || end <= segment->start || end > segment->end ||
	    segment->told || !feeder->origin->cut(feeder, segment, end, count))
		return false;
	segment->carrier->bytes -= segment->end - end;
	segment->end = end;
	segment->count = count;
	return true;
}

/* The segment's bytes are read no more. */
static void unpin(struct sluice_feeder *feeder, struct sluice_segment *segment)
{
	segment->pinned = false;
	if (feeder->origin->unpinned)
		feeder->origin->unpinned(segment);
}

void sluice_feeder_unpin(struct sluice_feeder *feeder, uint64_t id)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);

	if (!segment)
		return;
	unpin(feeder, segment);
	if (segment->covered) {
		(void)sluice_feeder_complete(feeder, segment);
		sluice_feeder_advance(feeder);
	}
}

void sluice_feeder_finish(struct sluice_feeder *feeder, uint64_t id)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);

	if (!segment)
		return;
	(void)sluice_feeder_complete(feeder, segment);
	sluice_feeder_advance(feeder);
}

uint64_t sluice_feeder_find(const struct sluice_feeder *feeder, uint64_t offset)
{
	uint64_t low = feeder->first, high = feeder->next, middle;

	/* Those from the disk are in the order in which they were read. */
	if (!feeder->origin->is_ring)
		return low;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (sluice_feeder_slot(feeder, middle)->end > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void sluice_feeder_sends(struct sluice_feeder *feeder, uint64_t id)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);

	if (!segment)
		return;
	segment->is_unsent = false;
	if (segment->end > feeder->lead->sent)
		feeder->lead->sent = segment->end;
}

void sluice_feeder_change_hands(struct sluice_feeder *feeder)
{
	uint64_t id = feeder->first;

	while (id < feeder->next)
		sluice_feeder_slot(feeder, id++)->is_unsent = false;
	if (!feeder->origin->is_ring)
		sluice_backlog_change_hands(feeder->backlog);
	if (feeder->sent < sluice_ring_head(feeder->ring))
		feeder->sent = sluice_ring_head(feeder->ring);
}

bool sluice_feeder_can_have(const struct sluice_feeder *feeder, uint64_t start, uint64_t end)
{
	const struct sluice_segment *segment;
	uint64_t id;

	if (end < start || (end > feeder->lead->sent && end > sluice_feeder_floor(feeder->lead)) ||
	    (!feeder->origin->is_ring && !sluice_backlog_can_have(feeder->backlog, start, end)))
		return false;
	for (id = sluice_feeder_find(feeder, start); id < feeder->next; id++) {
		segment = sluice_feeder_slot(feeder, id);
		if (feeder->origin->is_ring && segment->start >= end)
			break;
		if (segment->state != SLUICE_SEGMENT_DONE && segment->is_unsent &&
		    segment->start < end && segment->end > start)
			return false;
	}
	return true;
}

uint64_t sluice_feeder_acknowledge(struct sluice_feeder *feeder, uint64_t start, uint64_t end,
				   bool ahead)
{
	return feeder->origin->acknowledge(feeder, start, end, ahead);
}

void sluice_feeder_return(struct sluice_feeder *feeder, uint64_t id, uint64_t start, uint64_t count)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);

	if (!segment || segment->state != SLUICE_SEGMENT_CARRIED || start < segment->start ||
	    start > segment->end)
		return;
	unpin(feeder, segment);
	if (segment->covered || start == segment->end) {
		(void)sluice_feeder_complete(feeder, segment);
	} else {
		segment->carrier->done += segment->count - count;
		unload(segment);
		feeder->origin->came_back(feeder, segment, start, count);
	}
	sluice_feeder_advance(feeder);
}

uint64_t sluice_feeder_return_all(struct sluice_feeder *feeder, struct sluice_carrier *carrier)
{
	struct sluice_segment *segment;
	uint64_t id, records = 0;

	for (id = feeder->first; id < feeder->next && carrier->segments; id++) {
		segment = sluice_feeder_slot(feeder, id);
		if (segment->state != SLUICE_SEGMENT_CARRIED || segment->carrier != carrier)
			continue;
		if (!segment->covered)
			records += segment->count;
		sluice_feeder_return(feeder, id, segment->start, segment->count);
	}
	return records;
}
