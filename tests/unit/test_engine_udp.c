// SPDX-License-Identifier: MIT
/*
 * Outputs of `kind: udp` on loopback: each datagram that comes leaves as one, from the right
 * address, whatever its size; a collector that is not there is waited for; what does not go is
 * counted.
 *
 * takes: 40
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "engine_helper.h"

#define INPUT                                                                                     \
	"relay: test\ninputs:\n  - {name: in, port: %u, address: 127.0.0.1, source: socket, "     \
	"outputs: [out]}\noutputs:\n  - {name: out, kind: udp, to: \"127.0.0.1:%u\", reconnect: " \
	"{min: 10ms, max: 50ms}%s}\nstore: {memory: {size: 16m}}\nworkers: %u\n"

/* A collector's socket on `port` of 127.0.0.1, with a large buffer. */
static int collector(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = 64 << 20;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Reads a datagram of at most 64 KiB; -1 if none comes within `most_ms`. */
static ssize_t read_one(int fd, uint8_t *bytes, struct sockaddr_in *from, int most_ms)
{
	struct pollfd poll_one = {.fd = fd, .events = POLLIN};
	socklen_t length = sizeof(*from);

	if (poll(&poll_one, 1, most_ms) != 1)
		return -1;
	return recvfrom(fd, bytes, 65536, 0, (struct sockaddr *)from, &length);
}

/* Sends `length` bytes, all of them `byte`, to `port` from `from` (of 127.0.0.0/8). */
static void send_bytes(uint16_t port, uint32_t from, uint8_t byte, size_t length)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(port)};
	struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static uint8_t bytes[65536];

	assert_int_equal(bind(fd, (struct sockaddr *)&source, sizeof(source)), 0);
	memset(bytes, byte, length);
	assert_int_equal(sendto(fd, bytes, length, 0, (struct sockaddr *)&to, sizeof(to)), length);
	close(fd);
}

/* Waits until the figure of the only destination that `pick` returns is `wished`. */
static void await_figure(struct sluice_engine *engine,
			 uint64_t (*pick)(const struct sluice_engine_destination *),
			 uint64_t wished, const char *what)
{
	struct sluice_engine_report report;
	uint64_t figure = 0;
	unsigned int tries;

	for (tries = 0; tries < 5000; tries++) {
		assert_int_equal(sluice_engine_report(engine, &report), 0);
		figure = pick(&report.outputs[0].destinations[0]);
		sluice_engine_report_free(&report);
		if (figure == wished)
			return;
		usleep(1000);
	}
	fail_msg("%s: %llu, wished %llu", what, (unsigned long long)figure,
		 (unsigned long long)wished);
}

/* What await_figure() can ask for. */
static uint64_t sent_of(const struct sluice_engine_destination *destination)
{
	return destination->sent - destination->resent;
}

/* Likewise. */
static uint64_t oversized_of(const struct sluice_engine_destination *destination)
{
	return destination->oversized;
}

/* Likewise. */
static uint64_t skipped_of(const struct sluice_engine_destination *destination)
{
	return destination->skipped;
}

/* Likewise. */
static uint64_t truncated_of(const struct sluice_engine_destination *destination)
{
	return destination->truncated;
}

/* Likewise: 1 while it waits. */
static uint64_t waits_of(const struct sluice_engine_destination *destination)
{
	return strcmp(destination->state, "connected") != 0;
}

