// SPDX-License-Identifier: MIT
/*
 * The sources `tcp` and `sluice`: which inlets there are, and what a change makes of them; see
 * inlet.h. For the control thread. Touches: the sockets it listens at, the threads of inlets.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../config/sentence.h"
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "inlet.h"
#include "socket.h"

struct sluice_intake {
	const struct sluice_source_context *context;
	enum sluice_source kind;
	struct sluice_inlet *inlets, *fresh;
	struct sluice_inlet_input *inputs;
	char text[SLUICE_INLET_TEXT]; /* of the last state() */
};

/* Makes an intake. 0, or -ENOMEM with a sentence. */
static int make_intake(const struct sluice_source_context *context, enum sluice_source kind,
		       struct sluice_intake **result, char **error)
{
	struct sluice_intake *intake = calloc(1, sizeof(*intake));

	if (!intake) {
		sluice_say(error, "out of memory for the sources that listen");
		return -ENOMEM;
	}
	intake->context = context;
	intake->kind = kind;
	*result = intake;
	return 0;
}

/* struct sluice_source_class.open */
static int open_tcp(const struct sluice_source_context *context, struct sluice_intake **result,
		    char **error)
{
	return make_intake(context, SLUICE_SOURCE_TCP, result, error);
}

/* struct sluice_source_class.open */
static int open_sluice(const struct sluice_source_context *context, struct sluice_intake **result,
		       char **error)
{
	return make_intake(context, SLUICE_SOURCE_SLUICE, result, error);
}

/* Ends it and frees it. NULL is allowed. */
static void inlet_free(struct sluice_inlet *inlet)
{
	size_t number;

	if (!inlet)
		return;
	sluice_inlet_stop(inlet);
	for (number = 0; number < SLUICE_INLET_THREADS; number++) {
		struct sluice_inlet_thread *thread = &inlet->threads[number];

		sluice_inlet_native_close(thread);
		if (thread->listen >= 0)
			close(thread->listen);
		if (thread->epoll >= 0)
			close(thread->epoll);
		if (thread->wake >= 0)
			close(thread->wake);
	}
	free(inlet->config.inlet.listen.text);
	free(inlet->config.inlet.allow);
	free(inlet->config.inlet.deny);
	free(inlet->taken_path);
	free(inlet->outputs);
	free(inlet);
}

/* Frees a list of them. */
static void free_inlets(struct sluice_inlet **list)
{
	struct sluice_inlet *inlet;

	while ((inlet = *list)) {
		*list = inlet->next;
		inlet_free(inlet);
	}
}

/* struct sluice_source_class.free */
static void intake_free(struct sluice_intake *intake)
{
	struct sluice_inlet_input *input;

	if (!intake)
		return;
	free_inlets(&intake->fresh);
	free_inlets(&intake->inlets);
	while ((input = intake->inputs)) {
		intake->inputs = input->next;
		free(input);
	}
	free(intake);
}

/* struct sluice_source_class.look: a ring for each thread of each inlet of the route. */
static int intake_look(struct sluice_intake *intake, const struct sluice_source_plan *plan,
		       size_t *spread, char **error)
{
	const struct sluice_config *config = plan->config;
	size_t number, other;

	(void)error;
	for (number = 0; number < config->input_count; number++) {
		if (plan->kinds[number] != intake->kind)
			continue;
		spread[number] = sluice_inlet_width(config, &config->inputs[number],
						    intake->context->worker_count);
		for (other = 0; other < number; other++)
			if (sluice_config_is_inlet(&config->inputs[other]) &&
			    plan->route_of[other] == plan->route_of[number])
				spread[number] += sluice_inlet_width(config, &config->inputs[other],
								     intake->context->worker_count);
	}
	return 0;
}

/* The record of an input, or NULL. */
static struct sluice_inlet_input *find_input(const struct sluice_intake *intake,
					     const sluice_guid guid)
{
	struct sluice_inlet_input *input = intake->inputs;

	while (input && !sluice_guid_equal(input->guid, guid))
		input = input->next;
	return input;
}

/* The record of an input: there, or made. NULL with a sentence. */
static struct sluice_inlet_input *get_input(struct sluice_intake *intake,
					    const struct sluice_source_plan *plan,
					    const struct sluice_config_input *config, char **error)
{
	struct sluice_inlet_input *input = find_input(intake, config->id);
	uint16_t index;

	if (sluice_identity_number(plan->identity, config->id, &index)) {
		sluice_say(error, "input `%s` has no number: that is a fault of sluiced",
			   config->name);
		return NULL;
	}
	if (!input) {
		input = aligned_alloc(64, sizeof(*input));
		if (!input) {
			sluice_say(error, "out of memory for input `%s`", config->name);
			return NULL;
		}
		memset(input, 0, sizeof(*input));
		sluice_guid_copy(input->guid, config->id);
		input->index = index;
		input->next = intake->inputs;
		intake->inputs = input;
	}
	memcpy(input->name, config->name, sizeof(input->name));
	return input;
}

