// SPDX-License-Identifier: MIT
/*
 * The file by which a search goes on: what was found comes back, a torn last line is not there, a
 * file of another search or of something else is refused and unharmed. And what the command line
 * refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "bench/command.h"
#include "bench/search.h"

static char path[] = "/tmp/sluice-search.XXXXXX";

/* Reads a command line; its answer. */
static int read_line(struct sluice_search_options *options, const char *line)
{
	static char copy[1000];
	char *words[40] = {0};
	char *word;
	int count = 0;

	snprintf(copy, sizeof(copy), "search %s", line);
	for (word = strtok(copy, " "); word && count < 39; word = strtok(NULL, " "))
		words[count++] = word;
	return sluice_search_options_read(options, count, words);
}

/* The options of the test. */
static struct sluice_search_options wished(const char *more)
{
	static char line[500];
	struct sluice_search_options options;

	snprintf(line, sizeof(line), "--to 127.0.0.1:5000 --listen 6000 %s", more);
	assert_int_equal(read_line(&options, line), -1);
	options.to = "127.0.0.1:5000";
	options.listen = "6000";
	options.resume = path;
	return options;
}

/* A file name that nobody has. */
static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0 ? -1 : unlink(path);
}

/* Removes it. */
static int remove_path(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

/* Everything that was found comes back. */
static void what_was_found_comes_back(void **state)
{
	struct sluice_search_options options = wished("");
	struct sluice_search_found found = {0};
	struct sluice_search_found again = {0};
	struct sluice_search_burst burst = {.length = 77, .offered = 1e5, .drain = 3e4};
	struct sluice_search_entry entry = {
		.trial = {.load = 1234, .seconds = 1.5, .intended = 1851, .lost = 7}};
	unsigned int line;
	FILE *file;

	(void)state;
	entry.place[SLUICE_TESTER_SOCKET] = 7;
	assert_int_equal(sluice_search_file_read(&options, &found, &line), 0);
	assert_false(found.resumed);
	found.offered = 90000;
	found.max_load = 80000;
	assert_int_equal(sluice_search_file_max(&options, &found), 0);
	assert_int_equal(sluice_search_file_trial(&options, &entry), 0);
	entry.trial.warm_up = true;
	assert_int_equal(sluice_search_file_trial(&options, &entry), 0);
	assert_int_equal(sluice_search_file_burst(&options, &burst), 0);
	/* Killed while it wrote. */
	file = fopen(path, "a");
	fputs("trial 99 1", file);
	fclose(file);
	assert_int_equal(sluice_search_file_read(&options, &again, &line), 0);
	assert_true(again.resumed);
	assert_int_equal(again.max_load, 80000);
	assert_int_equal(again.offered, 90000);
	assert_int_equal(again.count, 2);
	assert_int_equal(again.bursts, 1);
	assert_int_equal(again.burst[0].length, 77);
	assert_int_equal(again.trial[0].lost, 7);
	assert_true(again.trial[0].seconds == 1.5);
	assert_true(again.trial[1].warm_up);
	assert_int_equal(again.entry[0].place[SLUICE_TESTER_SOCKET], 7);
	sluice_search_found_free(&again);
	/* The torn line is gone, so that the next one is whole. */
	memset(&again, 0, sizeof(again));
	assert_int_equal(sluice_search_file_trial(&options, &entry), 0);
	assert_int_equal(sluice_search_file_read(&options, &again, &line), 0);
	assert_int_equal(again.count, 3);
	sluice_search_found_free(&again);
}

/* A file of other options, or of something else. */
static void others_are_refused(void **state)
{
	struct sluice_search_options options = wished("--size 300");
	struct sluice_search_found found = {0};
	unsigned int line;
	FILE *file;

	(void)state;
	assert_int_equal(sluice_search_file_read(&options, &found, &line), -ESTALE);
	assert_int_equal(line, 1);
	/* What another relay did says nothing of this one. */
	options = wished("");
	options.relay = "exec sluiced -c other.yaml";
	assert_int_equal(sluice_search_file_read(&options, &found, &line), -ESTALE);
	file = fopen(path, "w");
	fputs("# my notes\n", file);
	fclose(file);
	assert_int_equal(sluice_search_file_read(&options, &found, &line), -EPROTO);
	file = fopen(path, "w");
	fclose(file);
	assert_int_equal(sluice_search_file_read(&options, &found, &line), -EPROTO);
	sluice_search_found_free(&found);
}

/* What the command line refuses, and what it takes. */
static void the_command_line(void **state)
{
	static const char *const refused[] = {
		"--listen 6000",
		"--to 127.0.0.1:5000",
		"--to 127.0.0.1 --listen 6000",
		"--to 127.0.0.1:5000 --listen 6000 more",
		"--to 127.0.0.1:5000 --listen 6000 --loss 0,x",
		"--to 127.0.0.1:5000 --listen 6000 --loss 100%",
		"--to 127.0.0.1:5000 --listen 6000 --loss ,",
		"--to 127.0.0.1:5000 --listen 6000 --loss 1% --width 0.5%",
		"--to 127.0.0.1:5000 --listen 6000 --width 0",
		"--to 127.0.0.1:5000 --listen 6000 --exceed 100%",
		"--to 127.0.0.1:5000 --listen 6000 --trial 0",
		"--to 127.0.0.1:5000 --listen 6000 --trial 5",
		"--to 127.0.0.1:5000 --listen 6000 --size 31",
		"--to 127.0.0.1:5000 --listen 6000 --size 65508",
		"--to 127.0.0.1:5000 --listen 6000 --bursts 101",
		"--to 127.0.0.1:5000 --listen 6000 --framing relp",
	};
	struct sluice_search_options options;
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int loud = dup(STDERR_FILENO);
	size_t index;

	(void)state;
	dup2(quiet, STDERR_FILENO);
	for (index = 0; index < sizeof(refused) / sizeof(refused[0]); index++)
		assert_int_equal(read_line(&options, refused[index]), SLUICE_BENCH_USAGE);
	dup2(loud, STDERR_FILENO);
	close(loud);
	close(quiet);
	assert_int_equal(read_line(&options, "--to 127.0.0.1:5000 --listen 6000"), -1);
	assert_int_equal(options.goal_count, 3);
	assert_true(options.goals[1].loss_ratio == 1e-6);
	assert_true(options.goals[2].loss_ratio == 0.005);
	assert_true(options.goals[2].width == 0.005);
	assert_true(options.goals[0].sum_seconds == 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_found_comes_back),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(the_command_line),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
