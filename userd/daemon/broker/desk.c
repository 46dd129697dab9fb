// SPDX-License-Identifier: MIT
/*
 * The desk between a worker and a broker's thread; see desk.h. Touches: the thread, the eventfd.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../../lib/clock.h"
#include "../../lib/thread.h"
#include "desk.h"

struct sluice_desk *sluice_desk_get(struct sluice_desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	desk->references++;
	pthread_mutex_unlock(&desk->lock);
	return desk;
}

void sluice_desk_put(struct sluice_desk *desk)
{
	bool is_last;
	size_t number;

	if (!desk)
		return;
	pthread_mutex_lock(&desk->lock);
	is_last = !--desk->references;
	pthread_mutex_unlock(&desk->lock);
	if (!is_last)
		return;
	for (number = 0; number < SLUICE_DESK_JOBS; number++)
		free(desk->jobs[number].bytes);
	pthread_cond_destroy(&desk->work);
	pthread_mutex_destroy(&desk->lock);
	desk->release(desk->context);
	free(desk);
}

/* It got on. What it does next, calls of a library, may take long. @context the thread */
static void note_progress(void)
{
	sluice_thread_progress(sluice_now());
	(void)sluice_thread_enters(SLUICE_THREAD_PUBLISHES);
}

/* struct sluice_thread_calls.poke */
static void poke(void *context)
{
	struct sluice_desk *desk = context;

	/* Without the lock: one that comes too early comes again. */
	pthread_cond_signal(&desk->work);
}

/* The thread: serves attempts until the worker has no use for it. */
static void *serve(void *argument)
{
	static const struct sluice_thread_calls calls = {.poke = poke};
	struct sluice_desk *desk = argument;

	(void)sluice_thread_begin(SLUICE_THREAD_BROKER, "sluice-broker", &calls, desk);
	pthread_mutex_lock(&desk->lock);
	while (!desk->ends) {
		if (!desk->is_wished || desk->serving == desk->wish) {
			sluice_desk_wait(desk, UINT64_MAX);
			continue;
		}
		desk->serving = desk->wish;
		desk->taken = 0;
		pthread_mutex_unlock(&desk->lock);
		desk->run(desk, desk->serving);
		pthread_mutex_lock(&desk->lock);
	}
	pthread_mutex_unlock(&desk->lock);
	sluice_thread_end();
	sluice_desk_put(desk);
	return NULL;
}

int sluice_desk_create(void (*run)(struct sluice_desk *desk, uint64_t attempt),
		       void (*release)(void *context), void *context, struct sluice_desk **result)
{
	struct sluice_desk *desk = calloc(1, sizeof(*desk));
	pthread_condattr_t by_clock;
	sigset_t all, before;
	pthread_t thread;
	int error;

	if (!desk) {
		release(context);
		return -ENOMEM;
	}
	desk->run = run;
	desk->release = release;
	desk->context = context;
	desk->bell = -1;
	desk->references = 2; /* the caller's and the thread's */
	pthread_mutex_init(&desk->lock, NULL);
	pthread_condattr_init(&by_clock);
	pthread_condattr_setclock(&by_clock, CLOCK_MONOTONIC);
	pthread_cond_init(&desk->work, &by_clock);
	pthread_condattr_destroy(&by_clock);
	/* Signals are for the daemon's own threads; the library's inherit this. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, serve, desk);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		desk->references = 1;
		sluice_desk_put(desk);
		return -error;
	}
	pthread_detach(thread);
	*result = desk;
	return 0;
}

void sluice_desk_leave(struct sluice_desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	desk->ends = true;
	desk->is_wished = false;
	desk->bell = -1;
	pthread_cond_signal(&desk->work);
	pthread_mutex_unlock(&desk->lock);
	sluice_desk_put(desk);
}

void sluice_desk_wish(struct sluice_desk *desk, int bell)
{
	pthread_mutex_lock(&desk->lock);
	desk->wish++;
	desk->is_wished = true;
	desk->bell = bell;
	desk->is_rung = false;
	desk->is_refusing = false;
	desk->state = SLUICE_DESK_TRYING;
	desk->what = NULL;
	desk->first = desk->next = 0;
	pthread_cond_signal(&desk->work);
	pthread_mutex_unlock(&desk->lock);
}

void sluice_desk_withdraw(struct sluice_desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	desk->is_wished = false;
	desk->bell = -1;
	desk->is_refusing = false;
	desk->state = SLUICE_DESK_IDLE;
	pthread_cond_signal(&desk->work);
	pthread_mutex_unlock(&desk->lock);
}

bool sluice_desk_goes_on(struct sluice_desk *desk, uint64_t attempt)
{
	bool goes_on;

	note_progress();
	pthread_mutex_lock(&desk->lock);
	goes_on = sluice_desk_is_wished(desk, attempt);
	pthread_mutex_unlock(&desk->lock);
	return goes_on;
}

void sluice_desk_ring(struct sluice_desk *desk)
{
	const uint64_t one = 1;

	if (desk->is_rung || desk->bell < 0)
		return;
	desk->is_rung = true;
	/* It cannot be full: it is read before it is rung again. */
	if (write(desk->bell, &one, sizeof(one)) < 0)
		desk->is_rung = false;
}

void sluice_desk_say(struct sluice_desk *desk, uint64_t attempt, enum sluice_desk_state state,
		     const char *what)
{
	pthread_mutex_lock(&desk->lock);
	if (sluice_desk_is_wished(desk, attempt)) {
		desk->state = state;
		desk->what = what;
		sluice_desk_ring(desk);
	}
	pthread_mutex_unlock(&desk->lock);
}

void sluice_desk_wait(struct sluice_desk *desk, uint64_t until)
{
	struct timespec at = {.tv_sec = (time_t)(until / SLUICE_NS_PER_S),
			      .tv_nsec = (long)(until % SLUICE_NS_PER_S)};

	sluice_thread_sleeps();
	if (until == UINT64_MAX)
		pthread_cond_wait(&desk->work, &desk->lock);
	else
		pthread_cond_timedwait(&desk->work, &desk->lock, &at);
	(void)sluice_thread_wakes();
	note_progress();
}
