// SPDX-License-Identifier: MIT
/*
 * How hard records are compressed: harder as long as the network is the limit and there is
 * processor time for it, less when there is none, and not at all when the network is no limit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "daemon/link/compress.h"
#include "lib/clock.h"

/* Looks of a tenth of a second: `full` of 20 find something waiting in the socket. Goes on for
 * `rounds` of them with a worker that is `busy` percent; returns the step then. */
static unsigned int go_on(struct sluice_compress *compress, unsigned int full, unsigned int busy,
			  unsigned int rounds, uint64_t *now)
{
	unsigned int round;

	for (round = 0; round < rounds; round++) {
		*now += 100 * SLUICE_NS_PER_MS;
		compress->samples = 20;
		compress->full = full;
		compress->step = sluice_compress_judge(compress, busy, *now);
		assert_int_equal(compress->samples, 0);
	}
	return compress->step;
}

/* A link that is the limit: a step each time, up to the hardest. */
static void a_slow_link_is_compressed_for(void **state)
{
	struct sluice_compress compress = {.step = 0};
	uint64_t now = 5 * SLUICE_NS_PER_S;

	(void)state;
	assert_int_equal(go_on(&compress, 9, 10, 50, &now), 0);
	assert_int_equal(go_on(&compress, 10, 10, 1, &now), 1);
	assert_int_equal(go_on(&compress, 20, 10, 2, &now), 3);
	assert_int_equal(go_on(&compress, 20, 10, 100, &now), 5);
}

/* A worker that has no time: down to nothing, though the link is the limit. */
static void a_busy_worker_compresses_less(void **state)
{
	struct sluice_compress compress = {.step = 5};
	uint64_t now = 5 * SLUICE_NS_PER_S;

	(void)state;
	assert_int_equal(go_on(&compress, 20, 75, 100, &now), 5);
	assert_int_equal(go_on(&compress, 20, 95, 2, &now), 3);
	assert_int_equal(go_on(&compress, 20, 75, 100, &now), 3);
	assert_int_equal(go_on(&compress, 20, 100, 100, &now), 0);
	assert_int_equal(go_on(&compress, 20, 75, 100, &now), 0);
	assert_int_equal(go_on(&compress, 20, 59, 1, &now), 1);
}

/* A link that was the limit and is none any more: a step down each second. */
static void a_fast_link_is_left_alone(void **state)
{
	struct sluice_compress compress = {.step = 0};
	uint64_t now = 5 * SLUICE_NS_PER_S;

	(void)state;
	assert_int_equal(go_on(&compress, 20, 10, 5, &now), 5);
	assert_int_equal(go_on(&compress, 0, 10, 9, &now), 5);
	assert_int_equal(go_on(&compress, 0, 10, 1, &now), 4);
	assert_int_equal(go_on(&compress, 0, 10, 9, &now), 4);
	assert_int_equal(go_on(&compress, 0, 10, 31, &now), 0);
	/* No look at all is no limit. */
	compress.samples = 0;
	compress.full = 0;
	assert_int_equal(sluice_compress_judge(&compress, 10, now), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_link_is_compressed_for),
		cmocka_unit_test(a_busy_worker_compresses_less),
		cmocka_unit_test(a_fast_link_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
