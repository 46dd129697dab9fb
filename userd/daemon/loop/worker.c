// SPDX-License-Identifier: MIT
/*
 * The worker's loop; see worker.h. Under streams, sources and outputs, which register what it
 * calls. Touches: its thread, its epoll descriptor, its mailbox.
 */
#include <errno.h>
#include <numa.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/thread.h"
#include "../../lib/usdt.h"
#include "rearm.h"
#include "treatment.h"
#include "worker.h"

#define EVENTS 64
#define FOREVER UINT64_MAX
/* One look for events takes no longer. */
#define LOOK_NS SLUICE_NS_PER_MS
/* Who waits for a worker wakes it again after so long. */
#define AGAIN_NS (100 * SLUICE_NS_PER_MS)

/* Makes room for one more pointer in a list. 0 or -ENOMEM. */
static int reserve(void ***list, size_t count, size_t *room)
{
	size_t larger = *room ? 2 * *room : 16;
	void **bigger;

	if (count < *room)
		return 0;
	bigger = reallocarray(*list, larger, sizeof(**list));
	if (!bigger)
		return -ENOMEM;
	*list = bigger;
	*room = larger;
	return 0;
}

/* Takes `item` out of a list, keeping the order. Returns false if it is not in it. */
static bool take_out(void **list, size_t *count, const void *item)
{
	size_t place;

	for (place = 0; place < *count; place++) {
		if (list[place] != item)
			continue;
		memmove(&list[place], &list[place + 1], (*count - place - 1) * sizeof(*list));
		--*count;
		return true;
	}
	return false;
}

int sluice_worker_watch(struct sluice_worker *worker, int fd, uint32_t events,
			struct sluice_handler *handler)
{
	struct epoll_event event = {.events = events, .data.ptr = handler};

	return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int sluice_worker_change_watch(struct sluice_worker *worker, int fd, uint32_t events,
			       struct sluice_handler *handler)
{
	struct epoll_event event = {.events = events, .data.ptr = handler};

