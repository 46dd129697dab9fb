// SPDX-License-Identifier: MIT
/*
 * Giving up the oldest segments of a full spool at its limits: marks of a gigabyte, and a disk that
 * fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "drop_helper.h"

/* Marks of a gigabyte but for a little lie beside what is given up: the new ones do not take them
 * in, or nobody could read them. */
static void marks_beyond_a_gigabyte_stay_apart(void **state)
{
	const struct sluice_spool_mark mark = {.count = 77, .cause = SLUICE_LOST_OLDEST};
	struct sluice_spool_frame gaps = {.span = SLUICE_SPOOL_GAPS_SPAN - 4096,
					  .length = sizeof(mark),
					  .count = 77,
					  .type = SLUICE_SPOOL_GAPS};
	struct source source = {.offset = gaps.span};
	struct sluice_spool_figures figures;
	uint8_t guids[2][16];
	struct sight sight;

	(void)state;
	memcpy(guids[0], OUTPUT_A, 16);
	memcpy(guids[1], OUTPUT_B, 16);
	begin(&source);
	/* In a later segment than what comes behind them, which is given up first. */
	while (sluice_spool_serial(source.spool) < 2) {
		assert_int_equal(feed(&source, 240000), 0);
		assert_int_equal(promise(&source), 0);
	}
	assert_int_equal(sluice_spool_append(source.spool, source.log, &gaps, &mark,
					     (const uint8_t(*)[16])guids, 2),
			 0);
	do {
		assert_int_equal(feed(&source, 240000), 0);
		assert_int_equal(promise(&source), 0);
		sluice_spool_figures(source.spool, &figures);
	} while (!figures.dropped_segments);
	sight = view_of(&source, OUTPUT_A);
	free(sight.seen);
	assert_int_equal(sight.received + sight.told, source.sequence + 77);
	assert_true(sight.told > 77);
	sluice_spool_figures(source.spool, &figures);
	assert_int_equal(figures.damaged_frames, 0);
	begin_again(&source);
	sight = view_of(&source, OUTPUT_A);
	free(sight.seen);
	assert_int_equal(sight.received + sight.told, source.sequence + 77);
	sluice_spool_close(source.spool);
}

/* Each call of the disk in turn finds it full, also while something is given up: that costs nothing
 * that was promised. */
static void each_call_may_find_no_room(void **state)
{
	struct source source = {.is_uniform = true};
	struct sluice_spool_figures figures;
	long long calls, call;

	(void)state;
	begin(&source);
	fault.calls = 0;
	/* Five segments are full; from the sixth on something is given up for each. */
	live(&source, 20);
	call = fault.calls;
	sluice_spool_figures(source.spool, &figures);
	assert_int_equal(figures.dropped_segments, 0);
	live(&source, 6);
	calls = fault.calls;
	sluice_spool_figures(source.spool, &figures);
	assert_int_equal(figures.dropped_segments, 2);
	sluice_spool_crash(source.spool);
	for (; call < calls; call++) {
		empty();
		source = (struct source){.is_uniform = true};
		begin(&source);
		fault.calls = 0;
		fault.fail_at = call;
		fault.error = ENOSPC;
		live(&source, 26);
		assert_true(fault.calls > call);
		fault.fail_at = -1;
		nothing_is_missing(&source, 0);
		begin_again(&source);
		nothing_is_missing(&source, 0);
		sluice_spool_crash(source.spool);
	}
}

/* Writes until the store is full, and promises all of it. */
static void fill_up(struct source *source)
{
	while (!feed(source, 240000))
		assert_int_equal(promise(source), 0);
}

/* A disk that fails while a full store learns to drop gets one segment more, not one for each try;
 * that serves when it is in order. */
static void a_failing_disk_gets_one_segment_more(void **state)
{
	struct source source = {.is_uniform = true};
	struct sluice_spool_figures figures;
	unsigned int tries;

	(void)state;
	begin(&source);
	sluice_spool_drop_oldest(source.spool, false);
	fill_up(&source);
	sluice_spool_drop_oldest(source.spool, true);
	fault.fail_at = 0;
	fault.only_sync = true;
	fault.for_ever = true;
	fault.error = EIO;
	for (tries = 0; tries < 20; tries++)
		assert_true(feed(&source, 240000) < 0);
	sluice_spool_figures(source.spool, &figures);
	assert_int_equal(figures.segments, SEGMENTS + 1);
	fault.fail_at = -1;
	for (tries = 0; tries < 3000 && feed(&source, 240000); tries++)
		usleep(10000);
	assert_true(tries < 3000);
	assert_int_equal(promise(&source), 0);
	live(&source, 32);
	nothing_is_missing(&source, 0);
	sluice_spool_figures(source.spool, &figures);
	assert_true(figures.dropped_segments > 0);
	assert_true(figures.segments <= SEGMENTS + 1);
	sluice_spool_close(source.spool);
}

/* A disk that fails leaves a store without room, which is not full: that is told apart, and over
 * when it is written again. */
static void a_failing_disk_is_not_full(void **state)
{
	struct source source = {.is_uniform = true};
	struct sluice_spool_figures figures;
	unsigned int tries;

	(void)state;
	begin(&source);
	sluice_spool_drop_oldest(source.spool, false);
	assert_int_equal(sluice_spool_resting(source.spool), 0);
	fault.fail_at = 0;
	fault.for_ever = true;
	fault.error = EIO;
	for (tries = 0; tries < SEGMENTS; tries++) {
		assert_true(feed(&source, 240000) < 0);
		assert_int_equal(sluice_spool_resting(source.spool), -EIO);
	}
	sluice_spool_figures(source.spool, &figures);
	assert_int_equal(figures.used, 0);
	fault.fail_at = -1;
	/* A write that takes longer than a segment rests finds one. */
	for (tries = 0; tries < 3000 && feed(&source, 240000); tries++) {
		assert_int_equal(sluice_spool_resting(source.spool), -EIO);
		usleep(10000);
	}
	assert_true(tries < 3000);
	assert_int_equal(promise(&source), 0);
	/* It is full when all of them are. */
	for (tries = 0; tries < 3000 && sluice_spool_resting(source.spool); tries++) {
		if (feed(&source, 240000))
			usleep(10000);
		else
			assert_int_equal(promise(&source), 0);
	}
	fill_up(&source);
	assert_int_equal(sluice_spool_resting(source.spool), 0);
	assert_false(sluice_spool_has_room(source.spool, SLUICE_SPOOL_PAYLOAD_MAX));
	nothing_is_missing(&source, 0);
	sluice_spool_close(source.spool);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(marks_beyond_a_gigabyte_stay_apart, fresh),
		cmocka_unit_test_setup(each_call_may_find_no_room, fresh),
		cmocka_unit_test_setup(a_failing_disk_gets_one_segment_more, fresh),
		cmocka_unit_test_setup(a_failing_disk_is_not_full, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
