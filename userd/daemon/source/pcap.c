// SPDX-License-Identifier: MIT
/*
 * The capture source: inputs that read an interface by libpcap, or captures; see pcap.h. Nothing of
 * it outlives this process: rings are memory, and a capture is read from its beginning by the next
 * one. For the control thread. Touches: handles, memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uuid/uuid.h>
#include "../../config/sentence.h"
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "pcap.h"

struct sluice_intake {
	const struct sluice_source_context *context;
	struct sluice_pcap_handle *handles;
	struct sluice_pcap_handle *fresh; /* of the change under way */
	struct sluice_pcap_input *inputs;
	char text[SLUICE_PCAP_TEXT + 128]; /* what state() said last */
};

/* struct sluice_source_class.open */
static int intake_open(const struct sluice_source_context *context, struct sluice_intake **result,
		       char **error)
{
	struct sluice_intake *intake = calloc(1, sizeof(*intake));

	if (!intake) {
		sluice_say(error, "out of memory for the capture source");
		return -ENOMEM;
	}
	intake->context = context;
	*result = intake;
	return 0;
}

/* Frees a list of handles. */
static void free_handles(struct sluice_pcap_handle **list)
{
	struct sluice_pcap_handle *handle;

	while ((handle = *list)) {
		*list = handle->next;
		sluice_pcap_handle_free(handle);
	}
}

/* struct sluice_source_class.free */
static void intake_free(struct sluice_intake *intake)
{
	struct sluice_pcap_input *input;

	if (!intake)
		return;
	free_handles(&intake->fresh);
	free_handles(&intake->handles);
	while ((input = intake->inputs)) {
		intake->inputs = input->next;
		free(input);
	}
	free(intake);
}

/* The input called `guid`, or NULL. */
static struct sluice_pcap_input *find_input(const struct sluice_intake *intake,
					    const sluice_guid guid)
{
	struct sluice_pcap_input *input = intake->inputs;

	while (input && !sluice_guid_equal(input->guid, guid))
		input = input->next;
	return input;
}

/* Does the handle read what the input shall? */
static bool reads(const struct sluice_pcap_handle *handle, const struct sluice_config_input *config)
{
	struct sluice_config_input own = {.files = handle->files, .file_count = handle->file_count};

	memcpy(own.interface, handle->interface, sizeof(own.interface));
	return sluice_config_is_same_capture(&own, config);
}

/* The handle among `list` that reads what the input shall, or NULL. */
static struct sluice_pcap_handle *find_handle(struct sluice_pcap_handle *list,
					      const struct sluice_config_input *config)
{
	while (list && !reads(list, config))
		list = list->next;
	return list;
}

/* Is the number one of a handle's that is there? */
static bool is_taken(const struct sluice_intake *intake, uint32_t number)
{
	const struct sluice_pcap_handle *handle;

	for (handle = intake->handles; handle; handle = handle->next)
		if (handle->number == number)
			return true;
	for (handle = intake->fresh; handle; handle = handle->next)
		if (handle->number == number)
			return true;
	return false;
}

/* The handle for an input: there, or made. NULL: no memory. */
static struct sluice_pcap_handle *get_handle(struct sluice_intake *intake,
					     const struct sluice_config_input *config)
{
	struct sluice_pcap_handle *handle = find_handle(intake->handles, config);
	uint32_t number = SLUICE_PCAP_FIRST;

	if (!handle)
		handle = find_handle(intake->fresh, config);
	if (handle)
		return handle;
	while (is_taken(intake, number))
		number++;
	handle = sluice_pcap_handle_new(config, number);
	if (handle) {
		handle->next = intake->fresh;
		intake->fresh = handle;
	}
	return handle;
}

/* struct sluice_source_class.look: a ring for each handle that fills the route. */
static int intake_look(struct sluice_intake *intake, const struct sluice_source_plan *plan,
		       size_t *spread, char **error)
{
	const struct sluice_config *config = plan->config;
	size_t number, other, rings;

	(void)intake;
	(void)error;
	for (number = 0; number < config->input_count; number++) {
		if (plan->kinds[number] != SLUICE_SOURCE_PCAP)
			continue;
		rings = 1;
		for (other = 0; other < number; other++)
			if (plan->kinds[other] == SLUICE_SOURCE_PCAP &&
			    plan->route_of[other] == plan->route_of[number]) {
				rings = spread[other];
				rings += !sluice_config_is_same_capture(&config->inputs[other],
									&config->inputs[number]);
			}
		spread[number] = rings;
	}
	return 0;
}

/* What a worker is asked to make: a ring on its own node. */
struct ring_order {
	struct sluice_ring ring;
	size_t size;
	uint32_t number;
};

