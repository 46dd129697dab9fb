// SPDX-License-Identifier: MIT
/*
 * The sender's clockwork on a clock of the test's own, and the reading of sizes, rates and ports.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "bench/pace.h"
#include "bench/sizes.h"

#define SECOND 1000000000ULL

/* What a simulated run shows. */
struct run {
	uint64_t sent;
	uint64_t largest_burst;
	uint64_t busiest_ms; /* most datagrams begun within one millisecond */
	uint64_t wakes;
};

/* Sends for `span` nanoseconds with a sleeper that wakes `late` nanoseconds late, and once `pause`
 * late. `forgets`: with sluice_pace_forget(). */
static struct run simulate_either(struct sluice_pace *pace, size_t size, uint64_t span,
				  uint64_t late, uint64_t pause, bool forgets)
{
	struct run run = {0};
	uint64_t now = pace->start;
	uint64_t end = now + span;
	uint64_t window = now;
	uint64_t in_window = 0;

	while (now < end) {
		uint64_t wake = sluice_pace_wake(pace, size);
		uint64_t units = pace->units;
		uint64_t burst = 0;

		if (wake > now) {
			now = wake + late;
			if (pause && now > pace->start + span / 2) {
				now += pause;
				pause = 0;
			}
			run.wakes++;
			continue;
		}
		if (forgets)
			sluice_pace_forget(pace, size, now);
		while (burst == 0 || sluice_pace_joins(pace, now, units)) {
			sluice_pace_sent(pace, size);
			burst++;
		}
		if (!forgets || pace->burst)
			sluice_pace_close(pace, now, units);
		if (now - window >= 1000000) {
			window = now;
			in_window = 0;
		}
		in_window += burst;
		if (in_window > run.busiest_ms)
			run.busiest_ms = in_window;
		if (burst > run.largest_burst)
			run.largest_burst = burst;
		run.sent += burst;
	}
	return run;
}

/* The same without it. */
static struct run simulate(struct sluice_pace *pace, size_t size, uint64_t span, uint64_t late,
			   uint64_t pause)
{
	return simulate_either(pace, size, span, late, pause, false);
}

/* A slow rate: one at a time, each at its moment, for an hour without drift. */
static void slow_rates_go_one_by_one(void **state)
{
	struct sluice_pace pace;
	struct run run;

	(void)state;
	sluice_pace_start(&pace, 333, false, 5000);
	run = simulate(&pace, 100, 3600 * SECOND, 70000, 0);
	assert_in_range(run.sent, 333 * 3600 - 1, 333 * 3600 + 1);
	assert_int_equal(run.largest_burst, 1);
}

/* A fast rate: gathered, but never more than a fraction of a millisecond at once, and exact over
 * ten seconds. */
static void fast_rates_are_gathered(void **state)
{
	struct sluice_pace pace;
	struct run run;

	(void)state;
	sluice_pace_start(&pace, 500000, false, 0);
	run = simulate(&pace, 100, 10 * SECOND, 60000, 0);
	assert_in_range(run.sent, 5000000 - 500, 5000000 + 1);
	assert_in_range(run.largest_burst, 2, 500);
	assert_true(run.wakes < 60000);
}

/* Bits count payload: 1400 bytes at 1 Gbit/s are 89,286 a second. */
static void bits_are_payload_bits(void **state)
{
	struct sluice_pace pace;
	struct run run;

	(void)state;
	sluice_pace_start(&pace, 1000000000, true, 0);
	run = simulate(&pace, 1400, 10 * SECOND, 60000, 0);
	assert_in_range(run.sent, 892857 - 100, 892857 + 1);
}

/* The machine stops for 50 ms: what was missed is caught up, at no more than twice the rate and a
 * burst. */
static void oversleeping_makes_no_burst(void **state)
{
	struct sluice_pace pace;
	struct run run;

	(void)state;
	sluice_pace_start(&pace, 100000, false, 0);
	run = simulate(&pace, 100, 2 * SECOND, 60000, 50000000);
	assert_in_range(run.sent, 200000 - 100, 200000 + 1);
	assert_true(run.largest_burst <= 101);
	assert_true(run.busiest_ms <= 2 * 100 + 101);
}

/* The same, forgetting: a burst of what was missed, then the rate; the rest is told. What is only a
 * little late is not lost, nor is anything of a rate below a datagram a burst. */
