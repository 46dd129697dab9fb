// SPDX-License-Identifier: MIT
/*
 * The watchdog's verdicts: what each combination of what a thread says, its processor time and what
 * the kernel says of it comes to, and that sleeping, slow and unlucky threads are not accused.
 * Touches: nothing.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../../userd/daemon/watchdog_judge.h"
#include "../../userd/lib/clock.h"

#define LIMIT (8 * SLUICE_NS_PER_S)

/* A thread as the watchdog sees it, in seconds. */
static struct sluice_watch_notes notes;
static struct sluice_watch_look seen;

/* Looks once a second, for `seconds`; in each the thread uses `percent` of a processor. The last
 * verdict. */
static enum sluice_thread_verdict look(unsigned int seconds, unsigned int percent, bool others_wait)
{
	enum sluice_thread_verdict verdict = notes.verdict;

	while (seconds--) {
		seen.now += SLUICE_NS_PER_S;
		seen.cpu_time_ns += SLUICE_NS_PER_S / 100 * percent;
		verdict = sluice_watchdog_judge(&notes, &seen, LIMIT, others_wait);
	}
	return verdict;
}

/* A thread that has just got on. */
static void begin(enum sluice_thread_state state, char run)
{
	memset(&notes, 0, sizeof(notes));
	seen = (struct sluice_watch_look){.now = 100 * SLUICE_NS_PER_S,
					  .state = state,
					  .since_ns = 1,
					  .rounds = 1,
					  .run = run};
	assert_int_equal(sluice_watchdog_judge(&notes, &seen, LIMIT, false), SLUICE_THREAD_WELL);
}

/* A loop without an end is stuck, also at three quarters of a processor; at a tenth it is starved
 * until it has used enough. */
static void test_burning(void **state)
{
	(void)state;
	begin(SLUICE_THREAD_WORKS, 'R');
	assert_int_equal(look(7, 100, false), SLUICE_THREAD_WELL);
	assert_int_equal(look(1, 100, false), SLUICE_THREAD_WELL); /* the first look that says it */
	assert_int_equal(look(1, 100, false), SLUICE_THREAD_STUCK);
	begin(SLUICE_THREAD_WORKS, 'R');
	assert_int_equal(look(10, 80, false), SLUICE_THREAD_STUCK);
	begin(SLUICE_THREAD_WORKS, 'R');
	assert_int_equal(look(20, 10, false), SLUICE_THREAD_STARVED);
	assert_int_equal(look(50, 10, false), SLUICE_THREAD_STUCK);
	/* Whatever it says of itself. */
	begin(SLUICE_THREAD_DISK, 'R');
	assert_int_equal(look(10, 100, false), SLUICE_THREAD_STUCK);
	begin(SLUICE_THREAD_SLEEPS, 'R');
	assert_int_equal(look(14, 100, false), SLUICE_THREAD_STUCK);
}

/* Runnable without a processor, working or woken. */
static void test_starved(void **state)
{
	(void)state;
	begin(SLUICE_THREAD_WORKS, 'R');
	assert_int_equal(look(7, 0, false), SLUICE_THREAD_WELL);
	assert_int_equal(look(60, 0, false), SLUICE_THREAD_STARVED);
	begin(SLUICE_THREAD_SLEEPS, 'R');
	assert_int_equal(look(60, 1, false), SLUICE_THREAD_STARVED);
	/* It gets on. */
	seen.rounds++;
	assert_int_equal(look(1, 0, false), SLUICE_THREAD_WELL);
}

/* The disk, names and brokers, said or seen by the kernel: never stuck. */
static void test_blocked(void **state)
{
	(void)state;
	begin(SLUICE_THREAD_DISK, 'S');
	assert_int_equal(look(7, 0, false), SLUICE_THREAD_WELL);
	assert_int_equal(look(600, 0, false), SLUICE_THREAD_BLOCKED);
	begin(SLUICE_THREAD_NAMES, 'S');
	assert_int_equal(look(600, 0, false), SLUICE_THREAD_BLOCKED);
	begin(SLUICE_THREAD_PUBLISHES, 'S');
	assert_int_equal(look(600, 0, false), SLUICE_THREAD_BLOCKED);
	begin(SLUICE_THREAD_WORKS, 'D');
	assert_int_equal(look(600, 0, false), SLUICE_THREAD_BLOCKED);
	/* Slow calls one after the other are progress. */
	begin(SLUICE_THREAD_DISK, 'S');
	look(7, 0, false);
	seen.since_ns++;
	assert_int_equal(look(8, 0, false), SLUICE_THREAD_WELL);
}

