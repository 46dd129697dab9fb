// SPDX-License-Identifier: MIT
/*
 * The AF_XDP source: inputs that take datagrams at an interface before the stack sees them; see
 * xdp.h. Nothing of it outlives this process but what xdp_attach.c says. For the control thread.
 * Touches: interfaces, memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../config/sentence.h"
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "xdp.h"

/* The records of an input, one for each lane that it has had: the same struct as pcap's. */
struct sluice_intake {
	const struct sluice_source_context *context;
	struct sluice_xdp_interface *interfaces;
	struct sluice_xdp_interface *fresh; /* of the change under way */
	struct sluice_pcap_input *inputs;
	char text[2 * SLUICE_PCAP_TEXT]; /* what state() said last */
};

/* struct sluice_source_class.open */
static int intake_open(const struct sluice_source_context *context, struct sluice_intake **result,
		       char **error)
{
	struct sluice_intake *intake = calloc(1, sizeof(*intake));

	if (!intake) {
		sluice_say(error, "out of memory for the AF_XDP source");
		return -ENOMEM;
	}
	intake->context = context;
	*result = intake;
	return 0;
}

/* Frees a list of interfaces; records of inputs know no lane of theirs any more. */
static void free_interfaces(struct sluice_intake *intake, struct sluice_xdp_interface **list)
{
	struct sluice_xdp_interface *interface;
	struct sluice_pcap_input *input;
	uint32_t lane;

	while ((interface = *list)) {
		*list = interface->next;
		for (lane = 0; lane < interface->lane_count; lane++)
			for (input = intake->inputs; input; input = input->next)
				if (input->handle == interface->lanes[lane])
					input->handle = NULL;
		sluice_xdp_interface_free(interface);
	}
}

/* struct sluice_source_class.free */
static void intake_free(struct sluice_intake *intake)
{
	struct sluice_pcap_input *input;

	if (!intake)
		return;
	free_interfaces(intake, &intake->fresh);
	free_interfaces(intake, &intake->interfaces);
	while ((input = intake->inputs)) {
		intake->inputs = input->next;
		free(input);
	}
	free(intake);
}

