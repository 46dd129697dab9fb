/* SPDX-License-Identifier: MIT */
/*
 * Commands that are run on events (`control.hooks`): a few at once, each a process group of its
 * own, the others wait in a bounded queue; one that takes too long is killed. None of it touches
 * the threads that datagrams pass. For the control thread. Touches: child processes, an epoll
 * descriptor, a timer, the log.
 */
#ifndef SLUICE_DAEMON_HOOKS_H
#define SLUICE_DAEMON_HOOKS_H

#include "../config/model.h"
#include "control/event_log.h"

/* So many run at once, and so many events wait for their turn; what is more runs nothing, and is
 * counted. */
#define SLUICE_HOOKS_AT_ONCE 4U
#define SLUICE_HOOKS_WAITING 64U

struct sluice_hooks;

/* 0 or a negative errno. @owner caller: sluice_hooks_free() @context process */
int sluice_hooks_create(struct sluice_hooks **hooks);
/* What runs goes on without us; what waits is forgotten. NULL is allowed. */
void sluice_hooks_free(struct sluice_hooks *hooks);

/* Takes the commands of a configuration, from now on. What waits or runs keeps those of before.
 * Without memory for one, the log says so. */
void sluice_hooks_configure(struct sluice_hooks *hooks, const struct sluice_config *config);

/* Has the command of an event run, if it has one: that of its kind, or else of its class. */
void sluice_hooks_run(struct sluice_hooks *hooks, const struct sluice_event_entry *entry);

/* Readable when sluice_hooks_serve() has something to do. -1: `hooks` is NULL. */
int sluice_hooks_fd(const struct sluice_hooks *hooks);
/* Looks after those that have ended or take too long, and begins those that wait. Never blocks for
 * longer than the start of a program takes. */
void sluice_hooks_serve(struct sluice_hooks *hooks);

#endif /* SLUICE_DAEMON_HOOKS_H */
