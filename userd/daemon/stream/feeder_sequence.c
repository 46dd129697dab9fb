// SPDX-License-Identifier: MIT
/*
 * How many records lie before the place at which an output of a ring goes on, for who comes after us (ring_twin.h). Beside feeder.c.
 * Touches: the feeder.
 */
#include "feeder.h"

#define MASK (SLUICE_FEEDER_SEGMENTS - 1U)

/* Records in the segments [from, upto), done or not. */
static uint64_t sum(const struct sluice_feeder *feeder, uint64_t from, uint64_t upto)
{
	uint64_t records = 0;

	for (; from < upto; from++)
		records += feeder->segments[from & MASK].count;
	return records;
}

uint64_t sluice_feeder_need_sequence(struct sluice_feeder *feeder)
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
