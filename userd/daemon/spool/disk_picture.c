// SPDX-License-Identifier: MIT
/*
 * Pictures of the store on the disk; see disk_picture.h.
 */
#include <stdlib.h>
#include <time.h>
#include "../../lib/clock.h"
#include "disk_picture.h"

/* For how long the store is waited for: answers have 100 ms. */
#define PATIENCE_NS (20 * SLUICE_NS_PER_MS)

/* One that is being taken. */
struct taking {
	struct sluice_disk_picture *picture;
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	uint64_t first; /* offset of the lowest byte that waits */
	bool failed;
};

/* A list with room for one more. NULL: no memory, noted. */
static void *grow(struct taking *taking, void *list, size_t count, size_t size)
{
	void *larger = list;

	/* Full at each power of two. */
	if (!(count & (count - 1)))
		larger = reallocarray(list, count ? count * 2 : 1, size);
	taking->failed |= !larger;
	return larger;
}

/* Adds a run of bytes that an output needs. */
static int add_run(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	struct taking *taking = context;
	struct sluice_disk_picture *picture = taking->picture;
	struct sluice_disk_waiting *waiting = &picture->waiting[picture->waiting_count];

	(void)serial;
	if (!waiting->bytes || start < taking->first)
		taking->first = start;
	waiting->bytes += end - start;
	return 0;
}

/* Finds the frame of the lowest byte. */
static int find_frame(void *context, const struct sluice_spool_frame *frame)
{
	struct taking *taking = context;
	struct sluice_disk_picture *picture = taking->picture;

	if (taking->first < frame->offset || taking->first - frame->offset >= frame->span)
		return 0;
	picture->waiting[picture->waiting_count].oldest_ns = frame->time_ns;
	return 1;
}

/* Adds an output that needs something of a log. */
static int add_waiting(void *context, const sluice_guid output)
{
	struct taking *taking = context;
	struct sluice_disk_picture *picture = taking->picture;
	struct sluice_disk_waiting *list, *waiting;

	list = grow(taking, picture->waiting, picture->waiting_count, sizeof(*list));
	if (!list)
		return -1;
	picture->waiting = list;
	waiting = &list[picture->waiting_count];
	*waiting = (struct sluice_disk_waiting){.log = *sluice_spool_log_name(taking->log)};
	sluice_guid_copy(waiting->output, output);
	(void)sluice_spool_backlog(taking->spool, taking->log, output, add_run, taking);
	if (!waiting->bytes)
		return 0;
	(void)sluice_spool_frames(taking->spool, taking->log, false, find_frame, taking);
	picture->waiting_count++;
	return 0;
}

/* Adds a log. */
static int add_log(void *context, struct sluice_spool_log *log)
{
	struct taking *taking = context;
	struct sluice_disk_picture *picture = taking->picture;
	struct sluice_disk_log *list =
		grow(taking, picture->logs, picture->log_count, sizeof(*list));

	if (!list)
		return -1;
	picture->logs = list;
	list[picture->log_count].name = *sluice_spool_log_name(log);
	list[picture->log_count++].bytes = sluice_spool_log_bytes(log);
	taking->log = log;
	return sluice_spool_waiting(taking->spool, log, add_waiting, taking);
}

/* Adds a line of what was given up. */
static void add_drop(void *context, const struct sluice_spool_drop *drop)
{
	struct taking *taking = context;
	struct sluice_disk_picture *picture = taking->picture;
	struct sluice_spool_drop *list =
		grow(taking, picture->drops, picture->drop_count, sizeof(*list));

	if (!list)
		return;
	picture->drops = list;
	list[picture->drop_count++] = *drop;
}

void sluice_disk_pictures_take(struct sluice_disk_pictures *pictures, struct sluice_spool *spool)
{
	struct sluice_disk_picture *old;
	struct taking taking = {.picture = calloc(1, sizeof(*taking.picture)), .spool = spool};

	if (!taking.picture)
		return;
	taking.picture->users = 1;
	sluice_spool_figures(spool, &taking.picture->figures);
	(void)sluice_spool_logs(spool, add_log, &taking);
	sluice_spool_drops(spool, add_drop, &taking);
	if (taking.failed) {
		sluice_disk_picture_put(taking.picture);
		return;
	}
	pthread_mutex_lock(&pictures->lock);
	old = pictures->newest;
	pictures->newest = taking.picture;
	pictures->is_wanted = false;
	pthread_mutex_unlock(&pictures->lock);
	sluice_disk_picture_put(old);
}

void sluice_disk_pictures_take_wanted(struct sluice_disk_pictures *pictures,
				      struct sluice_spool *spool)
{
	bool is_wanted;

	pthread_mutex_lock(&pictures->lock);
	is_wanted = pictures->is_wanted;
	pthread_mutex_unlock(&pictures->lock);
	if (is_wanted)
		sluice_disk_pictures_take(pictures, spool);
}

struct sluice_disk_picture *sluice_disk_pictures_get(struct sluice_disk_pictures *pictures,
						     pthread_mutex_t *store,
						     struct sluice_spool *spool)
{
	uint64_t at = sluice_now() + PATIENCE_NS;
	const struct timespec until = {.tv_sec = (time_t)(at / SLUICE_NS_PER_S),
				       .tv_nsec = (long)(at % SLUICE_NS_PER_S)};
	bool is_late = pthread_mutex_clocklock(store, CLOCK_MONOTONIC, &until) != 0;
	struct sluice_disk_picture *picture;

	if (!is_late) {
		sluice_disk_pictures_take(pictures, spool);
		pthread_mutex_unlock(store);
	}
	pthread_mutex_lock(&pictures->lock);
	pictures->is_wanted |= is_late;
	picture = pictures->newest;
	if (picture)
		__atomic_add_fetch(&picture->users, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&pictures->lock);
	return picture;
}

void sluice_disk_pictures_free(struct sluice_disk_pictures *pictures)
{
	sluice_disk_picture_put(pictures->newest);
	pictures->newest = NULL;
	pthread_mutex_destroy(&pictures->lock);
}

void sluice_disk_picture_put(struct sluice_disk_picture *picture)
{
	if (!picture || __atomic_sub_fetch(&picture->users, 1, __ATOMIC_ACQ_REL))
		return;
	free(picture->logs);
	free(picture->waiting);
	free(picture->drops);
	free(picture);
}

/* Are these names of one log? */
static bool is_same(const struct sluice_spool_name *one, const struct sluice_spool_name *other)
{
	return one->epoch == other->epoch && sluice_guid_equal(one->stream, other->stream);
}

uint64_t sluice_disk_picture_bytes(const struct sluice_disk_picture *picture,
				   const struct sluice_spool_name *log)
{
	size_t number;

	for (number = 0; picture && number < picture->log_count; number++)
		if (is_same(&picture->logs[number].name, log))
			return picture->logs[number].bytes;
	return 0;
}

const struct sluice_disk_waiting *
sluice_disk_picture_waiting(const struct sluice_disk_picture *picture,
			    const struct sluice_spool_name *log, const sluice_guid output)
{
	size_t number;

	for (number = 0; picture && number < picture->waiting_count; number++)
		if (is_same(&picture->waiting[number].log, log) &&
		    sluice_guid_equal(picture->waiting[number].output, output))
			return &picture->waiting[number];
	return NULL;
}
