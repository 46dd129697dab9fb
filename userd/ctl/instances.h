/* SPDX-License-Identifier: MIT */
/*
 * The daemons of this host by the name of their relay, as `sluicectl instances` lists them.
 * Touches: the sockets in /run/sluice and of processes called sluiced, stderr.
 */
#ifndef SLUICE_CTL_INSTANCES_H
#define SLUICE_CTL_INSTANCES_H

/* Asks the one whose relay is called `name` from now on (sluice_daemon_use()). 0, or a negative
 * errno, having said that there is none, or several. */
int sluice_instances_use(const char *name);

#endif /* SLUICE_CTL_INSTANCES_H */
