// SPDX-License-Identifier: MIT
/*
 * The ways of receiving, of which a program in the kernel is one: the same comes out of both, from
 * one configuration to the next, and what there is no room for is counted and told of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "engine_helper.h"
#include "overflow_helper.h"
#include "../../userd/daemon/source/socket_bpf.h"

#define INPUT                                                                                   \
	"relay: test\ninputs:\n  - {name: in, port: %u, source: socket, receive: %s, outputs: " \
	"[out]%s}\n"
#define OUTPUT                                                                               \
	"outputs:\n  - {name: out, to: [\"127.0.0.1:%u\"], framing: native, batch: {bytes: " \
	"64k, delay: 2ms}, reconnect: {min: 10ms, max: 50ms}}\n"
#define STORE "store: {memory: {size: %um}}\nworkers: %u\n"

/* The way in which the first input is received must be `wanted`. */
static void assert_receive(struct sluice_engine *engine, const char *wanted)
{
	struct sluice_engine_report report;

	assert_int_equal(sluice_engine_report(engine, &report), 0);
	assert_string_equal(report.inputs[0].receive, wanted);
	sluice_engine_report_free(&report);
}

/* Stops the engine; the receiver must have got each of `sent` datagrams once. */
static void expect_all(struct sluice_engine *engine, struct receiver *receiver, uint64_t sent)
{
	await(receiver, sent);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(receiver);
	assert_int_equal(receiver->repeated + receiver->damaged + receiver->gaps, 0);
	receiver_free(receiver);
}

/* Small and large ones, with and without addresses in the records. */
static void a_program_takes_everything(void **state)
{
	static const char *const more[] = {"", ", addresses: on", ", from: 127.0.0.0/8"};
	static struct receiver receiver;
	struct sluice_engine *engine;
	unsigned int variant;
	uint16_t port;

	(void)state;
	for (variant = 0; variant < 3; variant++) {
		port = free_port();
		receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
		engine = start_engine(INPUT OUTPUT STORE, port, "bpf", more[variant], receiver.port,
				      16, 2);
		assert_receive(engine, "bpf");
		send_numbers(port, 0, 20000, 100, SLUICE_FRAMING_NATIVE);
		send_numbers(port, 20000, 20200, 60000, SLUICE_FRAMING_NATIVE);
		expect_all(engine, &receiver, 20200);
	}
}

/* Whoever is not wanted does not come in. */
static void a_program_takes_nobody_else(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT OUTPUT STORE, port, "bpf", ", from: 10.0.0.0/8", receiver.port,
			      16, 1);
	send_numbers(port, 0, 1000, 100, SLUICE_FRAMING_NATIVE);
	usleep(100000);
	expect_all(engine, &receiver, 0);
}

/* From one way to the other and back, between datagrams: nothing is lost. */
static void the_way_changes(void **state)
{
	static const char *const ways[] = {"bpf", "calls"};
	static struct receiver receiver;
	struct sluice_engine *engine;
	char *text = NULL, *error = NULL;
	uint16_t port = free_port();
	uint64_t turn;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT OUTPUT STORE, port, "calls", "", receiver.port, 16, 2);
	for (turn = 0; turn < 8; turn++) {
		assert_receive(engine, ways[(turn + 1) % 2]);
		send_numbers(port, turn * 1000, (turn + 1) * 1000, 100, SLUICE_FRAMING_NATIVE);
		assert_true(asprintf(&text, INPUT OUTPUT STORE, port, ways[turn % 2], "",
				     receiver.port, 16, 2) > 0);
		if (sluice_engine_apply(engine, configure(text), NULL, &error))
			fail_msg("%s", error);
		free(text);
	}
	expect_all(engine, &receiver, 8000);
}

