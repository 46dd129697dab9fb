// SPDX-License-Identifier: MIT
/*
 * The grid of a sweep, its values, and the sign test of two of them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "bench/compare.h"
#include "bench/sweep.h"

/* Every combination once, the last axis fastest, with a name of its own. */
static void a_grid_has_all_points(void **state)
{
	struct sluice_sweep sweep = {
		.axis = {SLUICE_SWEEP_INPUTS, SLUICE_SWEEP_SIZE},
		.axes = 2,
		.value = {{"1", "10"}, {"64", "200", "imix"}},
		.values = {2, 3},
		.fixed = {.value = {[SLUICE_SWEEP_PORTS] = "5"}},
	};
	struct sluice_sweep_point point = sluice_sweep_point(&sweep, 5);
	char name[SLUICE_SWEEP_NAME];

	(void)state;
	assert_int_equal(sluice_sweep_points(&sweep), 6);
	sluice_sweep_name(&sweep, &point, 2, name);
	assert_string_equal(name, "inputs=10,size=imix,run=2");
	assert_int_equal(sluice_sweep_udp_ports(&point), 50);
	assert_int_equal(sluice_sweep_tcp_ports(&point), 1);
	point = sluice_sweep_point(&sweep, 1);
	sluice_sweep_name(&sweep, &point, 1, name);
	assert_string_equal(name, "inputs=1,size=200,run=1");
}

/* What would do harm in a configuration or a file's name is refused. */
static void values_are_checked(void **state)
{
	(void)state;
	assert_int_equal(sluice_sweep_axis_find("batch-delay"), SLUICE_SWEEP_BATCH_DELAY);
	assert_int_equal(sluice_sweep_axis_find("colour"), SLUICE_SWEEP_AXES);
	assert_null(sluice_sweep_value_fault(SLUICE_SWEEP_INPUTS, "1000"));
	assert_non_null(sluice_sweep_value_fault(SLUICE_SWEEP_INPUTS, "1001"));
	assert_non_null(sluice_sweep_value_fault(SLUICE_SWEEP_INPUTS, "0"));
	assert_null(sluice_sweep_value_fault(SLUICE_SWEEP_FRAMING, "octet-counted"));
	assert_non_null(sluice_sweep_value_fault(SLUICE_SWEEP_FRAMING, "raw}"));
	assert_non_null(sluice_sweep_value_fault(SLUICE_SWEEP_FRAMING, "../raw"));
	assert_non_null(sluice_sweep_value_fault(SLUICE_SWEEP_SIZE, ""));
}

/* Against probabilities of fair coins, counted by hand: 2 * sum of C(n, 0..k) / 2^n. */
static void the_sign_test(void **state)
{
	(void)state;
	assert_true(fabs(sluice_sign_test(6, 0) - 2.0 / 64) < 1e-9);
	assert_true(fabs(sluice_sign_test(1, 7) - 2.0 * 9 / 256) < 1e-9);
	assert_true(fabs(sluice_sign_test(2, 8) - 2.0 * 56 / 1024) < 1e-9);
	assert_true(sluice_sign_test(4, 4) == 1);
	assert_true(sluice_sign_test(0, 0) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grid_has_all_points),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(the_sign_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
