// SPDX-License-Identifier: MIT
/*
 * The socket source: inputs without the module. Every worker has a socket of its own for every
 * port (SO_REUSEPORT: the kernel spreads senders over them, each sender stays with one), or for
 * its part of them if they are many, and a ring of its own per route. For the control thread;
 * what happens per datagram is in the ways of receiving (socket_way.h). Touches: sockets, memfds,
 * the workers' port sets.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "../../lib/log.h"
#include "../../config/sentence.h"
#include "socket.h"
#include "socket_account.h"
#include "socket_claim.h"
#include "socket_hand.h"
#include "socket_index.h"
#include "socket_intake.h"
#include "socket_way.h"

/* Frees the readers that have no sockets. */
static void close_readers(struct sluice_intake *intake)
{
	size_t number;

	for (number = 0; number < intake->context->worker_count; number++)
		sluice_socket_close_readers(&intake->readers[number], false);
}

/* struct sluice_source_class.free: sockets are closed. */
static void intake_free(struct sluice_intake *intake)
{
	size_t number;

	if (!intake)
		return;
	for (number = 0; intake->sets && number < intake->context->worker_count; number++)
		sluice_socket_part(intake, intake->context->workers[number]);
	while (intake->inputs) {
		struct sluice_socket_input *input = intake->inputs;

		intake->inputs = input->next;
		sluice_socket_input_free(input);
	}
	sluice_socket_workers_free(intake);
	free(intake);
}

/* struct sluice_source_class.open: a port set per worker. */
static int intake_open(const struct sluice_source_context *context, struct sluice_intake **result,
		       char **error)
{
	struct sluice_intake *intake = calloc(1, sizeof(*intake));
	const struct sluice_socket_way *const *way;
	struct rlimit limit;
	size_t number;

	if (!intake)
		goto memory;
	intake->context = context;
	for_each_socket_way (way) {
		if ((*way)->begin)
			(*way)->begin();
	}
	sluice_socket_account_open();
	if (sluice_socket_workers_open(intake))
		goto memory;
	/* A socket per port and worker: as many descriptors as this process may have. */
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (number = 0; number < context->worker_count; number++)
		if (sluice_socket_join(intake, context->workers[number]))
			goto memory;
	*result = intake;
	return 0;

memory:
	intake_free(intake);
	sluice_say(error, "out of memory for the socket source");
	return -ENOMEM;
}

/* Finds or makes the stream of a route in a worker. NULL with a sentence. */
static struct sluice_stream *stream_of(struct sluice_intake *intake,
				       const struct sluice_source_plan *plan,
				       const struct sluice_config_route *route, size_t number,
				       struct sluice_stream_table *fresh, char **error)
{
	/* By worker, not by CPU: there may be more workers than CPUs. */
	uint32_t cpu = intake->context->workers[number]->number;
	struct sluice_placed_stream *placed = sluice_stream_table_find(
		intake->context->streams, route->id, SLUICE_SOURCE_SOCKET, cpu);

	if (!placed)
		placed = sluice_stream_table_find(fresh, route->id, SLUICE_SOURCE_SOCKET, cpu);
	if (!placed && !sluice_socket_make_stream(intake->context, &intake->sets[number], plan,
						  route, number, fresh, error))
		placed = sluice_stream_table_find(fresh, route->id, SLUICE_SOURCE_SOCKET, cpu);
	return placed ? placed->stream : NULL;
}

/* Looks at one input: can it be had from sockets, and in which way are they read? That is noted in
 * its record. 0, or a negative errno with a sentence. */
