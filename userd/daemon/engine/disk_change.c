// SPDX-License-Identifier: MIT
/*
 * `store.disk` changes while the daemon runs; see disk_change.h. A store that goes, or whose path
 * changes, is emptied first: what lies there must not depend on whether the next daemon is told of
 * two stores. In the control thread; what lives in workers by call. Touches: streams; both stores.
 *
 *   the disk delivers all that it has ─► no stream writes to it any more ─► they take another, or
 * none
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../config/sentence.h"
#include "../../lib/log.h"
#include "../../lib/size.h"
#include "../identity/identity_file.h"
#include "../spool/disk_side.h"
#include "disk_change.h"
#include "leaving.h"
#include "orphans.h"

/* How long receivers have for what lies in a store that goes, */
#define PATIENCE_NS (3 * SLUICE_NS_PER_S)
/* and without any progress. */
#define STANDSTILL_NS SLUICE_NS_PER_S
#define PAUSE_US 2000U

/* What of a store waits for outputs that somebody sees to then. */
struct survey {
	const struct sluice_disk_change *change;
	struct sluice_spool *spool; /* held */
	struct sluice_spool_log *log;
	uint64_t bytes;
	sluice_guid output; /* one that waits */
};

/* Adds up the bytes of a run. */
static int add_run(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	(void)serial;
	*(uint64_t *)context += end - start;
	return 0;
}

/* One output that waits for something of a log. */
static int look_at_output(void *context, const sluice_guid output)
{
	struct survey *survey = context;

	if (!sluice_identity_is_cared_for(survey->change->identity, survey->change->config, output))
		return 0;
	(void)sluice_spool_backlog(survey->spool, survey->log, output, add_run, &survey->bytes);
	sluice_guid_copy(survey->output, output);
	return 0;
}

/* One log. */
static int look_at_log(void *context, struct sluice_spool_log *log)
{
	struct survey *survey = context;

	survey->log = log;
	return sluice_spool_waiting(survey->spool, log, look_at_output, survey);
}

/* How many bytes of the store in use wait. */
static uint64_t take_survey(const struct sluice_disk_change *change, struct survey *survey)
{
	*survey = (struct survey){.change = change};
	survey->spool = sluice_spooler_lock(change->engine->spooler);
	(void)sluice_spool_logs(survey->spool, look_at_log, survey);
	sluice_spooler_unlock(change->engine->spooler);
	return survey->bytes;
}

/* Worker call: its streams write nothing to the disk. 1: something is under way. */
static int hold(struct sluice_worker *worker, void *argument)
{
	int busy = 0;

	(void)argument;
	for_each_stream (stream, worker) {
		if (!sluice_disk_side_is_idle(stream))
			busy = 1;
		sluice_disk_side_hold(stream, true);
	}
	return busy;
}

/* Worker call: they do again. */
static int resume(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	for_each_stream (stream, worker)
		sluice_disk_side_hold(stream, false);
	return 0;
}

/* The same in all workers. */
static void resume_all(const struct sluice_disk_change *change)
{
	for_each_worker (worker, change->engine)
		(void)sluice_worker_call(worker, resume, NULL);
}

/* Is the store empty, so that no stream writes to it from now on? A stream is without its disk only
 * while it is not needed: else all of them go on. */
static bool try_to_hold(const struct sluice_disk_change *change, struct survey *survey)
{
	int busy = 0;

	for_each_worker (worker, change->engine)
		busy |= sluice_worker_call(worker, hold, NULL);
	if (!busy && !take_survey(change, survey))
		return true;
	resume_all(change);
	return false;
}

/* Says what keeps a store from going. */
static void say_what_waits(const struct sluice_disk_change *change, const struct survey *survey,
			   char **error)
{
	const char *name = sluice_identity_name(change->identity, survey->output);
	char bytes[SLUICE_SIZE_TEXT], guid[SLUICE_GUID_TEXT];

	if (!survey->bytes) {
		sluice_say(error,
			   "store.disk: what comes goes through %s all the time, and a store that "
			   "is left must be empty; apply this again when less comes; nothing was "
			   "changed",
			   change->engine->config->store.disk_path);
		return;
	}
	sluice_say(error,
		   "store.disk: %s wait in %s for output `%s`, and a store that is left must be "
		   "empty; bring its receiver up, or wait until it has them, and apply this again; "
		   "nothing was changed",
		   sluice_size_format(survey->bytes, bytes),
		   change->engine->config->store.disk_path,
		   name ? name : sluice_guid_format(survey->output, guid));
}

/* Waits a moment until the store that goes is empty, and sees to it (`holds`) that it stays so. 0;
 * or -EBUSY with a sentence. */