	return epoll_ctl(worker->epoll, EPOLL_CTL_MOD, fd, &event) ? -errno : 0;
}

void sluice_worker_unwatch(struct sluice_worker *worker, int fd)
{
	(void)epoll_ctl(worker->epoll, EPOLL_CTL_DEL, fd, NULL);
}

int sluice_worker_add_timer(struct sluice_worker *worker, struct sluice_timer *timer)
{
	if (timer->place)
		return 0;
	if (reserve((void ***)&worker->timers, worker->timer_count, &worker->timer_room))
		return -ENOMEM;
	worker->timers[worker->timer_count++] = timer;
	timer->place = worker->timer_count;
	return 0;
}

void sluice_worker_remove_timer(struct sluice_worker *worker, struct sluice_timer *timer)
{
	size_t place = timer->place;

	if (!place)
		return;
	worker->timers[place - 1] = worker->timers[--worker->timer_count];
	worker->timers[place - 1]->place = place;
	timer->place = 0;
	timer->at = 0;
}

void sluice_worker_set_timer(struct sluice_worker *worker, struct sluice_timer *timer, uint64_t at)
{
	timer->at = at;
	if (at && at < worker->next_due)
		worker->next_due = at;
}

int sluice_worker_add_stream(struct sluice_worker *worker, struct sluice_stream *stream)
{
	if (reserve((void ***)&worker->streams, worker->stream_count, &worker->stream_room))
		return -ENOMEM;
	worker->streams[worker->stream_count++] = stream;
	return 0;
}

void sluice_worker_remove_stream(struct sluice_worker *worker, struct sluice_stream *stream)
{
	take_out((void **)worker->streams, &worker->stream_count, stream);
}

int sluice_worker_add_output(struct sluice_worker *worker, struct sluice_output *output)
{
	if (reserve((void ***)&worker->outputs, worker->output_count, &worker->output_room))
		return -ENOMEM;
	worker->outputs[worker->output_count++] = output;
	return 0;
}

void sluice_worker_remove_output(struct sluice_worker *worker, struct sluice_output *output)
{
	take_out((void **)worker->outputs, &worker->output_count, output);
}

uint32_t sluice_worker_random(struct sluice_worker *worker)
{
	/* xorshift64: Marsaglia, "Xorshift RNGs", 2003 */
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 7;
	worker->random ^= worker->random << 17;
	return (uint32_t)(worker->random >> 32);
}

/* Calls the timers whose time has come and works out when the next one's will. */
static void run_timers(struct sluice_worker *worker)
{
	uint64_t now = worker->now;
	size_t place;

	if (now < worker->next_due)
		return;
	worker->next_due = FOREVER;
	/* A timer may set itself or others anew; none is removed here: that happens in the mailbox
	 * only. */
	for (place = 0; place < worker->timer_count; place++) {
		struct sluice_timer *timer = worker->timers[place];

		if (!timer->at)
			continue;
		if (timer->at <= now) {
			timer->at = 0;
			timer->due(timer, now);
		}
		if (timer->at && timer->at < worker->next_due)
			worker->next_due = timer->at;
	}
}

/* Does what the control thread asked for, if it did. */
static void read_mail(struct sluice_worker *worker)
{
	enum sluice_thread_state before;
	uint64_t value;

	if (read(worker->mail, &value, sizeof(value)) != (ssize_t)sizeof(value))
		return;
	pthread_mutex_lock(&worker->lock);
	if (worker->call) {
		before = sluice_thread_enters(SLUICE_THREAD_ASKED);
		sluice_cost_call_begin();
		worker->answer = worker->call(worker, worker->argument);
		/* Before who asked may go on, and free what was used. */
		sluice_cost_call_end();
		sluice_thread_goes_back(before);
		worker->call = NULL;
		pthread_cond_signal(&worker->answered);
	}
	/* Also when the call was withdrawn: it answers again. */
	sluice_store_relaxed(&worker->asked_ns, (uint64_t)0);
	pthread_mutex_unlock(&worker->lock);
}

/*
 * Waits for events until `next_due`. epoll_pwait2 (Linux 5.11) for the nanoseconds, else
 * milliseconds. Of the worker it touches nothing: while it sleeps here another thread may get its
 * work.
 */
static int wait_for_events(int epoll, uint64_t next_due, struct epoll_event *events)
{
	static bool coarse; /* the same for all workers, whoever finds out first */
	uint64_t now, wait = FOREVER;
	struct timespec timeout;
	int count;

	if (next_due != FOREVER) {
		now = sluice_now();
		wait = next_due > now ? next_due - now : 0;
	}
	if (!sluice_load_relaxed(&coarse)) {
		timeout.tv_sec = (time_t)(wait / SLUICE_NS_PER_S);
		timeout.tv_nsec = (long)(wait % SLUICE_NS_PER_S);
		count = epoll_pwait2(epoll, events, EVENTS, wait == FOREVER ? NULL : &timeout,
				     NULL);
		if (count >= 0 || errno != ENOSYS)
			return count;
		sluice_store_relaxed(&coarse, true);
	}
	wait = wait == FOREVER ? FOREVER : (wait + SLUICE_NS_PER_MS - 1) / SLUICE_NS_PER_MS;
	return epoll_wait(epoll, events, EVENTS,
			  wait > 60000 ? (wait == FOREVER ? -1 : 60000) : (int)wait);
}

/*
 * Looks for events instead of sleeping, for as long as it has credit and no timer is due. True: the
 * worker shall have a round, with *count events; false: it may sleep.
 */
static bool look_for_events(struct sluice_worker *worker, struct epoll_event *events, int *count)
{
	unsigned int percent = sluice_threads_busy_poll();
	bool (*look)(struct sluice_worker * worker);
	struct sluice_busy *busy = &worker->busy;
	uint64_t begun, now, until, credit;
	bool found = false;

	if (!percent)
		return false;
	begun = now = sluice_now();
	credit = sluice_busy_credit(busy, now, percent);
	if (busy->idle_from) {
		sluice_busy_spend(busy, now - busy->idle_from);
		credit = busy->credit;
		busy->idle_from = 0;
	}
	if (!credit)
		return false;
	/* It has its rounds meanwhile, so that it is seen to go on. */
	until = now + (credit < LOOK_NS ? credit : LOOK_NS);
	if (until > worker->next_due)
		until = worker->next_due;
	*count = 0;
	while (!found && now < until) {
		*count = epoll_wait(worker->epoll, events, EVENTS, 0);
		look = sluice_load_acquire(&worker->look);
		found = *count > 0 || (look && look(worker));
		now = sluice_now();
	}
	if (found)
		sluice_busy_spend(busy, now - begun);
	else
		busy->idle_from = begun;
	return true;
}

/* Sleeps until there is something to do. The number of events; -EOWNERDEAD: another thread has the
 * worker now, and this one must not touch it any more. */
static int sleep_until_events(const struct sluice_worker *worker, struct epoll_event *events)
{
	uint64_t next_due = worker->next_due;
	int epoll = worker->epoll, count;

	sluice_thread_sleeps();
	count = wait_for_events(epoll, next_due, events);
	return sluice_thread_wakes() ? count : -EOWNERDEAD;
}

/* The loop. @context worker */
static void run(struct sluice_worker *worker)
{
	struct epoll_event events[EVENTS];
	int count, place;
	bool mail;

	while (!worker->ended) {
		sluice_cost_round(worker->now);
		sluice_cost_wait_begin();
		if (!look_for_events(worker, events, &count))
			count = sleep_until_events(worker, events);
		sluice_cost_wait_end();
		SLUICE_USDT2(wake, worker->number, count);
		if (count == -EOWNERDEAD)
			return;
		worker->now = sluice_now();
		sluice_store_relaxed(&worker->progress_ns, worker->now);
		sluice_count(&worker->rounds, 1);
		sluice_thread_progress(worker->now);
		mail = false;
		for (place = 0; place < count; place++) {
			struct sluice_handler *handler = events[place].data.ptr;

			if (handler)
				handler->ready(handler, events[place].events, worker->now);
			else
				mail = true;
		}
		run_timers(worker);
		worker->round(worker, false);
		/* Last, because it may free what an event of this round points to. */
		if (mail) {
			read_mail(worker);
			worker->round(worker, true);
		}
	}
}

static void *thread_main(void *argument);

/* Starts the worker's thread. Signals are the control thread's business. 0 or a negative errno. */
static int start_thread(struct sluice_worker *worker, pthread_t *thread)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(thread, NULL, thread_main, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* struct sluice_thread_calls.poke */
static void poke(void *context)
{
	const struct sluice_worker *worker = context;
	const uint64_t one = 1;

	/* Full, it is readable all the same. */
	while (write(worker->mail, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/*
 * struct sluice_thread_calls.replace: the thread that had the worker was fenced in its sleep, so
 * between two rounds, where all that is the worker's is as it should be. What it may have taken out
 * of epoll is told of again.
 */
static int replace(void *context)
{
	struct sluice_worker *worker = context;
	pthread_t fresh;
	int error = sluice_rearm(worker->epoll);

	if (!error)
		error = start_thread(worker, &fresh);
	if (error)
		return error;
	pthread_mutex_lock(&worker->lock);
	pthread_detach(worker->thread);
	worker->thread = fresh;
	pthread_mutex_unlock(&worker->lock);
	poke(worker);
	return 0;
}

/* Thread entry. */
static void *thread_main(void *argument)
{
	static const struct sluice_thread_calls calls = {.poke = poke, .replace = replace};
	struct sluice_worker *worker = argument;
	char name[16]; /* TASK_COMM_LEN */

	snprintf(name, sizeof(name), "sluice-w%u", worker->number);
	(void)sluice_thread_begin(SLUICE_THREAD_WORKER, name, &calls, worker);
	/* Pinned first, so that what it touches first comes from the memory of its node. */
	sluice_treatment_begin(SLUICE_CLASS_WORKER, worker->number);
	if (numa_available() >= 0)
		numa_set_localalloc();
	run(worker);
	sluice_treatment_end();
	sluice_thread_end();
	return NULL;
}

/* Does the machine have several nodes? */
static bool has_nodes(void)
{
	return numa_available() >= 0 && numa_max_node() > 0;
}

/* Memory of zeroes for a worker on `cpu`, of that CPU's node: whoever starts it is the first to
 * touch it, and may be elsewhere. NULL: none. @owner caller: free_worker() */
static struct sluice_worker *make_worker(int cpu)
{
	struct sluice_worker *worker;

	if (has_nodes())
		return numa_alloc_onnode(sizeof(*worker), numa_node_of_cpu(cpu));
	worker = aligned_alloc(SLUICE_LINE, sizeof(*worker));
	if (worker)
		memset(worker, 0, sizeof(*worker));
	return worker;
}

/* Frees what make_worker() made. */
static void free_worker(struct sluice_worker *worker)
{
	if (has_nodes())
		numa_free(worker, sizeof(*worker));
	else
		free(worker);
}

int sluice_worker_start(struct sluice_worker **result, unsigned int number, int cpu,
			sluice_worker_round round)
{
	struct sluice_worker *worker;
	pthread_condattr_t attributes;
	int error = -ENOMEM;

	if (!result || !round || cpu < 0 || cpu >= CPU_SETSIZE)
		return -EINVAL;
	worker = make_worker(cpu);
	if (!worker)
		return -ENOMEM;
	worker->number = number;
	worker->cpu = cpu;
	worker->round = round;
	worker->next_due = FOREVER;
	worker->random = sluice_now() * 2 + 1 + number;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->answered, &attributes);
	pthread_condattr_destroy(&attributes);
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	worker->mail = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->epoll < 0 || worker->mail < 0) {
		error = -errno;
		goto close;
	}
	error = sluice_worker_watch(worker, worker->mail, EPOLLIN, NULL);
	if (error)
		goto close;
	error = start_thread(worker, &worker->thread);
	if (error)
		goto close;
	*result = worker;
	return 0;

close:
	if (worker->mail >= 0)
		close(worker->mail);
	if (worker->epoll >= 0)
		close(worker->epoll);
	pthread_cond_destroy(&worker->answered);
	pthread_mutex_destroy(&worker->lock);
	free_worker(worker);
	return error;
}

/* Puts a call into the mailbox, whose lock is held. */
static void post(struct sluice_worker *worker,
		 int (*call)(struct sluice_worker *worker, void *argument), void *argument)
{
	worker->call = call;
	worker->argument = argument;
	if (!sluice_load_relaxed(&worker->asked_ns))
		sluice_store_relaxed(&worker->asked_ns, sluice_now());
	poke(worker);
}

/* Waits until the call was done, until `until` at most. The mailbox's lock is held, but while it
 * waits. */
static void await(struct sluice_worker *worker, uint64_t until)
{
	uint64_t now = sluice_now(), at;
	struct timespec when;

	while (worker->call && now < until) {
		at = until - now < AGAIN_NS ? until : now + AGAIN_NS;
		when.tv_sec = (time_t)(at / SLUICE_NS_PER_S);
		when.tv_nsec = (long)(at % SLUICE_NS_PER_S);
		(void)pthread_cond_timedwait(&worker->answered, &worker->lock, &when);
		/* Waking it may have failed. */
		if (worker->call)
			poke(worker);
		now = sluice_now();
	}
}

int sluice_worker_call(struct sluice_worker *worker,
		       int (*call)(struct sluice_worker *worker, void *argument), void *argument)
{
	return sluice_worker_call_within(worker, call, argument, FOREVER);
}

int sluice_worker_call_within(struct sluice_worker *worker,
			      int (*call)(struct sluice_worker *worker, void *argument),
			      void *argument, uint64_t most_ns)
{
	enum sluice_thread_state before = sluice_thread_enters(SLUICE_THREAD_OTHER);
	uint64_t until = most_ns == FOREVER ? FOREVER : sluice_now() + most_ns;
	int answer = 0;

	pthread_mutex_lock(&worker->lock);
	post(worker, call, argument);
	await(worker, until);
	/* The worker holds the lock while it does what the call says: one that is still here was
	 * not begun. */
	if (worker->call) {
		worker->call = NULL;
		answer = -ETIMEDOUT;
	} else {
		answer = worker->answer;
	}
	pthread_mutex_unlock(&worker->lock);
	sluice_thread_goes_back(before);
	return answer;
}

uint64_t sluice_worker_silence(const struct sluice_worker *worker)
{
	uint64_t asked = sluice_load_relaxed(&worker->asked_ns), now = sluice_now();

	return asked && now > asked ? now - asked : 0;
}

/* Worker call: this was the last round. */
static int end(struct sluice_worker *worker, void *argument)
{
	(void)argument;
	worker->ended = true;
	return 0;
}

void sluice_worker_stop(struct sluice_worker *worker)
{
	if (!worker)
		return;
	sluice_worker_call(worker, end, NULL);
	pthread_join(worker->thread, NULL);
	close(worker->mail);
	close(worker->epoll);
	pthread_cond_destroy(&worker->answered);
	pthread_mutex_destroy(&worker->lock);
	if (worker->scratch)
		worker->scratch_free(worker->scratch);
	free(worker->timers);
	free(worker->streams);
	free(worker->outputs);
	free_worker(worker);
}
