/* SPDX-License-Identifier: MIT */
/*
 * The desk between a worker and the thread that speaks to a broker for one of its connections: a
 * library that connects, creates and publishes may sleep for seconds, and a worker must not.
 * Segments are copied onto it by the worker; the thread makes messages of them and says which are
 * done; by an eventfd the worker hears of that. Between a worker and a thread. Touches: the
 * eventfd.
 *
 *   worker                                 thread
 *   wishes attempt 7 ────────────────────► connects, checks
 *   ready, or lost and why ◄────────────── says so, rings
 *   puts segments ───────────────────────► publishes, waits for acknowledgements
 *   finishes them at their feeders ◄────── these are done, rings
 */
#ifndef SLUICE_BROKER_DESK_H
#define SLUICE_BROKER_DESK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"
#include "../../lib/guid.h"

/* Segments that lie on a desk at most. */
#define SLUICE_DESK_JOBS 64U

struct sluice_feeder;

/* What became of records. */
struct sluice_desk_account {
	uint64_t datagrams, bytes, messages; /* that are with the server */
	uint64_t gaps;			     /* told */
	uint64_t refused;		     /* datagrams that the server does not want */
	uint32_t oversized, skipped;
	uint32_t broken; /* bytes that are no record */
};

/* A segment. */
struct sluice_job {
	/* The worker's */
	struct sluice_feeder *feeder;
	uint64_t id;
	bool is_finished; /* at its feeder */
	/* The worker's until it is put, then the thread's until it is done */
	sluice_guid stream;
	uint64_t epoch, start;
	uint64_t floor; /* everything of the stream before it is acknowledged */
	enum sluice_source source;
	uint8_t *bytes;
	size_t room, length;
	struct sluice_desk_account account;
	/* The thread's */
	uint64_t left; /* messages of it that are not acknowledged */
	bool is_cut;   /* all of it is messages */
	/* With the lock */
	bool is_done;
};

enum sluice_desk_state {
	SLUICE_DESK_IDLE,
	SLUICE_DESK_TRYING,
	SLUICE_DESK_READY,
	SLUICE_DESK_LOST
};

struct sluice_desk {
	void (*run)(struct sluice_desk *desk, uint64_t attempt); /* serves one attempt */
	void (*release)(void *context);
	void *context;	/* what `run` needs: settings, one reference */
	char name[512]; /* whose it is, for the log */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work;  /* the thread has something to do; CLOCK_MONOTONIC */
	unsigned int references;
	int bell;	  /* eventfd; -1: nobody listens */
	bool is_rung;	  /* and was not looked at since */
	bool ends;	  /* the thread is to end */
	uint64_t wish;	  /* number of the attempt that is wished */
	bool is_wished;	  /* or it is to be given up */
	uint64_t serving; /* the one that the thread is at */
	enum sluice_desk_state state;
	const char *what;     /* LOST: why, a constant half-sentence */
	bool is_refusing;     /* the server refuses what it is sent, and that is waited for */
	uint64_t first, next; /* segments by number, at [number % SLUICE_DESK_JOBS] */
	uint64_t taken;	      /* by the thread: those before */
	struct sluice_job jobs[SLUICE_DESK_JOBS];
};

/* Makes a desk and its thread, which calls `run` for each attempt that is wished; `release` is
 * called with `context` at last, also on failure. 0 or a negative errno. @context process */
int sluice_desk_create(void (*run)(struct sluice_desk *desk, uint64_t attempt),
		       void (*release)(void *context), void *context, struct sluice_desk **desk);

/* One reference more; one less, the last one frees. @threadsafe */
struct sluice_desk *sluice_desk_get(struct sluice_desk *desk);
void sluice_desk_put(struct sluice_desk *desk);

/* The worker has no use for it any more: its thread ends when it can. @context worker, process */
void sluice_desk_leave(struct sluice_desk *desk);

/* The worker wishes another attempt, and hears of it by `bell`. @context worker */
void sluice_desk_wish(struct sluice_desk *desk, int bell);

/* It gives up the attempt: nothing on the desk is touched by the thread any more, but for reading
 * bytes until it serves another one. @context worker */
void sluice_desk_withdraw(struct sluice_desk *desk);

/* Segment `number`. */
static inline struct sluice_job *sluice_desk_job(struct sluice_desk *desk, uint64_t number)
{
	return &desk->jobs[number % SLUICE_DESK_JOBS];
}

/* Is attempt `attempt` still wished? The lock is held. @context thread */
static inline bool sluice_desk_is_wished(const struct sluice_desk *desk, uint64_t attempt)
{
	return desk->is_wished && desk->wish == attempt && !desk->ends;
}

/* The same; takes the lock. @context thread */
bool sluice_desk_goes_on(struct sluice_desk *desk, uint64_t attempt);

/* Says how attempt `attempt` stands, if it is wished still. @context thread */
void sluice_desk_say(struct sluice_desk *desk, uint64_t attempt, enum sluice_desk_state state,
		     const char *what);

/* The worker is to look. The lock is held. @context thread */
void sluice_desk_ring(struct sluice_desk *desk);

/* Waits for work until `until` (CLOCK_MONOTONIC ns) at the latest. The lock is held. @context
 * thread */
void sluice_desk_wait(struct sluice_desk *desk, uint64_t until);

#endif /* SLUICE_BROKER_DESK_H */