static int empty_store(struct sluice_disk_change *change, bool holds, char **error)
{
	uint64_t begun = sluice_now(), moved = begun, least = UINT64_MAX, now;
	struct survey survey;

	for (;;) {
		if (!take_survey(change, &survey) && (!holds || try_to_hold(change, &survey))) {
			change->is_held = holds;
			return 0;
		}
		now = sluice_now();
		/* One that is empty now and then is waited for until it is so long enough. */
		if (survey.bytes < least || !survey.bytes)
			moved = now;
		least = survey.bytes < least ? survey.bytes : least;
		if (now - begun > PATIENCE_NS || now - moved > STANDSTILL_NS) {
			(void)take_survey(change, &survey);
			say_what_waits(change, &survey, error);
			return -EBUSY;
		}
		usleep(PAUSE_US);
	}
}

/* Worker call: its loop gets the new spooler's answers. */
static int enter_spooler(struct sluice_worker *worker, void *argument)
{
	return sluice_spooler_enter(argument, worker);
}

/* Worker call: no more. */
static int leave_spooler(struct sluice_worker *worker, void *argument)
{
	sluice_spooler_leave(argument, worker);
	return 0;
}

/* No worker has anything to do with the spooler any more. */
static void leave_all(const struct sluice_engine *engine, struct sluice_spooler *spooler)
{
	for_each_worker (worker, engine)
		(void)sluice_worker_call(worker, leave_spooler, spooler);
}

/* Opens the store that comes. 0 or a negative errno with a sentence. */
static int open_store(struct sluice_disk_change *change, char **error)
{
	const struct sluice_config *config = change->config;
	struct sluice_engine *engine = change->engine;
	char *why = NULL;
	size_t number;
	int result;

	change->is_made = access(config->store.disk_path, F_OK) != 0;
	result = sluice_spooler_start(&config->store, sluice_identity_directory(),
				      engine->worker_count, &change->spooler, &why);
	if (result)
		sluice_say_at(error, config, &config->store.disk_path_place, "%s",
			      why ? why : strerror(-result));
	free(why);
	for (number = 0; !result && number < engine->worker_count; number++)
		result =
			sluice_worker_call(engine->workers[number], enter_spooler, change->spooler);
	return result;
}

/* Makes the segments that are missing in the store in use. 0 or a negative errno with a sentence.
 */
static int extend_store(struct sluice_disk_change *change, char **error)
{
	const struct sluice_config *config = change->config;
	struct sluice_spooler *spooler = change->engine->spooler;
	char bytes[SLUICE_SIZE_TEXT], *why = NULL;
	struct sluice_spool_figures figures;
	int result;

	sluice_spool_figures(sluice_spooler_lock(spooler), &figures);
	sluice_spooler_unlock(spooler);
	/* It would give up at once what does not fit any more. */
	if (config->store.drop == SLUICE_DROP_OLDEST && figures.used > config->store.disk_size) {
		sluice_say_at(error, config, &config->store.disk_size_place,
			      "store.disk.size: %s are in use, and with `drop: oldest` what does "
			      "not fit would be lost; wait until less waits, and apply this again; "
			      "nothing was changed",
			      sluice_size_format(figures.used, bytes));
		return -EBUSY;
	}
	result = sluice_spooler_extend(spooler, &config->store, &why);
	if (result)
		sluice_say_at(error, config, &config->store.disk_size_place, "%s",
			      why ? why : strerror(-result));
	free(why);
	return result;
}

/* What becomes of the disk. */
static enum sluice_disk_change_kind kind_of(const struct sluice_config_store *old,
					    const struct sluice_config_store *new)
{
	if (!old || !old->disk_path)
		return new->disk_path ? SLUICE_DISK_COMES : SLUICE_DISK_STAYS;
	if (!new->disk_path)
		return SLUICE_DISK_GOES;
	if (strcmp(old->disk_path, new->disk_path) != 0)
		return SLUICE_DISK_MOVES;
	return old->disk_size != new->disk_size || old->disk_segment != new->disk_segment
		       ? SLUICE_DISK_RESIZED
		       : SLUICE_DISK_STAYS;
}

