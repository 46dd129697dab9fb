// SPDX-License-Identifier: MIT
/*
 * The watchdog's thread; see watchdog.h, and watchdog_judge.h for its verdicts. Touches: what
 * watchdog.h says; /proc/self, by thread_stat.h and the calls of a worker that is replaced.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "../lib/barrier.h"
#include "../lib/clock.h"
#include "../lib/event.h"
#include "../lib/log.h"
#include "../lib/service.h"
#include "../lib/thread.h"
#include "../lib/thread_stat.h"
#include "watchdog.h"
#include "watchdog_judge.h"

/* How often it looks: so many times in the limit, within these. */
#define LOOKS 8U
#define LOOK_LEAST_NS (20 * SLUICE_NS_PER_MS)
#define LOOK_MOST_NS SLUICE_NS_PER_S
/* A thread whose work was taken over so often hangs because of that work. */
#define REPLACED_MOST 3U
/* The control thread has so long to tell why the process ends; then another one tries. */
#define TELL_NS (300 * SLUICE_NS_PER_MS)
/* What waits to be told; more is not. */
#define NEWS 16U

struct news {
	enum sluice_event kind;
	char where[16];
	char text[SLUICE_WATCHDOG_TEXT];
};

struct sluice_watchdog {
	pthread_t thread;
	int event;
	int status;
	uint64_t feed_ns;     /* systemd hears of us so often; 0: it does not want to */
	uint64_t limit_ns;    /* atomic, as the next */
	uint32_t action;      /* enum sluice_watchdog_action */
	bool relents;	      /* likewise */
	bool has_heir;	      /* likewise: another daemon waits to go on */
	pthread_mutex_t lock; /* of what follows; never held for longer than a copy takes */
	pthread_cond_t came;
	bool ended;
	struct news news[NEWS];
	size_t news_count;
	char worst[SLUICE_WATCHDOG_TEXT]; /* "": all is well */
	/* The thread's own */
	uint64_t fed_at, looked_at;
	uint64_t leaves_at; /* the process ends then; 0: it does not */
	bool is_given_up;   /* one that matters hangs, and cannot be replaced */
	bool is_late;	    /* it was not run itself */
};

/* One look at all threads. */
struct look {
	struct sluice_watchdog *watchdog;
	uint64_t now, limit_ns;
	bool is_given_up;
	enum sluice_thread_verdict worst;
	char text[SLUICE_WATCHDOG_TEXT];
};

/* Has the control thread tell. */
static void tell(struct sluice_watchdog *watchdog, enum sluice_event kind, const char *where,
		 const char *text)
{
	pthread_mutex_lock(&watchdog->lock);
	if (watchdog->news_count < NEWS) {
		struct news *news = &watchdog->news[watchdog->news_count++];

		news->kind = kind;
		snprintf(news->where, sizeof(news->where), "%s", where);
		snprintf(news->text, sizeof(news->text), "%s", text);
	}
	pthread_mutex_unlock(&watchdog->lock);
	sluice_watchdog_wake(watchdog);
}

/* What is wrong with `thread`, as a sentence; its verdict is not that it is well. */
static void describe(const struct sluice_thread *thread, const struct sluice_watch_notes *notes,
		     const struct sluice_thread_stat *stat, uint64_t now,
		     char text[SLUICE_WATCHDOG_TEXT])
{
	unsigned int seconds = (unsigned int)(sluice_watchdog_quiet(notes, now) / SLUICE_NS_PER_S);
	uint32_t state = sluice_load_relaxed(&thread->state);
	const char *waits = state == SLUICE_THREAD_NAMES       ? "DNS"
			    : state == SLUICE_THREAD_PUBLISHES ? "its broker"
							       : "the disk";
	uint64_t used = stat->cpu_time_ns - notes->cpu_time_ns;

	if (notes->verdict == SLUICE_THREAD_STARVED)
		snprintf(text, SLUICE_WATCHDOG_TEXT,
			 "%s could work and gets no processor since %u s (CPU %u): others have "
			 "it, or its cgroup has a limit",
			 thread->name, seconds, stat->cpu);
	else if (notes->verdict == SLUICE_THREAD_BLOCKED)
		snprintf(text, SLUICE_WATCHDOG_TEXT, "%s waits for %s since %u s", thread->name,
			 waits, seconds);
	else
		snprintf(text, SLUICE_WATCHDOG_TEXT, "%s hangs since %u s: %s", thread->name,
			 seconds,
			 used > SLUICE_NS_PER_S / 10 ? "it uses processor time and does not get on"
			 : state == SLUICE_THREAD_SLEEPS ? "it was woken and does not come"
							 : "it waits for what does not come");
}

