// SPDX-License-Identifier: MIT
/*
 * The engine on loopback with the socket source: what is sent by UDP is delivered over TCP, exactly
 * once to a native receiver whatever that does to its connections, in whole frames to a plain one.
 *
 * takes: 40
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <netinet/udp.h>
#include <cmocka.h>
#include "engine_helper.h"
#include "overflow_helper.h"

#define INPUT                                                                                 \
	"relay: test\ninputs:\n  - {name: in, port: %u, address: 127.0.0.1, source: socket, " \
	"outputs: [%s]}\noutputs:\n"
#define OUTPUT                                                                                   \
	"  - {name: %s, to: [\"127.0.0.1:%u\"], mode: round-robin, framing: %s, batch: {bytes: " \
	"%s, delay: 2ms}, "                                                                      \
	"reconnect: {min: 10ms, max: 50ms}}\n"
#define STORE "store: {memory: {size: 8m}}\n"

/* Everything arrives, once, whole; and the engine's figures are the receiver's. */
static void native_delivers_everything_once(void **state)
{
	static struct receiver receiver;
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	unsigned int tries;
	uint64_t lost = 0;
	size_t cause;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT OUTPUT STORE, port, "out", "out", receiver.port, "native",
			      "64k");
	send_numbers(port, 0, 5000, 100, SLUICE_FRAMING_NATIVE);
	send_numbers(port, 5000, 5200, 8972, SLUICE_FRAMING_NATIVE);
	send_numbers(port, 5200, 5230, 65507, SLUICE_FRAMING_NATIVE);
	send_numbers(port, 5230, 5231, 8, SLUICE_FRAMING_NATIVE);
	await(&receiver, 5231);
	/* The last acknowledgement follows the datagram. */
	for (tries = 0; tries < 5000; tries++) {
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		/* The report is no picture of one moment: one counter may be newer than the other.
		 */
		if (report.outputs[0].destinations[0].acked == 5231 &&
		    report.outputs[0].destinations[0].sent == 5231)
			break;
		sluice_engine_report_free(&report);
		usleep(1000);
	}
	assert_true(tries < 5000);
	assert_int_equal(report.input_count, 1);
	assert_string_equal(report.inputs[0].source, "socket");
	assert_string_equal(report.inputs[0].outputs, "out");
	assert_int_equal(report.inputs[0].counters.matched, 5231);
	assert_int_equal(report.inputs[0].counters.stored, 5231);
	assert_int_equal(report.inputs[0].counters.stored_bytes,
			 5000 * 100 + 200 * 8972 + 30 * 65507 + 8);
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		lost += report.inputs[0].counters.lost[cause];
	assert_int_equal(lost, 0);
	assert_string_equal(report.outputs[0].destinations[0].state, "connected");
	assert_int_equal(report.outputs[0].destinations[0].sent, 5231);
	assert_int_equal(report.outputs[0].destinations[0].acked, 5231);
	assert_int_equal(report.outputs[0].destinations[0].resent, 0);
	assert_int_equal(report.outputs[0].destinations[0].backlog, 0);
	assert_int_equal(report.outputs[0].destinations[0].connects, report.workers);
	assert_true(report.outputs[0].destinations[0].mss > 500);
	/* A program needs fewer readers than there are workers. */
	assert_int_equal(report.stream_count, !strcmp(report.inputs[0].receive, "bpf")
						      ? (report.workers + 3) / 4
						      : report.workers);
	sluice_engine_report_free(&report);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated, 0);
	assert_int_equal(receiver.damaged, 0);
	assert_int_equal(receiver.suppressed, 0);
	receiver_free(&receiver);
}

/* Waits until the only output's only destination has this state and so many datagrams acknowledged.
 */
static void await_destination(struct sluice_engine *engine, const char *wanted, uint64_t acked)
{
	struct sluice_engine_report report;
	bool is_so = false;
	unsigned int tries;

	for (tries = 0; tries < 20000 && !is_so; tries++) {
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		is_so = report.outputs[0].destinations[0].acked == acked &&
			!strcmp(report.outputs[0].destinations[0].state, wanted);
		sluice_engine_report_free(&report);
		usleep(1000);
	}
	assert_true(is_so);
}

