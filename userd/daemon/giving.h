/* SPDX-License-Identifier: MIT */
/*
 * A take-over, the old daemon's side of it (handover/wire.h): listens for a new one, hands
 * everything over, and leaves when that one moves data; or goes on as if nothing had been. For the
 * control thread. Touches: its socket, the engine by way of the foreman, the new process.
 */
#ifndef SLUICE_DAEMON_GIVING_H
#define SLUICE_DAEMON_GIVING_H

#include <stdbool.h>
#include "daemon.h"

/* Listens from now on, unless that cannot be: then the log says so. */
void sluice_giving_open(struct daemon *daemon);
/* Ends it. */
void sluice_giving_close(struct daemon *daemon);
/* Serves `fd` if it is one of its own; returns whether it is. */
bool sluice_giving_serve(struct daemon *daemon, int fd);

/* Starts the program as it is on the disk now, to take over from this process. SIGUSR2. */
void sluice_giving_start_successor(struct daemon *daemon);
/* Is the program on the disk another one than the one that runs? */
bool sluice_giving_has_other_program(void);
/* The daemon is to stop. True: not at once, because a take-over has to end first, which it does
 * now; then it stops. */
bool sluice_giving_abandon(struct daemon *daemon);

#endif /* SLUICE_DAEMON_GIVING_H */
