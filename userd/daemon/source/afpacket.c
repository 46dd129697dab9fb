// SPDX-License-Identifier: MIT
/*
 * The packet socket source: inputs that take what comes by an interface out of rings that the
 * kernel fills; see afpacket.h. Nothing of it outlives this process: its rings, the kernel's and
 * ours, are memory. For the control thread. Touches: handles, memory, lanes by worker call.
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
#include "afpacket.h"

struct sluice_intake {
	const struct sluice_source_context *context;
	struct sluice_afpacket_handle *handles;
	struct sluice_afpacket_handle *fresh; /* of the change under way */
	struct sluice_afpacket_input *inputs;
	struct sluice_afpacket_drop_table drops;
	bool is_prepared;		   /* a change is under way */
	char text[SLUICE_PCAP_TEXT + 192]; /* what state() said last */
};

/* struct sluice_source_class.open */
static int intake_open(const struct sluice_source_context *context, struct sluice_intake **result,
		       char **error)
{
	struct sluice_intake *intake = calloc(1, sizeof(*intake));

	if (!intake) {
		sluice_say(error, "out of memory for the packet socket source");
		return -ENOMEM;
	}
	intake->context = context;
	*result = intake;
	return 0;
}

/* Closes and frees a list of handles. */
static void free_handles(struct sluice_intake *intake, struct sluice_afpacket_handle **list)
{
	struct sluice_afpacket_handle *handle;

	while ((handle = *list)) {
		*list = handle->next;
		sluice_afpacket_handle_close(handle, intake->context, 0);
		sluice_afpacket_handle_free(handle);
	}
}

/* Frees an input and its counters. */
static void free_input(struct sluice_afpacket_input *input)
{
	size_t number;

	for (number = 0; number < SLUICE_WORKERS_MAX; number++)
		free(input->lanes[number]);
	free(input->drops.list);
	free(input->next_drops.list);
	free(input);
}

/* struct sluice_source_class.free */
static void intake_free(struct sluice_intake *intake)
{
	struct sluice_afpacket_input *input;

	if (!intake)
		return;
	sluice_afpacket_drop_table_end(&intake->drops);
	free(intake->drops.name);
	free_handles(intake, &intake->fresh);
	free_handles(intake, &intake->handles);
	while ((input = intake->inputs)) {
		intake->inputs = input->next;
		free_input(input);
	}
	free(intake);
}

/* The input called `guid`, or NULL. */
static struct sluice_afpacket_input *find_input(const struct sluice_intake *intake,
						const sluice_guid guid)
{
	struct sluice_afpacket_input *input = intake->inputs;

	while (input && !sluice_guid_equal(input->guid, guid))
		input = input->next;
	return input;
}

/* The handle of an interface among `list`, or NULL. */
static struct sluice_afpacket_handle *find_handle(struct sluice_afpacket_handle *list,
						  const char *interface)
{
	while (list && strcmp(list->interface, interface) != 0)
		list = list->next;
	return list;
}

/* The handle of an interface: there, or made. NULL: no memory. */
static struct sluice_afpacket_handle *get_handle(struct sluice_intake *intake,
						 const char *interface)
{
	struct sluice_afpacket_handle *handle = find_handle(intake->handles, interface);

	if (!handle)
		handle = find_handle(intake->fresh, interface);
	if (handle)
		return handle;
	handle = sluice_afpacket_handle_new(interface);
	if (handle) {
		handle->next = intake->fresh;
		intake->fresh = handle;
	}
	return handle;
}

/* struct sluice_source_class.look: in all workers. */
static int intake_look(struct sluice_intake *intake, const struct sluice_source_plan *plan,
		       size_t *spread, char **error)
{
	size_t number;

	(void)error;
	for (number = 0; number < plan->config->input_count; number++)
		if (plan->kinds[number] == SLUICE_SOURCE_AFPACKET)
			spread[number] =
				sluice_config_goal(plan->config, intake->context->worker_count);
	return 0;
}

/* What a worker is asked to make: a ring on its own node. */
struct ring_order {
	struct sluice_ring ring;
	size_t size;
};

