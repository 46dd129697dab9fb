/* SPDX-License-Identifier: MIT */
/*
 * A command of a client, in a process of its own. Touches: that process.
 */
#ifndef SLUICE_CTL_DOOR_CLIENT_RUN_H
#define SLUICE_CTL_DOOR_CLIENT_RUN_H

#include "session.h"
#include <sys/types.h>

/*
 * Runs the command of `step` in a child (fork without exec: the same code), in a process group of
 * its own, with what it prints in *pipe, which does not block. `who` is for the history, and
 * `is_limited`: what is root's is not for him (running.h). The process id, or a negative errno.
 * @owner caller: *pipe, and to wait for the child
 */
pid_t sluice_door_client_run(const struct sluice_session_step *step, const char *who,
			     bool is_limited, int *pipe);

#endif /* SLUICE_CTL_DOOR_CLIENT_RUN_H */
