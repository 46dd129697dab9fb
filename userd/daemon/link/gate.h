/* SPDX-License-Identifier: MIT */
/*
 * Who may try a destination that nobody is known to listen at, and when: one of all workers, and
 * not too often. For kinds whose only sign of that is ICMP: a host answers so no more than once a
 * second (net.ipv4.icmp_ratelimit, after some at once), and who asks more often takes silence for
 * consent. Beside the path of the data. Touches: itself, atomically.
 */
#ifndef SLUICE_GATE_H
#define SLUICE_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/barrier.h"
#include "../../lib/clock.h"

/* Of one destination; zeroed at first. Nothing is ordered by it: relaxed. */
struct sluice_gate {
	uint64_t is_open; /* 1: somebody listens there, as far as is known */
	uint64_t at;	  /* else: nobody tries before */
	uint64_t pause;	  /* the last one between two attempts; 0: none was refused */
};

#define SLUICE_GATE_FIRST_NS (200 * SLUICE_NS_PER_MS)
#define SLUICE_GATE_LEAST_NS (1250 * SLUICE_NS_PER_MS)
#define SLUICE_GATE_MOST_NS (5 * SLUICE_NS_PER_S)

/* Is somebody known to listen there? @threadsafe */
static inline bool sluice_gate_is_open(const struct sluice_gate *gate)
{
	return sluice_load_relaxed(&gate->is_open) != 0;
}

/* May the caller try? If so and it is not open, nobody else may for a while; if not, *at is when to
 * ask again. @threadsafe */
static inline bool sluice_gate_admits(struct sluice_gate *gate, uint64_t now, uint64_t *at)
{
	uint64_t pause = sluice_load_relaxed(&gate->pause), next;

	*at = sluice_load_relaxed(&gate->at);
	if (sluice_gate_is_open(gate))
		return true;
	if (now < *at)
		return false;
	next = now + (pause ? pause : SLUICE_GATE_FIRST_NS);
	if (__atomic_compare_exchange_n(&gate->at, at, next, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return true;
	return false;
}

/* Somebody listens there. @threadsafe */
static inline void sluice_gate_open(struct sluice_gate *gate)
{
	sluice_store_relaxed(&gate->pause, UINT64_C(0));
	sluice_store_relaxed(&gate->is_open, UINT64_C(1));
}

/* Nobody does: the next attempt comes after a pause that grows. @threadsafe */
static inline void sluice_gate_shut(struct sluice_gate *gate, uint64_t now)
{
	uint64_t pause = 2 * sluice_load_relaxed(&gate->pause);

	if (pause < SLUICE_GATE_LEAST_NS)
		pause = SLUICE_GATE_LEAST_NS;
	if (pause > SLUICE_GATE_MOST_NS)
		pause = SLUICE_GATE_MOST_NS;
	sluice_store_relaxed(&gate->is_open, UINT64_C(0));
	sluice_store_relaxed(&gate->pause, pause);
	sluice_store_relaxed(&gate->at, now + pause);
}

#endif /* SLUICE_GATE_H */
