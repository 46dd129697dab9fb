// SPDX-License-Identifier: MIT
/*
 * Claims: one has it, who says so; it is free when he dies, whatever he died of; and what a standby
 * thinks of one that is silent. Touches: /run/sluice or /dev/shm, child processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daemon/standby/watch.h"
#include "lib/claim.h"
#include "lib/clock.h"

static char path[SLUICE_CLAIM_PATH];

/* A name that nobody else has. */
static int set_up(void **state)
{
	char name[64], text[SLUICE_CLAIM_TEXT];

	(void)state;
	snprintf(name, sizeof(name), "unit test %d/..", (int)getpid());
	return sluice_claim_path(path, SLUICE_CLAIM_RELAY, name, text);
}

/* Nothing is left. */
static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

/* A child that has the claim and does nothing; `circles`: but go round in them. */
static pid_t hold(bool circles)
{
	struct sluice_claim claim;
	struct sluice_claim_note note = {.epoch = 7, .relay = "unit"};
	int ends[2];
	char word = 0;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		if (sluice_claim_take(&claim, path, false) || sluice_claim_sign(&claim, &note) ||
		    write(ends[1], "x", 1) != 1)
			_exit(1);
		do {
			if (!circles)
				pause();
		} while (getppid() != 1);
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &word, 1), 1);
	close(ends[0]);
	return child;
}

/* The name becomes part of one file's; one has it; the file goes with the last one. */
static void one_has_it(void **state)
{
	struct sluice_claim one, other;
	struct sluice_claim_note note = {.epoch = 3, .relay = "a relay"}, found;

	(void)state;
	assert_null(strstr(path, "/.."));
	assert_int_equal(sluice_claim_look(path, &found), -ENOENT);
	assert_int_equal(sluice_claim_take(&one, path, false), 0);
	assert_int_equal(sluice_claim_sign(&one, &note), 0);
	assert_int_equal(sluice_claim_take(&other, path, false), -EBUSY);
	assert_int_equal(sluice_claim_look(path, &found), 0);
	assert_int_equal(found.pid, getpid());
	assert_int_equal(found.epoch, 3);
	assert_string_equal(found.relay, "a relay");
	assert_true(sluice_claim_relay_of(getpid(), &found));
	sluice_claim_drop(&one, false);
	assert_int_equal(sluice_claim_look(path, &found), -ENOENT);
	/* The next one knows how far the epoch was, and that nobody is waited for. */
	assert_int_equal(sluice_claim_take(&other, path, false), 0);
	assert_int_equal(sluice_claim_read(&other, &found), 0);
	assert_int_equal(found.epoch, 3);
	assert_int_equal(found.pid, 0);
	sluice_claim_drop(&other, true);
	assert_int_equal(access(path, F_OK), -1);
}

/* Whoever dies of SIGKILL has it no more, and whoever waits has it then. */
static void death_frees_it(void **state)
{
	struct sluice_claim claim;
	struct sluice_claim_note found;
	pid_t child = hold(false);

	(void)state;
	assert_int_equal(sluice_claim_take(&claim, path, false), -EBUSY);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(sluice_claim_take(&claim, path, true), 0);
	assert_int_equal(sluice_claim_read(&claim, &found), 0);
	assert_int_equal(found.pid, child);
	assert_int_equal(found.epoch, 7);
	assert_int_equal(waitpid(child, NULL, 0), child);
	sluice_claim_drop(&claim, true);
}

/* What a standby makes of one that is silent, in `ticks` of 100 ms with a limit of one second. */
static enum sluice_standby_verdict judge(struct sluice_standby_watch *watch, unsigned int ticks)
{
	enum sluice_standby_verdict verdict = SLUICE_STANDBY_GOES;

	while (ticks-- && verdict == SLUICE_STANDBY_GOES) {
		usleep(100000);
		verdict =
			sluice_standby_watch_judge(watch, 100 * SLUICE_NS_PER_MS, SLUICE_NS_PER_S);
	}
	return verdict;
}

/* One that is stopped hangs, though it never beat; it is fenced, and dead. */
static void a_stopped_one_is_fenced(void **state)
{
	struct sluice_standby_watch watch = {.process = -1};
	pid_t child = hold(false);
	int status;

	(void)state;
	assert_true(sluice_standby_watch_find(&watch, path));
	assert_int_equal(judge(&watch, 15), SLUICE_STANDBY_GOES);
	assert_int_equal(kill(child, SIGSTOP), 0);
	assert_int_equal(judge(&watch, 25), SLUICE_STANDBY_HANGS);
	assert_int_equal(sluice_standby_watch_fence(&watch), 0);
	assert_int_equal(kill(child, SIGCONT), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(sluice_standby_watch_fence(&watch), -ESRCH);
	sluice_standby_watch_end(&watch);
}

/* One that beat once and then sleeps hangs; a beat in between takes the doubt away. */
static void a_silent_one_hangs(void **state)
{
	struct sluice_standby_watch watch = {.process = -1};
	pid_t child = hold(false);

	(void)state;
	assert_true(sluice_standby_watch_find(&watch, path));
	(void)sluice_standby_watch_beat(&watch);
	assert_int_equal(judge(&watch, 8), SLUICE_STANDBY_GOES);
	(void)sluice_standby_watch_beat(&watch);
	assert_int_equal(judge(&watch, 8), SLUICE_STANDBY_GOES);
	assert_int_equal(judge(&watch, 4), SLUICE_STANDBY_HANGS);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	sluice_standby_watch_end(&watch);
}

/* A number that is another process's by now is not killed. */
static void another_process_is_not_fenced(void **state)
{
	struct sluice_standby_watch watch = {.process = -1};
	struct sluice_claim claim;
	struct sluice_claim_note note = {.epoch = 1, .relay = "unit"};
	char text[4096];
	ssize_t length;
	char *ticks;

	(void)state;
	assert_int_equal(sluice_claim_take(&claim, path, false), 0);
	assert_int_equal(sluice_claim_sign(&claim, &note), 0);
	length = pread(claim.fd, text, sizeof(text) - 1, 0);
	assert_true(length > 0);
	text[length] = '\0';
	ticks = strstr(text, "\nticks=");
	assert_non_null(ticks);
	ticks[7] = ticks[7] == '1' ? '2' : '1';
	assert_int_equal(pwrite(claim.fd, text, (size_t)length, 0), length);
	assert_false(sluice_standby_watch_find(&watch, path));
	assert_int_equal(sluice_standby_watch_fence(&watch), -ESRCH);
	sluice_claim_drop(&claim, true);
	sluice_standby_watch_end(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_has_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(death_frees_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_stopped_one_is_fenced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_silent_one_hangs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_process_is_not_fenced, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
