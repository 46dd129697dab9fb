// SPDX-License-Identifier: MIT
/*
 * A picture of the threads; see thread_list.h. Touches: what that says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../lib/barrier.h"
#include "../../lib/clock.h"
#include "../../lib/thread.h"
#include "../../lib/thread_stat.h"
#include "thread_list.h"

/* What the watchdog makes of a thread, as a word. */
static const char *health_word(uint32_t verdict)
{
	static const char *const words[] = {[SLUICE_THREAD_WELL] = "well",
					    [SLUICE_THREAD_STARVED] = "starved",
					    [SLUICE_THREAD_BLOCKED] = "blocked",
					    [SLUICE_THREAD_STUCK] = "stuck"};

	return verdict < sizeof(words) / sizeof(words[0]) ? words[verdict] : "?";
}

/* Fills in one; `shift`: CLOCK_REALTIME less CLOCK_MONOTONIC. */
static void fill_in(const struct sluice_thread *thread, uint64_t shift,
		    struct sluice_control_thread *picture)
{
	struct sluice_thread_stat stat;

	sluice_thread_stat(thread, &stat);
	memcpy(picture->name, thread->name, sizeof(picture->name));
	picture->kind = sluice_thread_kind_word(thread->kind);
	picture->state = sluice_thread_state_word(sluice_load_relaxed(&thread->state));
	picture->health = health_word(sluice_load_relaxed(&thread->verdict));
	picture->since_ns = sluice_load_relaxed(&thread->since_ns) + shift;
	picture->progress_ns = sluice_load_relaxed(&thread->progress_ns) + shift;
	picture->rounds = sluice_load_relaxed(&thread->rounds);
	picture->time_ns = stat.cpu_time_ns;
	picture->cpu = stat.cpu;
	picture->policy = stat.policy;
	picture->tid = (uint32_t)thread->tid;
}

int sluice_control_threads(struct sluice_control_thread **list, size_t *count)
{
	const struct sluice_thread *first, *thread;
	struct timespec wall;
	uint64_t shift;
	size_t wanted = 0;

	*list = NULL;
	*count = 0;
	clock_gettime(CLOCK_REALTIME, &wall);
	shift = (uint64_t)wall.tv_sec * SLUICE_NS_PER_S + (uint64_t)wall.tv_nsec - sluice_now();
	first = sluice_thread_lock();
	for (thread = first; thread; thread = thread->next)
		wanted++;
	*list = wanted ? calloc(wanted, sizeof(**list)) : NULL;
	for (thread = *list ? first : NULL; thread; thread = thread->next)
		fill_in(thread, shift, &(*list)[(*count)++]);
	sluice_thread_unlock();
	return wanted && !*list ? -ENOMEM : 0;
}