static void what_was_missed_is_forgotten(void **state)
{
	struct sluice_pace pace;
	struct run run;

	(void)state;
	sluice_pace_start(&pace, 100000, false, 0);
	run = simulate_either(&pace, 100, 2 * SECOND, 60000, 50000000, true);
	assert_in_range(run.sent, 195000, 195200);
	assert_true(run.busiest_ms <= 100 + 101 + 20);
	assert_in_range(pace.missed, 48900000, 50000000);
	sluice_pace_start(&pace, 500000, false, 0);
	run = simulate_either(&pace, 100, 10 * SECOND, 600000, 0, true);
	assert_in_range(run.sent, 5000000 - 500, 5000000 + 1);
	assert_int_equal(pace.missed, 0);
	sluice_pace_start(&pace, 10, false, 0);
	run = simulate_either(&pace, 100, 100 * SECOND, 5000000, 0, true);
	assert_in_range(run.sent, 999, 1000);
	assert_int_equal(pace.missed, 0);
	/* Ten bursts missed: one of them is sent late, the others never; the next in their time. */
	sluice_pace_start_bursts(&pace, 700, 10000000, 0);
	run = simulate_either(&pace, 64, SECOND, 0, 100000000, true);
	assert_int_equal(pace.missed, 100000000);
	assert_int_equal(run.sent, 63000);
	assert_int_equal(run.busiest_ms, 700);
	assert_int_equal(pace.start % 10000000, 0);
}

/* Random times: their mean is the rate's and their standard deviation equals it, as exponentially
 * distributed ones have it; 1 - 1/e of them are below the mean; a seed gives the same ones. */
static void poisson_times_are_exponential(void **state)
{
	const uint64_t count = 200000;
	const uint64_t mean = 50000;
	double squares = 0;
	uint64_t below = 0;
	struct sluice_pace again;
	struct sluice_pace pace;
	uint64_t number;
	uint64_t before;
	struct run run;

	(void)state;
	sluice_pace_start(&pace, 20000, false, 7);
	sluice_pace_make_poisson(&pace, 42);
	sluice_pace_start(&again, 20000, false, 7);
	sluice_pace_make_poisson(&again, 42);
	before = sluice_pace_wake(&pace, 100);
	assert_int_equal(before, 7);
	for (number = 0; number < count; number++) {
		uint64_t next;
		double apart;

		sluice_pace_sent(&pace, 100);
		sluice_pace_sent(&again, 100);
		next = sluice_pace_wake(&pace, 100);
		assert_int_equal(next, sluice_pace_wake(&again, 100));
		below += next - before < mean;
		apart = (double)(next - before) - (double)mean;
		squares += apart * apart;
		before = next;
	}
	/* Six standard errors: 1.4 % of the mean, 2.8 % of the variance and more, 0.65 % of shares.
	 */
	assert_in_range((before - 7) / count, mean * 986 / 1000, mean * 1014 / 1000);
	assert_in_range((uint64_t)(squares / (double)count), mean * mean * 96 / 100,
			mean * mean * 104 / 100);
	assert_in_range(below * 10000 / count, 6321 - 65, 6321 + 65);
	/* Of bits, too; and what is missed is forgotten as with even times. */
	sluice_pace_start(&pace, 80000000, true, 0);
	sluice_pace_make_poisson(&pace, 1);
	run = simulate_either(&pace, 1000, 10 * SECOND, 30000, 50000000, true);
	assert_in_range(run.sent, 98000, 101000);
	assert_in_range(pace.missed, 48000000, 51000000);
	/* Nothing to be random about. */
	sluice_pace_start(&pace, 0, false, 0);
	sluice_pace_make_poisson(&pace, 1);
	assert_int_equal(sluice_pace_wake(&pace, 9), 0);
}

/* A ramp: the rate's integral at each time, up and down, and the last rate behind it. */
static void ramps_go_from_rate_to_rate(void **state)
{
	struct sluice_pace pace;
	struct run run;

	(void)state;
	sluice_pace_start(&pace, 1000, false, 3);
	sluice_pace_make_ramp(&pace, 100000, 10 * SECOND);
	assert_in_range(sluice_pace_duration(&pace, 5950), SECOND - 1000, SECOND + 1000);
	assert_in_range(sluice_pace_duration(&pace, 505000), 10 * SECOND - 10, 10 * SECOND + 10);
	assert_in_range(sluice_pace_duration(&pace, 605000), 11 * SECOND - 10, 11 * SECOND + 10);
	run = simulate_either(&pace, 100, 12 * SECOND, 60000, 0, true);
	assert_in_range(run.sent, 705000 - 100, 705001);
	assert_int_equal(pace.missed, 0);
	sluice_pace_start(&pace, 80000000, true, 0);
	sluice_pace_make_ramp(&pace, 8000000, 2 * SECOND);
	run = simulate_either(&pace, 1000, 4 * SECOND, 60000, 0, true);
	assert_in_range(run.sent, 11000 + 2000 - 10, 11000 + 2001);
	sluice_pace_start(&pace, 1000, false, 0);
	sluice_pace_make_ramp(&pace, 100000, 10 * SECOND);
	sluice_pace_make_poisson(&pace, 5);
	run = simulate_either(&pace, 100, 10 * SECOND, 10000, 0, true);
	assert_in_range(run.sent, 495000, 515000);
}

