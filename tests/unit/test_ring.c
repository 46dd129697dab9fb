// SPDX-License-Identifier: MIT
/*
 * Rings in user space: what is written is what is read, however it wraps; spans are whole records
 * and their counts are exact, also while the producer writes; a full ring says so; losses are told
 * of in place; a cursor is believed only where a record begins.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/barrier.h"
#include "ring_helper.h"

/* Walks over a span and returns how many records are in it. */
static uint64_t count_records(const struct sluice_ring *ring, const struct sluice_span *span)
{
	uint64_t at = span->start, count = 0;

	while (at < span->end) {
		size_t step =
			sluice_record_step(sluice_ring_at(ring, at), (size_t)(span->end - at));

		assert_true(step > 0);
		at += step;
		count++;
	}
	assert_int_equal(at, span->end);
	return count;
}

/* Sizes that are no ring's are refused. */
static void wrong_sizes_are_refused(void **state)
{
	static const size_t wrong[] = {0,
				       1,
				       SLUICE_RING_SIZE_MIN / 2,
				       SLUICE_RING_SIZE_MIN + 4096,
				       3 * SLUICE_RING_SIZE_MIN,
				       2 * SLUICE_RING_SIZE_MAX};
	struct sluice_ring ring = {0};
	size_t number;

	(void)state;
	for (number = 0; number < sizeof(wrong) / sizeof(wrong[0]); number++)
		assert_int_equal(sluice_ring_create(&ring, wrong[number], test_stream, 1, 0),
				 -EINVAL);
	assert_int_equal(sluice_ring_create(&ring, SLUICE_RING_SIZE_MIN, NULL, 1, 0), -EINVAL);
	sluice_ring_destroy(&ring);
	sluice_ring_destroy(NULL);
}

/* Datagrams of all sizes go through a small ring many times around, and come out as they went in.
 */
static void bytes_survive_wrapping(void **state)
{
	static const uint32_t sizes[] = {0, 1, 7, 8, 9, 17, 1472, 8972, 65507, 65527};
	uint64_t from = 0, sequence = 0;
	struct sluice_record_view view;
	struct sluice_span span;
	struct sluice_ring ring;
	unsigned int number;
	size_t place;

	(void)state;
	make_ring(&ring);
	for (number = 0; number < 3000; number++) {
		uint32_t length = sizes[(unsigned int)random() % 10];

		assert_true(store(&ring, length, (uint8_t)number));
		assert_true(sluice_ring_span(&ring, from, sequence, SIZE_MAX, &span));
		assert_int_equal(span.count, 1);
		assert_int_equal(sluice_record_read(sluice_ring_at(&ring, span.start),
						    (size_t)(span.end - span.start), &view),
				 0);
		assert_int_equal(view.type, SLUICE_RECORD_DATA);
		assert_int_equal(view.input, 3);
		assert_int_equal(view.payload_length, length);
		for (place = 0; place < view.payload_length; place++)
			if (view.payload[place] != (uint8_t)number)
				fail_msg("byte %zu of datagram %u is wrong", place, number);
		from = span.end;
		sequence += span.count;
		sluice_ring_move_tail(&ring, from);
	}
	assert_true(from > 10 * SLUICE_RING_SIZE_MIN);
	assert_int_equal(ring.producer->stored, 3000);
	sluice_ring_destroy(&ring);
}

/* A ring takes records until none fits, and takes one again as soon as one is given back. */
static void a_full_ring_says_so(void **state)
{
	uint64_t stored = 0, sequence;
	struct sluice_span span;
	struct sluice_ring ring;

	(void)state;
	make_ring(&ring);
	while (store(&ring, 1000, 1))
		stored++;
	/* 1,016 bytes a record, and 8 bytes of the ring stay free. */
	assert_int_equal(stored, (SLUICE_RING_SIZE_MIN - 8) / 1016);
	assert_false(store(&ring, 1000, 1));
	assert_true(sluice_ring_room(&ring) < 1016);
	assert_true(sluice_ring_span(&ring, 0, 0, 1016, &span));
	assert_int_equal(span.end, 1016);
	sluice_ring_move_tail(&ring, span.end);
	assert_true(store(&ring, 1000, 2));
	assert_false(store(&ring, 1000, 2));
	assert_int_equal(sluice_ring_locate(&ring, 1016, &sequence), 0);
	assert_int_equal(sequence, 1);
	sluice_ring_destroy(&ring);
}

