/* SPDX-License-Identifier: MIT */
/*
 * Looking for data instead of sleeping (`threads.busy-poll`), with a bounded share of a CPU. A
 * worker has credit, which grows by its share of the time that passes and shrinks by the time it
 * has looked, rounds in which nothing was found included. It looks until it has none, and then not
 * before it has some worth having: so of any second it looks for no more than its share and what it
 * had saved, which is a tenth of a second's share at most.
 *
 * Touches: nothing but its own memory.
 */
#ifndef SLUICE_BUSY_H
#define SLUICE_BUSY_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/clock.h"

/* For so long credit is saved. */
#define SLUICE_BUSY_SAVED_NS (100 * SLUICE_NS_PER_MS)

struct sluice_busy {
	uint64_t credit;    /* nanoseconds that it may look */
	uint64_t since;	    /* when that was reckoned; 0: never */
	uint64_t idle_from; /* since when it looks and finds nothing; 0: it does not */
	bool is_resting;    /* it has spent all */
};

/* The credit at `now`, in nanoseconds, with a share of `percent`, 0 to 100. */
static inline uint64_t sluice_busy_credit(struct sluice_busy *busy, uint64_t now,
					  unsigned int percent)
{
	uint64_t passed = busy->since && now > busy->since ? now - busy->since : 0;
	uint64_t most = SLUICE_BUSY_SAVED_NS / 100 * percent;

	busy->since = now;
	if (passed > SLUICE_BUSY_SAVED_NS)
		passed = SLUICE_BUSY_SAVED_NS;
	busy->credit += passed * percent / 100;
	if (busy->credit > most)
		busy->credit = most;
	if (busy->is_resting && busy->credit < most / 10)
		return 0;
	busy->is_resting = false;
	return busy->credit;
}

/* It has looked for `ns`. */
static inline void sluice_busy_spend(struct sluice_busy *busy, uint64_t ns)
{
	if (ns < busy->credit) {
		busy->credit -= ns;
		return;
	}
	busy->credit = 0;
	busy->is_resting = true;
}

#endif /* SLUICE_BUSY_H */
