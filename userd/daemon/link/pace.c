// SPDX-License-Identifier: MIT
/*
 * Pacing; see pace.h. Touches: the pacer, atomically.
 */
#include "../../lib/barrier.h"
#include "../loop/worker.h"
#include "pace.h"

/* A worker that comes late may make up for so much: what a busy machine delays its threads by, and
 * little enough not to be seen as a burst over a second (1 %). */
#define SLACK_NS (10 * SLUICE_NS_PER_MS)
/* A portion is what may go at once: what the rate allows in so long, but at least a few packets.
 * Where a few packets would last longer than this, the rate would look uneven (with the slack 1.6 %
 * of a second), so the portion is smaller then. One record goes in any case. */
#define PORTION_NS (4 * SLUICE_NS_PER_MS)
#define PORTION_LEAST 4096U
#define PORTION_MOST_NS (6 * SLUICE_NS_PER_MS)

void sluice_pacer_set(struct sluice_pacer *pacer, uint64_t rate)
{
	sluice_store_relaxed(&pacer->rate, rate);
}

uint64_t sluice_pacer_due(const struct sluice_pacer *pacer)
{
	return sluice_load_relaxed(&pacer->rate) ? sluice_load_relaxed(&pacer->due) : 0;
}

void sluice_pacer_charge(struct sluice_pacer *pacer, size_t bytes, uint64_t now)
{
	uint64_t rate = sluice_load_relaxed(&pacer->rate), due, from, takes;

	if (!rate)
		return;
	takes = (uint64_t)((double)bytes * 8 * SLUICE_NS_PER_S / (double)rate);
	due = sluice_load_relaxed(&pacer->due);
	/* Only the sum matters, and it orders nothing else: relaxed. */
	do {
		from = due + SLACK_NS > now ? due : now - SLACK_NS;
	} while (!__atomic_compare_exchange_n(&pacer->due, &due, from + takes, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

/* The bytes that `rate` (bits a second) lets go in `ns`, of some milliseconds. */
static uint64_t bytes_in(uint64_t rate, uint64_t ns)
{
	return rate / 8 * (ns / SLUICE_NS_PER_US) / 1000000;
}

size_t sluice_pacer_portion(const struct sluice_pacer *pacer, size_t most)
{
	uint64_t rate = sluice_load_relaxed(&pacer->rate), bytes;

	if (!rate)
		return most;
	bytes = bytes_in(rate, PORTION_NS);
	if (bytes < PORTION_LEAST) {
		bytes = bytes_in(rate, PORTION_MOST_NS);
		if (bytes > PORTION_LEAST)
			bytes = PORTION_LEAST;
	}
	/* A portion of no bytes would never be sent. */
	if (!bytes)
		bytes = 1;
	return bytes < most ? (size_t)bytes : most;
}
