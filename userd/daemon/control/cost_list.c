// SPDX-License-Identifier: MIT
/*
 * What everything costs, line by line; see cost_list.h. Touches: what that says.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../lib/barrier.h"
#include "../../lib/clock.h"
#include "../../lib/thread.h"
#include "cost_list.h"

/* Lines of a thread or item at most: its stages, what is not measured yet, and the total. */
#define LINES (SLUICE_COST_STAGES + 2)

/* What a clock of processor time says, in nanoseconds; 0: nothing. */
static uint64_t time_of(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time))
		return 0;
	return (uint64_t)time.tv_sec * SLUICE_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* Adds a line, for which there is room. */
static void add(struct sluice_control_costs *costs, const char *of, const char *name,
		const char *stage, uint64_t time_ns, uint64_t datagrams, uint64_t bytes)
{
	struct sluice_control_cost *line = &costs->list[costs->count++];

	line->of = of;
	snprintf(line->name, sizeof(line->name), "%s", name);
	line->stage = stage;
	line->time_ns = time_ns;
	line->datagrams = datagrams;
	line->each_ns = datagrams ? time_ns / datagrams : 0;
	line->bytes = bytes;
}

/* What went through a stage of a thread, in bytes. What is stored was received and matched. */
static uint64_t bytes_of(const struct sluice_cost *cost, size_t stage)
{
	return sluice_load_relaxed(
		&cost->bytes[stage <= SLUICE_COST_STORE ? SLUICE_COST_STORE : stage]);
}

/* Adds the lines of a worker, which the kernel charges `charged` ns. */
static void add_worker(struct sluice_control_costs *costs, const struct sluice_thread *thread,
		       uint64_t charged)
{
	const struct sluice_cost *cost = &thread->cost;
	uint64_t datagrams = sluice_load_relaxed(&cost->datagrams[SLUICE_COST_STORE]);
	uint64_t measured = 0, part;
	size_t stage;

	if (!datagrams)
		datagrams = sluice_load_relaxed(&cost->datagrams[SLUICE_COST_BUILD]);
	for (stage = 0; stage < SLUICE_COST_STAGES; stage++) {
		part = sluice_load_relaxed(&cost->ns[stage]);
		/* It goes on meanwhile. */
		if (part > charged - measured)
			part = charged - measured;
		measured += part;
		if (part)
			add(costs, "thread", thread->name,
			    sluice_cost_word((enum sluice_cost_stage)stage), part, datagrams,
			    bytes_of(cost, stage));
	}
	add(costs, "thread", thread->name, "not measured yet", charged - measured, datagrams, 0);
	add(costs, "thread", thread->name, "total", charged, datagrams,
	    bytes_of(cost, SLUICE_COST_STORE));
}

/* Adds the lines of all threads; those that have ended, and those of libraries, are one. */
static void add_threads(struct sluice_control_costs *costs, const struct sluice_thread *first)
{
	const struct sluice_thread *thread;
	uint64_t whole = 0, charged;

	for (thread = first; thread; thread = thread->next) {
		charged = time_of(thread->clock);
		whole += charged;
		if (thread->kind == SLUICE_THREAD_WORKER) {
			add_worker(costs, thread, charged);
			continue;
		}
		add(costs, "thread", thread->name,
		    thread->kind == SLUICE_THREAD_SPOOLER ? sluice_cost_word(SLUICE_COST_SPOOL)
							  : sluice_thread_kind_word(thread->kind),
		    charged, 0, bytes_of(&thread->cost, SLUICE_COST_SPOOL));
		add(costs, "thread", thread->name, "total", charged, 0, 0);
	}
	charged = time_of(CLOCK_PROCESS_CPUTIME_ID);
	add(costs, "process", "sluiced", "ended threads", charged > whole ? charged - whole : 0, 0,
	    0);
	add(costs, "process", "sluiced", "total", charged > whole ? charged : whole, 0, 0);
}

/* Adds the lines of an input or output. */
static void add_item(struct sluice_control_costs *costs, const char *of, const char *name,
		     const uint64_t cost[SLUICE_COST_STAGES], uint64_t datagrams, uint64_t bytes)
{
	size_t stage;

	for (stage = 0; stage < SLUICE_COST_STAGES; stage++)
		if (cost[stage])
			add(costs, stage == SLUICE_COST_KERNEL ? "kernel" : of, name,
			    sluice_cost_word((enum sluice_cost_stage)stage), cost[stage], datagrams,
			    bytes);
}

/* The lines of inputs and outputs. */
static void add_items(struct sluice_control_costs *costs, const struct sluice_engine_report *report)
{
	size_t number, place;

	for (number = 0; number < report->input_count; number++) {
		const struct sluice_engine_input *input = &report->inputs[number];

		add_item(costs, "input", input->name, input->cost, input->counters.stored,
			 input->counters.stored_bytes);
	}
	for (number = 0; number < report->output_count; number++) {
		const struct sluice_engine_output *output = &report->outputs[number];
		uint64_t datagrams = 0, bytes = 0;

		for (place = 0; place < output->destination_count; place++) {
			datagrams += output->destinations[place].sent;
			bytes += output->destinations[place].bytes;
		}
		add_item(costs, "output", output->name, output->cost, datagrams, bytes);
	}
}

/* Fills in what part of the process's time, which the last line of the threads tells, each is. */
static void set_shares(struct sluice_control_costs *costs, uint64_t whole)
{
	size_t number;

	for (number = 0; whole && number < costs->count; number++)
		costs->list[number].share =
			(uint32_t)((unsigned __int128)costs->list[number].time_ns * 1000 / whole);
}

int sluice_control_costs(const struct sluice_engine_report *report,
			 struct sluice_control_costs *costs)
{
	const struct sluice_thread *first, *thread;
	size_t room = report->input_count + report->output_count + 1;
	uint64_t whole;

	*costs = (struct sluice_control_costs){0};
	first = sluice_thread_lock();
	for (thread = first; thread; thread = thread->next)
		room++;
	costs->list = calloc(room, LINES * sizeof(*costs->list));
	if (costs->list)
		add_threads(costs, first);
	sluice_thread_unlock();
	if (!costs->list)
		return -ENOMEM;
	whole = costs->list[costs->count - 1].time_ns;
	add_items(costs, report);
	set_shares(costs, whole);
	return 0;
}
