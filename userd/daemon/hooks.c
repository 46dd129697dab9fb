// SPDX-License-Identifier: MIT
/*
 * Commands on events; see hooks.h. Touches: what that says.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../config/hook_words.h"
#include "../lib/clock.h"
#include "../lib/guid.h"
#include "../lib/log.h"
#include "../lib/size.h"
#include "hooks.h"

/* While something runs it is looked at so often, besides when the kernel says that it has ended. */
#define LOOK_NS (250 * SLUICE_NS_PER_MS)
#define VARIABLES 16U /* of the environment, and the NULL behind them */
#define PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* An event that waits for its command, or whose command runs. */
struct run {
	struct sluice_event_entry entry;
	char *command;	   /* @owner the run */
	uint64_t left_out; /* events before it that ran nothing */
	pid_t pid;	   /* 0: not begun */
	int pidfd;	   /* -1: the kernel has none for us */
	uint64_t until;	   /* ns: when it is killed; 0: it was */
};

struct sluice_hooks {
	int epoll, timer;
	char *relay;
	char *commands[SLUICE_EVENT_HOOKS]; /* NULL: none */
	uint64_t limit_ns;
	struct run *waiting[SLUICE_HOOKS_WAITING]; /* in order */
	size_t waiting_count;
	struct run *running[SLUICE_HOOKS_AT_ONCE];
	size_t running_count;
	uint64_t left_out; /* events that ran nothing, since one could be put into the queue */
};

int sluice_hooks_create(struct sluice_hooks **result)
{
	struct sluice_hooks *hooks = calloc(1, sizeof(*hooks));
	struct epoll_event event = {.events = EPOLLIN};
	int error;

	if (!hooks)
		return -ENOMEM;
	hooks->epoll = epoll_create1(EPOLL_CLOEXEC);
	hooks->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	event.data.fd = hooks->timer;
	if (hooks->epoll < 0 || hooks->timer < 0 ||
	    epoll_ctl(hooks->epoll, EPOLL_CTL_ADD, hooks->timer, &event)) {
		error = -errno;
		sluice_hooks_free(hooks);
		return error;
	}
	*result = hooks;
	return 0;
}

/* Frees a run, which is over or never began. */
static void run_free(struct run *run)
{
	if (run && run->pidfd >= 0)
		close(run->pidfd);
	if (run)
		free(run->command);
	free(run);
}

void sluice_hooks_free(struct sluice_hooks *hooks)
{
	size_t number;

	if (!hooks)
		return;
	for (number = 0; number < hooks->waiting_count; number++)
		run_free(hooks->waiting[number]);
	for (number = 0; number < hooks->running_count; number++)
		run_free(hooks->running[number]);
	for (number = 0; number < SLUICE_EVENT_HOOKS; number++)
		free(hooks->commands[number]);
	if (hooks->timer >= 0)
		close(hooks->timer);
	if (hooks->epoll >= 0)
		close(hooks->epoll);
	free(hooks->relay);
	free(hooks);
}

void sluice_hooks_configure(struct sluice_hooks *hooks, const struct sluice_config *config)
{
	size_t number;

	if (!hooks)
		return;
	hooks->limit_ns = config->hook_limit_us * SLUICE_NS_PER_US;
	free(hooks->relay);
	hooks->relay = strdup(config->relay);
	for (number = 0; number < SLUICE_EVENT_HOOKS; number++) {
		const char *command = config->hooks[number].command;

		free(hooks->commands[number]);
		hooks->commands[number] = command ? strdup(command) : NULL;
		if (command && !hooks->commands[number])
			sluice_warning("no memory for a command of control.hooks: %s", command);
	}
}

/* Adds NAME=VALUE to the environment. False: no memory. */
static bool put(char *variables[VARIABLES + 1], size_t *count, const char *name, const char *value)
{
	if (*count == VARIABLES || asprintf(&variables[*count], "%s=%s", name, value) < 0) {
		variables[*count] = NULL;
		return false;
	}
	++*count;
	return true;
}

/* The same of a number. */
static bool put_number(char *variables[VARIABLES + 1], size_t *count, const char *name,
		       uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return put(variables, count, name, text);
}

