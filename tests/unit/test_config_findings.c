// SPDX-License-Identifier: MIT
/*
 * Every configuration in tests/config/bad gets exactly the findings of the .findings file beside
 * it: place, severity and sentence, all of them in one pass; and so has each of the small ones in
 * tests/config/single.cases, which mostly have one fault. Run in the top folder of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "config/check.h"

#define FOLDER "tests/config/bad"

/* The whole of a file as a string. @owner caller */
static char *read_file(const char *path)
{
	char *text = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "r");

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	if (getdelim(&text, &room, '\0', file) < 0)
		text = strdup("");
	fclose(file);
	return text;
}

/* Compares the findings of one configuration with what is written down. */
static void check_one(const char *name)
{
	char path[512], expected_path[512];
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	char *expected, *found;
	int error;

	snprintf(path, sizeof(path), FOLDER "/%s", name);
	snprintf(expected_path, sizeof(expected_path), FOLDER "/%.*s.findings",
		 (int)strlen(name) - 5, name);
	error = sluice_config_load(path, &config, &findings);
	found = sluice_findings_text(&findings, name);
	expected = read_file(expected_path);
	if (strcmp(found, expected) != 0)
		fail_msg("%s\nfound:\n%sexpected:\n%s", name, found, expected);
	assert_int_equal(error, -EINVAL);
	assert_true(findings.error_count > 0);
	free(found);
	free(expected);
	sluice_findings_free(&findings);
}

/* scandir: configurations only. */
static int is_yaml(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 5 && !strcmp(entry->d_name + length - 5, ".yaml");
}

/* All of them. */
static void bad_configurations_get_exactly_their_findings(void **state)
{
	struct dirent **entries;
	int count = scandir(FOLDER, &entries, is_yaml, alphasort), number;

	(void)state;
	assert_true(count >= 30);
	for (number = 0; number < count; number++) {
		check_one(entries[number]->d_name);
		free(entries[number]);
	}
	free(entries);
}

/* Compares one of the small ones: its name up to the end of the line, the text, what is found. */
static void check_single(const char *name, const char *text, const char *expected)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	char path[128], *found;

	snprintf(path, sizeof(path), "%s.yaml", name);
	assert_int_equal(sluice_config_parse(text, strlen(text), path, &config, &findings),
			 -EINVAL);
	found = sluice_findings_text(&findings, path);
	if (strcmp(found, expected) != 0)
		fail_msg("%s\nfound:\n%sexpected:\n%s", name, found, expected);
	assert_true(findings.error_count > 0);
	free(found);
	sluice_findings_free(&findings);
}

/* All of the small ones: "#### NAME", a configuration, "#### finds", the findings. */
static void small_faults_are_found_one_by_one(void **state)
{
	static const char head[] = "#### ", middle[] = "#### finds\n";
	char *whole = read_file("tests/config/single.cases"), *place = strstr(whole, head);
	size_t count = 0;

	(void)state;
	while (place) {
		char *name = place + strlen(head), *text = strchr(name, '\n'), *expected, *next;

		assert_non_null(text);
		*text++ = '\0';
		expected = strstr(text, middle);
		assert_non_null(expected);
		*expected = '\0';
		expected += strlen(middle);
		next = strstr(expected, head);
		if (next)
			*next = '\0';
		check_single(name, text, expected);
		count++;
		place = next;
		if (place)
			*place = '#';
	}
	free(whole);
	assert_true(count >= 120);
}

/* Parses `text`; returns the findings as text. @owner caller */
static char *findings_of(const char *text, size_t length)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	char *found;

	assert_int_equal(sluice_config_parse(text, length, "x", &config, &findings), -EINVAL);
	found = sluice_findings_text(&findings, "x");
	sluice_findings_free(&findings);
	return found;
}

