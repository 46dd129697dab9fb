// SPDX-License-Identifier: MIT
/*
 * Whose turn it is among priorities: the shares, what workers tell each other, and what a route's
 * GUID says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/output/precedence.h"
#include "lib/guid.h"

#define PORTION 4096U

/* Hands out `total` bytes of two streams that never end, in segments of these sizes; returns how
 * many the lesser got. */
static uint64_t share(size_t portion, uint64_t important, uint64_t lesser, uint64_t total)
{
	struct sluice_share account = {0};
	uint64_t had = 0, given = 0;
	bool is_lesser;

	while (given < total) {
		is_lesser = sluice_share_owes(&account, portion);
		sluice_share_charge(&account, is_lesser, is_lesser ? lesser : important, portion);
		given += is_lesser ? lesser : important;
		had += is_lesser ? lesser : 0;
	}
	return had;
}

/* An eighth, whatever the segments are like: no less, and not much more. */
static void the_lesser_have_an_eighth(void **state)
{
	static const uint64_t sizes[] = {24, 1024, PORTION, 65560, 262144};
	const uint64_t total = 1 << 28;
	size_t one, other;
	uint64_t had;

	(void)state;
	for (one = 0; one < sizeof(sizes) / sizeof(sizes[0]); one++) {
		for (other = 0; other < sizeof(sizes) / sizeof(sizes[0]); other++) {
			had = share(PORTION, sizes[one], sizes[other], total);
			assert_in_range(had, total / 8 - 2UL * 262144, total / 7);
		}
	}
}

/* What nobody wanted is not owed later: one portion, then it is the more important one's turn
 * again. */
static void nobody_saves_up(void **state)
{
	struct sluice_share account = {0};
	unsigned int turn, lesser = 0;

	(void)state;
	assert_false(sluice_share_owes(&account, PORTION));
	for (turn = 0; turn < 1000; turn++)
		sluice_share_charge(&account, false, PORTION, PORTION);
	while (sluice_share_owes(&account, PORTION)) {
		sluice_share_charge(&account, true, PORTION, PORTION);
		lesser++;
	}
	assert_int_equal(lesser, 1);
	/* Nor does one who went on without a right to it pay for ever. */
	for (turn = 0; turn < 1000; turn++)
		sluice_share_charge(&account, true, PORTION, PORTION);
	for (turn = 0; !sluice_share_owes(&account, PORTION); turn++)
		sluice_share_charge(&account, false, PORTION, PORTION);
	assert_in_range(turn, 7, 15);
}

/* Workers tell the most important that waits for each; it matters only if streams differ. */
static void workers_know_of_each_other(void **state)
{
	struct sluice_precedence precedence = {0};
	int one = SLUICE_PRECEDENCE_NONE, other = SLUICE_PRECEDENCE_NONE;

	(void)state;
	sluice_precedence_join(&precedence, 3);
	sluice_precedence_join(&precedence, 3);
	assert_false(sluice_precedence_matters(&precedence));
	sluice_precedence_join(&precedence, 0);
	assert_true(sluice_precedence_matters(&precedence));
	sluice_precedence_part(&precedence, 3);
	assert_true(sluice_precedence_matters(&precedence));
	sluice_precedence_part(&precedence, 3);
	assert_false(sluice_precedence_matters(&precedence));

	assert_int_equal(sluice_precedence_most(&precedence), SLUICE_PRECEDENCE_NONE);
	sluice_precedence_tell(&precedence, &one, 0);
	assert_int_equal(sluice_precedence_most(&precedence), 0);
	sluice_precedence_tell(&precedence, &other, 7);
	sluice_precedence_tell(&precedence, &one, 7);
	sluice_precedence_tell(&precedence, &one, 7);
	sluice_precedence_tell(&precedence, &other, 2);
	assert_int_equal(sluice_precedence_most(&precedence), 7);
	sluice_precedence_tell(&precedence, &one, SLUICE_PRECEDENCE_NONE);
	assert_int_equal(sluice_precedence_most(&precedence), 2);
	sluice_precedence_tell(&precedence, &other, SLUICE_PRECEDENCE_NONE);
	assert_int_equal(sluice_precedence_most(&precedence), SLUICE_PRECEDENCE_NONE);
}

/* A GUID tells what was written into it, and without a priority it stays as it was. */
static void a_guid_tells_its_priority(void **state)
{
	uint8_t guid[16], marked[16];
	unsigned int priority;
	uint32_t number;

	(void)state;
	for (number = 0; number < 1000; number++) {
		assert_int_equal(sluice_guid_derive("route", &number, sizeof(number), guid), 0);
		assert_int_equal(sluice_priority_of(guid), 0);
		for (priority = 0; priority < SLUICE_PRIORITIES; priority++) {
			memcpy(marked, guid, sizeof(guid));
			sluice_priority_mark(marked, priority);
			assert_int_equal(sluice_priority_of(marked), priority);
			assert_int_equal(!memcmp(marked, guid, sizeof(guid)), priority == 0);
		}
		sluice_priority_mark(guid, SLUICE_PRIORITIES);
		assert_int_equal(sluice_priority_of(guid), 0);
	}
	assert_int_equal(sluice_priority_of(NULL), 0);
	sluice_priority_mark(NULL, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lesser_have_an_eighth),
		cmocka_unit_test(nobody_saves_up),
		cmocka_unit_test(workers_know_of_each_other),
		cmocka_unit_test(a_guid_tells_its_priority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
