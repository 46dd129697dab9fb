// SPDX-License-Identifier: MIT
/*
 * Does the disk still have what the ring's cursors say lies there? A store that was emptied, moved
 * or is not mounted is no fresh start. See disk_side.h. Touches: the ring's consumer page; the
 * store, which the caller holds.
 */
#include <string.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../stream/ring_feeder.h"
#include "disk_side.h"

void sluice_disk_check_note(struct sluice_feeder *feeder)
{
	struct sluice_backlog *backlog = feeder->backlog;
	uint64_t waiting = sluice_feeder_on_disk(feeder), floor;

	if (!waiting && feeder->first == feeder->next) {
		/* It has all before this, and we know how many records that is. */
		backlog->known_at = feeder->taken;
		backlog->known_sequence = feeder->taken_sequence;
		backlog->is_known = true;
	}
	floor = waiting ? sluice_feeder_floor(feeder) : sluice_feeder_acked(feeder);
	sluice_store_relaxed(&feeder->cursor->reserved[SLUICE_CURSOR_WAITING], waiting + 1);
	sluice_store_relaxed(&feeder->cursor->reserved[SLUICE_CURSOR_FLOOR], floor + 1);
	sluice_store_relaxed(
		&feeder->cursor->reserved[SLUICE_CURSOR_FLOOR_SEQUENCE],
		backlog->is_known && backlog->known_at == floor ? backlog->known_sequence + 1 : 0);
}

void sluice_disk_check(struct sluice_stream *stream, struct sluice_feeder *feeder,
		       struct sluice_spool *spool, struct sluice_spool_log *log, uint64_t found)
{
	const struct sluice_ring_cursor *cursor = feeder->cursor;
	uint64_t waiting = cursor->reserved[SLUICE_CURSOR_WAITING],
		 floor = cursor->reserved[SLUICE_CURSOR_FLOOR];
	uint64_t sequence = cursor->reserved[SLUICE_CURSOR_FLOOR_SEQUENCE], limit = feeder->taken,
		 records = 0;
	bool is_known;

	/* Nothing is said, or it cannot be: the cursor was damaged. */
	if (!waiting-- || !floor-- || floor > limit || waiting > limit - floor)
		return;
	/* More records than have room there are a damaged number. */
	is_known = sequence > 0 && sequence - 1 <= feeder->taken_sequence &&
		   feeder->taken_sequence - (sequence - 1) <=
			   (limit - floor) / sizeof(struct sluice_record);
	if (is_known) {
		feeder->backlog->known_at = floor;
		feeder->backlog->known_sequence = sequence - 1;
		feeder->backlog->is_known = true;
		records = feeder->taken_sequence - (sequence - 1);
	}
	if (found >= waiting)
		return;
	is_known = sluice_spool_miss(spool, log, cursor->output, floor, limit, waiting - found,
				     is_known ? &records : NULL);
	if (is_known)
		sluice_error_about(
			SLUICE_ABOUT(.route = stream->name, .cpu = SLUICE_NUMBER(stream->cpu),
				     .bytes = SLUICE_NUMBER(waiting - found),
				     .datagrams = SLUICE_NUMBER(records)),
			"the store on the disk lacks %llu bytes that the ring of route `%s`, "
			"CPU %u, "
			"says lie there: is `store.disk.path` the same, and mounted? %llu "
			"records are lost; GAP records say so in their place",
			(unsigned long long)(waiting - found), stream->name, stream->cpu,
			(unsigned long long)records);
	else
		sluice_error_about(
			SLUICE_ABOUT(.route = stream->name, .cpu = SLUICE_NUMBER(stream->cpu),
				     .bytes = SLUICE_NUMBER(waiting - found)),
			"the store on the disk lacks %llu bytes that the ring of route `%s`, CPU "
			"%u, "
			"says lie there: is `store.disk.path` the same, and mounted? An unknown "
			"number of records is lost",
			(unsigned long long)(waiting - found), stream->name, stream->cpu);
	if (!is_known && stream->ring.writer)
		sluice_ring_lose_unknown(&stream->ring, 0, SLUICE_LOST_DISK);
}

void sluice_disk_check_tell_older(struct sluice_stream *stream, uint64_t last)
{
	sluice_error_about(
		SLUICE_ABOUT(.route = stream->name, .cpu = SLUICE_NUMBER(stream->cpu)),
		"the ring of route `%s`, CPU %u, ends at %llu, but the store on the disk goes on "
		"to %llu: is the ring a copy of an earlier moment? An unknown number of "
		"datagrams is lost",
		stream->name, stream->cpu, (unsigned long long)sluice_ring_head(&stream->ring),
		(unsigned long long)last);
	if (stream->ring.writer)
		sluice_ring_lose_unknown(&stream->ring, 0, SLUICE_LOST_DISK);
}
