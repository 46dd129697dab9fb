// SPDX-License-Identifier: MIT
/*
 * Every check of `sluicectl doctor`, in both directions, on recorded answers (tests/doctor/): each
 * has a case in which it fires and one in which it is silent, and what it says has no gap. Then the
 * reading of files below a root, of what a daemon's process depends on, and of texts that no kernel
 * prints. Run in the top folder of the tree.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "ctl/doctor/run.h"
#include "ctl/doctor/text.h"

#define CHECKS_MOST 128U

/* How often a check was seen to fire and to be silent. */
static struct {
	unsigned int fires, silent;
} seen[CHECKS_MOST];

/* A case being read. */
struct story {
	struct sluice_doctor_look look;
	char check[64], subject[64], expected[16][256];
	size_t expected_count;
	bool fires, is_open;
	const char *file;
	unsigned int line;
};

/* Which row has this id. */
static size_t row_of(const char *id)
{
	size_t row;

	for (row = 0; sluice_doctor_check_row(row); row++)
		if (!strcmp(sluice_doctor_check_row(row)->id, id))
			return row;
	fail_msg("no check is called %s", id);
	return 0;
}

/* Is there a name in braces that nobody has filled in? */
static bool has_gap(const char *text)
{
	const char *brace = text;

	while ((brace = strchr(brace, '{'))) {
		size_t length = strspn(++brace, "abcdefghijklmnopqrstuvwxyz_");

		if (length && brace[length] == '}')
			return true;
	}
	return false;
}

/* The finding of a check about a subject ("": any). NULL: none. */
static const json_t *finding_of(const struct sluice_doctor_report *report, const char *check,
				const char *subject)
{
	const json_t *one;
	size_t number;

	json_array_foreach(
		report->findings, number,
		one) if (!strcmp(json_string_value(json_object_get(one, "check")), check) &&
			 (!*subject || !strcmp(json_string_value(json_object_get(one, "subject")),
					       subject))) return one;
	return NULL;
}

/* Whatever is said has no gap, a proof, and a remedy or its reason. */
static void assert_whole(const struct sluice_doctor_report *report)
{
	const json_t *one;
	size_t number;

	json_array_foreach(report->findings, number, one)
	{
		const char *text = json_string_value(json_object_get(one, "text")),
			   *mend = json_string_value(json_object_get(one, "mend"));

		if (has_gap(text) || has_gap(mend) ||
		    has_gap(json_string_value(json_object_get(one, "costs"))))
			fail_msg("gap: %s / %s", text, mend);
		assert_true(json_array_size(json_object_get(one, "read")) > 0);
		assert_true(strlen(json_string_value(json_object_get(one, "costs"))) > 3);
	}
}

/* Judges a case and forgets it. */
static void finish(struct story *story)
{
	struct sluice_doctor_report report;
	const json_t *finding;
	size_t number;

	if (!story->is_open)
		return;
	story->look.seconds = 1;
	assert_int_equal(sluice_doctor_judge(&story->look, &report), 0);
	assert_whole(&report);
	finding = finding_of(&report, story->check, story->fires ? story->subject : "");
	if (!!finding != story->fires)
		fail_msg("%s:%u: %s %s", story->file, story->line, story->check,
			 finding ? "fires" : "is silent");
	for (number = 0; number < story->expected_count; number++) {
		const char *space = strchr(story->expected[number], ' ');
		char key[16];
		const char *said;

		assert_non_null(space);
		snprintf(key, sizeof(key), "%.*s", (int)(space - story->expected[number]),
			 story->expected[number]);
		said = json_string_value(json_object_get(finding, key));
		if (!said || !strstr(said, space + 1))
			fail_msg("%s:%u: %s says: %s", story->file, story->line, story->check,
				 said ? said : "nothing");
	}
	if (story->fires)
		seen[row_of(story->check)].fires++;
	else
		seen[row_of(story->check)].silent++;
	sluice_doctor_report_free(&report);
	sluice_doctor_sample_free(&story->look.before);
	sluice_doctor_sample_free(&story->look.after);
	*story = (struct story){.file = story->file};
}

/* Adds a source to the samples that it is of. */
static void add(struct story *story, const char *when, const char *source, const char *text)
{
	if (strcmp(when, "after") != 0)
		assert_int_equal(sluice_doctor_sample_add(&story->look.before, source, text), 0);
	if (strcmp(when, "before") != 0)
		assert_int_equal(sluice_doctor_sample_add(&story->look.after, source, text), 0);
}

