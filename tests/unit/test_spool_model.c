// SPDX-License-Identifier: MIT
/*
 * A random model of the spool: whatever is appended, acknowledged and crashed, what was committed
 * and not acknowledged is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool_helper.h"

#define MODEL_STREAMS 3U
#define MODEL_WORDS (1U << 21) /* of 8 bytes, per stream */
#define MODEL_STEPS 12000U

static uint64_t dice_state = 88172645463325252ULL;

/* xorshift64: a number below `most`. */
static uint64_t dice(uint64_t most)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return dice_state % most;
}

/* What the store must know, per stream: what is committed, what is acknowledged, and of that what a
 * checkpoint knows. */
struct model {
	uint64_t appended, committed;
	struct sluice_ranges acked, checkpointed;
};

/* Holds the store against the model: what is committed and not acknowledged (for certain) is there,
 * and nothing else. */
static void compare(struct sluice_spool *spool, struct model *models, bool after_crash)
{
	unsigned int number;

	for (number = 0; number < MODEL_STREAMS; number++) {
		struct sluice_spool_log *log = log_of(spool, number);
		uint8_t *missing = calloc(MODEL_WORDS, 1);
		struct sum sum = {.spool = spool, .number = number, .log = log, .missing = missing};
		struct sluice_range hole = {0};
		uint64_t lacking = 0, at, word;

		assert_non_null(missing);
		for (at = 0;
		     sluice_ranges_hole(&models[number].acked, at, models[number].committed, &hole);
		     at = hole.end)
			for (word = hole.start / 8; word < hole.end / 8; word++)
				missing[word] = 1;
		assert_int_equal(sluice_spool_backlog(spool, log, OUTPUT_A, check_run, &sum), 0);
		for (word = 0; word < models[number].committed / 8; word++)
			lacking += missing[word];
		free(missing);
		assert_int_equal(lacking, 0);
		assert_int_equal(sum.damaged, 0);
		if (!after_crash)
			assert_int_equal(sum.bytes,
					 models[number].committed -
						 sluice_ranges_total(&models[number].acked));
		sluice_spool_put(spool, log);
	}
}

/* The model. */
static void random_histories_lose_nothing(void **state)
{
	struct sluice_spool *spool = open_spool(8);
	struct model models[MODEL_STREAMS] = {0};
	struct sluice_spool_log *logs[MODEL_STREAMS];
	unsigned int step, number, crashes = 0, full = 0;
	uint64_t length, start;

	(void)state;
	for (number = 0; number < MODEL_STREAMS; number++)
		logs[number] = log_of(spool, number);
	for (step = 0; step < MODEL_STEPS; step++) {
		struct model *model;

		number = (unsigned int)dice(MODEL_STREAMS);
		model = &models[number];
		switch (dice(100)) {
		default: /* append */
			length = 8 * (1 + dice(dice(4) ? 400 : 8000));
			if (model->appended + length > (uint64_t)MODEL_WORDS * 8)
				break;
			if (append(spool, logs[number], number, model->appended, (uint32_t)length,
				   1) == -ENOSPC)
				full++;
			else
				model->appended += length;
			break;
		case 50 ... 69:
			assert_int_equal(sluice_spool_commit(spool), 0);
			for (number = 0; number < MODEL_STREAMS; number++)
				models[number].committed = models[number].appended;
			break;
		case 70 ... 92: /* acknowledge something, mostly from the beginning */
			if (!model->committed)
				break;
			start = dice(4) ? sluice_ranges_reach(&model->acked, 0)
					: dice(model->committed / 8) * 8;
			length = 8 * (1 + dice(4000));
			if (start + length > model->committed)
				length = model->committed - start;
			assert_int_equal(sluice_ranges_add(&model->acked, start, start + length),
					 0);
			assert_int_equal(sluice_spool_acknowledge(spool, logs[number], OUTPUT_A,
								  start, start + length),
					 0);
			break;
		case 93 ... 95:
			assert_int_equal(sluice_spool_checkpoint(spool), 0);
			break;
		case 96: /* crash: what was not committed may be lost, what was acknowledged may
			    come back */
			sluice_spool_crash(spool);
			crashes++;
			spool = open_spool(8);
			compare(spool, models, true);
			for (number = 0; number < MODEL_STREAMS; number++) {
				logs[number] = log_of(spool, number);
				models[number].appended = models[number].committed;
				/* The receivers say again what they have. */
				for (start = 0; start < models[number].acked.count; start++)
					assert_int_equal(
						sluice_spool_acknowledge(
							spool, logs[number], OUTPUT_A,
							models[number].acked.list[start].start,
							models[number].acked.list[start].end),
						0);
				/* Frames that were never committed may have survived: they are the
				 * spooler's to forget. */
				assert_int_equal(sluice_spool_acknowledge(
							 spool, logs[number], OUTPUT_A,
							 models[number].committed, UINT64_MAX),
						 0);
			}
			break;
		}
		if (step % 500 == 499) {
			assert_int_equal(sluice_spool_commit(spool), 0);
			for (number = 0; number < MODEL_STREAMS; number++)
				models[number].committed = models[number].appended;
			compare(spool, models, true);
		}
	}
	assert_true(crashes > 50);
	print_message("%u steps, %u crashes, full %u times\n", step, crashes, full);
	for (number = 0; number < MODEL_STREAMS; number++) {
		sluice_ranges_free(&models[number].acked);
		sluice_ranges_free(&models[number].checkpointed);
	}
	sluice_spool_close(spool);
}

/* Runs it. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(random_histories_lose_nothing, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
