// SPDX-License-Identifier: MIT
/*
 * The log: form of the lines, fields, levels, rotation, hostile text, what is left out, many
 * threads at once. The journal's fields: tests/scenarios/P7-log-to-stderr-file-and-journal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "log.h"

#define THREADS 4
#define LINES 2000

static char folder[] = "/tmp/sluice-log-XXXXXX";
static char path[64];

/* The whole of a file. @owner caller */
static char *read_file(const char *name)
{
	char *text = NULL;
	size_t room = 0;
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	if (getdelim(&text, &room, '\0', file) < 0)
		text[0] = '\0';
	fclose(file);
	return text;
}

/* Does `text` match? */
static void assert_matches(const char *text, const char *pattern)
{
	regex_t compiled;

	assert_int_equal(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&compiled, text, 0, NULL, 0))
		fail_msg("%s\ndoes not match\n%s", text, pattern);
	regfree(&compiled);
}

/* Time to the millisecond, level, text; what is less urgent than the level is not written. */
static void lines_have_time_level_and_text(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_NOTICE), 0);
	sluice_error("one %d", 1);
	sluice_warning("two");
	sluice_notice("three");
	sluice_info("not this");
	sluice_debug("nor this");
	text = read_file(path);
#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"
	assert_matches(text,
		       "^" TIME " error: one 1 place=test_log\n" TIME
		       " warning: two place=test_log\n" TIME " notice: three place=test_log\n$");
	free(text);
	/* Another level at once. */
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_DEBUG), 0);
	sluice_debug("now this");
	text = read_file(path);
	assert_matches(text, "debug: now this place=test_log\n$");
	free(text);
}

/* A rotated file is left alone after reopening, a file that cannot be opened keeps the log where it
 * is. */
static void a_rotated_file_is_begun_anew(void **state)
{
	char rotated[80], *text;

	(void)state;
	unlink(path);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_INFO), 0);
	sluice_info("before");
	snprintf(rotated, sizeof(rotated), "%s.1", path);
	assert_int_equal(rename(path, rotated), 0);
	sluice_info("between");
	assert_int_equal(sluice_log_reopen(), 0);
	sluice_info("after");
	text = read_file(rotated);
	assert_matches(text, "before place=test_log\n.*between place=test_log\n$");
	free(text);
	text = read_file(path);
	assert_matches(text, "^[^\n]*after place=test_log\n$");
	free(text);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, "/nowhere/log", LOG_INFO), -ENOENT);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, NULL, LOG_INFO), -EINVAL);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_STDERR, NULL, LOG_EMERG), -EINVAL);
	sluice_info("still here");
	text = read_file(path);
	assert_matches(text, "still here place=test_log\n$");
	free(text);
	unlink(rotated);
}

/* A line is a line, whatever is in it; errno is as it was. */
static void text_cannot_forge_lines(void **state)
{
	char longer[3 * SLUICE_LOG_LINE_MAX], *text;

	(void)state;
	unlink(path);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_INFO), 0);
	errno = EXDEV;
	sluice_info("name \"%s\"", "x\nerror: forged\033[2J\r");
	assert_int_equal(errno, EXDEV);
	memset(longer, 'y', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	sluice_info("%s", longer);
	text = read_file(path);
	assert_matches(text, "^[^\n]*info: name \"x error: forged \\[2J \" "
			     "place=test_log\n[^\n]*y\\.\\.\\. place=test_log\n$");
	assert_true(strlen(text) < SLUICE_LOG_LINE_MAX + 200);
	free(text);
}

/* A thread that writes. */
static void *write_lines(void *argument)
{
	int line;

	for (line = 0; line < LINES; line++)
		sluice_info("thread %ld line %d end", (long)(intptr_t)argument, line);
	return NULL;
}

/* Lines of many threads stay whole, also while the file is opened anew. */
static void threads_do_not_mix_their_lines(void **state)
{
	pthread_t threads[THREADS];
	char *text, *line, *rest;
	intptr_t number;
	int count = 0;

	(void)state;
	unlink(path);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_INFO), 0);
	sluice_log_shape(SLUICE_LOG_AS_TEXT, 0);
	for (number = 0; number < THREADS; number++)
		assert_int_equal(
			pthread_create(&threads[number], NULL, write_lines, (void *)number), 0);
	for (number = 0; number < 100; number++)
		assert_int_equal(sluice_log_reopen(), 0);
	for (number = 0; number < THREADS; number++)
		assert_int_equal(pthread_join(threads[number], NULL), 0);
	text = read_file(path);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		assert_matches(line + 25, "^info: thread [0-3] line [0-9]+ end place=test_log$");
		count++;
	}
	assert_int_equal(count, THREADS * LINES);
	free(text);
	sluice_log_shape(SLUICE_LOG_AS_TEXT, SLUICE_LOG_LIMIT);
}