/* Judges all cases of a file. */
static void live_file(const char *path)
{
	struct story story = {.file = path};
	char line[4096], text[65536] = "", when[8] = "", source[256] = "", word[16];
	FILE *file = fopen(path, "r");
	unsigned int number = 0;

	assert_non_null(file);
	for (;;) {
		bool is_end = !fgets(line, sizeof(line), file);

		number++;
		if (is_end || !strncmp(line, "== ", 3) || !strncmp(line, "-- ", 3) ||
		    !strncmp(line, ">> ", 3)) {
			if (*source)
				add(&story, when, source, text);
			source[0] = text[0] = '\0';
		}
		if (is_end || !strncmp(line, "== ", 3))
			finish(&story);
		if (is_end)
			break;
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "== ", 3)) {
			assert_true(sscanf(line, "== %63s %15s %63[^\n]", story.check, word,
					   story.subject) >= 2);
			story.fires = !strcmp(word, "fires");
			story.is_open = true;
			story.line = number;
		} else if (!strncmp(line, "-- ", 3)) {
			assert_int_equal(sscanf(line, "-- %7s %255s", when, source), 2);
		} else if (!strncmp(line, ">> ", 3)) {
			assert_true(story.fires && story.expected_count < 16);
			snprintf(story.expected[story.expected_count++], 256, "%.255s", line + 3);
		} else if (*source) {
			size_t used = strlen(text);

			assert_true(used + strlen(line) + 2 <= sizeof(text));
			snprintf(text + used, sizeof(text) - used, "%s\n", line);
		}
	}
	fclose(file);
}

/* Each check fires where it has to and is silent where it has to. */
static void test_each_check_in_both_directions(void **state)
{
	size_t row, number;
	glob_t files;

	(void)state;
	memset(seen, 0, sizeof(seen));
	assert_int_equal(glob("tests/doctor/*.cases", 0, NULL, &files), 0);
	for (number = 0; number < files.gl_pathc; number++)
		live_file(files.gl_pathv[number]);
	globfree(&files);
	for (row = 0; sluice_doctor_check_row(row); row++) {
		assert_true(row < CHECKS_MOST);
		if (!seen[row].fires || !seen[row].silent)
			fail_msg("%s has no case in which it %s", sluice_doctor_check_row(row)->id,
				 seen[row].fires ? "is silent" : "fires");
	}
}

/* Rows come errors first, and ids are there once. */
static void test_errors_come_first(void **state)
{
	size_t row, other;

	(void)state;
	for (row = 1; sluice_doctor_check_row(row); row++) {
		assert_true(sluice_doctor_check_row(row - 1)->class <=
			    sluice_doctor_check_row(row)->class);
		for (other = 0; other < row; other++)
			assert_string_not_equal(sluice_doctor_check_row(row)->id,
						sluice_doctor_check_row(other)->id);
	}
}

/* A machine of which nothing can be read, and one of garbage, have no findings. */
static void test_nothing_is_said_without_proof(void **state)
{
	static const char *const garbage[] = {"",
					      "\n",
					      "-1 -1 -1",
					      "zzzz",
					      "Udp:\nUdp:\n",
					      "cpu0",
					      "{",
					      "[]",
					      "[[]]",
					      "[{}]",
					      "\xff\xfe",
					      "eth0",
					      "eth0 up 1\neth0",
					      "udp 1 1 queued 1 buffer 1 drops",
					      "99999999999999999999999 99999999999999999999999"};
	struct sluice_doctor_look look = {.seconds = 1};
	struct sluice_doctor_report report;
	const struct sluice_doctor_check *check;
	char words[1024], *word, *rest;
	size_t number, row;

	(void)state;
	assert_int_equal(sluice_doctor_judge(&look, &report), 0);
	assert_int_equal(json_array_size(report.findings), 0);
	sluice_doctor_report_free(&report);
	look.seconds = 0;
	assert_int_equal(sluice_doctor_judge(&look, &report), -EINVAL);
	look.seconds = 1;
	for (number = 0; number < sizeof(garbage) / sizeof(garbage[0]); number++) {
		for (row = 0; (check = sluice_doctor_check_row(row)); row++) {
			snprintf(words, sizeof(words), "%s", check->reads);
			for (word = strtok_r(words, " ", &rest); word;
			     word = strtok_r(NULL, " ", &rest)) {
				/* What speaks for itself, without a second look. */
				if (!strcmp(word, "firewall/input") ||
				    strstr(word, "current_clocksource") ||
				    !strcmp(word, "program/version"))
					continue;
				(void)sluice_doctor_sample_add(&look.before, word, garbage[number]);
				(void)sluice_doctor_sample_add(&look.after, word, garbage[number]);
			}
		}
		assert_int_equal(sluice_doctor_judge(&look, &report), 0);
		if (json_array_size(report.findings)) {
			char *said = json_dumps(report.findings, 0);

			fail_msg("of \"%s\": %s", garbage[number], said);
		}
		sluice_doctor_report_free(&report);
		sluice_doctor_sample_free(&look.before);
		sluice_doctor_sample_free(&look.after);
	}
}