/* What is put at once is what is reserved, written and committed: the same bytes and counts, also
 * where losses wait to be told of, and where the ring is full. */
static void put_is_reserve_and_commit(void **state)
{
	static const uint32_t sizes[] = {0, 1, 8, 64, 1472, 9000, 65527};
	struct sluice_ring one, other;
	uint8_t bytes[65527];
	unsigned int number, refused = 0;

	(void)state;
	make_ring(&one);
	make_ring(&other);
	for (number = 0; number < 3000; number++) {
		uint32_t length = sizes[(unsigned int)random() % 7];
		bool stored = store(&one, length, (uint8_t)number);
		uint64_t head;

		memset(bytes, (int)(number & 0xff), sizeof(bytes));
		assert_int_equal(sluice_ring_put(&other, 3, (uint8_t)number, bytes, length),
				 stored);
		assert_int_equal(sluice_ring_head(&one), sluice_ring_head(&other));
		assert_int_equal(one.producer->stored, other.producer->stored);
		assert_int_equal(one.producer->stored_bytes, other.producer->stored_bytes);
		assert_int_equal(one.producer->sequence_done, other.producer->sequence_done);
		assert_int_equal(one.producer->gaps, other.producer->gaps);
		if (stored) {
			head = sluice_ring_head(&one) -
			       sluice_record_span((uint32_t)sizeof(struct sluice_record) + length);
			assert_memory_equal(sluice_ring_at(&one, head),
					    sluice_ring_at(&other, head),
					    sizeof(struct sluice_record) + length);
		} else {
			refused++;
			sluice_ring_lose(&one, 3, SLUICE_LOST_RING_FULL, 1, length);
			sluice_ring_lose(&other, 3, SLUICE_LOST_RING_FULL, 1, length);
		}
		if (number % 50 == 49) {
			sluice_ring_move_tail(&one, sluice_ring_head(&one));
			sluice_ring_move_tail(&other, sluice_ring_head(&other));
		}
	}
	assert_true(refused > 0);
	assert_false(sluice_ring_put(&other, 3, 0, bytes, 1U << 16));
	sluice_ring_destroy(&one);
	sluice_ring_destroy(&other);
}

/* A tail that cannot be right does not make room. */
static void a_wrong_tail_is_not_believed(void **state)
{
	struct sluice_ring ring;

	(void)state;
	make_ring(&ring);
	while (store(&ring, 1000, 1))
		;
	ring.consumer->tail = sluice_ring_head(&ring) + 8;
	assert_false(store(&ring, 1000, 1));
	ring.consumer->tail = 1017;
	assert_false(store(&ring, 1000, 1));
	ring.consumer->tail = 1016;
	assert_true(store(&ring, 1000, 1));
	sluice_ring_destroy(&ring);
}

