// SPDX-License-Identifier: MIT
/*
 * Workers come and go while the others run; see crew.h. A configuration has a goal: so many
 * workers, the first ones, have connections, sockets and rings. Those behind it do nothing, so they
 * may come before a change and go after it. In the control thread; what lives in workers by call.
 * Touches: threads, the halves of outputs, completions of the spooler, what sources have in
 * workers.
 *
 *   more:   workers start ─► change (change.c): they get their part
 *   fewer:  change: their sockets go, their streams move (gather.c) ─► workers end
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "../../config/sentence.h"
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/ring.h"
#include "../loop/treatment.h"
#include "crew.h"
#include "round.h"

/* How long a worker that is to end may take until it looks whether something is left in it. */
#define LOOK_NS (200 * SLUICE_NS_PER_MS)

size_t sluice_crew_wanted(const struct sluice_config *config)
{
	cpu_set_t set;

	return config->worker_count ? config->worker_count
				    : sluice_threads_worker_cpus(&config->threads, &set);
}

/* Worker call: its halves of the outputs begin to work. 0 or -ENOMEM; then some may be in. */
static int begin_outputs(struct sluice_worker *worker, void *argument)
{
	struct sluice_engine *engine = argument;
	size_t number;
	int error;

	for (number = 0; number < engine->output_count; number++) {
		error = sluice_output_enter(engine->outputs[number].halves[worker->number], 0);
		if (error)
			return error;
		sluice_output_begin(engine->outputs[number].halves[worker->number], NULL);
	}
	return 0;
}

/* Worker call: they end; what their connections counted is kept. */
static int end_outputs(struct sluice_worker *worker, void *argument)
{
	struct sluice_engine *engine = argument;
	size_t number;

	for (number = 0; number < engine->output_count; number++)
		sluice_whole_output_part(&engine->outputs[number], worker);
	return 0;
}

/* Worker call: the answers of the spooler come to it. */
static int enter_spooler(struct sluice_worker *worker, void *argument)
{
	return sluice_spooler_enter(argument, worker);
}

/* Worker call: no more. */
static int leave_spooler(struct sluice_worker *worker, void *argument)
{
	sluice_spooler_leave(argument, worker);
	return 0;
}

/* Takes `worker`, of which there may be half, out of all and ends it. */
static void part(struct sluice_engine *engine, struct sluice_worker *worker)
{
	size_t number;

	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number] && sluice_intake_classes[number]->part)
			sluice_intake_classes[number]->part(engine->intakes[number], worker);
	(void)sluice_worker_call(worker, end_outputs, engine);
	if (engine->spooler)
		(void)sluice_worker_call(worker, leave_spooler, engine->spooler);
	sluice_worker_stop(worker);
}

/* Makes a worker's halves of the outputs. 0 or -ENOMEM; then there are none. */
static int make_halves(struct sluice_engine *engine, struct sluice_worker *worker)
{
	size_t number;
	int result = 0;

	for (number = 0; !result && number < engine->output_count; number++)
		result = sluice_whole_output_join(&engine->outputs[number],
						  &engine->config->outputs[number], worker);
	/* The last one that was tried has none. */
	for (number = result ? number - 1 : 0; number-- > 0;)
		sluice_output_destroy(engine->outputs[number].halves[worker->number]);
	return result;
}

/* Gives a worker its part of what else there is. 0 or a negative errno. */
static int equip(struct sluice_engine *engine, struct sluice_worker *worker)
{
	size_t number;
	int result = 0;

	if (engine->spooler)
		result = sluice_spooler_reserve(engine->spooler, worker->number + 1U);
	if (!result && engine->spooler)
		result = sluice_worker_call(worker, enter_spooler, engine->spooler);
	if (!result)
		result = sluice_worker_call(worker, begin_outputs, engine);
	for (number = 0; !result && number < SLUICE_INTAKES; number++)
		if (engine->intakes[number] && sluice_intake_classes[number]->join)
			result = sluice_intake_classes[number]->join(engine->intakes[number],
								     worker);
	return result;
}

/* Starts one worker more, where `config` has it run. 0 or a negative errno. */
static int add(struct sluice_engine *engine, const struct sluice_config *config)
{
	size_t count = engine->worker_count;
	struct sluice_worker **larger;
	int result;

	larger = reallocarray(engine->workers, count + 1, sizeof(struct sluice_worker *));
	if (!larger)
		return -ENOMEM;
	engine->workers = larger;
	engine->context.workers = larger;
	result = sluice_worker_start(&larger[count], (unsigned int)count,
				     sluice_threads_cpu_of(&config->threads, count), sluice_round);
	if (result)
		return result;
	sluice_store_release(&larger[count]->look, sluice_round_look);
	result = make_halves(engine, larger[count]);
	if (result) {
		sluice_worker_stop(larger[count]);
		return result;
	}
	result = equip(engine, larger[count]);
	if (result) {
		part(engine, larger[count]);
		return result;
	}
	engine->worker_count++;
	engine->context.worker_count++;
	return 0;
}

int sluice_crew_extend(struct sluice_engine *engine, const struct sluice_config *config,
		       size_t count, char **error)
{
	int result = 0;

	if (!engine->worker_count) {
		sluice_threads_set(&config->threads);
		sluice_ring_use_huge(config->store.huge);
	}
	while (!result && engine->worker_count < count)
		result = add(engine, config);
	if (result)
		sluice_say(error, "worker %zu cannot be started: %s", engine->worker_count,
			   strerror(-result));
	return result;
}

/* Worker call: 1 if nothing is left in it. */
static int is_empty(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	return !worker->stream_count;
}

/* May the last worker go? */
static bool can_go(const struct sluice_engine *engine, struct sluice_worker *worker)
{
	size_t number;

	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number] && sluice_intake_classes[number]->is_quiet &&
		    !sluice_intake_classes[number]->is_quiet(engine->intakes[number], worker))
			return false;
	return sluice_worker_call_within(worker, is_empty, NULL, LOOK_NS) == 1;
}

void sluice_crew_reduce(struct sluice_engine *engine)
{
	size_t goal = sluice_config_goal(engine->config, engine->worker_count);

	while (engine->worker_count > goal) {
		struct sluice_worker *last = engine->workers[engine->worker_count - 1];

		if (!can_go(engine, last))
			return;
		part(engine, last);
		engine->worker_count--;
		engine->context.worker_count--;
	}
}
