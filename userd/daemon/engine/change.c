// SPDX-License-Identifier: MIT
/*
 * From one configuration to the next, whole or not at all. In the control thread; what lives in
 * workers is changed by call.
 *
 *   derive ─► sources look ─► outputs made ─► sources prepare ─► workers make room ─►
 *      └────────────┴───────────────┴────────────────┴──────────────────┴─► undo
 *   sources activate ─┬─► commit: sources go by the new one ─► outputs drain
 *      └─► undo
 *
 * What is the same in both is not touched: an input keeps its sockets or rule, an output its
 * connections. An output that changed hands its connections to the destinations that stayed to its
 * heir. Streams whose route is gone drain.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "../link/credentials.h"
#include "../link/path.h"
#include "derive.h"
#include "disk_change.h"
#include "inner.h"
#include "leaving.h"
#include "../../config/sentence.h"

/* How long a change waits for what an output that changes has under way. What is not acknowledged
 * by then is sent again. */
#define DRAIN_NS SLUICE_NS_PER_S
#define DRAIN_PAUSE_US 2000U

/* A change under way. */
struct change {
	struct sluice_engine *engine;
	struct sluice_config *config;
	const struct sluice_wishes *wishes; /* NULL: none */
	struct sluice_identity identity;    /* what is remembered then */
	struct sluice_derived derived;
	struct sluice_source_plan plan;
	struct sluice_stream_table fresh;
	struct sluice_whole_output *outputs; /* of the new configuration */
	struct sluice_whole_output *
		*heir_of; /* by output: the old one it follows; NULL: it is new */
	bool *kept;	  /* by output: it is the old one, unchanged on the wire */
	struct sluice_disk_change disk;
	bool opened[SLUICE_INTAKES], prepared[SLUICE_INTAKES];
	size_t entered; /* workers that made room */
	bool switched;	/* sources go by it already */
	bool gathers;	/* streams go to other workers (gather.c) */
};

/* Makes the outputs of the new configuration, or finds the old ones that serve. */
static int make_outputs(struct change *change, char **error)
{
	const struct sluice_config *config = change->config;
	size_t number, count = config->output_count ? config->output_count : 1;

	change->outputs = calloc(count, sizeof(*change->outputs));
	change->heir_of = calloc(count, sizeof(struct sluice_whole_output *));
	change->kept = calloc(count, sizeof(*change->kept));
	if (!change->outputs || !change->heir_of || !change->kept)
		goto memory;
	for (number = 0; number < config->output_count; number++) {
		const struct sluice_config_output *output = &config->outputs[number];

		change->heir_of[number] = sluice_engine_find_output(change->engine, output->id);
		change->kept[number] = change->heir_of[number] &&
				       sluice_whole_output_is_same(change->heir_of[number], output);
		if (!change->kept[number] &&
		    sluice_whole_output_make(change->engine, output, &change->outputs[number]))
			goto memory;
	}
	return 0;

memory:
	sluice_say(error, "out of memory for the outputs");
	return -ENOMEM;
}

/* Is a source needed that is not open? Also without inputs of its own, if an earlier daemon may
 * have left something in it. */
static bool is_needed(const struct change *change, const struct sluice_source_class *class)
{
	return sluice_source_plan_has(&change->plan, class->kind) ||
	       class->has_left(change->config, &change->identity, !change->engine->config);
}

/* Asks the sources how many rings they will fill, and shares the memory by that. 0, or a negative
 * errno with a sentence. */
static int share_memory(struct change *change, char **error)
{
	int result = sluice_intakes_look(change->engine, &change->plan, change->derived.spread,
					 change->opened, change->prepared, error);

	if (result)
		return result;
	return sluice_config_share(change->config, sluice_config_cpus(), change->derived.spread,
				   change->derived.routes, change->derived.route_count);
}

/* Lets the sources prepare. */
static int prepare_sources(struct change *change, char **error)
{
	struct sluice_engine *engine = change->engine;
	size_t number;
	int result;

	for (number = 0; number < SLUICE_INTAKES; number++) {
		const struct sluice_source_class *class = sluice_intake_classes[number];

		if (!engine->intakes[number] && !is_needed(change, class))
			continue;
		result = sluice_intake_open(engine, number, &change->opened[number], error);
		if (result)
			return result;
		change->prepared[number] = true;
		result = class->prepare(engine->intakes[number], &change->plan, &change->fresh,
					error);
		if (result)
			return result;
	}
	return 0;
}

/*
 * How many feeders one output can get in a worker: all there are. One that followed many lanes
 * has a feeder for each in every stream, and each of these one of the disk.
 */
