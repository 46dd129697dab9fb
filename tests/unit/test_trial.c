// SPDX-License-Identifier: MIT
/*
 * Receivers that end connections at once: when they count as rejecting, when no longer, and what
 * the log and events say of it.
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
#include "daemon/link/trial.h"
#include "daemon/link/unconfirmed.h"
#include "event.h"
#include "log.h"
#include "log_helper.h"

#define SECOND 1000000000ULL

static unsigned int events, ends; /* how many of either kind were sent */

/* Takes an event. */
static void take_event(const struct sluice_event_news *news)
{
	assert_string_equal(news->key, "outputs.to");
	assert_string_equal(news->where, "it");
	assert_null(news->interface);
	assert_non_null(strstr(news->text, "it: "));
	events += news->kind == SLUICE_EVENT_REJECTING;
	ends += news->kind == SLUICE_EVENT_REJECTING_OVER;
}

/* A connection at `now` that is given something (`is_given`) and that the peer ends 100 ms later.
 * Returns whether it rejects. */
static bool young_end(struct sluice_trial *trial, bool is_given, uint64_t now)
{
	sluice_trial_reach(trial, now);
	sluice_trial_begin(trial, false, now);
	if (is_given)
		trial->given = now;
	trial->is_cut = true;
	return sluice_trial_end(trial, "it", NULL, sluice_trial_words(SLUICE_FRAMING_NEWLINE),
				false, now + SECOND / 10);
}

/* Three in a row and no fewer; one that lasts ends it; the log has a line for each, listeners an
 * event. */
static void three_in_a_row_are_told_once(void **state)
{
	struct sluice_trial trial = {0};
	uint64_t next = UINT64_MAX;

	(void)state;
	sluice_event_listen(take_event);
	events = ends = 0;
	assert_false(young_end(&trial, true, 10 * SECOND));
	assert_false(young_end(&trial, true, 20 * SECOND));
	assert_true(young_end(&trial, true, 30 * SECOND));
	assert_true(young_end(&trial, true, 40 * SECOND));
	assert_int_equal(count_lines("accepts and resets at once: does it expect octet-counted?"),
			 1);
	assert_int_equal(events, 1);
	/* On trial it is given nothing; that it lives on without having been given something proves
	 * nothing. */
	sluice_trial_reach(&trial, 50 * SECOND);
	sluice_trial_begin(&trial, false, 50 * SECOND);
	assert_true(trial.until > 50 * SECOND);
	assert_int_equal(sluice_trial_look(&trial, "it", NULL, 50 * SECOND + 1, &next),
			 SLUICE_TRIAL_SAME);
	assert_int_equal(next, trial.until);
	assert_int_equal(sluice_trial_look(&trial, "it", NULL, 51 * SECOND, &next),
			 SLUICE_TRIAL_OVER);
	assert_int_equal(trial.until, 0);
	assert_int_equal(sluice_trial_look(&trial, "it", NULL, 60 * SECOND, &next),
			 SLUICE_TRIAL_SAME);
	assert_true(trial.is_rejecting);
	trial.given = 60 * SECOND;
	assert_int_equal(sluice_trial_look(&trial, "it", NULL, 66 * SECOND, &next),
			 SLUICE_TRIAL_LASTS);
	assert_false(trial.is_rejecting);
	assert_int_equal(count_lines("keeps its connection again"), 1);
	assert_int_equal(ends, 1);
	sluice_event_listen(NULL);
}

/* One that lasted, one that we ended, and one that nobody accepted are none of a run. */
static void others_break_the_run(void **state)
{
	struct sluice_trial trial = {0};

	(void)state;
	(void)young_end(&trial, true, 10 * SECOND);
	(void)young_end(&trial, true, 20 * SECOND);
	sluice_trial_reach(&trial, 30 * SECOND);
	trial.given = 31 * SECOND;
	trial.is_cut = true;
	assert_false(sluice_trial_end(&trial, "it", NULL, "it", false, 37 * SECOND));
	(void)young_end(&trial, true, 40 * SECOND);
	(void)young_end(&trial, true, 50 * SECOND);
	assert_false(sluice_trial_end(&trial, "it", NULL, "it", false, 51 * SECOND));
	(void)young_end(&trial, true, 60 * SECOND);
	(void)young_end(&trial, true, 70 * SECOND);
	sluice_trial_reach(&trial, 80 * SECOND);
	assert_false(sluice_trial_end(&trial, "it", NULL, "it", false, 81 * SECOND));
	assert_false(young_end(&trial, true, 90 * SECOND));
	assert_int_equal(count_lines("accepts and resets"), 0);
}