/* How many threads of this name had their work taken over and never woke. */
static unsigned int replaced_before(const struct sluice_thread *first, const char *name)
{
	const struct sluice_thread *thread;
	unsigned int count = 0;

	for (thread = first; thread; thread = thread->next)
		count += sluice_load_relaxed(&thread->state) == SLUICE_THREAD_REPLACED &&
			 !strcmp(thread->name, name);
	return count;
}

/* Has a fresh thread go on with the work of one that hangs, where that is safe. True: it does. */
static bool replace(struct look *look, struct sluice_thread *first, struct sluice_thread *thread)
{
	char text[SLUICE_WATCHDOG_TEXT];
	int error;

	if (sluice_load_relaxed(&look->watchdog->action) != SLUICE_WATCHDOG_REPLACE ||
	    !thread->calls || !thread->calls->replace ||
	    replaced_before(first, thread->name) >= REPLACED_MOST || !sluice_thread_fence(thread))
		return false;
	error = thread->calls->replace(thread->context);
	if (error)
		snprintf(text, sizeof(text), "%s hangs, and no other thread can be started: %s",
			 thread->name, strerror(-error));
	else
		snprintf(text, sizeof(text),
			 "%s hung between two rounds: a fresh thread goes on with its rings, "
			 "sockets and connections",
			 thread->name);
	tell(look->watchdog, error ? SLUICE_EVENT_STUCK : SLUICE_EVENT_REPLACED, thread->name,
	     text);
	return !error;
}

/* One that matters hangs, and nothing can be done in this process. */
static void give_up(struct look *look, const char *name)
{
	struct sluice_watchdog *watchdog = look->watchdog;
	uint32_t action = sluice_load_relaxed(&watchdog->action);
	bool has_heir;
	char text[SLUICE_WATCHDOG_TEXT];

	look->is_given_up = true;
	if (watchdog->is_given_up || sluice_load_relaxed(&watchdog->relents))
		return;
	watchdog->is_given_up = true;
	has_heir = sluice_load_relaxed(&watchdog->has_heir);
	/* By hand, half of it is better than nothing; where somebody goes on, or starts it anew,
	 * that is. */
	if (action == SLUICE_WATCHDOG_EXIT ||
	    (action == SLUICE_WATCHDOG_REPLACE && (watchdog->feed_ns || has_heir))) {
		watchdog->leaves_at = look->now + TELL_NS;
		snprintf(text, sizeof(text),
			 "%s hangs and cannot be replaced: sluiced ends with status %d, %s; what "
			 "is in the rings and on the disk stays",
			 name, watchdog->status,
			 has_heir ? "and a standby goes on" : "to be started anew");
	} else {
		snprintf(text, sizeof(text),
			 "%s hangs and cannot be replaced: restart sluiced; what is in the rings "
			 "and on the disk stays",
			 name);
	}
	tell(watchdog, SLUICE_EVENT_STUCK, name, text);
}

/* Tells of a verdict that is another one than before. */
static void tell_verdict(struct look *look, const struct sluice_thread *thread,
			 enum sluice_thread_verdict before, enum sluice_thread_verdict verdict,
			 const char *text)
{
	static const struct {
		enum sluice_event begins, ends;
	} events[] = {
		[SLUICE_THREAD_STARVED] = {SLUICE_EVENT_STARVED, SLUICE_EVENT_STARVED_OVER},
		[SLUICE_THREAD_BLOCKED] = {SLUICE_EVENT_BLOCKED, SLUICE_EVENT_BLOCKED_OVER},
		[SLUICE_THREAD_STUCK] = {SLUICE_EVENT_STUCK, SLUICE_EVENT_STUCK_OVER},
	};
	char over[SLUICE_WATCHDOG_TEXT];

	if (verdict == before)
		return;
	if (before != SLUICE_THREAD_WELL) {
		snprintf(over, sizeof(over), "%s gets on again", thread->name);
		tell(look->watchdog, events[before].ends, thread->name,
		     verdict == SLUICE_THREAD_WELL ? over : text);
	}
	if (verdict != SLUICE_THREAD_WELL)
		tell(look->watchdog, events[verdict].begins, thread->name, text);
}

