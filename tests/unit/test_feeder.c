// SPDX-License-Identifier: MIT
/*
 * Feeders: every record is handed out, acknowledgements come in any order and in any pieces, what a
 * lost connection carried is handed out again first, a successor goes on where the cursor stands.
 * And a random run against a model.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/stream/ring_feeder.h"
#include "ring_helper.h"

#define SPAN ((size_t)64) /* of the datagrams stored here, if nothing else is said */

static const uint8_t one[16] = {1}, two[16] = {2};

/* A ring with `count` records of SPAN bytes and a feeder of output `one` on it. */
static void start(struct sluice_ring *ring, struct sluice_feeder *feeder, unsigned int count)
{
	bool repaired;

	make_ring(ring);
	while (count--)
		assert_true(store(ring, SPAN - 16, (uint8_t)count));
	assert_int_equal(sluice_ring_feeder_open(feeder, ring, one, &repaired), 0);
	assert_false(repaired);
}

/* Takes a segment, which must be [start, end), and lets go of it. Returns its id. */
static uint64_t take(struct sluice_feeder *feeder, struct sluice_carrier *carrier, size_t bytes,
		     uint64_t start_at, uint64_t end)
{
	struct sluice_segment *segment;
	uint64_t id;
	bool again;

	segment = sluice_feeder_take(feeder, bytes, carrier, &id, &again);
	assert_non_null(segment);
	assert_int_equal(segment->start, start_at);
	assert_int_equal(segment->end, end);
	sluice_feeder_unpin(feeder, id);
	return id;
}

