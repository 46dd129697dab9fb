// SPDX-License-Identifier: MIT
/*
 * Sessions: bytes become lines and words, a line becomes a command, and who may only look changes
 * nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl/password.h"
#include "ctl/session.h"

#define RANDOM_ROUNDS 20000

/* What all commands here are run by: nothing is run. */
static int run_nothing(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static const struct sluice_ctl_command rows[] = {
	{"show", run_nothing, SLUICE_CTL_LOOKS, "WHAT [-j]", "what is there"},
	{"set", run_nothing, SLUICE_CTL_CHANGES, "KEY=VALUE... [-j]", "change"},
	{"save", run_nothing, SLUICE_CTL_CHANGES, "", "write"},
	{"apply", run_nothing, SLUICE_CTL_LOCAL, "FILE", "a file"},
	{"tap", run_nothing, SLUICE_CTL_ALONE, "", "bytes"},
	{"help", run_nothing, SLUICE_CTL_LOOKS, "", "a list"},
	{"top", NULL, SLUICE_CTL_LOOKS, "", "later"},
};

/* What became of one line. */
struct outcome {
	struct sluice_session_step step;
	char line[SLUICE_LINE_MAX + 1];
	char *answer; /* @owner the outcome */
};

/* Has the session read a line. @owner caller: outcome->answer */
static void say(struct sluice_session *session, const char *line, struct outcome *outcome)
{
	size_t length;
	FILE *stream = open_memstream(&outcome->answer, &length);

	assert_non_null(stream);
	snprintf(outcome->line, sizeof(outcome->line), "%s", line);
	sluice_session_read(session, outcome->line, stream, &outcome->step);
	assert_int_equal(fclose(stream), 0);
}

/* Asserts the action of a line and that the answer holds `text`. */
static void check(struct sluice_session *session, const char *line,
		  enum sluice_session_action action, const char *text)
{
	struct outcome outcome;

	sluice_table_use(rows, sizeof(rows) / sizeof(rows[0]));
	say(session, line, &outcome);
	if (outcome.step.action != action || !strstr(outcome.answer, text))
		fail_msg("\"%s\": action %d, wished %d; answer: %s", line, outcome.step.action,
			 action, outcome.answer);
	free(outcome.answer);
}

/* Asserts that `line` runs `name` with so many words, the last of which is `last`. */
static void check_run(struct sluice_session *session, const char *line, const char *name, int argc,
		      const char *last)
{
	struct outcome outcome;

	sluice_table_use(rows, sizeof(rows) / sizeof(rows[0]));
	say(session, line, &outcome);
	assert_int_equal(outcome.step.action, SLUICE_SESSION_RUN);
	assert_string_equal(outcome.step.command->name, name);
	assert_string_equal(outcome.step.argv[0], name);
	assert_int_equal(outcome.step.argc, argc);
	assert_string_equal(outcome.step.argv[argc - 1], last);
	assert_null(outcome.step.argv[argc]);
	assert_string_equal(outcome.answer, "");
	free(outcome.answer);
}

/* Blanks, quotes, backslashes and remarks. */
static void words_are_split_as_by_a_shell(void **state)
{
	static const struct {
		const char *line;
		const char *words[5];
	} cases[] = {
		{"", {NULL}},
		{" \t ", {NULL}},
		{"one  two\tthree", {"one", "two", "three"}},
		{"a='b c' \"d \\\" e\"", {"a=b c", "d \" e"}},
		{"'it'\\''s' \"\"", {"it's", ""}},
		{"'a\\b' c\\ d", {"a\\b", "c d"}},
		{"x # all of the rest", {"x"}},
		{"x#y '#'", {"x#y", "#"}},
	};
	char *words[SLUICE_WORDS_MAX + 1], line[128];
	const char *why = NULL;
	size_t number;
	int word, count;

	(void)state;
	for (number = 0; number < sizeof(cases) / sizeof(cases[0]); number++) {
		snprintf(line, sizeof(line), "%s", cases[number].line);
		count = sluice_line_split(line, words, &why);
		assert_true(count >= 0);
		for (word = 0; word < count; word++) {
			assert_non_null(cases[number].words[word]);
			assert_string_equal(words[word], cases[number].words[word]);
		}
		assert_null(cases[number].words[count]);
		assert_null(words[count]);
	}
}

/* Quotes that stay open, and too many words. */
static void what_is_no_line_is_refused_with_a_sentence(void **state)
{
	static const char *const wrong[] = {"a 'b", "a \"b\\\"", "a\\"};
	char *words[SLUICE_WORDS_MAX + 1], line[2 * SLUICE_WORDS_MAX + 8];
	const char *why;
	size_t number;

	(void)state;
	for (number = 0; number < sizeof(wrong) / sizeof(wrong[0]); number++) {
		why = NULL;
		snprintf(line, sizeof(line), "%s", wrong[number]);
		assert_true(sluice_line_split(line, words, &why) < 0);
		assert_non_null(why);
	}
	for (number = 0; number < SLUICE_WORDS_MAX; number++)
		memcpy(line + 2 * number, "x ", 3);
	assert_int_equal(sluice_line_split(line, words, &why), SLUICE_WORDS_MAX);
	for (number = 0; number <= SLUICE_WORDS_MAX; number++)
		memcpy(line + 2 * number, "x ", 3);
	assert_true(sluice_line_split(line, words, &why) < 0);
}

/* Puts bytes into the line; returns the last event. */
static enum sluice_line_event put(struct sluice_line *line, const char *bytes, size_t length)
{
	enum sluice_line_event event = SLUICE_LINE_MORE;
	size_t number;

	for (number = 0; number < length; number++) {
		event = sluice_line_put(line, bytes[number]);
		if (number + 1 < length)
			assert_int_equal(event, SLUICE_LINE_MORE);
	}
	return event;
}

/* LF, CR LF, CR NUL, CR; characters that are taken back. */
static void lines_end_as_telnet_and_pipes_end_them(void **state)
{
	struct sluice_line line = {0};

	(void)state;
	assert_int_equal(put(&line, "one\n", 4), SLUICE_LINE_READY);
	assert_string_equal(line.bytes, "one");
	sluice_line_clear(&line);
	/* CR LF and CR NUL are one end, not two. */
	assert_int_equal(put(&line, "two\r", 4), SLUICE_LINE_READY);
	assert_string_equal(line.bytes, "two");
	sluice_line_clear(&line);
	assert_int_equal(put(&line, "\nthree\r", 7), SLUICE_LINE_READY);
	assert_string_equal(line.bytes, "three");
	sluice_line_clear(&line);
	assert_int_equal(put(&line, "\0fo\0ur\n", 7), SLUICE_LINE_READY);
	assert_string_equal(line.bytes, "four");
	sluice_line_clear(&line);
	assert_int_equal(put(&line, "f\xc3\xbc\x7f\x08vive\x7f\n", 11), SLUICE_LINE_READY);
	assert_string_equal(line.bytes, "viv");
}

/* What is longer is passed over up to its end, and the next line is read. */
static void a_line_without_end_is_bounded(void **state)
{
	struct sluice_line line = {0};
	size_t number;

	(void)state;
	for (number = 0; number < SLUICE_LINE_MAX; number++)
		assert_int_equal(sluice_line_put(&line, 'x'), SLUICE_LINE_MORE);
	assert_int_equal(sluice_line_put(&line, '\n'), SLUICE_LINE_READY);
	sluice_line_clear(&line);
	for (number = 0; number < (size_t)10 * SLUICE_LINE_MAX; number++)
		assert_int_equal(sluice_line_put(&line, 'x'), SLUICE_LINE_MORE);
	assert_int_equal(sluice_line_put(&line, '\n'), SLUICE_LINE_TOO_LONG);
	sluice_line_clear(&line);
	assert_int_equal(put(&line, "show\n", 5), SLUICE_LINE_READY);
	assert_string_equal(line.bytes, "show");
}

/* Abbreviations, and what is said of words that are none. */
static void a_beginning_is_enough_if_it_is_the_only_one(void **state)
{
	struct sluice_session session = {.may_look = true, .may_change = true};

	(void)state;
	check_run(&session, "show inputs", "show", 2, "inputs");
	check_run(&session, "SH inputs", "show", 2, "inputs");
	check_run(&session, "sa", "save", 1, "save");
	check(&session, "s", SLUICE_SESSION_FAILED, "each of these: show, set, save");
	check(&session, "shw", SLUICE_SESSION_FAILED, "did you mean \"show\"?");
	check(&session, "frob", SLUICE_SESSION_FAILED, "\"help\" lists");
	check(&session, "q", SLUICE_SESSION_QUIT, "");
	check(&session, "", SLUICE_SESSION_ANSWERED, "");
	check(&session, "top", SLUICE_SESSION_FAILED, "not supported yet");
	check(&session, "watch", SLUICE_SESSION_FAILED, "not supported yet");
}

/* Rights, before and after the password. */
static void who_may_only_look_changes_nothing(void **state)
{
	struct sluice_session session = {.may_look = true, .has_password = true};

	(void)state;
	check_run(&session, "show x", "show", 2, "x");
	check(&session, "set a=b", SLUICE_SESSION_FAILED, "may only look");
	check(&session, "sa", SLUICE_SESSION_FAILED, "may only look");
	check(&session, "help set", SLUICE_SESSION_ANSWERED, "may only look");
	check(&session, "password", SLUICE_SESSION_PASSWORD, "");
	check(&session, "password secret", SLUICE_SESSION_FAILED, "usage");
	session.has_password = false;
	check(&session, "password", SLUICE_SESSION_FAILED, "control.password-file");
	check(&session, "set a=b", SLUICE_SESSION_FAILED, "control.password-file");
	session.has_password = true;
	session.may_look = false;
	check(&session, "show x", SLUICE_SESSION_FAILED, "before it gave the password");
	check(&session, "json on", SLUICE_SESSION_FAILED, "before it gave the password");
	check(&session, "quit", SLUICE_SESSION_QUIT, "");
}

/* Commands that touch the caller's files are not for callers from elsewhere. */
static void files_are_for_the_shell_only(void **state)
{
	struct sluice_session session = {.may_look = true, .may_change = true};

	(void)state;
	check(&session, "apply /etc/shadow", SLUICE_SESSION_FAILED, "touches files");
	/* Not even by a beginning. */
	check(&session, "ap /etc/shadow", SLUICE_SESSION_FAILED, "no command");
	check(&session, "tap", SLUICE_SESSION_FAILED, "not for a session");
	session.is_local = true;
	check_run(&session, "ap x", "apply", 2, "x");
	check(&session, "tap", SLUICE_SESSION_FAILED, "not for a session");
	check(&session, "password", SLUICE_SESSION_FAILED, "no command");
}

/* `json on` adds -j, once, to commands that take it. */
static void json_is_asked_for_where_there_is_some(void **state)
{
	struct sluice_session session = {.may_look = true, .may_change = true};

	(void)state;
	check(&session, "json on", SLUICE_SESSION_ANSWERED, "json is on");
	check_run(&session, "show x", "show", 3, "-j");
	check_run(&session, "show -j", "show", 2, "-j");
	check_run(&session, "save", "save", 1, "save");
	check(&session, "json maybe", SLUICE_SESSION_FAILED, "usage");
	check(&session, "json off", SLUICE_SESSION_ANSWERED, "json is off");
	check_run(&session, "show x", "show", 2, "x");
}

/* The first line of the file, whole, and nothing else. */
static void only_the_first_line_is_the_password(void **state)
{
	static const char *const wrong[] = {"", "secre", "secrets", "Secret", "secret ", "second"};
	char path[] = "/tmp/sluice-password-XXXXXX", longest[300];
	int fd = mkstemp(path);
	size_t number;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sluice_password_check(path, ""), -ENODATA);
	assert_int_equal(write(fd, "secret\r\nsecond\n", 15), 15);
	assert_int_equal(sluice_password_check(path, "secret"), 1);
	for (number = 0; number < sizeof(wrong) / sizeof(wrong[0]); number++)
		assert_int_equal(sluice_password_check(path, wrong[number]), 0);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(sluice_password_check(path, longest), 0);
	/* 255 bytes are a password, of more no beginning is one. */
	assert_int_equal(pwrite(fd, longest, 255, 0), 255);
	assert_int_equal(sluice_password_check(path, longest), 0);
	longest[255] = '\0';
	assert_int_equal(sluice_password_check(path, longest), 1);
	longest[255] = 'x';
	assert_int_equal(pwrite(fd, longest, 256, 0), 256);
	assert_int_equal(sluice_password_check(path, longest), -E2BIG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sluice_password_check(path, "secret"), -ENOENT);
	close(fd);
}

