// SPDX-License-Identifier: MIT
/*
 * The register of threads; see thread.h. Touches: what that says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "barrier.h"
#include "clock.h"
#include "thread.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sluice_thread *first;
static _Thread_local struct sluice_thread *self;

#define THREAD_KIND(KIND, word, matters, what) {word, matters},
#define THREAD_STATE(...)
static const struct {
	const char *word;
	bool matters;
} kinds[] = {
#include "thread_rows.h"
};
#undef THREAD_KIND
#undef THREAD_STATE

#define THREAD_KIND(...)
#define THREAD_STATE(STATE, word) word,
static const char *const states[] = {
#include "thread_rows.h"
};
#undef THREAD_KIND
#undef THREAD_STATE

struct sluice_thread *sluice_thread_begin(enum sluice_thread_kind kind, const char *name,
					  const struct sluice_thread_calls *calls, void *context)
{
	struct sluice_thread *thread, **end;

	if (self || kind >= SLUICE_THREAD_KINDS || !name)
		return NULL;
	thread = aligned_alloc(64, sizeof(*thread));
	if (!thread)
		return NULL;
	memset(thread, 0, sizeof(*thread));
	thread->kind = kind;
	thread->calls = calls;
	thread->context = context;
	thread->tid = gettid();
	thread->since_ns = sluice_now();
	thread->progress_ns = thread->since_ns;
	snprintf(thread->name, sizeof(thread->name), "%s", name);
	/* The process is called as its first thread is. */
	if (thread->tid != getpid())
		pthread_setname_np(pthread_self(), thread->name);
	if (pthread_getcpuclockid(pthread_self(), &thread->clock))
		thread->clock = CLOCK_THREAD_CPUTIME_ID;
	self = thread;
	sluice_cost_begin(&thread->cost);
	pthread_mutex_lock(&lock);
	for (end = &first; *end; end = &(*end)->next)
		;
	*end = thread;
	pthread_mutex_unlock(&lock);
	return thread;
}

void sluice_thread_end(void)
{
	struct sluice_thread **link;

	if (!self)
		return;
	pthread_mutex_lock(&lock);
	for (link = &first; *link && *link != self; link = &(*link)->next)
		;
	if (*link)
		*link = self->next;
	pthread_mutex_unlock(&lock);
	sluice_cost_begin(NULL);
	free(self->notes);
	free(self);
	self = NULL;
}

/* Says what it does, since `now`. */
static void say(enum sluice_thread_state state, uint64_t now)
{
	sluice_store_relaxed(&self->since_ns, now);
	sluice_store_relaxed(&self->state, (uint32_t)state);
}

void sluice_thread_progress(uint64_t now)
{
	if (!self)
		return;
	sluice_count(&self->rounds, 1);
	sluice_store_relaxed(&self->progress_ns, now);
	say(SLUICE_THREAD_WORKS, now);
}

void sluice_thread_sleeps(void)
{
	/* Since it got on last: that is one reading of the clock less a round. */
	if (!self)
		return;
	sluice_store_relaxed(&self->since_ns, self->progress_ns);
	sluice_store_release(&self->state, (uint32_t)SLUICE_THREAD_SLEEPS);
}

bool sluice_thread_wakes(void)
{
	uint32_t expected = SLUICE_THREAD_SLEEPS;

	return !self ||
	       __atomic_compare_exchange_n(&self->state, &expected, (uint32_t)SLUICE_THREAD_WORKS,
					   false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

bool sluice_thread_fence(struct sluice_thread *thread)
{
	uint32_t expected = SLUICE_THREAD_SLEEPS;

	return __atomic_compare_exchange_n(&thread->state, &expected,
					   (uint32_t)SLUICE_THREAD_REPLACED, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

enum sluice_thread_state sluice_thread_enters(enum sluice_thread_state state)
{
	enum sluice_thread_state before = SLUICE_THREAD_WORKS;

	if (!self)
		return before;
	before = (enum sluice_thread_state)self->state;
	say(state, sluice_now());
	return before;
}

void sluice_thread_goes_back(enum sluice_thread_state before)
{
	if (self)
		say(before, sluice_now());
}

struct sluice_thread *sluice_thread_lock(void)
{
	pthread_mutex_lock(&lock);
	return first;
}

void sluice_thread_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

const char *sluice_thread_kind_word(enum sluice_thread_kind kind)
{
	return kind < SLUICE_THREAD_KINDS ? kinds[kind].word : "?";
}

const char *sluice_thread_state_word(uint32_t state)
{
	return state < SLUICE_THREAD_STATES ? states[state] : "?";
}

bool sluice_thread_matters(enum sluice_thread_kind kind)
{
	return kind < SLUICE_THREAD_KINDS && kinds[kind].matters;
}
