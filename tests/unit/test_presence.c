// SPDX-License-Identifier: MIT
/*
 * A destination is there while a connection of any worker to it is: each change is told once, one
 * that comes and goes all the time now and then, and in the end as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "daemon/link/presence.h"
#include "lib/event.h"

#define SECOND 1000000000ULL

static const struct sluice_presence_name name = {.output = "out", .destination = "host:1"};

/* What was told last, and how many were. */
static unsigned int told;
static enum sluice_event last;
static char last_text[256];

/* sluice_event_listener */
static void listener(const struct sluice_event_news *news)
{
	told++;
	last = news->kind;
	snprintf(last_text, sizeof(last_text), "%s", news->text);
	assert_string_equal(news->where, "output `out`, destination host:1");
	assert_string_equal(news->key, "outputs.to");
}

/* So many were told, the last of which is this. */
static void assert_told(unsigned int count, enum sluice_event kind)
{
	assert_int_equal(told, count);
	assert_int_equal(last, kind);
}

/* Two workers: the first that comes and the last that goes. */
static void workers_are_one(void **state)
{
	struct sluice_presence presence;

	(void)state;
	told = 0;
	sluice_presence_begin(&presence);
	sluice_presence_leave(&presence, &name, false, "cannot connect", 111, SECOND);
	assert_told(1, SLUICE_EVENT_DESTINATION_DOWN);
	assert_string_equal(last_text, "output `out`, destination host:1: cannot connect: "
				       "Connection refused");
	sluice_presence_leave(&presence, &name, false, "cannot connect", 111, SECOND);
	assert_told(1, SLUICE_EVENT_DESTINATION_DOWN);
	sluice_presence_arrive(&presence, &name, 2 * SECOND);
	sluice_presence_arrive(&presence, &name, 2 * SECOND);
	assert_told(2, SLUICE_EVENT_DESTINATION_UP);
	sluice_presence_leave(&presence, &name, true, "ended", 0, 3 * SECOND);
	sluice_presence_leave(&presence, &name, false, "ended", 0, 3 * SECOND);
	assert_told(2, SLUICE_EVENT_DESTINATION_UP);
	sluice_presence_leave(&presence, &name, true, "ended", 0, 3 * SECOND);
	assert_told(3, SLUICE_EVENT_DESTINATION_DOWN);
	/* What we close ourselves is no news. */
	sluice_presence_arrive(&presence, &name, 4 * SECOND);
	sluice_presence_forget(&presence);
	assert_told(4, SLUICE_EVENT_DESTINATION_UP);
	sluice_presence_end(&presence);
}

/* It comes and goes a hundred times: few are told, and how it is in the end. */
static void who_comes_and_goes_is_summed_up(void **state)
{
	struct sluice_presence presence;
	unsigned int turn;

	(void)state;
	told = 0;
	sluice_presence_begin(&presence);
	for (turn = 0; turn < 100; turn++) {
		sluice_presence_arrive(&presence, &name, SECOND + turn);
		sluice_presence_leave(&presence, &name, true, "ended", 0, SECOND + turn);
	}
	sluice_presence_arrive(&presence, &name, SECOND + turn);
	assert_told(SLUICE_PRESENCE_TOLD, SLUICE_EVENT_DESTINATION_DOWN);
	sluice_presence_look(&presence, &name, SECOND + turn);
	assert_told(SLUICE_PRESENCE_TOLD, SLUICE_EVENT_DESTINATION_DOWN);
	sluice_presence_look(&presence, &name, 2 * SECOND + SLUICE_PRESENCE_WINDOW_NS);
	assert_told(SLUICE_PRESENCE_TOLD + 1, SLUICE_EVENT_DESTINATION_UP);
	assert_non_null(strstr(last_text, "(it changed 195 more times since it was told last)"));
	sluice_presence_look(&presence, &name, 3 * SECOND + 2 * SLUICE_PRESENCE_WINDOW_NS);
	assert_told(SLUICE_PRESENCE_TOLD + 1, SLUICE_EVENT_DESTINATION_UP);
	sluice_presence_leave(&presence, &name, true, "ended", 0, 90 * SECOND);
	assert_told(SLUICE_PRESENCE_TOLD + 2, SLUICE_EVENT_DESTINATION_DOWN);
	assert_null(strstr(last_text, "more times"));
	sluice_presence_end(&presence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_are_one),
		cmocka_unit_test(who_comes_and_goes_is_summed_up),
	};

	sluice_event_listen(listener);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