/* Fields stand behind the text, in quotes where a reader needs them; what is not there is not
 * written. */
static void fields_stand_behind_the_text(void **state)
{
	char *text;

	(void)state;
	unlink(path);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_INFO), 0);
	sluice_warning_about(SLUICE_ABOUT(.output = "collector", .worker = SLUICE_NUMBER(0)),
			     "one");
	sluice_notice_about(SLUICE_ABOUT(.path = "/a \"b\"\\c", .bytes = SLUICE_NUMBER(UINT64_MAX)),
			    "two");
	sluice_error_about(SLUICE_ABOUT(.input = "", .route = "x\ny=z"), "three");
	text = read_file(path);
	assert_non_null(strstr(text, "warning: one place=test_log output=collector worker=0\n"));
	assert_non_null(strstr(text, "two place=test_log path=\"/a \\\"b\\\"\\\\c\" "
				     "bytes=18446744073709551615\n"));
	assert_non_null(strstr(text, "three place=test_log input=\"\" route=\"x y=z\"\n"));
	free(text);
}

/* As JSON a line is an object, whatever bytes are in it. */
static void a_line_can_be_json(void **state)
{
	json_t *object;
	char *text;

	(void)state;
	unlink(path);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_INFO), 0);
	sluice_log_shape(SLUICE_LOG_AS_JSON, SLUICE_LOG_LIMIT);
	assert_int_equal(sluice_log_relay("north"), 0);
	sluice_warning_about(SLUICE_ABOUT(.input = "a\"b", .port = SLUICE_NUMBER(514)),
			     "torn \xff text");
	text = read_file(path);
	object = json_loads(text, 0, NULL);
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "level")), "warning");
	assert_string_equal(json_string_value(json_object_get(object, "place")), "test_log");
	assert_string_equal(json_string_value(json_object_get(object, "relay")), "north");
	assert_string_equal(json_string_value(json_object_get(object, "text")), "torn ? text");
	assert_string_equal(json_string_value(json_object_get(object, "input")), "a\"b");
	assert_int_equal(json_integer_value(json_object_get(object, "port")), 514);
	assert_non_null(json_object_get(object, "time"));
	assert_int_equal(json_object_size(object), 7);
	json_decref(object);
	free(text);
	sluice_log_shape(SLUICE_LOG_AS_TEXT, SLUICE_LOG_LIMIT);
	assert_int_equal(sluice_log_relay(NULL), 0);
}

/* As if the window of a place had begun so long ago. */
static void let_pass(struct sluice_log_place *place)
{
	atomic_fetch_sub(&place->begin, (SLUICE_LOG_WINDOW_S + 1) * 1000000000LL);
}

/* How often a part is in the log. */
static int count(const char *part)
{
	char *text = read_file(path), *found = text;
	int times = 0;

	while ((found = strstr(found, part))) {
		found += strlen(part);
		times++;
	}
	free(text);
	return times;
}

/* One place may write so many lines within a window; how many more there were is told with the next
 * one, when the window is over, or at the end. Another place is not concerned. */
static void what_is_left_out_is_counted(void **state)
{
	static struct sluice_log_place one = {.file = "userd/daemon/link/flood.c", .line = 7},
				       other = {.file = "userd/lib/other.c"};
	int line;

	(void)state;
	unlink(path);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_INFO), 0);
	sluice_log_shape(SLUICE_LOG_AS_TEXT, 3);
	for (line = 0; line < 10; line++)
		sluice_log(&one, LOG_WARNING, NULL, "flood");
	sluice_log(&other, LOG_NOTICE, NULL, "calm");
	assert_int_equal(count("warning: flood place=link/flood\n"), 3);
	assert_int_equal(count("notice: calm place=lib/other\n"), 1);
	/* The window lasts: nothing to tell yet. */
	sluice_log_settle(false);
	assert_int_equal(count("left_out="), 0);
	let_pass(&one);
	sluice_log(&one, LOG_WARNING, NULL, "flood");
	assert_int_equal(count("warning: 7 more lines of link/flood, line 7, within 10 s were left "
			       "out (`log.limit`) place=link/flood left_out=7\n"),
			 1);
	assert_int_equal(count("warning: flood "), 4);
	for (line = 0; line < 3; line++)
		sluice_log(&one, LOG_ERR, NULL, "flood");
	let_pass(&one);
	sluice_log_settle(false);
	assert_int_equal(count("error: 1 more line of "), 1);
	sluice_log_settle(true);
	assert_int_equal(count("left_out="), 2);
	for (line = 0; line < 5; line++)
		sluice_log(&one, LOG_ERR, NULL, "flood");
	sluice_log_settle(true);
	assert_int_equal(count("error: 2 more lines of "), 1);
	sluice_log_shape(SLUICE_LOG_AS_TEXT, SLUICE_LOG_LIMIT);
}

