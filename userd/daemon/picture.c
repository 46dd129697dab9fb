// SPDX-License-Identifier: MIT
/*
 * Pictures of the engine; see picture.h. Touches: memory.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/clock.h"
#include "daemon.h"
#include "picture.h"

/* How long the control thread waits at most: for another job's end, for a picture. */
#define TURN_MS 1000U
#define PICTURE_MS 1000U
/* Likewise where that job is a change or a take-over, which may take its time. */
#define BUSY_MS 20U
/* Figures that are older are not shown. Looks at load come every second, and a change waits 2 s for
 * a worker. */
#define OLD_NS (5 * SLUICE_NS_PER_S)

/* A picture of the engine. */
struct picture {
	struct sluice_job job;
	struct sluice_engine *engine;
	bool wants_orphans; /* of what waits for outputs that are gone; else of all the rest */
	struct sluice_engine_report report;
	struct sluice_orphans orphans;
	int result;
	bool is_abandoned; /* nobody waits for it */
	bool is_done;
};

/* struct sluice_job.work: in the foreman's thread. */
static void work_picture(struct sluice_job *job)
{
	struct picture *picture = (struct picture *)job;

	if (picture->wants_orphans)
		picture->result = sluice_engine_orphans(picture->engine, &picture->orphans);
	else
		picture->result = sluice_engine_report(picture->engine, &picture->report);
}

/* struct sluice_job.done: in the control thread. */
static void done_picture(struct sluice_job *job)
{
	struct picture *picture = (struct picture *)job;

	picture->is_done = true;
	if (!picture->is_abandoned)
		return;
	if (!picture->result && !picture->wants_orphans)
		sluice_engine_report_free(&picture->report);
	sluice_orphans_free(&picture->orphans);
	free(picture);
}

/* Is the foreman busy with what nobody is to wait for? */
static bool is_changing(const struct daemon *daemon)
{
	return daemon->change || daemon->handing;
}

/* Has a picture taken. 0 and *result, which is the caller's; -EBUSY, -ENOMEM. */
static int take_picture(struct daemon *daemon, bool wants_orphans, struct picture **result)
{
	struct picture *picture;

	if (!sluice_foreman_collect(daemon->foreman, is_changing(daemon) ? BUSY_MS : TURN_MS) ||
	    !daemon->engine)
		return -EBUSY;
	picture = calloc(1, sizeof(*picture));
	if (!picture)
		return -ENOMEM;
	picture->job.work = work_picture;
	picture->job.done = done_picture;
	picture->engine = daemon->engine;
	picture->wants_orphans = wants_orphans;
	picture->result = -ECANCELED;
	(void)sluice_foreman_give(daemon->foreman, &picture->job);
	if (!sluice_foreman_collect(daemon->foreman, PICTURE_MS)) {
		picture->is_abandoned = true;
		return -EBUSY;
	}
	*result = picture;
	return 0;
}

int sluice_picture_report(void *context, struct sluice_engine_report *report)
{
	struct daemon *daemon = context;
	struct picture *picture;
	int result = take_picture(daemon, false, &picture);
	char silence[SLUICE_SILENCE_TEXT];

	if (result == -EBUSY && is_changing(daemon) &&
	    !sluice_engine_silence(daemon->engine, silence) &&
	    sluice_load_last(&daemon->load, OLD_NS, report))
		return 0;
	if (result)
		return result;
	result = picture->result;
	*report = picture->report;
	free(picture);
	if (!result)
		sluice_load_fill(&daemon->load, report);
	return result;
}

/* What waited for outputs that are gone when the job that is under way began, or when it was last
 * asked for. Written by the foreman, too. */
static struct {
	pthread_mutex_t lock;
	struct sluice_orphans orphans;
	bool is_there;
} before = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Copies a list. 0 or -ENOMEM. @owner caller: sluice_orphans_free() */
static int copy(struct sluice_orphans *to, const struct sluice_orphans *from)
{
	size_t number;

	to->count = 0;
	to->list = calloc(from->count + 1, sizeof(*to->list));
	if (!to->list)
		return -ENOMEM;
	for (number = 0; number < from->count; number++) {
		to->list[number] = from->list[number];
		to->list[number].where = strdup(from->list[number].where);
		to->count++;
		if (to->list[number].where)
			continue;
		sluice_orphans_free(to);
		return -ENOMEM;
	}
	return 0;
}

/* Notes a list, which it takes. */
static void note(const struct sluice_orphans *orphans)
{
	pthread_mutex_lock(&before.lock);
	sluice_orphans_free(&before.orphans);
	before.orphans = *orphans;
	before.is_there = true;
	pthread_mutex_unlock(&before.lock);
}

void sluice_picture_note(struct sluice_engine *engine)
{
	struct sluice_orphans fresh = {0};

	/* No change waits for a disk that is not in use: what was answered last will do. */
	if (!engine || !sluice_orphans_are_near(engine))
		return;
	if (sluice_engine_orphans(engine, &fresh))
		sluice_orphans_free(&fresh);
	else
		note(&fresh);
}

/* Gives what was noted when the change began. 0, -EBUSY: nothing was, -ENOMEM. */
static int noted(struct sluice_orphans *orphans)
{
	int result;

	pthread_mutex_lock(&before.lock);
	result = before.is_there ? copy(orphans, &before.orphans) : -EBUSY;
	pthread_mutex_unlock(&before.lock);
	return result;
}

int sluice_picture_orphans(void *context, struct sluice_orphans *orphans)
{
	struct sluice_orphans kept;
	struct picture *picture;
	int result = take_picture(context, true, &picture);

	if (result == -EBUSY && is_changing(context))
		return noted(orphans);
	if (result)
		return result;
	result = picture->result;
	*orphans = picture->orphans;
	free(picture);
	if (!result && !copy(&kept, orphans))
		note(&kept);
	return result;
}

void sluice_picture_release(void *context, struct sluice_engine_report *report)
{
	const struct daemon *daemon = context;

	if (!sluice_load_is_last(&daemon->load, report))
		sluice_engine_report_free(report);
}
