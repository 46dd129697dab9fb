// SPDX-License-Identifier: MIT
/*
 * `sluicectl shell`: many commands, one a line, from a terminal or a pipe. Each runs in a child
 * process (fork without exec: the same code), so that none can spoil what the next one finds.
 * Touches: standard input and output, child processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "session.h"

/* What the shell has. */
struct shell {
	struct sluice_session session;
	struct sluice_line line;
	bool is_terminal;
	int status; /* of the last command that failed; 0: none has */
};

/* Ctrl-C ends the command that runs, or the line that is typed: read() returns. */
static void on_interrupt(int signal)
{
	(void)signal;
}

/* In the child: runs the command. Does not return. */
__attribute__((noreturn)) static void run_child(const struct shell *shell,
						struct sluice_session_step *step)
{
	int nothing, status;

	signal(SIGINT, SIG_DFL);
	/* What follows in the pipe is for us. */
	if (!shell->is_terminal) {
		nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
			_exit(SLUICE_CTL_REFUSED);
	}
	status = step->command->run(step->argc, step->argv);
	if (fflush(stdout) && status == SLUICE_CTL_OK)
		status = SLUICE_CTL_REFUSED;
	_exit(status);
}

/* Runs a command and waits for its end. Returns its status. */
static int run(const struct shell *shell, struct sluice_session_step *step)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		run_child(shell, step);
	if (child < 0) {
		fprintf(stderr, "sluicectl: no process for it: %s\n", strerror(errno));
		return SLUICE_CTL_REFUSED;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (WTERMSIG(status) != SIGINT)
		fprintf(stderr, "sluicectl: the command was ended by signal %d\n",
			WTERMSIG(status));
	return SLUICE_CTL_REFUSED;
}

/* Does what a line asks for. False: it is the last. */
static bool act(struct shell *shell)
{
	struct sluice_session_step step;
	int status = 0;

	sluice_session_read(&shell->session, shell->line.bytes, stdout, &step);
	if (step.action == SLUICE_SESSION_FAILED)
		status = SLUICE_CTL_USAGE;
	else if (step.action == SLUICE_SESSION_RUN)
		status = run(shell, &step);
	if (status)
		shell->status = status;
	return step.action != SLUICE_SESSION_QUIT;
}

/* Takes what was read. False: somebody said that it was enough. */
static bool take(struct shell *shell, const char *bytes, size_t length)
{
	bool goes_on = true;
	size_t number;

	for (number = 0; number < length && goes_on; number++) {
		switch (sluice_line_put(&shell->line, bytes[number])) {
		case SLUICE_LINE_MORE:
			continue;
		case SLUICE_LINE_READY:
			goes_on = act(shell);
			break;
		case SLUICE_LINE_TOO_LONG:
			printf("the line is longer than %u bytes, and was passed over\n",
			       SLUICE_LINE_MAX);
			shell->status = SLUICE_CTL_USAGE;
			break;
		}
		sluice_line_clear(&shell->line);
	}
	return goes_on;
}

/* Prints the prompt, where somebody sees it. */
static void prompt(const struct shell *shell)
{
	if (shell->is_terminal)
		fputs(sluice_session_prompt(&shell->session), stdout);
	fflush(stdout);
}

int sluice_ctl_shell(int argc, char **argv)
{
	const struct sigaction interrupt = {.sa_handler = on_interrupt};
	struct shell shell = {.session = {.is_local = true, .may_look = true, .may_change = true}};
	char bytes[4096];
	ssize_t got;

	(void)argv;
	if (argc > 1) {
		fputs("usage: sluicectl shell\n       commands are read from standard input\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	shell.is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (shell.is_terminal) {
		(void)sigaction(SIGINT, &interrupt, NULL);
		sluice_session_greet(&shell.session, stdout);
	}
	for (;;) {
		prompt(&shell);
		got = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR) {
			sluice_line_clear(&shell.line);
			putchar('\n');
			continue;
		}
		if (got <= 0 || !take(&shell, bytes, (size_t)got))
			break;
	}
	if (shell.line.length || shell.line.is_skipped) {
		fputs("sluicectl: the last line has no end and was not run\n", stderr);
		shell.status = SLUICE_CTL_USAGE;
	}
	/* A person has seen what failed. */
	return shell.is_terminal ? SLUICE_CTL_OK : shell.status;
}
