// SPDX-License-Identifier: MIT
/*
 * What another program prints, see program_output.h. Touches: a child process.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../lib/clock.h"
#include "program_output.h"

#define PART (64UL << 10) /* bytes by which the text grows */

/* Reads from `fd` until its end. 0 or a negative errno. */
static int read_all(int fd, uint64_t deadline, size_t most, char **text, size_t *length)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	uint64_t now;
	char *grown;
	ssize_t got;

	for (;;) {
		if (*length >= most)
			return -EFBIG;
		grown = realloc(*text, *length + PART + 1);
		if (!grown)
			return -ENOMEM;
		*text = grown;
		now = sluice_now();
		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(&poll_fd, 1, (int)((deadline - now) / SLUICE_NS_PER_MS) + 1) <= 0)
			continue;
		got = read(fd, *text + *length, PART);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		*length += (size_t)got;
		(*text)[*length] = '\0';
		if (!got)
			return 0;
	}
}

/* Starts the program with its output in `out`. 0 or a negative errno. */
static int start(const char *const *words, int out, pid_t *child)
{
	static const char *const folders[] = {"", "/usr/sbin/", "/sbin/"};
	posix_spawn_file_actions_t actions;
	size_t number;
	char path[256];
	int error;

	error = posix_spawn_file_actions_init(&actions);
	if (error)
		return -error;
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
							 O_WRONLY, 0);
	if (error)
		goto destroy;
	for (number = 0; number < sizeof(folders) / sizeof(folders[0]); number++) {
		snprintf(path, sizeof(path), "%s%s", folders[number], words[0]);
		/* The prototype wants words that may be changed; they are not. */
		error = posix_spawnp(child, path, &actions, NULL, (char *const *)words, environ);
		if (error != ENOENT)
			break;
	}
destroy:
	posix_spawn_file_actions_destroy(&actions);
	return -error;
}

int sluice_program_output(const char *const *words, unsigned int patience_ms, size_t most,
			  char **text, size_t *length)
{
	uint64_t deadline = sluice_now() + patience_ms * (uint64_t)SLUICE_NS_PER_MS;
	int error, pipe_fds[2] = {-1, -1}, status = 0;
	pid_t child = 0;

	if (!words || !words[0] || !text || !length)
		return -EINVAL;
	*text = NULL;
	*length = 0;
	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	error = start(words, pipe_fds[1], &child);
	close(pipe_fds[1]);
	if (error)
		goto close;
	error = read_all(pipe_fds[0], deadline, most, text, length);
	if (error && child > 0)
		(void)kill(child, SIGKILL);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!error && (!WIFEXITED(status) || WEXITSTATUS(status)))
		error = -EIO;
close:
	close(pipe_fds[0]);
	return error;
}