/* Whatever comes, nothing is run that may not be, and nothing is written beyond its end (ASan). */
static void random_bytes_run_nothing_that_is_forbidden(void **state)
{
	static const char letters[] = "show set save apply tap help quit '\"\\# \t\r\n\x7f\x08=-j";
	struct sluice_session session = {.may_look = true, .has_password = true};
	struct sluice_line line = {0};
	unsigned int seed = 1;
	size_t number, count, runs = 0;
	struct outcome outcome;

	(void)state;
	sluice_table_use(rows, sizeof(rows) / sizeof(rows[0]));
	for (number = 0; number < RANDOM_ROUNDS; number++) {
		for (count = (size_t)rand_r(&seed) % 24; count; count--) {
			int byte = rand_r(&seed) % 4
					   ? letters[(size_t)rand_r(&seed) % (sizeof(letters) - 1)]
					   : rand_r(&seed) % 256;

			if (sluice_line_put(&line, (char)byte) == SLUICE_LINE_MORE)
				continue;
			say(&session, line.bytes, &outcome);
			sluice_line_clear(&line);
			if (outcome.step.action == SLUICE_SESSION_RUN) {
				assert_int_equal(outcome.step.command->access, SLUICE_CTL_LOOKS);
				runs++;
			}
			free(outcome.answer);
		}
		if (number % 8 == 0 && sluice_line_put(&line, '\n') == SLUICE_LINE_READY)
			sluice_line_clear(&line);
		for (count = 0; number % 4 == 0 && count < 5; count++)
			(void)sluice_line_put(&line, "show "[count]);
	}
	assert_true(runs > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_split_as_by_a_shell),
		cmocka_unit_test(what_is_no_line_is_refused_with_a_sentence),
		cmocka_unit_test(lines_end_as_telnet_and_pipes_end_them),
		cmocka_unit_test(a_line_without_end_is_bounded),
		cmocka_unit_test(a_beginning_is_enough_if_it_is_the_only_one),
		cmocka_unit_test(who_may_only_look_changes_nothing),
		cmocka_unit_test(files_are_for_the_shell_only),
		cmocka_unit_test(json_is_asked_for_where_there_is_some),
		cmocka_unit_test(only_the_first_line_is_the_password),
		cmocka_unit_test(random_bytes_run_nothing_that_is_forbidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