/* Writes a file below `root`, with the folders above it. */
static void write_file(const char *root, const char *path, const char *text)
{
	char whole[512], *slash;
	FILE *file;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (slash = strchr(whole + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(whole, 0755);
		*slash = '/';
	}
	file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* A recorded tree is read as a machine is: patterns, the daemon's process and its groups, its
 * directory, each interface. */
static void test_a_recorded_tree_is_a_machine(void **state)
{
	char root[] = "/tmp/test-doctor-XXXXXX", command[128];
	struct sluice_doctor_world world = {.root = root};
	struct sluice_doctor_sample sample = {0};

	(void)state;
	assert_non_null(mkdtemp(root));
	write_file(root, "/daemon/daemon", "[{\"pid\": 215}]");
	write_file(root, "/daemon/store", "[{\"disk\": {\"path\": \"/var/lib/sluice\"}}]");
	write_file(root, "/links/all", "lo up 1\neth0 up 1\n");
	write_file(root, "/ethtool/eth0", "ring-rx 256\n");
	write_file(root, "/filesystem/var/lib/sluice", "bytes-free 1\n");
	write_file(root, "/proc/215/cgroup", "0::/system.slice/sluiced.service\n");
	write_file(root, "/proc/215/limits", "Max open files 1 1\n");
	write_file(root, "/proc/216/limits", "Max open files 2 2\n");
	write_file(root, "/sys/fs/cgroup/system.slice/sluiced.service/cpu.stat",
		   "nr_throttled 1\n");
	write_file(root, "/sys/fs/cgroup/system.slice/cpu.stat", "nr_throttled 2\n");
	write_file(root, "/sys/fs/cgroup/user.slice/cpu.stat", "nr_throttled 3\n");
	write_file(root, "/proc/sys/net/ipv4/conf/eth0/rp_filter", "1\n");
	assert_int_equal(sluice_doctor_sample_all(&sample, &world), 0);
	assert_string_equal(sluice_doctor_text(&sample, "ethtool/eth0"), "ring-rx 256\n");
	assert_string_equal(sluice_doctor_text(&sample, "filesystem//var/lib/sluice"),
			    "bytes-free 1\n");
	assert_non_null(sluice_doctor_text(&sample, "/proc/215/limits"));
	assert_null(sluice_doctor_text(&sample, "/proc/216/limits"));
	assert_non_null(sluice_doctor_text(&sample, "/sys/fs/cgroup/system.slice/cpu.stat"));
	assert_non_null(sluice_doctor_text(&sample,
					   "/sys/fs/cgroup/system.slice/sluiced.service/cpu.stat"));
	assert_null(sluice_doctor_text(&sample, "/sys/fs/cgroup/user.slice/cpu.stat"));
	assert_non_null(sluice_doctor_text(&sample, "/proc/sys/net/ipv4/conf/eth0/rp_filter"));
	assert_true(sluice_doctor_sample_has(&sample, "/nowhere /proc/{pid}/limits"));
	assert_true(sluice_doctor_sample_has(&sample, "/sys/fs/cgroup{cgroup}/cpu.stat"));
	assert_false(sluice_doctor_sample_has(&sample, "/nowhere daemon/outputs"));
	sluice_doctor_sample_free(&sample);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

/* Numbers are found by whole names only. */
static void test_numbers_in_texts(void **state)
{
	static const char text[] =
		"ring-rx-max 4096\nring-rx 256\nMemTotal:   7 kB\nsome a=1 total=9\n";
	uint64_t number = 0;

	(void)state;
	assert_true(sluice_doctor_number(text, "ring-rx", &number));
	assert_int_equal(number, 256);
	assert_true(sluice_doctor_number(text, "MemTotal", &number));
	assert_int_equal(number, 7);
	assert_true(sluice_doctor_number(text, "total", &number));
	assert_int_equal(number, 9);
	assert_false(sluice_doctor_number(text, "rx", &number));
	assert_false(sluice_doctor_number(NULL, "rx", &number));
	assert_false(sluice_doctor_table_number("Udp: A B\n", "Udp:", "A", &number));
	assert_false(sluice_doctor_table_number("Udp: A B\nUdp: 1\n", "Udp:", "B", &number));
	assert_true(sluice_doctor_list_has("0-3,8", 8));
	assert_false(sluice_doctor_list_has("0-3,8", 4));
	assert_int_equal(sluice_doctor_rise(true, 5, true, 3), 0);
	assert_int_equal(sluice_doctor_rise(false, 0, true, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_check_in_both_directions),
		cmocka_unit_test(test_errors_come_first),
		cmocka_unit_test(test_nothing_is_said_without_proof),
		cmocka_unit_test(test_a_recorded_tree_is_a_machine),
		cmocka_unit_test(test_numbers_in_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
