/* SPDX-License-Identifier: MIT */
/*
 * `sluiced --until-drained`: the daemon ends when all that its inputs read has ended and every
 * output has it. In the control thread; the engine is asked in the foreman's. Touches: stdout, at
 * the end.
 */
#ifndef SLUICE_DRAINED_H
#define SLUICE_DRAINED_H

#include <stdbool.h>
#include <stdint.h>
#include "engine/engine.h"
#include "foreman.h"

struct daemon;

struct sluice_drained {
	struct sluice_job job; /* first */
	struct sluice_engine *engine;
	struct daemon *daemon;
	bool is_wished;
	uint64_t looked; /* CLOCK_MONOTONIC */
	bool is_drained;
	char line[512]; /* what came and went, for the end */
};

/* Begins to look, if it is wished. SLUICE_EXIT_OK, or the status, told: an input never ends. */
int sluice_drained_begin(struct sluice_drained *drained, struct daemon *daemon);
/* How long the loop may sleep, in milliseconds; -1: as long as it likes. */
int sluice_drained_wait(const struct sluice_drained *drained);
/* Looks, when it is time. */
void sluice_drained_follow(struct sluice_drained *drained);
/* Prints what came and went, if all did. */
void sluice_drained_tell(const struct sluice_drained *drained);

#endif /* SLUICE_DRAINED_H */