/* More workers read, and fewer, between datagrams of forty senders; nothing is lost. */
static void more_and_fewer_read(void **state)
{
	static const unsigned int readers[] = {2, 1, 3, 1, 2, 3};
	static struct receiver receiver;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	char *text = NULL, *error = NULL;
	uint16_t port = free_port();
	uint64_t turn, sender, first;
	unsigned int tries;
	size_t streams;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT OUTPUT STORE, port, "bpf", "", receiver.port, 16, 3);
	for (turn = 0; turn < 6; turn++) {
		for (sender = 0; sender < 40; sender++) {
			first = turn * 1000 + sender * 25;
			send_numbers(port, first, first + 25, 100, SLUICE_FRAMING_NATIVE);
		}
		assert_true(asprintf(&text, "socket: {readers: %u}\n" INPUT OUTPUT STORE,
				     readers[turn], port, "bpf", "", receiver.port, 16, 3) > 0);
		if (sluice_engine_apply(engine, configure(text), NULL, &error))
			fail_msg("%s", error);
		free(text);
		await(&receiver, (turn + 1) * 1000);
		/* Those of before go when they are empty. */
		for (streams = 0, tries = 0; streams != readers[turn] && tries < 500; tries++) {
			assert_int_equal(sluice_engine_report(engine, &report), 0);
			streams = report.stream_count;
			sluice_engine_report_free(&report);
			usleep(10000);
		}
		assert_int_equal(streams, readers[turn]);
	}
	expect_all(engine, &receiver, 6000);
}

/* `auto` is a program where that can be had, and keeps what an input is read with when it comes
 * with a change. */
static void auto_is_the_best_and_stays(void **state)
{
	static const char *const asked[] = {"auto", "bpf", "auto", "calls", "auto", "auto"};
	static const char *const had[] = {"bpf", "bpf", "bpf", "calls", "calls", "calls"};
	static struct receiver receiver;
	struct sluice_engine *engine;
	char *text = NULL, *error = NULL;
	uint16_t port = free_port();
	uint64_t turn;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT OUTPUT STORE, port, "auto", "", receiver.port, 16, 2);
	for (turn = 0; turn < 6; turn++) {
		assert_true(asprintf(&text, INPUT OUTPUT STORE, port, asked[turn],
				     turn % 2 ? ", addresses: on" : "", receiver.port, 16, 2) > 0);
		if (sluice_engine_apply(engine, configure(text), NULL, &error))
			fail_msg("%s", error);
		free(text);
		assert_receive(engine, had[turn]);
		send_numbers(port, turn * 1000, (turn + 1) * 1000, 100, SLUICE_FRAMING_NATIVE);
	}
	expect_all(engine, &receiver, 6000);
}

/* Many workers share what is bounded; who says how large a ring is gets that. */
static void rings_are_bounded(void **state)
{
	struct sluice_config config = {0};

	(void)state;
	assert_int_equal(sluice_socket_bpf_ring_size(&config, 1), 32 << 20);
	assert_int_equal(sluice_socket_bpf_ring_size(&config, 32), 32 << 20);
	assert_int_equal(sluice_socket_bpf_ring_size(&config, 33), 16 << 20);
	assert_int_equal(sluice_socket_bpf_ring_size(&config, 1024), 1 << 20);
	config.socket_readers = 1;
	assert_int_equal(sluice_socket_bpf_ring_size(&config, 1024), 32 << 20);
	config.socket_readers = 64;
	assert_int_equal(sluice_socket_bpf_ring_size(&config, 1024), 4 << 20);
	config.socket_ring = 64 << 20;
	assert_int_equal(sluice_socket_bpf_ring_size(&config, 64), 64 << 20);
}

/* When the ring is full and the program's, too, what is lost is counted, and told of in the stream.
 */
static void overflow_is_counted_and_told(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port(), reserved;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	reserved = receiver.port;
	receiver_stop(&receiver);
	engine = start_engine("socket: {ring: 1m}\n" INPUT OUTPUT STORE, port, "bpf", "", reserved,
			      1, 1);
	expect_overflow(engine, &receiver, port, reserved, 16000, 1000);
}

/* Of two inputs with a port and an output each: the other's port, output and way of reading. */
#define SECOND_INPUT "  - {name: other, port: %u, source: socket, receive: bpf, outputs: [other]}\n"
#define SECOND_OUTPUT                                                                            \
	"  - {name: other, to: [\"127.0.0.1:%u\"], framing: native, batch: {bytes: 64k, delay: " \
	"2ms}, reconnect: {min: 10ms, max: 50ms}}\n"

/* The datagrams of a receiver that is stopped came in the order of their numbers, from `first` to
 * before `end`, but for those that did not come. */
static void assert_in_order(const struct receiver *receiver, uint64_t first, uint64_t end)
{
	uint64_t number, last = 0;

	for (number = first; number < end; number++) {
		if (!receiver->seen[number])
			continue;
		assert_true(receiver->arrived[number] >= last);
		last = receiver->arrived[number];
	}
}

