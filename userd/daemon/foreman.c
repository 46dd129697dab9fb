// SPDX-License-Identifier: MIT
/*
 * A thread for jobs that may take their time; see foreman.h.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "../lib/clock.h"
#include "../lib/thread.h"
#include "foreman.h"
#include "loop/treatment.h"

struct sluice_foreman {
	pthread_t thread;
	int event;
	struct sluice_job *job; /* the control thread's view: given and not collected */
	struct timespec given;	/* when, CLOCK_MONOTONIC */
	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t came, done;
	struct sluice_job *next; /* to be begun */
	bool is_done;		 /* `job` can be collected */
	bool ended;
};

/* struct sluice_thread_calls.poke */
static void poke(void *context)
{
	struct sluice_foreman *foreman = context;

	/* Without the lock: one that comes too early comes again. */
	pthread_cond_signal(&foreman->came);
}

/* The thread. */
static void *thread_main(void *argument)
{
	static const struct sluice_thread_calls calls = {.poke = poke};
	struct sluice_foreman *foreman = argument;
	const uint64_t one = 1;
	struct sluice_job *job;

	(void)sluice_thread_begin(SLUICE_THREAD_FOREMAN, "sluice-foreman", &calls, foreman);
	sluice_treatment_begin(SLUICE_CLASS_FOREMAN, 0);
	pthread_mutex_lock(&foreman->lock);
	for (;;) {
		while (!foreman->next && !foreman->ended) {
			sluice_thread_sleeps();
			pthread_cond_wait(&foreman->came, &foreman->lock);
			(void)sluice_thread_wakes();
			/* Should it hang, nobody waits for the lock. */
			pthread_mutex_unlock(&foreman->lock);
			sluice_thread_progress(sluice_now());
			pthread_mutex_lock(&foreman->lock);
		}
		if (foreman->ended)
			break;
		job = foreman->next;
		foreman->next = NULL;
		pthread_mutex_unlock(&foreman->lock);
		job->work(job);
		pthread_mutex_lock(&foreman->lock);
		foreman->is_done = true;
		pthread_cond_signal(&foreman->done);
		/* Cannot fail: the counter is far from its limit. Without it the next look finds
		 * the job. */
		(void)!write(foreman->event, &one, sizeof(one));
	}
	pthread_mutex_unlock(&foreman->lock);
	sluice_treatment_end();
	sluice_thread_end();
	return NULL;
}

int sluice_foreman_start(struct sluice_foreman **result)
{
	struct sluice_foreman *foreman = calloc(1, sizeof(*foreman));
	pthread_condattr_t attributes;
	int error;

	if (!foreman)
		return -ENOMEM;
	pthread_mutex_init(&foreman->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&foreman->came, &attributes);
	pthread_cond_init(&foreman->done, &attributes);
	pthread_condattr_destroy(&attributes);
	foreman->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = foreman->event < 0 ? -errno : 0;
	/* Signals are blocked already: they are the control thread's. */
	if (!error)
		error = -pthread_create(&foreman->thread, NULL, thread_main, foreman);
	if (!error) {
		*result = foreman;
		return 0;
	}
	if (foreman->event >= 0)
		close(foreman->event);
	free(foreman);
	return error;
}

void sluice_foreman_stop(struct sluice_foreman *foreman)
{
	if (!foreman)
		return;
	pthread_mutex_lock(&foreman->lock);
	foreman->ended = true;
	pthread_cond_signal(&foreman->came);
	pthread_mutex_unlock(&foreman->lock);
	pthread_join(foreman->thread, NULL);
	if (foreman->job)
		foreman->job->done(foreman->job);
	close(foreman->event);
	pthread_cond_destroy(&foreman->came);
	pthread_cond_destroy(&foreman->done);
	pthread_mutex_destroy(&foreman->lock);
	free(foreman);
}

int sluice_foreman_fd(const struct sluice_foreman *foreman)
{
	return foreman ? foreman->event : -1;
}

bool sluice_foreman_is_busy(const struct sluice_foreman *foreman)
{
	return foreman && foreman->job;
}

int sluice_foreman_give(struct sluice_foreman *foreman, struct sluice_job *job)
{
	if (!foreman || !job || !job->work || !job->done)
		return -EINVAL;
	if (foreman->job)
		return -EBUSY;
	foreman->job = job;
	clock_gettime(CLOCK_MONOTONIC, &foreman->given);
	pthread_mutex_lock(&foreman->lock);
	foreman->next = job;
	foreman->is_done = false;
	pthread_cond_signal(&foreman->came);
	pthread_mutex_unlock(&foreman->lock);
	return 0;
}

bool sluice_foreman_collect(struct sluice_foreman *foreman, unsigned int most_ms)
{
	struct sluice_job *job = foreman ? foreman->job : NULL;
	struct timespec until;
	int waited = 0;
	bool is_done;
	uint64_t count;

	if (!job)
		return true;
	until = foreman->given;
	until.tv_sec += most_ms / 1000;
	until.tv_nsec += (long)(most_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&foreman->lock);
	while (!foreman->is_done && most_ms && !waited)
		waited = pthread_cond_timedwait(&foreman->done, &foreman->lock, &until);
	is_done = foreman->is_done;
	pthread_mutex_unlock(&foreman->lock);
	if (!is_done)
		return false;
	(void)!read(foreman->event, &count, sizeof(count));
	foreman->job = NULL;
	job->done(job);
	return true;
}