/* The inlet of an input among `list`, or NULL. */
static struct sluice_inlet *find_inlet(struct sluice_inlet *list, const sluice_guid guid)
{
	while (list && !sluice_guid_equal(list->input->guid, guid))
		list = list->next;
	return list;
}

/* A copy of a list of prefixes. NULL: no memory. */
static struct sluice_config_prefix *copy_of(const struct sluice_config_prefix *list, size_t count)
{
	struct sluice_config_prefix *copy = calloc(count + 1, sizeof(*copy));

	if (copy && count)
		memcpy(copy, list, count * sizeof(*list));
	return copy;
}

/* Copies of the configuration what an inlet needs. 0 or -ENOMEM. */
static int copy_config(struct sluice_inlet *inlet, const struct sluice_source_plan *plan,
		       size_t number)
{
	const struct sluice_config_input *config = &plan->config->inputs[number];
	const struct sluice_config_route *route = &plan->routes[plan->route_of[number]];
	char *path = sluice_socket_ring_path(plan->config, config->id, 0);

	inlet->config.source = config->source;
	inlet->config.addresses = config->addresses;
	inlet->config.inlet = config->inlet;
	inlet->config.inlet.listen.text = strdup(config->inlet.listen.text);
	inlet->config.inlet.allow = copy_of(config->inlet.allow, config->inlet.allow_count);
	inlet->config.inlet.deny = copy_of(config->inlet.deny, config->inlet.deny_count);
	inlet->outputs = sluice_route_outputs(plan->config, route);
	inlet->output_count = route->output_count;
	if (path && asprintf(&inlet->taken_path, "%s-taken", path) < 0)
		inlet->taken_path = NULL;
	free(path);
	return inlet->config.inlet.listen.text && inlet->config.inlet.allow &&
			       inlet->config.inlet.deny && inlet->outputs
		       ? 0
		       : -ENOMEM;
}

/* Makes an inlet, which does not run yet. NULL with a sentence. */
static struct sluice_inlet *make_inlet(struct sluice_intake *intake,
				       const struct sluice_source_plan *plan, size_t number,
				       struct sluice_inlet_input *input, char **error)
{
	const struct sluice_config_input *config = &plan->config->inputs[number];
	struct sluice_inlet *inlet = calloc(1, sizeof(*inlet));
	size_t place;

	if (!inlet)
		goto memory;
	for (place = 0; place < SLUICE_INLET_THREADS; place++) {
		struct sluice_inlet_thread *thread = &inlet->threads[place];

		thread->inlet = inlet;
		thread->counts = &input->counts[place];
		thread->listen = -1;
		thread->epoll = -1;
		thread->wake = -1;
	}
	inlet->input = input;
	inlet->thread_count =
		sluice_inlet_width(plan->config, config, intake->context->worker_count);
	if (copy_config(inlet, plan, number))
		goto memory;
	if (sluice_inlet_listen(inlet, find_inlet(intake->inlets, config->id), plan, config,
				error)) {
		inlet_free(inlet);
		return NULL;
	}
	return inlet;

memory:
	inlet_free(inlet);
	sluice_say(error, "out of memory for input `%s`", config->name);
	return NULL;
}

/* Does the inlet go on as it is: the same keys, and streams? */
static bool goes_on(const struct sluice_inlet *inlet, const struct sluice_config_input *config,
		    struct sluice_stream *const *streams, size_t width)
{
	size_t thread;

	if (inlet->thread_count != width || !sluice_config_is_same_inlet(&inlet->config, config))
		return false;
	for (thread = 0; thread < width; thread++)
		if (inlet->threads[thread].stream != streams[thread])
			return false;
	return true;
}

/* Prepares one input. 0, or a negative errno with a sentence. */
static int prepare_input(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			 size_t number, struct sluice_stream_table *fresh, char **error)
{
	const struct sluice_config_input *config = &plan->config->inputs[number];
	struct sluice_inlet_input *input = get_input(intake, plan, config, error);
	size_t width = sluice_inlet_width(plan->config, config, intake->context->worker_count);
	struct sluice_stream *streams[SLUICE_INLET_THREADS];
	struct sluice_inlet *inlet;
	size_t thread;

	if (!input)
		return -ENOMEM;
	for (thread = 0; thread < width; thread++) {
		streams[thread] =
			sluice_inlet_stream(intake->context, plan, number, thread, fresh, error);
		if (!streams[thread])
			return -ENOMEM;
	}
	inlet = find_inlet(intake->inlets, config->id);
	if (inlet && goes_on(inlet, config, streams, width)) {
		inlet->is_wanted = true;
		return 0;
	}
	inlet = make_inlet(intake, plan, number, input, error);
	if (!inlet)
		return -EADDRINUSE;
	for (thread = 0; thread < width; thread++) {
		inlet->threads[thread].stream = streams[thread];
		inlet->threads[thread].number = sluice_inlet_number(config->id, thread);
	}
	inlet->next = intake->fresh;
	intake->fresh = inlet;
	return 0;
}

