// SPDX-License-Identifier: MIT
/*
 * Frames that are read ahead: the same comes out as without, whatever becomes of them in between.
 * With the io_uring of this kernel; where it gives none, only the test that needs none says
 * anything, and the others are skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool_helper.h"

#define FRAME 200000U
#define FRAMES 30U
#define AHEAD 6U

static uint8_t *buffers[SLUICE_DISK_AHEAD + 1];

/* Does the kernel read ahead? */
static bool kernel_can(void)
{
	struct sluice_disk_ahead *ahead = sluice_disk_ahead_create();
	bool result = ahead != NULL;

	sluice_disk_ahead_free(ahead);
	return result;
}

/* Real calls, and places to read into. */
static int setup_ahead(void **state)
{
	size_t place;
	int error = setup(state);

	sluice_disk_calls.is_real = true;
	for (place = 0; place <= SLUICE_DISK_AHEAD; place++) {
		buffers[place] = sluice_disk_buffer(SLUICE_SPOOL_READ_ROOM);
		if (!buffers[place])
			return -1;
	}
	return error;
}

/* Gives them back. */
static int teardown_ahead(void **state)
{
	size_t place;

	for (place = 0; place <= SLUICE_DISK_AHEAD; place++)
		free(buffers[place]);
	return teardown(state);
}

/* A store of eight segments with FRAMES frames, which lie in six, and its log. */
static struct sluice_spool *filled(struct sluice_spool_log **result)
{
	struct sluice_spool *spool = open_spool(8);
	struct sluice_spool_log *log = log_of(spool, 0);
	unsigned int number;