static size_t most_feeders(const struct change *change, const struct sluice_worker *worker)
{
	const struct sluice_stream_table *tables[] = {&change->fresh, &change->engine->streams};
	size_t table, number, most = 0;

	for (table = 0; table < 2; table++)
		for (number = 0; number < tables[table]->count; number++)
			if (tables[table]->list[number].worker == worker)
				most += tables[table]->list[number].stream->feeder_count;
	return most;
}

/* Worker call: takes fresh streams and outputs of this worker into its loop, as far as that can
 * fail. */
static int enter(struct sluice_worker *worker, void *argument)
{
	struct change *change = argument;
	size_t number, feeders;
	int result;

	for_each_placed_stream (placed, &change->fresh) {
		if (placed->worker != worker)
			continue;
		result = sluice_stream_enter(placed->stream, worker);
		if (result)
			return result;
	}
	result = sluice_disk_change_enter(&change->disk, worker);
	if (!result)
		result = sluice_lanes_add(change->engine, change->config, &change->plan, worker);
	if (result)
		return result;
	feeders = most_feeders(change, worker);
	for (number = 0; number < change->config->output_count; number++) {
		if (change->kept[number])
			result = sluice_output_reserve(
				change->heir_of[number]->halves[worker->number], feeders);
		else
			result = sluice_output_enter(change->outputs[number].halves[worker->number],
						     feeders);
		if (result)
			return result;
	}
	return 0;
}

/* Worker call: undoes enter(), also one that failed half-way. */
static int withdraw(struct sluice_worker *worker, void *argument)
{
	struct change *change = argument;
	size_t number;

	sluice_disk_change_withdraw(&change->disk, worker);
	sluice_lanes_drop(change->engine, worker);
	for_each_placed_stream (placed, &change->fresh)
		if (placed->worker == worker)
			sluice_stream_leave(placed->stream);
	for (number = 0; change->outputs && number < change->config->output_count; number++) {
		struct sluice_output **halves = change->outputs[number].halves;

		if (!halves || !halves[worker->number])
			continue;
		sluice_output_leave(halves[worker->number]);
		sluice_output_destroy(halves[worker->number]);
		halves[worker->number] = NULL;
	}
	return 0;
}

/* Puts everything back. */
static void undo(struct change *change)
{
	struct sluice_engine *engine = change->engine;
	size_t number;

	for (number = 0; number < change->entered; number++)
		sluice_worker_call(engine->workers[number], withdraw, change);
	for (number = SLUICE_INTAKES; number-- > 0;) {
		if (change->prepared[number])
			sluice_intake_classes[number]->cancel(engine->intakes[number]);
		if (change->opened[number]) {
			sluice_intake_classes[number]->free(engine->intakes[number]);
			engine->intakes[number] = NULL;
		}
	}
	for_each_placed_stream (placed, &change->fresh)
		sluice_stream_destroy(placed->stream);
	for (number = 0; change->outputs && number < change->config->output_count; number++)
		sluice_whole_output_free(&change->outputs[number], engine->worker_count);
	sluice_disk_change_undo(&change->disk);
	sluice_derived_free(&change->derived);
}

/* Does the old output go on as it is? */
static bool goes_on(const struct change *change, const struct sluice_whole_output *old)
{
	size_t number;

	for (number = 0; number < change->config->output_count; number++)
		if (change->kept[number] && change->heir_of[number] == old)
			return true;
	return false;
}

/* Worker call: outputs that change or go hand out nothing more. Returns 1 as long as something of
 * theirs is under way. */
static int pause_leaving(struct sluice_worker *worker, void *argument)
{
	struct change *change = argument;
	uint64_t carried = 0;
	size_t number;

	for (number = 0; number < change->engine->output_count; number++) {
		struct sluice_whole_output *old = &change->engine->outputs[number];

		if (goes_on(change, old))
			continue;
		old->halves[worker->number]->paused = true;
		carried += sluice_output_carried(old->halves[worker->number]);
	}
	return carried > 0;
}

/* Waits a while until what the leaving outputs have under way is acknowledged, so that it need not
 * be sent again. */
static void drain_outputs(struct change *change)
{
	uint64_t until = sluice_now() + DRAIN_NS;
	bool away;

	for (;;) {
		away = false;
		for_each_worker (worker, change->engine)
			away |= sluice_worker_call(worker, pause_leaving, change) > 0;
		if (!away || sluice_now() >= until)
			return;
		usleep(DRAIN_PAUSE_US);
	}
}

/* The half of the output that gets what waits for `guid` in this worker after the change, or NULL.
 */
static struct sluice_output *half_of(const struct change *change,
				     const struct sluice_worker *worker, const sluice_guid guid)
{
	size_t number;

	guid = sluice_identity_heir(&change->identity, guid);
	if (!guid)
		return NULL;
	for (number = 0; number < change->config->output_count; number++)
		if (sluice_guid_equal(change->config->outputs[number].id, guid))
			return (change->kept[number] ? change->heir_of[number]
						     : &change->outputs[number])
				->halves[worker->number];
	return NULL;
}