/* struct sluice_source_class.prepare: rings are made, and sockets listen. */
static int intake_prepare(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			  struct sluice_stream_table *fresh, char **error)
{
	struct sluice_inlet *inlet;
	size_t number;
	int result = 0;

	for (inlet = intake->inlets; inlet; inlet = inlet->next)
		inlet->is_wanted = false;
	for (number = 0; !result && number < plan->config->input_count; number++)
		if (plan->kinds[number] == intake->kind)
			result = prepare_input(intake, plan, number, fresh, error);
	return result;
}

/* struct sluice_source_class.activate: nothing that can fail. */
static int intake_activate(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			   char **error)
{
	(void)intake;
	(void)plan;
	(void)error;
	return 0;
}

/* The input of an inlet that ends goes on with another stream: until the one that it leaves is
 * empty relays are not told of what lies there. */
static void note_leaving(const struct sluice_inlet *old, const struct sluice_inlet *fresh)
{
	struct sluice_inlet_input *input = old->input;
	size_t number;

	if (fresh && fresh->threads[0].stream == old->threads[0].stream)
		return;
	for (number = 0; number + 1 < SLUICE_INLET_LEAVING && input->leaving[number]; number++)
		;
	sluice_store_release(&input->leaving[number], old->threads[0].stream);
}

/* struct sluice_source_class.commit: those that go end before those that come begin, because they
 * may fill the same ring. */
static void intake_commit(struct sluice_intake *intake)
{
	struct sluice_inlet **place = &intake->inlets, *inlet;
	int error;

	while ((inlet = *place)) {
		if (inlet->is_wanted) {
			place = &inlet->next;
			continue;
		}
		*place = inlet->next;
		note_leaving(inlet, find_inlet(intake->fresh, inlet->input->guid));
		inlet_free(inlet);
	}
	*place = intake->fresh;
	intake->fresh = NULL;
	for (inlet = intake->inlets; inlet; inlet = inlet->next) {
		inlet->is_wanted = true;
		error = sluice_inlet_start(inlet);
		if (error)
			sluice_error("input `%s` takes no connections: no thread for it: %s",
				     inlet->input->name, strerror(-error));
	}
}

/* struct sluice_source_class.cancel */
static void intake_cancel(struct sluice_intake *intake)
{
	struct sluice_inlet *inlet;

	free_inlets(&intake->fresh);
	for (inlet = intake->inlets; inlet; inlet = inlet->next)
		inlet->is_wanted = true;
}

/* struct sluice_source_class.is_held */
static bool intake_is_held(struct sluice_intake *intake, const struct sluice_config *config,
			   size_t workers, const sluice_guid route, const sluice_guid *outputs,
			   size_t count)
{
	size_t number, thread;

	(void)intake;
	(void)workers;
	for (number = 0; number < config->input_count; number++) {
		if (!sluice_config_is_inlet(&config->inputs[number]))
			continue;
		for (thread = 0; thread < SLUICE_INLET_THREADS; thread++)
			if (sluice_socket_is_held(
				    config, sluice_inlet_number(config->inputs[number].id, thread),
				    route, outputs, count))
				return true;
	}
	return false;
}

/* struct sluice_source_class.retire: what relays were not told of yet may wait for this. */
static bool intake_retire(struct sluice_intake *intake, struct sluice_stream *stream)
{
	struct sluice_inlet_input *input;
	size_t number;

	for (input = intake->inputs; input; input = input->next)
		for (number = 0; number < SLUICE_INLET_LEAVING; number++)
			if (input->leaving[number] == stream)
				sluice_store_release(&input->leaving[number], NULL);
	return true;
}

/* struct sluice_source_class.catch_up: a stop begins: what has come is stored. */
static void intake_catch_up(struct sluice_intake *intake)
{
	struct sluice_inlet *inlet;

	for (inlet = intake->inlets; inlet; inlet = inlet->next)
		sluice_inlet_stop(inlet);
}

/* struct sluice_source_class.close_inputs: who takes over goes on with what listens, and with the
 * connections of clients; whoever else comes next listens for himself. */
