// SPDX-License-Identifier: MIT
/*
 * gen and sink as programs, over loopback, with a relay of the test's own in between: UDP in,
 * native frames or a plain framing out, a connection that breaks, everything unacknowledged sent
 * again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "bench_programs.h"

/* Natively, and the sink resets the connection inside a frame every 20,000 bytes: everything, once.
 */
static void native_with_resets(void **state)
{
	struct program gen;
	struct program sink;
	struct builder builder;
	unsigned int connections;
	uint16_t udp_port;
	uint16_t tcp_port = free_port();
	int udp = udp_socket(&udp_port);
	char line[200];

	(void)state;
	snprintf(line, sizeof(line),
		 "sink --listen %u --address 127.0.0.1 --numbered --expect 1500 --reset-after "
		 "20000 -q",
		 tcp_port);
	sink = start(sluice_bench_sink, line);
	snprintf(line, sizeof(line),
		 "gen --to 127.0.0.1:%u --count 1500 --rate 5kpps --size 0,1,17,32-400 -q",
		 udp_port);
	gen = start(sluice_bench_gen, line);
	builder_start(&builder);
	gather(udp, &builder, 1500);
	finish(&gen);
	connections = relay_natively(&builder, tcp_port);
	finish(&sink);
	assert_int_equal(gen.status, 0);
	assert_int_equal(value(&gen, "sent"), 1500);
	assert_int_equal(value(&gen, "errors"), 0);
	assert_int_equal(sink.status, 0);
	assert_int_equal(value(&sink, "received"), 1500);
	assert_int_equal(value(&sink, "bytes"), value(&gen, "bytes"));
	assert_int_equal(value(&sink, "missing"), 0);
	assert_int_equal(value(&sink, "repeated"), 0);
	assert_int_equal(value(&sink, "damaged"), 0);
	assert_int_equal(value(&sink, "connections"), connections);
	assert_true(connections > 3);
	builder_end(&builder);
	close(udp);
}

/* Lines and octet counts, over several connections, in pieces of any size; and one datagram that
 * never arrives. */
static void plain_framings(void **state)
{
	static const char *const framings[] = {"newline", "octet-counted"};
	struct program gen;
	struct program sink;
	uint16_t udp_port;
	size_t index;

	(void)state;
	for (index = 0; index < 2; index++) {
		uint16_t tcp_port = free_port();
		int udp = udp_socket(&udp_port);
		struct builder builder;
		char line[200];
		size_t record;
		int fd[3];

		snprintf(line, sizeof(line),
			 "sink --listen %u --framing %s --sent 600 --idle 500ms -q", tcp_port,
			 framings[index]);
		sink = start(sluice_bench_sink, line);
		snprintf(line, sizeof(line),
			 "gen --to 127.0.0.1:%u --count 600 --rate 20mbit --size 40-1400 --flows 3 "
			 "-q",
			 udp_port);
		gen = start(sluice_bench_gen, line);
		builder_start(&builder);
		gather(udp, &builder, 600);
		finish(&gen);
		for (record = 0; record < 3; record++)
			fd[record] = connect_to(tcp_port);
		for (record = 0; record < 600; record++) {
			const uint8_t *bytes = builder.bytes + builder.boundary[record];
			struct sluice_record header;
			uint8_t wire[1500];
			size_t length;
			size_t cut;
			size_t head = 0;

			if (record == 77)
				continue;
			memcpy(&header, bytes, sizeof(header));
			length = le32toh(header.length) - sizeof(header);
			if (index == 1)
				head = (size_t)sprintf((char *)wire, "%zu ", length);
			memcpy(wire + head, bytes + sizeof(header), length);
			length += head;
			if (index == 0)
				wire[length++] = '\n';
			cut = (size_t)random() % length;
			assert_true(send_all(fd[record % 3], wire, cut));
			assert_true(send_all(fd[record % 3], wire + cut, length - cut));
		}
		for (record = 0; record < 3; record++)
			close(fd[record]);
		finish(&sink);
		assert_int_equal(sink.status, 1);
		assert_int_equal(value(&sink, "received"), 599);
		assert_int_equal(value(&sink, "missing"), 1);
		assert_int_equal(value(&sink, "repeated"), 0);
		assert_int_equal(value(&sink, "damaged"), 0);
		assert_int_equal(value(&sink, "connections"), 3);
		builder_end(&builder);
		close(udp);
	}
}

/* Nobody has the port: the errors come back and are counted, everything is sent all the same. */
static void refused_datagrams_are_counted(void **state)
{
	struct program gen;
	uint16_t port;
	char line[200];
	int udp = udp_socket(&port);

	(void)state;
	close(udp);
	snprintf(line, sizeof(line), "gen --to 127.0.0.1:%u --count 50 --rate 500pps --size 100 -q",
		 port);
	gen = start(sluice_bench_gen, line);
	finish(&gen);
	assert_int_equal(gen.status, 0);
	assert_int_equal(value(&gen, "sent"), 50);
	assert_in_range(value(&gen, "errors"), 1, 50);
}

/* Wrong command lines: status 2, nothing on stdout. */
static void wrong_command_lines(void **state)
{
	static const char *const gens[] = {"gen",
					   "gen --to 127.0.0.1",
					   "gen --to 127.0.0.1:0",
					   "gen --to 127.0.0.1:9 --size 65508",
					   "gen --to 127.0.0.1:9 --rate 5",
					   "gen --to 127.0.0.1:9 --rate 1mbit --size 0",
					   "gen --to 127.0.0.1:9 --count 0",
					   "gen --to 127.0.0.1:9 extra",
					   "gen --to 127.0.0.1:9 --from nowhere.invalid.",
					   "gen --to ::1:9",
					   "gen --to 127.0.0.1:1-5000 --size 20"};
	static const char *const sinks[] = {"sink",
					    "sink --listen x",
					    "sink --listen 1 --framing raw",
					    "sink --listen 1 --idle 0",
					    "sink --listen 1 --slow 0",
					    "sink --listen 1 --reset-after 5,never",
					    "sink --listen 1 extra"};
	struct program program;
	size_t index;

	(void)state;
	for (index = 0; index < sizeof(gens) / sizeof(gens[0]); index++) {
		program = start_quietly(sluice_bench_gen, gens[index]);
		finish(&program);
		if (program.status != 2 || program.text[0])
			fail_msg("%s: status %d", gens[index], program.status);
	}
	for (index = 0; index < sizeof(sinks) / sizeof(sinks[0]); index++) {
		program = start_quietly(sluice_bench_sink, sinks[index]);
		finish(&program);
		if (program.status != 2 || program.text[0])
			fail_msg("%s: status %d", sinks[index], program.status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(native_with_resets),
		cmocka_unit_test(plain_framings),
		cmocka_unit_test(refused_datagrams_are_counted),
		cmocka_unit_test(wrong_command_lines),
	};

	return cmocka_run_group_tests_name("sink loopback", tests, NULL, NULL);
}