/* Worker call: outputs whose streams another worker may get hand out nothing until those are there,
 * so that what comes now does not go before it. Not those that end: they finish. */
static int pause_staying(struct sluice_worker *worker, void *argument)
{
	struct change *change = argument;

	for_each_output (output, worker)
		if (half_of(change, worker, output->group.guid))
			output->paused = true;
	return 0;
}

/* A feeder whose output is gone goes. What waits for it stays, unless the operator said that it be
 * dropped. */
static void unbind(const struct change *change, struct sluice_stream *stream,
		   const struct sluice_feeder *feeder, const sluice_guid guid)
{
	sluice_guid id;

	/* The stream's own list moves. */
	sluice_guid_copy(id, guid);
	if (sluice_identity_heir(&change->identity, id)) {
		sluice_stream_leave_feeder(stream, id);
		return;
	}
	if (sluice_feeder_is_first(feeder))
		sluice_leaving_count_drop(change->engine, stream, feeder);
	sluice_stream_drop_feeder(stream, id);
}

/* Binds a stream's feeders to their outputs; those whose output is gone go. */
static void bind_stream(const struct change *change, struct sluice_worker *worker,
			struct sluice_stream *stream)
{
	size_t number = 0;

	while (number < stream->feeder_count) {
		struct sluice_feeder *feeder = stream->feeders[number];
		struct sluice_output *half = half_of(change, worker, stream->outputs[number]);

		if (!half) {
			unbind(change, stream, feeder, stream->outputs[number]);
			continue;
		}
		if (feeder->output != half)
			sluice_output_take_over(half, feeder);
		number++;
	}
	/* What waits for others holds the tail. */
	stream->held = sluice_ring_held(&stream->ring, (const sluice_guid *)stream->outputs,
					stream->feeder_count);
	sluice_stream_notify(stream);
}

/* Worker call: the new outputs are in force, the old ones end. */
static int commit_outputs(struct sluice_worker *worker, void *argument)
{
	struct change *change = argument;
	struct sluice_engine *engine = change->engine;
	size_t number;

	for (number = 0; number < change->config->output_count; number++) {
		struct sluice_whole_output *old = change->heir_of[number];

		if (change->kept[number])
			sluice_output_retune(old->halves[worker->number],
					     &change->config->outputs[number]);
		else {
			change->outputs[number].halves[worker->number]->paused = change->gathers;
			sluice_output_begin(change->outputs[number].halves[worker->number],
					    old ? old->halves[worker->number] : NULL);
		}
	}
	for (number = 0; number < engine->output_count; number++) {
		struct sluice_whole_output *old = &engine->outputs[number];

		if (goes_on(change, old))
			continue;
		sluice_output_leave(old->halves[worker->number]);
		sluice_output_destroy(old->halves[worker->number]);
		old->halves[worker->number] = NULL;
	}
	sluice_disk_change_commit(&change->disk, worker);
	for_each_placed_stream (placed, &engine->streams) {
		struct sluice_stream *stream = placed->stream;

		if (placed->worker != worker)
			continue;
		/* One that was adopted drains from the beginning; a route that came back is filled
		 * again. */
		stream->alarm_mark = change->config->store.memory_alarm;
		stream->draining = stream->hung ||
				   !sluice_derived_fills(&change->derived, change->config, stream);
		bind_stream(change, worker, stream);
	}
	return 0;
}

/* Sources go by the new configuration from here on; what was in a socket before is in its old
 * stream. */
static void switch_sources(struct change *change)
{
	struct sluice_engine *engine = change->engine;
	size_t number;

	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number])
			sluice_intake_classes[number]->commit(engine->intakes[number]);
	change->switched = true;
}

