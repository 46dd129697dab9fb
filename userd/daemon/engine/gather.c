// SPDX-License-Identifier: MIT
/*
 * Streams of workers that have no connections (`outputs.connections`) go to workers that have;
 * see inner.h. At the end of a change of configuration, in the control thread; what lives in
 * workers by call. Touches: streams, the halves of outputs that they feed.
 *
 *   every output pauses ─► what is under way is acknowledged, or comes back ─►
 *   a stream leaves its worker, enters another ─► they go on
 */
#include <string.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "../spool/disk_side.h"
#include "inner.h"

/*
 * How long what is under way may take to be acknowledged; what is not acknowledged by then is sent
 * again. And how long the disk may take.
 */
#define DRAIN_NS SLUICE_NS_PER_S
#define MOST_NS (5 * SLUICE_NS_PER_S)
#define PAUSE_US 2000U

/* What a worker is asked of one stream. */
struct move_call {
	struct sluice_engine *engine;
	struct sluice_stream *stream;
	bool is_late; /* nothing more is waited for */
};

/* Of the workers that there are, how many a configuration has connect an output of it: the first
 * ones. */
static size_t reach_of(const struct sluice_engine *engine,
		       const struct sluice_config_output *output)
{
	return sluice_config_reached(output->reach, engine->worker_count);
}

/* The worker that a stream has to go to by the configuration in force. NULL: it stays where it is.
 */
static struct sluice_worker *destination(const struct sluice_engine *engine,
					 const struct sluice_placed_stream *placed)
{
	const struct sluice_stream *stream = placed->stream;
	const struct sluice_whole_output *output;
	size_t reach = sluice_config_goal(engine->config, engine->worker_count), number, of;
	bool is_filled_here = sluice_intake_is_filled_by_worker(stream->kind);
	struct sluice_worker *to;

	if (is_filled_here && !stream->draining)
		return NULL;
	for (number = 0; number < stream->feeder_count; number++) {
		output = sluice_engine_find_output(engine, stream->outputs[number]);
		if (!output)
			continue;
		of = reach_of(engine, &engine->config->outputs[output - engine->outputs]);
		reach = of < reach ? of : reach;
	}
	/* What only drains moves no further than it must. */
	if ((is_filled_here || stream->draining) && placed->worker->number < reach)
		return NULL;
	to = engine->workers[stream->cpu % reach];
	return to == placed->worker ? NULL : to;
}

/* Worker call: outputs hand out nothing. */
static int pause_outputs(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	for_each_output (output, worker)
		output->paused = true;
	return 0;
}

/* Worker call: outputs hand out something again. */
static int resume_outputs(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	for_each_output (output, worker) {
		output->paused = false;
		output->group.has_work = true;
	}
	return 0;
}

/* Has an output something under way that is acknowledged soon, or (`is_late`) comes back now? */
static bool is_away(struct sluice_output *output, bool is_late, uint64_t now)
{
	size_t number;

	for (number = 0; is_late && number < output->group.connection_count; number++)
		if (output->group.connections[number]->carrier.segments)
			sluice_connection_lose(output->group.connections[number],
					       "its streams go to another worker", 0, now);
	return sluice_output_carried(output) > 0;
}

/* Worker call: the stream leaves its worker. 1: not yet, because something of it is under way. */
static int release(struct sluice_worker *worker, void *argument)
{
	struct move_call *call = argument;
	struct sluice_stream *stream = call->stream;

	for_each_feeder (feeder, stream)
		if (feeder->output && is_away(feeder->output, call->is_late, worker->now))
			return 1;
	if (!sluice_disk_side_is_idle(stream))
		return 1;
	for_each_feeder (feeder, stream)
		if (feeder->output)
			sluice_output_remove_feeder(feeder->output, feeder);
	/* Nothing of that worker stores into it, nor may look at it any more. */
	if (stream->bell < 0)
		stream->refill = NULL;
	stream->source = NULL;
	stream->starved = false;
	(void)sluice_stream_release(stream, worker->now);
	sluice_stream_leave(stream);
	return 0;
}

