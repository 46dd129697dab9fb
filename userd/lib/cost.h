/* SPDX-License-Identifier: MIT */
/*
 * What a thread's processor time goes into: so much is receiving, so much is sending. A thread that
 * works in rounds measures one in several of them, from one change of stage to the next, and takes
 * it for those that it did not measure. How many it leaves out it chooses by what measuring costs,
 * so that this stays about a quarter percent of its time.
 *
 *   sluice_cost_round ─ wait_begin ─ wait_end ─ enter ─ enter ─ leave ─ leave ─ sluice_cost_round
 *                     loop    wait in kernel   loop  receive  build
 *
 * Within a measured round the processor's counter is read (no call), at its ends the thread's clock
 * (a call each). The counter gives the shares, the clock how much there is to share, so that time
 * in which the thread had no processor is nobody's. Some rounds together are a window. At its end
 * all time that the thread has used since the last one is dealt to the stages by those shares: the
 * stages of a thread are its processor time up to then, no more and no less.
 *
 * Who wants to know what an item of the configuration costs names it when a stage is entered; what
 * is measured for it is multiplied by the rounds that were not.
 *
 * Written by the thread alone; `ns`, `bytes` and `datagrams` are read by anybody, relaxed. A thread
 * without (in tests, in other programs) may call everything here: nothing happens. Compiled with
 * SLUICE_COST=0 (`make COST=off`) nothing ever does. Touches: memory, the thread's clock.
 */
#ifndef SLUICE_LIB_COST_H
#define SLUICE_LIB_COST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "barrier.h"
#include "layout.h"

#ifndef SLUICE_COST
#define SLUICE_COST 1
#endif

#define COST_STAGE(STAGE, word) SLUICE_COST_##STAGE,
enum sluice_cost_stage {
#include "cost_rows.h"
	SLUICE_COST_STAGES
};
#undef COST_STAGE

/* Those that are told apart datagram by datagram, and of how many datagrams one is looked at; of a
 * batch of 256 these are as many as there are places. */
#define SLUICE_COST_NEAR_STAGES (SLUICE_COST_STORE + 1)
#define SLUICE_COST_NEAR 16U

/* What an item of the configuration costs in one thread, which alone writes it. */
struct sluice_cost_item {
	uint64_t ns[SLUICE_COST_STAGES];    /* read by anybody, relaxed */
	uint64_t round[SLUICE_COST_STAGES]; /* of this round, in ticks */
	struct sluice_cost_item *next;	    /* that this round has had */
	bool is_touched;
};

/* A datagram that was looked at closely. */
struct sluice_cost_near {
	struct sluice_cost_item *item;
	uint64_t ticks[SLUICE_COST_NEAR_STAGES];
};

struct sluice_cost {
	/* The thread's own */
	bool is_sampled; /* this round is measured */
	enum sluice_cost_stage stage;
	uint32_t left;	  /* rounds to the next that is measured */
	uint32_t drawn;	  /* how many those were at the last one */
	uint32_t weight;  /* how many rounds the measured one stands for */
	uint32_t gap;	  /* how many on average */
	uint64_t due;	  /* or when one is in any case, CLOCK_MONOTONIC */
	uint64_t at;	  /* ticks when the stage began */
	uint64_t near_at; /* and the part of a datagram's way */
	struct sluice_cost_item *item, *touched;
	uint64_t round[SLUICE_COST_STAGES]; /* ticks of this round */
	uint64_t woke;			    /* its processor time when it had waited, ns */
	uint64_t called;		    /* and when it began a call of the mailbox */
	uint64_t waited;		    /* what waiting took of it, ns */
	uint64_t clock_ns, tick_cost; /* what one reading takes: of the clock, of the counter */
	uint64_t window[SLUICE_COST_STAGES]; /* of this window, ns, with the rounds left out */
	uint64_t window_from;		     /* its processor time when that began, ns */
	uint64_t window_at;		     /* CLOCK_MONOTONIC */
	uint64_t window_rounds, window_samples;
	bool is_near; /* a datagram is looked at closely */
	size_t near_count;
	struct sluice_cost_near nears[SLUICE_COST_NEAR];
	/* Read by anybody */
	uint64_t ns[SLUICE_COST_STAGES] __attribute__((aligned(64)));
	uint64_t bytes[SLUICE_COST_STAGES];
	uint64_t datagrams[SLUICE_COST_STAGES];
	uint64_t samples; /* rounds that were measured */
} __attribute__((aligned(64)));

SLUICE_HAS_ITS_LINES(struct sluice_cost);
SLUICE_BEGINS_LINE(struct sluice_cost, ns);

/* A stage, and the item it is for. */
struct sluice_cost_mark {
	enum sluice_cost_stage stage;
	struct sluice_cost_item *item;
};

/* The calling thread's; NULL: it has none. */
extern _Thread_local struct sluice_cost *sluice_cost_own;

