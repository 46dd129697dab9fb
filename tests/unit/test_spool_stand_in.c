// SPDX-License-Identifier: MIT
/*
 * What stands in for a checkpoint while the disk cannot be written: what was acknowledged meanwhile
 * is not sent again by the next process, and nobody else's file decides anything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool_helper.h"

/* Where it is; the store is beside it. */
static char beside[] = "/tmp/sluice-stand-in.XXXXXX";

/* Opens the store of six segments. */
static struct sluice_spool *open_beside(void)
{
	const struct sluice_spool_options options = {
		.path = directory, .segment = SEGMENT, .size = 6 * SEGMENT, .stand_in = beside};
	struct sluice_spool *spool = NULL;

	assert_int_equal(sluice_spool_open(&options, &spool, NULL), 0);
	return spool;
}

/* The path of the file in `beside`. False: there is none. */
static bool find(char path[512])
{
	DIR *list = opendir(beside);
	struct dirent *entry;
	bool found = false;

	assert_non_null(list);
	while ((entry = readdir(list))) {
		if (entry->d_name[0] == '.')
			continue;
		assert_false(found);
		assert_string_not_equal(entry->d_name + strlen(entry->d_name) - 4, ".new");
		found = true;
		snprintf(path, 512, "%s/%s", beside, entry->d_name);
	}
	closedir(list);
	return found;
}

/* pwrite(2) of a disk that takes no checkpoint. */
static ssize_t slotless_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	if (length == SLUICE_SPOOL_SLOT) {
		errno = EIO;
		return -1;
	}
	return pwrite(fd, bytes, length, offset);
}

/* From now on no checkpoint can be written to the disk, or it can be. */
static void break_disk(bool is_broken)
{
	sluice_disk_calls.pwrite = is_broken ? slotless_pwrite : bad_pwrite;
}

/* A store with 65,536 bytes that an output has got, on a disk that failed before anybody could note
 * that. */
static void make_broken(void)
{
	struct sluice_spool *spool = open_beside();
	struct sluice_spool_log *log = log_of(spool, 0);

	assert_int_equal(append(spool, log, 0, 0, 65536, 1), 0);
	assert_int_equal(append(spool, log, 0, 65536, 65536, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	assert_int_equal(sluice_spool_checkpoint(spool), 0);
	break_disk(true);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, 65536), 0);
	assert_int_equal(sluice_spool_note(spool), -EIO);
	sluice_spool_crash(spool);
}

/* Bytes that a new process would send of what the last one left. It dies. */
static uint64_t left(void)
{
	struct sluice_spool *spool = open_beside();
	uint64_t bytes = backlog(spool, 0, OUTPUT_A).bytes;

	sluice_spool_crash(spool);
	return bytes;
}

/* However often it starts, with the disk broken or in order. */
static void what_was_acknowledged_is_not_sent_again(void **state)
{
	char path[512];

	(void)state;
	make_broken();
	assert_true(find(path));
	assert_int_equal(left(), 65536);
	assert_int_equal(left(), 65536);
	break_disk(false);
	assert_int_equal(left(), 65536);
	/* The checkpoint has it now. */
	assert_false(find(path));
	assert_int_equal(left(), 65536);
}

/* What is acknowledged later counts as well, and an orderly end notes it. */
static void the_latest_word_counts(void **state)
{
	struct sluice_spool *spool;
	char path[512];

	(void)state;
	make_broken();
	spool = open_beside();
	assert_int_equal(sluice_spool_acknowledge(spool, log_of(spool, 0), OUTPUT_A, 65536, 98304),
			 0);
	sluice_spool_close(spool);
	assert_int_equal(left(), 32768);
	break_disk(false);
	spool = open_beside();
	assert_int_equal(sluice_spool_acknowledge(spool, log_of(spool, 0), OUTPUT_A, 98304, 131072),
			 0);
	assert_int_equal(sluice_spool_note(spool), 0);
	sluice_spool_crash(spool);
	assert_false(find(path));
	assert_int_equal(left(), 0);
}

/* One that came back from before, or was left: the checkpoint is younger. */
static void an_old_one_does_not_count(void **state)
{
	struct sluice_spool *spool;
	uint8_t *bytes = malloc(SLUICE_SPOOL_SLOT);
	char path[512];
	int fd;

	(void)state;
	assert_non_null(bytes);
	make_broken();
	assert_true(find(path));
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, bytes, SLUICE_SPOOL_SLOT), SLUICE_SPOOL_SLOT);
	close(fd);
	break_disk(false);
	spool = open_beside();
	assert_int_equal(sluice_spool_acknowledge(spool, log_of(spool, 0), OUTPUT_A, 65536, 131072),
			 0);
	assert_int_equal(sluice_spool_note(spool), 0);
	sluice_spool_crash(spool);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, SLUICE_SPOOL_SLOT), SLUICE_SPOOL_SLOT);
	close(fd);
	free(bytes);
	assert_int_equal(left(), 0);
	assert_false(find(path));
}

/* Damaged, cut, of another store, written by others, or no file at all. */
static void a_bad_one_does_not_count(void **state)
{
	char path[512], other[512];
	struct stat status;
	uint8_t byte;
	int fd;

	(void)state;
	make_broken();
	assert_true(find(path));
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(left(), 131072);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(left(), 65536);

	snprintf(other, sizeof(other), "%s/elsewhere", directory);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(left(), 131072);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(left(), 65536);

	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(ftruncate(fd, status.st_size - 1), 0);
	assert_int_equal(left(), 131072);
	/* Its last byte is zero. */
	assert_int_equal(ftruncate(fd, status.st_size), 0);
	assert_int_equal(left(), 65536);

	assert_int_equal(pread(fd, &byte, 1, 100), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 100), 1);
	close(fd);
	assert_int_equal(left(), 131072);
	assert_false(find(path));
}

/* Without a place for it all is as it was: it is sent again. */
static void without_a_place_it_is_sent_again(void **state)
{
	struct sluice_spool *spool = open_spool(6);
	struct sluice_spool_log *log = log_of(spool, 0);

	(void)state;
	assert_int_equal(append(spool, log, 0, 0, 65536, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	break_disk(true);
	assert_int_equal(sluice_spool_acknowledge(spool, log, OUTPUT_A, 0, 65536), 0);
	assert_int_equal(sluice_spool_note(spool), -EIO);
	assert_int_equal(sluice_spool_note(spool), -EIO);
	sluice_spool_crash(spool);
	assert_int_equal(sluice_spool_note(NULL), -EINVAL);
	spool = open_spool(6);
	assert_int_equal(backlog(spool, 0, OUTPUT_A).bytes, 65536);
	sluice_spool_crash(spool);
}

/* And a disk that takes checkpoints. */
static int fresh_disk(void **state)
{
	break_disk(false);
	return fresh(state);
}

/* Makes the directory as well. */
static int setup_beside(void **state)
{
	return mkdtemp(beside) ? setup(state) : -1;
}

/* Takes it away. */
static int teardown_beside(void **state)
{
	return rmdir(beside) | teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_acknowledged_is_not_sent_again, fresh_disk),
		cmocka_unit_test_setup(the_latest_word_counts, fresh_disk),
		cmocka_unit_test_setup(an_old_one_does_not_count, fresh_disk),
		cmocka_unit_test_setup(a_bad_one_does_not_count, fresh_disk),
		cmocka_unit_test_setup(without_a_place_it_is_sent_again, fresh_disk),
	};

	return cmocka_run_group_tests(tests, setup_beside, teardown_beside);
}