/* Worker call: it enters another one. 0 or a negative errno; then it is in none. */
static int take(struct sluice_worker *worker, void *argument)
{
	struct move_call *call = argument;
	const struct sluice_engine *engine = call->engine;
	struct sluice_stream *stream = call->stream;
	const struct sluice_whole_output *output;
	size_t number, place;
	int error = 0;

	for (place = 0; place < worker->output_count && !error; place++)
		error = sluice_output_reserve(worker->outputs[place], stream->feeder_count);
	if (!error)
		error = sluice_stream_enter(stream, worker);
	if (error)
		return error;
	sluice_disk_side_move(stream, worker->number);
	stream->is_moved = true;
	for (number = 0; number < stream->feeder_count; number++) {
		output = sluice_engine_find_output(engine, stream->outputs[number]);
		if (output)
			sluice_output_add_feeder(output->halves[worker->number],
						 stream->feeders[number]);
	}
	sluice_stream_notify(stream);
	return 0;
}

/* Moves one stream. Returns false if that has to wait. */
static bool move(struct sluice_engine *engine, struct sluice_placed_stream *placed,
		 struct sluice_worker *to, bool is_late)
{
	struct move_call call = {.engine = engine, .stream = placed->stream, .is_late = is_late};

	if (sluice_worker_call(placed->worker, release, &call))
		return false;
	if (!sluice_worker_call(to, take, &call)) {
		placed->worker = to;
		return true;
	}
	/* It had a place there. */
	(void)sluice_worker_call(placed->worker, take, &call);
	return false;
}

/* Moves what can be moved now. Returns how many streams cannot. */
static size_t move_all(struct sluice_engine *engine, bool is_late)
{
	struct sluice_worker *to;
	size_t left = 0;

	for_each_placed_stream (placed, &engine->streams) {
		to = destination(engine, placed);
		left += to && !move(engine, placed, to, is_late);
	}
	return left;
}

void sluice_gather_pause(struct sluice_engine *engine)
{
	for_each_worker (worker, engine)
		(void)sluice_worker_call(worker, pause_outputs, NULL);
}

void sluice_gather_resume(struct sluice_engine *engine)
{
	for_each_worker (worker, engine)
		(void)sluice_worker_call(worker, resume_outputs, NULL);
}

void sluice_gather_end(struct sluice_engine *engine)
{
	uint64_t began = sluice_now(), now = began;
	size_t left;

	while ((left = move_all(engine, now - began >= DRAIN_NS)) && now - began < MOST_NS) {
		usleep(PAUSE_US);
		now = sluice_now();
	}
	if (left)
		sluice_error(
			"%zu rings stay with workers that have no connection any more, because "
			"the disk is busy with them: what is in them is delivered after the next "
			"change, or a restart",
			left);
	sluice_gather_resume(engine);
}

bool sluice_gather_is_needed(const struct sluice_engine *engine, const struct sluice_config *config)
{
	bool has_module = sluice_intake_is_open(engine, true);
	const struct sluice_whole_output *output;
	size_t number, before, wanted, goal;

	if (!engine->config)
		return false;
	goal = sluice_config_goal(config, engine->worker_count);
	/* Also what stayed where it was the last time. */
	for_each_placed_stream (placed, &engine->streams)
		if (placed->worker->number >= goal)
			return true;
	for (number = 0; number < config->output_count; number++) {
		output = sluice_engine_find_output(engine, config->outputs[number].id);
		before = output ? reach_of(engine,
					   &engine->config->outputs[output - engine->outputs])
				: engine->worker_count;
		wanted = reach_of(engine, &config->outputs[number]);
		/* Rings of the module are dealt to all that deliver. */
		if (wanted < before || (wanted > before && has_module))
			return true;
	}
	return false;
}
