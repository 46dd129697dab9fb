/* SPDX-License-Identifier: MIT */
/*
 * The process that is to take over, started by the one that runs, so that it is in the same cgroup
 * and systemd takes its word. For the control thread. Touches: the process.
 */
#ifndef SLUICE_DAEMON_SUCCESSOR_H
#define SLUICE_DAEMON_SUCCESSOR_H

#include <stdbool.h>
#include <sys/types.h>
#include "daemon.h"

/* Notes which program this is, at the start: its file may be replaced. */
void sluice_successor_note(void);
/* Is the program on the disk another one by now? */
bool sluice_successor_is_other(void);
/* Starts it as this one was started, with --takeover. The log says if that fails. */
void sluice_successor_start(struct daemon *daemon);
/* First of all in a program: if it was started so, it goes on as nobody's child, and so as one of
 * systemd's, which does not wait for the end of a main process that is another's child. */
void sluice_successor_begin(void);
/* By what the one that was started shows that it is that: a word, or "" in any other. */
const char *sluice_successor_token(void);
/* Is this the word of the one that was started last? */
bool sluice_successor_is(const char *token, size_t length);
/* Serves `fd` if it tells of its end; returns whether it does. */
bool sluice_successor_serve(int fd);
/* Looks whether it has ended. */
void sluice_successor_reap(void);

#endif /* SLUICE_DAEMON_SUCCESSOR_H */