/* One that was ended before it was given anything passes by lasting; with others it is given
 * nothing so long. */
static void a_limit_needs_no_data_to_be_passed(void **state)
{
	struct sluice_trial trial = {0};
	uint64_t next = UINT64_MAX;

	(void)state;
	(void)young_end(&trial, false, 10 * SECOND);
	(void)young_end(&trial, false, 20 * SECOND);
	assert_true(young_end(&trial, false, 30 * SECOND));
	sluice_trial_reach(&trial, 40 * SECOND);
	sluice_trial_begin(&trial, true, 40 * SECOND);
	assert_int_equal(trial.until, 40 * SECOND + SLUICE_YOUNG_NS);
	assert_int_equal(sluice_trial_look(&trial, "it", NULL, 44 * SECOND, &next),
			 SLUICE_TRIAL_SAME);
	assert_int_equal(sluice_trial_look(&trial, "it", NULL, 46 * SECOND, &next),
			 SLUICE_TRIAL_LASTS);
	assert_false(trial.is_rejecting);
	assert_int_equal(trial.until, 0);
}

/* The log is told once a minute, and at the end of what it does not know yet: none is left out. */
static void unconfirmed_ones_are_all_told(void **state)
{
	struct sluice_unconfirmed unconfirmed = {0};

	(void)state;
	sluice_unconfirmed_add(&unconfirmed, "it", NULL, 0, false, SECOND);
	assert_int_equal(count_lines("unconfirmed"), 0);
	sluice_unconfirmed_add(&unconfirmed, "it", NULL, 7, false, SECOND);
	assert_int_equal(count_lines("it: 7 datagrams unconfirmed"), 1);
	sluice_unconfirmed_add(&unconfirmed, "it", NULL, 5, false, 2 * SECOND);
	sluice_unconfirmed_add(&unconfirmed, "it", NULL, 6, false, 3 * SECOND);
	assert_int_equal(count_lines("unconfirmed:"), 1);
	/* What becomes of them changed: those before have a line of their own. */
	sluice_unconfirmed_add(&unconfirmed, "it", NULL, 1, true, 4 * SECOND);
	assert_int_equal(count_lines("it: 11 datagrams unconfirmed"), 1);
	sluice_unconfirmed_look(&unconfirmed, "it", NULL, false, 70 * SECOND);
	assert_int_equal(count_lines("it: 1 datagram unconfirmed"), 1);
	assert_int_equal(count_lines("sent again (`unconfirmed: resend`)"), 1);
	sluice_unconfirmed_look(&unconfirmed, "it", NULL, true, 71 * SECOND);
	assert_int_equal(count_lines("unconfirmed:"), 3);
}

/* One that is restarted now and then, each time soon after it was connected, rejects nothing. */
static void far_apart_they_are_no_run(void **state)
{
	struct sluice_trial trial = {0}, other = {0};
	unsigned int number;

	(void)state;
	/* The way a person sees three restarts: 15 seconds apart. */
	for (number = 0; number < 3; number++)
		assert_false(young_end(&other, true, (10 + 15ULL * number) * SECOND));
	for (number = 0; number < 10; number++)
		assert_false(young_end(&trial, true, (10 + 25ULL * number) * SECOND));
	assert_int_equal(count_lines("accepts and resets at once"), 0);
	/* Two more right behind the last one make a run of it. */
	assert_false(young_end(&trial, true, 236 * SECOND));
	assert_true(young_end(&trial, true, 237 * SECOND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(three_in_a_row_are_told_once, open_log),
		cmocka_unit_test_setup(others_break_the_run, open_log),
		cmocka_unit_test_setup(far_apart_they_are_no_run, open_log),
		cmocka_unit_test_setup(a_limit_needs_no_data_to_be_passed, open_log),
		cmocka_unit_test_setup(unconfirmed_ones_are_all_told, open_log),
	};

	return cmocka_run_group_tests(tests, make_log, remove_log);
}