static int look_at_input(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			 const struct sluice_config_input *input,
			 const struct sluice_socket_way **way, char **error)
{
	const struct sluice_socket_way_bed bed = {
		plan, intake->sets, intake->readers,
		sluice_config_goal(plan->config, intake->context->worker_count), intake->follows};
	struct sluice_socket_input *record;
	uint16_t index;
	int result;

	if (input->verdict == SLUICE_VERDICT_COPY) {
		sluice_say_at(error, plan->config, &input->place,
			      "input `%s`: `verdict: copy` needs the module, because a socket "
			      "takes what it receives; load it "
			      "(`modprobe sluice`) or use `verdict: steal`",
			      input->name);
		return -EOPNOTSUPP;
	}
	if (input->checksum) {
		sluice_say_at(error, plan->config, &input->place,
			      "input `%s`: `checksum: %s` needs the module, because a socket never "
			      "sees a datagram with a wrong one; load it (`modprobe sluice`) or "
			      "leave the key out",
			      input->name, sluice_config_checksum_name((uint32_t)input->checksum));
		return -EOPNOTSUPP;
	}
	result = sluice_identity_number(plan->identity, input->id, &index);
	if (result) {
		sluice_say(error, "input `%s` has no number: that is a fault of sluiced",
			   input->name);
		return result;
	}
	record = sluice_socket_input_get(intake, input->id, intake->context->worker_count, index);
	if (!record) {
		sluice_say(error, "out of memory for input `%s`", input->name);
		return -ENOMEM;
	}
	record->wanted = true;
	snprintf(record->name, sizeof(record->name), "%s", input->name);
	sluice_socket_input_look(record, input);
	*way = sluice_socket_way_choose(&bed, input, record);
	/* As many workers as it will have in the end: with others their streams would have to move.
	 */
	if (record->comes && record->next_choice.receive == SLUICE_RECEIVE_CALLS)
		*way = record->comes;
	return 0;
}

/* struct sluice_source_class.look: who reads how? */
static int intake_look(struct sluice_intake *intake, const struct sluice_source_plan *plan,
		       size_t *spread, char **error)
{
	const struct sluice_socket_way *way;
	struct sluice_socket_input *input;
	size_t workers = sluice_config_goal(plan->config, intake->context->worker_count), number;
	int result = 0;

	for (input = intake->inputs; input; input = input->next)
		input->wanted = false;
	for (number = 0; !result && number < plan->config->input_count; number++) {
		if (plan->kinds[number] != SLUICE_SOURCE_SOCKET)
			continue;
		result = look_at_input(intake, plan, &plan->config->inputs[number], &way, error);
		if (!result)
			spread[number] = way->spread ? way->spread(plan->config, workers) : workers;
	}
	return result;
}

/* Sees to what is in hand between a worker's sockets and its rings. */
static void prepare_hand(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			 size_t worker, const struct sluice_socket_way *way)
{
	if (!intake->has_found)
		sluice_socket_hand_find(plan->config);
	intake->has_found = true;
	if (way->receive == SLUICE_RECEIVE_CALLS)
		sluice_socket_hand_open(plan->config, intake->context->workers[worker]);
}

/* Prepares everything of the input with this number. */
static int prepare_input(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			 size_t place, struct sluice_stream_table *fresh, char **error)
{
	const struct sluice_config_input *input = &plan->config->inputs[place];
	const struct sluice_config_route *route = &plan->routes[plan->route_of[place]];
	struct sluice_socket_input *record = sluice_socket_input_of(intake, input->id);
	const size_t workers = sluice_config_reached(route->reach, plan->spread[place]);
	struct sluice_socket_candidate *candidate;
	struct sluice_port_key key;
	const struct sluice_socket_way *way;
	size_t worker, range;
	unsigned int number;
	int result;

	if (!record)
		return -ENOENT;
	way = sluice_socket_way_of(record->next_choice.receive);
	/* Of those behind them there is none: who is no candidate has no port. */
	for (worker = 0; worker < workers; worker++) {
		candidate = &intake->candidates[worker * plan->config->input_count +
						intake->candidate_count];
		candidate->config = input;
		candidate->input = record;
		candidate->counters = record->counters[worker];
		candidate->way = way;
		/* The rest of the delay is for what comes after: storing, sending. */
		candidate->wait_most_ns = route->delay_us * SLUICE_NS_PER_US / 4 * 3;
		candidate->is_prompt = route->is_prompt;
		candidate->stream = stream_of(intake, plan, route, worker, fresh, error);
		if (!candidate->stream)
			return -ENOMEM;
		/* Behind the first ring, which chooses the directory. */
		prepare_hand(intake, plan, worker, way);
		for (range = 0; range < input->port_count; range++) {
			for (number = input->ports[range].first; number <= input->ports[range].last;
			     number++) {
				if (!sluice_socket_is_dealt(intake, (uint16_t)number, worker))
					continue;
				sluice_port_describe(input, (uint16_t)number, &key);
				key.way = way;
				result = sluice_socket_prepare_port(intake, plan, input, &key,
								    record, worker, error);
				if (result)
					return result;
			}
		}
	}
	intake->candidate_count++;
	return 0;
}

