// SPDX-License-Identifier: MIT
/*
 * A file for which room is kept: whole or not at all, on a file system that others fill, and never
 * through what somebody else put there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "daemon/identity/identity_room.h"

static char directory[] = "/tmp/sluice-room.XXXXXX";
static char path[64], spare[64];

/* The text at `name`, blanks at its end left out. @owner the caller's until the next call */
static const char *text_at(const char *name)
{
	static char text[1 << 18];
	FILE *file = fopen(name, "r");
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	while (length && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return text;
}

/* Writes `text`, which must succeed. */
static void put(const char *text)
{
	assert_int_equal(sluice_identity_room_write(path, text, strlen(text)), 0);
	assert_string_equal(text_at(path), text);
}

/* Whatever is longer or shorter than what was there before. */
static void the_last_text_is_there(void **state)
{
	char *longer = malloc(100001);

	(void)state;
	assert_non_null(longer);
	memset(longer, 'x', 100000);
	longer[100000] = '\0';
	put("one");
	put("a second text");
	assert_string_equal(text_at(spare), "one");
	put(longer);
	put("short");
	put(longer);
	put("short again");
	free(longer);
	assert_int_equal(sluice_identity_room_write(NULL, "", 0), -EINVAL);
	assert_int_equal(sluice_identity_room_write(path, NULL, 0), -EINVAL);
}

/* No file may grow any more: what fits into the room that is kept is written, what does not changes
 * nothing. */
static void room_is_kept(void **state)
{
	struct rlimit before, limit;
	struct stat status;
	char *longer;
	size_t length;

	(void)state;
	put("one");
	put("two");
	assert_int_equal(stat(spare, &status), 0);
	assert_true((uint64_t)status.st_blocks * 512 >= (uint64_t)status.st_size);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)status.st_size;
	length = (size_t)status.st_size + 1;
	longer = malloc(length);
	assert_non_null(longer);
	memset(longer, 'x', length);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put("three");
	put("four");
	assert_true(sluice_identity_room_write(path, longer, length) < 0);
	assert_string_equal(text_at(path), "four");
	put("five");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	free(longer);
}

/* A link, a second name, a pipe, a file that others may write to. */
static void what_somebody_else_put_there_is_not_written_to(void **state)
{
	char other[] = "/tmp/sluice-victim.XXXXXX";
	int fd = mkstemp(other);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "theirs", 6), 6);
	close(fd);
	put("one");
	(void)unlink(spare);
	assert_int_equal(symlink(other, spare), 0);
	put("two");
	(void)unlink(spare);
	assert_int_equal(link(other, spare), 0);
	put("three");
	assert_string_equal(text_at(other), "theirs");
	(void)unlink(spare);
	assert_int_equal(mkfifo(spare, 0600), 0);
	put("four");
	put("five");
	assert_int_equal(unlink(other), 0);
}

/* Makes the directory. */
static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/note", directory);
	snprintf(spare, sizeof(spare), "%s/note.spare", directory);
	return 0;
}

/* Leaves nothing behind. */
static int clear(void **state)
{
	(void)state;
	sluice_identity_room_remove(NULL);
	sluice_identity_room_remove(path);
	return access(path, F_OK) && access(spare, F_OK) ? 0 : -1;
}

/* Takes the directory away. */
static int teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_last_text_is_there, clear),
		cmocka_unit_test_teardown(room_is_kept, clear),
		cmocka_unit_test_teardown(what_somebody_else_put_there_is_not_written_to, clear),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
