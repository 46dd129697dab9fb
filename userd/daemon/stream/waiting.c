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

int sluice_waiting_add(struct sluice_waiting *waiting, uint16_t input, uint64_t datagrams)
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
		if (sluice_waiting_add(waiting, view.input, 1))
			result = -ENOMEM;
	}
	return result;
}

/*
 * Calls `each` for every part of the ring that the output has not got, lowest first. Returns the
 * sum of what it returned.
 */
static uint64_t each_part(const struct sluice_feeder *feeder,
			  uint64_t (*each)(void *context, const struct sluice_feeder *feeder,
					   uint64_t start, uint64_t end),
			  void *context)
{
	uint64_t id, start, sum = 0, head = sluice_ring_head(feeder->ring);
	struct sluice_range hole;

	for (id = feeder->first; id < feeder->next; id++) {
		const struct sluice_segment *segment = &feeder->segments[id & MASK];

		start = segment->start > feeder->floor ? segment->start : feeder->floor;
		if (segment->state != SLUICE_SEGMENT_DONE && !segment->covered &&
		    start < segment->end)
			sum += each(context, feeder, start, segment->end);
	}
	start = feeder->taken;
	while (start < head && sluice_ranges_hole(&feeder->known, start, head, &hole)) {
		sum += each(context, feeder, hole.start, hole.end);
		start = hole.end;
	}
	return sum;
}

/* Counts one part. */
static uint64_t count_part(void *context, const struct sluice_feeder *feeder, uint64_t start,
			   uint64_t end)
{
	return sluice_waiting_count(context, sluice_ring_at(feeder->ring, start),
				    (size_t)(end - start)) != 0;
}

int sluice_waiting_in_ring(const struct sluice_feeder *feeder, struct sluice_waiting *waiting)
{
	return feeder->cursor && each_part(feeder, count_part, waiting) ? -ENOMEM : 0;
}

/* The length of one part. */
static uint64_t measure_part(void *context, const struct sluice_feeder *feeder, uint64_t start,
			     uint64_t end)
{
	(void)context;
	(void)feeder;
	return end - start;
}

uint64_t sluice_waiting_bytes(const struct sluice_feeder *feeder)
{
	return feeder->cursor ? each_part(feeder, measure_part, NULL) : 0;
}