/* What was lost is told of in front of the next datagram, per input and cause, and only once. */
static void losses_are_told_in_place(void **state)
{
	struct sluice_record_view view = {0};
	struct sluice_record_gap gap;
	uint64_t at = 0, told = 0;
	struct sluice_ring ring;
	unsigned int gaps = 0;

	(void)state;
	make_ring(&ring);
	assert_true(store(&ring, 10, 1));
	sluice_ring_lose(&ring, 5, SLUICE_LOST_SOCKET, 3, 0);
	sluice_ring_lose(&ring, 6, SLUICE_LOST_RING_FULL, 1, 100);
	sluice_ring_lose(&ring, 5, SLUICE_LOST_SOCKET, 4, 0);
	assert_true(store(&ring, 10, 2));
	while (at < sluice_ring_head(&ring)) {
		assert_int_equal(sluice_record_read(sluice_ring_at(&ring, at), 4096, &view), 0);
		if (view.type == SLUICE_RECORD_GAP) {
			assert_int_equal(view.payload_length, sizeof(gap));
			memcpy(&gap, view.payload, sizeof(gap));
			assert_int_equal(gap.datagrams, view.input == 5 ? 7 : 1);
			assert_int_equal(gap.cause, view.input == 5 ? SLUICE_LOST_SOCKET
								    : SLUICE_LOST_RING_FULL);
			told += gap.datagrams;
			gaps++;
			assert_true(at > 0);
		}
		at += view.span;
	}
	assert_int_equal(view.type, SLUICE_RECORD_DATA);
	assert_int_equal(gaps, 2);
	assert_int_equal(told, 8);
	assert_int_equal(ring.producer->gaps, 2);
	assert_int_equal(ring.producer->gap_datagrams, 8);
	assert_int_equal(ring.producer->lost[SLUICE_LOST_SOCKET], 7);
	assert_true(sluice_ring_tell(&ring));
	assert_int_equal(ring.producer->gaps, 2);
	sluice_ring_destroy(&ring);
}

/* A gap that finds no room waits for it. */
static void a_gap_waits_for_room(void **state)
{
	struct sluice_ring ring;

	(void)state;
	make_ring(&ring);
	while (store(&ring, 16, 1))
		;
	sluice_ring_lose(&ring, 0, SLUICE_LOST_RING_FULL, 1, 16);
	assert_false(sluice_ring_tell(&ring));
	assert_false(store(&ring, 0, 1));
	sluice_ring_move_tail(&ring, 64);
	assert_true(sluice_ring_tell(&ring));
	assert_int_equal(ring.producer->gaps, 1);
	sluice_ring_destroy(&ring);
}

/* A long backlog is cut by the index: never more than asked for, never less than a record, exact
 * counts. */
static void spans_keep_to_their_size(void **state)
{
	static const size_t most[] = {1, 4096, 65536, 70000, 131072, 200000};
	struct sluice_span span;
	struct sluice_ring ring;
	uint64_t from, sequence;
	unsigned int choice, lap;

	(void)state;
	make_ring(&ring);
	for (lap = 0; lap < 5; lap++) {
		while (store(&ring, (uint32_t)random() % 3000, 1))
			;
		for (choice = 0; choice < 6; choice++) {
			assert_int_equal(
				sluice_ring_locate(&ring, sluice_ring_tail(&ring), &sequence), 0);
			for (from = sluice_ring_tail(&ring);
			     sluice_ring_span(&ring, from, sequence, most[choice], &span);) {
				assert_int_equal(span.start, from);
				assert_int_equal(span.count, count_records(&ring, &span));
				assert_true(span.end - span.start <= most[choice] ||
					    span.count == 1);
				from = span.end;
				sequence += span.count;
			}
			assert_int_equal(from, sluice_ring_head(&ring));
			assert_int_equal(sequence, ring.producer->sequence_done);
		}
		sluice_ring_move_tail(&ring, from);
	}
	sluice_ring_destroy(&ring);
}

/* A record of 65,527 bytes is longer than a block of the index: spans across such ones are right,
 * too. */
static void spans_of_giants_are_whole(void **state)
{
	uint64_t from = 0, sequence = 0;
	struct sluice_span span;
	struct sluice_ring ring;
	unsigned int lap;

	(void)state;
	make_ring(&ring);
	for (lap = 0; lap < 40; lap++) {
		while (store(&ring, random() % 4 ? 65527 : (uint32_t)random() % 100, 1))
			;
		while (sluice_ring_span(&ring, from, sequence, 100000, &span)) {
			assert_int_equal(span.count, count_records(&ring, &span));
			from = span.end;
			sequence += span.count;
		}
		assert_int_equal(from, sluice_ring_head(&ring));
		sluice_ring_move_tail(&ring, from);
	}
	sluice_ring_destroy(&ring);
}

