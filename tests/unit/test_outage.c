// SPDX-License-Identifier: MIT
/*
 * What the log says of interruptions: each begin and end once, summed up where there are many,
 * nothing left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "daemon/link/outage.h"
#include "log.h"
#include "log_helper.h"

#define SECOND 1000000000ULL

/* Begin, end, duration and cause of a few. */
static void few_are_told_one_by_one(void **state)
{
	struct sluice_outage outage = {0};

	(void)state;
	assert_false(sluice_outage_end(&outage, "it", NULL, 5 * SECOND));
	sluice_outage_begin(&outage, "it", NULL, "cannot connect", ECONNREFUSED, 10 * SECOND);
	/* Each attempt that fails is no new one. */
	sluice_outage_begin(&outage, "it", NULL, "cannot connect", ETIMEDOUT, 12 * SECOND);
	assert_true(sluice_outage_end(&outage, "it", NULL, 13 * SECOND + SECOND / 2));
	assert_false(sluice_outage_end(&outage, "it", NULL, 14 * SECOND));
	assert_int_equal(count_lines("it: cannot connect: Connection refused; trying again"), 1);
	assert_int_equal(
		count_lines("it: connected again after 3.5 s (cannot connect: Connection refused)"),
		1);
	sluice_outage_begin(&outage, "it", NULL, "the peer closed the connection", 0, 20 * SECOND);
	assert_true(sluice_outage_end(&outage, "it", NULL, (3ULL * 3600) * SECOND + 140 * SECOND));
	assert_int_equal(count_lines("after 3 h 2 min (the peer closed the connection)"), 1);
	assert_int_equal(count_lines("it"), 4);
}

/* One that was never connected is not connected "again". */
static void the_first_connection_is_not_again(void **state)
{
	struct sluice_outage outage = {0};

	(void)state;
	sluice_outage_begin(&outage, "it", NULL, "cannot connect", ECONNREFUSED, SECOND);
	assert_true(sluice_outage_end(&outage, "it", NULL, 3 * SECOND));
	assert_int_equal(count_lines("it: connected after 2.0 s"), 1);
}

/* A hundred within a minute: three told, the others summed up, with all of their time. */
static void many_are_summed_up(void **state)
{
	struct sluice_outage outage = {0};
	unsigned int number;
	uint64_t now = SECOND;

	(void)state;
	for (number = 0; number < 100; number++, now += SECOND / 2) {
		sluice_outage_begin(&outage, "it", NULL, "the connection broke", ECONNRESET, now);
		/* The 50th is the longest one. */
		sluice_outage_end(&outage, "it", NULL, now + SECOND / (number == 49 ? 4 : 10));
	}
	assert_int_equal(count_lines("trying again"), SLUICE_OUTAGES_TOLD);
	assert_int_equal(count_lines("connected a"), SLUICE_OUTAGES_TOLD);
	assert_int_equal(count_lines("more interruption"), 0);
	sluice_outage_look(&outage, "it", NULL, false, 62 * SECOND);
	/* 96 of a tenth of a second and one of a quarter */
	assert_int_equal(
		count_lines("it: 97 more interruptions within 1 min 1 s, 9.8 s in all, the "
			    "longest 0.2 s; the last because: the connection broke: "
			    "Connection reset by peer; it is connected now"),
		1);
	assert_int_equal(count_lines("it"), 2 * SLUICE_OUTAGES_TOLD + 1);
	/* A new window: told one by one again. */
	sluice_outage_begin(&outage, "it", NULL, "the connection broke", 0, 70 * SECOND);
	assert_int_equal(count_lines("trying again"), SLUICE_OUTAGES_TOLD + 1);
}

/* One that began among many and lasts is told of when they are summed up; its end has a line of its
 * own. */
static void one_that_lasts_is_told_of(void **state)
{
	struct sluice_outage outage = {0};
	unsigned int number;

	(void)state;
	for (number = 0; number < 5; number++) {
		if (number)
			sluice_outage_end(&outage, "it", NULL, (number * 2 + 1) * SECOND);
		sluice_outage_begin(&outage, "it", NULL, "cannot connect", 0,
				    (number * 2 + 2) * SECOND);
	}
	sluice_outage_look(&outage, "it", NULL, false, 61 * SECOND);
	assert_int_equal(count_lines("more interruption"), 0);
	sluice_outage_look(&outage, "it", NULL, false, 62 * SECOND);
	assert_int_equal(
		count_lines("2 more interruptions within 1 min 0 s, 53.0 s in all, the longest "
			    "52.0 s; the last because: cannot connect; it is interrupted "
			    "now"),
		1);
	assert_true(sluice_outage_end(&outage, "it", NULL, 110 * SECOND));
	assert_int_equal(count_lines("it: connected again after 1 min 40 s"), 1);
}

/* Whoever stops trying says so, and what was not told yet. */
static void giving_up_tells_the_rest(void **state)
{
	struct sluice_outage outage = {0};
	unsigned int number;

	(void)state;
	for (number = 0; number < 6; number++) {
		sluice_outage_begin(&outage, "it", NULL, "cannot connect", 0,
				    (2 * number + 2) * SECOND);
		if (number < 5)
			sluice_outage_end(&outage, "it", NULL, (2 * number + 3) * SECOND);
	}
	assert_true(sluice_outage_is_open(&outage));
	sluice_outage_give_up(&outage, "it", NULL, 22 * SECOND);
	assert_int_equal(count_lines("it: 3 more interruptions within 20.0 s"), 1);
	assert_int_equal(count_lines("it: no longer tried, after 10.0 s without a connection"), 1);
	assert_false(sluice_outage_is_open(&outage));
	sluice_outage_give_up(&outage, "it", NULL, 23 * SECOND);
	assert_int_equal(count_lines("no longer tried"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(few_are_told_one_by_one, open_log),
		cmocka_unit_test_setup(the_first_connection_is_not_again, open_log),
		cmocka_unit_test_setup(many_are_summed_up, open_log),
		cmocka_unit_test_setup(one_that_lasts_is_told_of, open_log),
		cmocka_unit_test_setup(giving_up_tells_the_rest, open_log),
	};

	return cmocka_run_group_tests(tests, make_log, remove_log);
}
