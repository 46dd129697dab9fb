// SPDX-License-Identifier: MIT
/*
 * Who gets what: weights, balance, flows, copies, standbys, rates, on loopback with the socket
 * source. In all of it every datagram arrives where it should, once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "engine_helper.h"

#define INPUT                                                                                 \
	"relay: test\ninputs:\n  - {name: in, port: %u, address: 127.0.0.1, source: socket, " \
	"outputs: [out]}\noutputs:\n"
#define OUTPUT(mode, framing, batch)                                                  \
	"  - {name: out, mode: " mode ", framing: " framing ", batch: {bytes: " batch \
	", delay: 1ms}, reconnect: {min: 10ms, max: 50ms}, to: "
#define TAIL "}\nstore: {memory: {size: 8m}}\nworkers: %u\n"

/* Waits until the receivers have `count` datagrams together, at most 20 seconds. */
static void await_all(const struct receiver *list, size_t receivers, uint64_t count)
{
	uint64_t sum = 0;
	unsigned int tries;
	size_t number;

	for (tries = 0; tries < 20000; tries++) {
		for (sum = 0, number = 0; number < receivers; number++)
			sum += list[number].delivered;
		if (sum >= count)
			break;
		usleep(1000);
	}
	assert_int_equal(sum, count);
	for (number = 0; number < receivers; number++)
		assert_int_equal(list[number].repeated + list[number].damaged + list[number].gaps,
				 0);
}

/* Stops `engine`, which has nothing left to deliver, and the receivers. */
static void end(struct sluice_engine *engine, struct receiver *list, size_t receivers)
{
	size_t number;

	assert_int_equal(sluice_engine_stop(engine, 10000, NULL), 0);
	for (number = 0; number < receivers; number++)
		if (!list[number].stop)
			receiver_stop(&list[number]);
	for (number = 0; number < receivers; number++)
		receiver_free(&list[number]);
}

/* Waits until `count` destinations are connected. */
static void await_connected(struct sluice_engine *engine, size_t count)
{
	struct sluice_engine_report report;
	size_t connected, output, place;
	unsigned int tries;

	for (tries = 0; tries < 5000; tries++) {
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		for (connected = 0, output = 0; output < report.output_count; output++)
			for (place = 0; place < report.outputs[output].destination_count; place++)
				connected +=
					!strcmp(report.outputs[output].destinations[place].state,
						"connected");
		sluice_engine_report_free(&report);
		if (connected == count)
			return;
		usleep(2000);
	}
	fail_msg("%zu destinations are connected, not %zu", connected, count);
}

/* Applies the configuration that the arguments make. */
static void apply(struct sluice_engine *engine, const char *format, ...)
{
	char *text = NULL, *error = NULL;
	va_list list;

	va_start(list, format);
	assert_true(vasprintf(&text, format, list) > 0);
	va_end(list);
	if (sluice_engine_apply(engine, configure(text), NULL, &error))
		fail_msg("%s", error);
	free(text);
}

/* In turn, by weight. */
static void weights_are_kept(void **state)
{
	static struct receiver all[2];
	struct sluice_engine *engine;
	uint16_t port = free_port();

	(void)state;
	receiver_start(&all[0], SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&all[1], SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(
		INPUT OUTPUT(
			"round-robin", "native",
			"4k") "[{address: \"127.0.0.1:%u\", weight: 4}, \"127.0.0.1:%u\"]" TAIL,
		port, all[0].port, all[1].port, 1U);
	await_connected(engine, 2);
	send_numbers(port, 0, 4000, 1000, SLUICE_FRAMING_NATIVE);
	await_all(all, 2, 4000);
	assert_in_range(all[0].delivered, 2800, 3600);
	end(engine, all, 2);
}

/* A slow destination gets less, and holds nobody up. */
static void balance_spares_the_slow(void **state)
{
	static struct receiver all[2];
	struct sluice_engine *engine;
	uint16_t port = free_port();

	(void)state;
	receiver_start(&all[0], SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&all[1], SLUICE_FRAMING_NATIVE, 0);
	all[1].slow_us = 40000; /* 0.75 MB/s */
	engine = start_engine(INPUT OUTPUT("balance", "native",
					   "16k") "[\"127.0.0.1:%u\", \"127.0.0.1:%u\"]" TAIL,
			      port, all[0].port, all[1].port, 1U);
	await_connected(engine, 2);
	send_numbers(port, 0, 12000, 1400, SLUICE_FRAMING_NATIVE);
	await_all(all, 2, 12000);
	assert_true(all[0].delivered > 2 * all[1].delivered);
	assert_true(all[1].delivered > 0);
	end(engine, all, 2);
}

#define FLOWS 40U
#define EACH 50U

/* Sends EACH datagrams of every flow by its own socket, the flows mixed; the numbers begin at
 * `first`. */
static void send_flows(const int *sockets, uint16_t port, uint64_t first,
		       enum sluice_framing framing)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(port)};
	static uint8_t payload[64];
	uint64_t number, turn, flow;
	size_t place;

	for (turn = 0; turn < EACH; turn++) {
		for (flow = 0; flow < FLOWS; flow++) {
			number = first + flow * EACH + turn;
			for (place = 0; place < sizeof(payload); place++)
				payload[place] = pattern(number, place);
			if (framing == SLUICE_FRAMING_NATIVE) {
				memcpy(payload, &number, 8);
			} else {
				memset(payload, 'x', sizeof(payload));
				place = (size_t)sprintf((char *)payload, "%llu ",
							(unsigned long long)number);
				payload[place] = 'x';
			}
			assert_int_equal(sendto(sockets[flow], payload, sizeof(payload), 0,
						(struct sockaddr *)&address, sizeof(address)),
					 sizeof(payload));
		}
		usleep(1000);
	}
}

