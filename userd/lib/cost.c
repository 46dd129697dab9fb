// SPDX-License-Identifier: MIT
/*
 * Where a thread's processor time goes; see cost.h. Touches: what that says.
 */
#include <string.h>
#include <time.h>
#include "clock.h"
#include "cost.h"

/* Measuring takes one part in so many of the thread's time. */
#define PRICE 400U
/* Readings of the thread's clock in a measured round are three; what the rest takes is about three
 * more. */
#define READINGS 6U
#define GAP_FIRST 8U
#define GAP_MOST 4096U
/* However few rounds there are, one a second is measured. */
#define DUE_NS SLUICE_NS_PER_S
/* A window has so many measured rounds, or as many as there are in so long. */
#define WINDOW_SAMPLES 64U
#define WINDOW_NS (100 * SLUICE_NS_PER_MS)
#define CALIBRATIONS 16U

_Thread_local struct sluice_cost *sluice_cost_own;

#define COST_STAGE(STAGE, word) word,
static const char *const words[] = {
#include "cost_rows.h"
};
#undef COST_STAGE

const char *sluice_cost_word(enum sluice_cost_stage stage)
{
	return (size_t)stage < SLUICE_COST_STAGES ? words[stage] : "?";
}

/* A counter of the processor, of any unit, that goes on evenly. */
static uint64_t ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t value;

	/* CNTVCT_EL0, Arm Architecture Reference Manual, D11.2 */
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
	return value;
#else
	return sluice_now();
#endif
}

