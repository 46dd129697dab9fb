/* SPDX-License-Identifier: MIT */
/*
 * For the tests that run gen and sink as programs: starting one and reading its RESULT, sockets,
 * and the output half of a relay. Touches: processes and loopback sockets of its own. Include
 * cmocka.h first.
 */
#ifndef TESTS_BENCH_PROGRAMS_H
#define TESTS_BENCH_PROGRAMS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "bench/command.h"
#include "lib/decoder.h"
#include "stream_builder.h"

/* A program that runs beside the test, and what it printed. */
struct program {
	pid_t child;
	int output;
	int status;
	char text[20000];
};

/* Runs `command` with the words of `line`. */
static inline struct program start(int (*command)(int, char **), const char *line)
{
	struct program program = {0};
	char *words[40] = {0};
	char *copy = strdup(line);
	int ends[2];
	int count = 0;
	char *word;

	assert_non_null(copy);
	assert_int_equal(pipe(ends), 0);
	for (word = strtok(copy, " "); word && count < 39; word = strtok(NULL, " "))
		words[count++] = word;
	fflush(NULL);
	program.child = fork();
	assert_true(program.child >= 0);
	if (program.child == 0) {
		int status;

		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		status = command(count, words);
		fflush(NULL);
		_exit(status);
	}
	close(ends[1]);
	free(copy);
	program.output = ends[0];
	return program;
}

/* The same, with its complaints to nowhere. */
static inline struct program start_quietly(int (*command)(int, char **), const char *line)
{
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int loud = dup(STDERR_FILENO);
	struct program program;

	dup2(quiet, STDERR_FILENO);
	program = start(command, line);
	dup2(loud, STDERR_FILENO);
	close(loud);
	close(quiet);
	return program;
}

/* Waits for its end and takes its output and status. */
static inline void finish(struct program *program)
{
	size_t length = 0;
	ssize_t got;

	while ((got = read(program->output, program->text + length,
			   sizeof(program->text) - 1 - length)) > 0)
		length += (size_t)got;
	program->text[length] = '\0';
	close(program->output);
	assert_int_equal(waitpid(program->child, &program->status, 0), program->child);
	assert_true(WIFEXITED(program->status));
	program->status = WEXITSTATUS(program->status);
}

/* The value of `key` in the RESULT line, which is the last. */
static inline long long value(const struct program *program, const char *key)
{
	const char *result = strstr(program->text, "RESULT part=");
	char wanted[40];
	const char *place;

	if (!result) {
		fail_msg("no RESULT line in %s", program->text);
		return -1;
	}
	assert_ptr_equal(strchr(result, '\n'), program->text + strlen(program->text) - 1);
	snprintf(wanted, sizeof(wanted), " %s=", key);
	place = strstr(result, wanted);
	if (!place) {
		fail_msg("no %s in %s", key, result);
		return -1;
	}
	return strtoll(place + strlen(wanted), NULL, 10);
}

/* A UDP socket on a free port of 127.0.0.1, with room; its port in *port. */
static inline int udp_socket(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htobe32(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int room = 8 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = be16toh(address.sin_port);
	return fd;
}

/* A TCP port that nobody has now. */
static inline uint16_t free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htobe32(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	return be16toh(address.sin_port);
}

/* Connects to the sink, waiting up to 20 s for it. */
static inline int connect_to(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htobe32(INADDR_LOOPBACK)};
	int attempt;

	address.sin_port = htobe16(port);
	for (attempt = 0; attempt < 2000; attempt++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		close(fd);
		usleep(10000);
	}
	fail_msg("nobody listens on %u", port);
	return -1;
}