/* The notes on a thread; NULL: no memory. */
static struct sluice_watch_notes *notes_of(struct sluice_thread *thread)
{
	if (!thread->notes)
		thread->notes = calloc(1, sizeof(struct sluice_watch_notes));
	return thread->notes;
}

/* Is a thread beside `own` starved, or does it wait for the disk? Nobody waits for names or for
 * brokers. */
static bool is_other_waiting(const struct sluice_thread *first, const struct sluice_thread *own)
{
	const struct sluice_thread *thread;
	uint32_t verdict;

	for (thread = first; thread; thread = thread->next) {
		verdict = sluice_load_relaxed(&thread->verdict);
		if (thread != own &&
		    (verdict == SLUICE_THREAD_STARVED ||
		     (verdict == SLUICE_THREAD_BLOCKED && thread->kind != SLUICE_THREAD_RESOLVER &&
		      thread->kind != SLUICE_THREAD_BROKER)))
			return true;
	}
	return false;
}

/* Looks at one thread. */
static void look_at(struct look *look, struct sluice_thread *first, struct sluice_thread *thread)
{
	struct sluice_watch_notes *notes = notes_of(thread);
	enum sluice_thread_verdict before, verdict;
	struct sluice_watch_look seen = {.now = look->now};
	struct sluice_thread_stat stat;
	char text[SLUICE_WATCHDOG_TEXT] = "";

	if (!notes || thread->kind == SLUICE_THREAD_WATCHDOG)
		return;
	before = notes->verdict;
	sluice_thread_stat(thread, &stat);
	seen.state = sluice_load_relaxed(&thread->state);
	seen.since_ns = sluice_load_relaxed(&thread->since_ns);
	seen.rounds = sluice_load_relaxed(&thread->rounds);
	seen.cpu_time_ns = stat.cpu_time_ns;
	seen.delay_ns = stat.delay_ns;
	seen.slices = stat.slices;
	seen.run = stat.run;
	/* A worker sleeps without a lock; others wake up into one, which somebody may have. */
	verdict = sluice_watchdog_judge(notes, &seen, look->limit_ns,
					is_other_waiting(first, thread) &&
						!(seen.state == SLUICE_THREAD_SLEEPS &&
						  thread->calls && thread->calls->replace));
	if (sluice_watchdog_wants_poke(notes, &seen, look->limit_ns) && thread->calls &&
	    thread->calls->poke)
		thread->calls->poke(thread->context);
	if (verdict != SLUICE_THREAD_WELL)
		describe(thread, notes, &stat, look->now, text);
	tell_verdict(look, thread, before, verdict, text);
	if (verdict == SLUICE_THREAD_STUCK && replace(look, first, thread)) {
		verdict = SLUICE_THREAD_WELL;
		notes->verdict = verdict;
	}
	if (verdict == SLUICE_THREAD_STUCK && sluice_thread_matters(thread->kind))
		give_up(look, thread->name);
	if (verdict > look->worst) {
		look->worst = verdict;
		snprintf(look->text, sizeof(look->text), "%s", text);
	}
	sluice_store_relaxed(&thread->verdict, (uint32_t)verdict);
}

/* What the watchdog itself missed, because it was not run, is nobody's silence. */
static void forgive(struct look *look, struct sluice_thread *first, uint64_t missed_ns)
{
	struct sluice_watchdog *watchdog = look->watchdog;
	struct sluice_thread *thread;
	char text[SLUICE_WATCHDOG_TEXT];

	for (thread = first; thread; thread = thread->next)
		if (thread->notes)
			((struct sluice_watch_notes *)thread->notes)->quiet_ns += missed_ns;
	if (missed_ns < look->limit_ns || watchdog->is_late)
		return;
	watchdog->is_late = true;
	snprintf(text, sizeof(text),
		 "sluiced was not run for %" PRIu64
		 " ms: it was stopped, or others had all processors",
		 (uint64_t)(missed_ns / SLUICE_NS_PER_MS));
	tell(watchdog, SLUICE_EVENT_STARVED, "sluiced", text);
}