/* From empty to the largest, equal and mixed sizes: each arrives once, whole, in its order. */
static void every_size_leaves_as_it_came(void **state)
{
	static const size_t sizes[] = {0,    1,	   2,	 7,	8,     100,   1400,  1472, 1473,
				       8972, 9000, 9001, 32768, 65000, 65001, 65506, 65507};
	const size_t count = sizeof(sizes) / sizeof(sizes[0]);
	uint16_t port = free_port(), there = free_port();
	static uint8_t bytes[65536];
	struct sluice_engine *engine;
	struct sockaddr_in from;
	int fd = collector(there);
	size_t number, place, repeats;
	ssize_t length;

	(void)state;
	engine = start_engine(INPUT, port, there, "", 1);
	for (number = 0; number < count; number++)
		for (repeats = 0; repeats < 3; repeats++)
			send_bytes(port, INADDR_LOOPBACK, (uint8_t)(number + 1), sizes[number]);
	for (number = 0; number < count; number++) {
		for (repeats = 0; repeats < 3; repeats++) {
			length = read_one(fd, bytes, &from, 5000);
			assert_int_equal(length, sizes[number]);
			for (place = 0; place < (size_t)length; place++)
				assert_int_equal(bytes[place], number + 1);
		}
	}
	assert_int_equal(read_one(fd, bytes, &from, 100), -1);
	await_figure(engine, sent_of, 3 * count, "sent");
	await_figure(engine, oversized_of, 0, "oversized");
	sluice_engine_stop(engine, 2000, NULL);
	close(fd);
}

/* Thousands of the same size, with one that is shorter now and then: none is glued to another. */
static void many_leave_as_they_came(void **state)
{
	uint16_t port = free_port(), there = free_port();
	static uint8_t bytes[65536], seen[6000];
	struct sluice_engine *engine;
	struct sockaddr_in from;
	int fd = collector(there);
	uint64_t number, count;
	ssize_t length;

	(void)state;
	engine = start_engine(INPUT, port, there, "", 2);
	for (number = 0; number < 6000; number += 50) {
		send_numbers(port, number, number + 49, 200, SLUICE_FRAMING_NATIVE);
		send_numbers(port, number + 49, number + 50, 60, SLUICE_FRAMING_NATIVE);
	}
	for (count = 0; count < 6000; count++) {
		length = read_one(fd, bytes, &from, 5000);
		assert_true(length >= 8);
		memcpy(&number, bytes, 8);
		assert_true(number < 6000);
		assert_int_equal(length, number % 50 == 49 ? 60 : 200);
		assert_int_equal(bytes[length - 1], pattern(number, (size_t)length - 1));
		assert_int_equal(seen[number]++, 0);
	}
	await_figure(engine, sent_of, 6000, "sent");
	sluice_engine_stop(engine, 2000, NULL);
	close(fd);
}

/* Nobody listens: nothing is lost by trying, and all of it arrives when somebody does. */
static void a_collector_is_waited_for(void **state)
{
	uint16_t port = free_port(), there = free_port();
	static uint8_t bytes[65536], seen[300];
	struct sluice_engine *engine;
	struct sockaddr_in from;
	uint64_t number, count;
	int fd;

	(void)state;
	engine = start_engine(INPUT, port, there, "", 1);
	send_numbers(port, 0, 300, 100, SLUICE_FRAMING_NATIVE);
	await_figure(engine, waits_of, 1, "waits");
	usleep(300000);
	fd = collector(there);
	for (count = 0; count < 300; count++) {
		assert_int_equal(read_one(fd, bytes, &from, 5000), 100);
		memcpy(&number, bytes, 8);
		assert_true(number < 300);
		assert_int_equal(seen[number]++, 0);
	}
	await_figure(engine, sent_of, 300, "sent");
	sluice_engine_stop(engine, 2000, NULL);
	close(fd);
}

/* The collector goes in the middle: what came back is counted, the rest waits; nothing else is
 * missing. */
static void what_comes_back_is_counted(void **state)
{
	uint16_t port = free_port(), there = free_port();
	struct sluice_engine_report report;
	static uint8_t bytes[65536];
	struct sluice_engine *engine;
	struct sockaddr_in from;
	int fd = collector(there);
	uint64_t got = 0, missing, number;

	(void)state;
	engine = start_engine(INPUT, port, there, "", 1);
	send_numbers(port, 0, 100, 100, SLUICE_FRAMING_NATIVE);
	for (; got < 100; got++)
		assert_int_equal(read_one(fd, bytes, &from, 5000), 100);
	usleep(300000);
	close(fd);
	/* Each is longer than the one before: the kernel answers for each. */
	for (number = 100; number < 400; number++)
		send_numbers(port, number, number + 1, number, SLUICE_FRAMING_NATIVE);
	await_figure(engine, waits_of, 1, "waits");
	fd = collector(there);
	while (read_one(fd, bytes, &from, 3000) >= 100)
		got++;
	await_figure(engine, sent_of, 400, "sent");
	assert_int_equal(sluice_engine_report(engine, &report), 0);
	missing = report.outputs[0].destinations[0].unconfirmed;
	sluice_engine_report_free(&report);
	assert_true(missing > 0);
	assert_int_equal(got + missing, 400);
	sluice_engine_stop(engine, 2000, NULL);
	close(fd);
}

