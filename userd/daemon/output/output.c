// SPDX-License-Identifier: MIT
/*
 * One worker's half of an output; see output.h. Touches: feeders and connections of its worker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/record.h"
#include "../link/credentials.h"
#include "../stream/stream.h"
#include "output.h"

/* The times of the configuration, in nanoseconds. */
static struct sluice_tcp_timing timing_of(const struct sluice_config_output *config)
{
	return (struct sluice_tcp_timing){
		.reconnect_min_ns = config->reconnect_min_us * SLUICE_NS_PER_US,
		.reconnect_max_ns = config->reconnect_max_us * SLUICE_NS_PER_US,
		.connect_timeout_ns = config->connect_timeout_us * SLUICE_NS_PER_US,
		.dead_after_ns = config->dead_after_us * SLUICE_NS_PER_US,
	};
}

/* Has `worker` no connections to the output's destinations? */
static bool is_absent(const struct sluice_config_output *config, const struct sluice_worker *worker)
{
	return config->reach && worker->number >= config->reach;
}

/* Something may be sent again. @context worker */
static void due(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_output *output =
		(struct sluice_output *)((char *)timer - offsetof(struct sluice_output, timer));

	(void)now;
	output->group.has_work = true;
}

int sluice_output_create(const struct sluice_config_output *config, const struct sluice_kind *kind,
			 struct sluice_target *const *targets, struct sluice_pacer *pacers,
			 struct sluice_precedence *precedence, struct sluice_worker *worker,
			 struct sluice_output **result)
{
	struct sluice_output *output;
	size_t number;

	if (!config || !kind || !targets || !pacers || !precedence || !worker || !result)
		return -EINVAL;
	output = calloc(1, sizeof(*output));
	if (!output)
		return -ENOMEM;
	output->group.worker = worker;
	memcpy(output->group.guid, config->id, sizeof(output->group.guid));
	memcpy(output->group.name, config->name, sizeof(output->group.name));
	sluice_guid_copy(output->group.output, config->group);
	output->group.form = sluice_form_of(config);
	output->group.kind = kind;
	output->group.protocol = kind->protocol_of(config->framing);
	output->group.durable = config->durable != 0;
	output->group.resends = config->resends != 0;
	output->group.compresses = config->compresses != 0;
	output->group.is_absent = is_absent(config, worker);
	output->group.timing = timing_of(config);
	output->group.from = config->from;
	output->group.preserves = config->preserves != 0;
	output->timer.due = due;
	output->mode = config->mode;
	output->group.pacer = &pacers[0];
	output->precedence = precedence;
	output->told = SLUICE_PRECEDENCE_NONE;
	output->group.batch_bytes = config->batch_bytes;
	output->group.run_bytes = config->batch_bytes > SLUICE_RECORD_SPAN_MAX
					  ? config->batch_bytes
					  : SLUICE_RECORD_SPAN_MAX;
	output->group.changed = true;
	output->group.parks = output->mode == SLUICE_MODE_HASH;
	if (output->group.parks && sluice_buckets_create(&output->buckets))
		goto destroy;
	if (kind->adopt && kind->adopt(&output->group, config))
		goto destroy;
	output->group.connections =
		calloc(config->to_count ? config->to_count : 1, sizeof(struct sluice_connection *));
	if (!output->group.connections)
		goto destroy;
	for (number = 0; number < config->to_count; number++) {
		if (sluice_connection_create(&output->group, targets[number], &config->to[number],
					     &pacers[number + 1],
					     &output->group.connections[number]))
			goto destroy;
		output->group.connection_count++;
	}
	*result = output;
	return 0;

destroy:
	sluice_output_destroy(output);
	return -ENOMEM;
}