/* A file that cannot be read is a finding of the file as a whole. */
static void a_file_that_cannot_be_read_is_a_finding(void **state)
{
	struct sluice_findings findings;
	struct sluice_config *config = NULL;
	char *found;

	(void)state;
	assert_int_equal(sluice_config_load("/nowhere/sluice.yaml", &config, &findings), -EINVAL);
	found = sluice_findings_text(&findings, "sluice.yaml");
	assert_string_equal(found,
			    "sluice.yaml: error: cannot be read: No such file or directory\n");
	free(found);
	sluice_findings_free(&findings);
	assert_int_equal(sluice_config_load("/", &config, &findings), -EINVAL);
	assert_int_equal(findings.count, 1);
	sluice_findings_free(&findings);
	/* Endless, and empty: neither hangs. */
	assert_int_equal(sluice_config_load("/dev/zero", &config, &findings), -EINVAL);
	assert_int_equal(findings.count, 1);
	sluice_findings_free(&findings);
	assert_int_equal(sluice_config_load("/dev/null", &config, &findings), -EINVAL);
	assert_int_equal(findings.count, 1);
	sluice_findings_free(&findings);
}

/* A megabyte of brackets, anchors, keys or text is told of within seconds. */
static void large_and_deep_texts_end_quickly(void **state)
{
	static const char *const patterns[] = {
		"[", "{", "- ", "? ", "[\n", "{a: ", "# ", "'", "|\n", "&a ", "a: b\n", "x"};
	struct timespec before, after;
	size_t pattern, place, length;
	char *text = malloc(SLUICE_CONFIG_TEXT_MAX), *found;

	(void)state;
	assert_non_null(text);
	for (pattern = 0; pattern < sizeof(patterns) / sizeof(patterns[0]); pattern++) {
		length = strlen(patterns[pattern]);
		for (place = 0; place < SLUICE_CONFIG_TEXT_MAX; place++)
			text[place] = patterns[pattern][place % length];
		clock_gettime(CLOCK_MONOTONIC, &before);
		found = findings_of(text, SLUICE_CONFIG_TEXT_MAX);
		clock_gettime(CLOCK_MONOTONIC, &after);
		assert_true(*found);
		free(found);
		/* Under ASan, on a busy machine; without the guards it is minutes. */
		if (after.tv_sec - before.tv_sec > 20)
			fail_msg("a megabyte of \"%s\" took %ld s", patterns[pattern],
				 (long)(after.tv_sec - before.tv_sec));
	}
	free(text);
	found = findings_of("relay: x", SLUICE_CONFIG_TEXT_MAX + 1);
	assert_string_equal(found, "x: error: the configuration is larger than the 1048576 bytes "
				   "that are read at most\n");
	free(found);
}

/* Aliases that make a few lines into millions of inputs are refused, not obeyed. */
static void aliases_cannot_multiply_without_end(void **state)
{
	char *text = NULL, *found;
	size_t length, number;
	FILE *stream = open_memstream(&text, &length);

	(void)state;
	fputs("inputs: [&a {name: n, port: &p [", stream);
	for (number = 0; number < 250; number++)
		fprintf(stream, "%zu,", number * 2 + 1);
	fputs("], outputs: o}", stream);
	for (number = 0; number < 16000; number++)
		fputs(",*a", stream);
	fputs("]\noutputs: [{name: o, to: \"x:1\"}]\n", stream);
	fclose(stream);
	found = findings_of(text, length);
	assert_non_null(strstr(found, "x: error: aliases make this file larger than can be read"));
	free(found);
	free(text);
}

/* NULL wherever a pointer goes. */
static void nothing_is_refused_politely(void **state)
{
	struct sluice_findings findings;
	struct sluice_config *config;

	(void)state;
	assert_int_equal(sluice_config_parse(NULL, 1, "x", &config, &findings), -EINVAL);
	assert_int_equal(sluice_config_parse("a", 1, NULL, &config, &findings), -EINVAL);
	assert_int_equal(sluice_config_parse("a", 1, "x", NULL, &findings), -EINVAL);
	assert_int_equal(sluice_config_parse("a", 1, "x", &config, NULL), -EINVAL);
	assert_int_equal(sluice_config_load(NULL, &config, &findings), -EINVAL);
	assert_int_equal(sluice_config_check_host(NULL, SLUICE_HOST_FILE, &findings), -EINVAL);
	assert_null(sluice_findings_text(NULL, "x"));
	sluice_findings_free(NULL);
	sluice_config_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_configurations_get_exactly_their_findings),
		cmocka_unit_test(small_faults_are_found_one_by_one),
		cmocka_unit_test(a_file_that_cannot_be_read_is_a_finding),
		cmocka_unit_test(large_and_deep_texts_end_quickly),
		cmocka_unit_test(aliases_cannot_multiply_without_end),
		cmocka_unit_test(nothing_is_refused_politely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
