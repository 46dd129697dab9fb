// SPDX-License-Identifier: MIT
/*
 * Who may try a destination that nobody is known to listen at: one worker of all, and less often
 * than hosts answer by ICMP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "daemon/link/gate.h"

#define NOW (100 * SLUICE_NS_PER_S)

/* One is admitted, the others wait until that one had its time. */
static void one_tries_for_all(void **state)
{
	struct sluice_gate gate = {0};
	uint64_t at;

	(void)state;
	assert_true(sluice_gate_admits(&gate, NOW, &at));
	assert_false(sluice_gate_admits(&gate, NOW, &at));
	assert_int_equal(at, NOW + SLUICE_GATE_FIRST_NS);
	assert_true(sluice_gate_admits(&gate, at, &at));
}

/* Who was refused comes again after more than a second, and ever later up to a limit. */
static void pauses_grow(void **state)
{
	struct sluice_gate gate = {0};
	uint64_t now = NOW, at, last = 0;
	unsigned int turn;

	(void)state;
	for (turn = 0; turn < 6; turn++) {
		assert_true(sluice_gate_admits(&gate, now, &at));
		sluice_gate_shut(&gate, now);
		assert_false(sluice_gate_admits(&gate, now, &at));
		assert_true(at - now > SLUICE_NS_PER_S);
		assert_true(at - now >= last);
		assert_true(at - now <= SLUICE_GATE_MOST_NS);
		last = at - now;
		now = at;
	}
	assert_int_equal(last, SLUICE_GATE_MOST_NS);
}

/* When somebody listens all may come at once, and pauses begin anew. */
static void an_open_gate_admits_all(void **state)
{
	struct sluice_gate gate = {0};
	uint64_t at;

	(void)state;
	sluice_gate_shut(&gate, NOW);
	sluice_gate_shut(&gate, NOW);
	sluice_gate_open(&gate);
	assert_true(sluice_gate_is_open(&gate));
	assert_true(sluice_gate_admits(&gate, NOW, &at));
	assert_true(sluice_gate_admits(&gate, NOW, &at));
	sluice_gate_shut(&gate, NOW);
	assert_false(sluice_gate_admits(&gate, NOW, &at));
	assert_int_equal(at - NOW, SLUICE_GATE_LEAST_NS);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_tries_for_all),
		cmocka_unit_test(pauses_grow),
		cmocka_unit_test(an_open_gate_admits_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