/* The calling thread is measured from now on, into `cost`, which is all zero; NULL: no more.
 * @context the thread */
void sluice_cost_begin(struct sluice_cost *cost);

/*
 * Around what the control thread asks of the thread: that is rare, and measured each time, as a
 * whole. A round in which it asks is not measured otherwise.
 *
 * It is where items end. An item must be there until the thread that used it has begun a call
 * behind that: then the thread remembers no item, nor does it note one before the call has ended.
 * So items are freed in a call, or by who waited for its end. @context the thread
 */
void sluice_cost_call_begin(void);
void sluice_cost_call_end(void);

/* What the inline functions below call when there is something to measure. @context the thread */
void sluice_cost_turn(struct sluice_cost *cost, uint64_t now);
void sluice_cost_switch(struct sluice_cost *cost, struct sluice_cost_mark to);
void sluice_cost_sleep(struct sluice_cost *cost);
void sluice_cost_wake(struct sluice_cost *cost);
void sluice_cost_deal(struct sluice_cost *cost);

/* A datagram that is looked at closely begins its way; see sluice_cost_first_look(). */
void sluice_cost_look(void);
/* So far it was in `stage`, one of the first three; it is for `item` (NULL: that is not known yet,
 * or was said before). */
void sluice_cost_near(enum sluice_cost_stage stage, struct sluice_cost_item *item);

/* The word of a stage; a constant. @threadsafe */
const char *sluice_cost_word(enum sluice_cost_stage stage);

/* The calling thread's if this round is measured; NULL: it is not. */
static inline struct sluice_cost *sluice_cost_sampled(void)
{
	struct sluice_cost *cost = SLUICE_COST ? sluice_cost_own : NULL;

	return cost && cost->is_sampled ? cost : NULL;
}

/* A round ends, and the next begins, about CLOCK_MONOTONIC `now`. @context the thread, as all */
static inline void sluice_cost_round(uint64_t now)
{
	struct sluice_cost *cost = SLUICE_COST ? sluice_cost_own : NULL;

	if (cost && (cost->is_sampled || !--cost->left || now >= cost->due))
		sluice_cost_turn(cost, now);
}

/* It begins to wait for the kernel. */
static inline void sluice_cost_wait_begin(void)
{
	struct sluice_cost *cost = sluice_cost_sampled();

	if (cost)
		sluice_cost_sleep(cost);
}

/* It has waited. */
static inline void sluice_cost_wait_end(void)
{
	struct sluice_cost *cost = sluice_cost_sampled();

	if (cost)
		sluice_cost_wake(cost);
}

/* A stage begins, for `item` (NULL: for none). Returns what was before, for sluice_cost_leave(). */
static inline struct sluice_cost_mark sluice_cost_enter(enum sluice_cost_stage stage,
							struct sluice_cost_item *item)
{
	struct sluice_cost *cost = sluice_cost_sampled();
	struct sluice_cost_mark before = {SLUICE_COST_LOOP, NULL};

	if (!cost)
		return before;
	before = (struct sluice_cost_mark){cost->stage, cost->item};
	sluice_cost_switch(cost, (struct sluice_cost_mark){stage, item});
	return before;
}

/* A stage ends; `before`: what sluice_cost_enter() returned. */
static inline void sluice_cost_leave(struct sluice_cost_mark before)
{
	struct sluice_cost *cost = sluice_cost_sampled();

	if (cost)
		sluice_cost_switch(cost, before);
}

/*
 * The place in a batch of the first datagram that is looked at closely; the next one is
 * SLUICE_COST_NEAR places on. No place is as high if the round is not measured: who goes through
 * a batch asks for one number at each datagram and no more.
 */
static inline unsigned int sluice_cost_first_look(void)
{
	return sluice_cost_sampled() ? 0 : UINT_MAX;
}

/* That was the last of them: the time since the stage was entered is dealt to the first three
 * stages, as those had it that were looked at. */
static inline void sluice_cost_near_end(void)
{
	struct sluice_cost *cost = sluice_cost_sampled();

	if (cost && cost->near_count)
		sluice_cost_deal(cost);
}

/* So many datagrams and bytes went through a stage. */
static inline void sluice_cost_count(enum sluice_cost_stage stage, uint64_t datagrams,
				     uint64_t bytes)
{
	struct sluice_cost *cost = SLUICE_COST ? sluice_cost_own : NULL;

	if (!cost)
		return;
	sluice_count(&cost->datagrams[stage], datagrams);
	sluice_count(&cost->bytes[stage], bytes);
}

/* Adds what an item has cost to `sum`, by stage. @threadsafe */
static inline void sluice_cost_add(const struct sluice_cost_item *item,
				   uint64_t sum[SLUICE_COST_STAGES])
{
	size_t stage;

	for (stage = 0; stage < SLUICE_COST_STAGES; stage++)
		sum[stage] += sluice_load_relaxed(&item->ns[stage]);
}

#endif /* SLUICE_LIB_COST_H */