/* Looks at all threads. `wanted_at`: when this look was to be. */
static void look_at_all(struct sluice_watchdog *watchdog, uint64_t wanted_at, uint64_t often_ns)
{
	struct look look = {.watchdog = watchdog,
			    .now = sluice_now(),
			    .limit_ns = sluice_load_relaxed(&watchdog->limit_ns)};
	struct sluice_thread *first = sluice_thread_lock(), *thread;

	if (look.now > wanted_at + often_ns) {
		forgive(&look, first, look.now - wanted_at);
	} else if (watchdog->is_late) {
		watchdog->is_late = false;
		tell(watchdog, SLUICE_EVENT_STARVED_OVER, "sluiced", "sluiced is run again");
	}
	for (thread = first; thread; thread = thread->next)
		look_at(&look, first, thread);
	sluice_thread_unlock();
	if (!look.is_given_up) {
		watchdog->is_given_up = false;
		watchdog->leaves_at = 0;
	}
	pthread_mutex_lock(&watchdog->lock);
	memcpy(watchdog->worst, look.text, sizeof(watchdog->worst));
	pthread_mutex_unlock(&watchdog->lock);
}

/* Tells systemd that all is well, if it is. */
static void feed(struct sluice_watchdog *watchdog, uint64_t now)
{
	if (!watchdog->feed_ns || watchdog->is_given_up || now < watchdog->fed_at)
		return;
	watchdog->fed_at = now + watchdog->feed_ns / 4;
	(void)sluice_service_say("WATCHDOG=1");
}

/* Thread: tells what the control thread did not. The disk of the log may hold it up. */
static void *last_words(void *argument)
{
	sluice_watchdog_serve(argument);
	return NULL;
}

/* The end of the process: nothing in it can be trusted to end in order. */
static void leave(struct sluice_watchdog *watchdog)
{
	const struct timespec while_ns = {.tv_nsec = (long)TELL_NS};
	pthread_t thread;
	bool is_told;

	pthread_mutex_lock(&watchdog->lock);
	is_told = !watchdog->news_count;
	pthread_mutex_unlock(&watchdog->lock);
	if (!is_told && !pthread_create(&thread, NULL, last_words, watchdog))
		(void)nanosleep(&while_ns, NULL);
	(void)sluice_service_say("STATUS=%s", watchdog->worst);
	_exit(watchdog->status);
}

/* Waits until `at`; false: it is to end. */
static bool wait_until(struct sluice_watchdog *watchdog, uint64_t at)
{
	const struct timespec until = {.tv_sec = (time_t)(at / SLUICE_NS_PER_S),
				       .tv_nsec = (long)(at % SLUICE_NS_PER_S)};
	bool goes_on;

	pthread_mutex_lock(&watchdog->lock);
	if (!watchdog->ended)
		(void)pthread_cond_timedwait(&watchdog->came, &watchdog->lock, &until);
	goes_on = !watchdog->ended;
	pthread_mutex_unlock(&watchdog->lock);
	return goes_on;
}

/* How long it waits between two looks. */
static uint64_t often(const struct sluice_watchdog *watchdog)
{
	uint64_t wait = sluice_load_relaxed(&watchdog->limit_ns) / LOOKS;

	if (watchdog->feed_ns && wait > watchdog->feed_ns / 8)
		wait = watchdog->feed_ns / 8;
	return wait < LOOK_LEAST_NS ? LOOK_LEAST_NS : wait > LOOK_MOST_NS ? LOOK_MOST_NS : wait;
}

/* The thread. */
static void *thread_main(void *argument)
{
	struct sluice_watchdog *watchdog = argument;
	uint64_t at, wait;

	(void)sluice_thread_begin(SLUICE_THREAD_WATCHDOG, "sluice-watch", NULL, NULL);
	do {
		wait = often(watchdog);
		at = sluice_now() + wait;
		sluice_thread_sleeps();
		if (!wait_until(watchdog, at))
			break;
		(void)sluice_thread_wakes();
		sluice_thread_progress(sluice_now());
		look_at_all(watchdog, at, wait);
		feed(watchdog, sluice_now());
		sluice_service_flush();
	} while (!watchdog->leaves_at || sluice_now() < watchdog->leaves_at);
	if (watchdog->leaves_at)
		leave(watchdog);
	sluice_thread_end();
	return NULL;
}

