// SPDX-License-Identifier: MIT
/*
 * The logic of a search: the worked example of RFC 9971 (appendix C) point by point, loss
 * inversion, durations, and whole searches against relays that are arithmetic.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "bench/search_goal.h"

#define MILLION 1000000U
#define TRIALS 4096U

/* The goals of the example. */
static const struct sluice_search_goal rfc2544 = {0, 0, 0.005, 60, 60};
static const struct sluice_search_goal tst009 = {0, 0.5, 0.005, 60, 120};
static const struct sluice_search_goal second = {0.005, 0.5, 0.005, 1, 120};
static const struct sluice_search_goal fifth = {0.005, 0.2, 0.005, 60, 60};

/* Trials that grow. */
struct trials {
	struct sluice_search_trial trial[TRIALS];
	size_t count;
};

static struct trials all;

/* Adds `times` trials at a load; loss in millionths. */
static void add(unsigned int times, uint64_t load, double seconds, uint64_t millionths)
{
	while (times-- > 0) {
		assert_true(all.count < TRIALS);
		all.trial[all.count++] = (struct sluice_search_trial){
			.load = load, .seconds = seconds, .intended = MILLION, .lost = millionths};
	}
}

/* The trials as the logic reads them. */
static const struct sluice_search_trials *seen(void)
{
	static struct sluice_search_trials view;

	view.trial = all.trial;
	view.count = all.count;
	return &view;
}

/* What the four goals make of a million a second. */
static void expect(enum sluice_search_class first, enum sluice_search_class other,
		   enum sluice_search_class third, enum sluice_search_class fourth)
{
	assert_int_equal(sluice_search_classify(&rfc2544, seen(), MILLION), first);
	assert_int_equal(sluice_search_classify(&tst009, seen(), MILLION), other);
	assert_int_equal(sluice_search_classify(&second, seen(), MILLION), third);
	assert_int_equal(sluice_search_classify(&fifth, seen(), MILLION), fourth);
}

/* The six points of the example. In one thing the example is not what the rules give: at points 5
 * and 6 it calls the load a lower bound for the goal with 20 % exceed ratio, where its own exceed
 * ratios are 43 % and 27 %. Its code (appendix A) says upper bound, and so do we. */
static void the_example_of_the_rfc(void **state)
{
	const enum sluice_search_class none = SLUICE_SEARCH_UNDECIDED;
	const enum sluice_search_class lower = SLUICE_SEARCH_LOWER;
	const enum sluice_search_class upper = SLUICE_SEARCH_UPPER;

	(void)state;
	all.count = 0;
	expect(none, none, none, none);
	add(59, MILLION, 1, 0);
	expect(none, none, none, none);
	add(1, MILLION, 1, 10000);
	expect(upper, none, none, none);
	add(59, MILLION, 1, 10000);
	expect(upper, none, none, upper);
	add(1, MILLION, 1, 0);
	expect(upper, none, lower, upper);
	add(1, MILLION, 60, 1000);
	expect(upper, none, lower, upper);
	add(1, MILLION, 60, 0);
	expect(upper, lower, lower, upper);
	/* Conditional throughput, of the goals for which the example computes it. */
	assert_true(sluice_search_throughput(&tst009, seen(), MILLION) == 1e6);
	assert_true(sluice_search_throughput(&second, seen(), MILLION) == 1e6);
	assert_true(fabs(sluice_search_throughput(&fifth, seen(), MILLION) - 999000) < 1e-3);
}

/* A trial that was not made counts as lost. */
static void throughput_of_too_few_trials(void **state)
{
	(void)state;
	all.count = 0;
	assert_true(sluice_search_throughput(&tst009, seen(), MILLION) == 0);
	add(1, MILLION, 60, 2000);
	assert_true(fabs(sluice_search_throughput(&tst009, seen(), MILLION) - 998000) < 1e-3);
	assert_true(
		sluice_search_throughput(&(struct sluice_search_goal){0.005, 0.2, 0.005, 60, 120},
					 seen(), MILLION) == 0);
}

/* Loss inversion: a smaller load is an upper bound, a larger one a lower bound. The upper one is
 * believed. */
static void the_upper_bound_is_believed(void **state)
{
	struct sluice_search_goal goal = {0, 0, 0.005, 1, 1};
	struct sluice_search_bounds bounds;

	(void)state;
	all.count = 0;
	add(1, 100, 1, 0);
	add(1, 300, 1, 0);
	bounds = sluice_search_bounds(&goal, seen());
	assert_int_equal(bounds.lower, 300);
	assert_int_equal(bounds.upper, 0);
	add(1, 200, 1, 1);
	bounds = sluice_search_bounds(&goal, seen());
	assert_int_equal(bounds.lower, 100);
	assert_int_equal(bounds.upper, 200);
}

/* A warm-up says where to begin and nothing else. */
static void a_warm_up_is_a_hint(void **state)
{
	struct sluice_search_goal goal = {0, 0.5, 0.005, 1, 3};
	struct sluice_search_limits limits = {1, 100000};
	struct sluice_search_step step;

	(void)state;
	all.count = 0;
	assert_true(sluice_search_next(&goal, 1, seen(), &limits, &step));
	assert_int_equal(step.load, 100000);
	add(1, 100000, 1, 750000);
	all.trial[0].warm_up = true;
	assert_true(sluice_search_next(&goal, 1, seen(), &limits, &step));
	assert_int_equal(step.load, 25000);
	assert_int_equal(sluice_search_bounds(&goal, seen()).upper, 0);
}

