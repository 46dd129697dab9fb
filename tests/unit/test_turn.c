// SPDX-License-Identifier: MIT
/*
 * Which stream an output of one worker takes from while something more important waits in another:
 * who has a turn, and for how long it stands back. Of outputs and feeders there is only what the
 * choice looks at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "daemon/output/output.h"
#include "daemon/stream/stream.h"

#define FEEDERS 3U
#define PORTION 65536U
#define MS 1000000ULL

/* A worker's half of an output, and what another worker says. */
struct bed {
	struct sluice_stream streams[FEEDERS];
	struct sluice_feeder feeders[FEEDERS];
	struct sluice_feeder *list[FEEDERS];
	struct sluice_precedence shared;
	struct sluice_pacer pacer;
	struct sluice_output output;
	int other; /* what it told last */
	uint64_t now;
};

/* An origin that always has something, in the order of the streams. */
static bool always(const struct sluice_feeder *feeder)
{
	(void)feeder;
	return true;
}

static const struct sluice_origin origin = {
	.is_ring = true, .has_work = always, .keeps_younger = always, .respects_older = always};

/* A half whose streams have `priorities` and always something; another worker has something of
 * priority 7 that waits. `rate`: of the output, bits a second, 0 for none. */
static struct bed *make(const unsigned int *priorities, uint64_t rate)
{
	static struct bed bed;
	size_t number;

	memset(&bed, 0, sizeof(bed));
	for (number = 0; number < FEEDERS; number++) {
		bed.streams[number].priority = priorities[number];
		bed.feeders[number].stream = &bed.streams[number];
		bed.feeders[number].origin = &origin;
		bed.list[number] = &bed.feeders[number];
	}
	bed.other = SLUICE_PRECEDENCE_NONE;
	sluice_precedence_tell(&bed.shared, &bed.other, 7);
	bed.now = 1000 * MS;
	sluice_pacer_set(&bed.pacer, rate);
	sluice_pacer_charge(&bed.pacer, 1, 1);
	bed.output = (struct sluice_output){.group = {.feeders = bed.list,
						      .feeder_count = FEEDERS,
						      .pacer = &bed.pacer,
						      .batch_bytes = PORTION},
					    .precedence = &bed.shared,
					    .told = SLUICE_PRECEDENCE_NONE};
	return &bed;
}

/* Takes a portion if it is our turn: the number of the feeder, or FEEDERS if not. */
static size_t turn(struct bed *bed)
{
	uint64_t due = 0;
	struct sluice_feeder *feeder = sluice_output_pick(&bed->output, false, bed->now, &due);

	if (!feeder) {
		assert_true(due > bed->now);
		return FEEDERS;
	}
	sluice_output_account(&bed->output, PORTION);
	return (size_t)(feeder - bed->feeders);
}

/* The other worker sends a portion of what is more important. */
static void other_sends(struct bed *bed)
{
	sluice_share_charge(&bed->shared.share, false, PORTION, PORTION);
}

/* The share that is left goes round, among lesser and least as among equals. */
static void check_round(const unsigned int *priorities)
{
	struct bed *bed = make(priorities, 1000000000);
	size_t had[FEEDERS + 1] = {0}, round;

	for (round = 0; round < 8UL * 30; round++) {
		other_sends(bed);
		bed->now += MS;
		had[turn(bed)]++;
	}
	for (round = 0; round < FEEDERS; round++)
		assert_in_range(had[round], 10, 12);
}

/* See above. */
static void the_share_goes_round(void **state)
{
	(void)state;
	check_round((const unsigned int[FEEDERS]){5, 0, 3});
	check_round((const unsigned int[FEEDERS]){0, 0, 0});
}

/* What waits elsewhere and does not move is waited for once, not before each portion; when it moves
 * it has precedence again. */
static void one_that_is_stuck_is_not_waited_for(void **state)
{
	struct bed *bed = make((const unsigned int[FEEDERS]){1, 0, 0}, 1000000000);
	unsigned int waited = 0, round;

	(void)state;
	for (; turn(bed) == FEEDERS; waited++)
		bed->now += MS;
	assert_in_range(waited, 50, 150);
	for (round = 0; round < 100; round++) {
		bed->now += MS;
		assert_int_not_equal(turn(bed), FEEDERS);
	}
	other_sends(bed);
	assert_int_equal(turn(bed), FEEDERS);
}

/* While the rate lets nobody go nobody is late. */
static void the_rate_is_no_reason_to_go_on(void **state)
{
	struct bed *bed = make((const unsigned int[FEEDERS]){1, 0, 0}, 100000);
	unsigned int round;

	(void)state;
	for (round = 0; round < 5; round++) {
		/* The other one sends as soon as it may, and the rate lets nothing go for 328 ms.
		 */
		sluice_pacer_charge(&bed->pacer, 4096, bed->now);
		assert_int_equal(turn(bed), FEEDERS);
		bed->now += 328 * MS;
		assert_int_equal(turn(bed), FEEDERS);
	}
}

/* Without a rate each worker does for its own connections what it can; in it the important go
 * first. */
static void without_a_rate_workers_are_on_their_own(void **state)
{
	struct bed *bed = make((const unsigned int[FEEDERS]){0, 5, 0}, 0);
	size_t had[FEEDERS + 1] = {0}, round;

	(void)state;
	for (round = 0; round < 160; round++)
		had[turn(bed)]++;
	assert_int_equal(had[FEEDERS], 0);
	assert_in_range(had[1], 135, 145);
	assert_in_range(had[0], 8, 12);
	assert_in_range(had[2], 8, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_share_goes_round),
		cmocka_unit_test(one_that_is_stuck_is_not_waited_for),
		cmocka_unit_test(the_rate_is_no_reason_to_go_on),
		cmocka_unit_test(without_a_rate_workers_are_on_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