/* Which receiver has all of the flow whose numbers begin at `first`; fails if it is not one. */
static size_t owner_of(const struct receiver *all, size_t receivers, uint64_t first)
{
	size_t number, owner = receivers, place;

	for (number = 0; number < receivers; number++) {
		for (place = 0; place < EACH; place++) {
			if (!all[number].seen[first + place])
				continue;
			if (owner != receivers && owner != number)
				fail_msg("flow at %llu went to two destinations",
					 (unsigned long long)first);
			owner = number;
		}
	}
	assert_true(owner < receivers);
	return owner;
}

/* Every flow goes to one destination; when one leaves, its flows move and the others stay. */
static void flows_stay_together(const char *format, enum sluice_framing framing)
{
	static struct receiver all[3];
	struct sluice_engine *engine;
	uint16_t port = free_port();
	int sockets[FLOWS];
	size_t flow, number, before, after, used[3] = {0};

	for (number = 0; number < 3; number++)
		receiver_start(&all[number], framing, 0);
	for (flow = 0; flow < FLOWS; flow++)
		sockets[flow] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	engine = start_engine(format, port, all[0].port, all[1].port, all[2].port, 2U);
	await_connected(engine, 3);
	send_flows(sockets, port, 0, framing);
	await_all(all, 3, (uint64_t)FLOWS * EACH);
	for (flow = 0; flow < FLOWS; flow++)
		used[owner_of(all, 3, flow * EACH)]++;
	for (number = 0; number < 3; number++)
		assert_true(used[number] > 0);
	/* All is acknowledged to a native relay soon; a plain one needs a look at TCP. */
	usleep(150000);
	receiver_stop(&all[1]);
	await_connected(engine, 2);
	send_flows(sockets, port, (uint64_t)FLOWS * EACH, framing);
	await_all(all, 3, 2ULL * FLOWS * EACH);
	for (flow = 0; flow < FLOWS; flow++) {
		before = owner_of(all, 3, flow * EACH);
		after = owner_of(all, 3, (FLOWS + flow) * EACH);
		assert_true(before == 1 ? after != 1 : after == before);
	}
	for (flow = 0; flow < FLOWS; flow++)
		close(sockets[flow]);
	end(engine, all, 3);
}

#define THREE "[\"127.0.0.1:%u\", \"127.0.0.1:%u\", \"127.0.0.1:%u\"]"

/* Native: runs of records, each a frame. */
static void flows_stay_together_native(void **state)
{
	(void)state;
	flows_stay_together(INPUT OUTPUT("hash", "native", "64k") THREE TAIL,
			    SLUICE_FRAMING_NATIVE);
}

/* Plain framings: many runs to a write. */
static void flows_stay_together_plain(void **state)
{
	(void)state;
	flows_stay_together(INPUT OUTPUT("hash", "octet-counted", "64k") THREE TAIL,
			    SLUICE_FRAMING_OCTET_COUNTED);
}

/* Everybody gets everything; one that is down holds nobody up and gets it later; one that is added
 * gets what is new, one that is taken away nothing more. */
