// SPDX-License-Identifier: MIT
/*
 * What a search reads of a relay under test: its threads, and what a sluice says that it lost.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <sluice/record.h>
#include "bench/relay_counters.h"
#include "bench/relay_threads.h"
#include "bench/search_relay.h"

/* The losses of all inputs, by cause. */
static void losses_are_added_up(void **state)
{
	uint64_t lost[SLUICE_LOST_CAUSES];

	(void)state;
	assert_int_equal(
		sluice_relay_counters_read("echo '[{\"lost\":{\"socket\":3,\"ring_full\":1}},"
					   "{\"lost\":{\"socket\":4,\"of_tomorrow\":9}}]'",
					   lost),
		0);
	assert_int_equal(lost[SLUICE_LOST_SOCKET], 7);
	assert_int_equal(lost[SLUICE_LOST_RING_FULL], 1);
	assert_int_equal(lost[SLUICE_LOST_DISK], 0);
	assert_int_equal(sluice_relay_counters_read(NULL, lost), 0);
	assert_int_equal(lost[SLUICE_LOST_SOCKET], 0);
}

/* A command that fails, or says something else, is no account of nothing lost. */
static void what_is_no_account_is_refused(void **state)
{
	uint64_t lost[SLUICE_LOST_CAUSES];

	(void)state;
	assert_int_equal(sluice_relay_counters_read("echo '[]'; exit 1", lost), -EPROTO);
	assert_int_equal(sluice_relay_counters_read("echo '{}'", lost), -EPROTO);
	assert_int_equal(sluice_relay_counters_read("echo not JSON", lost), -EPROTO);
}

/* A process that the relay's command started is found, with its name, and its time is told. */
static void threads_of_children_are_found(void **state)
{
	static struct sluice_relay_threads first;
	static struct sluice_relay_threads second;
	pid_t relay = sluice_search_relay_start("awk 'BEGIN { while (1) n++ }' & wait");
	const struct sluice_relay_thread *busy = NULL;
	unsigned int look;
	size_t index;

	(void)state;
	assert_true(relay > 0);
	for (look = 0; look < 1000 && first.count < 2; look++) {
		usleep(10000);
		sluice_relay_threads_read(&first, relay);
	}
	assert_true(first.count >= 2);
	for (look = 0; look < 1000 && (!busy || busy->run_ns < 1000000); look++) {
		usleep(10000);
		sluice_relay_threads_read(&second, relay);
		sluice_relay_threads_since(&second, &first);
		for (index = 0; index < second.count; index++)
			if (strstr(second.thread[index].name, "awk"))
				busy = &second.thread[index];
	}
	assert_non_null(busy);
	assert_true(busy->run_ns >= 1000000);
	assert_int_not_equal(busy->process, relay);
	/* Not what it had used before. */
	sluice_relay_threads_read(&second, relay);
	first = second;
	sluice_relay_threads_since(&second, &first);
	for (index = 0; index < second.count; index++)
		assert_int_equal(second.thread[index].run_ns, 0);
	sluice_search_relay_stop(relay);
	sluice_relay_threads_read(&second, relay);
	assert_int_equal(second.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_are_added_up),
		cmocka_unit_test(what_is_no_account_is_refused),
		cmocka_unit_test(threads_of_children_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