/* Works out where the datagrams of a list's ports go, those of worker `number`. 0 or -ENOMEM. */
static int prepare_uses(struct sluice_intake *intake, struct sluice_port *list, size_t number,
			size_t input_count, bool is_fresh)
{
	const struct sluice_socket_candidate *row = &intake->candidates[number * input_count];
	struct sluice_port_use *use;

	for (; list; list = list->next) {
		if (!list->wanted)
			continue;
		use = sluice_port_use_create(&list->key, row, intake->candidate_count);
		if (!use)
			return -ENOMEM;
		sluice_port_prepare_use(list, use);
		if (is_fresh) {
			sluice_port_set_use(list, use);
			continue;
		}
		free(list->next_use);
		list->next_use = use;
	}
	return 0;
}

/* Prepares all inputs of the plan. */
static int prepare_inputs(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			  struct sluice_stream_table *fresh, char **error)
{
	size_t number, count = plan->config->input_count;
	int result = 0;

	intake->candidate_count = 0;
	/* One more than there can be, which may be none. */
	intake->candidates =
		calloc(count * intake->context->worker_count + 1, sizeof(*intake->candidates));
	if (!intake->candidates)
		result = -ENOMEM;
	for (number = 0; !result && number < count; number++)
		if (plan->kinds[number] == SLUICE_SOURCE_SOCKET)
			result = prepare_input(intake, plan, number, fresh, error);
	for (number = 0; !result && number < intake->context->worker_count; number++) {
		result = prepare_uses(intake, intake->sets[number].ports, number, count, false);
		if (!result)
			result = prepare_uses(intake, intake->fresh[number], number, count, true);
	}
	free(intake->candidates);
	intake->candidates = NULL;
	if (result)
		sluice_say(error, "out of memory for the inputs");
	return result;
}

/* struct sluice_source_class.prepare: rings are made, sockets bound. */
static int intake_prepare(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			  struct sluice_stream_table *fresh, char **error)
{
	struct sluice_port *port;
	size_t number;
	int result;

	for (number = 0; number < intake->context->worker_count; number++)
		for (port = intake->sets[number].ports; port; port = port->next)
			port->wanted = false;
	sluice_socket_deal(intake, plan);
	result = prepare_inputs(intake, plan, fresh, error);
	if (result)
		return result;
	/* What is left over is for a change to take: who only follows has no place for streams. */
	return intake->follows ? 0 : sluice_socket_adopt_rings(intake->context, plan, fresh);
}

/* struct sluice_source_class.activate: new sockets are watched. */
static int intake_activate(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			   char **error)
{
	size_t number;
	int result;

	(void)plan;
	for (number = 0; number < intake->context->worker_count; number++) {
		struct sluice_ports_call call = {.set = &intake->sets[number],
						 .fresh = intake->fresh[number]};

		result = sluice_worker_call(intake->context->workers[number], sluice_ports_enter,
					    &call);
		if (result) {
			sluice_say(error, "a socket cannot be watched: %s", strerror(-result));
			return result;
		}
	}
	return 0;
}

/* struct sluice_source_class.commit: sockets that are not wanted go. */
static void intake_commit(struct sluice_intake *intake)
{
	struct sluice_socket_input **link = &intake->inputs, *input;
	size_t number;

	sluice_socket_begin_commit(intake);
	for (number = 0; number < intake->context->worker_count; number++) {
		struct sluice_ports_call call = {.set = &intake->sets[number],
						 .fresh = intake->fresh[number]};

		sluice_port_index_remove_all(&intake->fresh_index[number], call.fresh);
		sluice_worker_call(intake->context->workers[number], sluice_ports_commit, &call);
		intake->fresh[number] = NULL;
	}
	close_readers(intake);
	sluice_socket_absorb(intake);
	intake->found = intake->last = NULL;
	while ((input = *link)) {
		if (input->wanted) {
			sluice_socket_input_settle(input);
			input->choice = input->next_choice;
			if (!sluice_socket_way_is_held())
				input->comes = NULL;
			link = &input->next;
			continue;
		}
		*link = input->next;
		sluice_socket_input_leave(intake->inputs, input);
		sluice_socket_input_free(input);
	}
}

