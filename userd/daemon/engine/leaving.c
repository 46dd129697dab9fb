// SPDX-License-Identifier: MIT
/*
 * Outputs that a change of configuration takes away; see leaving.h. Whoever takes an output out of
 * a file throws away what waits for it, and may not know that there is something: so such a change
 * is refused unless the operator says what shall become of it. In the control thread. Touches:
 * streams, by call; the store, held for a moment.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../../lib/disk.h"
#include "../../lib/guid.h"
#include "../../lib/log.h"
#include "../stream/ring_feeder.h"
#include "../stream/waiting.h"
#include "leaving.h"
#include "../../config/sentence.h"

/* How long receivers that are there have for what waits for them. */
#define PATIENCE_NS (3 * SLUICE_NS_PER_S)
/* Without any progress for so long they are not there. */
#define STANDSTILL_NS SLUICE_NS_PER_S
#define PAUSE_US 5000U

/* One output that goes, over all streams. */
struct leaving {
	sluice_guid id;
	struct sluice_waiting waiting; /* in memory */
	uint64_t disk;		       /* bytes on the disk */
};

/* All of them. */
struct survey {
	const struct sluice_engine *engine;
	const struct sluice_config *config;
	const struct sluice_identity *identity;
	struct sluice_spool *spool; /* held for a moment */
	struct leaving *list;
	size_t count;
	uint64_t left;	   /* bytes before the marks, and on the disk, that they have not got */
	uint64_t progress; /* where they all stand, added up */
	bool set_marks;
	bool count_records;
};

/* Will nobody see to the output called `id` then? */
static bool is_leaving(const struct survey *survey, const sluice_guid id)
{
	return !sluice_identity_is_cared_for(survey->identity, survey->config, id);
}

/* Its line in the survey. NULL: no memory. */
static struct leaving *line_of(struct survey *survey, const sluice_guid id)
{
	struct leaving *list;
	size_t number;

	for (number = 0; number < survey->count; number++)
		if (sluice_guid_equal(survey->list[number].id, id))
			return &survey->list[number];
	list = reallocarray(survey->list, number + 1, sizeof(*list));
	if (!list)
		return NULL;
	survey->list = list;
	survey->count++;
	memset(&list[number], 0, sizeof(*list));
	sluice_guid_copy(list[number].id, id);
	return &list[number];
}

/* Worker call: looks at the worker's streams. 0 or -ENOMEM. */
static int look(struct sluice_worker *worker, void *argument)
{
	struct survey *survey = argument;
	size_t place;

	for_each_stream (stream, worker) {
		for (place = 0; place < stream->feeder_count; place++) {
			struct sluice_feeder *feeder = stream->feeders[place];
			struct leaving *line;
			uint64_t need;

			if (!is_leaving(survey, stream->outputs[place]))
				continue;
			line = line_of(survey, stream->outputs[place]);
			if (!line)
				return -ENOMEM;
			if (!sluice_feeder_is_of_ring(feeder)) {
				/* The store knows better, see look_at_disk(). */
				continue;
			}
			need = sluice_ring_feeder_need(feeder);
			if (survey->set_marks)
				feeder->mark = sluice_ring_head(feeder->ring);
			survey->progress += need;
			if (need < feeder->mark)
				survey->left += feeder->mark - need;
			if (survey->count_records && sluice_waiting_in_ring(feeder, &line->waiting))
				return -ENOMEM;
		}
	}
	return 0;
}

/* Adds up the runs of a log that an output needs. */
static int add_run(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	(void)serial;
	*(uint64_t *)context += end - start;
	return 0;
}

/* One log of the store: what outputs that were in force and go need of it. */
static int look_at_log(void *context, struct sluice_spool_log *log)
{
	struct survey *survey = context;
	struct sluice_spool *spool = survey->spool;
	const struct sluice_config *old = survey->engine->config;
	struct leaving *line;
	uint64_t bytes;
	size_t number;

	for (number = 0; number < old->output_count; number++) {
		if (!is_leaving(survey, old->outputs[number].id))
			continue;
		bytes = 0;
		(void)sluice_spool_backlog(spool, log, old->outputs[number].id, add_run, &bytes);
		if (!bytes)
			continue;
		line = line_of(survey, old->outputs[number].id);
		if (!line)
			return -ENOMEM;
		line->disk += bytes;
		survey->left += bytes;
	}
	return 0;
}

