// SPDX-License-Identifier: MIT
/*
 * What waits for one output in one stream's ring; see waiting.h. Touches: the ring, read only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/record.h"
#include "waiting.h"

#define MASK (SLUICE_FEEDER_SEGMENTS - 1U)

void sluice_waiting_free(struct sluice_waiting *waiting)
{
	free(waiting->inputs);
	memset(waiting, 0, sizeof(*waiting));
}

/* Adds `datagrams` of `input`. 0 or -ENOMEM: then only the sum has them. */
static int add(struct sluice_waiting *waiting, uint16_t input, uint64_t datagrams)
{
	struct sluice_waiting_input *inputs;
	size_t number;

	waiting->datagrams += datagrams;
	for (number = 0; number < waiting->input_count; number++)
		if (waiting->inputs[number].input == input)
			break;
	if (number == waiting->input_count) {
		inputs = reallocarray(waiting->inputs, number + 1, sizeof(*inputs));
		if (!inputs)
			return -ENOMEM;
		waiting->inputs = inputs;
		inputs[number] = (struct sluice_waiting_input){.input = input};
		waiting->input_count++;
	}
	waiting->inputs[number].datagrams += datagrams;
	return 0;
}

int sluice_waiting_count(struct sluice_waiting *waiting, const uint8_t *records, size_t length)
{
	struct sluice_record_view view;
	size_t at;
	int result = 0;

	for (at = 0; at < length; at += view.span) {
		if (sluice_record_read(records + at, length - at, &view))
			break;
		waiting->bytes += view.span;
		if (view.type != SLUICE_RECORD_DATA)
			continue;
		if (!waiting->oldest_ns || view.time_ns < waiting->oldest_ns)
			waiting->oldest_ns = view.time_ns;
		if (add(waiting, view.input, 1))
			result = -ENOMEM;
	}
	return result;
}

/* Counts what lies in [start, end) of the ring; both are boundaries. 0 or -ENOMEM. */
static int count_part(const struct sluice_feeder *feeder, uint64_t start, uint64_t end,
		      struct sluice_waiting *waiting)
{
	return sluice_waiting_count(waiting, sluice_ring_at(feeder->ring, start),
				    (size_t)(end - start));
}

int sluice_waiting_in_ring(const struct sluice_feeder *feeder, struct sluice_waiting *waiting)
{
	uint64_t id, start, head = sluice_ring_head(feeder->ring);
	struct sluice_range hole;
	int result = 0;

	if (!sluice_feeder_is_of_ring(feeder))
		return 0;
	for (id = feeder->first; id < feeder->next; id++) {
		const struct sluice_segment *segment = &feeder->segments[id & MASK];

		start = segment->start > feeder->floor ? segment->start : feeder->floor;
		if (segment->state != SLUICE_SEGMENT_DONE && !segment->covered &&
		    start < segment->end && count_part(feeder, start, segment->end, waiting))
			result = -ENOMEM;
	}
	start = feeder->taken;
	while (start < head && sluice_ranges_hole(&feeder->known, start, head, &hole)) {
		if (count_part(feeder, hole.start, hole.end, waiting))
			result = -ENOMEM;
		start = hole.end;
	}
	return result;
}