/* Unpaced: always now, always one more. */
static void unpaced_never_waits(void **state)
{
	struct sluice_pace pace;

	(void)state;
	sluice_pace_start(&pace, 0, false, 77);
	assert_int_equal(sluice_pace_wake(&pace, 9), 0);
	assert_true(sluice_pace_joins(&pace, 77, 0));
	sluice_pace_sent(&pace, 9);
	assert_true(sluice_pace_joins(&pace, 77, 0));
	assert_int_equal(sluice_pace_duration(&pace, 1000), 0);
}

/* Single sizes, ranges, lists; what is no such thing is refused and changes nothing. */
static void sizes_are_read(void **state)
{
	static const char *const bad[] = {"",	    ",",     "1,",   ",1",  "1-",   "-1",
					  "9-8",    "x",     "9:",   ":9",  "9:x",  "9:1:1",
					  "imix,9", "9:1-2", "1,,2", "1 2", "0x10", "1-2-3"};
	struct sluice_sizes sizes;
	unsigned int round;
	size_t index;

	(void)state;
	assert_int_equal(sluice_sizes_parse("0", 65507, &sizes), 0);
	assert_int_equal(sluice_sizes_next(&sizes), 0);
	assert_int_equal(sluice_sizes_parse("64,100-200,1k", 65507, &sizes), 0);
	assert_int_equal(sluice_sizes_least(&sizes), 64);
	assert_int_equal(sluice_sizes_most(&sizes), 1024);
	for (round = 0; round < 1000; round++) {
		assert_int_equal(sluice_sizes_next(&sizes), 64);
		assert_in_range(sluice_sizes_next(&sizes), 100, 200);
		assert_int_equal(sluice_sizes_next(&sizes), 1024);
	}
	assert_int_equal(sluice_sizes_parse("65508", 65507, &sizes), -ERANGE);
	for (index = 0; index < sizeof(bad) / sizeof(bad[0]); index++)
		assert_int_equal(sluice_sizes_parse(bad[index], 65507, &sizes), -EINVAL);
	assert_int_equal(sizes.count, 3);
	assert_int_equal(sluice_sizes_parse(NULL, 1, &sizes), -EINVAL);
}

/* Weights: as often as they say, at random, by the seed; an item without one has 1; IMIX is 7 to 4
 * to 1. */
static void sizes_are_weighted(void **state)
{
	const unsigned int rounds = 120000;
	struct sluice_sizes again;
	struct sluice_sizes sizes;
	unsigned int in_range = 0;
	unsigned int other = 0;
	unsigned int small = 0;
	unsigned int twice = 0;
	uint32_t before = 0;
	unsigned int round;

	(void)state;
	assert_int_equal(sluice_sizes_parse("64:7,500-600:4,1400", 65507, &sizes), 0);
	again = sizes;
	for (round = 0; round < rounds; round++) {
		uint32_t size = sluice_sizes_next(&sizes);

		assert_int_equal(size, sluice_sizes_next(&again));
		small += size == 64;
		in_range += size >= 500 && size <= 600;
		other += size == 1400;
		twice += size == 1400 && before == 1400;
		before = size;
	}
	/* Within six standard errors. */
	assert_in_range(small, 70000 - 1030, 70000 + 1030);
	assert_in_range(in_range, 40000 - 980, 40000 + 980);
	assert_in_range(other, 10000 - 580, 10000 + 580);
	assert_int_equal(small + in_range + other, rounds);
	/* Not in turn: one in 144 pairs. */
	assert_in_range(twice, 833 - 180, 833 + 180);
	assert_int_equal(sluice_sizes_parse("64:0", 65507, &sizes), -ERANGE);
	assert_int_equal(sluice_sizes_parse("64:1000001", 65507, &sizes), -ERANGE);
	assert_int_equal(sluice_sizes_parse("imix", 65507, &sizes), 0);
	for (round = 0, small = 0, other = 0; round < 12; round++) {
		uint32_t size = sluice_sizes_next(&sizes);

		small += size == 32;
		other += size == 1472;
	}
	assert_int_equal(small, 7);
	assert_int_equal(other, 1);
}