/* One in a million cannot be seen in fewer than a million. */
static void small_ratios_need_long_trials(void **state)
{
	struct sluice_search_goal goal = {1e-6, 0.5, 0.005, 1, 3};

	(void)state;
	assert_true(fabs(sluice_search_full_length(&goal, 100000) - 10) < 1e-9);
	assert_true(fabs(sluice_search_full_length(&goal, 10ULL * MILLION) - 1) < 1e-9);
	all.count = 0;
	/* A second of 100,000 shows nothing. */
	add(50, 100000, 1, 0);
	assert_int_equal(sluice_search_classify(&goal, seen(), 100000), SLUICE_SEARCH_UNDECIDED);
	add(1, 100000, 10, 1);
	assert_int_equal(sluice_search_classify(&goal, seen(), 100000), SLUICE_SEARCH_LOWER);
	/* The duration sum is never less than one trial. */
	add(1, 50000, 20, 2);
	assert_int_equal(sluice_search_classify(&goal, seen(), 50000), SLUICE_SEARCH_UPPER);
}

/* What makes no sense is refused. */
static void goals_that_cannot_be(void **state)
{
	(void)state;
	assert_null(sluice_search_goal_fault(&second));
	assert_non_null(sluice_search_goal_fault(NULL));
	assert_non_null(
		sluice_search_goal_fault(&(struct sluice_search_goal){0.005, 0.5, 0.004, 1, 1}));
	assert_non_null(sluice_search_goal_fault(&(struct sluice_search_goal){0, 1, 0.005, 1, 1}));
	assert_non_null(
		sluice_search_goal_fault(&(struct sluice_search_goal){NAN, 0.5, 0.005, 1, 1}));
	assert_non_null(
		sluice_search_goal_fault(&(struct sluice_search_goal){0, 0.5, 0.005, 0, 1}));
	assert_non_null(sluice_search_goal_fault(&(struct sluice_search_goal){0, 0.5, 0, 1, 1}));
}

/* A search against a relay that passes `limit` a second; `noise`: every so-manieth trial loses ten
 * percent more. Returns how many trials it took. */
static size_t search(const struct sluice_search_goal *goals, size_t goal_count,
		     const struct sluice_search_limits *limits, double limit, unsigned int noise)
{
	struct sluice_search_step step;

	all.count = 0;
	while (sluice_search_next(goals, goal_count, seen(), limits, &step)) {
		double passed = (double)step.load < limit ? 1 : limit / (double)step.load;

		assert_in_range(step.load, limits->least, limits->most);
		assert_true(sluice_search_left(goals, goal_count, seen(), limits) > 0);
		if (noise && all.count % noise == noise - 1)
			passed *= 0.9;
		add(1, step.load, step.seconds, (uint64_t)((1 - passed) * MILLION));
		assert_true(all.count < 1000);
	}
	assert_true(sluice_search_left(goals, goal_count, seen(), limits) == 0);
	return all.count;
}

/* The rate of a relay with a known limit is found between bounds that are as close as was asked,
 * for all goals, with and without a disturbance now and then. */
static void a_known_limit_is_found(void **state)
{
	const struct sluice_search_goal goals[] = {
		{0, 0.5, 0.005, 1, 5}, {0.005, 0.5, 0.005, 1, 5}, {1e-6, 0.5, 0.005, 1, 5}};
	struct sluice_search_limits limits = {1, 250000};
	unsigned int noise;
	unsigned int step;
	uint64_t limit;
	size_t goal;

	(void)state;
	for (noise = 0; noise <= 7; noise += 7) {
		for (step = 0, limit = 10; step < 19; step++, limit = limit * 17 / 10) {
			size_t count = noise ? 2 : 3;

			/* Where one datagram is more than the loss ratio a trial is long, and the
			 * one that is disturbed may be the only one. */
			if (noise && limit < 1000)
				continue;
			search(goals, count, &limits, (double)limit, noise);
			for (goal = 0; goal < count; goal++) {
				struct sluice_search_bounds bounds =
					sluice_search_bounds(&goals[goal], seen());
				double rate = (double)limit / (1 - goals[goal].loss_ratio);

				assert_true((double)bounds.lower <= rate + 1);
				assert_true((double)bounds.upper > rate - 1);
				assert_true((double)(bounds.upper - bounds.lower) <=
					    fmax(1, 0.005 * (double)bounds.upper + 1e-6));
				/* However much is offered, no more than the limit comes out. */
				assert_true(sluice_search_throughput(&goals[goal], seen(),
								     bounds.lower) <=
					    (double)limit + 1);
			}
		}
	}
}

/* A relay that passes everything has no upper bound; one that passes nothing no lower. */
static void irregular_results(void **state)
{
	struct sluice_search_goal goal = {0, 0.5, 0.005, 1, 5};
	struct sluice_search_limits limits = {100, 5000};
	struct sluice_search_bounds bounds;

	(void)state;
	search(&goal, 1, &limits, 1e9, 0);
	bounds = sluice_search_bounds(&goal, seen());
	assert_int_equal(bounds.lower, 5000);
	assert_int_equal(bounds.upper, 0);
	assert_int_equal(sluice_search_spread(&goal, seen(), 5000).high, 0);
	assert_int_equal(sluice_search_spread(&goal, seen(), 5000).trials, 3);
	search(&goal, 1, &limits, 0, 0);
	bounds = sluice_search_bounds(&goal, seen());
	assert_int_equal(bounds.lower, 0);
	assert_int_equal(bounds.upper, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_rfc),
		cmocka_unit_test(throughput_of_too_few_trials),
		cmocka_unit_test(the_upper_bound_is_believed),
		cmocka_unit_test(a_warm_up_is_a_hint),
		cmocka_unit_test(small_ratios_need_long_trials),
		cmocka_unit_test(goals_that_cannot_be),
		cmocka_unit_test(a_known_limit_is_found),
		cmocka_unit_test(irregular_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