/*
 * The output of one input is down and its ring is full, for long: what comes for it waits, as much
 * as there may be, and the other loses nothing and is not held up. What did not find room is
 * counted as lost at the socket, and what waited is delivered, in order, before what comes later.
 */
static void who_has_no_room_costs_the_other_nothing(void **state)
{
	static struct receiver one, other;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	uint16_t port = free_port(), second = free_port(), down;
	uint64_t lost = 0, round;
	unsigned int tries;

	(void)state;
	receiver_start(&one, SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&other, SLUICE_FRAMING_NATIVE, 0);
	down = one.port;
	receiver_stop(&one);
	receiver_free(&one);
	engine = start_engine("socket: {ring: 1m}\n" INPUT SECOND_INPUT OUTPUT SECOND_OUTPUT STORE,
			      port, "bpf", "", second, down, other.port, 2, 1);
	for (round = 0; round < 20; round++) {
		send_numbers(port, round * 1000, (round + 1) * 1000, 300, SLUICE_FRAMING_NATIVE);
		send_numbers(second, 100000 + round * 100, 100000 + (round + 1) * 100, 300,
			     SLUICE_FRAMING_NATIVE);
		/* While the first cannot deliver at all. */
		await(&other, (round + 1) * 100);
	}
	receiver_start(&one, SLUICE_FRAMING_NATIVE, down);
	for (tries = 0; tries < 200; tries++) {
		usleep(100000);
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		lost = report.inputs[0].counters.lost[SLUICE_LOST_SOCKET];
		if (report.inputs[0].counters.matched >= 20000)
			break;
		sluice_engine_report_free(&report);
	}
	assert_true(tries < 200);
	assert_in_range(lost, 1000, 16000);
	assert_int_equal(report.inputs[0].counters.matched, 20000);
	assert_int_equal(report.inputs[0].counters.stored + lost, 20000);
	assert_int_equal(report.inputs[1].counters.stored, 2000);
	assert_int_equal(report.inputs[1].counters.matched, 2000);
	sluice_engine_report_free(&report);
	/* It takes again. */
	send_numbers(port, 20000, 20500, 300, SLUICE_FRAMING_NATIVE);
	await(&one, 20500 - lost);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&one);
	receiver_stop(&other);
	assert_int_equal(one.repeated + one.damaged + other.repeated + other.damaged, 0);
	assert_int_equal(other.gaps, 0);
	assert_true(one.gaps > 0);
	assert_in_order(&one, 0, 20500);
	assert_in_order(&other, 100000, 102000);
	receiver_free(&one);
	receiver_free(&other);
}

/* Full for good, then taken away by a change: what finds no room counts as lost. */
static void what_is_taken_away_full_is_counted(void **state)
{
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	char *text = NULL, *error = NULL;
	uint16_t port = free_port();
	uint64_t lost;

	(void)state;
	engine = start_engine(INPUT OUTPUT STORE, port, "bpf", "", free_port(), 1, 1);
	send_numbers(port, 0, 4000, 1400, SLUICE_FRAMING_NATIVE);
	usleep(300000);
	assert_true(asprintf(&text, INPUT OUTPUT STORE, port, "calls", "", free_port(), 1, 1) > 0);
	if (sluice_engine_apply(engine, configure(text), NULL, &error))
		fail_msg("%s", error);
	free(text);
	assert_int_equal(sluice_engine_report(engine, &report), 0);
	lost = report.inputs[0].counters.lost[SLUICE_LOST_SOCKET];
	assert_in_range(lost, 1000, 4000);
	assert_int_equal(report.inputs[0].counters.stored + lost, 4000);
	sluice_engine_report_free(&report);
	(void)sluice_engine_stop(engine, 100, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_takes_everything),
		cmocka_unit_test(a_program_takes_nobody_else),
		cmocka_unit_test(the_way_changes),
		cmocka_unit_test(more_and_fewer_read),
		cmocka_unit_test(auto_is_the_best_and_stays),
		cmocka_unit_test(rings_are_bounded),
		cmocka_unit_test(overflow_is_counted_and_told),
		cmocka_unit_test(who_has_no_room_costs_the_other_nothing),
		cmocka_unit_test(what_is_taken_away_full_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