static void duplicates_have_cursors_of_their_own(void **state)
{
	static struct receiver all[3];
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	uint16_t port = free_port(), reserved;
	size_t number;

	(void)state;
	for (number = 0; number < 3; number++)
		receiver_start(&all[number], SLUICE_FRAMING_NATIVE, 0);
	reserved = all[1].port;
	receiver_stop(&all[1]);
	engine = start_engine(INPUT OUTPUT("duplicate", "native",
					   "64k") "[\"127.0.0.1:%u\", \"127.0.0.1:%u\"]" TAIL,
			      port, all[0].port, reserved, 2U);
	send_numbers(port, 0, 2000, 200, SLUICE_FRAMING_NATIVE);
	await(&all[0], 2000);
	assert_int_equal(all[1].delivered, 0);
	receiver_start(&all[1], SLUICE_FRAMING_NATIVE, reserved);
	await(&all[1], 2000);
	for (number = 0; number < 5000; number++) {
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		if (report.outputs[0].destinations[1].acked == 2000)
			break;
		sluice_engine_report_free(&report);
		usleep(1000);
	}
	assert_int_equal(report.output_count, 1);
	assert_int_equal(report.outputs[0].destination_count, 2);
	assert_string_equal(report.outputs[0].mode, "duplicate");
	assert_int_equal(report.outputs[0].destinations[1].acked, 2000);
	assert_string_equal(report.inputs[0].outputs, "out");
	sluice_engine_report_free(&report);

	apply(engine, INPUT OUTPUT("duplicate", "native", "64k") THREE TAIL, port, all[0].port,
	      reserved, all[2].port, 2U);
	await_connected(engine, 3);
	send_numbers(port, 2000, 3000, 200, SLUICE_FRAMING_NATIVE);
	await(&all[0], 3000);
	await(&all[1], 3000);
	for (number = 0; number < 20000 && !all[2].seen[2999]; number++)
		usleep(1000);
	for (number = 2000; number < 3000; number++)
		assert_int_equal(all[2].seen[number], 1);

	apply(engine,
	      INPUT OUTPUT(
		      "duplicate", "native",
		      "64k") "[\"127.0.0.1:%u\", {address: \"127.0.0.1:%u\", enabled: off}]" TAIL,
	      port, all[0].port, reserved, 2U);
	send_numbers(port, 3000, 4000, 200, SLUICE_FRAMING_NATIVE);
	await(&all[0], 4000);
	assert_int_equal(all[1].delivered, 3000);
	for (number = 0; number < 3; number++)
		assert_int_equal(all[number].repeated + all[number].damaged, 0);
	end(engine, all, 3);
}

/* A standby gets nothing as long as one of the others is there, then everything, then nothing
 * again. */
static void a_standby_steps_in(void **state)
{
	static struct receiver all[2];
	struct sluice_engine *engine;
	uint16_t port = free_port(), reserved;

	(void)state;
	receiver_start(&all[0], SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&all[1], SLUICE_FRAMING_NATIVE, 0);
	reserved = all[0].port;
	engine = start_engine(INPUT OUTPUT("round-robin", "native",
					   "64k") "[\"127.0.0.1:%u\", {address: \"127.0.0.1:%u\", "
						  "standby: true}]" TAIL,
			      port, reserved, all[1].port, 2U);
	send_numbers(port, 0, 1000, 200, SLUICE_FRAMING_NATIVE);
	await(&all[0], 1000);
	assert_int_equal(all[1].delivered, 0);
	usleep(100000); /* the last acknowledgements */
	receiver_stop(&all[0]);
	send_numbers(port, 1000, 2000, 200, SLUICE_FRAMING_NATIVE);
	await(&all[1], 1000);
	receiver_start(&all[0], SLUICE_FRAMING_NATIVE, reserved);
	await_connected(engine, 2);
	usleep(100000); /* both workers' connections */
	send_numbers(port, 2000, 3000, 200, SLUICE_FRAMING_NATIVE);
	await(&all[0], 2000);
	assert_int_equal(all[1].delivered, 1000);
	end(engine, all, 2);
}

/* Sends 500 datagrams at a time, from *next on, until receiver `which` of two has more than
 * `wanted`: when a worker's connection is up again is the machine's affair. */
static void send_until(struct receiver *all, size_t which, uint64_t wanted, uint16_t port,
		       uint64_t *next)
{
	unsigned int tries;

	for (tries = 0; tries < 20 && all[which].delivered <= wanted; tries++) {
		send_numbers(port, *next, *next + 500, 400, SLUICE_FRAMING_NATIVE);
		*next += 500;
		await_all(all, 2, *next);
	}
	assert_true(all[which].delivered > wanted);
}