/*
 * `ack: durable`: what the receiver has but not on stable storage stays with the relay, which says
 * so after `dead-after`, in a new connection's HELLO as well; the receiver's later word releases
 * it, without anything being sent twice. With `ack: received` the first word is enough, whichever
 * it is.
 */
static void only_what_is_durable_is_released(void **state)
{
	static const char output[] =
		"  - {name: out, to: [\"127.0.0.1:%u\"], ack: %s, batch: {bytes: 64k, delay: 2ms}, "
		"reconnect: {min: 10ms, max: 50ms}, dead-after: 300ms}\n";
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), "%s%s%s", INPUT, output, STORE);
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(text, port, "out", receiver.port, "durable");
	send_numbers(port, 0, 500, 100, SLUICE_FRAMING_NATIVE);
	await(&receiver, 500);
	await_destination(engine, "ack-not-durable", 0);
	receiver.promise = SLUICE_RANGE_F_DURABLE;
	receiver.vow = true;
	await_destination(engine, "connected", 500);
	send_numbers(port, 500, 600, 100, SLUICE_FRAMING_NATIVE);
	await_destination(engine, "connected", 600);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);

	receiver.promise = 0;
	engine = start_engine(text, port, "out", receiver.port, "received");
	send_numbers(port, 600, 700, 100, SLUICE_FRAMING_NATIVE);
	await_destination(engine, "connected", 100);
	receiver.promise = SLUICE_RANGE_F_DURABLE;
	send_numbers(port, 700, 800, 100, SLUICE_FRAMING_NATIVE);
	await_destination(engine, "connected", 200);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.delivered, 800);
	assert_int_equal(receiver.repeated, 0);
	assert_int_equal(receiver.damaged, 0);
	assert_int_equal(receiver.suppressed, 0);
	receiver_free(&receiver);
}

/*
 * Datagrams that the kernel hands over as one (UDP_GRO; over loopback what was sent as one by
 * UDP_SEGMENT) are cut where they were: each is a record of its own, the shorter last one, and one
 * that came alone among them.
 */
static void what_came_together_is_cut(void **state)
{
	static const struct {
		size_t size;
		size_t count;
		size_t last;
	} runs[] = {{100, 63, 100}, {100, 20, 99}, {1400, 40, 8},
		    {8, 64, 8},	    {9, 1, 8},	   {1023, 64, 1022}};
	static struct receiver receiver;
	static uint8_t bytes[65536];
	struct sluice_engine_report report;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(port)};
	uint64_t number = 0;
	uint64_t total = 0;
	size_t run, part, place, length;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT OUTPUT STORE, port, "out", "out", receiver.port, "native",
			      "64k");
	for (run = 0; run < sizeof(runs) / sizeof(runs[0]); run++) {
		int cut = (int)runs[run].size;

		length = 0;
		for (part = 0; part < runs[run].count; part++) {
			size_t size = part + 1 < runs[run].count ? runs[run].size : runs[run].last;

			for (place = 0; place < size; place++)
				bytes[length + place] = pattern(number, place);
			memcpy(bytes + length, &number, 8);
			length += size;
			number++;
		}
		total += length;
		if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &cut, sizeof(cut))) {
			/* Older than Linux 4.18. */
			close(fd);
			skip();
		}
		assert_int_equal(
			sendto(fd, bytes, length, 0, (struct sockaddr *)&address, sizeof(address)),
			length);
	}
	close(fd);
	await(&receiver, number);
	assert_int_equal(sluice_engine_report(engine, &report), 0);
	assert_int_equal(report.inputs[0].counters.stored, number);
	assert_int_equal(report.inputs[0].counters.stored_bytes, total);
	sluice_engine_report_free(&report);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated, 0);
	assert_int_equal(receiver.damaged, 0);
	receiver_free(&receiver);
}