#define CONCURRENT 200000U

/* Producer thread: CONCURRENT numbered datagrams, waiting for room. */
static void *produce(void *argument)
{
	struct sluice_ring *ring = argument;
	unsigned int number;

	for (number = 0; number < CONCURRENT; number++)
		while (!store(ring, number % 200, (uint8_t)number))
			sched_yield();
	return NULL;
}

/* While a producer writes, every span has exactly as many records as it says, and they are the next
 * ones. */
static void counts_are_exact_while_the_producer_writes(void **state)
{
	uint64_t from = 0, sequence = 0, at;
	struct sluice_record_view view;
	struct sluice_span span;
	struct sluice_ring ring;
	pthread_t thread;

	(void)state;
	make_ring(&ring);
	assert_int_equal(pthread_create(&thread, NULL, produce, &ring), 0);
	while (sequence < CONCURRENT) {
		size_t most = random() % 2 ? SIZE_MAX : (size_t)random() % 100000;

		if (!sluice_ring_span(&ring, from, sequence, most, &span)) {
			sched_yield();
			continue;
		}
		for (at = span.start; at < span.end; at += view.span) {
			if (sluice_record_read(sluice_ring_at(&ring, at), (size_t)(span.end - at),
					       &view))
				fail_msg("no record at %llu", (unsigned long long)at);
			if (view.time_ns != (sequence & 0xff) ||
			    view.payload_length != sequence % 200)
				fail_msg("record %llu is another one",
					 (unsigned long long)sequence);
			sequence++;
			span.count--;
		}
		assert_int_equal(span.count, 0);
		from = span.end;
		sluice_ring_move_tail(&ring, from);
	}
	pthread_join(thread, NULL);
	sluice_ring_destroy(&ring);
}

/* The producer is in the middle of a record: that one is neither in the span nor in its count. */
static void a_record_in_the_making_is_not_counted(void **state)
{
	struct sluice_ring_producer *producer;
	struct sluice_span span;
	struct sluice_ring ring;
	uint64_t sequence;

	(void)state;
	make_ring(&ring);
	assert_true(store(&ring, 48, 1));
	assert_true(store(&ring, 48, 1));
	producer = ring.mapping;
	producer->sequence_begun++;
	assert_true(sluice_ring_span(&ring, 0, 0, SIZE_MAX, &span));
	assert_int_equal(span.end, 128);
	assert_int_equal(span.count, 2);
	producer->sequence_begun--;
	assert_int_equal(sluice_ring_locate(&ring, 64, &sequence), 0);
	assert_int_equal(sequence, 1);
	sluice_ring_destroy(&ring);
}

/* locate() knows every boundary and its number, and no other place. */
static void boundaries_are_told_from_other_places(void **state)
{
	uint64_t at, place, sequence, expected;
	struct sluice_ring ring;
	struct sluice_span span;
	unsigned int lap;

	(void)state;
	make_ring(&ring);
	/* More than once around, so that the tail is in the middle. */
	for (lap = 0, at = 0, expected = 0; lap < 3; lap++) {
		while (store(&ring, (uint32_t)random() % 500, 0xff))
			;
		while (lap < 2 && sluice_ring_span(&ring, at, expected, 50000, &span) &&
		       random() % 8) {
			at = span.end;
			expected += span.count;
			sluice_ring_move_tail(&ring, at);
		}
	}
	for (place = at; place <= sluice_ring_head(&ring); place += 8) {
		if (place == at) {
			assert_int_equal(sluice_ring_locate(&ring, place, &sequence), 0);
			assert_int_equal(sequence, expected);
			if (at < sluice_ring_head(&ring))
				at += sluice_record_step(sluice_ring_at(&ring, at), 65536);
			expected++;
		} else {
			assert_int_equal(sluice_ring_locate(&ring, place, &sequence), -EINVAL);
		}
	}
	assert_int_equal(sluice_ring_locate(&ring, sluice_ring_head(&ring) + 8, &sequence),
			 -EINVAL);
	assert_int_equal(sluice_ring_locate(&ring, sluice_ring_tail(&ring) - 8, &sequence),
			 -EINVAL);
	assert_int_equal(sluice_ring_locate(&ring, sluice_ring_tail(&ring) + 1, &sequence),
			 -EINVAL);
	sluice_ring_destroy(&ring);
}

