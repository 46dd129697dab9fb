// SPDX-License-Identifier: MIT
/*
 * How even a rate is, on a clock of the test's own: workers that wake a little late send as much as
 * the pacer says, whole records only, and in no second whatever goes more or less than 2 % beside
 * the rate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "daemon/link/pace.h"

#define MS 1000000ULL
#define SECOND 1000000000ULL
#define SECONDS 12U
#define WORKERS 2U
#define BATCH 262144U
#define HEADER 64U
#define WRITES 40000U
/* A worker wakes up to a millisecond late, and once in half a second as late as a busy machine
 * makes it. */
#define LATE_NS MS
#define LATER_NS (6 * MS)

/* What went, and when. */
struct sent {
	uint64_t at[WRITES];
	uint64_t bytes[WRITES];
	size_t count;
};

/* The next of a series of numbers that look like chance (xorshift64: Marsaglia, 2003). */
static uint64_t chance(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Notes a write of as many records of `record` bytes as `portion` holds, one at least. Returns its
 * bytes. */
static size_t put(struct sent *sent, uint64_t now, size_t portion, size_t record)
{
	size_t bytes = HEADER + (portion < record ? record : portion / record * record);

	assert_true(sent->count < WRITES);
	sent->at[sent->count] = now;
	sent->bytes[sent->count++] = bytes;
	return bytes;
}

/* Lets workers that always have something send for SECONDS at `rate` bits a second. */
static void run(uint64_t rate, size_t record, struct sent *sent)
{
	struct sluice_pacer pacer = {0};
	uint64_t wakes[WORKERS], now = 100 * SECOND, end = now + SECONDS * SECOND;
	uint64_t state = 1 + rate + record, paused = now;
	size_t worker, next;

	sent->count = 0;
	sluice_pacer_set(&pacer, rate);
	for (worker = 0; worker < WORKERS; worker++)
		wakes[worker] = now;
	while (now < end) {
		for (next = 0, worker = 1; worker < WORKERS; worker++)
			if (wakes[worker] < wakes[next])
				next = worker;
		now = wakes[next];
		while (sluice_pacer_due(&pacer) <= now)
			sluice_pacer_charge(
				&pacer, put(sent, now, sluice_pacer_portion(&pacer, BATCH), record),
				now);
		wakes[next] = sluice_pacer_due(&pacer) + chance(&state) % LATE_NS;
		/* All of them, as when the machine is busy. */
		if (now - paused < SECOND / 2)
			continue;
		paused = now;
		for (worker = 0; worker < WORKERS; worker++)
			wakes[worker] += LATER_NS - LATE_NS;
	}
}

/* The least and the most that came within a second, wherever that begins: bits. The first 100 ms
 * are left out: what may go at once after a silence. */
static void judge(const struct sent *sent, uint64_t *least, uint64_t *most)
{
	uint64_t begin = sent->at[0] + 100 * MS, end = sent->at[sent->count - 1], inside = 0;
	size_t from, to = 0;

	*least = UINT64_MAX;
	*most = 0;
	for (from = 0; from < sent->count; from++) {
		for (; to < sent->count && sent->at[to] < sent->at[from] + SECOND; to++)
			inside += sent->bytes[to];
		if (sent->at[from] >= begin && sent->at[from] + SECOND <= end) {
			/* A second that begins with this write, and one that begins just behind it.
			 */
			if (inside * 8 > *most)
				*most = inside * 8;
			if ((inside - sent->bytes[from]) * 8 < *least)
				*least = (inside - sent->bytes[from]) * 8;
		}
		inside -= sent->bytes[from];
	}
}

/* See the head of this file. */
static void a_second_is_right(void **state)
{
	static const uint64_t rates[] = {1000000, 1500000,  2000000,  3000000,	 5000000,  8000000,
					 8200000, 10000000, 20000000, 100000000, 900000000};
	static const size_t records[] = {88, 256, 1064};
	static struct sent sent;
	uint64_t least, most;
	size_t rate, record;

	(void)state;
	for (rate = 0; rate < sizeof(rates) / sizeof(rates[0]); rate++) {
		for (record = 0; record < sizeof(records) / sizeof(records[0]); record++) {
			run(rates[rate], records[record], &sent);
			judge(&sent, &least, &most);
			print_message("%9llu bit/s, records of %4zu: %.4f to %.4f, %zu writes\n",
				      (unsigned long long)rates[rate], records[record],
				      (double)least / (double)rates[rate],
				      (double)most / (double)rates[rate], sent.count / SECONDS);
			assert_in_range(least, rates[rate] * 98 / 100, rates[rate]);
			assert_in_range(most, rates[rate], rates[rate] * 102 / 100);
		}
	}
}

/* Whatever the rate there is a portion, no more than was asked for; where it costs nothing in
 * evenness it fills TCP's segments. */
static void a_portion_is_never_nothing(void **state)
{
	struct sluice_pacer pacer = {0};
	uint64_t rate;

	(void)state;
	assert_int_equal(sluice_pacer_portion(&pacer, BATCH), BATCH);
	assert_int_equal(sluice_pacer_portion(&pacer, SIZE_MAX), SIZE_MAX);
	for (rate = 1; rate < UINT64_C(1) << 50; rate *= 2) {
		sluice_pacer_set(&pacer, rate);
		assert_in_range(sluice_pacer_portion(&pacer, BATCH), 1, BATCH);
		assert_int_equal(sluice_pacer_portion(&pacer, 1), 1);
		if (rate > 6000000)
			assert_in_range(sluice_pacer_portion(&pacer, BATCH), 4096, BATCH);
	}
}

/* After a silence, however long, no more goes at once than a late worker may make up for. */
static void a_silence_is_not_saved_up(void **state)
{
	struct sluice_pacer pacer = {0};
	uint64_t now = 100 * SECOND, bits = 0;

	(void)state;
	sluice_pacer_set(&pacer, 10000000);
	sluice_pacer_charge(&pacer, 1, now);
	for (now += 3600 * SECOND; sluice_pacer_due(&pacer) <= now; bits += 8000)
		sluice_pacer_charge(&pacer, 1000, now);
	assert_in_range(bits, 8000, 108000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_is_right),
		cmocka_unit_test(a_portion_is_never_nothing),
		cmocka_unit_test(a_silence_is_not_saved_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