/* `from` to `to`, 0 if the counter of another processor is behind. */
static uint64_t since(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

/* Processor time of the calling thread, in nanoseconds. */
static uint64_t own_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * SLUICE_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* `amount` x `part` / `whole`, to about one in 2^50; 0 if there is no whole. */
static uint64_t share(uint64_t amount, uint64_t part, uint64_t whole)
{
	return part ? (uint64_t)((double)amount * (double)part / (double)whole) : 0;
}

void sluice_cost_begin(struct sluice_cost *cost)
{
	uint64_t begun, ended, counted;
	unsigned int number;

	sluice_cost_own = cost;
	if (!cost)
		return;
	cost->clock_ns = cost->tick_cost = UINT64_MAX;
	for (number = 0; number < CALIBRATIONS; number++) {
		counted = ticks();
		counted = since(counted, ticks());
		if (counted < cost->tick_cost)
			cost->tick_cost = counted;
		begun = own_time();
		ended = own_time();
		if (since(begun, ended) < cost->clock_ns)
			cost->clock_ns = since(begun, ended);
	}
	cost->stage = SLUICE_COST_LOOP;
	cost->left = cost->drawn = cost->gap = GAP_FIRST;
	cost->window_at = sluice_now();
	cost->due = cost->window_at + DUE_NS;
	/* What starting took is in no round. */
	cost->window_from = own_time();
	sluice_store_relaxed(&cost->ns[SLUICE_COST_LOOP], cost->window_from);
}

/* Ends what the running stage has had so far. */
static void charge(struct sluice_cost *cost, uint64_t now)
{
	struct sluice_cost_item *item = cost->item;
	uint64_t passed = since(cost->at, now);

	cost->at = now;
	cost->round[cost->stage] += passed;
	if (!item)
		return;
	item->round[cost->stage] += passed;
	if (item->is_touched)
		return;
	item->is_touched = true;
	item->next = cost->touched;
	cost->touched = item;
}

void sluice_cost_switch(struct sluice_cost *cost, struct sluice_cost_mark to)
{
	charge(cost, ticks());
	cost->stage = to.stage;
	cost->item = to.item;
}

/* The next round that is measured, from CLOCK_MONOTONIC `now` on: by chance, so that it is not
 * always the same kind of round; `gap` rounds on, on average. */
static void draw(struct sluice_cost *cost, uint64_t now)
{
	/* Fibonacci hashing: Knuth, The Art of Computer Programming 3, 6.4 */
	uint64_t chance = (ticks() * 0x9e3779b97f4a7c15ULL) >> 33;

	cost->left = cost->drawn = 1 + (uint32_t)(chance % (2 * (uint64_t)cost->gap - 1));
	cost->due = now + DUE_NS;
}

/* Gives up measuring this round, and forgets what items it has had. */
static void abandon(struct sluice_cost *cost)
{
	struct sluice_cost_item *item;

	for (; (item = cost->touched); cost->touched = item->next) {
		memset(item->round, 0, sizeof(item->round));
		item->is_touched = false;
	}
	memset(cost->round, 0, sizeof(cost->round));
	cost->item = NULL;
	cost->near_count = 0;
	cost->is_near = false;
	cost->is_sampled = false;
	draw(cost, sluice_now());
}

void sluice_cost_call_begin(void)
{
	struct sluice_cost *cost = SLUICE_COST ? sluice_cost_own : NULL;

	if (!cost)
		return;
	/* What is called may free items, and who called does when it is answered: no round that is
	 * measured goes on in a call, or behind it. */
	if (cost->is_sampled)
		abandon(cost);
	cost->called = own_time();
}

void sluice_cost_call_end(void)
{
	struct sluice_cost *cost = SLUICE_COST ? sluice_cost_own : NULL;
	uint64_t used;

	if (!cost)
		return;
	used = since(cost->called, own_time());
	sluice_count(&cost->ns[SLUICE_COST_CONTROL], used);
	cost->window_from += used;
}

void sluice_cost_sleep(struct sluice_cost *cost)
{
	charge(cost, ticks());
	cost->waited = own_time();
}

void sluice_cost_wake(struct sluice_cost *cost)
{
	cost->woke = own_time();
	cost->waited = since(cost->waited + cost->clock_ns, cost->woke);
	cost->at = ticks();
}

void sluice_cost_look(void)
{
	struct sluice_cost *cost = sluice_cost_sampled();

	if (!cost)
		return;
	cost->is_near = cost->near_count < SLUICE_COST_NEAR;
	if (!cost->is_near)
		return;
	cost->nears[cost->near_count++] = (struct sluice_cost_near){0};
	cost->near_at = ticks();
}

void sluice_cost_near(enum sluice_cost_stage stage, struct sluice_cost_item *item)
{
	struct sluice_cost *cost = sluice_cost_sampled();
	struct sluice_cost_near *near;
	uint64_t now;

	if (!cost || !cost->is_near)
		return;
	now = ticks();
	near = &cost->nears[cost->near_count - 1];
	near->ticks[stage] += since(cost->near_at + cost->tick_cost, now);
	if (item)
		near->item = item;
	cost->near_at = now;
}

void sluice_cost_deal(struct sluice_cost *cost)
{
	uint64_t sums[SLUICE_COST_NEAR_STAGES] = {0}, whole = 0, now = ticks();
	uint64_t passed = since(cost->at, now);
	struct sluice_cost_item *item = cost->item;
	enum sluice_cost_stage stage = cost->stage;
	size_t number, part;

	for (number = 0; number < cost->near_count; number++)
		for (part = 0; part < SLUICE_COST_NEAR_STAGES; part++)
			sums[part] += cost->nears[number].ticks[part];
	for (part = 0; part < SLUICE_COST_NEAR_STAGES; part++)
		whole += sums[part];
	for (number = 0; whole && number < cost->near_count; number++) {
		const struct sluice_cost_near *near = &cost->nears[number];

		cost->item = near->item;
		for (part = 0; part < SLUICE_COST_NEAR_STAGES; part++) {
			cost->stage = (enum sluice_cost_stage)part;
			cost->at = now - share(passed, near->ticks[part], whole);
			charge(cost, now);
		}
	}
	if (whole)
		cost->at = now;
	cost->item = item;
	cost->stage = stage;
	cost->near_count = 0;
	cost->is_near = false;
}

/* Ends a window at processor time `time`: deals what was used since the last one. */
static void settle(struct sluice_cost *cost, uint64_t time, uint64_t now)
{
	uint64_t used = since(cost->window_from, time), whole = 0, price, dealt = 0, part;
	uint64_t rounds = cost->window_rounds;
	size_t stage;

	price = cost->window_samples * READINGS * cost->clock_ns;
	if (price > used)
		price = used;
	for (stage = 0; stage < SLUICE_COST_STAGES; stage++)
		whole += cost->window[stage];
	for (stage = 0; stage < SLUICE_COST_STAGES; stage++) {
		part = share(used - price, cost->window[stage], whole);
		if (part > used - price - dealt)
			part = used - price - dealt;
		dealt += part;
		sluice_count(&cost->ns[stage], part);
		cost->window[stage] = 0;
	}
	sluice_count(&cost->ns[SLUICE_COST_MEASURE], price);
	/* What rounding left. */
	sluice_count(&cost->ns[SLUICE_COST_LOOP], used - price - dealt);
	/* So many rounds take so much that measuring one of them is cheap. */
	cost->gap = GAP_MOST;
	price = READINGS * cost->clock_ns * PRICE * (rounds ? rounds : 1);
	if (used && price / used < GAP_MOST)
		cost->gap = (uint32_t)(price / used) + 1;
	cost->window_from = time;
	cost->window_at = now;
	cost->window_rounds = cost->window_samples = 0;
}

/* Ends a measured round: what it had of each stage, for those that were not measured, too. */
static void end(struct sluice_cost *cost, uint64_t now)
{
	uint64_t whole = 0, time, used, rounds = cost->weight;
	struct sluice_cost_item *item;
	size_t stage;

	charge(cost, ticks());
	time = own_time();
	used = since(cost->woke + cost->clock_ns, time);
	for (stage = 0; stage < SLUICE_COST_STAGES; stage++)
		whole += cost->round[stage];
	for (stage = 0; stage < SLUICE_COST_STAGES; stage++) {
		cost->window[stage] += rounds * share(used, cost->round[stage], whole);
		cost->round[stage] = 0;
	}
	cost->window[SLUICE_COST_WAIT] += rounds * cost->waited;
	for (; (item = cost->touched); cost->touched = item->next) {
		for (stage = 0; stage < SLUICE_COST_STAGES; stage++) {
			sluice_count(&item->ns[stage],
				     rounds * share(used, item->round[stage], whole));
			item->round[stage] = 0;
		}
		item->is_touched = false;
	}
	cost->window_rounds += rounds;
	cost->window_samples++;
	sluice_count(&cost->samples, 1);
	if (cost->window_samples >= WINDOW_SAMPLES || now >= cost->window_at + WINDOW_NS)
		settle(cost, time, now);
	cost->is_sampled = false;
	draw(cost, now);
}

void sluice_cost_turn(struct sluice_cost *cost, uint64_t now)
{
	if (cost->is_sampled) {
		end(cost, now);
		if (--cost->left)
			return;
	}
	/* This one stands for those before it as well. */
	cost->weight = cost->drawn - cost->left;
	cost->is_sampled = true;
	cost->stage = SLUICE_COST_LOOP;
	cost->item = NULL;
	cost->touched = NULL;
	cost->at = ticks();
}
