// SPDX-License-Identifier: MIT
/*
 * How fast the spool writes and reads, by itself: for tests/bench/store, which runs it beside fio
 * in the same directory.
 *
 *   spool_rate DIRECTORY MIB SEGMENT_MIB    writes so much in frames of 256 KiB, reopens the store,
 *                                           reads it all
 *
 * Prints "write_bps=... read_bps=... recover_us=...". Touches: the directory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "spool/spool.h"

/* With its head, a frame is 256 KiB then. */
#define FRAME (252U << 10)
#define COMMIT 16U /* frames that are made durable together: what the spooler does */
#define AHEAD 6U   /* frames that are read for one order: SLUICE_ORDER_FRAMES */

/* CLOCK_MONOTONIC in seconds. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Ends the program. */
static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "spool_rate: %s\n", what);
	exit(1);
}

/* Opens the store or dies. */
static struct sluice_spool *open_store(const struct sluice_spool_options *options)
{
	struct sluice_spool *spool;
	char *error = NULL;

	if (sluice_spool_open(options, &spool, &error))
		die(error ? error : "the store cannot be opened");
	return spool;
}

/* The log everything goes to. */
static struct sluice_spool_log *log_of(struct sluice_spool *spool)
{
	const struct sluice_spool_name name = {.stream = "spool_rate", .epoch = 1};
	struct sluice_spool_log *log = sluice_spool_get(spool, &name);

	if (!log)
		die("no memory");
	return log;
}

/* Writes `frames` frames. Returns bytes a second. */
static double write_all(struct sluice_spool *spool, uint64_t frames)
{
	static uint8_t payload[FRAME];
	static const uint8_t output[1][16] = {"output"};
	struct sluice_spool_log *log = log_of(spool);
	struct sluice_spool_frame frame = {
		.span = FRAME, .length = FRAME, .count = 1024, .type = SLUICE_SPOOL_DATA};
	double begin;
	uint64_t number;
	size_t place;

	for (place = 0; place < FRAME; place++)
		payload[place] = (uint8_t)(place * 7 + place / 256);
	begin = now();
	for (number = 0; number < frames; number++) {
		frame.offset = number * FRAME;
		memcpy(payload, &number, sizeof(number));
		if (sluice_spool_append(spool, log, &frame, payload, output, 1))
			die("append fails");
		if (number % COMMIT == COMMIT - 1 && sluice_spool_commit(spool))
			die("commit fails");
	}
	if (sluice_spool_commit(spool))
		die("commit fails");
	return (double)frames * FRAME / (now() - begin);
}

/* Reads them all, AHEAD at a time. Returns bytes a second. */
static double read_all(struct sluice_spool *spool, uint64_t frames)
{
	struct sluice_spool_log *log = log_of(spool);
	uint8_t *buffers[AHEAD];
	struct sluice_spool_frame frame;
	const uint8_t *payload;
	double begin;
	uint64_t number;
	size_t place;

	for (place = 0; place < AHEAD; place++) {
		buffers[place] = sluice_disk_memory(SLUICE_SPOOL_READ_ROOM);
		if (!buffers[place])
			die("no memory");
	}
	begin = now();
	for (number = 0; number < frames; number++) {
		if (number % AHEAD == 0)
			(void)sluice_spool_read_ahead(spool, log, number * FRAME, frames * FRAME,
						      buffers, AHEAD);
		if (sluice_spool_read(spool, log, number * FRAME, buffers[number % AHEAD], &frame,
				      &payload) ||
		    frame.is_damaged || memcmp(payload, &number, sizeof(number)) != 0)
			die("what was written cannot be read");
	}
	sluice_spool_settle(spool);
	begin = now() - begin;
	for (place = 0; place < AHEAD; place++)
		free(buffers[place]);
	return (double)frames * FRAME / begin;
}

/* As the head of the file says. */
int main(int argc, char **argv)
{
	struct sluice_spool_options options = {0};
	struct sluice_spool *spool;
	uint64_t frames;
	double begin, written, recovered;

	if (argc != 4)
		die("usage: spool_rate DIRECTORY MIB SEGMENT_MIB");
	options.path = argv[1];
	frames = (strtoull(argv[2], NULL, 10) << 20) / FRAME;
	options.segment = strtoull(argv[3], NULL, 10) << 20;
	/* What heads and lists take, and the two segments that are never full. */
	options.size = frames * (FRAME + 4096) * 101 / 100 + 4 * options.segment;
	spool = open_store(&options);
	while (sluice_spool_touch(spool))
		;
	written = write_all(spool, frames);
	sluice_spool_crash(spool);
	begin = now();
	spool = open_store(&options);
	recovered = now() - begin;
	printf("write_bps=%.0f recover_us=%.0f ", written, recovered * 1e6);
	printf("read_bps=%.0f\n", read_all(spool, frames));
	sluice_spool_close(spool);
	return 0;
}