/* Every output has its own slot, found again by its GUID; the tail is the slowest one's, also of an
 * output that nobody named: what waits for it stays. One that lacks nothing holds nothing back, and
 * its slot is free. */
static void cursors_are_found_by_guid(void **state)
{
	static const uint8_t one[16] = {1}, two[16] = {2}, three[16] = {3};
	uint8_t both[2][16] = {{1}, {3}};
	struct sluice_ring_cursor *cursor;
	struct sluice_ring ring;
	unsigned int number;

	(void)state;
	make_ring(&ring);
	for (number = 0; number < 10; number++)
		assert_true(store(&ring, 48, 1)); /* 64 bytes each */
	sluice_ring_cursor(&ring, one)->acked = 256;
	sluice_ring_cursor(&ring, two)->acked = 64;
	sluice_ring_cursor(&ring, three)->acked = 512;
	assert_int_equal(sluice_ring_cursor(&ring, one)->acked, 256);
	assert_int_equal(sluice_ring_held(&ring, (const uint8_t(*)[16])both, 2), 64);
	sluice_ring_release(&ring, (const uint8_t(*)[16])both, 2);
	assert_int_equal(sluice_ring_tail(&ring), 64);
	assert_int_equal(sluice_ring_cursor(&ring, two)->acked, 64);
	sluice_ring_cursor(&ring, two)->acked = 640;
	assert_true(sluice_ring_held(&ring, (const uint8_t(*)[16])both, 2) == UINT64_MAX);
	sluice_ring_release(&ring, (const uint8_t(*)[16])both, 2);
	assert_int_equal(sluice_ring_tail(&ring), 256);
	/* The slot of `two` was freed: it begins anew, at the tail. */
	assert_int_equal(sluice_ring_cursor(&ring, two)->acked, 256);
	for (number = 3; number < SLUICE_RING_CURSORS; number++) {
		uint8_t guid[16] = {0, (uint8_t)number};

		cursor = sluice_ring_cursor(&ring, guid);
		assert_non_null(cursor);
	}
	assert_null(sluice_ring_cursor(&ring, (const uint8_t[16]){9, 9}));
	sluice_ring_destroy(&ring);
}

/* A tail that a broken predecessor left beyond head is put to head. */
static void a_tail_beyond_head_is_mended(void **state)
{
	uint8_t none[1][16] = {{0}};
	struct sluice_ring ring;

	(void)state;
	make_ring(&ring);
	assert_true(store(&ring, 48, 1));
	ring.consumer->tail = 4096;
	sluice_ring_release(&ring, (const uint8_t(*)[16])none, 0);
	assert_int_equal(sluice_ring_tail(&ring), 64);
	sluice_ring_destroy(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_sizes_are_refused),
		cmocka_unit_test(bytes_survive_wrapping),
		cmocka_unit_test(a_full_ring_says_so),
		cmocka_unit_test(put_is_reserve_and_commit),
		cmocka_unit_test(a_wrong_tail_is_not_believed),
		cmocka_unit_test(losses_are_told_in_place),
		cmocka_unit_test(a_gap_waits_for_room),
		cmocka_unit_test(spans_keep_to_their_size),
		cmocka_unit_test(spans_of_giants_are_whole),
		cmocka_unit_test(counts_are_exact_while_the_producer_writes),
		cmocka_unit_test(a_record_in_the_making_is_not_counted),
		cmocka_unit_test(boundaries_are_told_from_other_places),
		cmocka_unit_test(cursors_are_found_by_guid),
		cmocka_unit_test(a_tail_beyond_head_is_mended),
	};

	srandom(3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
