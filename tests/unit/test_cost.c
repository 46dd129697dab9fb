// SPDX-License-Identifier: MIT
/*
 * Where a thread's processor time goes: rounds of known parts, measured one in several, add up to
 * what the kernel charges, part by part. Touches: nothing but the clocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/clock.h"
#include "lib/cost.h"
#include "lib/thread.h"
#include "daemon/loop/worker.h"

/* Rounds that are run at a time, and for how long at least. */
#define ROUNDS 1000U
#define LASTS_NS (2 * SLUICE_NS_PER_S)

/* Processor time of this thread, in nanoseconds. */
static uint64_t used(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * SLUICE_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* Works for `steps` steps of the same length each. */
static void work(unsigned int steps)
{
	volatile unsigned int left = steps * 200;

	while (left)
		left--;
}

/* Setup: this thread is a worker of the register, whose costs a test finds in *state. */
static int begin(void **state)
{
	struct sluice_thread *self = sluice_thread_begin(SLUICE_THREAD_WORKER, "cost", NULL, NULL);

	*state = self;
	return self ? 0 : -1;
}

/* Teardown: it is none any more. */
static int end(void **state)
{
	(void)state;
	sluice_thread_end();
	return 0;
}

/* Runs `rounds` rounds in which building is three times as long as sending for `item`, which has
 * had a call of the mailbox in each 64th. */
static void run(unsigned int rounds, struct sluice_cost_item *item)
{
	struct sluice_cost_mark before, inner;

	while (rounds--) {
		sluice_cost_round(sluice_now());
		sluice_cost_wait_begin();
		sluice_cost_wait_end();
		before = sluice_cost_enter(SLUICE_COST_BUILD, NULL);
		work(15);
		inner = sluice_cost_enter(SLUICE_COST_SEND, item);
		work(10);
		sluice_cost_leave(inner);
		work(15);
		sluice_cost_leave(before);
		if (rounds % 64)
			continue;
		sluice_cost_call_begin();
		work(5);
		sluice_cost_call_end();
	}
}

/* Is `part` of `whole` between `least` and `most` hundredths? */
static void assert_part(uint64_t part, uint64_t whole, uint64_t least, uint64_t most)
{
	assert_in_range(part * 100 / whole, least, most);
}

/* Parts are as long as they are, and all of them together are what the kernel charges, but for what
 * is not measured yet. */
static void adds_up(void **state)
{
	static struct sluice_cost_item item;
	struct sluice_thread *self = *state;
	uint64_t sum = 0, begun = used(), charged, rounds = 0;
	size_t stage;

	/* What a window has not ended yet is a tenth of a second at most, and nobody's so far. */
	while (used() < begun + LASTS_NS) {
		run(ROUNDS, &item);
		rounds += ROUNDS;
	}
	charged = used();
	for (stage = 0; stage < SLUICE_COST_STAGES; stage++)
		sum += self->cost.ns[stage];
	assert_true(sum <= charged);
	assert_part(sum, charged, 90, 100);
	assert_true(self->cost.samples < rounds);
	/* 30 to 10. What an item has is of few rounds and rough, more so on a busy machine. */
	assert_part(self->cost.ns[SLUICE_COST_SEND], self->cost.ns[SLUICE_COST_BUILD], 20, 48);
	assert_part(item.ns[SLUICE_COST_SEND], self->cost.ns[SLUICE_COST_SEND], 30, 300);
	assert_int_equal(item.ns[SLUICE_COST_BUILD], 0);
	assert_true(self->cost.ns[SLUICE_COST_CONTROL] > 0);
	assert_part(self->cost.ns[SLUICE_COST_MEASURE], charged, 0, 2);
}

/* What is looked at closely divides a batch: of each datagram a fourth is finding whose it is. */
static void divides_a_batch(void **state)
{
	static struct sluice_cost_item item;
	struct sluice_thread *self = *state;
	uint64_t begun = used();
	unsigned int place, look;

	/* The thread's part is there when a window ends, the item's at once: for many windows. */
	while (used() < begun + LASTS_NS) {
		struct sluice_cost_mark before;

		sluice_cost_round(sluice_now());
		sluice_cost_wait_begin();
		sluice_cost_wait_end();
		before = sluice_cost_enter(SLUICE_COST_RECEIVE, NULL);
		look = sluice_cost_first_look();
		for (place = 0; place < 100; place++) {
			if (place == look)
				sluice_cost_look();
			work(1);
			if (place == look)
				sluice_cost_near(SLUICE_COST_MATCH, &item);
			work(3);
			if (place != look)
				continue;
			sluice_cost_near(SLUICE_COST_STORE, NULL);
			look += SLUICE_COST_NEAR;
		}
		sluice_cost_near_end();
		sluice_cost_leave(before);
	}
	assert_part(self->cost.ns[SLUICE_COST_MATCH], self->cost.ns[SLUICE_COST_STORE], 20, 50);
	assert_part(self->cost.ns[SLUICE_COST_RECEIVE], self->cost.ns[SLUICE_COST_STORE], 0, 25);
	assert_part(item.ns[SLUICE_COST_STORE], self->cost.ns[SLUICE_COST_STORE], 30, 300);
}

/* An item that a call of the mailbox frees is not touched behind it. */
static void forgets_items_that_go(void **state)
{
	struct sluice_thread *self = *state;
	struct sluice_cost_item *item = NULL;
	struct sluice_cost_mark before;
	unsigned int round;

	for (round = 0; round < 3000; round++) {
		if (!item)
			item = calloc(1, sizeof(*item));
		assert_non_null(item);
		sluice_cost_round(sluice_now());
		sluice_cost_wait_begin();
		sluice_cost_wait_end();
		before = sluice_cost_enter(SLUICE_COST_SEND, item);
		work(1);
		sluice_cost_leave(before);
		if (round % 3)
			continue;
		sluice_cost_call_begin();
		free(item);
		item = NULL;
		sluice_cost_call_end();
	}
	assert_true(self->cost.samples > 0);
	free(item);
}

/* Nor is one that had its last in the call itself, and is freed by who asked. */
static void forgets_items_that_a_call_had(void **state)
{
	struct sluice_thread *self = *state;
	unsigned int round;

	for (round = 0; round < 500; round++) {
		struct sluice_cost_item *item = calloc(1, sizeof(*item));
		struct sluice_cost_mark before;

		assert_non_null(item);
		sluice_cost_round(sluice_now());
		sluice_cost_wait_begin();
		sluice_cost_wait_end();
		work(1);
		sluice_cost_call_begin();
		before = sluice_cost_enter(SLUICE_COST_RECEIVE, item);
		work(1);
		sluice_cost_look();
		sluice_cost_near(SLUICE_COST_MATCH, item);
		sluice_cost_near(SLUICE_COST_STORE, NULL);
		sluice_cost_near_end();
		sluice_cost_leave(before);
		sluice_cost_call_end();
		free(item);
	}
	assert_true(self->cost.ns[SLUICE_COST_CONTROL] > 0);
}

/* struct sluice_worker.round: nothing. */
static void no_round(struct sluice_worker *worker, bool after_mail)
{
	(void)worker;
	(void)after_mail;
}

/* Worker call: what `argument`, an item, has to pay for. */
static int spend(struct sluice_worker *worker, void *argument)
{
	struct sluice_cost_mark before = sluice_cost_enter(SLUICE_COST_SEND, argument);

	(void)worker;
	work(1);
	sluice_cost_leave(before);
	return 0;
}

/* A worker has forgotten an item when the call in which it was used is answered: who asked may free
 * it at once. */
static void frees_what_a_worker_had(void **state)
{
	struct sluice_worker *worker;
	unsigned int number;

	(void)state;
	assert_int_equal(sluice_worker_start(&worker, 0, 0, no_round), 0);
	for (number = 0; number < 5000; number++) {
		struct sluice_cost_item *item = calloc(1, sizeof(*item));

		assert_non_null(item);
		assert_int_equal(sluice_worker_call(worker, spend, item), 0);
		free(item);
	}
	sluice_worker_stop(worker);
}

/* Who is no thread of the register measures nothing and may call everything. */
static void nobody_may_call(void **state)
{
	static struct sluice_cost_item item;

	(void)state;
	run(200, &item);
	sluice_cost_count(SLUICE_COST_STORE, 1, 1);
	assert_int_equal(item.ns[SLUICE_COST_SEND], 0);
	assert_string_equal(sluice_cost_word(SLUICE_COST_WAIT), "wait in kernel");
	assert_string_equal(sluice_cost_word(SLUICE_COST_STAGES), "?");
}

/* Runs the tests. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(adds_up, begin, end),
		cmocka_unit_test_setup_teardown(divides_a_batch, begin, end),
		cmocka_unit_test_setup_teardown(forgets_items_that_go, begin, end),
		cmocka_unit_test_setup_teardown(forgets_items_that_a_call_had, begin, end),
		cmocka_unit_test(frees_what_a_worker_had),
		cmocka_unit_test(nobody_may_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