/* Disabled and enabled by a change of the configuration, under way. */
static void a_destination_is_disabled_live(void **state)
{
	static const char format[] = INPUT OUTPUT(
		"round-robin", "native",
		"4k") "[{address: \"127.0.0.1:%u\", enabled: %s}, \"127.0.0.1:%u\"]" TAIL;
	static struct receiver all[2];
	struct sluice_engine *engine;
	uint16_t port = free_port();
	uint64_t before, next = 0;

	(void)state;
	receiver_start(&all[0], SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&all[1], SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(format, port, all[0].port, "on", all[1].port, 2U);
	await_connected(engine, 2);
	send_until(all, 0, 100, port, &next);
	send_until(all, 1, 100, port, &next);
	apply(engine, format, port, all[0].port, "off", all[1].port, 2U);
	before = all[0].delivered;
	send_numbers(port, next, next + 1000, 400, SLUICE_FRAMING_NATIVE);
	next += 1000;
	await_all(all, 2, next);
	assert_int_equal(all[0].delivered, before);
	apply(engine, format, port, all[0].port, "on", all[1].port, 2U);
	send_until(all, 0, before + 100, port, &next);
	end(engine, all, 2);
}

/* Writes a list of `count` destinations where nobody listens, the first of them at port `first`. */
static void list_nobody(char *text, size_t room, unsigned int first, unsigned int count)
{
	size_t length = 0;
	unsigned int number;

	for (number = 0; number < count; number++)
		length += (size_t)snprintf(text + length, room - length, "%s\"127.0.0.1:%u\"",
					   number ? ", " : "", first + number);
}

/* One output gets what waited for the forty destinations that it had, from each of their cursors.
 */
static void many_destinations_become_one(void **state)
{
	static const char format[] = INPUT OUTPUT("%s", "newline", "4k") "[%s]" TAIL;
	static struct receiver one;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	unsigned int tries;
	char text[2048];

	(void)state;
	receiver_start(&one, SLUICE_FRAMING_NEWLINE, 0);
	list_nobody(text, sizeof(text), 1, 40);
	engine = start_engine(format, port, "duplicate", text, 1U);
	send_numbers(port, 0, 10, 400, SLUICE_FRAMING_NEWLINE);
	snprintf(text, sizeof(text), "\"127.0.0.1:%u\"", one.port);
	apply(engine, format, port, "round-robin", text, 1U);
	for (tries = 0; tries < 10000 && one.delivered + one.repeated < 400; tries++)
		usleep(1000);
	assert_int_equal(one.delivered, 10);
	assert_int_equal(one.repeated, 390);
	end(engine, &one, 1);
}

/* Nanoseconds from `from` to `to`. */
static uint64_t between(const struct timespec *from, const struct timespec *to)
{
	return (uint64_t)((to->tv_sec - from->tv_sec) * 1000000000LL + to->tv_nsec - from->tv_nsec);
}

/* A rate delays and discards nothing: two seconds' worth takes two seconds, over both workers
 * together. */
static void rate_is_kept(const char *format, unsigned int workers)
{
	static struct receiver receiver;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	const uint64_t count = 2100;
	struct timespec began;
	uint64_t took, bytes, tries;

	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(format, port, receiver.port, workers);
	await_connected(engine, 1);
	clock_gettime(CLOCK_MONOTONIC, &began);
	/* 2.1 MB at 8 Mbit/s */
	send_numbers(port, 0, count / 2, 984, SLUICE_FRAMING_NATIVE);
	send_numbers(port, count / 2, count, 984, SLUICE_FRAMING_NATIVE);
	for (tries = 0; tries < 1500 && receiver.delivered < count / 4 * 3; tries++)
		usleep(1000);
	assert_int_equal(sluice_engine_report(engine, &report), 0);
	assert_int_equal(report.outputs[0].rate + report.outputs[0].destinations[0].rate, 8000000);
	sluice_engine_report_free(&report);
	await(&receiver, count);
	took = between(&began, &receiver.last);
	assert_int_equal(sluice_engine_report(engine, &report), 0);
	bytes = report.outputs[0].destinations[0].bytes;
	sluice_engine_report_free(&report);
	assert_true(bytes >= count * 1000);
	/* Never faster, by more than 2 % of a second; slower only as far as the machine does other
	 * things as well. */
	assert_true(took + 20000000 >= bytes * 1000);
	assert_true(took < bytes * 1000 + 15000000000ULL);
	end(engine, &receiver, 1);
}

/* Of an output. */
static void the_rate_of_an_output_is_kept(void **state)
{
	(void)state;
	rate_is_kept(INPUT "  - {name: out, rate: 8mbit, to: \"127.0.0.1:%u\"" TAIL, 2);
}

/* Of a destination. */
static void the_rate_of_a_destination_is_kept(void **state)
{
	(void)state;
	rate_is_kept(INPUT "  - {name: out, to: {address: \"127.0.0.1:%u\", rate: 8mbit}" TAIL, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_kept),
		cmocka_unit_test(balance_spares_the_slow),
		cmocka_unit_test(flows_stay_together_native),
		cmocka_unit_test(flows_stay_together_plain),
		cmocka_unit_test(duplicates_have_cursors_of_their_own),
		cmocka_unit_test(a_standby_steps_in),
		cmocka_unit_test(a_destination_is_disabled_live),
		cmocka_unit_test(many_destinations_become_one),
		cmocka_unit_test(the_rate_of_an_output_is_kept),
		cmocka_unit_test(the_rate_of_a_destination_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