/* Worker call: makes the ring; its pages are first touched here. */
static int make_ring(struct sluice_worker *worker, void *argument)
{
	struct ring_order *order = argument;
	struct timespec now;
	uuid_t stream;

	(void)worker;
	uuid_generate_random(stream);
	clock_gettime(CLOCK_REALTIME, &now);
	return sluice_ring_create(&order->ring, order->size, stream,
				  (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec,
				  order->number);
}

/* Makes the stream of a route for a handle. 0, or a negative errno with a sentence. */
static int make_stream(struct sluice_intake *intake, const struct sluice_source_plan *plan,
		       const struct sluice_config_route *route, uint32_t number,
		       struct sluice_stream_table *fresh, char **error)
{
	size_t workers = sluice_config_reached(
		route->reach, sluice_config_goal(plan->config, intake->context->worker_count));
	struct sluice_worker *worker =
		intake->context->workers[(number - SLUICE_PCAP_FIRST) % workers];
	sluice_guid *outputs = sluice_route_outputs(plan->config, route);
	struct ring_order order = {.size = route->ring_size, .number = number};
	struct sluice_stream *stream = NULL;
	int result = outputs ? sluice_worker_call(worker, make_ring, &order) : -ENOMEM;

	if (!result) {
		result = sluice_stream_create(&order.ring, -1, route, (const sluice_guid *)outputs,
					      route->output_count, SLUICE_SOURCE_PCAP, number,
					      &stream);
		if (result)
			sluice_ring_destroy(&order.ring);
	}
	if (!result)
		result = sluice_stream_add_bell(stream);
	if (!result)
		result = sluice_stream_table_add(fresh, stream, worker);
	if (result) {
		sluice_stream_destroy(stream);
		sluice_say(error,
			   "route `%s`: no ring of %zu bytes for a capture: %s; make "
			   "`store.memory.size` smaller",
			   route->name, route->ring_size, strerror(-result));
	}
	free(outputs);
	return result;
}

/* The stream of a route for a handle: there, or made. NULL with a sentence. */
static struct sluice_stream *stream_of(struct sluice_intake *intake,
				       const struct sluice_source_plan *plan,
				       const struct sluice_config_route *route, uint32_t number,
				       struct sluice_stream_table *fresh, char **error)
{
	struct sluice_placed_stream *placed = sluice_stream_table_find(
		intake->context->streams, route->id, SLUICE_SOURCE_PCAP, number);

	if (!placed)
		placed = sluice_stream_table_find(fresh, route->id, SLUICE_SOURCE_PCAP, number);
	if (!placed && !make_stream(intake, plan, route, number, fresh, error))
		placed = sluice_stream_table_find(fresh, route->id, SLUICE_SOURCE_PCAP, number);
	return placed ? placed->stream : NULL;
}

/* The record of an input: there, or made. NULL with a sentence. */
static struct sluice_pcap_input *get_input(struct sluice_intake *intake,
					   const struct sluice_source_plan *plan,
					   const struct sluice_config_input *config, char **error)
{
	struct sluice_pcap_input *input = find_input(intake, config->id);
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

/* Prepares one input. 0, or a negative errno with a sentence. */
static int prepare_input(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			 size_t number, struct sluice_stream_table *fresh, char **error)
{
	const struct sluice_config_input *config = &plan->config->inputs[number];
	struct sluice_pcap_input *input = get_input(intake, plan, config, error);
	struct sluice_pcap_handle *handle = input ? get_handle(intake, config) : NULL;
	struct sluice_stream *stream;

	if (!handle) {
		if (input)
			sluice_say(error, "out of memory for input `%s`", config->name);
		return -ENOMEM;
	}
	stream = stream_of(intake, plan, &plan->routes[plan->route_of[number]], handle->number,
			   fresh, error);
	if (!stream)
		return -ENOMEM;
	if (sluice_pcap_table_add(&handle->next_table, config, input, stream)) {
		sluice_say(error, "out of memory for the ports of input `%s`", config->name);
		return -ENOMEM;
	}
	/* The first input's. */
	if (!handle->is_wanted)
		handle->next_speed = config->speed;
	handle->is_wanted = true;
	input->is_wanted = true;
	return 0;
}

/* struct sluice_source_class.prepare: handles and rings are made. */
static int intake_prepare(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			  struct sluice_stream_table *fresh, char **error)
{
	struct sluice_pcap_handle *handle;
	struct sluice_pcap_input *input;
	size_t number;
	int result = 0;

	for (handle = intake->handles; handle; handle = handle->next)
		handle->is_wanted = false;
	for (input = intake->inputs; input; input = input->next)
		input->is_wanted = false;
	for (number = 0; !result && number < plan->config->input_count; number++)
		if (plan->kinds[number] == SLUICE_SOURCE_PCAP)
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

/* Inputs know which handle they have now. */
static void bind_inputs(struct sluice_pcap_handle *handle)
{
	size_t number;

	for (number = 0; number < handle->next_table->claim_count; number++)
		handle->next_table->claims[number].input->handle = handle;
}

/* struct sluice_source_class.commit: threads read by the new tables. */
static void intake_commit(struct sluice_intake *intake)
{
	struct sluice_pcap_handle **place = &intake->handles, *handle;
	struct sluice_pcap_input *input;
	int error;

	for (input = intake->inputs; input; input = input->next)
		input->handle = NULL;
	while ((handle = *place)) {
		if (handle->is_wanted) {
			place = &handle->next;
			continue;
		}
		*place = handle->next;
		sluice_pcap_handle_free(handle);
	}
	/* Those that come last: one may fill a ring that one which went has filled. */
	*place = intake->fresh;
	intake->fresh = NULL;
	for (handle = intake->handles; handle; handle = handle->next) {
		/* A change that only follows has no plan. */
		if (!handle->next_table)
			continue;
		bind_inputs(handle);
		error = sluice_pcap_handle_commit(handle);
		if (error)
			sluice_error("nothing is read from %s: no thread for it: %s",
				     handle->interface[0] ? handle->interface : handle->files[0],
				     strerror(-error));
	}
}

/* struct sluice_source_class.cancel */
static void intake_cancel(struct sluice_intake *intake)
{
	struct sluice_pcap_handle *handle;

	free_handles(&intake->fresh);
	for (handle = intake->handles; handle; handle = handle->next) {
		sluice_pcap_table_free(handle->next_table);
		handle->next_table = NULL;
	}
}

/* struct sluice_source_class.catch_up: a stop begins. The rings end with us and are delivered to
 * their last byte, so nothing more is stored. */
static void intake_catch_up(struct sluice_intake *intake)
{
	struct sluice_pcap_handle *handle;

	for (handle = intake->handles; handle; handle = handle->next)
		sluice_pcap_handle_still(handle);
}

/* struct sluice_source_class.close_inputs: there are no sockets. */
static size_t intake_close(struct sluice_intake *intake)
{
	struct sluice_pcap_handle *handle;

	for (handle = intake->handles; handle; handle = handle->next)
		sluice_pcap_handle_stop(handle);
	return 0;
}

/* struct sluice_source_class.counters */
static int intake_counters(struct sluice_intake *intake, const sluice_guid guid,
			   struct sluice_counters *counters, uint16_t *index)
{
	const struct sluice_pcap_input *input = find_input(intake, guid);

	memset(counters, 0, sizeof(*counters));
	if (!input)
		return -ENOENT;
	sluice_pcap_input_add_up(input, counters);
	*index = input->index;
	return 0;
}

/* struct sluice_source_class.state */
static const char *intake_state(struct sluice_intake *intake, const sluice_guid guid)
{
	const struct sluice_pcap_input *input = find_input(intake, guid);
	struct sluice_pcap_handle *handle = input ? input->handle : NULL;
	char text[SLUICE_PCAP_TEXT];
	uint32_t state;

	if (!handle)
		return NULL;
	pthread_mutex_lock(&handle->lock);
	memcpy(text, handle->text, sizeof(text));
	state = handle->state;
	pthread_mutex_unlock(&handle->lock);
	if (state == SLUICE_PCAP_WAITS) {
		snprintf(intake->text, sizeof(intake->text), "waiting%s%s", text[0] ? " " : "",
			 text);
		return intake->text;
	}
	snprintf(intake->text, sizeof(intake->text),
		 "%s: %llu packets read, %llu skipped, %llu snapped, %llu incomplete, %llu faults",
		 text, (unsigned long long)sluice_load_relaxed(&handle->packets),
		 (unsigned long long)sluice_load_relaxed(&handle->others),
		 (unsigned long long)(sluice_load_relaxed(&handle->cut) +
				      sluice_load_relaxed(&input->snapped)),
		 (unsigned long long)sluice_load_relaxed(&handle->incomplete),
		 (unsigned long long)sluice_load_relaxed(&handle->faults));
	return intake->text;
}

/* struct sluice_source_class.is_ended */
static bool intake_is_ended(struct sluice_intake *intake)
{
	const struct sluice_pcap_handle *handle;

	for (handle = intake->handles; handle; handle = handle->next)
		/* Pairs with the release in sluice_pcap_say(). */
		if (sluice_load_acquire(&handle->state) != SLUICE_PCAP_ENDED)
			return false;
	return true;
}

const struct sluice_source_class sluice_source_pcap = {
	.kind = SLUICE_SOURCE_PCAP,
	.has_left = sluice_source_has_left_nothing,
	.open = intake_open,
	.look = intake_look,
	.prepare = intake_prepare,
	.activate = intake_activate,
	.commit = intake_commit,
	.cancel = intake_cancel,
	.is_held = sluice_source_holds_nothing,
	.retire = sluice_source_retires,
	.catch_up = intake_catch_up,
	.close_inputs = intake_close,
	.measure = sluice_source_measures_nothing,
	.counters = intake_counters,
	.state = intake_state,
	.is_ended = intake_is_ended,
	.free = intake_free,
};
