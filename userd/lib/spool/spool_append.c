// SPDX-License-Identifier: MIT
/*
 * Frames are appended, and segments begun for them. With `drop: oldest` this is also where the
 * oldest segment is given up for a new one. See spool_inner.h. Touches: the segments' files, the
 * catalog.
 */
#include <errno.h>
#include "spool_format.h"
#include "spool_inner.h"

/* One segment more than the configuration wants: its place, or SIZE_MAX. */
static size_t make_extra(struct sluice_spool *spool)
{
	size_t place;

	/* One: a disk that fails would make them without end. If it did, that one is tried again.
	 */
	for (place = 0; place < spool->segment_count; place++) {
		const struct sluice_spool_segment *segment = &spool->segments[place];

		if (!segment->is_extra || !segment->size)
			continue;
		return segment->use == SLUICE_SPOOL_IS_ABANDONED && !segment->live &&
				       sluice_spool_now() >= segment->rests_until
			       ? place
			       : SIZE_MAX;
	}
	if (sluice_spool_segment_make(spool, sluice_spool_segment_fresh_number(spool, 0),
				      spool->segment_size))
		return SIZE_MAX;
	sluice_spool_sync_directory(spool);
	place = spool->segment_count - 1;
	spool->segments[place].is_surplus = true;
	spool->segments[place].is_extra = true;
	return place;
}

/* Begins a segment; where the oldest is to be dropped, sees to it that there is another one to be
 * begun after it. */
static int begin_next(struct sluice_spool *spool)
{
	size_t place = sluice_spool_choose_segment(spool);
	int error;

	/* It came to be full before it was told to drop: for a time it takes more room than it has.
	 */
	if (place == SIZE_MAX && spool->drops_oldest && !sluice_spool_resting(spool))
		place = make_extra(spool);
	error = sluice_spool_begin_segment(spool, place);
	while (!error && spool->drops_oldest && !sluice_spool_has_spare(spool) &&
	       !sluice_spool_resting(spool)) {
		error = sluice_spool_give_up(spool);
		/* This one at least can be written, unless that is what failed. */
		if (error == -ENOENT || error == -ENOSPC)
			return spool->active == SIZE_MAX ? error : 0;
	}
	return error;
}

int sluice_spool_append(struct sluice_spool *spool, struct sluice_spool_log *log,
			const struct sluice_spool_frame *frame, const void *payload,
			const sluice_guid *outputs, size_t output_count)
{
	size_t head_length = sizeof(struct sluice_spool_frame_head) + 16 * output_count;
	int error;

	if (!spool || !log || !frame || !payload || !outputs || !output_count)
		return -EINVAL;
	if (spool->look)
		return spool->is_read_only ? spool->write_error : -EINVAL;
	if (output_count > SLUICE_SPOOL_OUTPUTS || frame->length > SLUICE_SPOOL_PAYLOAD_MAX ||
	    frame->offset + frame->span < frame->offset)
		return -E2BIG;
	if (spool->active != SIZE_MAX &&
	    !sluice_spool_fits(spool, sluice_spool_frame_bytes(head_length, frame->length),
			       head_length)) {
		error = sluice_spool_seal_segment(spool);
		if (error)
			return error;
	}
	if (spool->active == SIZE_MAX) {
		error = begin_next(spool);
		if (error)
			return error;
	}
	return sluice_spool_put_frame(spool, log, frame, payload, outputs, output_count);
}
