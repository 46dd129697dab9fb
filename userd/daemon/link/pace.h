/* SPDX-License-Identifier: MIT */
/*
 * Pacing: a limit in bits a second that all workers share. What exceeds it waits, nothing is thrown
 * away. Beside the path of the data, looked at once per segment and only where a rate is
 * configured. Touches: itself.
 *
 * It is the leaky bucket as a clock (the generic cell rate algorithm of ITU-T I.371): `due` is when
 * the next byte may go; sending moves it by the time that the bytes take at the rate.
 */
#ifndef SLUICE_PACE_OUTPUT_H
#define SLUICE_PACE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/layout.h"

struct sluice_pacer {
	uint64_t rate; /* bits a second; 0: no limit */
	uint64_t due;  /* CLOCK_MONOTONIC nanoseconds */
} __attribute__((aligned(64)));

/* All workers write it: nothing else of theirs is beside it. */
SLUICE_HAS_ITS_LINES(struct sluice_pacer);

/* Sets another rate. @threadsafe */
void sluice_pacer_set(struct sluice_pacer *pacer, uint64_t rate);

/* When something may be sent: `now` or before, or later. @threadsafe */
uint64_t sluice_pacer_due(const struct sluice_pacer *pacer);

/* `bytes` are sent at `now`. @threadsafe */
void sluice_pacer_charge(struct sluice_pacer *pacer, size_t bytes, uint64_t now);

/* The most that should be sent in one go, `most` or less, so that the flow is even: some
 * milliseconds of it, 1 at least: who cannot send less than a record sends one. @threadsafe */
size_t sluice_pacer_portion(const struct sluice_pacer *pacer, size_t most);

#endif /* SLUICE_PACE_OUTPUT_H */