/* Makes the environment of a command, which has nothing of ours. False: no memory. @owner caller:
 * each of *variables, also on failure */
static bool describe(const struct sluice_hooks *hooks, const struct run *run,
		     char *variables[VARIABLES + 1])
{
	const struct sluice_event_entry *entry = &run->entry;
	const struct sluice_event_row *row = sluice_event_row(entry->kind);
	char guid[SLUICE_GUID_TEXT] = "";
	size_t count = 0;

	if (entry->has_guid)
		sluice_guid_format(entry->guid, guid);
	return row && put(variables, &count, "PATH", PATH) &&
	       put(variables, &count, "SLUICE_RELAY", hooks->relay ? hooks->relay : "") &&
	       put(variables, &count, "SLUICE_EVENT", row->name) &&
	       put(variables, &count, "SLUICE_CLASS", sluice_event_class_name(row->class)) &&
	       put(variables, &count, "SLUICE_SEVERITY", sluice_event_severity(row->severity)) &&
	       put(variables, &count, "SLUICE_WHERE", entry->where) &&
	       put(variables, &count, "SLUICE_ID", guid) &&
	       put(variables, &count, "SLUICE_KEY", entry->key) &&
	       put(variables, &count, "SLUICE_INTERFACE", entry->interface) &&
	       put(variables, &count, "SLUICE_TEXT", entry->text) &&
	       put_number(variables, &count, "SLUICE_SEQUENCE", entry->sequence) &&
	       put_number(variables, &count, "SLUICE_TIME", entry->time_ns) &&
	       put_number(variables, &count, "SLUICE_COUNT", entry->count) &&
	       put_number(variables, &count, "SLUICE_LEFT_OUT", run->left_out);
}

/* Starts a program: nothing of ours is open there but stderr, signals are as usual. 0 or a negative
 * errno. */
static int spawn(pid_t *pid, char **words, char **variables)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	error = posix_spawnattr_init(&attributes);
	if (error)
		return -error;
	error = posix_spawn_file_actions_init(&actions);
	if (error) {
		posix_spawnattr_destroy(&attributes);
		return -error;
	}
	error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
							      POSIX_SPAWN_SETSIGMASK |
							      POSIX_SPAWN_SETSIGDEF);
	if (!error)
		error = posix_spawnattr_setpgroup(&attributes, 0);
	if (!error)
		error = posix_spawnattr_setsigmask(&attributes, &none);
	if (!error)
		error = posix_spawnattr_setsigdefault(&attributes, &all);
	if (!error)
		error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
							 O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (!error)
		error = posix_spawn(pid, words[0], &actions, &attributes, words, variables);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -error;
}

/* Begins a run. False: it cannot be, which the log says. */
static bool begin(struct sluice_hooks *hooks, struct run *run)
{
	struct epoll_event event = {.events = EPOLLIN};
	char *variables[VARIABLES + 1] = {NULL}, **words;
	size_t number;
	const char *why;
	int error = -ENOMEM;

	words = sluice_hook_words(run->command, &why);
	if (words && describe(hooks, run, variables))
		error = spawn(&run->pid, words, variables);
	free(words);
	for (number = 0; number < VARIABLES; number++)
		free(variables[number]);
	if (error) {
		sluice_error_about(SLUICE_ABOUT(.event = SLUICE_NUMBER(run->entry.sequence),
						.error = strerrorname_np(-error)),
				   "event %" PRIu64 " runs nothing: %s cannot be started: %s",
				   run->entry.sequence, run->command, strerror(-error));
		return false;
	}
	run->until = sluice_now() + hooks->limit_ns;
	run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	event.data.fd = run->pidfd;
	if (run->pidfd >= 0)
		(void)epoll_ctl(hooks->epoll, EPOLL_CTL_ADD, run->pidfd, &event);
	return true;
}