/* Threads that flood one place: each line is written or counted. */
static void no_line_is_neither_written_nor_counted(void **state)
{
	pthread_t threads[THREADS];
	intptr_t number;
	char *text, *place;
	int told = 0;

	(void)state;
	unlink(path);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, path, LOG_INFO), 0);
	sluice_log_shape(SLUICE_LOG_AS_TEXT, 50);
	for (number = 0; number < THREADS; number++)
		assert_int_equal(
			pthread_create(&threads[number], NULL, write_lines, (void *)number), 0);
	for (number = 0; number < THREADS; number++)
		assert_int_equal(pthread_join(threads[number], NULL), 0);
	sluice_log_settle(true);
	text = read_file(path);
	for (place = text; (place = strstr(place, "left_out=")); place++)
		told += (int)strtol(place + strlen("left_out="), NULL, 10);
	free(text);
	assert_int_equal(count("info: thread ") + told, THREADS * LINES);
	assert_true(told > 0);
	sluice_log_shape(SLUICE_LOG_AS_TEXT, SLUICE_LOG_LIMIT);
}

/* To stderr the level comes first and no time: whoever reads it has a clock. */
static void stderr_gets_level_and_text(void **state)
{
	int kept = dup(STDERR_FILENO), file;
	char *text;

	(void)state;
	unlink(path);
	file = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(kept >= 0 && file >= 0);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_STDERR, NULL, LOG_INFO), 0);
	assert_true(dup2(file, STDERR_FILENO) >= 0);
	sluice_warning("to stderr");
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	close(file);
	text = read_file(path);
	assert_string_equal(text, "warning: to stderr place=test_log\n");
	free(text);
}

/* Levels by name, in any case. */
static void levels_have_names(void **state)
{
	(void)state;
	assert_int_equal(sluice_log_level_parse("Warning"), LOG_WARNING);
	assert_int_equal(sluice_log_level_parse("debug"), LOG_DEBUG);
	assert_int_equal(sluice_log_level_parse("loud"), -EINVAL);
	assert_int_equal(sluice_log_level_parse(NULL), -EINVAL);
	assert_string_equal(sluice_log_level_name(LOG_CRIT), "error");
}

/* A folder of our own. */
static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/log", folder);
	return 0;
}

/* And away with it. */
static int end(void **state)
{
	(void)state;
	sluice_log_close();
	unlink(path);
	return rmdir(folder);
}

/* In a directory that others may write to, a link is not followed, and what is no file of ours gets
 * nothing. */
static void nobody_leads_the_log_elsewhere(void **state)
{
	char open_folder[] = "/tmp/sluice-open-XXXXXX", victim[96], name[96];
	struct stat status;

	(void)state;
	assert_non_null(mkdtemp(open_folder));
	snprintf(victim, sizeof(victim), "%s/victim", open_folder);
	snprintf(name, sizeof(name), "%s/log", open_folder);
	close(open(victim, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(symlink(victim, name), 0);
	/* A link of ours where only we can make one is none of their business. */
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, name, LOG_NOTICE), 0);
	sluice_log_close();
	assert_int_equal(chmod(open_folder, 01777), 0);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, name, LOG_NOTICE), -EPERM);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(mkfifo(name, 0666), 0);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, name, LOG_NOTICE), -EPERM);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(link(victim, name), 0);
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, name, LOG_NOTICE), -EPERM);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(stat(victim, &status), 0);
	assert_int_equal(status.st_size, 0);
	/* A fresh one is ours. */
	assert_int_equal(sluice_log_open(SLUICE_LOG_TO_FILE, name, LOG_NOTICE), 0);
	sluice_log_close();
	(void)unlink(name);
	(void)unlink(victim);
	(void)rmdir(open_folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_time_level_and_text),
		cmocka_unit_test(a_rotated_file_is_begun_anew),
		cmocka_unit_test(text_cannot_forge_lines),
		cmocka_unit_test(threads_do_not_mix_their_lines),
		cmocka_unit_test(fields_stand_behind_the_text),
		cmocka_unit_test(a_line_can_be_json),
		cmocka_unit_test(what_is_left_out_is_counted),
		cmocka_unit_test(no_line_is_neither_written_nor_counted),
		cmocka_unit_test(stderr_gets_level_and_text),
		cmocka_unit_test(levels_have_names),
		cmocka_unit_test(nobody_leads_the_log_elsewhere),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