void sluice_output_destroy(struct sluice_output *output)
{
	if (!output)
		return;
	sluice_output_put_back(output);
	for_each_connection (connection, &output->group)
		sluice_connection_destroy(connection);
	for_each_feeder (feeder, &output->group)
		if (feeder->output == output)
			feeder->output = NULL;
	if (output->group.kind->disown)
		output->group.kind->disown(&output->group);
	free(output->group.connections);
	free(output->buckets);
	free(output->group.feeders);
	free(output);
}

int sluice_output_reserve(struct sluice_output *output, size_t count)
{
	struct sluice_feeder **larger;

	if (output->group.feeder_room - output->group.feeder_count >= count)
		return 0;
	larger = reallocarray(output->group.feeders, output->group.feeder_count + count,
			      sizeof(struct sluice_feeder *));
	if (!larger)
		return -ENOMEM;
	output->group.feeders = larger;
	output->group.feeder_room = output->group.feeder_count + count;
	return 0;
}

/*
 * How much one connection may have under way: half of the largest ring, so that a destination that
 * takes and does not acknowledge leaves the other half to those that do, until it counts as dead.
 */
static void set_window(struct sluice_output *output)
{
	uint64_t most = 0, size;

	for_each_feeder (feeder, &output->group) {
		size = feeder->ring->mask + 1;
		if (size > most)
			most = size;
	}
	output->group.window = most / 2;
}

/* A feeder of it has something, or may have. */
static void look(void *output)
{
	((struct sluice_output *)output)->group.has_work = true;
}

/* Has it a connection that is up? */
static bool can_take(const void *argument)
{
	const struct sluice_output *output = argument;

	for_each_connection (connection, &output->group)
		if (connection->state == SLUICE_TCP_READY)
			return true;
	return false;
}

static const struct sluice_feeder_user user = {.look = look, .can_take = can_take};

void sluice_output_add_feeder(struct sluice_output *output, struct sluice_feeder *feeder)
{
	output->group.feeders[output->group.feeder_count++] = feeder;
	sluice_precedence_join(output->precedence, sluice_output_priority_of(feeder));
	feeder->output = output;
	feeder->user = &user;
	output->group.has_work = true;
	set_window(output);
}

void sluice_output_take_over(struct sluice_output *output, struct sluice_feeder *feeder)
{
	/* Who receives here may have had all of it by another output, a lane of `mode: duplicate`
	 * that is gone now. */
	sluice_feeder_change_hands(feeder);
	sluice_output_add_feeder(output, feeder);
}

void sluice_output_remove_feeder(struct sluice_output *output, struct sluice_feeder *feeder)
{
	size_t number;

	for (number = 0; number < output->group.feeder_count; number++) {
		if (output->group.feeders[number] != feeder)
			continue;
		output->group.feeders[number] = output->group.feeders[--output->group.feeder_count];
		sluice_precedence_part(output->precedence, sluice_output_priority_of(feeder));
		break;
	}
	if (output->held.feeder == feeder)
		sluice_output_put_back(output);
	for_each_connection (connection, &output->group)
		sluice_connection_unpark(connection, feeder);
	feeder->output = NULL;
	set_window(output);
}

bool sluice_output_can_inherit(const struct sluice_output *heir, const struct sluice_output *old)
{
	return heir->group.kind == old->group.kind &&
	       heir->group.preserves == old->group.preserves &&
	       (!heir->group.kind->suits || heir->group.kind->suits(&heir->group, &old->group)) &&
	       sluice_form_is_same(&heir->group.form, &old->group.form) &&
	       heir->group.durable == old->group.durable && heir->group.parks == old->group.parks &&
	       sluice_config_prefix_is_same(&heir->group.from, &old->group.from) &&
	       sluice_credentials_are_same(heir->group.credentials, old->group.credentials);
}

/* For each connection that both outputs have: moves it from `old` to `heir`, its socket and all
 * that it carries. */
