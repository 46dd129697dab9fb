// SPDX-License-Identifier: MIT
/*
 * What a worker does in each round besides events and timers; see round.h. Over streams and
 * outputs, under the loop that calls it. Touches: streams and outputs of its worker.
 */
#include "../../lib/cost.h"
#include "../output/output.h"
#include "../stream/stream.h"
#include "round.h"

/* A timer that is due within this is a beat, if so many rounds in a row ended with one: with longer
 * ones there is little to save by not being woken in between. */
#define BEAT_NS (4 * SLUICE_NS_PER_MS)
#define BEATS 8U
/* How often outputs and streams have their turn in one round. */
#define TURNS 64U

/*
 * Lets the outputs send and the tails follow, until neither brings anything new. Where sockets
 * bring as much as outputs take that would be never: events and timers have their turn in between.
 */
static void pump(struct sluice_worker *worker)
{
	struct sluice_cost_mark before;
	unsigned int turn = 0;
	bool again;

	do {
		again = false;
		for_each_output (output, worker)
			if (output->group.has_work) {
				before = sluice_cost_enter(SLUICE_COST_BUILD, &output->group.cost);
				sluice_output_pump(output, worker->now);
				sluice_cost_leave(before);
			}
		before = sluice_cost_enter(SLUICE_COST_ACKNOWLEDGE, NULL);
		for_each_stream (stream, worker)
			if (stream->moved)
				again |= sluice_stream_release(stream, worker->now);
		sluice_cost_leave(before);
	} while (again && ++turn < TURNS);
	if (again)
		worker->next_due = worker->now;
}

/* Reads acknowledgements that did not wake us. */
static void drain_inputs(struct sluice_worker *worker)
{
	if (worker->beats < BEATS)
		return;
	for_each_output (output, worker)
		sluice_output_drain_input(output, worker->now);
}

/* Tells the outputs whether there is a beat, at its end at once. */
static void keep_time(struct sluice_worker *worker)
{
	bool was_on_beat = worker->beats >= BEATS;

	if (worker->next_due > worker->now + BEAT_NS)
		worker->beats = 0;
	else if (!was_on_beat)
		worker->beats++;
	if (!was_on_beat && worker->beats < BEATS)
		return;
	for_each_output (output, worker)
		sluice_output_keep_time(output, worker->beats >= BEATS);
}

void sluice_round(struct sluice_worker *worker, bool after_call)
{
	if (!after_call)
		drain_inputs(worker);
	pump(worker);
	if (!after_call)
		keep_time(worker);
}

bool sluice_round_look(struct sluice_worker *worker)
{
	bool found = false;

	for_each_stream (stream, worker) {
		if (stream->fd < 0 || stream->hung ||
		    sluice_ring_head(&stream->ring) <= stream->seen)
			continue;
		sluice_stream_notify(stream);
		found = true;
	}
	return found;
}
