/* SPDX-License-Identifier: MIT */
/*
 * Steps of load: what a stream, an output or the daemon does because more comes than goes. Pure:
 * figures go in, a step comes out. Touches: nothing.
 *
 *   step       what it means                            reached                   left
 *   ---------  ---------------------------------------  ------------------------  ----------------
 *   normal     what comes goes at once
 *   batching   it waits in memory, and goes in larger   25% of the ring wait      below 12%
 *              writes
 *   disk       memory did not do: it waits on the disk  something waits there     nothing does
 *   losing     neither did that: datagrams are lost by  one more was lost         none was
 *              store.drop, and counted
 *
 * A step up is taken at once, a step down when nothing has spoken for the higher one for
 * SLUICE_LOAD_HOLD_NS. So what sways at a limit does not flap.
 */
#ifndef SLUICE_LOAD_STEP_H
#define SLUICE_LOAD_STEP_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/clock.h"

enum sluice_load_step {
	SLUICE_LOAD_NORMAL,
	SLUICE_LOAD_BATCHING,
	SLUICE_LOAD_DISK,
	SLUICE_LOAD_LOSING,
};

#define SLUICE_LOAD_HOLD_NS (5 * SLUICE_NS_PER_S)
/* Percent of a ring. */
#define SLUICE_LOAD_BATCHING_FROM 25U
#define SLUICE_LOAD_BATCHING_TO 12U

/* What is seen of one thing. */
struct sluice_load_look {
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	/* Percent of a ring that waits, of the fullest; more than 100 is allowed: the two ends are
	 * read one after the other */
	unsigned int memory;
	uint64_t disk; /* bytes that wait there */
	uint64_t lost; /* datagrams for want of room since the start; less than before: anew */
};

/* What is remembered of it. All zero: nothing yet. */
struct sluice_load_notes {
	bool is_known;
	enum sluice_load_step step;
	uint64_t since_ns;   /* when it came to it, CLOCK_MONOTONIC */
	uint64_t spoke_ns;   /* when something spoke for it last */
	uint64_t lost;	     /* at the last look */
	uint64_t lost_since; /* datagrams lost since it came to SLUICE_LOAD_LOSING */
};

/* Takes one more look. True: it is another step than before. What was lost before the first look is
 * nobody's news. @threadsafe but for `notes` */
bool sluice_load_judge(struct sluice_load_notes *notes, const struct sluice_load_look *look);
/* The name that a step has everywhere; a constant. @threadsafe */
const char *sluice_load_name(enum sluice_load_step step);

#endif /* SLUICE_LOAD_STEP_H */