/* Acknowledged in another order than sent: the cursor waits for the first. */
static void acknowledgements_come_in_any_order(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;

	(void)state;
	start(&ring, &feeder, 6);
	take(&feeder, &carrier, 2 * SPAN, 0, 128);
	take(&feeder, &carrier, 2 * SPAN, 128, 256);
	take(&feeder, &carrier, 2 * SPAN, 256, 384);
	assert_false(sluice_feeder_has_work(&feeder));
	assert_int_equal(carrier.bytes, 384);
	sluice_feeder_acknowledge(&feeder, 256, 384, false);
	assert_int_equal(sluice_feeder_acked(&feeder), 0);
	assert_int_equal(carrier.bytes, 256);
	sluice_feeder_acknowledge(&feeder, 0, 128, false);
	assert_int_equal(sluice_feeder_acked(&feeder), 128);
	sluice_feeder_acknowledge(&feeder, 0, 256, false);
	assert_int_equal(sluice_feeder_acked(&feeder), 384);
	assert_int_equal(carrier.bytes, 0);
	assert_int_equal(carrier.segments, 0);
	assert_int_equal(carrier.done, 6);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* A segment of which the receiver has told only parts is done when the parts make it whole, in any
 * order. */
static void parts_make_a_whole(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;

	(void)state;
	start(&ring, &feeder, 6);
	take(&feeder, &carrier, 3 * SPAN, 0, 192);
	take(&feeder, &carrier, 3 * SPAN, 192, 384);
	sluice_feeder_acknowledge(&feeder, 64, 256, false);
	assert_int_equal(sluice_feeder_acked(&feeder), 0);
	assert_int_equal(carrier.segments, 2);
	sluice_feeder_acknowledge(&feeder, 256, 384, false);
	assert_int_equal(carrier.segments, 1);
	sluice_feeder_acknowledge(&feeder, 0, 64, false);
	assert_int_equal(sluice_feeder_acked(&feeder), 384);
	assert_int_equal(feeder.known.count, 0);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* What nobody sent cannot be acknowledged; nonsense does nothing. */
static void nonsense_acknowledges_nothing(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;

	(void)state;
	start(&ring, &feeder, 4);
	take(&feeder, &carrier, SPAN, 0, 64);
	sluice_feeder_acknowledge(&feeder, 64, UINT64_MAX, false);
	sluice_feeder_acknowledge(&feeder, 300, 200, false);
	sluice_feeder_acknowledge(&feeder, UINT64_MAX, UINT64_MAX, true);
	assert_int_equal(sluice_feeder_acked(&feeder), 0);
	sluice_feeder_acknowledge(&feeder, 0, UINT64_MAX, false);
	assert_int_equal(sluice_feeder_acked(&feeder), 64);
	take(&feeder, &carrier, SIZE_MAX, 64, 256);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* What was not sent yet nobody can have; what an earlier daemon may have sent it can. */
static void what_was_never_sent_nobody_can_have(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;
	uint64_t id;

	(void)state;
	start(&ring, &feeder, 2);
	assert_true(store(&ring, SPAN - 16, 7));
	assert_true(store(&ring, SPAN - 16, 8));
	assert_true(sluice_feeder_can_have(&feeder, 0, 128));
	assert_false(sluice_feeder_can_have(&feeder, 0, 136));
	assert_false(sluice_feeder_can_have(&feeder, 128, UINT64_MAX));
	assert_false(sluice_feeder_can_have(&feeder, 64, 0));
	take(&feeder, &carrier, 2 * SPAN, 0, 128);
	id = take(&feeder, &carrier, 2 * SPAN, 128, 256);
	/* Taken, and not sent yet: it may still be cut, or go back. */
	assert_false(sluice_feeder_can_have(&feeder, 128, 256));
	assert_true(sluice_feeder_cut(&feeder, id, 192, 1));
	sluice_feeder_sends(&feeder, id);
	assert_true(sluice_feeder_can_have(&feeder, 0, 192));
	assert_false(sluice_feeder_can_have(&feeder, 128, 256));
	sluice_feeder_return_all(&feeder, &carrier);
	assert_true(sluice_feeder_can_have(&feeder, 0, 192));
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* One that waits while what comes behind it was sent: what lies between is no receiver's. */
static void what_waits_between_is_unsent(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;
	uint64_t id;

	(void)state;
	start(&ring, &feeder, 0);
	assert_true(store(&ring, SPAN - 16, 7));
	assert_true(store(&ring, SPAN - 16, 8));
	id = take(&feeder, &carrier, SPAN, 0, 64);
	sluice_feeder_sends(&feeder, take(&feeder, &carrier, SPAN, 64, 128));
	assert_true(sluice_feeder_can_have(&feeder, 64, 128));
	assert_false(sluice_feeder_can_have(&feeder, 0, 128));
	sluice_feeder_sends(&feeder, id);
	assert_true(sluice_feeder_can_have(&feeder, 0, 128));
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* What one connection carried is handed out again, as it was cut, before anything new. */
static void a_lost_connection_gives_back(void **state)
{
	struct sluice_carrier bad = {0}, good = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;
	uint64_t id;
	bool again;

	(void)state;
	start(&ring, &feeder, 8);
	take(&feeder, &bad, SPAN, 0, 64);
	take(&feeder, &good, SPAN, 64, 128);
	take(&feeder, &bad, 2 * SPAN, 128, 256);
	sluice_feeder_acknowledge(&feeder, 64, 128, false);
	assert_int_equal(sluice_feeder_return_all(&feeder, &bad), 3);
	assert_int_equal(bad.bytes, 0);
	assert_int_equal(bad.segments, 0);
	assert_true(sluice_feeder_has_work(&feeder));
	assert_non_null(sluice_feeder_take(&feeder, SPAN, &good, &id, &again));
	assert_true(again);
	assert_int_equal(sluice_feeder_segment(&feeder, id)->start, 0);
	take(&feeder, &good, 1, 128, 256);
	take(&feeder, &good, SPAN, 256, 320);
	/* Late news from the first one: it had got it, after all. */
	sluice_feeder_acknowledge(&feeder, 128, 256, false);
	sluice_feeder_acknowledge(&feeder, 256, 320, false);
	assert_int_equal(sluice_feeder_acked(&feeder), 0);
	/* The first is still being read out of the ring: only then it is done. */
	sluice_feeder_acknowledge(&feeder, 0, 64, false);
	assert_int_equal(sluice_feeder_acked(&feeder), 0);
	sluice_feeder_unpin(&feeder, id);
	assert_int_equal(sluice_feeder_acked(&feeder), 320);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* Acknowledged while it waits to be sent again: it is not. */
static void a_returned_segment_can_be_acknowledged(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;

	(void)state;
	start(&ring, &feeder, 2);
	take(&feeder, &carrier, SIZE_MAX, 0, 128);
	sluice_feeder_return_all(&feeder, &carrier);
	/* Nobody carries the two, so whoever hears of it counts them. */
	assert_int_equal(sluice_feeder_acknowledge(&feeder, 0, 128, true), 2);
	assert_int_equal(carrier.done, 0);
	assert_int_equal(sluice_feeder_acknowledge(&feeder, 0, 128, true), 0);
	assert_false(sluice_feeder_has_work(&feeder));
	assert_int_equal(sluice_feeder_acked(&feeder), 128);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* A plain receiver's segment goes on behind the last datagram that TCP has delivered whole. */
static void the_rest_of_a_segment_is_returned(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;
	uint64_t id;

	(void)state;
	start(&ring, &feeder, 4);
	id = take(&feeder, &carrier, SIZE_MAX, 0, 256);
	sluice_feeder_return(&feeder, id, 192, 1);
	assert_int_equal(sluice_feeder_acked(&feeder), 192);
	assert_int_equal(carrier.bytes, 0);
	take(&feeder, &carrier, SIZE_MAX, 192, 256);
	sluice_feeder_finish(&feeder, id);
	assert_int_equal(sluice_feeder_acked(&feeder), 256);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* Only as much as fits the buffer: the rest is taken next. */
static void a_segment_can_be_shortened(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;
	uint64_t id, other;

	(void)state;
	start(&ring, &feeder, 4);
	id = take(&feeder, &carrier, SIZE_MAX, 0, 256);
	assert_true(sluice_feeder_cut(&feeder, id, 64, 1));
	assert_int_equal(carrier.bytes, 64);
	other = take(&feeder, &carrier, 2 * SPAN, 64, 192);
	assert_false(sluice_feeder_cut(&feeder, id, 32, 1));
	assert_int_equal(sluice_feeder_segment(&feeder, other)->count, 2);
	take(&feeder, &carrier, SIZE_MAX, 192, 256);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* Beyond the limit (a stop) nothing is handed out, though the ring has more. */
static void the_limit_holds(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;

	(void)state;
	start(&ring, &feeder, 4);
	feeder.limit = sluice_ring_head(&ring);
	assert_true(store(&ring, SPAN - 16, 9));
	take(&feeder, &carrier, SIZE_MAX, 0, 256);
	assert_false(sluice_feeder_has_work(&feeder));
	feeder.limit = UINT64_MAX;
	take(&feeder, &carrier, SIZE_MAX, 256, 320);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* A successor begins at the cursor, with the right count of records before it. */
static void a_successor_goes_on_at_the_cursor(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;
	bool repaired;

	(void)state;
	start(&ring, &feeder, 5);
	take(&feeder, &carrier, 3 * SPAN, 0, 192);
	sluice_feeder_acknowledge(&feeder, 0, 192, false);
	feeder.cursor->acked = sluice_feeder_acked(&feeder);
	sluice_ring_feeder_close(&feeder);
	assert_int_equal(sluice_ring_feeder_open(&feeder, &ring, one, &repaired), 0);
	assert_false(repaired);
	assert_int_equal(feeder.taken, 192);
	assert_int_equal(feeder.taken_sequence, 3);
	take(&feeder, &carrier, SIZE_MAX, 192, 320);
	sluice_ring_feeder_close(&feeder);
	/* A cursor in the middle of a record, beyond the head, or before the tail is not believed.
	 */
	sluice_ring_move_tail(&ring, 64);
	{
		static const uint64_t wrong[] = {200, 321, 328, 0, UINT64_MAX - 7};
		size_t number;

		for (number = 0; number < 5; number++) {
			sluice_ring_cursor(&ring, one)->acked = wrong[number];
			assert_int_equal(sluice_ring_feeder_open(&feeder, &ring, one, &repaired),
					 0);
			assert_true(repaired);
			assert_int_equal(feeder.taken, 64);
			assert_int_equal(feeder.taken_sequence, 1);
			sluice_ring_feeder_close(&feeder);
		}
	}
	sluice_ring_destroy(&ring);
}

/* A receiver that has more than the cursor knows (we were killed) does not get it again. */
static void what_the_receiver_has_is_not_sent(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;

	(void)state;
	start(&ring, &feeder, 6);
	sluice_feeder_acknowledge(&feeder, 0, 64, true);
	sluice_feeder_acknowledge(&feeder, 192, 256, true);
	take(&feeder, &carrier, SIZE_MAX, 64, 192);
	take(&feeder, &carrier, SIZE_MAX, 256, 384);
	assert_int_equal(carrier.bytes, 256);
	sluice_feeder_acknowledge(&feeder, 64, 192, false);
	assert_int_equal(sluice_feeder_acked(&feeder), 256);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

/* Two outputs: each gets everything, each in its own time. */
static void outputs_do_not_know_each_other(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder fast, slow;
	struct sluice_ring ring;
	bool repaired;

	(void)state;
	start(&ring, &fast, 4);
	assert_int_equal(sluice_ring_feeder_open(&slow, &ring, two, &repaired), 0);
	take(&fast, &carrier, SIZE_MAX, 0, 256);
	sluice_feeder_acknowledge(&fast, 0, 256, false);
	assert_int_equal(sluice_feeder_acked(&fast), 256);
	assert_int_equal(sluice_feeder_acked(&slow), 0);
	take(&slow, &carrier, SPAN, 0, 64);
	assert_ptr_not_equal(fast.cursor, slow.cursor);
	sluice_ring_feeder_close(&fast);
	sluice_ring_feeder_close(&slow);
	sluice_ring_destroy(&ring);
}

/* So many small segments that the table is full: nothing more is handed out until the first is
 * acknowledged. */
static void a_full_table_waits(void **state)
{
	struct sluice_carrier carrier = {0};
	struct sluice_feeder feeder;
	struct sluice_ring ring;
	unsigned int number;

	(void)state;
	start(&ring, &feeder, 0);
	for (number = 0; number < SLUICE_FEEDER_SEGMENTS; number++) {
		assert_true(store(&ring, 8, 1));
		take(&feeder, &carrier, SIZE_MAX, 24ULL * number, 24ULL * (number + 1));
	}
	assert_true(store(&ring, 8, 1));
	assert_false(sluice_feeder_has_work(&feeder));
	sluice_feeder_acknowledge(&feeder, 24, 48, false);
	assert_false(sluice_feeder_has_work(&feeder));
	sluice_feeder_acknowledge(&feeder, 0, 24, false);
	assert_true(sluice_feeder_has_work(&feeder));
	assert_int_equal(sluice_feeder_return_all(&feeder, &carrier), SLUICE_FEEDER_SEGMENTS - 2);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

#define CARRIERS 3
#define ROUNDS 30000

/*
 * A receiver that keeps what it got by offset, connections that die, acknowledgements of random
 * pieces of what was received: the cursor never passes what was not received, and in the end
 * everything was.
 */
static void random_losses_lose_nothing(void **state)
{
	static uint8_t had[1 << 24]; /* per 8 bytes of stream: received */
	struct sluice_carrier carriers[CARRIERS] = {{0}};
	uint64_t id, acked, start_at, end, total = 0;
	struct sluice_segment *segment;
	struct sluice_feeder feeder;
	struct sluice_ring ring;
	unsigned int round;
	bool again;

	(void)state;
	start(&ring, &feeder, 0);
	for (round = 0; round < ROUNDS || sluice_feeder_acked(&feeder) < sluice_ring_head(&ring);
	     round++) {
		struct sluice_carrier *carrier = &carriers[(unsigned int)random() % CARRIERS];

		if (round < ROUNDS && random() % 2 && store(&ring, (uint32_t)random() % 2000, 1))
			total++;
		segment =
			sluice_feeder_take(&feeder, (size_t)random() % 9000, carrier, &id, &again);
		if (segment) {
			start_at = segment->start;
			end = segment->end;
			assert_true(end <= sluice_ring_head(&ring));
			if (random() % 4) {
				memset(&had[start_at / 8], 1, (size_t)(end - start_at) / 8);
				sluice_feeder_unpin(&feeder, id);
			} else {
				sluice_feeder_return_all(&feeder, carrier);
			}
		}
		/* Acknowledge a run of what was received, from somewhere. */
		acked = sluice_feeder_acked(&feeder);
		start_at = acked + 8 * ((uint64_t)random() % 1500);
		while (start_at < feeder.taken && !had[start_at / 8])
			start_at += 8;
		end = start_at;
		while (end < feeder.taken && had[end / 8] && random() % 400)
			end += 8;
		sluice_feeder_acknowledge(&feeder, start_at, end, false);
		if (!(random() % 50))
			sluice_feeder_return_all(&feeder, carrier);
		acked = sluice_feeder_acked(&feeder);
		sluice_ring_move_tail(&ring, acked);
		if (acked && !had[acked / 8 - 1])
			fail_msg("the cursor passed byte %llu, which nobody has",
				 (unsigned long long)acked - 8);
		assert_true(acked / 8 < sizeof(had) - 10000);
	}
	for (start_at = 0; start_at < sluice_ring_head(&ring); start_at += 8)
		if (!had[start_at / 8])
			fail_msg("byte %llu was never received", (unsigned long long)start_at);
	assert_true(total > 1000);
	assert_int_equal(carriers[0].bytes + carriers[1].bytes + carriers[2].bytes, 0);
	assert_int_equal(carriers[0].segments + carriers[1].segments + carriers[2].segments, 0);
	assert_int_equal(feeder.taken_sequence, total);
	sluice_ring_feeder_close(&feeder);
	sluice_ring_destroy(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acknowledgements_come_in_any_order),
		cmocka_unit_test(parts_make_a_whole),
		cmocka_unit_test(nonsense_acknowledges_nothing),
		cmocka_unit_test(what_was_never_sent_nobody_can_have),
		cmocka_unit_test(what_waits_between_is_unsent),
		cmocka_unit_test(a_lost_connection_gives_back),
		cmocka_unit_test(a_returned_segment_can_be_acknowledged),
		cmocka_unit_test(the_rest_of_a_segment_is_returned),
		cmocka_unit_test(a_segment_can_be_shortened),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(a_successor_goes_on_at_the_cursor),
		cmocka_unit_test(what_the_receiver_has_is_not_sent),
		cmocka_unit_test(outputs_do_not_know_each_other),
		cmocka_unit_test(a_full_table_waits),
		cmocka_unit_test(random_losses_lose_nothing),
	};

	srandom(11);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