/* struct sluice_source_class.cancel: new sockets are closed. */
static void intake_cancel(struct sluice_intake *intake)
{
	size_t number;

	for (number = 0; number < intake->context->worker_count; number++) {
		sluice_port_index_remove_all(&intake->fresh_index[number], intake->fresh[number]);
		sluice_socket_cancel(intake, number);
		intake->fresh[number] = NULL;
	}
	close_readers(intake);
	/* Inputs that only the plan had stay until the next commit: they cost nothing. */
}

/* Do all inputs stand as they did? In *waits: does one wait for something? */
static bool all_settled(struct sluice_intake *intake, const struct sluice_source_plan *plan,
			bool *waits)
{
	struct sluice_socket_input *input;
	bool settled = true;
	size_t number;

	*waits = false;
	for (number = 0; number < plan->config->input_count; number++) {
		if (plan->kinds[number] != SLUICE_SOURCE_SOCKET)
			continue;
		input = sluice_socket_input_of(intake, plan->config->inputs[number].id);
		if (!input)
			continue;
		settled &= sluice_socket_input_is_settled(input, &plan->config->inputs[number]) &&
			   (!input->comes || sluice_socket_way_is_held());
		*waits |= input->next_state.wait != SLUICE_WAITS_FOR_NOTHING;
	}
	return settled;
}

/* The same as when the plan came into force, as is the number of rings. */
static int look_again(struct sluice_intake *intake, const struct sluice_source_plan *plan,
		      char **error)
{
	size_t *spread = calloc(plan->config->input_count + 1, sizeof(*spread));
	int result = spread ? intake_look(intake, plan, spread, error) : -ENOMEM;

	free(spread);
	return result;
}

/* struct sluice_source_class.follow: the plan in force once more, with the interfaces and addresses
 * that there are now. */
static bool intake_follow(struct sluice_intake *intake, const struct sluice_source_plan *plan)
{
	struct sluice_stream_table fresh = {0};
	char *error = NULL;
	bool waits;
	int result;

	if (all_settled(intake, plan, &waits))
		return waits;
	intake->follows = true;
	result = look_again(intake, plan, &error);
	if (!result)
		result = intake_prepare(intake, plan, &fresh, &error);
	/* The rings are all there. */
	if (!result && fresh.count)
		result = -ENOENT;
	if (!result)
		result = intake_activate(intake, plan, &error);
	if (result) {
		sluice_warning("the sockets cannot follow the interfaces: %s; tried again soon",
			       error ? error : strerror(-result));
		intake_cancel(intake);
	} else {
		intake_commit(intake);
	}
	intake->follows = false;
	while (fresh.count)
		sluice_stream_destroy(fresh.list[--fresh.count].stream);
	free(fresh.list);
	free(error);
	return result || !all_settled(intake, plan, &waits) || waits;
}

/* struct sluice_source_class.state */
static const char *intake_state(struct sluice_intake *intake, const sluice_guid guid)
{
	const struct sluice_socket_input *input = sluice_socket_input_of(intake, guid);

	return input && input->state.wait ? input->state.text : NULL;
}

/* struct sluice_source_class.receive */
static enum sluice_receive intake_receive(struct sluice_intake *intake, const sluice_guid guid,
					  const char **why)
{
	const struct sluice_socket_input *input = sluice_socket_input_of(intake, guid);

	*why = input ? input->choice.why : NULL;
	return input ? input->choice.receive : SLUICE_RECEIVE_AUTO;
}

/* struct sluice_source_class.retire: the ring is all there is. */
static bool intake_retire(struct sluice_intake *intake, struct sluice_stream *stream)
{
	(void)intake;
	(void)stream;
	return true;
}

