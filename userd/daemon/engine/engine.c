// SPDX-License-Identifier: MIT
/*
 * Start of the engine; see engine.h. A start is a change from nothing to the configuration
 * (change.c). In the control thread. Touches: workers, by call.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "../../lib/ring.h"
#include "absence.h"
#include "crew.h"
#include "../identity/identity_file.h"
#include "../loop/treatment.h"
#include "inner.h"
#include "orphans.h"
#include "../../config/sentence.h"

/* A change does not begin before every worker has answered, and is refused when one does not within
 * this. */
#define ANSWER_NS (2 * SLUICE_NS_PER_S)

/* What a worker is asked to take out of its loop. */
struct clear_call {
	struct sluice_engine *engine;
};

/* Worker call: the worker's outputs and streams end; cursors are left where they stand. */
static int clear(struct sluice_worker *worker, void *argument)
{
	struct sluice_engine *engine = ((struct clear_call *)argument)->engine;
	size_t number;

	for (number = 0; number < engine->output_count; number++) {
		struct sluice_output **half = &engine->outputs[number].halves[worker->number];

		if (!*half)
			continue;
		sluice_output_leave(*half);
		sluice_output_destroy(*half);
		*half = NULL;
	}
	for_each_placed_stream (placed, &engine->streams) {
		struct sluice_stream *stream = placed->stream;

		if (placed->worker != worker)
			continue;
		stream->starved = false;
		(void)sluice_stream_release(stream, worker->now);
		sluice_stream_leave(stream);
	}
	return 0;
}

/* May something be left for a successor that needs to know which output is which? To be asked
 * before the sources go. */
static void note_what_is_left(struct sluice_engine *engine)
{
	struct sluice_spool_figures figures = {0};

	engine->has_left = sluice_intake_is_open(engine, true);
	if (!engine->spooler)
		return;
	sluice_spool_figures(sluice_spooler_lock(engine->spooler), &figures);
	sluice_spooler_unlock(engine->spooler);
	engine->has_left |= figures.frames > 0;
}

void sluice_engine_free(struct sluice_engine *engine)
{
	struct clear_call call = {.engine = engine};
	size_t number;

	note_what_is_left(engine);
	engine->has_left |= engine->is_handed;
	sluice_ring_list_note(engine, !engine->is_handed);
	for_each_placed_stream (placed, &engine->streams)
		placed->stream->ring.is_handed = engine->is_handed;
	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number])
			sluice_intake_classes[number]->free(engine->intakes[number]);
	for_each_worker (worker, engine)
		sluice_worker_call(worker, clear, &call);
	for_each_placed_stream (placed, &engine->streams)
		sluice_stream_destroy(placed->stream);
	for (number = 0; number < engine->output_count; number++)
		sluice_whole_output_free(&engine->outputs[number], engine->worker_count);
	sluice_spooler_stop(engine->spooler);
	for_each_worker (worker, engine)
		sluice_worker_stop(worker);
	sluice_spooler_free(engine->spooler);
	sluice_resolver_free(engine->resolver);
	sluice_membership_leave(&engine->memberships);
	sluice_derived_free(&engine->derived);
	if (engine->config && !engine->has_left && !sluice_intake_has_left(engine))
		sluice_identity_forget(&engine->identity, engine->config);
	sluice_identity_free(&engine->identity);
	free(engine->dropped);
	free(engine->renamed);
	free(engine->disk_past.drops);
	sluice_config_free(engine->config);
	free(engine->streams.list);
	free(engine->outputs);
	free(engine->workers);
	free(engine);
}

int sluice_engine_start(struct sluice_config *config, struct sluice_engine **result, char **error)
{
	struct sluice_engine *engine;
	char *nowhere = NULL;
	int failure;

	if (!config || !result)
		return -EINVAL;
	if (!error)
		error = &nowhere;
	*error = NULL;
	engine = calloc(1, sizeof(*engine));
	if (!engine) {
		sluice_say(error, "out of memory");
		return -ENOMEM;
	}
	engine->context.streams = &engine->streams;
	failure = sluice_identity_load(&engine->identity, config);
	if (!failure)
		sluice_ring_list_tell(&engine->identity, config);
	if (!failure)
		failure = sluice_resolver_create(&engine->resolver);
	if (failure)
		sluice_say(error, "out of memory");
	else
		failure = sluice_crew_extend(engine, config, sluice_crew_wanted(config), error);
	if (!failure) {
		sluice_config_set_goal(config, engine->worker_count);
		failure = sluice_engine_change(engine, config, NULL, error);
	}
	if (!failure && sluice_intake_is_open(engine, false))
		sluice_absence_tell(config);
	if (failure) {
		sluice_engine_free(engine);
		sluice_say(error, "the engine cannot start: %s", strerror(-failure));
		free(nowhere);
		return failure;
	}
	sluice_orphans_warn_of_disks(engine);
	*result = engine;
	return 0;
}