/* Worker call: makes the ring; its pages are first touched here. */
static int make_ring(struct sluice_worker *worker, void *argument)
{
	struct ring_order *order = argument;
	struct timespec now;
	uuid_t stream;

	uuid_generate_random(stream);
	clock_gettime(CLOCK_REALTIME, &now);
	return sluice_ring_create(&order->ring, order->size, stream,
				  (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec,
				  worker->number);
}

/* Makes the stream of a route in a worker. 0, or a negative errno with a sentence. */
static int make_stream(struct sluice_intake *intake, const struct sluice_source_plan *plan,
		       const struct sluice_config_route *route, uint32_t number,
		       struct sluice_stream_table *fresh, char **error)
{
	struct sluice_worker *worker = intake->context->workers[number];
	sluice_guid *outputs = sluice_route_outputs(plan->config, route);
	struct ring_order order = {.size = route->ring_size};
	struct sluice_stream *stream = NULL;
	int result = outputs ? sluice_worker_call(worker, make_ring, &order) : -ENOMEM;

	if (!result) {
		result = sluice_stream_create(&order.ring, -1, route, (const sluice_guid *)outputs,
					      route->output_count, SLUICE_SOURCE_AFPACKET, number,
					      &stream);
		if (result)
			sluice_ring_destroy(&order.ring);
		else
			stream->refill = sluice_afpacket_refill;
	}
	if (!result)
		result = sluice_stream_table_add(fresh, stream, worker);
	if (result) {
		sluice_stream_destroy(stream);
		sluice_say(error,
			   "route `%s`: no ring of %zu bytes for worker %u: %s; make "
			   "`store.memory.size` smaller",
			   route->name, route->ring_size, number, strerror(-result));
	}
	free(outputs);
	return result;
}

/* The stream of a route in a worker: there, or made. NULL with a sentence. */
static struct sluice_stream *stream_of(struct sluice_intake *intake,
				       const struct sluice_source_plan *plan,
				       const struct sluice_config_route *route, uint32_t number,
				       struct sluice_stream_table *fresh, char **error)
{
	struct sluice_placed_stream *placed = sluice_stream_table_find(
		intake->context->streams, route->id, SLUICE_SOURCE_AFPACKET, number);

	if (!placed)
		placed = sluice_stream_table_find(fresh, route->id, SLUICE_SOURCE_AFPACKET, number);
	if (!placed && !make_stream(intake, plan, route, number, fresh, error))
		placed = sluice_stream_table_find(fresh, route->id, SLUICE_SOURCE_AFPACKET, number);
	return placed ? placed->stream : NULL;
}

/* The record of an input: there, or made. NULL with a sentence. */
static struct sluice_afpacket_input *get_input(struct sluice_intake *intake,
					       const struct sluice_source_plan *plan,
					       const struct sluice_config_input *config,
					       char **error)
{
	struct sluice_afpacket_input *input = find_input(intake, config->id);
	uint16_t index;

	if (sluice_identity_number(plan->identity, config->id, &index)) {
		sluice_say(error, "input `%s` has no number: that is a fault of sluiced",
			   config->name);
		return NULL;
	}
	if (input)
		return input;
	input = calloc(1, sizeof(*input));
	if (!input) {
		sluice_say(error, "out of memory for input `%s`", config->name);
		return NULL;
	}
	sluice_guid_copy(input->guid, config->id);
	input->index = index;
	input->next = intake->inputs;
	intake->inputs = input;
	return input;
}

/* The counters of an input in a worker: there, or made. NULL: no memory. */
static struct sluice_pcap_input *counters_in(struct sluice_afpacket_input *input, size_t number)
{
	struct sluice_pcap_input *counters = input->lanes[number];

	if (counters)
		return counters;
	counters = aligned_alloc(64, sizeof(*counters));
	if (!counters)
		return NULL;
	memset(counters, 0, sizeof(*counters));
	sluice_guid_copy(counters->guid, input->guid);
	counters->index = input->index;
	input->lanes[number] = counters;
	return counters;
}

/* Prepares one input in the lanes of its handle. 0, or a negative errno with a sentence. */
static int prepare_input(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			 size_t place, struct sluice_stream_table *fresh, char **error)
{
	const struct sluice_config_input *config = &plan->config->inputs[place];
	struct sluice_afpacket_input *input = get_input(intake, plan, config, error);
	struct sluice_afpacket_handle *handle;
	uint32_t number;

	if (!input)
		return -ENOMEM;
	free(input->next_drops.list);
	handle = sluice_afpacket_drop_list_make(config, &input->next_drops)
			 ? NULL
			 : get_handle(intake, config->interface);
	for (number = 0; handle && number < handle->next_lanes; number++) {
		struct sluice_afpacket_lane *lane = sluice_afpacket_handle_lane(handle, number);
		struct sluice_pcap_input *counters = counters_in(input, number);
		struct sluice_stream *stream = stream_of(
			intake, plan, &plan->routes[plan->route_of[place]], number, fresh, error);

		if (!stream)
			return -ENOMEM;
		if (!lane || !counters ||
		    sluice_pcap_table_add(&lane->next_table, config, counters, stream))
			handle = NULL;
	}
	if (handle)
		return 0;
	sluice_say(error, "out of memory for the ports of input `%s`", config->name);
	return -ENOMEM;
}

/* How many workers have a socket of each interface: as many as all of its inputs go to, for each
 * datagram comes to one socket only. 0 or -ENOMEM. */
static int count_lanes(struct sluice_intake *intake, const struct sluice_source_plan *plan)
{
	struct sluice_afpacket_handle *handle;
	size_t number, lanes;

	for (handle = intake->handles; handle; handle = handle->next)
		handle->next_lanes = 0;
	for (number = 0; number < plan->config->input_count; number++) {
		if (plan->kinds[number] != SLUICE_SOURCE_AFPACKET)
			continue;
		handle = get_handle(intake, plan->config->inputs[number].interface);
		if (!handle)
			return -ENOMEM;
		lanes = sluice_config_reached(plan->routes[plan->route_of[number]].reach,
					      plan->spread[number]);
		if (!handle->next_lanes || lanes < handle->next_lanes)
			handle->next_lanes = lanes;
	}
	return 0;
}

/* struct sluice_source_class.prepare: tables and rings are made. */
static int intake_prepare(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			  struct sluice_stream_table *fresh, char **error)
{
	size_t number;
	int result = count_lanes(intake, plan);

	if (!result && !intake->drops.name &&
	    asprintf(&intake->drops.name, "sluice-%s", plan->config->relay) < 0) {
		intake->drops.name = NULL;
		result = -ENOMEM;
	}
	if (result)
		sluice_say(error, "out of memory for the interfaces");
	intake->is_prepared = true;
	for (number = 0; !result && number < plan->config->input_count; number++)
		if (plan->kinds[number] == SLUICE_SOURCE_AFPACKET)
			result = prepare_input(intake, plan, number, fresh, error);
	return result;
}

/* struct sluice_source_class.activate: nothing that can fail. An interface that is not there, or
 * may not be read, is waited for. */
static int intake_activate(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			   char **error)
{
	const struct sluice_config *config = plan->config;
	size_t number;

	(void)error;
	/* Names of inputs are the plan's. */
	for (number = 0; number < config->input_count; number++) {
		struct sluice_afpacket_input *input =
			plan->kinds[number] == SLUICE_SOURCE_AFPACKET
				? find_input(intake, config->inputs[number].id)
				: NULL;

		if (input)
			input->next_handle = get_handle(intake, config->inputs[number].interface);
	}
	return 0;
}

/* Takes the handles that the plan does not want out of the list, and closes them. */
static void drop_handles(struct sluice_intake *intake)
{
	struct sluice_afpacket_handle **place = &intake->handles, *handle, *unwanted = NULL;

	while ((handle = *place)) {
		if (handle->next_lanes) {
			place = &handle->next;
			continue;
		}
		*place = handle->next;
		handle->next = unwanted;
		unwanted = handle;
	}
	free_handles(intake, &unwanted);
}

/* struct sluice_source_class.commit: workers read by the new tables. */
static void intake_commit(struct sluice_intake *intake)
{
	struct sluice_afpacket_handle *handle, **end = &intake->handles;
	struct sluice_afpacket_input *input;

	/* A change that only follows has no plan. */
	if (!intake->is_prepared)
		return;
	intake->is_prepared = false;
	/* Nothing is dropped that is not taken: first of all no longer what goes, and last what
	 * comes. */
	(void)sluice_afpacket_steal(&intake->drops, intake->inputs, true);
	for (input = intake->inputs; input; input = input->next) {
		input->handle = input->next_handle;
		input->next_handle = NULL;
		free(input->drops.list);
		input->drops = input->next_drops;
		input->next_drops = (struct sluice_afpacket_drop_list){0};
	}
	drop_handles(intake);
	while (*end)
		end = &(*end)->next;
	*end = intake->fresh;
	intake->fresh = NULL;
	for (handle = intake->handles; handle; handle = handle->next) {
		sluice_afpacket_handle_turn(handle, intake->context);
		(void)sluice_afpacket_handle_refresh(handle, intake->context);
	}
	(void)sluice_afpacket_steal(&intake->drops, intake->inputs, false);
}

/* struct sluice_source_class.cancel */
static void intake_cancel(struct sluice_intake *intake)
{
	struct sluice_afpacket_handle *handle;
	struct sluice_afpacket_input *input;
	size_t number;

	intake->is_prepared = false;
	free_handles(intake, &intake->fresh);
	for (input = intake->inputs; input; input = input->next) {
		input->next_handle = NULL;
		free(input->next_drops.list);
		input->next_drops = (struct sluice_afpacket_drop_list){0};
	}
	for (handle = intake->handles; handle; handle = handle->next)
		for (number = 0; number < SLUICE_WORKERS_MAX; number++) {
			struct sluice_afpacket_lane *lane = handle->lanes[number];

			if (!lane)
				continue;
			sluice_pcap_table_free(lane->next_table);
			lane->next_table = NULL;
		}
}

/* struct sluice_source_class.catch_up: a stop begins. The rings end with us and are delivered to
 * their last byte, so nothing more is stored. */
static void intake_catch_up(struct sluice_intake *intake)
{
	struct sluice_afpacket_handle *handle;

	sluice_afpacket_drop_table_end(&intake->drops);
	for (handle = intake->handles; handle; handle = handle->next)
		sluice_afpacket_handle_close(handle, intake->context, 0);
}

/* struct sluice_source_class.close_inputs: nobody can go on with a socket. */
static size_t intake_close(struct sluice_intake *intake)
{
	intake_catch_up(intake);
	return 0;
}

/* struct sluice_source_class.counters: the sum of all workers. */
static int intake_counters(struct sluice_intake *intake, const sluice_guid guid,
			   struct sluice_counters *counters, uint16_t *index)
{
	const struct sluice_afpacket_input *input = find_input(intake, guid);
	size_t number;

	memset(counters, 0, sizeof(*counters));
	if (!input)
		return -ENOENT;
	for (number = 0; number < SLUICE_WORKERS_MAX; number++)
		if (input->lanes[number])
			sluice_pcap_input_add_up(input->lanes[number], counters);
	*index = input->index;
	return 0;
}

/* struct sluice_source_class.follow */
static bool intake_follow(struct sluice_intake *intake, const struct sluice_source_plan *plan)
{
	struct sluice_afpacket_handle *handle;
	bool waits = false;

	(void)plan;
	for (handle = intake->handles; handle; handle = handle->next)
		waits |= sluice_afpacket_handle_refresh(handle, intake->context);
	return sluice_afpacket_steal(&intake->drops, intake->inputs, false) || waits;
}

/* struct sluice_source_class.state */
static const char *intake_state(struct sluice_intake *intake, const sluice_guid guid)
{
	const struct sluice_afpacket_input *input = find_input(intake, guid);
	const struct sluice_afpacket_handle *handle = input ? input->handle : NULL;
	unsigned long long packets = 0, others = 0, cut = 0, joined = 0, incomplete = 0;
	size_t number;

	if (!handle)
		return NULL;
	if (handle->text[0]) {
		snprintf(intake->text, sizeof(intake->text), "waiting %s", handle->text);
		return intake->text;
	}
	for (number = 0; number < SLUICE_WORKERS_MAX; number++) {
		const struct sluice_afpacket_lane *lane = handle->lanes[number];

		if (!lane)
			continue;
		packets += sluice_load_relaxed(&lane->packets);
		others += sluice_load_relaxed(&lane->others);
		cut += sluice_load_relaxed(&lane->cut);
		joined += sluice_load_relaxed(&lane->joined);
		incomplete += sluice_load_relaxed(&lane->incomplete);
	}
	snprintf(intake->text, sizeof(intake->text),
		 "active%s: %llu packets read, %llu of them joined ones, %llu skipped, %llu "
		 "snapped, %llu incomplete",
		 input->drops.count && intake->drops.fault ? ", but the stack has them, too" : "",
		 packets, joined, others, cut, incomplete);
	return intake->text;
}

/* struct sluice_source_class.join: lanes are made when a plan wants them. */
static int intake_join(struct sluice_intake *intake, struct sluice_worker *worker)
{
	(void)intake;
	(void)worker;
	return 0;
}

/* struct sluice_source_class.is_quiet */
static bool intake_is_quiet(const struct sluice_intake *intake, const struct sluice_worker *worker)
{
	const struct sluice_afpacket_handle *handle;

	for (handle = intake->handles; handle; handle = handle->next)
		if (worker->number < handle->lanes_open)
			return false;
	return true;
}

/* struct sluice_source_class.part */
static void intake_part(struct sluice_intake *intake, struct sluice_worker *worker)
{
	struct sluice_afpacket_handle *handle;

	for (handle = intake->handles; handle; handle = handle->next)
		sluice_afpacket_handle_close(handle, intake->context, worker->number);
	(void)sluice_afpacket_steal(&intake->drops, intake->inputs, false);
}

const struct sluice_source_class sluice_source_afpacket = {
	.kind = SLUICE_SOURCE_AFPACKET,
	.is_filled_by_worker = true,
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
	.follow = intake_follow,
	.state = intake_state,
	.join = intake_join,
	.is_quiet = intake_is_quiet,
	.part = intake_part,
	.free = intake_free,
};