/* struct sluice_source_class.catch_up: sockets are read. */
static void intake_catch_up(struct sluice_intake *intake)
{
	size_t number;

	for (number = 0; number < intake->context->worker_count; number++)
		(void)sluice_worker_call_within(intake->context->workers[number],
						sluice_ports_catch_up, &intake->sets[number],
						SLUICE_WORKER_PATIENCE_NS);
}

/* Hands the sockets that are read with calls to whoever keeps them for the next daemon. Returns how
 * many. */
static size_t pass(struct sluice_intake *intake)
{
	struct sluice_pass_call call = {0};
	size_t number, stored;

	if (!sluice_socket_can_pass())
		return 0;
	for (number = 0; number < intake->context->worker_count; number++) {
		call.set = &intake->sets[number];
		(void)sluice_worker_call_within(intake->context->workers[number], sluice_ports_pass,
						&call, SLUICE_WORKER_PATIENCE_NS);
	}
	stored = sluice_socket_store(call.list, call.count);
	free(call.list);
	return stored;
}

/* struct sluice_source_class.close_inputs: sockets are emptied into the rings. */
static size_t intake_close(struct sluice_intake *intake)
{
	size_t number, passed = pass(intake);

	for (number = 0; number < intake->context->worker_count; number++)
		(void)sluice_worker_call_within(intake->context->workers[number],
						sluice_ports_close, &intake->sets[number],
						SLUICE_WORKER_PATIENCE_NS);
	return passed;
}

/* struct sluice_source_class.measure: the counters are always there. */
static int intake_measure(struct sluice_intake *intake)
{
	(void)intake;
	return 0;
}

/* struct sluice_source_class.counters, summed over the workers. */
static int intake_counters(struct sluice_intake *intake, const sluice_guid guid,
			   struct sluice_counters *counters, uint16_t *index)
{
	const struct sluice_socket_input *input = sluice_socket_input_of(intake, guid);

	memset(counters, 0, sizeof(*counters));
	if (!input)
		return -ENOENT;
	*index = input->index;
	(void)sluice_socket_input_sum(input, counters);
	return 0;
}

/* struct sluice_source_class.is_held: looks at the cursors of the route's files. */
static bool intake_is_held(struct sluice_intake *intake, const struct sluice_config *config,
			   size_t workers, const sluice_guid route, const sluice_guid *outputs,
			   size_t count)
{
	unsigned int worker;

	(void)intake;
	for (worker = 0; worker < workers; worker++)
		if (sluice_socket_is_held(config, worker, route, outputs, count))
			return true;
	return false;
}

/* struct sluice_source_class.unmatched, summed over the workers. */
static uint64_t intake_unmatched(struct sluice_intake *intake, const sluice_guid guid)
{
	const struct sluice_socket_input *input = sluice_socket_input_of(intake, guid);
	struct sluice_counters counters;

	return input ? sluice_socket_input_sum(input, &counters) : 0;
}

/* struct sluice_source_class.cost, summed over the workers. */
static void intake_cost(struct sluice_intake *intake, const sluice_guid guid,
			uint64_t sum[SLUICE_COST_STAGES])
{
	const struct sluice_socket_input *input = sluice_socket_input_of(intake, guid);
	size_t number;

	for (number = 0; input && number < input->counter_count; number++)
		sluice_cost_add(&input->counters[number]->cost, sum);
}

const struct sluice_source_class sluice_source_socket = {
	.kind = SLUICE_SOURCE_SOCKET,
	.is_filled_by_worker = true,
	.has_left = sluice_socket_has_left,
	.open = intake_open,
	.look = intake_look,
	.prepare = intake_prepare,
	.activate = intake_activate,
	.commit = intake_commit,
	.cancel = intake_cancel,
	.is_held = intake_is_held,
	.retire = intake_retire,
	.catch_up = intake_catch_up,
	.close_inputs = intake_close,
	.show = sluice_socket_show,
	.measure = intake_measure,
	.counters = intake_counters,
	.unmatched = intake_unmatched,
	.cost = intake_cost,
	.follow = intake_follow,
	.state = intake_state,
	.receive = intake_receive,
	.join = sluice_socket_join,
	.is_quiet = sluice_socket_is_quiet,
	.part = sluice_socket_part,
	.free = intake_free,
};
