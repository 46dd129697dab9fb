// SPDX-License-Identifier: MIT
/*
 * What was sent, came back, and is heard of later or sent again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../userd/daemon/stream/unheard.h"

/* Heard of once, and only what lies in it whole. */
static void what_arrived_is_counted_once(void **state)
{
	struct sluice_unheard unheard = {0};

	(void)state;
	sluice_unheard_add(&unheard, 0, 100, 3);
	sluice_unheard_add(&unheard, 100, 200, 4);
	sluice_unheard_add(&unheard, 200, 200, 5);
	assert_int_equal(sluice_unheard_acknowledge(&unheard, 0, 150), 3);
	assert_int_equal(sluice_unheard_acknowledge(&unheard, 0, 150), 0);
	assert_int_equal(sluice_unheard_acknowledge(&unheard, 0, UINT64_MAX), 4);
	sluice_unheard_clear(&unheard);
}

/* What is sent again is not heard of as what was sent before. */
static void what_is_sent_again_is_no_more(void **state)
{
	struct sluice_unheard unheard = {0};
	uint64_t number;

	(void)state;
	for (number = 0; number < 100; number++)
		sluice_unheard_add(&unheard, number * 8, number * 8 + 8, 1);
	assert_true(sluice_unheard_again(&unheard, 0, 396));
	assert_false(sluice_unheard_again(&unheard, 0, 400));
	assert_int_equal(sluice_unheard_acknowledge(&unheard, 0, UINT64_MAX), 50);
	assert_false(sluice_unheard_again(&unheard, 0, UINT64_MAX));
	sluice_unheard_clear(&unheard);
	sluice_unheard_clear(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_arrived_is_counted_once),
		cmocka_unit_test(what_is_sent_again_is_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
