// SPDX-License-Identifier: MIT
/*
 * The tool: what it prints and how it exits, where neither module nor daemon is needed. One list,
 * shown as a table or as JSON. Run in the top folder of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ctl/command.h"
#include "ctl/print.h"

#define WORDS 10

static char output_path[] = "/tmp/sluice-ctl-XXXXXX";

/* Has stdout and stderr written to our file. */
static void capture_begin(int kept[2])
{
	int file = open(output_path, O_WRONLY | O_TRUNC | O_APPEND | O_CREAT, 0600);

	fflush(stdout);
	fflush(stderr);
	kept[0] = dup(STDOUT_FILENO);
	kept[1] = dup(STDERR_FILENO);
	assert_true(file >= 0 && kept[0] >= 0 && kept[1] >= 0);
	assert_true(dup2(file, STDOUT_FILENO) >= 0 && dup2(file, STDERR_FILENO) >= 0);
	close(file);
}

/* Undoes that; returns what was written. @owner caller */
static char *capture_end(const int kept[2])
{
	char *text = NULL;
	size_t room = 0;
	FILE *file;

	fflush(stdout);
	fflush(stderr);
	dup2(kept[0], STDOUT_FILENO);
	dup2(kept[1], STDERR_FILENO);
	close(kept[0]);
	close(kept[1]);
	file = fopen(output_path, "r");
	if (!file || getdelim(&text, &room, '\0', file) < 0) {
		free(text);
		text = strdup("");
	}
	if (file)
		fclose(file);
	return text;
}

/* Runs a command with the words of `line`; returns its status, *said is what it printed (@owner
 * caller). */
