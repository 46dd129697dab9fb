/* SPDX-License-Identifier: MIT */
/*
 * For tests of the spool: a disk that misbehaves on request, a store in a temporary directory,
 * frames with a pattern, and reading what an output still gets. Include cmocka.h first.
 */
#ifndef TESTS_SPOOL_HELPER_H
#define TESTS_SPOOL_HELPER_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "directory_helper.h"
#include "lib/frame.h"
#include "lib/record.h"
#include "spool/spool.h"

#define SEGMENT SLUICE_SPOOL_SEGMENT_MIN
#define OUTPUT_A ((const uint8_t *)"output-a-output-")
#define OUTPUT_B ((const uint8_t *)"output-b-output-")

static char directory[] = "/tmp/sluice-spool.XXXXXX";
static uint8_t *room;

/* A disk that does what the test says. */
static struct {
	long long calls;   /* writes and syncs so far */
	long long fail_at; /* the call that fails, -1: none */
	int error;	   /* with this; 0: a short write */
	bool only_sync;
	bool for_ever;
} fault = {.fail_at = -1};

/* Does this call fail? */
static inline bool fails(bool is_sync)
{
	long long call = fault.calls++;

	if (fault.fail_at < 0 || (fault.only_sync && !is_sync))
		return false;
	return fault.for_ever ? call >= fault.fail_at : call == fault.fail_at;
}

/* pwrite(2) of the bad disk. */
static inline ssize_t bad_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	if (fails(false)) {
		if (!fault.error)
			return pwrite(fd, bytes, length > 4096 ? 4096 : length / 2, offset);
		errno = fault.error;
		return -1;
	}
	return pwrite(fd, bytes, length, offset);
}

/* fdatasync(2) of the bad disk. The tests do not need the real one. */
static inline int bad_fdatasync(int fd)
{
	(void)fd;
	if (fails(true) && fault.error) {
		errno = fault.error;
		return -1;
	}
	return 0;
}

/* fallocate(2) of the bad disk. */
static inline int bad_fallocate(int fd, int mode, off_t offset, off_t length)
{
	if (fails(false) && fault.error) {
		errno = fault.error;
		return -1;
	}
	return fallocate(fd, mode, offset, length);
}

/* Removes what is in the directory. */
static inline void empty(void)
{
	directory_empty(directory);
}

/* Puts the bad disk in place. */
static inline int setup(void **state)
{
	(void)state;
	sluice_disk_calls.pwrite = bad_pwrite;
	sluice_disk_calls.fdatasync = bad_fdatasync;
	sluice_disk_calls.fallocate = bad_fallocate;
	sluice_disk_calls.is_real = false;
	room = sluice_disk_memory(SLUICE_SPOOL_READ_ROOM);
	return mkdtemp(directory) && room ? 0 : -1;
}

/* Leaves nothing behind. */
static inline int teardown(void **state)
{
	(void)state;
	empty();
	free(room);
	return rmdir(directory);
}

/* Each test begins with an empty directory and a good disk. */
static inline int fresh(void **state)
{
	(void)state;
	memset(&fault, 0, sizeof(fault));
	fault.fail_at = -1;
	empty();
	return 0;
}

/* Opens a store of `segments` segments, which must succeed. */
static inline struct sluice_spool *open_spool(unsigned int segments)
{
	struct sluice_spool_options options = {
		.path = directory, .segment = SEGMENT, .size = (uint64_t)segments * SEGMENT};
	struct sluice_spool *spool = NULL;
	char *error = NULL;
	int result = sluice_spool_open(&options, &spool, &error);

	if (result)
		print_error("%s\n", error ? error : "?");
	assert_int_equal(result, 0);
	return spool;
}

/* The log of stream `number`. */
static inline struct sluice_spool_log *log_of(struct sluice_spool *spool, unsigned int number)
{
	struct sluice_spool_name name = {.epoch = 7, .cpu = number};

	memset(name.stream, (int)number + 1, sizeof(name.stream));
	memset(name.route, 0x55, sizeof(name.route));
	return sluice_spool_get(spool, &name);
}

/* The byte at `offset` of stream `number`. */
static inline uint8_t pattern(unsigned int number, uint64_t offset)
{
	return (uint8_t)(offset * 13 + offset / 251 + number * 101);
}

/* Appends [offset, offset + length) of a stream for both outputs (or one). */
static inline int append(struct sluice_spool *spool, struct sluice_spool_log *log,
			 unsigned int number, uint64_t offset, uint32_t length,
			 unsigned int outputs)
{
	static uint8_t payload[SLUICE_SPOOL_PAYLOAD_MAX];
	struct sluice_spool_frame frame = {.offset = offset,
					   .span = length,
					   .length = length,
					   .count = length / 8,
					   .type = SLUICE_SPOOL_DATA};
	uint8_t guids[2][16];
	uint32_t place;

	memcpy(guids[0], OUTPUT_A, 16);
	memcpy(guids[1], OUTPUT_B, 16);
	for (place = 0; place < length; place++)
		payload[place] = pattern(number, offset + place);
	return sluice_spool_append(spool, log, &frame, payload, (const uint8_t(*)[16])guids,
				   outputs);
}

/* What an output still gets: bytes of backlog, all of them compared. */
struct sum {
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	unsigned int number;
	uint64_t bytes, damaged, least;
	uint8_t *missing; /* by 8 bytes: 1 is expected; taken away when found */
};

/* Reads one run of a backlog. */
static inline int check_run(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	struct sum *sum = context;
	struct sluice_spool_frame frame;
	const uint8_t *payload;
	uint64_t at = start, place;

	(void)serial;
	if (!sum->bytes || start < sum->least)
		sum->least = start;
	while (at < end) {
		assert_int_equal(
			sluice_spool_read(sum->spool, sum->log, at, room, &frame, &payload), 0);
		assert_true(frame.offset <= at && frame.offset + frame.span > at);
		assert_int_equal(frame.length, frame.span);
		for (place = at; place < end && place < frame.offset + frame.span; place++) {
			if (frame.is_damaged)
				sum->damaged++;
			else
				assert_int_equal(payload[place - frame.offset],
						 pattern(sum->number, place));
			sum->bytes++;
			if (sum->missing && place % 8 == 0)
				sum->missing[place / 8] = 0;
		}
		at = place;
	}
	return 0;
}

/* Reads all that `output` needs of stream `number`. */
static inline struct sum backlog(struct sluice_spool *spool, unsigned int number,
				 const uint8_t *output)
{
	struct sum sum = {.spool = spool, .number = number, .log = log_of(spool, number)};

	assert_int_equal(sluice_spool_backlog(spool, sum.log, output, check_run, &sum), 0);
	sluice_spool_put(spool, sum.log);
	return sum;
}

/* Changes `length` bytes of a file at `offset` by flipping one bit in each. */
static inline void flip(const char *name, uint64_t offset, size_t length)
{
	char path[256];
	uint8_t byte;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	for (; length; length--, offset++) {
		assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
	}
	close(fd);
}

#endif /* TESTS_SPOOL_HELPER_H */
