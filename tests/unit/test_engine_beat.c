// SPDX-License-Identifier: MIT
/*
 * While a worker's sockets keep a beat acknowledgements do not wake it. What must not suffer: they
 * are taken in all the same, at each beat, and the last as soon as ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "engine_helper.h"

#define CONFIG                                                                                   \
	"relay: test\ninputs:\n  - {name: in, port: %u, address: 127.0.0.1, source: socket, "    \
	"outputs: [out]}\noutputs:\n  - {name: out, to: [\"127.0.0.1:%u\"], framing: native, %s" \
	"batch: {bytes: 64k, delay: 2ms}, reconnect: {min: 10ms, max: 50ms}}\nstore: {memory: "  \
	"{size: 8m}}\n"
/* A connection is looked after once a second, whatever happens. Much sooner is by being woken. */
#define SOON_MS 150U
#define TRIES 9U

/* Milliseconds since some time. */
static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits until the destination has so many datagrams acknowledged. Returns milliseconds. */
static uint64_t await_acked(struct sluice_engine *engine, uint64_t acked)
{
	struct sluice_engine_report report;
	uint64_t begun = now_ms(), seen = 0;

	while (seen != acked && now_ms() - begun < 20000) {
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		seen = report.outputs[0].destinations[0].acked;
		sluice_engine_report_free(&report);
		usleep(1000);
	}
	assert_int_equal(seen, acked);
	return now_ms() - begun;
}

/* The receiver is slower than the beat lasts: its last word finds a worker that waits for nothing
 * else. */
static void the_last_acknowledgement_wakes(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	unsigned int soon = 0;
	uint64_t turn;

	(void)state;
	receiver.ack_late = 60;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(CONFIG, port, receiver.port, "");
	for (turn = 1; turn <= TRIES; turn++) {
		send_numbers(port, (turn - 1) * 2000, turn * 2000, 100, SLUICE_FRAMING_NATIVE);
		await(&receiver, turn * 2000);
		soon += await_acked(engine, turn * 2000) < SOON_MS;
	}
	/* By chance of the second's look it would be one of six. */
	assert_in_range(soon, TRIES / 2 + 1, TRIES);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated + receiver.suppressed + receiver.damaged, 0);
	receiver_free(&receiver);
}

/* A rate keeps the beat as well, for a second and whatever the machine does: what is acknowledged
 * meanwhile is heard. */
static void acknowledgements_are_heard_on_the_beat(void **state)
{
	static struct receiver receiver;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	uint64_t looks = 0, heard = 0;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(CONFIG, port, receiver.port, "rate: 10mbit, ");
	send_numbers(port, 0, 1200, 1400, SLUICE_FRAMING_NATIVE);
	/* Three datagrams go at once, every 3.4 ms. */
	while (receiver.delivered < 1100) {
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		heard += report.outputs[0].destinations[0].backlog < UINT64_C(48) * 1416;
		sluice_engine_report_free(&report);
		looks++;
		usleep(5000);
	}
	assert_true(looks > 0);
	/* If nothing but the look each second read them it were one in twelve. */
	assert_in_range(heard * 2, looks, 2 * looks);
	await(&receiver, 1200);
	assert_true(await_acked(engine, 1200) < 20000);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated + receiver.suppressed + receiver.damaged, 0);
	receiver_free(&receiver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_acknowledgement_wakes),
		cmocka_unit_test(acknowledgements_are_heard_on_the_beat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
