// SPDX-License-Identifier: MIT
/*
 * What `sluicectl spool check` counts where frames overlap, as they do when what was given up was
 * written anew before a crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "ctl/command.h"
#include "spool_helper.h"

/* What it says is damaged. */
struct told {
	int status;
	unsigned long long frames, records;
};

/* Runs it on the directory. */
static struct told check(void)
{
	char word[] = "spool", what[] = "check", text[4096];
	char *arguments[] = {word, what, directory, NULL}, *at;
	int before = dup(STDOUT_FILENO);
	FILE *file = tmpfile();
	struct told told = {0};
	size_t length;

	assert_non_null(file);
	assert_true(before >= 0);
	fflush(stdout);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
	told.status = sluice_ctl_spool(3, arguments);
	fflush(stdout);
	assert_true(dup2(before, STDOUT_FILENO) >= 0);
	close(before);
	rewind(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	at = strstr(text, "; damaged: ");
	assert_non_null(at);
	told.frames = strtoull(at + strlen("; damaged: "), &at, 10);
	assert_memory_equal(at, " frames, ", strlen(" frames, "));
	told.records = strtoull(at + strlen(" frames, "), NULL, 10);
	return told;
}

/* Two parts of a damaged frame are covered by newer ones that are damaged as well: its records are
 * lost once. */
static void a_damaged_frame_counts_once(void **state)
{
	static const struct {
		uint64_t offset;
		uint32_t length;
	} frames[] = {{4000, 56000}, {4000, 6000}, {8000, 6000}};
	struct sluice_spool *spool = open_spool(4);
	struct sluice_spool_log *log = log_of(spool, 0);
	struct told told;
	size_t number;

	(void)state;
	for (number = 0; number < sizeof(frames) / sizeof(frames[0]); number++)
		assert_int_equal(
			append(spool, log, 0, frames[number].offset, frames[number].length, 1), 0);
	assert_int_equal(sluice_spool_commit(spool), 0);
	sluice_spool_close(spool);
	told = check();
	assert_int_equal(told.status, SLUICE_CTL_OK);
	assert_int_equal(told.frames, 0);
	assert_int_equal(told.records, 0);

	/* Behind the segment's own block they have 14, 2 and 2; their heads are short. */
	flip("segment-000000", 1 * 4096 + 2000, 1);
	flip("segment-000000", 15 * 4096 + 2000, 1);
	flip("segment-000000", 17 * 4096 + 2000, 1);
	told = check();
	assert_int_equal(told.status, SLUICE_CTL_FINDINGS);
	assert_int_equal(told.frames, 1);
	assert_int_equal(told.records, 56000 / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_damaged_frame_counts_once, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