/* What the collector does not take is cut, or does not go and is counted; the others go. */
static void what_is_too_long_holds_up_nobody(void **state)
{
	uint16_t port = free_port(), there = free_port();
	static uint8_t bytes[65536];
	struct sluice_engine *engine;
	struct sockaddr_in from;
	int fd = collector(there);
	size_t repeats;

	(void)state;
	engine = start_engine(INPUT, port, there, ", max-datagram: 512, empty: skip", 1);
	for (repeats = 0; repeats < 5; repeats++) {
		send_bytes(port, INADDR_LOOPBACK, 1, 513);
		send_bytes(port, INADDR_LOOPBACK, 2, 512);
		send_bytes(port, INADDR_LOOPBACK, 3, 0);
	}
	for (repeats = 0; repeats < 5; repeats++)
		assert_int_equal(read_one(fd, bytes, &from, 5000), 512);
	await_figure(engine, oversized_of, 5, "oversized");
	await_figure(engine, skipped_of, 5, "skipped");
	await_figure(engine, sent_of, 5, "sent");
	sluice_engine_stop(engine, 2000, NULL);
	engine = start_engine(INPUT, port, there, ", max-datagram: 512, oversize: truncate", 1);
	send_bytes(port, INADDR_LOOPBACK, 1, 600);
	assert_int_equal(read_one(fd, bytes, &from, 5000), 512);
	await_figure(engine, truncated_of, 1, "truncated");
	sluice_engine_stop(engine, 2000, NULL);
	close(fd);
}

/* An IPv6 datagram may be longer than IPv4 has room for: it is counted, and the others go. */
static void what_the_kernel_refuses_holds_up_nobody(void **state)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	uint16_t port = free_port(), there = free_port();
	int fd = collector(there), sender = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static uint8_t bytes[65536];
	struct sluice_engine *engine;
	struct sockaddr_in from;
	size_t repeats;

	(void)state;
	to.sin6_port = htons(port);
	engine = start_engine("relay: test\ninputs:\n  - {name: in, port: %u, address: \"::1\", "
			      "source: socket, outputs: [out]}\noutputs:\n  - {name: out, kind: "
			      "udp, to: \"127.0.0.1:%u\"}\nstore: {memory: {size: 16m}}\n"
			      "workers: 1\n",
			      port, there);
	for (repeats = 0; repeats < 3; repeats++) {
		assert_int_equal(sendto(sender, bytes, 100, 0, (struct sockaddr *)&to, sizeof(to)),
				 100);
		assert_int_equal(
			sendto(sender, bytes, 65520, 0, (struct sockaddr *)&to, sizeof(to)), 65520);
		usleep(20000);
	}
	for (repeats = 0; repeats < 3; repeats++)
		assert_int_equal(read_one(fd, bytes, &from, 5000), 100);
	await_figure(engine, oversized_of, 3, "oversized");
	await_figure(engine, sent_of, 3, "sent");
	sluice_engine_stop(engine, 2000, NULL);
	close(sender);
	close(fd);
}

