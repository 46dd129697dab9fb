// SPDX-License-Identifier: MIT
/*
 * Commands on events: how a command is split into words, and that few run at once, few wait, and
 * the next one is told how many ran nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config/hook_words.h"
#include "daemon/hooks.h"

#define MOST (SLUICE_HOOKS_AT_ONCE + SLUICE_HOOKS_WAITING)
#define BEYOND 12U

/* Texts, and their words with | between them; or why they are none, behind a !. */
static const char *const texts[][2] = {
	{"/bin/true", "/bin/true"},
	{"  /bin/echo  one\ttwo  ", "/bin/echo|one|two"},
	{"/bin/sh -c 'a b \"c\"'", "/bin/sh|-c|a b \"c\""},
	{"/a \"b 'c'\"d '' \"\"", "/a|b 'c'd||"},
	{"\"/a b\" c", "/a b|c"},
	{"/a b\\ c", "/a|b\\|c"},
	{"", "!there is no command in it"},
	{"  ", "!there is no command in it"},
	{"''", "!a command is written with its whole path, beginning with /"},
	{"true", "!a command is written with its whole path, beginning with /"},
	{"/a 'b", "!a quotation mark has no other that ends it"},
	{"/a \"b'", "!a quotation mark has no other that ends it"},
};

/* Each text becomes its words. */
static void texts_are_split(void **state)
{
	size_t number, place;

	(void)state;
	for (number = 0; number < sizeof(texts) / sizeof(texts[0]); number++) {
		const char *why = NULL;
		char **words = sluice_hook_words(texts[number][0], &why), joined[128] = "";

		if (!words)
			snprintf(joined, sizeof(joined), "!%s", why);
		for (place = 0; words && words[place]; place++)
			snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s",
				 place ? "|" : "", words[place]);
		assert_string_equal(joined, texts[number][1]);
		free(words);
	}
}

/* Lines of a file, the last of which goes to `last`. */
static unsigned int count_lines(const char *path, char last[64])
{
	FILE *file = fopen(path, "re");
	unsigned int count = 0;

	while (file && fgets(last, 64, file))
		count++;
	if (file)
		fclose(file);
	return count;
}

/* Serves until the file has so many lines. */
static void serve_until(struct sluice_hooks *hooks, const char *path, unsigned int lines,
			char last[64])
{
	struct pollfd wait = {.fd = sluice_hooks_fd(hooks), .events = POLLIN};
	unsigned int turn;

	for (turn = 0; turn < 2000 && count_lines(path, last) < lines; turn++) {
		(void)poll(&wait, 1, 50);
		sluice_hooks_serve(hooks);
	}
	assert_int_equal(count_lines(path, last), lines);
}

/* More than can run and wait: the rest runs nothing, and the next one is told how many. */
static void too_many_are_left_out(void **state)
{
	struct sluice_config config = {.hook_limit_us = 60000000};
	struct sluice_event_entry entry = {.kind = SLUICE_EVENT_LOSS};
	char folder[] = "/tmp/sluice-hooks-XXXXXX", path[64], command[256], last[64] = "";
	char relay[] = "middle";
	struct sluice_hooks *hooks;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/told", folder);
	/* Nothing of it is put into the text: it is in the environment. */
	snprintf(command, sizeof(command),
		 "/bin/sh -c 'while [ ! -e %s/go ]; do sleep 0.05; done; "
		 "echo \"$SLUICE_SEQUENCE $SLUICE_LEFT_OUT $SLUICE_EVENT\" >>%s'",
		 folder, path);
	config.relay = relay;
	config.hooks[SLUICE_EVENT_CLASS_LOSS].command = command;
	assert_int_equal(sluice_hooks_create(&hooks), 0);
	sluice_hooks_configure(hooks, &config);
	for (entry.sequence = 1; entry.sequence <= MOST + BEYOND; entry.sequence++)
		sluice_hooks_run(hooks, &entry);
	/* Another class has no command. */
	entry.kind = SLUICE_EVENT_ALARM;
	sluice_hooks_run(hooks, &entry);
	assert_int_equal(count_lines(path, last), 0);
	snprintf(last, sizeof(last), "%s/go", folder);
	fclose(fopen(last, "we"));
	serve_until(hooks, path, MOST, last);
	entry.kind = SLUICE_EVENT_LOSS;
	entry.sequence = 1000;
	sluice_hooks_run(hooks, &entry);
	serve_until(hooks, path, MOST + 1, last);
	assert_string_equal(last, "1000 12 loss\n");
	sluice_hooks_free(hooks);
	unlink(path);
	snprintf(last, sizeof(last), "%s/go", folder);
	unlink(last);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_split),
		cmocka_unit_test(too_many_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