/* The receiver breaks off in the middle of frames, now with FIN, now with RST, and acknowledges
 * late, in pieces, and in another order. */
static void native_survives_bad_manners(void **state)
{
	static struct receiver receiver = {.reset_every = 90001, .resets = 40, .ack_late = 5};
	struct sluice_engine *engine;
	uint16_t port = free_port();

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT OUTPUT STORE, port, "out", "out", receiver.port, "native",
			      "16k");
	send_numbers(port, 0, 20000, 300, SLUICE_FRAMING_NATIVE);
	await(&receiver, 20000);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_true(receiver.broken > 10);
	assert_int_equal(receiver.repeated, 0);
	/* What it had, it told in its HELLO: that did not come again. */
	assert_int_equal(receiver.suppressed, 0);
	assert_int_equal(receiver.damaged, 0);
	receiver_free(&receiver);
}

/* A plain receiver that breaks off gets the frame that it had only a part of again, whole, and none
 * that it had. */
static void plain_resumes_at_a_frame(enum sluice_framing framing, const char *name)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();

	receiver.reset_every = 50021;
	receiver.resets = 30;
	receiver_start(&receiver, framing, 0);
	engine = start_engine(INPUT OUTPUT STORE, port, "out", "out", receiver.port, name, "16k");
	send_numbers(port, 0, 10000, 300, framing);
	await(&receiver, 10000);
	/* What it has was sent, also where a connection broke in the middle of a write. */
	assert_true(sent_by(engine) >= 10000);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_true(receiver.broken > 10);
	assert_int_equal(receiver.repeated, 0);
	assert_int_equal(receiver.damaged, 0);
	assert_int_equal(receiver.unordered, 0);
	receiver_free(&receiver);
}

/* RFC 6587 octet counting. */
static void octet_counted_resumes_at_a_frame(void **state)
{
	(void)state;
	plain_resumes_at_a_frame(SLUICE_FRAMING_OCTET_COUNTED, "octet-counted");
}

/* A line per datagram. */
static void newline_resumes_at_a_frame(void **state)
{
	(void)state;
	plain_resumes_at_a_frame(SLUICE_FRAMING_NEWLINE, "newline");
}

/* Two outputs: each gets everything, also the one whose receiver comes late, in another framing. */
static void every_output_gets_everything(void **state)
{
	static struct receiver early, late;
	struct sluice_engine *engine;
	uint16_t port = free_port(), reserved;

	(void)state;
	receiver_start(&early, SLUICE_FRAMING_OCTET_COUNTED, 0);
	receiver_start(&late, SLUICE_FRAMING_NEWLINE, 0);
	reserved = late.port;
	receiver_stop(&late);
	engine = start_engine(INPUT OUTPUT OUTPUT STORE, port, "one, two", "one", early.port,
			      "octet-counted", "64k", "two", reserved, "newline", "64k");
	send_numbers(port, 0, 4000, 200, SLUICE_FRAMING_OCTET_COUNTED);
	await(&early, 4000);
	assert_int_equal(late.delivered, 0);
	receiver_start(&late, SLUICE_FRAMING_NEWLINE, reserved);
	await(&late, 4000);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&early);
	receiver_stop(&late);
	assert_int_equal(early.repeated + late.repeated, 0);
	assert_int_equal(early.damaged + late.damaged, 0);
	receiver_free(&early);
	receiver_free(&late);
}

/* Two destinations share the load; when one goes for good, the other gets what it did not
 * acknowledge. */
