// SPDX-License-Identifier: MIT
/*
 * The last events; see event_log.h. The lock is held for a copy of one of them at most, so that a
 * worker may take it. Touches: an eventfd.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "../../lib/clock.h"
#include "event_log.h"

struct sluice_event_log {
	int wakes; /* eventfd */
	uint64_t run;
	pthread_mutex_t lock;		 /* of what follows */
	struct sluice_event_entry *list; /* event N is at N modulo `kept` */
	size_t kept;
	uint64_t next, oldest;
};

/* CLOCK_REALTIME in nanoseconds. */
static uint64_t wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* A number of events that can be kept. */
static size_t within_limits(size_t kept)
{
	return kept < SLUICE_EVENTS_LEAST  ? SLUICE_EVENTS_LEAST
	       : kept > SLUICE_EVENTS_MOST ? SLUICE_EVENTS_MOST
					   : kept;
}

int sluice_event_log_create(struct sluice_event_log **log, size_t kept)
{
	struct sluice_event_log *fresh;
	int error = -ENOMEM;

	if (!log)
		return -EINVAL;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	fresh->kept = within_limits(kept);
	fresh->next = 1;
	fresh->oldest = 1;
	fresh->run = wall_clock();
	/* Memory that nobody has written to takes none. */
	fresh->list = calloc(fresh->kept, sizeof(*fresh->list));
	if (!fresh->list)
		goto free;
	fresh->wakes = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = fresh->wakes < 0 ? -errno : 0;
	if (error)
		goto free;
	pthread_mutex_init(&fresh->lock, NULL);
	*log = fresh;
	return 0;

free:
	free(fresh->list);
	free(fresh);
	return error;
}

void sluice_event_log_free(struct sluice_event_log *log)
{
	if (!log)
		return;
	close(log->wakes);
	pthread_mutex_destroy(&log->lock);
	free(log->list);
	free(log);
}

int sluice_event_log_resize(struct sluice_event_log *log, size_t kept)
{
	struct sluice_event_entry *list, *before;
	uint64_t sequence;

	if (!log)
		return -EINVAL;
	kept = within_limits(kept);
	/* Only the control thread writes it. */
	if (kept == log->kept)
		return 0;
	list = calloc(kept, sizeof(*list));
	if (!list)
		return -ENOMEM;
	pthread_mutex_lock(&log->lock);
	if (log->next - log->oldest > kept)
		log->oldest = log->next - kept;
	for (sequence = log->oldest; sequence < log->next; sequence++)
		list[sequence % kept] = log->list[sequence % log->kept];
	before = log->list;
	log->list = list;
	log->kept = kept;
	pthread_mutex_unlock(&log->lock);
	free(before);
	return 0;
}

int sluice_event_log_continue(struct sluice_event_log *log, uint64_t run, uint64_t next)
{
	struct sluice_event_entry *list;
	uint64_t sequence, shift;

	if (!log || !run || !next)
		return -EINVAL;
	list = calloc(log->kept, sizeof(*list));
	if (!list)
		return -ENOMEM;
	pthread_mutex_lock(&log->lock);
	shift = next - 1;
	for (sequence = log->oldest; sequence < log->next; sequence++) {
		struct sluice_event_entry *entry = &list[(sequence + shift) % log->kept];

		*entry = log->list[sequence % log->kept];
		entry->sequence = sequence + shift;
	}
	free(log->list);
	log->list = list;
	log->oldest += shift;
	log->next += shift;
	log->run = run;
	pthread_mutex_unlock(&log->lock);
	return 0;
}

void sluice_event_log_add(struct sluice_event_log *log, const struct sluice_event_news *news)
{
	const uint64_t one = 1;
	struct sluice_event_entry *entry;

	if (!log || !news || !news->key || !news->where || !news->text)
		return;
	pthread_mutex_lock(&log->lock);
	entry = &log->list[log->next % log->kept];
	entry->sequence = log->next;
	entry->time_ns = wall_clock();
	entry->count = news->count;
	entry->kind = news->kind;
	entry->has_guid = news->guid != NULL;
	if (news->guid)
		sluice_guid_copy(entry->guid, news->guid);
	snprintf(entry->interface, sizeof(entry->interface), "%s",
		 news->interface ? news->interface : "");
	snprintf(entry->key, sizeof(entry->key), "%s", news->key);
	snprintf(entry->where, sizeof(entry->where), "%s", news->where);
	snprintf(entry->text, sizeof(entry->text), "%s", news->text);
	log->next++;
	if (log->next - log->oldest > log->kept)
		log->oldest = log->next - log->kept;
	pthread_mutex_unlock(&log->lock);
	/* Cannot fail: the counter is far from its limit. */
	(void)!write(log->wakes, &one, sizeof(one));
}

int sluice_event_log_fd(const struct sluice_event_log *log)
{
	return log ? log->wakes : -1;
}

void sluice_event_log_settle(const struct sluice_event_log *log)
{
	uint64_t count;

	if (log)
		(void)!read(log->wakes, &count, sizeof(count));
}

uint64_t sluice_event_log_next(struct sluice_event_log *log)
{
	uint64_t next;

	pthread_mutex_lock(&log->lock);
	next = log->next;
	pthread_mutex_unlock(&log->lock);
	return next;
}

uint64_t sluice_event_log_oldest(struct sluice_event_log *log)
{
	uint64_t oldest;

	pthread_mutex_lock(&log->lock);
	oldest = log->oldest;
	pthread_mutex_unlock(&log->lock);
	return oldest;
}

uint64_t sluice_event_log_run(const struct sluice_event_log *log)
{
	return log->run;
}

bool sluice_event_log_get(struct sluice_event_log *log, uint64_t sequence,
			  struct sluice_event_entry *entry)
{
	bool is_kept;

	if (!log || !entry)
		return false;
	pthread_mutex_lock(&log->lock);
	is_kept = sequence >= log->oldest && sequence < log->next;
	if (is_kept)
		*entry = log->list[sequence % log->kept];
	pthread_mutex_unlock(&log->lock);
	return is_kept;
}
