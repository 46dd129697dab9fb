// SPDX-License-Identifier: MIT
/*
 * A store gets another size, or segments of another size, while it is in use: whole or not at all,
 * and nothing that somebody needs is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool_helper.h"

#define FRAME 262144U

static unsigned int rooms; /* files that still find room */

/* fallocate(2) of a disk that is nearly full. */
static int scarce_fallocate(int fd, int mode, off_t offset, off_t length)
{
	if (!rooms) {
		errno = ENOSPC;
		return -1;
	}
	rooms--;
	return fallocate(fd, mode, offset, length);
}

/* Bytes of all files of segments. */
static uint64_t bytes_of_files(void)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	struct stat state;
	uint64_t bytes = 0;

	assert_non_null(list);
	while ((entry = readdir(list))) {
		if (strncmp(entry->d_name, "segment-", 8) != 0)
			continue;
		assert_int_equal(fstatat(dirfd(list), entry->d_name, &state, 0), 0);
		bytes += (uint64_t)state.st_size;
	}
	closedir(list);
	return bytes;
}

/* Both steps. 0 or the negative errno of the first, undone then with what was `before`. */
static int change_size(struct sluice_spool *spool, uint64_t before, uint64_t size, uint64_t segment)
{
	char *error = NULL;
	int result;

	while ((result = sluice_spool_extend(spool, size, segment, &error)) > 0)
		;
	if (result) {
		assert_non_null(error);
		assert_non_null(strstr(error, "store.disk.size"));
		sluice_spool_resize(spool, before, SEGMENT);
	} else {
		sluice_spool_resize(spool, size, segment);
	}
	free(error);
	return result;
}

/* Appends frames of stream 0 from *offset on until the store is full. */
static void fill(struct sluice_spool *spool, struct sluice_spool_log *log, uint64_t *offset)
{
	while (!append(spool, log, 0, *offset, FRAME, 1))
		*offset += FRAME;
	assert_int_equal(sluice_spool_commit(spool), 0);
}

/* What is full has room again, at once. */
static void a_larger_one_takes_more(void **state)
{
	struct sluice_spool *spool = open_spool(4);
	struct sluice_spool_log *log = log_of(spool, 0);
	uint64_t offset = 0, before;

	(void)state;
	fill(spool, log, &offset);
	before = offset;
	assert_int_equal(change_size(spool, 4 * SEGMENT, 6 * SEGMENT, SEGMENT), 0);
	assert_int_equal(bytes_of_files(), 6 * SEGMENT);
	fill(spool, log, &offset);
	assert_true(offset >= before + 2 * SEGMENT - (uint64_t)4 * FRAME);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, offset);
	sluice_spool_put(spool, log);
	sluice_spool_close(spool);
}

/* Nothing is left of what was made in vain, and what was there goes on. */
static void without_room_everything_stays_as_it_was(void **state)
{
	struct sluice_spool *spool = open_spool(4);
	struct sluice_spool_log *log = log_of(spool, 0);
	uint64_t offset = 0;

	(void)state;
	assert_int_equal(append(spool, log, 0, 0, FRAME, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	offset = FRAME;
	sluice_disk_calls.fallocate = scarce_fallocate;
	rooms = 3;
	assert_int_equal(change_size(spool, 4 * SEGMENT, 9 * SEGMENT, SEGMENT), -ENOSPC);
	rooms = 3;
	assert_int_equal(change_size(spool, 4 * SEGMENT, 16 * SEGMENT, 2 * SEGMENT), -ENOSPC);
	sluice_disk_calls.fallocate = bad_fallocate;
	assert_int_equal(bytes_of_files(), 4 * SEGMENT);
	fill(spool, log, &offset);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, offset);
	sluice_spool_put(spool, log);
	sluice_spool_close(spool);
}

/* Segments too many go when what is in them was delivered, no sooner. */
static void a_smaller_one_loses_nothing(void **state)
{
	struct sluice_spool *spool = open_spool(9);
	struct sluice_spool_log *log = log_of(spool, 0);
	uint64_t offset = 0, full, written;

	(void)state;
	fill(spool, log, &offset);
	full = offset;
	assert_int_equal(change_size(spool, 9 * SEGMENT, 4 * SEGMENT, SEGMENT), 0);
	assert_int_equal(bytes_of_files(), 9 * SEGMENT);
	assert_int_equal(append(spool, log, 0, offset, FRAME, 1), -ENOSPC);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, full);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, full / 2), 0);
	assert_true(bytes_of_files() < 9 * SEGMENT);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, full - full / 2);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, full), 0);
	assert_int_equal(bytes_of_files(), 4 * SEGMENT);
	written = offset;
	fill(spool, log, &offset);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, offset - written);
	sluice_spool_put(spool, log);
	sluice_spool_close(spool);
	/* The next start finds what it would have made. */
	spool = open_spool(4);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, offset - written);
	assert_int_equal(bytes_of_files(), 4 * SEGMENT);
	sluice_spool_close(spool);
}

/* The store is killed in the middle of such a change: the next start finds everything. */
static void segments_of_another_size_take_their_place(void **state)
{
	struct sluice_spool_options options = {
		.path = directory, .segment = 2 * SEGMENT, .size = 8 * SEGMENT};
	struct sluice_spool *spool = open_spool(6);
	struct sluice_spool_log *log = log_of(spool, 0);
	uint64_t offset = 0, half;
	char *error = NULL;

	(void)state;
	for (half = 0; half < 10; half++, offset += FRAME)
		assert_int_equal(append(spool, log, 0, offset, FRAME, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	assert_int_equal(change_size(spool, 6 * SEGMENT, 8 * SEGMENT, 2 * SEGMENT), 0);
	fill(spool, log, &offset);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, offset);
	sluice_spool_crash(spool);
	assert_int_equal(sluice_spool_open(&options, &spool, &error), 0);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, offset);
	log = log_of(spool, 0);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, offset), 0);
	assert_int_equal(bytes_of_files(), 8 * SEGMENT);
	sluice_spool_put(spool, log);
	sluice_spool_close(spool);
}

/* No store is made of nonsense. */
static void impossible_sizes_are_refused(void **state)
{
	struct sluice_spool *spool = open_spool(4);
	char *error = NULL;

	(void)state;
	assert_int_equal(sluice_spool_extend(spool, 3 * SEGMENT, SEGMENT, &error), -EINVAL);
	assert_int_equal(sluice_spool_extend(spool, 9 * SEGMENT, SEGMENT / 2, &error), -EINVAL);
	assert_int_equal(sluice_spool_extend(spool, 9 * SEGMENT, SEGMENT + 1, &error), -EINVAL);
	assert_int_equal(sluice_spool_extend(NULL, 9 * SEGMENT, SEGMENT, &error), -EINVAL);
	assert_null(error);
	assert_int_equal(bytes_of_files(), 4 * SEGMENT);
	sluice_spool_close(spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_larger_one_takes_more, fresh),
		cmocka_unit_test_setup(without_room_everything_stays_as_it_was, fresh),
		cmocka_unit_test_setup(a_smaller_one_loses_nothing, fresh),
		cmocka_unit_test_setup(segments_of_another_size_take_their_place, fresh),
		cmocka_unit_test_setup(impossible_sizes_are_refused, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