/* The interface called `name` in a list, or NULL. */
static struct sluice_xdp_interface *find_interface(struct sluice_xdp_interface *list,
						   const char *name)
{
	while (list && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

/* That for an input, there or of the change under way; NULL: there is none yet. */
static struct sluice_xdp_interface *interface_of(struct sluice_intake *intake,
						 const struct sluice_config_input *config)
{
	struct sluice_xdp_interface *interface =
		find_interface(intake->interfaces, config->interface);

	return interface ? interface : find_interface(intake->fresh, config->interface);
}

/* How many lanes the interface of an input has, or will have: one for each of its queues, as far as
 * there are workers. */
static uint32_t lanes_of(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			 const struct sluice_config_input *config)
{
	const struct sluice_xdp_interface *interface = interface_of(intake, config);
	size_t most = sluice_config_goal(plan->config, intake->context->worker_count);
	uint32_t queues;

	if (interface)
		return interface->lane_count;
	if (most > SLUICE_XDP_LANES)
		most = SLUICE_XDP_LANES;
	queues = sluice_xdp_queues_of(config->interface);
	return queues < most ? queues : (uint32_t)most;
}

/* Does an interface's first lane have the number? */
static bool is_taken(const struct sluice_intake *intake, uint32_t number)
{
	const struct sluice_xdp_interface *interface;

	for (interface = intake->interfaces; interface; interface = interface->next)
		if (interface->number == number)
			return true;
	for (interface = intake->fresh; interface; interface = interface->next)
		if (interface->number == number)
			return true;
	return false;
}

/* The interface for an input: there, or made. NULL: no memory. */
static struct sluice_xdp_interface *get_interface(struct sluice_intake *intake,
						  const struct sluice_source_plan *plan,
						  const struct sluice_config_input *config)
{
	struct sluice_xdp_interface *interface = interface_of(intake, config);
	uint32_t number = SLUICE_XDP_FIRST;

	if (interface)
		return interface;
	while (is_taken(intake, number))
		number += SLUICE_XDP_LANES;
	interface = sluice_xdp_interface_new(config, sluice_xdp_read,
					     lanes_of(intake, plan, config), number);
	if (interface) {
		interface->next = intake->fresh;
		intake->fresh = interface;
	}
	return interface;
}

/* struct sluice_source_class.look: a ring for each lane of each interface that fills the route. */
static int intake_look(struct sluice_intake *intake, const struct sluice_source_plan *plan,
		       size_t *spread, char **error)
{
	const struct sluice_config *config = plan->config;
	size_t number, other, rings;
	bool is_known;

	(void)error;
	for (number = 0; number < config->input_count; number++) {
		if (plan->kinds[number] != SLUICE_SOURCE_XDP)
			continue;
		rings = 0;
		is_known = false;
		for (other = 0; other < number; other++)
			if (plan->kinds[other] == SLUICE_SOURCE_XDP &&
			    plan->route_of[other] == plan->route_of[number]) {
				rings = spread[other];
				is_known |= !strcmp(config->inputs[other].interface,
						    config->inputs[number].interface);
			}
		spread[number] =
			rings + (is_known ? 0 : lanes_of(intake, plan, &config->inputs[number]));
	}
	return 0;
}

/* The record of an input in a lane: there, one that no lane has any more, or made. NULL with a
 * sentence. */
static struct sluice_pcap_input *get_input(struct sluice_intake *intake,
					   const struct sluice_source_plan *plan,
					   const struct sluice_config_input *config,
					   struct sluice_pcap_handle *lane, char **error)
{
	struct sluice_pcap_input *input, *unused = NULL;
	uint16_t index;

	if (sluice_identity_number(plan->identity, config->id, &index)) {
		sluice_say(error, "input `%s` has no number: that is a fault of sluiced",
			   config->name);
		return NULL;
	}
	for (input = intake->inputs; input; input = input->next) {
		if (!sluice_guid_equal(input->guid, config->id))
			continue;
		if (input->handle == lane)
			break;
		if (!input->handle)
			unused = input;
	}
	if (!input)
		input = unused;
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
	input->handle = lane;
	memcpy(input->name, config->name, sizeof(input->name));
	return input;
}

/* Prepares one input in one lane. 0, or a negative errno with a sentence. */
static int prepare_lane(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			size_t number, struct sluice_pcap_handle *lane,
			struct sluice_stream_table *fresh, char **error)
{
	const struct sluice_config_input *config = &plan->config->inputs[number];
	struct sluice_pcap_input *input = get_input(intake, plan, config, lane, error);
	struct sluice_stream *stream;

	if (!input)
		return -ENOMEM;
	stream = sluice_xdp_stream(intake->context, plan, &plan->routes[plan->route_of[number]],
				   lane->number, fresh, error);
	if (!stream)
		return -ENOMEM;
	if (sluice_pcap_table_add(&lane->next_table, config, input, stream)) {
		sluice_say(error, "out of memory for the ports of input `%s`", config->name);
		return -ENOMEM;
	}
	return 0;
}

/* Prepares one input. 0, or a negative errno with a sentence. */
static int prepare_input(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			 size_t number, struct sluice_stream_table *fresh, char **error)
{
	const struct sluice_config_input *config = &plan->config->inputs[number];
	struct sluice_xdp_interface *interface = get_interface(intake, plan, config);
	uint32_t lane;
	int result = 0;

	if (!interface) {
		sluice_say(error, "out of memory for input `%s`", config->name);
		return -ENOMEM;
	}
	interface->is_wanted = true;
	for (lane = 0; !result && lane < interface->lane_count; lane++)
		result = prepare_lane(intake, plan, number, interface->lanes[lane], fresh, error);
	return result;
}

/* Makes what the program of each interface in a list is to read. 0, or a negative errno with a
 * sentence. */
static int prepare_rules(struct sluice_xdp_interface *list, char **error)
{
	int result = 0;

	for (; !result && list; list = list->next) {
		if (!list->is_wanted)
			continue;
		result = sluice_xdp_rules_make(&list->next_rules, list->lanes[0]->next_table);
		if (result == -EMFILE)
			sluice_say(error,
				   "interface %s: more than %u inputs share a port by their "
				   "addresses, and `source: xdp` knows no more apart; use larger "
				   "prefixes, or another source",
				   list->name, SLUICE_XDP_SHARING);
		else if (result == -E2BIG)
			sluice_say(error,
				   "interface %s: its inputs have more addresses and ports than "
				   "`source: xdp` has places for, %u; use larger prefixes, or "
				   "another source",
				   list->name, SLUICE_XDP_CLAIMS / 2);
		else if (result)
			sluice_say(error, "out of memory for the ports of interface %s",
				   list->name);
	}
	return result;
}

/* struct sluice_source_class.prepare: lanes and rings are made. */
static int intake_prepare(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			  struct sluice_stream_table *fresh, char **error)
{
	struct sluice_xdp_interface *interface;
	size_t number;
	int result = 0;

	for (interface = intake->interfaces; interface; interface = interface->next)
		interface->is_wanted = false;
	for (number = 0; !result && number < plan->config->input_count; number++)
		if (plan->kinds[number] == SLUICE_SOURCE_XDP)
			result = prepare_input(intake, plan, number, fresh, error);
	if (!result)
		result = prepare_rules(intake->interfaces, error);
	if (!result)
		result = prepare_rules(intake->fresh, error);
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

/* The threads of an interface read by the new tables, then its program by the new rules: what it
 * sends to a socket has an input there. */
static void commit_interface(struct sluice_xdp_interface *interface)
{
	uint32_t lane;
	int error = 0, failed = 0;

	pthread_mutex_lock(&interface->lock);
	for (lane = 0; lane < interface->lane_count; lane++) {
		error = sluice_pcap_handle_commit(interface->lanes[lane]);
		failed = error ? error : failed;
	}
	if (failed)
		sluice_error("nothing is taken from queues of %s: no thread for them: %s",
			     interface->name, strerror(-failed));
	free(interface->rules);
	interface->rules = interface->next_rules;
	interface->next_rules = NULL;
	error = interface->is_open ? sluice_xdp_rules_write(interface) : 0;
	if (error)
		sluice_error("interface %s: the XDP program cannot be told of the change: %s; it "
			     "takes what it took before",
			     interface->name, strerror(-error));
	pthread_mutex_unlock(&interface->lock);
}

/* struct sluice_source_class.commit */
static void intake_commit(struct sluice_intake *intake)
{
	struct sluice_xdp_interface **place = &intake->interfaces, *interface, *gone;

	while ((interface = *place)) {
		if (interface->is_wanted) {
			place = &interface->next;
			continue;
		}
		*place = interface->next;
		gone = interface;
		gone->next = NULL;
		free_interfaces(intake, &gone);
	}
	*place = intake->fresh;
	intake->fresh = NULL;
	for (interface = intake->interfaces; interface; interface = interface->next)
		/* A change that only follows has no plan. */
		if (interface->next_rules)
			commit_interface(interface);
}

/* struct sluice_source_class.cancel */
static void intake_cancel(struct sluice_intake *intake)
{
	struct sluice_xdp_interface *interface;
	uint32_t lane;

	free_interfaces(intake, &intake->fresh);
	for (interface = intake->interfaces; interface; interface = interface->next) {
		free(interface->next_rules);
		interface->next_rules = NULL;
		for (lane = 0; lane < interface->lane_count; lane++) {
			sluice_pcap_table_free(interface->lanes[lane]->next_table);
			interface->lanes[lane]->next_table = NULL;
		}
	}
}

/* struct sluice_source_class.catch_up: a stop begins. The programs go, so that the stack has what
 * comes from now on, and what the sockets have is stored. */
static void intake_catch_up(struct sluice_intake *intake)
{
	struct sluice_xdp_interface *interface;

	for (interface = intake->interfaces; interface; interface = interface->next)
		sluice_xdp_interface_stop(interface);
}

/* struct sluice_source_class.close_inputs: nothing is handed over. */
static size_t intake_close(struct sluice_intake *intake)
{
	intake_catch_up(intake);
	return 0;
}

/* struct sluice_source_class.counters */
static int intake_counters(struct sluice_intake *intake, const sluice_guid guid,
			   struct sluice_counters *counters, uint16_t *index)
{
	const struct sluice_pcap_input *input;
	int result = -ENOENT;

	memset(counters, 0, sizeof(*counters));
	for (input = intake->inputs; input; input = input->next)
		if (sluice_guid_equal(input->guid, guid)) {
			sluice_pcap_input_add_up(input, counters);
			*index = input->index;
			result = 0;
		}
	return result;
}

/* The interface that an input is taken from, or NULL. */
static struct sluice_xdp_interface *used_by(const struct sluice_intake *intake,
					    const sluice_guid guid)
{
	const struct sluice_pcap_input *input;
	const struct sluice_xdp_lane *lane;

	for (input = intake->inputs; input; input = input->next)
		if (input->handle && sluice_guid_equal(input->guid, guid)) {
			lane = input->handle->own;
			return lane->interface;
		}
	return NULL;
}

/* struct sluice_source_class.state */
static const char *intake_state(struct sluice_intake *intake, const sluice_guid guid)
{
	struct sluice_xdp_interface *interface = used_by(intake, guid);
	struct sluice_pcap_handle *leader = interface ? interface->lanes[0] : NULL;
	char text[SLUICE_PCAP_TEXT];
	uint64_t packets = 0, others = 0;
	uint32_t state, lane;

	if (!leader)
		return NULL;
	pthread_mutex_lock(&leader->lock);
	memcpy(text, leader->text, sizeof(text));
	state = leader->state;
	pthread_mutex_unlock(&leader->lock);
	if (state == SLUICE_PCAP_WAITS) {
		snprintf(intake->text, sizeof(intake->text), "waiting%s%s", text[0] ? " " : "",
			 text);
		return intake->text;
	}
	for (lane = 0; lane < interface->lane_count; lane++) {
		packets += sluice_load_relaxed(&interface->lanes[lane]->packets);
		others += sluice_load_relaxed(&interface->lanes[lane]->others);
	}
	snprintf(intake->text, sizeof(intake->text),
		 "%s: %u queues, %u of them zero-copy; %" PRIu64 " packets read, %" PRIu64
		 " skipped; left to the stack: %" PRIu64 " fragmented, %" PRIu64
		 " larger than a frame, %" PRIu64 " of a queue without a socket; %" PRIu64
		 " found the fill ring empty",
		 text, sluice_load_relaxed(&interface->sockets),
		 sluice_load_relaxed(&interface->zerocopy), packets, others,
		 sluice_load_relaxed(&interface->left_why[SLUICE_XDP_LEFT_FRAGMENT]),
		 sluice_load_relaxed(&interface->left_why[SLUICE_XDP_LEFT_LARGE]),
		 sluice_load_relaxed(&interface->left_why[SLUICE_XDP_LEFT_QUEUE]),
		 sluice_load_relaxed(&interface->starved));
	return intake->text;
}

const struct sluice_source_class sluice_source_xdp = {
	.kind = SLUICE_SOURCE_XDP,
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
	.free = intake_free,
};
