// SPDX-License-Identifier: MIT
/*
 * A command of a client; see door_client_run.h. Touches: the child process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "running.h"
#include "door_client_run.h"

/* Closes everything but the first three. */
static void close_others(void)
{
	int fd;

	if (!close_range(3, ~0U, 0))
		return;
	/* A kernel before 5.9. */
	for (fd = 3; fd < 1024; fd++)
		close(fd);
}

/* In the child: a process as a shell would make it, but for what it is to print to. False: it
 * cannot be. */
static bool settle(int output)
{
	static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD};
	int nothing = open("/dev/null", O_RDONLY);
	sigset_t none;
	size_t number;

	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0)
		return false;
	close_others();
	for (number = 0; number < sizeof(ours) / sizeof(ours[0]); number++)
		signal(ours[number], SIG_DFL);
	sigemptyset(&none);
	return !sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. Does not return. */
__attribute__((noreturn)) static void run(const struct sluice_session_step *step, const char *who,
					  bool is_limited, int output)
{
	int status = SLUICE_CTL_REFUSED;

	(void)setpgid(0, 0);
	if (settle(output)) {
		sluice_running_sign(who, is_limited);
		status = step->command->run(step->argc, (char **)(uintptr_t)step->argv);
	}
	if (fflush(stdout) && status == SLUICE_CTL_OK)
		status = SLUICE_CTL_REFUSED;
	_exit(status);
}

pid_t sluice_door_client_run(const struct sluice_session_step *step, const char *who,
			     bool is_limited, int *pipe)
{
	int ends[2], error;
	pid_t child;

	if (!step || !step->command || !step->command->run || !pipe)
		return -EINVAL;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child == 0)
		run(step, who, is_limited, ends[1]);
	error = child < 0 ? -errno : 0;
	close(ends[1]);
	if (!error && fcntl(ends[0], F_SETFL, O_NONBLOCK))
		error = -errno;
	if (error) {
		close(ends[0]);
		return error;
	}
	/* Also here: a signal to the group may be due before the child comes to it. */
	(void)setpgid(child, child);
	*pipe = ends[0];
	return child;
}
