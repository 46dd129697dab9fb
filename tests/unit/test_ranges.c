// SPDX-License-Identifier: MIT
/*
 * Range sets against a model that is a plain array of booleans, under random operations; and the
 * ends of the 64-bit world, where the model cannot go.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/ranges.h"

#define WORLD 300U

/* Sorted, no overlap, no touching, nothing empty; and exactly what the model holds. */
static void assert_same(const struct sluice_ranges *set, const bool *model)
{
	uint64_t total = 0;
	size_t index;
	size_t place;

	for (index = 0; index < set->count; index++) {
		assert_true(set->list[index].start < set->list[index].end);
		if (index > 0)
			assert_true(set->list[index - 1].end < set->list[index].start);
	}
	for (place = 0; place < WORLD; place++) {
		total += model[place];
		assert_int_equal(sluice_ranges_covers(set, place, place + 1), model[place]);
	}
	assert_int_equal(sluice_ranges_total(set), total);
}

/* The model's first hole in [start, end). */
static bool model_hole(const bool *model, uint64_t start, uint64_t end, struct sluice_range *hole)
{
	while (start < end && model[start])
		start++;
	if (start >= end)
		return false;
	hole->start = start;
	while (start < end && !model[start])
		start++;
	hole->end = start;
	return true;
}

/* Add, forget, covers, hole and reach, 7,200 times. */
static void random_operations_match_the_model(void **state)
{
	unsigned int round;
	unsigned int step;

	(void)state;
	srandom(20);
	for (round = 0; round < 60; round++) {
		struct sluice_ranges set = {0};
		bool model[WORLD] = {false};

		for (step = 0; step < 120; step++) {
			uint64_t start = (uint64_t)random() % WORLD;
			uint64_t span = (uint64_t)random() % (round % 2 ? 6 : 60);
			uint64_t end = start + span < WORLD ? start + span : WORLD;
			struct sluice_range hole = {0};
			struct sluice_range wanted = {0};
			bool covered = true;
			uint64_t place;

			if (random() % 12 == 0) {
				sluice_ranges_forget(&set, start);
				memset(model, 0, start * sizeof(*model));
			} else {
				assert_int_equal(sluice_ranges_add(&set, start, end), 0);
				for (place = start; place < end; place++)
					model[place] = true;
			}
			assert_same(&set, model);
			start = (uint64_t)random() % WORLD;
			end = start + (uint64_t)random() % (WORLD - start + 1);
			for (place = start; place < end; place++)
				covered = covered && model[place];
			assert_int_equal(sluice_ranges_covers(&set, start, end), covered);
			assert_int_equal(sluice_ranges_hole(&set, start, end, &hole),
					 model_hole(model, start, end, &wanted));
			assert_int_equal(hole.start, wanted.start);
			assert_int_equal(hole.end, wanted.end);
			for (place = start; place < WORLD && model[place]; place++)
				;
			assert_int_equal(sluice_ranges_reach(&set, start), place);
			assert_int_equal(sluice_ranges_around(&set, start, &hole), model[start]);
			if (model[start]) {
				assert_int_equal(hole.end, place);
				assert_true(hole.start <= start &&
					    (hole.start == 0 || !model[hole.start - 1]));
				assert_true(sluice_ranges_covers(&set, hole.start, hole.end));
			}
		}
		sluice_ranges_free(&set);
	}
}

/* Offsets next to 0 and to 2^64. */
static void ends_of_the_world(void **state)
{
	struct sluice_ranges set = {0};
	struct sluice_range hole;

	(void)state;
	assert_int_equal(sluice_ranges_add(&set, UINT64_MAX - 5, UINT64_MAX), 0);
	assert_int_equal(sluice_ranges_add(&set, 0, 1), 0);
	assert_int_equal(set.count, 2);
	assert_true(sluice_ranges_covers(&set, UINT64_MAX - 5, UINT64_MAX));
	assert_true(sluice_ranges_hole(&set, 0, UINT64_MAX, &hole));
	assert_true(hole.start == 1 && hole.end == UINT64_MAX - 5);
	assert_false(sluice_ranges_hole(&set, hole.end, UINT64_MAX, &hole));
	assert_int_equal(sluice_ranges_reach(&set, UINT64_MAX), UINT64_MAX);
	assert_int_equal(sluice_ranges_add(&set, 1, UINT64_MAX - 5), 0);
	assert_int_equal(set.count, 1);
	assert_int_equal(sluice_ranges_total(&set), UINT64_MAX);
	sluice_ranges_forget(&set, UINT64_MAX);
	assert_int_equal(set.count, 0);
	sluice_ranges_free(&set);
}

/* NULL, backwards and empty: an error or nothing, never a crash. */
static void wrong_arguments(void **state)
{
	struct sluice_ranges set = {0};
	struct sluice_range hole;

	(void)state;
	assert_int_equal(sluice_ranges_add(&set, 2, 1), -EINVAL);
	assert_int_equal(sluice_ranges_add(NULL, 1, 2), -EINVAL);
	assert_int_equal(sluice_ranges_add(&set, 2, 2), 0);
	assert_int_equal(set.count, 0);
	assert_true(sluice_ranges_covers(&set, 5, 5));
	assert_false(sluice_ranges_covers(NULL, 5, 6));
	assert_false(sluice_ranges_hole(NULL, 5, 6, &hole));
	assert_false(sluice_ranges_hole(&set, 5, 6, NULL));
	assert_int_equal(sluice_ranges_reach(NULL, 9), 9);
	assert_int_equal(sluice_ranges_total(NULL), 0);
	sluice_ranges_forget(NULL, 1);
	sluice_ranges_forget(&set, 1);
	sluice_ranges_free(NULL);
	sluice_ranges_free(&set);
	sluice_ranges_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_match_the_model),
		cmocka_unit_test(ends_of_the_world),
		cmocka_unit_test(wrong_arguments),
	};

	return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