/* With `source-address: preserve` the collector sees who sent each datagram. */
static void the_source_address_is_preserved(void **state)
{
	uint16_t port = free_port(), there = free_port();
	static uint8_t bytes[65536];
	struct sluice_engine *engine;
	struct sockaddr_in from;
	int fd = collector(there), on = 1;
	uint32_t host;

	(void)state;
	if (setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on))) {
		close(fd);
		skip();
	}
	engine = start_engine(INPUT, port, there, ", source-address: preserve", 1);
	for (host = 1; host < 60; host++)
		send_bytes(port, INADDR_LOOPBACK + host / 3, (uint8_t)host, 10);
	for (host = 1; host < 60; host++) {
		assert_int_equal(read_one(fd, bytes, &from, 5000), 10);
		assert_int_equal(ntohl(from.sin_addr.s_addr), INADDR_LOOPBACK + bytes[0] / 3);
	}
	await_figure(engine, sent_of, 59, "sent");
	sluice_engine_stop(engine, 2000, NULL);
	close(fd);
}

/* The rate of the output is kept, and nothing is lost by it. */
static void the_rate_is_kept(void **state)
{
	uint16_t port = free_port(), there = free_port();
	struct timespec began, ended;
	static uint8_t bytes[65536];
	struct sluice_engine *engine;
	struct sockaddr_in from;
	int fd = collector(there);
	unsigned int count;
	double took;

	(void)state;
	/* 250 datagrams of 1000 bytes are 2 Mbit. */
	engine = start_engine(INPUT, port, there, ", rate: 2mbit", 1);
	send_numbers(port, 0, 250, 1000, SLUICE_FRAMING_NATIVE);
	assert_int_equal(read_one(fd, bytes, &from, 5000), 1000);
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (count = 1; count < 250; count++)
		assert_int_equal(read_one(fd, bytes, &from, 5000), 1000);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	took = (double)(ended.tv_sec - began.tv_sec) +
	       (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
	assert_true(took > 0.9);
	sluice_engine_stop(engine, 2000, NULL);
	close(fd);
}

/* Modes are the same for all kinds: by turns, and each flow to one collector. */
static void modes_spread_over_collectors(void **state)
{
	static const char *const modes[] = {"round-robin", "balance", "hash"};
	uint16_t port = free_port(), one = free_port(), other = free_port();
	static uint8_t bytes[65536];
	struct sockaddr_in from;
	char rest[128];
	int fds[2] = {collector(one), collector(other)};
	unsigned int mode, tries;
	uint64_t count;

	(void)state;
	for (mode = 0; mode < sizeof(modes) / sizeof(modes[0]); mode++) {
		struct sluice_engine *engine;

		snprintf(rest, sizeof(rest), "\", \"127.0.0.1:%u\"], mode: %s, batch: {bytes: 4k}",
			 other, modes[mode]);
		engine = start_engine(
			"relay: test\ninputs:\n  - {name: in, port: %u, address: 127.0.0.1, "
			"source: socket, outputs: [out]}\noutputs:\n  - {name: out, kind: udp, "
			"to: [\"127.0.0.1:%u%s}\nstore: {memory: {size: 16m}}\n",
			port, one, rest);
		for (count = 0; count < 20; count++)
			send_numbers(port, 20 * count, 20 * count + 20, 300, SLUICE_FRAMING_NATIVE);
		for (count = 0, tries = 0; count < 400 && tries < 4000; tries++) {
			if (read_one(fds[0], bytes, &from, 1) == 300)
				count++;
			if (read_one(fds[1], bytes, &from, 1) == 300)
				count++;
		}
		assert_int_equal(count, 400);
		sluice_engine_stop(engine, 2000, NULL);
	}
	close(fds[0]);
	close(fds[1]);
}

/* Runs them. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_leaves_as_it_came),
		cmocka_unit_test(many_leave_as_they_came),
		cmocka_unit_test(a_collector_is_waited_for),
		cmocka_unit_test(what_comes_back_is_counted),
		cmocka_unit_test(what_is_too_long_holds_up_nobody),
		cmocka_unit_test(what_the_kernel_refuses_holds_up_nobody),
		cmocka_unit_test(the_source_address_is_preserved),
		cmocka_unit_test(the_rate_is_kept),
		cmocka_unit_test(modes_spread_over_collectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
