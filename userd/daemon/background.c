// SPDX-License-Identifier: MIT
/*
 * Going to the background and the pid file, see background.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "../lib/handed.h"
#include "background.h"
#include "options.h"

/* The parent: waits for the child's word or its end, then exits. */
static void __attribute__((noreturn)) wait_for(pid_t child, int fd)
{
	unsigned char status;
	ssize_t got;
	int ended;

	do {
		got = read(fd, &status, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1)
		_exit(status);
	/* The pipe was closed without a word: the child is ending, or has. */
	while (waitpid(child, &ended, 0) < 0)
		if (errno != EINTR)
			_exit(SLUICE_EXIT_START);
	_exit(WIFEXITED(ended) ? WEXITSTATUS(ended) : SLUICE_EXIT_START);
}

int sluice_background_begin(int *ready)
{
	int ends[2];
	pid_t child;
	int error;

	if (!ready)
		return -EINVAL;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0) {
		error = -errno;
		close(ends[0]);
		close(ends[1]);
		return error;
	}
	if (child > 0) {
		close(ends[1]);
		wait_for(child, ends[0]);
	}
	close(ends[0]);
	/* A session of our own: the terminal's signals are no longer for us. */
	setsid();
	umask(027);
	*ready = ends[1];
	return 0;
}

int sluice_background_ready(int ready)
{
	unsigned char status = SLUICE_EXIT_OK;
	int null, error = 0;

	if (ready < 0)
		return 0;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		error = -errno;
	if (null > STDERR_FILENO)
		close(null);
	/* Not to keep a file system from being unmounted. */
	if (!error && chdir("/"))
		error = -errno;
	if (!error && write(ready, &status, 1) != 1)
		error = -errno;
	close(ready);
	return error;
}

int sluice_pid_file_create(const char *path)
{
	char text[16];
	int fd, length, error;

	if (!path)
		return -EINVAL;
	/* A predecessor's, with its lock. */
	fd = sluice_handed_take(SLUICE_HANDED_PID_FILE, path);
	if (fd < 0)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	/* The lock ends with the process, whatever ends that: a file that was left behind stops
	 * nobody. */
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		goto failed;
	}
	length = snprintf(text, sizeof(text), "%d\n", getpid());
	error = -EIO;
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)length, 0) != length)
		goto failed;
	return fd;

failed:
	close(fd);
	return error;
}

void sluice_pid_file_remove(const char *path, int fd)
{
	if (!path || fd < 0)
		return;
	unlink(path);
	close(fd);
}

uint64_t sluice_watchdog_interval(void)
{
	uint64_t microseconds = 0;

	return sd_watchdog_enabled(0, &microseconds) > 0 ? microseconds : 0;
}
