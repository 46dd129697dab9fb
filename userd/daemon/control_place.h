/* SPDX-License-Identifier: MIT */
/*
 * The place in the file system where the daemon is asked: which one it is, and what of others is
 * swept there. For the control thread, at the start. Touches: /run/sluice, the control plane, the
 * log.
 */
#ifndef SLUICE_DAEMON_CONTROL_PLACE_H
#define SLUICE_DAEMON_CONTROL_PLACE_H

#include "daemon.h"

/* Listens there: where the command line says, else in /run/sluice. 0, also when a user who may not
 * make it goes on by netlink alone; or a negative errno and a sentence. *listened is where it is,
 * NULL: nowhere. @owner caller: *listened, *error */
int sluice_control_place_open(const struct daemon *daemon, char **listened, char **error);

#endif /* SLUICE_DAEMON_CONTROL_PLACE_H */