static int run(int (*command)(int, char **), const char *line, char **said)
{
	char *copy = strdup(line), *words[WORDS + 1] = {NULL}, *rest, *word;
	int kept[2], count = 0, status;

	for (word = strtok_r(copy, " ", &rest); word && count < WORDS;
	     word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	capture_begin(kept);
	status = command(count, words);
	*said = capture_end(kept);
	free(copy);
	return status;
}

/* Expects a status and that `words` are said. */
static void expect(int (*command)(int, char **), const char *line, int status, const char *words)
{
	char *said;
	int actual = run(command, line, &said);

	if (actual != status)
		fail_msg("%s: exit %d instead of %d: %s", line, actual, status, said);
	if (!strstr(said, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", line, said, words);
	free(said);
}

/* check: 0 and silence for a good file, 1 and all findings of all files for bad ones. */
static void check_lists_the_faults_of_all_files(void **state)
{
	char *said;

	(void)state;
	assert_int_equal(run(sluice_ctl_check, "check tests/config/good/minimal.yaml", &said),
			 SLUICE_CTL_OK);
	assert_string_equal(said, "");
	free(said);
	assert_int_equal(
		run(sluice_ctl_check,
		    "check tests/config/bad/empty.yaml tests/config/bad/list.yaml /nowhere", &said),
		SLUICE_CTL_FINDINGS);
	assert_string_equal(said, "tests/config/bad/empty.yaml: error: the file is empty: a "
				  "configuration has at least inputs and "
				  "outputs\n"
				  "tests/config/bad/list.yaml:1:1: error: the configuration must "
				  "be a mapping of keys and values, "
				  "not a list\n"
				  "/nowhere: error: cannot be read: No such file or directory\n");
	free(said);
	expect(sluice_ctl_check, "check", SLUICE_CTL_USAGE, "usage: sluicectl check FILE");
}

/* init: a wrong word is told by option and nothing is written; nor is what has no place. */
static void init_writes_nothing_that_is_wrong(void **state)
{
	(void)state;
	expect(sluice_ctl_init, "init --ports 5000", SLUICE_CTL_USAGE, "usage: sluicectl init");
	expect(sluice_ctl_init, "init extra", SLUICE_CTL_USAGE, "usage: sluicectl init");
	expect(sluice_ctl_init, "init --port 70000 --to 10.9.1.2:6000 --receiver nc --output -",
	       SLUICE_CTL_USAGE, "--port: error: inputs.port: \"70000\" is out of range");
	expect(sluice_ctl_init, "init --port 5000 --to 10.9.1.2 --receiver nc --output -",
	       SLUICE_CTL_USAGE, "--to: error: outputs.to: \"10.9.1.2\" has no port");
	expect(sluice_ctl_init, "init --port 5000 --to 10.9.1.2:6000 --receiver rsylog --output -",
	       SLUICE_CTL_USAGE, "did you mean \"rsyslog\"");
	expect(sluice_ctl_init,
	       "init --port 5000 --to 10.9.1.2:6000 --receiver nc --output /nowhere/at/all",
	       SLUICE_CTL_REFUSED, "/nowhere/at/all cannot be written: No such file or directory");
}

/* The same as JSON. */
static void check_speaks_json(void **state)
{
	json_t *list, *finding;
	char *said;

	(void)state;
	assert_int_equal(run(sluice_ctl_check, "check tests/config/bad/graph.yaml -j", &said),
			 SLUICE_CTL_FINDINGS);
	list = json_loads(said, 0, NULL);
	free(said);
	assert_non_null(list);
	assert_int_equal(json_array_size(list), 7);
	finding = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(finding, "file")),
			    "tests/config/bad/graph.yaml");
	assert_int_equal(json_integer_value(json_object_get(finding, "line")), 2);
	assert_int_equal(json_integer_value(json_object_get(finding, "column")), 36);
	assert_string_equal(json_string_value(json_object_get(finding, "severity")), "error");
	json_decref(list);
	assert_int_equal(run(sluice_ctl_check, "check -j tests/config/good/minimal.yaml", &said),
			 SLUICE_CTL_OK);
	assert_string_equal(said, "[]\n");
	free(said);
}

/* A wrong command line is told how it should be. */
static void wrong_command_lines_get_the_usage(void **state)
{
	(void)state;
	expect(sluice_ctl_apply, "apply", SLUICE_CTL_USAGE, "usage: sluicectl apply FILE");
	expect(sluice_ctl_apply, "apply a b", SLUICE_CTL_USAGE, "usage: sluicectl apply FILE");
	expect(sluice_ctl_show, "show", SLUICE_CTL_USAGE, "usage: sluicectl show");
	expect(sluice_ctl_show, "show everything", SLUICE_CTL_USAGE, "usage: sluicectl show");
	/* What follows the view is a name, of which there is one, and not in every view. */
	expect(sluice_ctl_show, "show inputs one two", SLUICE_CTL_USAGE, "usage: sluicectl show");
	expect(sluice_ctl_show, "show daemon one", SLUICE_CTL_USAGE, "usage: sluicectl show");
	expect(sluice_ctl_show, "show inputs -i 0", SLUICE_CTL_USAGE, "usage: sluicectl show");
	expect(sluice_ctl_show, "show inputs -n 2", SLUICE_CTL_USAGE, "usage: sluicectl show");
	expect(sluice_ctl_show, "show inputs -h -j", SLUICE_CTL_USAGE, "usage: sluicectl show");
	expect(sluice_ctl_show, "show inputs -o name,speed", SLUICE_CTL_USAGE,
	       "there is no column \"speed\"; there are: name,");
	expect(sluice_ctl_delete, "del rule", SLUICE_CTL_USAGE, "usage: sluicectl del");
	expect(sluice_ctl_delete, "del input x", SLUICE_CTL_USAGE, "usage: sluicectl del");
}

/* In a network namespace of our own there is no daemon: one sentence and status 3; faults come
 * first. */
static void without_a_daemon_one_sentence_says_so(void **state)
{
	int status;
	pid_t child;

	(void)state;
	if (getuid() != 0)
		skip();
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		static const char sentence[] = "sluicectl: sluiced is not running in this network "
					       "namespace: start it with "
					       "sluiced -c FILE\n";

		if (unshare(CLONE_NEWNET))
			_exit(9);
		expect(sluice_ctl_show, "show inputs", SLUICE_CTL_REFUSED, sentence);
		expect(sluice_ctl_show, "show daemon -j", SLUICE_CTL_REFUSED, sentence);
		expect(sluice_ctl_apply, "apply tests/config/good/minimal.yaml", SLUICE_CTL_REFUSED,
		       sentence);
		expect(sluice_ctl_apply, "apply tests/config/bad/list.yaml", SLUICE_CTL_FINDINGS,
		       "list.yaml:1:1: error: ");
		/* Not exit(): what belongs to the parent's tests is not ours to end. */
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Numbers are flush right, texts left, nested things in a cell, and what is not there is "-". */
static void a_list_becomes_a_table(void **state)
{
	static const struct sluice_print_column columns[] = {{"name", "NAME"},
							     {"count", "COUNT"},
							     {"lost", "LOST"},
							     {"outputs", "OUTPUTS"},
							     {"error", "ERROR"}};
	json_t *list = json_loads(
		"[{\"name\": \"m\\u00fcller\", \"count\": 7, \"lost\": {\"ring_full\": 3, "
		"\"copy\": 0, "
		"\"socket\": 4}, \"outputs\": [\"a\", \"b\"]},"
		" {\"name\": \"x\", \"count\": 123456, \"lost\": {\"copy\": 0}, \"outputs\": [], "
		"\"error\": \"refused\"}]",
		0, NULL);
	json_t *again;
	char *said;
	int kept[2];

	(void)state;
	assert_non_null(list);
	capture_begin(kept);
	assert_int_equal(sluice_print(list, false, columns, 5), 0);
	said = capture_end(kept);
	assert_string_equal(said, "NAME     COUNT  LOST                  OUTPUTS  ERROR\n"
				  "m\xc3\xbcller       7  ring_full=3 socket=4  a,b      -\n"
				  "x       123456  0                     -        refused\n");
	free(said);
	capture_begin(kept);
	assert_int_equal(sluice_print(list, true, NULL, 0), 0);
	said = capture_end(kept);
	again = json_loads(said, 0, NULL);
	assert_true(json_equal(list, again));
	json_decref(again);
	json_decref(list);
	free(said);
}

/* A file of our own for what is printed. */
static int begin(void **state)
{
	int file = mkstemp(output_path);

	(void)state;
	return file < 0 ? -1 : close(file);
}

/* And away with it. */
static int end(void **state)
{
	(void)state;
	return unlink(output_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_lists_the_faults_of_all_files),
		cmocka_unit_test(init_writes_nothing_that_is_wrong),
		cmocka_unit_test(check_speaks_json),
		cmocka_unit_test(wrong_command_lines_get_the_usage),
		cmocka_unit_test(without_a_daemon_one_sentence_says_so),
		cmocka_unit_test(a_list_becomes_a_table),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