/* It waits for what does not come; or it was woken and does not. */
static void test_asleep(void **state)
{
	(void)state;
	begin(SLUICE_THREAD_WORKS, 'S');
	assert_int_equal(look(8, 0, false), SLUICE_THREAD_WELL);
	assert_int_equal(look(1, 0, false), SLUICE_THREAD_STUCK);
	/* Perhaps for one that is starved or waits for the disk itself. */
	begin(SLUICE_THREAD_WORKS, 'S');
	assert_int_equal(look(600, 0, true), SLUICE_THREAD_WELL);
	begin(SLUICE_THREAD_SLEEPS, 'S');
	assert_int_equal(look(600, 0, true), SLUICE_THREAD_WELL);
	/* It has the limit from when it was woken, which is at half of it. */
	begin(SLUICE_THREAD_SLEEPS, 'S');
	assert_int_equal(look(11, 0, false), SLUICE_THREAD_WELL);
	assert_int_equal(look(2, 0, false), SLUICE_THREAD_STUCK);
	/* Whom it waits for is judged. */
	begin(SLUICE_THREAD_OTHER, 'S');
	assert_int_equal(look(600, 0, false), SLUICE_THREAD_WELL);
	/* One odd look does not make it stuck. */
	begin(SLUICE_THREAD_WORKS, 'S');
	look(8, 0, false);
	seen.run = 'R';
	assert_int_equal(look(1, 0, false), SLUICE_THREAD_STARVED);
	seen.run = 'S';
	assert_int_equal(look(1, 0, false), SLUICE_THREAD_STARVED);
	assert_int_equal(look(1, 0, false), SLUICE_THREAD_STUCK);
}

/* A change may take longer; a kernel that says nothing accuses nobody. */
static void test_patience(void **state)
{
	(void)state;
	begin(SLUICE_THREAD_ASKED, 'R');
	assert_int_equal(look(35, 100, false), SLUICE_THREAD_WELL);
	begin(SLUICE_THREAD_ASKED, 'R');
	assert_int_equal(look(60, 100, false), SLUICE_THREAD_STUCK);
	begin(SLUICE_THREAD_WORKS, '?');
	assert_int_equal(look(600, 0, false), SLUICE_THREAD_WELL);
	begin(SLUICE_THREAD_WORKS, '?');
	assert_int_equal(look(10, 100, false), SLUICE_THREAD_STUCK);
}

/* Sleepers are woken in time: before they could be called stuck. */
static void test_poke(void **state)
{
	(void)state;
	begin(SLUICE_THREAD_SLEEPS, 'S');
	look(3, 0, false);
	assert_false(sluice_watchdog_wants_poke(&notes, &seen, LIMIT));
	look(1, 0, false);
	assert_true(sluice_watchdog_wants_poke(&notes, &seen, LIMIT));
	seen.rounds++;
	look(1, 0, false);
	assert_false(sluice_watchdog_wants_poke(&notes, &seen, LIMIT));
	seen.state = SLUICE_THREAD_WORKS;
	look(7, 0, false);
	assert_false(sluice_watchdog_wants_poke(&notes, &seen, LIMIT));
	/* What the watchdog itself missed is nobody's silence. */
	notes.quiet_ns += 5 * SLUICE_NS_PER_S;
	assert_int_equal(sluice_watchdog_quiet(&notes, seen.now), 2 * SLUICE_NS_PER_S);
}

/* One that runs a little now and then, and is found ready to: starved if it was kept waiting, or
 * has not run again; stuck if it was let run whenever it would, and slept in between. */
static void test_sleeping_loop(void **state)
{
	unsigned int step;

	(void)state;
	begin(SLUICE_THREAD_WORKS, 'R');
	for (step = 0; step < 12; step++) {
		seen.slices += 10;
		(void)look(1, 1, false);
	}
	assert_int_equal(notes.verdict, SLUICE_THREAD_STUCK);
	begin(SLUICE_THREAD_WORKS, 'R');
	for (step = 0; step < 12; step++) {
		seen.slices += 10;
		seen.delay_ns += SLUICE_NS_PER_S / 2;
		(void)look(1, 1, false);
	}
	assert_int_equal(notes.verdict, SLUICE_THREAD_STARVED);
	begin(SLUICE_THREAD_WORKS, 'R');
	seen.slices = 100;
	assert_int_equal(look(12, 0, false), SLUICE_THREAD_STARVED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burning), cmocka_unit_test(test_sleeping_loop),
		cmocka_unit_test(test_starved), cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_asleep),	cmocka_unit_test(test_patience),
		cmocka_unit_test(test_poke),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