/* Do both paths lead to one directory? */
static bool is_one_directory(const char *one, const char *other)
{
	struct stat first, second;

	return !stat(one, &first) && !stat(other, &second) && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

int sluice_disk_change_prepare(struct sluice_disk_change *change, struct sluice_engine *engine,
			       const struct sluice_config *config,
			       const struct sluice_identity *identity, char **error)
{
	const struct sluice_config_store *old = engine->config ? &engine->config->store : NULL;
	int result = 0;

	*change = (struct sluice_disk_change){.engine = engine,
					      .config = config,
					      .identity = identity,
					      .kind = kind_of(old, &config->store),
					      .spooler = engine->spooler};
	switch (change->kind) {
	case SLUICE_DISK_STAYS:
		break;
	case SLUICE_DISK_RESIZED:
		return extend_store(change, error);
	case SLUICE_DISK_MOVES:
		if (old && is_one_directory(old->disk_path, config->store.disk_path)) {
			sluice_say_at(error, config, &config->store.disk_path_place,
				      "store.disk.path: %s is the directory that the store is in "
				      "already, by the name %s; keep that one",
				      config->store.disk_path, old->disk_path);
			result = -EINVAL;
		}
		/* fallthrough */
	case SLUICE_DISK_COMES:
	case SLUICE_DISK_GOES:
		change->spooler = NULL;
		/* Looked first: a new store takes its time, and for that long no stream shall be
		 * without a disk. */
		if (!result && change->kind == SLUICE_DISK_MOVES)
			result = empty_store(change, false, error);
		if (!result && config->store.disk_path)
			result = open_store(change, error);
		if (!result && change->kind != SLUICE_DISK_COMES)
			result = empty_store(change, true, error);
		break;
	}
	return result;
}

int sluice_disk_change_enter(struct sluice_disk_change *change, struct sluice_worker *worker)
{
	int result = 0;

	for_each_placed_stream (placed, &change->engine->streams) {
		if (result || placed->worker != worker)
			continue;
		if (change->kind == SLUICE_DISK_MOVES) {
			result = sluice_disk_side_reserve(placed->stream, change->spooler);
		} else if (change->kind == SLUICE_DISK_COMES) {
			result = sluice_disk_side_create(placed->stream, change->spooler,
							 worker->number);
			/* If this is taken back, nothing of it may lie there. */
			sluice_disk_side_hold(placed->stream, true);
		}
	}
	return result;
}

void sluice_disk_change_withdraw(struct sluice_disk_change *change,
				 const struct sluice_worker *worker)
{
	if (change->kind != SLUICE_DISK_COMES)
		return;
	for_each_placed_stream (placed, &change->engine->streams)
		if (placed->worker == worker)
			sluice_disk_side_remove(placed->stream);
}

void sluice_disk_change_undo(struct sluice_disk_change *change)
{
	struct sluice_engine *engine = change->engine;

	if (!engine)
		return;
	if (change->kind == SLUICE_DISK_RESIZED)
		sluice_spooler_fit(engine->spooler, &engine->config->store);
	if (change->is_held)
		resume_all(change);
	if (!change->spooler || change->spooler == engine->spooler)
		return;
	leave_all(engine, change->spooler);
	if (sluice_spooler_abolish(change->spooler)) {
		sluice_identity_forget_in(change->config->store.disk_path, change->config);
		if (change->is_made)
			(void)rmdir(change->config->store.disk_path);
	}
	sluice_spooler_free(change->spooler);
}

/* What feeds from the disk leaves its output, then its stream. */
static void remove_side(struct sluice_stream *stream)
{
	for_each_feeder (feeder, stream)
		if (!sluice_feeder_is_of_ring(feeder) && feeder->output)
			sluice_output_remove_feeder(feeder->output, feeder);
	sluice_disk_side_remove(stream);
}

void sluice_disk_change_commit(struct sluice_disk_change *change,
			       const struct sluice_worker *worker)
{
	if (change->kind == SLUICE_DISK_STAYS || change->kind == SLUICE_DISK_RESIZED)
		return;
	for_each_placed_stream (placed, &change->engine->streams) {
		if (placed->worker != worker)
			continue;
		if (change->kind == SLUICE_DISK_GOES)
			remove_side(placed->stream);
		else if (change->kind == SLUICE_DISK_MOVES)
			sluice_disk_side_switch(placed->stream, change->spooler);
		sluice_disk_side_hold(placed->stream, false);
	}
}

void sluice_disk_change_finish(struct sluice_disk_change *change)
{
	struct sluice_engine *engine = change->engine;
	struct sluice_spooler *old = engine->spooler;

	if (old && old != change->spooler)
		sluice_leaving_drop_disk(engine);
	engine->spooler = change->spooler;
	if (engine->spooler)
		sluice_spooler_retune(engine->spooler, &engine->config->store);
	if (change->kind == SLUICE_DISK_RESIZED)
		sluice_spooler_fit(engine->spooler, &engine->config->store);
	if (!old || old == engine->spooler)
		return;
	sluice_disk_past_add(&engine->disk_past, old);
	leave_all(engine, old);
	sluice_spooler_stop(old);
	sluice_spooler_calm(old);
	sluice_spooler_free(old);
	sluice_orphans_warn_of_disks(engine);
}
