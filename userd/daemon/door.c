// SPDX-License-Identifier: MIT
/*
 * The process that serves a door; see door.h. Touches: the process, a socket to it, the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../lib/log.h"
#include "door.h"

/* The descriptors that it finds (userd/ctl/door.h). */
#define LISTENER 3
#define MASTER 4
#define HIGH 16 /* descriptors from here on are not in their way */

#define STOP_MS 500   /* for its end, before it is killed */
#define TEXT_MAX 1024 /* bytes of one */

int sluice_door_program(char **path)
{
	static const char *const places[] = {"sluicectl", "../bin/sluicectl"};
	char own[4096], *slash;
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	size_t number;

	if (length < 0)
		return -errno;
	own[length] = '\0';
	slash = strrchr(own, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	for (number = 0; number < sizeof(places) / sizeof(places[0]); number++) {
		if (asprintf(path, "%s/%s", own, places[number]) < 0)
			return -ENOMEM;
		if (!access(*path, X_OK))
			return 0;
		free(*path);
		*path = NULL;
	}
	return -ENOENT;
}

/* A copy of `fd` that is not in the way of those the process is to find. It or a negative errno. */
static int moved_up(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

	return copy < 0 ? -errno : copy;
}

/* What the process has to find: descriptors, and signals as at the start of a program. 0 or an
 * errno. */
static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int listener,
		   int master)
{
	sigset_t none, usual;
	int error;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(actions, listener, LISTENER);
	if (!error)
		error = posix_spawn_file_actions_adddup2(actions, master, MASTER);
	if (!error)
		error = posix_spawnattr_setsigmask(attributes, &none);
	if (!error)
		error = posix_spawnattr_setsigdefault(attributes, &usual);
	if (!error)
		error = posix_spawnattr_setflags(attributes,
						 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return error;
}

/* Starts the program with these two descriptors. 0 or a negative errno. */
static int spawn(const struct sluice_door_service *service, int listener, int master, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	const char *words[8];
	size_t count = 0;
	char idle[24];
	int error;

	snprintf(idle, sizeof(idle), "%" PRIu64, service->idle_ms);
	words[count++] = "sluicectl";
	if (service->socket) {
		words[count++] = "-S";
		words[count++] = service->socket;
	}
	words[count++] = "--door";
	words[count++] = service->kind;
	words[count++] = idle;
	words[count++] = service->password_file ? service->password_file : "";
	words[count] = NULL;
	error = posix_spawn_file_actions_init(&actions);
	if (error)
		return -error;
	error = posix_spawnattr_init(&attributes);
	if (error)
		goto actions;
	error = prepare(&actions, &attributes, listener, master);
	if (!error)
		error = posix_spawn(pid, service->program, &actions, &attributes,
				    (char **)(uintptr_t)words, environ);
	posix_spawnattr_destroy(&attributes);
actions:
	posix_spawn_file_actions_destroy(&actions);
	return -error;
}

int sluice_door_start(struct sluice_door_process *process,
		      const struct sluice_door_service *service)
{
	int ends[2], listener, its, error;

	if (!process || !service || !service->program || service->listener < 0)
		return -EINVAL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	listener = moved_up(service->listener);
	its = moved_up(ends[1]);
	close(ends[1]);
	error = listener < 0 ? listener : its < 0 ? its : 0;
	if (!error)
		error = spawn(service, listener, its, &process->pid);
	if (listener >= 0)
		close(listener);
	if (its >= 0)
		close(its);
	if (error) {
		close(ends[0]);
		process->pid = 0;
		return error;
	}
	process->master = ends[0];
	process->ended = pidfd_open(process->pid, 0);
	if (process->ended >= 0)
		return 0;
	error = -errno;
	sluice_door_stop(process);
	return error;
}

/* There is none any more. */
static void forget(struct sluice_door_process *process)
{
	if (process->master >= 0)
		close(process->master);
	if (process->ended >= 0)
		close(process->ended);
	process->pid = 0;
	process->master = -1;
	process->ended = -1;
}

void sluice_door_stop(struct sluice_door_process *process)
{
	struct pollfd end;

	if (!process || !process->pid)
		return;
	/* That is how it is told. */
	close(process->master);
	process->master = -1;
	end = (struct pollfd){.fd = process->ended, .events = POLLIN};
	if (process->ended < 0 || poll(&end, 1, STOP_MS) != 1)
		(void)kill(process->pid, SIGKILL);
	while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
		;
	forget(process);
}

void sluice_door_listen(struct sluice_door_process *process, const char *key)
{
	char text[TEXT_MAX + 1];
	ssize_t length;
	int level;

	for (;;) {
		length = process->master < 0 ? -1
					     : recv(process->master, text, TEXT_MAX, MSG_DONTWAIT);
		if (length < 2)
			return;
		text[length] = '\0';
		level = text[0] - '0';
		if (level < LOG_ERR || level > LOG_DEBUG)
			level = LOG_NOTICE;
		SLUICE_LOG(level, NULL, "%s: %s", key, text + 1);
	}
}

bool sluice_door_has_ended(struct sluice_door_process *process, int *status)
{
	pid_t ended;

	if (!process || !status || !process->pid)
		return false;
	ended = waitpid(process->pid, status, WNOHANG);
	if (ended == 0 || (ended < 0 && errno == EINTR))
		return false;
	if (ended < 0)
		*status = 0;
	forget(process);
	return true;
}