/* Bits, datagrams, the two never mixed up. */
static void rates_are_read(void **state)
{
	static const char *const bad[] = {"",  "mbit",	 "pps",	    "kpps",
					  "5", "-5kpps", "maximum", "1.5.5mbit"};
	uint64_t rate = 1;
	bool bits = true;
	size_t index;

	(void)state;
	assert_int_equal(sluice_bench_rate_parse("50kpps", &rate, &bits), 0);
	assert_true(rate == 50000 && !bits);
	assert_int_equal(sluice_bench_rate_parse("2MPPS", &rate, &bits), 0);
	assert_true(rate == 2000000 && !bits);
	assert_int_equal(sluice_bench_rate_parse("700pps", &rate, &bits), 0);
	assert_true(rate == 700 && !bits);
	assert_int_equal(sluice_bench_rate_parse("100mbit", &rate, &bits), 0);
	assert_true(rate == 100000000 && bits);
	assert_int_equal(sluice_bench_rate_parse("max", &rate, &bits), 0);
	assert_true(rate == 0 && !bits);
	assert_int_equal(sluice_bench_rate_parse("0pps", &rate, &bits), -ERANGE);
	for (index = 0; index < sizeof(bad) / sizeof(bad[0]); index++)
		assert_int_equal(sluice_bench_rate_parse(bad[index], &rate, &bits), -EINVAL);
}

/* Ports and ranges of them. */
static void ports_are_read(void **state)
{
	static const char *const bad[] = {"", "1-", "2-1", "a", "1k", "1,,2", "+1"};
	struct sluice_port_span list[SLUICE_PORT_LIST_MAX];
	size_t count = 9;
	size_t index;

	(void)state;
	assert_int_equal(sluice_port_list_parse("6000-6003,7000", list, &count), 0);
	assert_int_equal(count, 2);
	assert_true(list[0].first == 6000 && list[0].last == 6003);
	assert_true(list[1].first == 7000 && list[1].last == 7000);
	assert_int_equal(sluice_port_list_parse("0", list, &count), -ERANGE);
	assert_int_equal(sluice_port_list_parse("65536", list, &count), -ERANGE);
	for (index = 0; index < sizeof(bad) / sizeof(bad[0]); index++)
		assert_int_equal(sluice_port_list_parse(bad[index], list, &count), -EINVAL);
	assert_int_equal(count, 2);
}

/* Bursts: so many at once, each at its moment; a long sleep is not followed by all that was missed
 * at once. */
static void bursts_come_at_their_times(void **state)
{
	struct sluice_pace pace;
	struct run run;

	(void)state;
	sluice_pace_start_bursts(&pace, 700, 10000000, 5000);
	run = simulate(&pace, 64, SECOND, 3000, 0);
	assert_int_equal(run.sent, 70000);
	assert_int_equal(run.largest_burst, 700);
	assert_int_equal(run.busiest_ms, 700);
	/* The sender's buffer holds fewer than a burst: its rest is due at once, the next is not.
	 */
	sluice_pace_start_bursts(&pace, 700, 10000000, 0);
	pace.units = 256;
	sluice_pace_close(&pace, 0, 0);
	assert_int_equal(sluice_pace_wake(&pace, 64), 0);
	pace.units = 700;
	sluice_pace_close(&pace, 0, 512);
	assert_int_equal(sluice_pace_wake(&pace, 64), 10000000);
	sluice_pace_start_bursts(&pace, 700, 10000000, 0);
	run = simulate(&pace, 64, SECOND, 0, 100000000);
	assert_in_range(run.sent, 69300, 70000);
	assert_int_equal(run.busiest_ms, 700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_rates_go_one_by_one),
		cmocka_unit_test(fast_rates_are_gathered),
		cmocka_unit_test(bits_are_payload_bits),
		cmocka_unit_test(oversleeping_makes_no_burst),
		cmocka_unit_test(what_was_missed_is_forgotten),
		cmocka_unit_test(poisson_times_are_exponential),
		cmocka_unit_test(ramps_go_from_rate_to_rate),
		cmocka_unit_test(unpaced_never_waits),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(sizes_are_weighted),
		cmocka_unit_test(rates_are_read),
		cmocka_unit_test(ports_are_read),
		cmocka_unit_test(bursts_come_at_their_times),
	};

	return cmocka_run_group_tests_name("gen pace", tests, NULL, NULL);
}