static size_t intake_close(struct sluice_intake *intake)
{
	struct sluice_parcel *parcel = sluice_socket_passes_to();
	struct sluice_inlet *inlet;

	for (inlet = intake->inlets; inlet; inlet = inlet->next)
		inlet->passes = parcel != NULL;
	intake_catch_up(intake);
	for (inlet = intake->inlets; inlet; inlet = inlet->next) {
		size_t thread;

		if (parcel)
			sluice_inlet_give(inlet, parcel);
		for (thread = 0; thread < inlet->thread_count; thread++) {
			if (inlet->threads[thread].listen >= 0)
				close(inlet->threads[thread].listen);
			inlet->threads[thread].listen = -1;
		}
	}
	return 0;
}

/* Adds up the counts of an input's threads. */
static struct sluice_inlet_counts sum_of(const struct sluice_inlet_input *input)
{
	struct sluice_inlet_counts sum = {0};
	size_t thread;

	for (thread = 0; thread < SLUICE_INLET_THREADS; thread++) {
		const struct sluice_inlet_counts *counts = &input->counts[thread];

		sum.stored += sluice_load_relaxed(&counts->stored);
		sum.stored_bytes += sluice_load_relaxed(&counts->stored_bytes);
		sum.cut += sluice_load_relaxed(&counts->cut);
		sum.lost += sluice_load_relaxed(&counts->lost);
		sum.passed += sluice_load_relaxed(&counts->passed);
		sum.accepted += sluice_load_relaxed(&counts->accepted);
		sum.refused += sluice_load_relaxed(&counts->refused);
		sum.faults += sluice_load_relaxed(&counts->faults);
		sum.loops += sluice_load_relaxed(&counts->loops);
		sum.idle += sluice_load_relaxed(&counts->idle);
		sum.repeated += sluice_load_relaxed(&counts->repeated);
	}
	return sum;
}

/* struct sluice_source_class.counters */
static int intake_counters(struct sluice_intake *intake, const sluice_guid guid,
			   struct sluice_counters *counters, uint16_t *index)
{
	const struct sluice_inlet_input *input = find_input(intake, guid);
	struct sluice_inlet_counts sum;

	memset(counters, 0, sizeof(*counters));
	if (!input)
		return -ENOENT;
	sum = sum_of(input);
	counters->stored = sum.stored;
	counters->stored_bytes = sum.stored_bytes;
	counters->lost[SLUICE_LOST_BAD_LENGTH] = sum.lost;
	counters->matched = sum.stored + sum.lost;
	*index = input->index;
	return 0;
}

/* struct sluice_source_class.state */
static const char *intake_state(struct sluice_intake *intake, const sluice_guid guid)
{
	struct sluice_inlet *inlet = find_inlet(intake->inlets, guid);
	struct sluice_inlet_counts sum;
	int used;

	if (!inlet)
		return NULL;
	sum = sum_of(inlet->input);
	used = snprintf(
		intake->text, sizeof(intake->text),
		"listening: %llu connected, %llu taken, %llu refused, %llu faults, %llu idle",
		(unsigned long long)__atomic_load_n(&inlet->connections, __ATOMIC_RELAXED),
		(unsigned long long)sum.accepted, (unsigned long long)sum.refused,
		(unsigned long long)sum.faults, (unsigned long long)sum.idle);
	if (intake->kind == SLUICE_SOURCE_TCP)
		snprintf(intake->text + used, sizeof(intake->text) - (size_t)used, ", %llu cut",
			 (unsigned long long)sum.cut);
	else
		snprintf(intake->text + used, sizeof(intake->text) - (size_t)used,
			 ", %llu loops, %llu repeated, %llu lost upstream",
			 (unsigned long long)sum.loops, (unsigned long long)sum.repeated,
			 (unsigned long long)sum.passed);
	return intake->text;
}

#define INLET_CLASS(NAME, opens)                                                                 \
	{                                                                                        \
		.kind = SLUICE_SOURCE_##NAME, .has_left = sluice_source_has_left_nothing,        \
		.open = (opens), .look = intake_look, .prepare = intake_prepare,                 \
		.activate = intake_activate, .commit = intake_commit, .cancel = intake_cancel,   \
		.is_held = intake_is_held, .retire = intake_retire, .catch_up = intake_catch_up, \
		.close_inputs = intake_close, .measure = sluice_source_measures_nothing,         \
		.counters = intake_counters, .state = intake_state, .free = intake_free,         \
	}

const struct sluice_source_class sluice_source_tcp = INLET_CLASS(TCP, open_tcp);
const struct sluice_source_class sluice_source_sluice = INLET_CLASS(SLUICE, open_sluice);