int sluice_watchdog_start(struct sluice_watchdog **result, uint64_t feed_us, int status)
{
	struct sluice_watchdog *watchdog = calloc(1, sizeof(*watchdog));
	pthread_condattr_t attributes;
	int error;

	if (!watchdog)
		return -ENOMEM;
	watchdog->feed_ns = feed_us * SLUICE_NS_PER_US;
	watchdog->status = status;
	watchdog->limit_ns = 10 * SLUICE_NS_PER_S;
	watchdog->action = SLUICE_WATCHDOG_REPLACE;
	watchdog->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = watchdog->event < 0 ? -errno : 0;
	pthread_mutex_init(&watchdog->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watchdog->came, &attributes);
	pthread_condattr_destroy(&attributes);
	/* Signals are blocked already: they are the control thread's. */
	if (!error)
		error = -pthread_create(&watchdog->thread, NULL, thread_main, watchdog);
	if (!error) {
		*result = watchdog;
		return 0;
	}
	if (watchdog->event >= 0)
		close(watchdog->event);
	free(watchdog);
	return error;
}

void sluice_watchdog_stop(struct sluice_watchdog *watchdog)
{
	if (!watchdog)
		return;
	pthread_mutex_lock(&watchdog->lock);
	watchdog->ended = true;
	pthread_cond_signal(&watchdog->came);
	pthread_mutex_unlock(&watchdog->lock);
	pthread_join(watchdog->thread, NULL);
	sluice_watchdog_serve(watchdog);
	close(watchdog->event);
	pthread_cond_destroy(&watchdog->came);
	pthread_mutex_destroy(&watchdog->lock);
	free(watchdog);
}

void sluice_watchdog_configure(struct sluice_watchdog *watchdog, const struct sluice_config *config)
{
	if (!watchdog || !config)
		return;
	sluice_store_relaxed(&watchdog->limit_ns, config->watchdog_limit_us * SLUICE_NS_PER_US);
	sluice_store_relaxed(&watchdog->action, (uint32_t)config->watchdog_action);
}

void sluice_watchdog_relent(struct sluice_watchdog *watchdog)
{
	if (watchdog)
		sluice_store_relaxed(&watchdog->relents, true);
}

void sluice_watchdog_note_heir(struct sluice_watchdog *watchdog, bool is_there)
{
	if (watchdog)
		sluice_store_relaxed(&watchdog->has_heir, is_there);
}

int sluice_watchdog_fd(const struct sluice_watchdog *watchdog)
{
	return watchdog ? watchdog->event : -1;
}

void sluice_watchdog_wake(void *argument)
{
	const struct sluice_watchdog *watchdog = argument;
	const uint64_t one = 1;

	/* Full, it is readable all the same. */
	(void)!write(watchdog->event, &one, sizeof(one));
}

void sluice_watchdog_serve(struct sluice_watchdog *watchdog)
{
	const struct sluice_event_row *row;
	struct news list[NEWS];
	size_t count, number;
	uint64_t value;

	if (!watchdog)
		return;
	(void)!read(watchdog->event, &value, sizeof(value));
	pthread_mutex_lock(&watchdog->lock);
	count = watchdog->news_count;
	memcpy(list, watchdog->news, sizeof(list));
	watchdog->news_count = 0;
	pthread_mutex_unlock(&watchdog->lock);
	for (number = 0; number < count; number++) {
		row = sluice_event_row(list[number].kind);
		SLUICE_LOG(row ? row->severity : LOG_ERR, NULL, "%s", list[number].text);
		sluice_event_send(list[number].kind, "", list[number].where, list[number].text);
	}
}

bool sluice_watchdog_text(struct sluice_watchdog *watchdog, char text[SLUICE_WATCHDOG_TEXT])
{
	*text = '\0';
	if (!watchdog)
		return false;
	pthread_mutex_lock(&watchdog->lock);
	memcpy(text, watchdog->worst, SLUICE_WATCHDOG_TEXT);
	pthread_mutex_unlock(&watchdog->lock);
	return *text;
}