static void inherit(struct sluice_output *heir, struct sluice_output *old)
{
	size_t number, other;

	if (!sluice_output_can_inherit(heir, old))
		return;
	for (number = 0; number < heir->group.connection_count; number++) {
		const char *text = sluice_target_text(heir->group.connections[number]->target);

		for (other = 0; other < old->group.connection_count; other++) {
			struct sluice_connection *moved = old->group.connections[other], *made;

			if (!moved || strcmp(sluice_target_text(moved->target), text) != 0)
				continue;
			/* They change places; what `old` keeps was never connected. */
			made = heir->group.connections[number];
			old->group.connections[other] = made;
			made->group = &old->group;
			heir->group.connections[number] = moved;
			moved->group = &heir->group;
			moved->role.pacer = made->role.pacer;
			moved->role.weight = made->role.weight;
			moved->role.standby = made->role.standby;
			if (moved->fd >= 0)
				heir->group.kind->retune(moved);
			if (made->role.disabled && !moved->role.disabled) {
				moved->role.disabled = true;
				sluice_connection_lose(moved, "it is disabled", 0, sluice_now());
			}
			moved->role.disabled = made->role.disabled;
			break;
		}
	}
}

int sluice_output_enter(struct sluice_output *output, size_t feeders)
{
	struct sluice_worker *worker = output->group.worker;
	size_t entered;
	int error;

	error = sluice_output_reserve(output, feeders);
	if (!error)
		error = sluice_worker_add_output(worker, output);
	if (!error)
		error = sluice_worker_add_timer(worker, &output->timer);
	if (error)
		return error;
	for (entered = 0; entered < output->group.connection_count; entered++) {
		error = sluice_worker_add_timer(worker, &output->group.connections[entered]->timer);
		if (error)
			goto withdraw;
	}
	return 0;

withdraw:
	while (entered--)
		sluice_worker_remove_timer(worker, &output->group.connections[entered]->timer);
	sluice_output_leave(output);
	return error;
}

void sluice_output_begin(struct sluice_output *output, struct sluice_output *heir_of)
{
	if (heir_of) {
		inherit(output, heir_of);
		/* The old one keeps them in its list until it is destroyed, so that its connections
		 * give back. */
		for_each_feeder (feeder, &heir_of->group)
			sluice_output_take_over(output, feeder);
	}
	/* It may have been asked to send before it had connections. */
	output->group.changed = true;
	for_each_connection (connection, &output->group) {
		if (connection->fd >= 0 || connection->timer.at)
			continue;
		/* What it carries is not known before the streams are there. */
		if (sluice_connection_receive(connection))
			output->paused = true;
		else
			sluice_worker_set_timer(output->group.worker, &connection->timer, 1);
	}
	output->group.has_work = true;
}

void sluice_output_leave(struct sluice_output *output)
{
	sluice_precedence_tell(output->precedence, &output->told, SLUICE_PRECEDENCE_NONE);
	sluice_worker_remove_timer(output->group.worker, &output->timer);
	sluice_worker_remove_output(output->group.worker, output);
}

void sluice_output_retune(struct sluice_output *output, const struct sluice_config_output *config)
{
	size_t number;

	output->group.timing = timing_of(config);
	output->mode = config->mode;
	output->group.resends = config->resends != 0;
	output->group.compresses = config->compresses != 0;
	output->group.is_absent = is_absent(config, output->group.worker);
	output->group.batch_bytes = config->batch_bytes;
	memcpy(output->group.name, config->name, sizeof(output->group.name));
	sluice_guid_copy(output->group.output, config->group);
	for (number = 0; number < output->group.connection_count && number < config->to_count;
	     number++)
		sluice_connection_retune(output->group.connections[number], &config->to[number]);
}

uint64_t sluice_output_carried(const struct sluice_output *output)
{
	uint64_t bytes = 0;

	for_each_connection (connection, &output->group)
		bytes += connection->carrier.bytes;
	return bytes;
}

/* Gives a segment of `feeder`, for which the output's rate has room, to whom the mode says. False:
 * nobody can take one now, *next as sluice_output_choose() sets it. *bytes: how many of the stream
 * went, 0: it could not be had. */
