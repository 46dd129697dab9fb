// SPDX-License-Identifier: MIT
/*
 * When a datagram leaves at once with `batch.delay: auto`: at a low rate each, under load none, and
 * soon after a load again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../userd/daemon/source/socket_lone.h"

#define BEGIN (1000 * SLUICE_NS_PER_S)
#define WAIT (SLUICE_NS_PER_MS * 3 / 2)

/*
 * A datagram every `gap_ns` for a second: what is alone is read at once, what is not is read WAIT
 * later together with what came until then. Returns how often there was a wake.
 */
static unsigned int wakes(struct sluice_socket_lone *lone, uint64_t gap_ns)
{
	uint64_t at, read_at, end = BEGIN + SLUICE_NS_PER_S;
	unsigned int count = 0;

	for (at = BEGIN; at < end; at = read_at + gap_ns - (read_at - BEGIN) % gap_ns) {
		read_at = sluice_socket_lone_is_alone(lone, at) ? at : at + WAIT;
		sluice_socket_lone_note(lone, 1 + (read_at - at) / gap_ns, read_at);
		count++;
	}
	return count;
}

/* Up to 1,000 a second each is worth a wake. */
static void few_leave_at_once(void **state)
{
	struct sluice_socket_lone lone = {0};

	(void)state;
	assert_int_equal(wakes(&lone, SLUICE_NS_PER_S), 1);
	lone = (struct sluice_socket_lone){0};
	assert_int_equal(wakes(&lone, 10 * SLUICE_NS_PER_MS), 100);
	lone = (struct sluice_socket_lone){0};
	assert_int_equal(wakes(&lone, SLUICE_NS_PER_MS), 1000);
}

/* Of many a wake serves all that came while it was waited, but for the first few. */
static void many_gather(void **state)
{
	struct sluice_socket_lone lone = {0};
	uint64_t most = SLUICE_NS_PER_S / WAIT + 2ULL * SLUICE_SOCKET_LONE_BURST;

	(void)state;
	assert_in_range(wakes(&lone, 200 * SLUICE_NS_PER_US), 500, most);
	lone = (struct sluice_socket_lone){0};
	assert_in_range(wakes(&lone, 20 * SLUICE_NS_PER_US), 500, most);
	lone = (struct sluice_socket_lone){0};
	assert_in_range(wakes(&lone, 2 * SLUICE_NS_PER_US), 500, most);
}

/* Who was kept waiting finds several together that came one by one: what comes then is alone as
 * before; so after a handful that the sender was late with. */
static void a_stall_is_no_load(void **state)
{
	struct sluice_socket_lone lone = {0};
	uint64_t now = BEGIN + SLUICE_NS_PER_S, number;

	(void)state;
	wakes(&lone, SLUICE_NS_PER_MS);
	for (number = 5; number <= 40; number += 5) {
		now += number * SLUICE_NS_PER_MS;
		sluice_socket_lone_note(&lone, number, now);
		assert_true(sluice_socket_lone_is_alone(&lone, now + SLUICE_NS_PER_MS / 2));
	}
	/* Not so where as many come in each millisecond. */
	for (number = 0; number < 10; number++)
		sluice_socket_lone_note(&lone, 10, now += SLUICE_NS_PER_MS);
	assert_false(sluice_socket_lone_is_alone(&lone, now + SLUICE_NS_PER_MS / 2));
}

/* A load, however great, is forgotten after some milliseconds. */
static void a_load_is_forgotten(void **state)
{
	struct sluice_socket_lone lone = {0};

	(void)state;
	sluice_socket_lone_note(&lone, UINT32_MAX, BEGIN);
	assert_false(sluice_socket_lone_is_alone(&lone, BEGIN + SLUICE_NS_PER_MS));
	assert_false(sluice_socket_lone_is_alone(&lone, BEGIN + 3 * SLUICE_NS_PER_MS));
	assert_true(sluice_socket_lone_is_alone(&lone, BEGIN + SLUICE_SOCKET_LONE_MEMORY *
								       SLUICE_SOCKET_LONE_NS));
	/* A wake that brought nothing is none. */
	sluice_socket_lone_note(&lone, 0, BEGIN + SLUICE_NS_PER_S);
	assert_true(sluice_socket_lone_is_alone(&lone, BEGIN + SLUICE_NS_PER_S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_leave_at_once),
		cmocka_unit_test(many_gather),
		cmocka_unit_test(a_stall_is_no_load),
		cmocka_unit_test(a_load_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
