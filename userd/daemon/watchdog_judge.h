/* SPDX-License-Identifier: MIT */
/*
 * Is a thread well? Out of what it says of itself, its processor time and what the kernel says of
 * it. Pure: what is known of it goes in, a verdict comes out. Touches: nothing.
 *
 *   says          kernel       processor time    verdict, once it has not got on for the limit
 *   ------------  -----------  ----------------  ---------------------------------------------
 *   disk, DNS     any          little            blocked: an alarm, nobody's fault here
 *   any           D            little            blocked likewise (a page of a file, an NFS)
 *   works, asked  any          most of the time  stuck: a loop without an end
 *   works, asked  R            little            starved: others have the processor; but stuck, if
 *                                                they let it run, and it sleeps in turn
 *   works, asked  S            little            stuck: it waits for what does not come
 *   sleeps        S, woken     little            stuck: it does not wake
 *   other         any          any               well: whom it waits for is judged
 *
 * Stuck takes two looks in a row. Who waits without saying so while another one is starved or
 * blocked is not called stuck: that may have what it waits for.
 */
#ifndef SLUICE_WATCHDOG_JUDGE_H
#define SLUICE_WATCHDOG_JUDGE_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/thread.h"

/* A change that asks something of a worker (memory for a large ring) may take so many limits. */
#define SLUICE_WATCHDOG_ASKED 6U

/* A look at a thread. Times in nanoseconds, CLOCK_MONOTONIC. */
struct sluice_watch_look {
	uint64_t now;
	uint32_t state; /* enum sluice_thread_state */
	uint64_t since_ns, rounds;
	uint64_t cpu_time_ns, delay_ns, slices; /* see thread_stat.h */
	char run;
};

/* What is remembered of it. All zero: nothing yet. */
struct sluice_watch_notes {
	bool is_known;
	uint64_t rounds, since_ns; /* at the last look at which it had got on */
	uint64_t quiet_ns;	   /* when that was; what the watchdog itself missed is left out */
	uint64_t cpu_time_ns;	   /* that it had used by then */
	uint64_t delay_ns;	   /* and had waited to run */
	uint64_t slices;	   /* how often it had run at the last look */
	unsigned int suspicions;   /* looks in a row that say stuck */
	enum sluice_thread_verdict verdict;
};

/* Judges by one more look; `limit_ns` is what it may take to get on, `others_wait`: another thread
 * is starved or waits for the disk. */
enum sluice_thread_verdict sluice_watchdog_judge(struct sluice_watch_notes *notes,
						 const struct sluice_watch_look *look,
						 uint64_t limit_ns, bool others_wait);
/* For how long it has not got on. */
uint64_t sluice_watchdog_quiet(const struct sluice_watch_notes *notes, uint64_t now);
/* Does it sleep for so long that it has to be woken, to see whether it can be? */
bool sluice_watchdog_wants_poke(const struct sluice_watch_notes *notes,
				const struct sluice_watch_look *look, uint64_t limit_ns);

#endif /* SLUICE_WATCHDOG_JUDGE_H */