/* Nothing can fail any more. */
static void commit(struct change *change)
{
	struct sluice_engine *engine = change->engine;
	struct sluice_whole_output *old = engine->outputs;
	size_t number, old_count = engine->output_count;

	/* Before a destination is enabled that shall keep to its rate from the beginning. */
	for (number = 0; number < change->config->output_count; number++)
		if (change->kept[number]) {
			sluice_whole_output_set_rates(change->heir_of[number]->pacers,
						      &change->config->outputs[number]);
			sluice_credentials_renew(change->heir_of[number]->credentials);
		} else if (change->heir_of[number])
			sluice_whole_output_inherit(&change->outputs[number],
						    change->heir_of[number]);
	for_each_worker (worker, engine)
		sluice_worker_call(worker, commit_outputs, change);
	if (!change->switched)
		switch_sources(change);
	for (number = 0; number < change->config->output_count; number++) {
		if (!change->kept[number])
			continue;
		change->outputs[number] = *change->heir_of[number];
		memset(change->heir_of[number], 0, sizeof(*change->heir_of[number]));
	}
	for (number = 0; number < old_count; number++)
		sluice_whole_output_free(&old[number], engine->worker_count);
	free(old);
	engine->outputs = change->outputs;
	engine->output_count = change->config->output_count;
	sluice_renamed_follow(engine, change->config, &change->derived, &change->identity);
	sluice_derived_free(&engine->derived);
	engine->derived = change->derived;
	sluice_config_free(engine->config);
	engine->config = change->config;
	sluice_path_name(engine->config->relay,
			 engine->config->home ? engine->config->home : engine->config->path);
	sluice_identity_free(&engine->identity);
	engine->identity = change->identity;
	sluice_disk_change_finish(&change->disk);
	sluice_name_inputs(engine);
	(void)sluice_membership_follow(&engine->memberships, engine->config);
	sluice_leaving_drop_disk(engine);
	if (change->gathers)
		sluice_gather_end(engine);
}

/* Puts the fresh streams into the engine's table, which has room for them. */
static void adopt_fresh(struct change *change)
{
	for_each_placed_stream (placed, &change->fresh)
		(void)sluice_stream_table_add(&change->engine->streams, placed->stream,
					      placed->worker);
}

/* Makes room in the engine's table. */
static int make_room(struct change *change)
{
	struct sluice_stream_table *table = &change->engine->streams;
	size_t needed = table->count + change->fresh.count;
	struct sluice_placed_stream *larger;

	if (needed <= table->room)
		return 0;
	larger = reallocarray(table->list, needed, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	table->list = larger;
	table->room = needed;
	return 0;
}

/* Everything that can fail. */
static int attempt(struct change *change, char **error)
{
	struct sluice_engine *engine = change->engine;
	size_t number;
	int result = sluice_identity_resolve(&engine->identity, change->config);

	if (!result)
		result = sluice_identity_follow(&engine->identity, change->config, change->wishes,
						&change->identity, error);
	if (result)
		return result;
	result = sluice_derive(change->config, &change->derived, error);
	if (result)
		return result;
	change->plan = (struct sluice_source_plan){
		.config = change->config,
		.identity = &change->identity,
		.routes = change->derived.routes,
		.route_count = change->derived.route_count,
		.kinds = change->derived.kinds,
		.route_of = change->derived.route_of,
		.spread = change->derived.spread,
	};
	result = share_memory(change, error);
	if (!result)
		result = sluice_derived_rename(&change->derived, engine, change->config);
	if (!result && engine->config)
		result = sluice_leaving_check(engine, change->config, &change->identity, error);
	if (!result)
		result = sluice_disk_change_prepare(&change->disk, engine, change->config,
						    &change->identity, error);
	if (result)
		return result;
	/* Before any ring has a cursor that is called so: it must be known after a crash. */
	sluice_engine_note(engine, &change->identity, change->config);
	result = make_outputs(change, error);
	if (!result)
		result = prepare_sources(change, error);
	if (!result && change->disk.spooler)
		result = sluice_engine_add_disk(engine, change->disk.spooler, &change->plan,
						&change->fresh, error);
	if (!result)
		result = make_room(change);
	while (!result && change->entered < engine->worker_count)
		result = sluice_worker_call(engine->workers[change->entered++], enter, change);
	/* The module last: what it has refused is easiest to take back. */
	for (number = SLUICE_INTAKES; !result && number-- > 0;)
		if (change->prepared[number])
			result = sluice_intake_classes[number]->activate(engine->intakes[number],
									 &change->plan, error);
	return result;
}

int sluice_engine_change(struct sluice_engine *engine, struct sluice_config *config,
			 const struct sluice_wishes *wishes, char **error)
{
	struct change change = {.engine = engine, .config = config, .wishes = wishes};
	int result = attempt(&change, error);

	if (result) {
		undo(&change);
		free(change.outputs);
		if (engine->config)
			sluice_engine_note(engine, &engine->identity, engine->config);
		sluice_identity_free(&change.identity);
	} else {
		adopt_fresh(&change);
		/* What is still in a socket goes to the outputs of the configuration under which
		 * it came: before one of them ends. Where streams go to other workers, those that
		 * somebody goes on with pause first. */
		change.gathers = sluice_gather_is_needed(engine, config);
		if (change.gathers)
			for_each_worker (worker, engine)
				(void)sluice_worker_call(worker, pause_staying, &change);
		if (engine->config) {
			switch_sources(&change);
			sluice_leaving_finish(engine, config, &change.identity);
		}
		drain_outputs(&change);
		commit(&change);
		sluice_ring_list_note(engine, false);
	}
	free(change.fresh.list);
	free(change.heir_of);
	free(change.kept);
	return result;
}