/* Has a run ended? Then the log knows how, if that was not well. Kills one that takes too long. */
static bool has_ended(const struct sluice_hooks *hooks, struct run *run)
{
	char text[SLUICE_SIZE_TEXT];
	siginfo_t how = {0};

	if (waitid(P_PID, (id_t)run->pid, &how, WEXITED | WNOHANG) && errno == EINTR)
		return false;
	if (how.si_pid == 0 && sluice_now() < run->until)
		return false;
	if (how.si_pid == 0) {
		/* All that it has started goes with it. */
		(void)kill(-run->pid, SIGKILL);
		if (run->until)
			sluice_warning_about(
				SLUICE_ABOUT(.event = SLUICE_NUMBER(run->entry.sequence)),
				"event %" PRIu64 ": %s was killed, because it took longer than %s "
				"(control.hook-limit)",
				run->entry.sequence, run->command,
				sluice_duration_say(hooks->limit_ns, text));
		run->until = 0;
		return false;
	}
	if (how.si_code == CLD_EXITED && how.si_status)
		sluice_warning_about(SLUICE_ABOUT(.event = SLUICE_NUMBER(run->entry.sequence)),
				     "event %" PRIu64 ": %s ended with status %d",
				     run->entry.sequence, run->command, how.si_status);
	else if (how.si_code != CLD_EXITED && run->until)
		sluice_warning_about(SLUICE_ABOUT(.event = SLUICE_NUMBER(run->entry.sequence)),
				     "event %" PRIu64 ": %s was ended by signal %d",
				     run->entry.sequence, run->command, how.si_status);
	return true;
}

/* Begins those that wait, as long as not too many run. */
static void begin_more(struct sluice_hooks *hooks)
{
	struct run *run;

	while (hooks->waiting_count && hooks->running_count < SLUICE_HOOKS_AT_ONCE) {
		run = hooks->waiting[0];
		memmove(&hooks->waiting[0], &hooks->waiting[1],
			--hooks->waiting_count * sizeof(struct run *));
		if (begin(hooks, run))
			hooks->running[hooks->running_count++] = run;
		else
			run_free(run);
	}
}

void sluice_hooks_run(struct sluice_hooks *hooks, const struct sluice_event_entry *entry)
{
	const struct sluice_event_row *row = sluice_event_row(entry->kind);
	const char *command;
	struct run *run;

	if (!hooks || !row)
		return;
	command = hooks->commands[SLUICE_EVENT_CLASSES + row->kind];
	if (!command)
		command = hooks->commands[row->class];
	if (!command)
		return;
	run = hooks->waiting_count < SLUICE_HOOKS_WAITING ? calloc(1, sizeof(*run)) : NULL;
	if (run)
		run->command = strdup(command);
	if (!run || !run->command) {
		free(run);
		if (!hooks->left_out++)
			sluice_warning_about(
				SLUICE_ABOUT(.event = SLUICE_NUMBER(entry->sequence)),
				"event %" PRIu64
				" runs nothing: %u commands wait already; so it is with "
				"others until fewer do",
				entry->sequence, SLUICE_HOOKS_WAITING);
		return;
	}
	if (hooks->left_out)
		sluice_notice("%" PRIu64 " events ran no command, because too many waited",
			      hooks->left_out);
	run->entry = *entry;
	run->pidfd = -1;
	run->left_out = hooks->left_out;
	hooks->left_out = 0;
	hooks->waiting[hooks->waiting_count++] = run;
	sluice_hooks_serve(hooks);
}

int sluice_hooks_fd(const struct sluice_hooks *hooks)
{
	return hooks ? hooks->epoll : -1;
}

void sluice_hooks_serve(struct sluice_hooks *hooks)
{
	struct itimerspec when = {0};
	size_t number, kept = 0;
	uint64_t expired;

	if (!hooks)
		return;
	(void)!read(hooks->timer, &expired, sizeof(expired));
	for (number = 0; number < hooks->running_count; number++) {
		struct run *run = hooks->running[number];

		if (has_ended(hooks, run))
			run_free(run);
		else
			hooks->running[kept++] = run;
	}
	hooks->running_count = kept;
	begin_more(hooks);
	if (hooks->running_count)
		when.it_value.tv_nsec = (long)LOOK_NS;
	(void)timerfd_settime(hooks->timer, 0, &when, NULL);
}