static void a_dead_destination_is_passed_over(void **state)
{
	static struct receiver stays, goes;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	uint64_t number, both = 0;

	(void)state;
	receiver_start(&stays, SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&goes, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(
		INPUT "  - {name: out, to: [\"127.0.0.1:%u\", \"127.0.0.1:%u\"], mode: "
		      "round-robin, framing: native, "
		      "batch: {bytes: 4k, delay: 1ms}, reconnect: {min: 10ms, max: 50ms}}\n" STORE,
		port, "out", stays.port, goes.port);
	send_numbers(port, 0, 5000, 200, SLUICE_FRAMING_NATIVE);
	receiver_stop(&goes);
	send_numbers(port, 5000, 10000, 200, SLUICE_FRAMING_NATIVE);
	assert_int_equal(sluice_engine_stop(engine, 10000, NULL), 0);
	receiver_stop(&stays);
	assert_true(goes.delivered > 500);
	assert_true(stays.delivered > 6000);
	for (number = 0; number < 10000; number++) {
		both += stays.seen[number] && goes.seen[number];
		if (!stays.seen[number] && !goes.seen[number])
			fail_msg("datagram %llu came nowhere", (unsigned long long)number);
	}
	/* Only what was under way when it went may be at both. */
	assert_true(both < 1000);
	assert_int_equal(stays.damaged + goes.damaged + stays.repeated + goes.repeated, 0);
	receiver_free(&stays);
	receiver_free(&goes);
}

/*
 * One of two destinations takes and never acknowledges: when the ring gets full of what it holds
 * back, the other one gets that, long before `dead_after` (10 s).
 */
static void a_stalled_destination_gives_way(void **state)
{
	static struct receiver good, stalled;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	uint64_t number, first;

	(void)state;
	if (geteuid())
		skip(); /* needs a socket buffer that holds what the ring does not */
	receiver_start(&good, SLUICE_FRAMING_NATIVE, 0);
	receiver_start(&stalled, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(
		INPUT
		"  - {name: out, to: [\"127.0.0.1:%u\", \"127.0.0.1:%u\"], mode: round-robin, "
		"framing: native, batch: {bytes: 16k, delay: 1ms}, reconnect: {min: 5s, max: 5s}}\n"
		"store: {memory: {size: 4m}}\nworkers: 1\n",
		port, "out", good.port, stalled.port);
	send_numbers(port, 0, 1000, 200, SLUICE_FRAMING_NATIVE);
	for (number = 0; number < 2000 && good.delivered + stalled.delivered < 1000; number++)
		usleep(1000);
	stalled.paused = true;
	usleep(20000);
	first = stalled.delivered;
	assert_true(first > 0);
	send_numbers(port, 1000, 5000, 1400, SLUICE_FRAMING_NATIVE);
	for (number = 0; number < 6000 && good.delivered + first < 5000; number++)
		usleep(1000);
	assert_int_equal(good.delivered + first, 5000);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&good);
	receiver_stop(&stalled);
	assert_int_equal(good.repeated + good.damaged + good.gaps, 0);
	receiver_free(&good);
	receiver_free(&stalled);
}

/* A receiver that does not read holds nobody up, is not flooded, and gets everything when it reads
 * again. */
static void a_slow_receiver_gets_everything(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT OUTPUT STORE, port, "out", "out", receiver.port, "native",
			      "256k");
	send_numbers(port, 0, 10, 100, SLUICE_FRAMING_NATIVE);
	await(&receiver, 10);
	receiver.paused = true;
	usleep(20000);
	send_numbers(port, 10, 2010, 1400, SLUICE_FRAMING_NATIVE);
	receiver.paused = false;
	await(&receiver, 2010);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated + receiver.damaged + receiver.gaps, 0);
	receiver_free(&receiver);
}

/* The shortest way of 19 datagrams that come alone, µs, because the machine has other things to do;
 * `delay` is the output's. */
static int64_t shortest_way(const char *delay)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();
	struct timespec sent;
	int64_t most = 0, took;
	uint64_t number;

	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT "  - {name: out, to: [\"127.0.0.1:%u\"], batch: {%s}}\n" STORE,
			      port, "out", receiver.port, delay);
	usleep(100000);
	for (number = 0; number < 20; number++) {
		clock_gettime(CLOCK_MONOTONIC, &sent);
		send_numbers(port, number, number + 1, 100, SLUICE_FRAMING_NATIVE);
		await(&receiver, number + 1);
		took = (receiver.last.tv_sec - sent.tv_sec) * 1000000 +
		       (receiver.last.tv_nsec - sent.tv_nsec) / 1000;
		if (number && (took < most || number == 1))
			most = took;
		usleep(7000);
	}
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	receiver_free(&receiver);
	return most;
}