/* What the engine leaves behind stays called after the file that it was started with. 0 or -ENOMEM.
 */
static int keep_home(const struct sluice_engine *engine, struct sluice_config *config)
{
	const char *home = engine->config->home ? engine->config->home : engine->config->path;

	free(config->home);
	config->home = home ? strdup(home) : NULL;
	return home && !config->home ? -ENOMEM : 0;
}

/* Worker call: it is on another CPU from now on. */
static int note_cpu(struct sluice_worker *worker, void *argument)
{
	const struct sluice_config_threads *settings = argument;

	worker->cpu = sluice_threads_cpu_of(settings, worker->number);
	return 0;
}

/* Threads run as the configuration in force says. */
static void settle_threads(struct sluice_engine *engine)
{
	sluice_threads_set(&engine->config->threads);
	for_each_worker (worker, engine)
		(void)sluice_worker_call_within(worker, note_cpu, &engine->config->threads,
						ANSWER_NS);
}

/* Worker call: a sign of life. */
static int answer(struct sluice_worker *worker, void *argument)
{
	(void)worker;
	(void)argument;
	return 0;
}

/* Do all workers answer? 0, or -ETIMEDOUT with a sentence. */
static int answer_all(struct sluice_engine *engine, char **error)
{
	char text[SLUICE_SILENCE_TEXT];
	size_t number;
	int result = 0;

	for (number = 0; !result && number < engine->worker_count; number++)
		result =
			sluice_worker_call_within(engine->workers[number], answer, NULL, ANSWER_NS);
	if (result && sluice_engine_silence(engine, text))
		sluice_say(error, "%s; nothing was changed", text);
	return result;
}

uint64_t sluice_engine_silence(const struct sluice_engine *engine, char text[SLUICE_SILENCE_TEXT])
{
	uint64_t longest = 0, silence;
	size_t number, which = 0;

	*text = '\0';
	for (number = 0; engine && number < engine->worker_count; number++) {
		silence = sluice_worker_silence(engine->workers[number]);
		if (silence > longest) {
			longest = silence;
			which = number;
		}
	}
	if (longest < SLUICE_WORKER_PATIENCE_NS)
		return 0;
	snprintf(text, SLUICE_SILENCE_TEXT, "worker %zu does not answer since %llu s", which,
		 (unsigned long long)(longest / SLUICE_NS_PER_S));
	return longest;
}

int sluice_engine_apply(struct sluice_engine *engine, struct sluice_config *config,
			const struct sluice_wishes *wishes, char **error)
{
	char *nowhere = NULL;
	size_t wanted;
	int result;

	if (!engine || !config)
		return -EINVAL;
	if (!error)
		error = &nowhere;
	*error = NULL;
	result = answer_all(engine, error);
	if (result)
		goto free;
	sluice_engine_reap(engine);
	sluice_ring_use_huge(config->store.huge);
	wanted = sluice_crew_wanted(config);
	sluice_config_set_goal(config, wanted);
	result = sluice_crew_extend(engine, config, wanted, error);
	if (!result)
		result = keep_home(engine, config);
	if (!result)
		result = sluice_engine_change(engine, config, wishes, error);
	/* Those that the change left without anything, or that came for one that did not. */
	sluice_crew_reduce(engine);
	if (result) {
		sluice_ring_use_huge(engine->config->store.huge);
		sluice_say(error, "the configuration cannot be applied: %s", strerror(-result));
	} else {
		settle_threads(engine);
	}
free:
	free(nowhere);
	return result;
}

const struct sluice_config *sluice_engine_config(const struct sluice_engine *engine)
{
	return engine ? engine->config : NULL;
}

uint32_t sluice_engine_workers(const struct sluice_engine *engine)
{
	return engine ? (uint32_t)engine->worker_count : 0;
}
