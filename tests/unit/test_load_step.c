// SPDX-License-Identifier: MIT
/*
 * Steps of load: each is reached at once and left late, and what sways at a limit does not flap.
 * Touches: nothing.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../../userd/daemon/load_step.h"

/* One thing, as it is seen once a second. */
static struct sluice_load_notes notes;
static struct sluice_load_look seen;

/* It begins, normal, with losses from before. */
static int begin(void **state)
{
	(void)state;
	memset(&notes, 0, sizeof(notes));
	seen = (struct sluice_load_look){.now_ns = 100 * SLUICE_NS_PER_S, .lost = 1000};
	(void)sluice_load_judge(&notes, &seen);
	return 0;
}

/* So many looks, one a second. How often the step changed. */
static unsigned int look(unsigned int seconds)
{
	unsigned int changes = 0;

	while (seconds--) {
		seen.now_ns += SLUICE_NS_PER_S;
		changes += sluice_load_judge(&notes, &seen);
	}
	return changes;
}

/* What was lost before anybody looked is no news. */
static void test_begins_normal(void **state)
{
	(void)state;
	assert_int_equal(notes.step, SLUICE_LOAD_NORMAL);
	assert_int_equal(look(10), 0);
}

/* Up step by step, each with its time; and down when nothing speaks for it for five seconds. */
static void test_goes_up_and_down(void **state)
{
	(void)state;
	seen.memory = 25;
	assert_int_equal(look(1), 1);
	assert_int_equal(notes.step, SLUICE_LOAD_BATCHING);
	assert_true(notes.since_ns == seen.now_ns);
	seen.disk = 1;
	assert_int_equal(look(1), 1);
	assert_int_equal(notes.step, SLUICE_LOAD_DISK);
	seen.lost += 7;
	assert_int_equal(look(1), 1);
	seen.lost += 3;
	assert_int_equal(look(1), 0);
	assert_int_equal(notes.step, SLUICE_LOAD_LOSING);
	assert_int_equal(notes.lost_since, 10);
	assert_int_equal(look(4), 0);
	assert_int_equal(look(1), 1);
	assert_int_equal(notes.step, SLUICE_LOAD_DISK);
	seen.disk = 0;
	seen.memory = 0;
	assert_int_equal(look(4), 0);
	assert_int_equal(look(1), 1);
	assert_int_equal(notes.step, SLUICE_LOAD_NORMAL);
}

/* What comes and goes within seconds, or sways around a mark, is told once. */
static void test_does_not_flap(void **state)
{
	unsigned int round, changes = 0;

	(void)state;
	for (round = 0; round < 100; round++) {
		seen.memory = round % 2 ? 13 : 26;
		seen.disk = round % 3 == 0;
		changes += look(1);
	}
	assert_int_equal(changes, 1);
	assert_int_equal(notes.step, SLUICE_LOAD_DISK);
	seen.disk = 0;
	for (round = 0; round < 100; round++) {
		seen.memory = round % 2 ? 13 : 26;
		changes += look(1);
	}
	assert_int_equal(changes, 2);
	assert_int_equal(notes.step, SLUICE_LOAD_BATCHING);
	seen.memory = 11;
	assert_int_equal(look(5), 1);
	assert_int_equal(notes.step, SLUICE_LOAD_NORMAL);
	seen.memory = 24;
	assert_int_equal(look(20), 0);
}

/* Counters that begin anew, because a route or a rule went, are no loss. */
static void test_counts_anew(void **state)
{
	(void)state;
	seen.lost = 0;
	assert_int_equal(look(1), 0);
	seen.lost = 1;
	assert_int_equal(look(1), 1);
	assert_int_equal(notes.step, SLUICE_LOAD_LOSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_begins_normal, begin),
		cmocka_unit_test_setup(test_goes_up_and_down, begin),
		cmocka_unit_test_setup(test_does_not_flap, begin),
		cmocka_unit_test_setup(test_counts_anew, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
