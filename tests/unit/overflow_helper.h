/* SPDX-License-Identifier: MIT */
/*
 * For tests of the engine whose sockets get more than there is room for, in whatever way they are
 * read. Include cmocka.h first.
 */
#ifndef TESTS_OVERFLOW_HELPER_H
#define TESTS_OVERFLOW_HELPER_H

#include "engine_helper.h"

/*
 * Sends datagrams 0 .. sent - 1 to `port` of an engine whose destination, TCP port `reserved`, is
 * down, then starts the receiver: `least` or more must be lost, counted and told of, and all others
 * delivered once. Stops the engine and frees the receiver.
 */
static inline void expect_overflow(struct sluice_engine *engine, struct receiver *receiver,
				   uint16_t port, uint16_t reserved, uint64_t sent, uint64_t least)
{
	struct sluice_engine_report report;
	unsigned int tries;
	uint64_t lost;

	send_numbers(port, 0, sent, 1400, SLUICE_FRAMING_NATIVE);
	receiver_start(receiver, SLUICE_FRAMING_NATIVE, reserved);
	/* The last losses come with no datagram: they are noticed all the same. */
	for (tries = 0; tries < 200; tries++) {
		usleep(100000);
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		if (report.inputs[0].counters.matched >= sent)
			break;
		sluice_engine_report_free(&report);
	}
	assert_true(tries < 200);
	lost = report.inputs[0].counters.lost[SLUICE_LOST_SOCKET];
	assert_in_range(lost, least, sent);
	assert_int_equal(report.inputs[0].counters.matched, sent);
	assert_int_equal(report.inputs[0].counters.stored + lost, sent);
	assert_int_equal(report.streams[0].counters.matched, sent);
	sluice_engine_report_free(&report);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(receiver);
	assert_int_equal(receiver->delivered, sent - lost);
	assert_true(receiver->gaps > 0);
	assert_int_equal(receiver->repeated + receiver->damaged, 0);
	receiver_free(receiver);
}

#endif /* TESTS_OVERFLOW_HELPER_H */