	for (number = 0; number < FRAMES; number++)
		assert_int_equal(append(spool, log, 0, (uint64_t)number * FRAME, FRAME, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	*result = log;
	return spool;
}

/* The same for a test that is of no use where the kernel reads nothing ahead. */
static struct sluice_spool *filled_for_ahead(struct sluice_spool_log **log)
{
	if (!kernel_can())
		skip();
	return filled(log);
}

/* Reads frame `number` into `buffer` and compares it, unless it is damaged, which is returned. */
static bool read_frame(struct sluice_spool *spool, struct sluice_spool_log *log,
		       unsigned int number, uint8_t *buffer)
{
	struct sluice_spool_frame frame;
	const uint8_t *payload;
	uint64_t place;

	assert_int_equal(
		sluice_spool_read(spool, log, (uint64_t)number * FRAME, buffer, &frame, &payload),
		0);
	assert_int_equal(frame.offset, (uint64_t)number * FRAME);
	assert_int_equal(frame.span, FRAME);
	for (place = 0; place < FRAME && !frame.is_damaged; place++)
		assert_int_equal(payload[place], pattern(0, frame.offset + place));
	return frame.is_damaged;
}

/* Reads all, AHEAD at a time, of which `begun` are begun. Returns how many are damaged. */
static unsigned int read_all(struct sluice_spool *spool, size_t begun)
{
	struct sluice_spool_log *log = log_of(spool, 0);
	unsigned int number, damaged = 0;

	for (number = 0; number < FRAMES; number++) {
		if (number % AHEAD == 0)
			assert_int_equal(
				sluice_spool_read_ahead(spool, log, (uint64_t)number * FRAME,
							(uint64_t)FRAMES * FRAME, buffers, AHEAD),
				begun);
		damaged += read_frame(spool, log, number, buffers[number % AHEAD]);
	}
	sluice_spool_settle(spool);
	sluice_spool_put(spool, log);
	return damaged;
}

/* More segments than are open at once. */
static void what_is_read_ahead_is_what_was_written(void **state)
{
	struct sluice_spool_log *log;
	struct sluice_spool *spool;

	(void)state;
	spool = filled_for_ahead(&log);
	assert_int_equal(read_all(spool, AHEAD), 0);
	sluice_spool_crash(spool);
	spool = open_spool(8);
	assert_int_equal(read_all(spool, AHEAD), 0);
	sluice_spool_close(spool);
}

/* Nothing is begun, and everything is read. */
static void without_io_uring_one_is_read_after_the_other(void **state)
{
	struct sluice_spool_log *log;
	struct sluice_spool *spool;

	(void)state;
	sluice_disk_calls.is_real = false;
	spool = filled(&log);
	assert_int_equal(read_all(spool, 0), 0);
	sluice_spool_close(spool);
	sluice_disk_calls.is_real = true;
}

/* As many as can be under way; `end` ends it, too; and so does what is not there. */
static void no_more_is_begun_than_can_be(void **state)
{
	struct sluice_spool_log *log;
	struct sluice_spool *spool;

	(void)state;
	spool = filled_for_ahead(&log);
	assert_int_equal(
		sluice_spool_read_ahead(spool, log, 0, UINT64_MAX, buffers, SLUICE_DISK_AHEAD + 1),
		SLUICE_DISK_AHEAD);
	/* Under way are too many for one more. */
	assert_int_equal(sluice_spool_read_ahead(spool, log, 20UL * FRAME, UINT64_MAX,
						 &buffers[SLUICE_DISK_AHEAD], 1),
			 0);
	assert_false(read_frame(spool, log, 0, buffers[0]));
	sluice_spool_settle(spool);
	assert_int_equal(
		sluice_spool_read_ahead(spool, log, 3UL * FRAME + 8, 5UL * FRAME, buffers, AHEAD),
		2);
	sluice_spool_settle(spool);
	assert_int_equal(sluice_spool_read_ahead(spool, log, (uint64_t)(FRAMES - 1) * FRAME,
						 UINT64_MAX, buffers, AHEAD),
			 1);
	sluice_spool_settle(spool);
	assert_int_equal(sluice_spool_read_ahead(spool, log, (uint64_t)FRAMES * FRAME, UINT64_MAX,
						 buffers, AHEAD),
			 0);
	assert_int_equal(sluice_spool_read_ahead(NULL, log, 0, UINT64_MAX, buffers, AHEAD), 0);
	assert_int_equal(sluice_spool_read_ahead(spool, NULL, 0, UINT64_MAX, buffers, AHEAD), 0);
	assert_int_equal(sluice_spool_read_ahead(spool, log, 0, UINT64_MAX, NULL, AHEAD), 0);
	sluice_spool_close(spool);
}

/* A buffer that another frame was read into is no answer. */
static void frames_are_taken_in_any_order(void **state)
{
	struct sluice_spool_log *log;
	struct sluice_spool *spool;
	unsigned int number;

	(void)state;
	spool = filled_for_ahead(&log);
	assert_int_equal(sluice_spool_read_ahead(spool, log, 0, UINT64_MAX, buffers, AHEAD), AHEAD);
	for (number = 0; number < AHEAD; number++)
		assert_false(read_frame(spool, log, 2 * number, buffers[AHEAD - 1 - number]));
	/* Some that nobody asks for when the store is closed. */
	assert_int_equal(sluice_spool_read_ahead(spool, log, 0, UINT64_MAX, buffers, AHEAD), AHEAD);
	sluice_spool_close(spool);
}

/* The one is a GAP, its neighbours are whole; the second time nothing is begun behind it. */
static void a_damaged_frame_stops_nothing(void **state)
{
	struct sluice_spool_figures figures;
	struct sluice_spool_log *log;
	struct sluice_spool *spool;
	unsigned int number;

	(void)state;
	spool = filled_for_ahead(&log);
	flip("segment-000000", 300000, 1);
	assert_int_equal(sluice_spool_read_ahead(spool, log, 0, UINT64_MAX, buffers, AHEAD), AHEAD);
	for (number = 0; number < AHEAD; number++)
		assert_int_equal(read_frame(spool, log, number, buffers[number]), number == 1);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.damaged_frames, 1);
	assert_int_equal(sluice_spool_read_ahead(spool, log, 0, UINT64_MAX, buffers, AHEAD), 1);
	sluice_spool_settle(spool);
	assert_int_equal(sluice_spool_read_ahead(spool, log, FRAME, UINT64_MAX, buffers, AHEAD), 0);
	sluice_spool_close(spool);
}

/* What was read of a segment is not taken for what lies there when it has been used again. */
static void what_a_segment_held_before_is_not_taken(void **state)
{
	struct sluice_spool_log *log;
	struct sluice_spool *spool;
	unsigned int number;

	(void)state;
	spool = filled_for_ahead(&log);
	assert_int_equal(sluice_spool_read_ahead(spool, log, 0, UINT64_MAX, buffers, AHEAD), AHEAD);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, UINT64_MAX), 0);
	/* All eight are used again: frames of the same size at the same places. */
	for (number = FRAMES; number < FRAMES + 38; number++)
		assert_int_equal(append(spool, log, 0, (uint64_t)number * FRAME, FRAME, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	for (number = 0; number < AHEAD; number++)
		assert_false(read_frame(spool, log, FRAMES + 10 + number, buffers[number]));
	sluice_spool_close(spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_read_ahead_is_what_was_written, fresh),
		cmocka_unit_test_setup(without_io_uring_one_is_read_after_the_other, fresh),
		cmocka_unit_test_setup(no_more_is_begun_than_can_be, fresh),
		cmocka_unit_test_setup(frames_are_taken_in_any_order, fresh),
		cmocka_unit_test_setup(a_damaged_frame_stops_nothing, fresh),
		cmocka_unit_test_setup(what_a_segment_held_before_is_not_taken, fresh),
	};

	return cmocka_run_group_tests(tests, setup_ahead, teardown_ahead);
}