static bool give(struct sluice_output *output, struct sluice_feeder *feeder, uint64_t now,
		 uint64_t *next, uint64_t *bytes)
{
	struct sluice_connection *connection =
		sluice_output_choose(output, feeder->returned, now, next);
	uint64_t loaded;
	size_t portion;

	if (!connection)
		return false;
	portion = sluice_pacer_portion(output->group.pacer, output->group.batch_bytes);
	portion = sluice_pacer_portion(connection->role.pacer, portion);
	/* One that may reject what it is given loses one datagram by it, not a batch. */
	if (connection->trial.is_rejecting || connection->unproven)
		portion = 1;
	loaded = connection->load.given;
	*bytes = sluice_connection_send(connection, feeder, portion, now)
			 ? connection->load.given - loaded
			 : 0;
	return true;
}

/* Hands out segments in turn of the feeders. */
static void pump(struct sluice_output *output, uint64_t now, uint64_t *next)
{
	size_t barren = 0; /* feeders in a row that had nothing */
	uint64_t bytes;

	while (barren < output->group.feeder_count) {
		struct sluice_feeder *feeder;

		if (output->next_feeder >= output->group.feeder_count)
			output->next_feeder = 0;
		feeder = output->group.feeders[output->next_feeder++];
		if (!sluice_feeder_look(feeder) || sluice_output_waits_for_older(output, feeder)) {
			barren++;
			continue;
		}
		*next = sluice_pacer_due(output->group.pacer);
		if (*next > now || !give(output, feeder, now, next, &bytes)) {
			output->next_feeder--; /* it is still its turn */
			return;
		}
		barren = bytes ? 0 : barren + 1;
	}
}

/* The same where precedence matters: the feeder that comes next is what sluice_output_pick() says.
 */
static void pump_by_priority(struct sluice_output *output, uint64_t now, uint64_t *next)
{
	struct sluice_feeder *feeder;
	size_t barren = 0;
	uint64_t bytes;

	while (barren < output->group.feeder_count) {
		/* One that cannot be had from does not keep the others waiting. */
		feeder = sluice_output_pick(output, barren > 0, now, next);
		if (!feeder)
			return;
		*next = sluice_pacer_due(output->group.pacer);
		/* Asked first: whoever is chosen has had its turn. */
		if (*next > now || sluice_output_yields(output, now, next) ||
		    !give(output, feeder, now, next, &bytes))
			return;
		sluice_output_account(output, bytes);
		barren = bytes ? 0 : barren + 1;
	}
}

void sluice_output_keep_time(struct sluice_output *output, bool is_on_beat)
{
	/* One that has to wait for acknowledgements does not wait for the beat as well. */
	for_each_connection (connection, &output->group)
		output->group.kind->listen(connection,
					   !is_on_beat || connection->carrier.bytes >
								  output->group.window / 2);
}

void sluice_output_drain_input(struct sluice_output *output, uint64_t now)
{
	for_each_connection (connection, &output->group)
		if (connection->carrier.segments)
			output->group.kind->hear(connection, now);
}

void sluice_output_pump(struct sluice_output *output, uint64_t now)
{
	bool is_ranked = sluice_precedence_matters(output->precedence);
	uint64_t next = 0;

	output->group.has_work = false;
	if (output->paused) {
		sluice_output_announce(output);
		return;
	}
	if (output->mode == SLUICE_MODE_HASH)
		sluice_output_pump_hash(output, now, &next);
	else if (is_ranked)
		pump_by_priority(output, now, &next);
	else
		pump(output, now, &next);
	if (is_ranked || output->told != SLUICE_PRECEDENCE_NONE)
		sluice_output_announce(output);
	for_each_connection (connection, &output->group)
		if (connection->writing.corked)
			output->group.kind->push(connection);
	if (next > now)
		sluice_worker_set_timer(output->group.worker, &output->timer, next);
}