/* Sends all of it; false if the connection broke. */
static inline bool send_all(int fd, const void *bytes, size_t length)
{
	const uint8_t *place = bytes;

	while (length > 0) {
		ssize_t sent = send(fd, place, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		place += sent;
		length -= (size_t)sent;
	}
	return true;
}

/* Takes `count` datagrams off a socket into a stream. */
static inline void gather(int udp, struct builder *builder, size_t count)
{
	static uint8_t datagram[65536];

	while (builder->records < count) {
		struct pollfd ready = {.fd = udp, .events = POLLIN};
		ssize_t length;

		assert_int_equal(poll(&ready, 1, 20000), 1);
		length = recv(udp, datagram, sizeof(datagram), 0);
		assert_true(length >= 0);
		memcpy(builder_record(builder, SLUICE_RECORD_DATA, 0, 0, (size_t)length), datagram,
		       (size_t)length);
	}
}

/* The relay's HELLO: one stream, from where on it has something. */
static inline bool send_hello(int fd, const struct builder *builder, uint64_t cursor)
{
	struct sluice_frame_range range = {.epoch = htole64(builder->epoch),
					   .start = htole64(cursor)};
	struct sluice_frame hello = {
		.type = SLUICE_FRAME_HELLO, .count = htole32(1), .length = htole32(sizeof(range))};

	memcpy(range.stream, builder->uuid, 16);
	memset(hello.stream, 0xcc, 16);
	hello.payload_crc = htole32(sluice_crc32c(0, &range, sizeof(range)));
	sluice_frame_seal(&hello);
	return send_all(fd, &hello, sizeof(hello)) && send_all(fd, &range, sizeof(range));
}

/* Reads answers for up to `patience` ms; moves *acked to the end of the range that begins at 0.
 * False: broken. */
static inline bool listen_to_answers(int fd, struct sluice_decoder *decoder, uint64_t *acked,
				     int patience)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	struct sluice_decoder_item item;
	uint8_t *room;
	size_t size;
	ssize_t got;
	int result;

	if (poll(&ready, 1, patience) == 0)
		return true;
	room = sluice_decoder_room(decoder, &size);
	got = recv(fd, room, size, MSG_DONTWAIT);
	if (got <= 0)
		return false;
	sluice_decoder_fed(decoder, (size_t)got);
	while ((result = sluice_decoder_next(decoder, &item)) != 0) {
		struct sluice_frame_range range;
		size_t index;

		assert_int_equal(result, 1);
		assert_int_equal(item.length, le32toh(item.frame.count) * sizeof(range));
		for (index = 0; index < le32toh(item.frame.count); index++) {
			memcpy(&range, item.bytes + index * sizeof(range), sizeof(range));
			if (range.start == 0 && le64toh(range.end) > *acked)
				*acked = le64toh(range.end);
		}
	}
	return true;
}

/* The relay's native output: sends, listens, and begins again at what is acknowledged when the
 * connection breaks. */
static inline unsigned int relay_natively(const struct builder *builder, uint16_t port)
{
	unsigned int connections = 0;
	uint64_t acked = 0;

	while (acked < builder->length) {
		struct sluice_decoder decoder = {.framing = SLUICE_DECODER_NATIVE};
		int fd = connect_to(port);
		bool whole = send_hello(fd, builder, acked) &&
			     listen_to_answers(fd, &decoder, &acked, 20000);
		size_t next = 0;

		connections++;
		while (builder->boundary[next] < acked)
			next++;
		while (whole && acked < builder->length) {
			struct sluice_frame frame;
			size_t after = next + 1 + (size_t)random() % 20;
			const uint8_t *payload;

			after = after > builder->records ? builder->records : after;
			payload = builder_frame(builder, next, after, acked, &frame);
			if (next < after)
				whole = send_all(fd, &frame, sizeof(frame)) &&
					send_all(fd, payload, le32toh(frame.length));
			next = after;
			if (whole)
				whole = listen_to_answers(fd, &decoder, &acked,
							  next == builder->records ? 5000 : 0);
		}
		sluice_decoder_free(&decoder);
		close(fd);
		assert_true(connections < 1000);
	}
	return connections;
}

#endif /* TESTS_BENCH_PROGRAMS_H */
