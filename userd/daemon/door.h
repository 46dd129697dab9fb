/* SPDX-License-Identifier: MIT */
/*
 * The process that serves a door; see doors.h. Touches: the process, a socket to it, the log.
 */
#ifndef SLUICE_DAEMON_DOOR_H
#define SLUICE_DAEMON_DOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How a door is served. */
struct sluice_door_service {
	const char *key;     /* "control.telnet", a constant */
	const char *kind;    /* "telnet", "far", "socket" or "http", a constant */
	const char *socket;  /* where the daemon is asked; NULL: wherever sluicectl asks */
	const char *program; /* sluicectl's path */
	int listener;
	uint64_t idle_ms;
	const char *password_file; /* NULL: none */
};

/* The process, as far as there is one. */
struct sluice_door_process {
	pid_t pid;  /* 0: none */
	int master; /* to it; -1: none */
	int ended;  /* readable when it has: a pidfd; -1: none */
};

/* The path of sluicectl, beside sluiced or in the folder bin beside its own. 0, -ENOENT or another
 * negative errno. @owner caller: *path, free() */
int sluice_door_program(char **path);

/* Starts it. 0 or a negative errno. */
int sluice_door_start(struct sluice_door_process *process,
		      const struct sluice_door_service *service);

/* Ends it and waits until it has ended, half a second at most. */
void sluice_door_stop(struct sluice_door_process *process);

/* Writes what it has said to the log, a line each, `key` before it; as many as `log.limit` lets
 * through. */
void sluice_door_listen(struct sluice_door_process *process, const char *key);

/* Has it ended? Then *status is what waitpid() says, and there is none any more. */
bool sluice_door_has_ended(struct sluice_door_process *process, int *status);

#endif /* SLUICE_DAEMON_DOOR_H */