/* One datagram alone leaves within the batch delay, and if that goes by the load, at once. */
static void a_lone_datagram_leaves_in_time(void **state)
{
	(void)state;
	assert_in_range(shortest_way("delay: 20ms"), 15000, 20000);
	assert_true(shortest_way("bytes: 256k") < 1500);
	assert_true(shortest_way("delay: auto") < 1500);
	assert_true(shortest_way("delay: 0") < 1500);
}

/* A destination may be a name with several addresses, of which not all answer; and one that nobody
 * knows (RFC 6761 section 6.4) hinders neither start, nor the others, nor stop. */
static void names_are_looked_up(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port();

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	engine = start_engine(INPUT "  - {name: out, to: [\"nobody.invalid:9\", \"localhost:%u\"], "
				    "mode: round-robin, framing: native}\n" STORE,
			      port, "out", receiver.port);
	send_numbers(port, 0, 500, 100, SLUICE_FRAMING_NATIVE);
	await(&receiver, 500);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&receiver);
	assert_int_equal(receiver.repeated + receiver.damaged, 0);
	receiver_free(&receiver);
}

/* Stop delivers what was in the rings; without patience it says how much was not. */
static void stop_delivers_what_is_there(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port(), reserved;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	reserved = receiver.port;
	receiver_stop(&receiver);
	engine = start_engine(INPUT OUTPUT STORE, port, "out", "out", reserved, "native", "64k");
	send_numbers(port, 0, 100, 100, SLUICE_FRAMING_NATIVE);
	/* 100 records of 16 + 100 bytes, in steps of 8. */
	assert_int_equal(sluice_engine_stop(engine, 100, NULL), 100 * 120);
	engine = start_engine(INPUT OUTPUT STORE, port, "out", "out", reserved, "native", "64k");
	send_numbers(port, 1000, 3000, 100, SLUICE_FRAMING_NATIVE);
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, reserved);
	assert_int_equal(sluice_engine_stop(engine, 10000, NULL), 0);
	assert_int_equal(receiver.delivered, 2000);
	receiver_stop(&receiver);
	receiver_free(&receiver);
}

/* When the ring is full and the socket's buffer, too, what is lost is counted, and told of in the
 * stream. */
static void overflow_is_counted_and_told(void **state)
{
	static struct receiver receiver;
	struct sluice_engine *engine;
	uint16_t port = free_port(), reserved;

	(void)state;
	receiver_start(&receiver, SLUICE_FRAMING_NATIVE, 0);
	reserved = receiver.port;
	receiver_stop(&receiver);
	engine = start_engine(INPUT OUTPUT "store: {memory: {size: 1m}}\nworkers: 1\n", port, "out",
			      "out", reserved, "native", "64k");
	expect_overflow(engine, &receiver, port, reserved, 30000, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(native_delivers_everything_once),
		cmocka_unit_test(only_what_is_durable_is_released),
		cmocka_unit_test(what_came_together_is_cut),
		cmocka_unit_test(native_survives_bad_manners),
		cmocka_unit_test(octet_counted_resumes_at_a_frame),
		cmocka_unit_test(newline_resumes_at_a_frame),
		cmocka_unit_test(every_output_gets_everything),
		cmocka_unit_test(a_dead_destination_is_passed_over),
		cmocka_unit_test(a_stalled_destination_gives_way),
		cmocka_unit_test(a_slow_receiver_gets_everything),
		cmocka_unit_test(a_lone_datagram_leaves_in_time),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(stop_delivers_what_is_there),
		cmocka_unit_test(overflow_is_counted_and_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
