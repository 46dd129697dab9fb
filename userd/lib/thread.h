/* SPDX-License-Identifier: MIT */
/*
 * The register of the process's threads: who they are, what each says that it does, and when it got
 * on last. A thread writes its own line of it, relaxed, once or twice a round and never per
 * datagram; the watchdog and the control plane read all of them. A thread that is in no register
 * (in tests, in other programs) may call everything here: nothing happens. Touches: memory, the
 * thread's name.
 *
 *   begin ──► works ──► sleeps ──► wakes ──► ... ──► end
 *                         │
 *                         └── fenced by who replaces it: it never wakes
 */
#ifndef SLUICE_LIB_THREAD_H
#define SLUICE_LIB_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "cost.h"

#define THREAD_KIND(KIND, ...) SLUICE_THREAD_##KIND,
#define THREAD_STATE(...)
enum sluice_thread_kind {
#include "thread_rows.h"
	SLUICE_THREAD_KINDS
};
#undef THREAD_KIND
#undef THREAD_STATE

#define THREAD_KIND(...)
#define THREAD_STATE(STATE, ...) SLUICE_THREAD_##STATE,
enum sluice_thread_state {
#include "thread_rows.h"
	SLUICE_THREAD_STATES
};
#undef THREAD_KIND
#undef THREAD_STATE

/* What others make of it (daemon/watchdog.h). */
enum sluice_thread_verdict {
	SLUICE_THREAD_WELL,
	SLUICE_THREAD_STARVED, /* it could run, and gets no processor */
	SLUICE_THREAD_BLOCKED, /* it waits for the disk, DNS or a broker */
	SLUICE_THREAD_STUCK,   /* it does not get on */
};

/* What can be done to it from outside, with the register's lock held; each may be NULL. */
struct sluice_thread_calls {
	/* Makes it come back from its sleep; it wakes by itself if this is NULL. @threadsafe */
	void (*poke)(void *context);
	/* Has a fresh thread go on with its work. 0 or a negative errno; -EBUSY: it is at a place
	 * where that is not safe. @threadsafe */
	int (*replace)(void *context);
};

/* A thread. Of a thread that was replaced it is never freed before that ends itself. */
struct sluice_thread {
	/* Written by itself */
	uint32_t state __attribute__((aligned(64))); /* enum sluice_thread_state */
	uint64_t since_ns;			     /* when it said so, CLOCK_MONOTONIC */
	uint64_t rounds;			     /* how often it got on */
	uint64_t progress_ns;			     /* when it did last */
	/* Written once */
	enum sluice_thread_kind kind __attribute__((aligned(64)));
	char name[16]; /* TASK_COMM_LEN */
	pid_t tid;
	clockid_t clock; /* of its processor time */
	const struct sluice_thread_calls *calls;
	void *context;
	struct sluice_thread *next;
	/* The watchdog's, read by anybody */
	uint32_t verdict;    /* enum sluice_thread_verdict */
	uint64_t verdict_ns; /* since when */
	uint32_t replaced;   /* how many before it had its work */
	void *notes;	     /* of the watchdog only; freed with it */
	/* Written by itself */
	struct sluice_cost cost;
};

/* Enters the calling thread and gives it a name; `calls` and `context` stay valid until it ends.
 * NULL: no memory, it goes on without. @context the thread */
struct sluice_thread *sluice_thread_begin(enum sluice_thread_kind kind, const char *name,
					  const struct sluice_thread_calls *calls, void *context);
/* Takes it out again; frees it. When this returns nobody calls its calls any more. @context the
 * thread */
void sluice_thread_end(void);

/* The calling thread got on, at CLOCK_MONOTONIC `now`, and works. @context the thread */
void sluice_thread_progress(uint64_t now);
/* It goes to sleep until it is woken: between here and sluice_thread_wakes() it touches nothing
 * that it shares with others. */
void sluice_thread_sleeps(void);
/* It is awake. False: another thread has its work now; it has to end, touching nothing but
 * sluice_thread_end(). */
bool sluice_thread_wakes(void);
/* It begins something that may take long and is nobody's fault; returns what it did before, to go
 * back to it. */
enum sluice_thread_state sluice_thread_enters(enum sluice_thread_state state);
void sluice_thread_goes_back(enum sluice_thread_state before);

/*
 * Fences a thread that sleeps, so that sluice_thread_wakes() will be false, and sees all that it
 * wrote before it went to sleep. False: it does not sleep. @threadsafe, register's lock held
 */
bool sluice_thread_fence(struct sluice_thread *thread);

/* Locks the register; the first thread in it, the others by `next`. */
struct sluice_thread *sluice_thread_lock(void);
void sluice_thread_unlock(void);

/* Words of the rows; constants. @threadsafe */
const char *sluice_thread_kind_word(enum sluice_thread_kind kind);
const char *sluice_thread_state_word(uint32_t state);
/* Does the relay not work without it? @threadsafe */
bool sluice_thread_matters(enum sluice_thread_kind kind);

#endif /* SLUICE_LIB_THREAD_H */
