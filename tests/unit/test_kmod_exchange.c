// SPDX-License-Identifier: MIT
/* Which rule of the module goes on for which when a configuration's rules are exchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "daemon/source/kmod.h"

/* A rule called `guid` for one port. */
static struct sluice_kernel_rule a_rule(uint8_t guid, uint16_t port, uint16_t input)
{
	struct sluice_kernel_rule rule = {.guid = {guid}, .input = input, .port_count = 1};

	rule.ports[0].first = rule.ports[0].last = port;
	return rule;
}

/* An input with another name goes on; one that has another name and other ports does not, nor one
 * that was there before. */
static void test_same_datagrams_go_on(void **state)
{
	struct sluice_kernel_rule now[] = {a_rule(1, 5000, 3), a_rule(2, 5001, 4),
					   a_rule(3, 5002, 5)};
	struct sluice_kernel_rule wanted[] = {a_rule(3, 5001, 0), a_rule(11, 5000, 0),
					      a_rule(12, 5009, 0)};
	bool goes[] = {true, true, false};
	struct sluice_kmod_exchange exchange = {
		.now = now, .now_count = 3, .goes = goes, .wanted = wanted, .wanted_count = 3};

	(void)state;
	sluice_kmod_exchange_continue(&exchange);
	assert_false(wanted[0].continues);
	assert_true(wanted[1].continues);
	assert_int_equal(wanted[1].before[0], 1);
	assert_false(wanted[2].continues);
	assert_int_equal(sluice_kmod_exchange_before(&exchange, &wanted[0])->input, 5);
	assert_int_equal(sluice_kmod_exchange_before(&exchange, &wanted[1])->input, 3);
	assert_null(sluice_kmod_exchange_before(&exchange, &wanted[2]));
}

/* What stays is nobody's predecessor, also another relay's rule that takes the same. */
static void test_what_stays_is_not_continued(void **state)
{
	struct sluice_kernel_rule now[] = {a_rule(1, 5000, 3)};
	struct sluice_kernel_rule wanted[] = {a_rule(2, 5000, 0)};
	bool goes[] = {false};
	struct sluice_kmod_exchange exchange = {
		.now = now, .now_count = 1, .goes = goes, .wanted = wanted, .wanted_count = 1};

	(void)state;
	sluice_kmod_exchange_continue(&exchange);
	assert_false(wanted[0].continues);
}

/* Whatever a rule asks for has to be the same: hook, interface, addresses, every range of ports. */
static void test_every_condition_counts(void **state)
{
	struct sluice_kernel_rule now = a_rule(1, 5000, 3), wanted;
	bool goes = true;
	unsigned int turn;

	(void)state;
	now.destination.family = AF_INET;
	now.destination.length = 32;
	now.destination.address[0] = 10;
	strcpy(now.interface, "eth0");
	for (turn = 0; turn < 7; turn++) {
		struct sluice_kmod_exchange exchange = {.now = &now,
							.now_count = 1,
							.goes = &goes,
							.wanted = &wanted,
							.wanted_count = 1};

		wanted = now;
		wanted.guid[0] = 2;
		wanted.hook = turn == 1 ? SLUICE_HOOK_LOCAL_IN : SLUICE_HOOK_PREROUTING;
		wanted.interface[3] = turn == 2 ? '1' : '0';
		wanted.destination.address[3] = turn == 3;
		wanted.destination.length = turn == 4 ? 31 : 32;
		wanted.source.family = turn == 5 ? AF_INET6 : 0;
		wanted.ports[0].last += turn == 6;
		/* These may change: it is the same input all the same. */
		wanted.verdict = SLUICE_VERDICT_COPY;
		wanted.route[0] = 9;
		sluice_kmod_exchange_continue(&exchange);
		assert_int_equal(wanted.continues, turn == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_datagrams_go_on),
		cmocka_unit_test(test_what_stays_is_not_continued),
		cmocka_unit_test(test_every_condition_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