/* Looks at the disk store, if there is one. */
static int look_at_disk(struct survey *survey)
{
	struct sluice_spooler *spooler = survey->engine->spooler;
	int result;

	if (!spooler || !survey->engine->config)
		return 0;
	survey->spool = sluice_spooler_lock(spooler);
	result = sluice_spool_logs(survey->spool, look_at_log, survey);
	sluice_spooler_unlock(spooler);
	return result;
}

/* Looks at everything. `set_marks`: what waits now is what they must get. 0 or -ENOMEM. */
static int take_survey(struct survey *survey, bool set_marks, bool count_records)
{
	size_t number;
	int result = 0;

	for (number = 0; number < survey->count; number++)
		sluice_waiting_free(&survey->list[number].waiting);
	survey->count = 0;
	survey->left = 0;
	survey->progress = 0;
	survey->set_marks = set_marks;
	survey->count_records = count_records;
	for (number = 0; number < survey->engine->worker_count && !result; number++)
		result = sluice_worker_call(survey->engine->workers[number], look, survey);
	return result ? result : look_at_disk(survey);
}

/* Frees what a survey found. */
static void survey_free(struct survey *survey)
{
	size_t number;

	for (number = 0; number < survey->count; number++)
		sluice_waiting_free(&survey->list[number].waiting);
	free(survey->list);
}

/*
 * Waits until those that go have got what waited for them when this was called, as long as they get
 * on. 0: they have;
 * -EBUSY: they do not take it; -ENOMEM.
 */
static int await(struct survey *survey)
{
	uint64_t begun = sluice_now(), moved = begun, before = 0, least = UINT64_MAX;
	int result = take_survey(survey, true, false);

	while (!result && survey->left) {
		uint64_t now = sluice_now();

		if (survey->progress != before || survey->left < least)
			moved = now;
		before = survey->progress;
		least = survey->left < least ? survey->left : least;
		if (now - begun > PATIENCE_NS || now - moved > STANDSTILL_NS)
			return -EBUSY;
		usleep(PAUSE_US);
		result = take_survey(survey, false, false);
	}
	return result;
}

/*
 * Writes what waits for one output: "500 datagrams (123456 bytes in memory, 0 on the disk), the
 * oldest since ...".
 */
static void describe(const struct leaving *line, char *text, size_t room)
{
	time_t second = (time_t)(line->waiting.oldest_ns / SLUICE_NS_PER_S);
	char since[40] = "";
	struct tm broken;

	if (line->waiting.oldest_ns && gmtime_r(&second, &broken))
		strftime(since, sizeof(since), ", the oldest since %FT%TZ", &broken);
	snprintf(text, room,
		 "%" PRIu64 " datagrams in memory (%" PRIu64 " bytes) and %" PRIu64
		 " bytes on the disk%s",
		 line->waiting.datagrams, line->waiting.bytes, line->disk, since);
}

/* The name of an output that goes, as the user knows it. */
static const char *name_of(const struct survey *survey, const sluice_guid id,
			   char text[SLUICE_GUID_TEXT])
{
	const char *name = sluice_identity_name(survey->identity, id);

	return name ? name : sluice_guid_format(id, text);
}

int sluice_leaving_check(struct sluice_engine *engine, const struct sluice_config *config,
			 const struct sluice_identity *identity, char **error)
{
	struct survey survey = {.engine = engine, .config = config, .identity = identity};
	char guid[SLUICE_GUID_TEXT], text[256];
	size_t number;
	int result = await(&survey);

	if (result == -EBUSY && !take_survey(&survey, false, true)) {
		for (number = 0; number < survey.count; number++) {
			const struct leaving *line = &survey.list[number];
			const char *name = name_of(&survey, line->id, guid);

			if (!line->waiting.bytes && !line->disk)
				continue;
			describe(line, text, sizeof(text));
			sluice_say(error,
				   "the configuration has no more an output `%s`, for which %s "
				   "wait; bring its receiver up, or say what shall become of them: "
				   "`sluicectl apply FILE --adopt %s=OUTPUT` gives them to another "
				   "output, `--drop %s` throws them away",
				   name, text, name, name);
			break;
		}
	}
	survey_free(&survey);
	return result;
}

void sluice_leaving_finish(struct sluice_engine *engine, const struct sluice_config *config,
			   const struct sluice_identity *identity)
{
	struct survey survey = {.engine = engine, .config = config, .identity = identity};
	char guid[SLUICE_GUID_TEXT], text[256];
	size_t number;

	if (await(&survey) == -EBUSY && !take_survey(&survey, false, true)) {
		for (number = 0; number < survey.count; number++) {
			const struct leaving *line = &survey.list[number];

			if (!line->waiting.bytes && !line->disk)
				continue;
			describe(line, text, sizeof(text));
			sluice_warning_about(
				SLUICE_ABOUT(.output = name_of(&survey, line->id, guid)),
				"output `%s` is gone, and %s wait for it; they stay where "
				"they are (`sluicectl show orphans`)",
				name_of(&survey, line->id, guid), text);
		}
	}
	survey_free(&survey);
}

