// SPDX-License-Identifier: MIT
/*
 * The sink as a program, and what befalls it: damaged frames, SIGKILL, more connections than
 * descriptors, heartbeats and frames it does not know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/resource.h>
#include "bench_programs.h"

/* Every byte of a small frame damaged in turn, each on a connection of its own: nothing is
 * delivered, all counted, and the sink goes on. */
static void damaged_frames_end_the_connection(void **state)
{
	uint16_t port = free_port();
	struct sluice_frame frame;
	struct program sink;
	struct builder builder;
	uint8_t wire[200];
	unsigned int damaged = 0;
	char line[100];
	size_t length;
	size_t place;
	char byte;
	int fd;

	(void)state;
	builder_start(&builder);
	builder_numbered(&builder, 0, 40);
	memcpy(wire + sizeof(frame), builder_frame(&builder, 0, 1, 0, &frame), builder.length);
	memcpy(wire, &frame, sizeof(frame));
	length = sizeof(frame) + builder.length;
	snprintf(line, sizeof(line), "sink --listen %u --expect 1 --idle 5 -q", port);
	/* It complains of each of them. */
	sink = start_quietly(sluice_bench_sink, line);
	for (place = 0; place < length; place++) {
		/* These two make it wait for bytes that never come, until the peer closes. */
		if (place == offsetof(struct sluice_frame, header_length) ||
		    place == offsetof(struct sluice_frame, header_length) + 1)
			continue;
		fd = connect_to(port);
		assert_true(send_hello(fd, &builder, 0));
		wire[place] ^= 0x80;
		assert_true(send_all(fd, wire, length));
		wire[place] ^= 0x80;
		damaged++;
		/* It closes; the HELLO's answer may come before. */
		while (recv(fd, &byte, 1, 0) > 0)
			;
		close(fd);
	}
	fd = connect_to(port);
	assert_true(send_hello(fd, &builder, 0) && send_all(fd, wire, length));
	finish(&sink);
	close(fd);
	assert_int_equal(sink.status, 1);
	assert_int_equal(value(&sink, "received"), 1);
	assert_int_equal(value(&sink, "repeated"), 0);
	assert_int_equal(value(&sink, "damaged"), damaged);
	builder_end(&builder);
}

/* A sink that is killed by SIGKILL three times, a third of a second after each start, and then left
 * to finish. */
static int sink_with_a_hard_life(int argc, char **argv)
{
	int life;

	for (life = 0; life < 3; life++) {
		pid_t child = fork();

		if (child < 0)
			return 9;
		if (child == 0)
			_exit(sluice_bench_sink(argc, argv));
		usleep(330000);
		kill(child, SIGKILL);
		if (waitpid(child, NULL, 0) != child)
			return 9;
	}
	return sluice_bench_sink(argc, argv);
}

/* With a state file it does not show that the sink was killed: everything came, once, also in the
 * payload file. */
static void killed_sinks_go_on_where_they_were(void **state)
{
	char books[] = "/tmp/test-sink-life.XXXXXX";
	char kept[] = "/tmp/test-sink-payloads.XXXXXX";
	struct program sink;
	struct builder builder;
	uint16_t port = free_port();
	unsigned int connections;
	long long bytes;
	char line[300];
	FILE *file;

	(void)state;
	close(mkstemp(books));
	close(mkstemp(kept));
	builder_start(&builder);
	builder_fill(&builder, 6000);
	snprintf(line, sizeof(line),
		 "sink --listen %u --numbered --expect 6000 --slow 500k --state %s --write %s -q",
		 port, books, kept);
	sink = start(sink_with_a_hard_life, line);
	connections = relay_natively(&builder, port);
	finish(&sink);
	assert_int_equal(sink.status, 0);
	assert_int_equal(value(&sink, "received"), 6000);
	assert_int_equal(value(&sink, "missing"), 0);
	assert_int_equal(value(&sink, "repeated"), 0);
	assert_int_equal(value(&sink, "damaged"), 0);
	assert_true(connections >= 2);
	/* A newline behind each payload, and no payload has one. */
	file = fopen(kept, "rb");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	bytes = ftell(file);
	fclose(file);
	assert_int_equal(bytes, value(&sink, "bytes") + 6000);
	unlink(books);
	unlink(kept);
	builder_end(&builder);
}

/* A sink that may open very few files. */
static int sink_with_few_files(int argc, char **argv)
{
	struct rlimit files = {16, 16};

	if (setrlimit(RLIMIT_NOFILE, &files))
		return 9;
	return sluice_bench_sink(argc, argv);
}

/* Four times as many connections as it has descriptors for: each gets its turn. */
static void connections_wait_for_descriptors(void **state)
{
	uint16_t port = free_port();
	struct program sink;
	char line[100];
	int fd[60];
	int index;

	(void)state;
	snprintf(line, sizeof(line),
		 "sink --listen %u --framing newline --plain --expect 60 --seconds 30 -q", port);
	sink = start_quietly(sink_with_few_files, line);
	for (index = 0; index < 60; index++) {
		fd[index] = connect_to(port);
		assert_true(send_all(fd[index], "hello\n", 6));
	}
	for (index = 0; index < 60; index++) {
		close(fd[index]);
		usleep(5000);
	}
	finish(&sink);
	assert_int_equal(sink.status, 0);
	assert_int_equal(value(&sink, "received"), 60);
	assert_int_equal(value(&sink, "connections"), 60);
}

/* A heartbeat is answered with one; a frame type that nobody knows is passed over. */
static void heartbeats_are_answered(void **state)
{
	struct sluice_decoder decoder = {.framing = SLUICE_DECODER_NATIVE};
	struct sluice_frame frame = {.type = 77};
	struct sluice_decoder_item item;
	uint16_t port = free_port();
	struct program sink;
	struct builder builder;
	unsigned int seen = 0;
	char line[100];
	int fd;

	(void)state;
	builder_start(&builder);
	snprintf(line, sizeof(line), "sink --listen %u --seconds 20 -q", port);
	sink = start(sluice_bench_sink, line);
	fd = connect_to(port);
	assert_true(send_hello(fd, &builder, 0));
	sluice_frame_seal(&frame);
	assert_true(send_all(fd, &frame, sizeof(frame)));
	frame.type = SLUICE_FRAME_HEARTBEAT;
	sluice_frame_seal(&frame);
	assert_true(send_all(fd, &frame, sizeof(frame)));
	while (seen < 2) {
		size_t size;
		uint8_t *room = sluice_decoder_room(&decoder, &size);
		ssize_t got = recv(fd, room, size, 0);

		assert_true(got > 0);
		sluice_decoder_fed(&decoder, (size_t)got);
		while (sluice_decoder_next(&decoder, &item) == 1)
			assert_int_equal(item.frame.type,
					 seen++ ? SLUICE_FRAME_HEARTBEAT : SLUICE_FRAME_HELLO);
	}
	close(fd);
	kill(sink.child, SIGTERM);
	finish(&sink);
	assert_int_equal(sink.status, 0);
	assert_int_equal(value(&sink, "damaged"), 0);
	sluice_decoder_free(&decoder);
	builder_end(&builder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_frames_end_the_connection),
		cmocka_unit_test(killed_sinks_go_on_where_they_were),
		cmocka_unit_test(connections_wait_for_descriptors),
		cmocka_unit_test(heartbeats_are_answered),
	};

	return cmocka_run_group_tests_name("sink faults", tests, NULL, NULL);
}
