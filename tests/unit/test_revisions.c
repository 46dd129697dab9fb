// SPDX-License-Identifier: MIT
/*
 * Configurations that were in force: numbers, the twenty that are kept, in memory and on the disk.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "daemon/control/revisions_file.h"

/* Another configuration is in force: text `number`. */
static void add(struct sluice_revisions *revisions, const char *folder, int number, bool is_runtime)
{
	char how[] = "set x \"y\"=\xc3\xa4", name[] = "/etc/x.yaml", text[64];
	struct sluice_revision revision = {
		.uid = 7, .is_runtime = is_runtime, .how = how, .name = name, .text = text};

	revision.length = (size_t)snprintf(text, sizeof(text), "# %d\nrelay: x\n", number);
	if (folder && sluice_revisions_is_next(revisions, &revision))
		assert_int_equal(sluice_revisions_store(folder, &revision), 0);
	assert_int_equal(sluice_revisions_add(revisions, &revision), 0);
}

/* Numbers go up by one for each other text, and the last twenty are kept. */
static void test_numbers(void **state)
{
	struct sluice_revisions revisions = {0};
	int number;

	(void)state;
	assert_null(sluice_revisions_newest(&revisions));
	for (number = 1; number <= 25; number++) {
		add(&revisions, NULL, number, number > 23);
		add(&revisions, NULL, number, number > 23);
	}
	assert_int_equal(revisions.count, SLUICE_REVISIONS);
	assert_int_equal(sluice_revisions_newest(&revisions)->number, 25);
	assert_null(sluice_revisions_find(&revisions, 5));
	assert_string_equal(sluice_revisions_find(&revisions, 6)->text, "# 6\nrelay: x\n");
	assert_int_equal(sluice_revisions_changes(&revisions), 2);
	/* The file was saved: it is no change any more. */
	add(&revisions, NULL, 25, false);
	assert_int_equal(sluice_revisions_changes(&revisions), 0);
	sluice_revisions_free(&revisions);
}

/* What was last taken from a file stays, however many changes of pieces follow. */
static void test_base(void **state)
{
	struct sluice_revisions revisions = {0};
	int number;

	(void)state;
	add(&revisions, NULL, 1, false);
	add(&revisions, NULL, 2, false);
	for (number = 3; number <= 40; number++)
		add(&revisions, NULL, number, true);
	assert_int_equal(revisions.count, SLUICE_REVISIONS);
	assert_null(sluice_revisions_find(&revisions, 1));
	assert_non_null(sluice_revisions_find(&revisions, 2));
	assert_null(sluice_revisions_find(&revisions, 21));
	assert_non_null(sluice_revisions_find(&revisions, 22));
	assert_int_equal(sluice_revisions_changes(&revisions), SLUICE_REVISIONS - 1);
	/* A file again: the other one is as old as any. */
	add(&revisions, NULL, 41, false);
	assert_null(sluice_revisions_find(&revisions, 2));
	assert_non_null(sluice_revisions_find(&revisions, 22));
	sluice_revisions_free(&revisions);
}

/* What was stored is read back, twenty of them; files that are no revisions count for nothing. */
static void test_disk(void **state)
{
	char work[] = "/tmp/sluice-revisions.XXXXXX", path[128], command[128];
	struct sluice_revisions revisions = {0}, again = {0};
	char *folder;
	FILE *file;
	int number;

	(void)state;
	assert_non_null(mkdtemp(work));
	setenv("STATE_DIRECTORY", work, 1);
	assert_null(sluice_revisions_folder("a/b"));
	folder = sluice_revisions_folder("x");
	assert_non_null(folder);
	assert_int_equal(sluice_revisions_load(folder, &again), -ENOENT);
	for (number = 1; number <= 23; number++)
		add(&revisions, folder, number, true);
	snprintf(path, sizeof(path), "%s/24.yaml", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("# sluice revision {\"time\": 1, \"bytes\": 9}\nrel", file);
	fclose(file);
	assert_int_equal(sluice_revisions_load(folder, &again), 0);
	assert_int_equal(again.count, SLUICE_REVISIONS - 1);
	assert_int_equal(sluice_revisions_newest(&again)->number, 23);
	assert_int_equal(sluice_revisions_newest(&again)->uid, 7);
	assert_true(sluice_revisions_newest(&again)->is_runtime);
	assert_string_equal(sluice_revisions_newest(&again)->how, "set x \"y\"=\xc3\xa4");
	assert_string_equal(sluice_revisions_newest(&again)->text, "# 23\nrelay: x\n");
	assert_null(sluice_revisions_find(&again, 3));
	sluice_revisions_free(&revisions);
	sluice_revisions_free(&again);
	snprintf(command, sizeof(command), "rm -rf %s", work);
	assert_int_equal(system(command), 0);
	unsetenv("STATE_DIRECTORY");
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
