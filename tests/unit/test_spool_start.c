// SPDX-License-Identifier: MIT
/*
 * Starting where there is no room for all segments: a new store is refused and leaves nothing
 * behind, one that may hold something goes on with what there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool_helper.h"

static unsigned int rooms; /* files that still find room */

/* fallocate(2) of a disk that is nearly full. The checkpoint has its room. */
static int scarce_fallocate(int fd, int mode, off_t offset, off_t length)
{
	if ((uint64_t)length >= SEGMENT && !rooms) {
		errno = ENOSPC;
		return -1;
	}
	rooms -= (uint64_t)length >= SEGMENT;
	return fallocate(fd, mode, offset, length);
}

/* Tries to open a store of six segments on a disk with room for `count` more. */
static int try(unsigned int count, struct sluice_spool **spool)
{
	const struct sluice_spool_options options = {
		.path = directory, .segment = SEGMENT, .size = 6 * SEGMENT};
	char *error = NULL;
	int result;

	rooms = count;
	sluice_disk_calls.fallocate = scarce_fallocate;
	result = sluice_spool_open(&options, spool, &error);
	sluice_disk_calls.fallocate = bad_fallocate;
	assert_true(!result || strstr(error, "do not fit into"));
	free(error);
	return result;
}

/* How many files of segments there are. */
static unsigned int count_files(void)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	unsigned int count = 0;

	assert_non_null(list);
	while ((entry = readdir(list)))
		count += !strncmp(entry->d_name, "segment-", 8);
	closedir(list);
	return count;
}

/* However often it is tried. */
static void a_new_store_has_all_its_segments_or_none(void **state)
{
	struct sluice_spool *spool = NULL;
	unsigned int count;

	(void)state;
	for (count = 0; count < 6; count++) {
		assert_int_equal(try(count, &spool), -ENOSPC);
		assert_int_equal(count_files(), 0);
	}
	assert_int_equal(try(6, &spool), 0);
	assert_int_equal(count_files(), 6);
	sluice_spool_close(spool);
}

/* A segment is lost, or damaged, and there is no room for another: what the others hold is
 * delivered. */
static void a_store_goes_on_with_the_segments_that_are_left(void **state)
{
	struct sluice_spool_figures figures;
	struct sluice_spool *spool = open_spool(6);
	struct sluice_spool_log *log = log_of(spool, 0);
	char path[256];

	(void)state;
	assert_int_equal(append(spool, log, 0, 0, 65536, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	sluice_spool_crash(spool);
	flip("segment-000004", 0, 4096);
	snprintf(path, sizeof(path), "%s/segment-000005", directory);
	assert_int_equal(unlink(path), 0);

	assert_int_equal(try(1, &spool), 0);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.segments, 5);
	assert_int_equal(figures.quarantined, 1);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, 65536);
	/* It can be written as well. */
	log = log_of(spool, 0);
	assert_int_equal(append(spool, log, 0, 65536, 65536, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	sluice_spool_crash(spool);
	assert_int_equal(try(6, &spool), 0);
	sluice_spool_figures(spool, &figures);
	assert_int_equal(figures.segments, 6);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, 2 * 65536);
	sluice_spool_close(spool);
}

/* Who else could put something into the directory, or did, decides nothing. */
static void a_directory_of_others_is_refused(void **state)
{
	const struct sluice_spool_options options = {
		.path = directory, .segment = SEGMENT, .size = 6 * SEGMENT};
	char link[96], victim[] = "/tmp/sluice-victim.XXXXXX";
	struct sluice_spool *spool = NULL;
	int fd = mkstemp(victim);
	struct stat status;
	char *error = NULL;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(chmod(directory, 0777), 0);
	assert_int_equal(sluice_spool_open(&options, &spool, &error), -EPERM);
	assert_non_null(strstr(error, "others may write to"));
	free(error);
	assert_int_equal(chmod(directory, 0700), 0);
	if (!geteuid()) {
		assert_int_equal(chown(directory, 65534, 65534), 0);
		assert_int_equal(sluice_spool_open(&options, &spool, &error), -EPERM);
		assert_non_null(strstr(error, "belongs to another user"));
		free(error);
		assert_int_equal(chown(directory, 0, 0), 0);
	}
	/* A link that was there all the same. */
	snprintf(link, sizeof(link), "%s/checkpoint", directory);
	assert_int_equal(symlink(victim, link), 0);
	sluice_spool_close(open_spool(6));
	assert_int_equal(stat(victim, &status), 0);
	assert_int_equal(status.st_size, 0);
	(void)unlink(victim);
}

/* A link, a pipe, a directory in the place of the checkpoint is put aside, not followed and not
 * waited for; what lies in the segments is there. */
static void what_is_no_checkpoint_is_put_aside(void **state)
{
	const struct sluice_spool_options look = {.path = directory, .look = true};
	char path[96], aside[112], *error = NULL;
	struct sluice_spool_figures figures;
	struct sluice_spool *spool;
	unsigned int kind;
	struct stat status;

	(void)state;
	snprintf(path, sizeof(path), "%s/checkpoint", directory);
	for (kind = 0; kind < 3; kind++) {
		empty();
		spool = open_spool(6);
		assert_int_equal(append(spool, log_of(spool, 0), 0, 0, 65536, 2), 0);
		assert_int_equal(sluice_spool_commit(spool), 0);
		sluice_spool_close(spool);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(kind == 0   ? symlink("/dev/null", path)
				 : kind == 1 ? mkfifo(path, 0600)
					     : mkdir(path, 0700),
				 0);
		assert_int_equal(sluice_spool_open(&look, &spool, &error), 0);
		sluice_spool_figures(spool, &figures);
		assert_int_equal(figures.quarantined, 1);
		sluice_spool_close(spool);
		spool = open_spool(6);
		assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, 65536);
		sluice_spool_close(spool);
		snprintf(aside, sizeof(aside), "%s.foreign.0", path);
		assert_int_equal(lstat(aside, &status), 0);
		assert_int_equal(remove(aside), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_no_checkpoint_is_put_aside, fresh),
		cmocka_unit_test_setup(a_directory_of_others_is_refused, fresh),
		cmocka_unit_test_setup(a_new_store_has_all_its_segments_or_none, fresh),
		cmocka_unit_test_setup(a_store_goes_on_with_the_segments_that_are_left, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
