// SPDX-License-Identifier: MIT
/*
 * What the measuring behind `sluicectl show cost` takes of a worker's time where a round is not
 * measured, and where it is, without anything else: rounds with the calls of a busy worker, and
 * nothing between them. In a machine with --icount a nanosecond is an instruction, elsewhere it is
 * a nanosecond. `make bench-cost`; see tests/bench/cost. Touches: the clocks, standard output.
 *
 *   cost_count [ROUNDS]
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "../../userd/lib/clock.h"
#include "../../userd/lib/cost.h"
#include "../../userd/lib/thread.h"

/* Stages that a round enters, and counts that it makes, where datagrams came and went: receiving
 * (twice: the beat, and the ring of it), storing, building, sending, acknowledging (twice) and the
 * spool; stored, built, sent, acknowledged. */
#define STAGES 8U
#define COUNTS 4U
/* Datagrams of a batch. */
#define BATCH 100U

/* The optimizer keeps everything before behind this. */
#define STAYS() __asm__ volatile("" ::: "memory")

/* Rounds of a worker that is busy, as cost.h sees them. */
static void run_rounds(uint64_t rounds, struct sluice_cost_item *item)
{
	struct sluice_cost_mark before;
	uint64_t now = sluice_now();
	unsigned int number;

	while (rounds--) {
		sluice_cost_round(now);
		sluice_cost_wait_begin();
		sluice_cost_wait_end();
		for (number = 0; number < STAGES; number++) {
			before = sluice_cost_enter(SLUICE_COST_SEND, item);
			STAYS();
			sluice_cost_leave(before);
			STAYS();
		}
		for (number = 0; number < COUNTS; number++) {
			sluice_cost_count(SLUICE_COST_SEND, 1, 1);
			STAYS();
		}
		STAYS();
	}
}

/* The same loop with nothing of it. */
static void run_nothing(uint64_t rounds)
{
	unsigned int number;

	while (rounds--) {
		for (number = 0; number < 2 * STAGES + COUNTS; number++)
			STAYS();
		STAYS();
	}
}

/* Batches, whose datagrams are asked whether they are looked at if `asks`. */
static void run_batches(uint64_t batches, bool asks)
{
	unsigned int place, look;

	while (batches--) {
		look = asks ? sluice_cost_first_look() : 0;
		for (place = 0; place < BATCH; place++) {
			if (asks && place == look) {
				sluice_cost_look();
				look += SLUICE_COST_NEAR;
			}
			STAYS();
		}
		if (asks)
			sluice_cost_near_end();
	}
}

/* Prints the results. 0, or 1: bad arguments, or no memory. */
int main(int count, char **words)
{
	uint64_t rounds = count > 1 ? strtoull(words[1], NULL, 10) : 200000, begun, nothing, all;
	static struct sluice_cost_item item;
	uint64_t batched = rounds / BATCH * BATCH;
	struct sluice_thread *self;

	self = sluice_thread_begin(SLUICE_THREAD_WORKER, "cost", NULL, NULL);
	if (!self || !rounds)
		return 1;
	run_rounds(rounds, &item);
	begun = sluice_now();
	run_nothing(rounds);
	nothing = sluice_now() - begun;
	/* None is measured meanwhile. */
	self->cost.is_sampled = false;
	self->cost.left = UINT32_MAX;
	self->cost.due = UINT64_MAX;
	begun = sluice_now();
	run_rounds(rounds, &item);
	all = sluice_now() - begun;
	printf("RESULT method=cost-count what=round each=%.1f\n",
	       (double)(all - nothing) / (double)rounds);
	begun = sluice_now();
	run_batches(rounds / BATCH, false);
	nothing = sluice_now() - begun;
	begun = sluice_now();
	run_batches(rounds / BATCH, true);
	all = sluice_now() - begun;
	printf("RESULT method=cost-count what=datagram each=%.2f\n",
	       (double)(all - nothing) / (double)batched);
	sluice_thread_end();
	return 0;
}
