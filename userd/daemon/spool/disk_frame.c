// SPDX-License-Identifier: MIT
/*
 * Where the records of a frame from the disk begin and end; see disk_feeder.h. Touches: nothing.
 */
#include "../../lib/record.h"
#include "disk_feeder.h"

bool sluice_disk_frame_walk(const struct sluice_disk_frame *frame, uint64_t start, uint64_t limit,
			    uint64_t *end, uint64_t *count)
{
	uint64_t at = frame->head.offset, last = frame->head.offset + frame->head.span;
	struct sluice_record_view view;

	*count = 0;
	while (at < last) {
		if (sluice_record_read(frame->payload + (at - frame->head.offset),
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