/* Adds to what the operator had dropped. 0 or -ENOMEM. */
static int add_dropped(struct sluice_engine *engine, enum sluice_source kind, uint16_t input,
		       uint64_t datagrams)
{
	struct sluice_dropped *list;
	size_t number;

	for (number = 0; number < engine->dropped_count; number++)
		if (engine->dropped[number].kind == kind && engine->dropped[number].input == input)
			break;
	if (number == engine->dropped_count) {
		list = reallocarray(engine->dropped, number + 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		engine->dropped = list;
		list[number] = (struct sluice_dropped){.kind = kind, .input = input};
		engine->dropped_count++;
	}
	engine->dropped[number].datagrams += datagrams;
	return 0;
}

/* Adds what was counted; tells it in the log. */
static void tell_dropped(struct sluice_engine *engine, enum sluice_source kind, const char *name,
			 struct sluice_waiting *waiting)
{
	size_t number;

	for (number = 0; number < waiting->input_count; number++)
		(void)add_dropped(engine, kind, waiting->inputs[number].input,
				  waiting->inputs[number].datagrams);
	if (waiting->datagrams)
		sluice_warning_about(SLUICE_ABOUT(.datagrams = SLUICE_NUMBER(waiting->datagrams)),
				     "%s: %" PRIu64
				     " datagrams that waited for an output that is gone "
				     "were dropped, because the change said so",
				     name, waiting->datagrams);
	sluice_waiting_free(waiting);
}

void sluice_leaving_count_drop(struct sluice_engine *engine, const struct sluice_stream *stream,
			       const struct sluice_feeder *feeder)
{
	struct sluice_waiting waiting = {0};

	if (sluice_waiting_in_ring(feeder, &waiting))
		sluice_warning("out of memory: what was dropped is not counted by input");
	tell_dropped(engine, stream->kind, stream->name, &waiting);
}

/* What is dropped of one log. */
struct dropping {
	struct sluice_engine *engine;
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	const uint8_t *output;
	uint8_t *buffer;
	struct sluice_waiting waiting;
};

/* Counts the datagrams of a run, frame by frame. */
static int count_run(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	struct dropping *dropping = context;
	struct sluice_spool_frame frame;
	const uint8_t *payload;

	(void)serial;
	while (start < end && !sluice_spool_read(dropping->spool, dropping->log, start,
						 dropping->buffer, &frame, &payload)) {
		uint64_t from = start - frame.offset,
			 upto = frame.offset + frame.span < end ? frame.span : end - frame.offset;

		/* What was given up before was counted then; what is damaged is told as such. */
		if (frame.type == SLUICE_SPOOL_DATA && !frame.is_damaged && upto <= frame.length)
			(void)sluice_waiting_count(&dropping->waiting, payload + from,
						   (size_t)(upto - from));
		start = frame.offset + frame.span;
	}
	return 0;
}

/* One log: counts, then lets go what the output needs of it. */
static int drop_log(void *context, struct sluice_spool_log *log)
{
	struct dropping *dropping = context;

	dropping->log = log;
	(void)sluice_spool_backlog(dropping->spool, log, dropping->output, count_run, dropping);
	return sluice_spool_acknowledge(dropping->spool, log, dropping->output, 0, UINT64_MAX);
}

void sluice_leaving_drop_disk(struct sluice_engine *engine)
{
	struct dropping dropping = {.engine = engine};
	size_t number;

	if (!engine->spooler)
		return;
	dropping.buffer = sluice_disk_memory(SLUICE_SPOOL_READ_ROOM);
	if (!dropping.buffer) {
		sluice_warning("out of memory: what waits on the disk for outputs that are gone "
			       "stays there");
		return;
	}
	dropping.spool = sluice_spooler_lock(engine->spooler);
	for (number = 0; number < engine->identity.alias_count; number++) {
		const struct sluice_alias *alias = &engine->identity.aliases[number];

		if (sluice_identity_heir(&engine->identity, alias->old))
			continue;
		dropping.output = alias->old;
		(void)sluice_spool_logs(dropping.spool, drop_log, &dropping);
	}
	sluice_spooler_unlock(engine->spooler);
	free(dropping.buffer);
	tell_dropped(engine, SLUICE_SOURCE_AUTO, "store on the disk", &dropping.waiting);
}
