/* SPDX-License-Identifier: MIT */
/*
 * A worker: one thread, pinned to one CPU, one epoll loop. It owns streams (rings), the sockets
 * that fill them and its own half of every output (one connection per destination). The control
 * thread speaks to it by a mailbox: a function that the worker runs between two rounds of its loop,
 * while the control thread waits for the answer.
 *
 *   wait ─► events: rings, sockets, connections ─► timers ─► outputs send ─► tails move ─► mail ─┐
 *    ▲                                                                                           │
 *    └───────────────────────────────────────────────────────────────────────────────────────────┘
 *
 * Instead of waiting it looks, for as long as it may (busy.h).
 *
 * While its timers keep a beat (sockets that rest, a rate) acknowledgements wake it no more: it
 * reads them at each beat.
 *
 * What lives in a worker is made, changed and freed in its thread only. Counters in it have one
 * writer, the worker; other threads read them relaxed.
 */
#ifndef SLUICE_WORKER_H
#define SLUICE_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/clock.h"
#include "../../lib/layout.h"
#include "busy.h"

struct sluice_stream;
struct sluice_output;
struct sluice_worker;

/* Who has not looked into its mailbox for so long is not waited for where something else is to be
 * done. */
#define SLUICE_WORKER_PATIENCE_NS SLUICE_NS_PER_S

/* What epoll calls: embedded in whatever has a descriptor. */
struct sluice_handler {
	void (*ready)(struct sluice_handler *handler, uint32_t events, uint64_t now);
};

/* What the clock calls. `at`: CLOCK_MONOTONIC nanoseconds, 0: not set. */
struct sluice_timer {
	uint64_t at;
	void (*due)(struct sluice_timer *timer, uint64_t now);
	size_t place; /* in the worker's list, + 1; 0: not in it */
};

/* What a worker does in each round when events and timers had their turn, and again,
 * `after_call`, when the mailbox had its.
 * @context worker */
typedef void (*sluice_worker_round)(struct sluice_worker *worker, bool after_call);

struct sluice_worker {
	/* Its own affairs */
	sluice_worker_round round;
	unsigned int number;
	int cpu;
	int epoll;
	int mail; /* eventfd */
	bool ended;
	uint64_t now; /* of this round */
	uint64_t next_due;
	unsigned int
		beats; /* rounds in a row that ended with a timer due soon, as far as it matters */
	struct sluice_timer **timers;
	size_t timer_count, timer_room;
	struct sluice_stream **streams;
	size_t stream_count, stream_room;
	struct sluice_output **outputs;
	size_t output_count, output_room;
	struct sluice_busy busy;
	/* While it looks instead of sleeping: is there something that no event tells of yet? Set
	 * once, by whoever started it; NULL: never. @context worker */
	bool (*look)(struct sluice_worker *worker);
	void *scratch; /* of the socket source, made when first needed */
	void (*scratch_free)(void *scratch);
	uint64_t random;

	/* Written by it, read by anybody */
	uint64_t rounds __attribute__((aligned(64)));
	uint64_t progress_ns; /* when the last round began */

	/* Mailbox: shared with the control thread */
	pthread_mutex_t lock __attribute__((aligned(64)));
	pthread_cond_t answered;
	int (*call)(struct sluice_worker *worker, void *argument);
	void *argument;
	uint64_t asked_ns; /* since when a call waits for it, 0: none does */
	int answer;
	pthread_t thread;
};

/* Who asks does not take away the line that it writes in each round, nor that what it works with.
 */
SLUICE_HAS_ITS_LINES(struct sluice_worker);
SLUICE_LATER_LINE(struct sluice_worker, random, rounds);
SLUICE_SAME_LINE(struct sluice_worker, rounds, progress_ns);
SLUICE_LATER_LINE(struct sluice_worker, progress_ns, lock);

/* Starts worker `number` on `cpu`, which calls `round` in each round. 0, -ENOMEM, other negative
 * errno.
 * @owner caller: sluice_worker_stop() @context process */
int sluice_worker_start(struct sluice_worker **worker, unsigned int number, int cpu,
			sluice_worker_round round);

/* Ends the thread and frees it; what lived in it was taken out before. NULL is allowed. @context
 * process */
void sluice_worker_stop(struct sluice_worker *worker);

/* Runs `call` in the worker and returns what it returns. @context process, one thread at a time
 * per worker */
int sluice_worker_call(struct sluice_worker *worker,
		       int (*call)(struct sluice_worker *worker, void *argument), void *argument);

/*
 * The same, but a call that the worker has not begun after `most_ns` is withdrawn: -ETIMEDOUT,
 * and the worker never sees it nor its argument. One that was begun is waited for. @context
 * process, one thread at a time per worker
 */
int sluice_worker_call_within(struct sluice_worker *worker,
			      int (*call)(struct sluice_worker *worker, void *argument),
			      void *argument, uint64_t most_ns);

/* For how long it has left a call lie, in nanoseconds; 0: none waits. @threadsafe */
uint64_t sluice_worker_silence(const struct sluice_worker *worker);

/* Watches `fd` for `events` (EPOLL*); change: of one that is watched. 0 or a negative errno.
 * @context worker */
int sluice_worker_watch(struct sluice_worker *worker, int fd, uint32_t events,
			struct sluice_handler *handler);
int sluice_worker_change_watch(struct sluice_worker *worker, int fd, uint32_t events,
			       struct sluice_handler *handler);
void sluice_worker_unwatch(struct sluice_worker *worker, int fd);

/* Makes a timer known (0 or -ENOMEM), forgets it, sets it to CLOCK_MONOTONIC `at` (0: off).
 * @context worker */
int sluice_worker_add_timer(struct sluice_worker *worker, struct sluice_timer *timer);
void sluice_worker_remove_timer(struct sluice_worker *worker, struct sluice_timer *timer);
void sluice_worker_set_timer(struct sluice_worker *worker, struct sluice_timer *timer, uint64_t at);

/* Take streams and outputs into the loop and out of it. 0 or -ENOMEM. @context worker */
int sluice_worker_add_stream(struct sluice_worker *worker, struct sluice_stream *stream);
void sluice_worker_remove_stream(struct sluice_worker *worker, struct sluice_stream *stream);
int sluice_worker_add_output(struct sluice_worker *worker, struct sluice_output *output);
void sluice_worker_remove_output(struct sluice_worker *worker, struct sluice_output *output);

/* A number that nobody needs to guess, for jitter. @context worker */
uint32_t sluice_worker_random(struct sluice_worker *worker);

/* Goes through the streams, or the outputs, of `worker`, of which none comes or goes meanwhile. */
#define for_each_stream(stream, worker)                                             \
	for (struct sluice_stream *const *stream##_at = (worker)->streams, *stream; \
	     stream##_at < (worker)->streams + (worker)->stream_count &&            \
	     ((stream) = *stream##_at, true);                                       \
	     stream##_at++)
#define for_each_output(output, worker)                                             \
	for (struct sluice_output *const *output##_at = (worker)->outputs, *output; \
	     output##_at < (worker)->outputs + (worker)->output_count &&            \
	     ((output) = *output##_at, true);                                       \
	     output##_at++)

#endif /* SLUICE_WORKER_H */
