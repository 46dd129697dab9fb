/* SPDX-License-Identifier: MIT */
/*
 * The door: the program that serves sessions from elsewhere, by telnet or by a socket in the file
 * system, and browsers (http.h). sluiced starts one for each (`sluicectl --door`), gives it the
 * socket that listens and one to itself, and starts it anew if it ends; so nothing that a client
 * does here can disturb the daemon. One thread, one loop, bounded memory for each client. Touches:
 * its sockets, child processes, stderr.
 */
#ifndef SLUICE_CTL_DOOR_H
#define SLUICE_CTL_DOOR_H

/* The descriptors that it finds when it starts. */
#define SLUICE_DOOR_LISTENER 3
#define SLUICE_DOOR_MASTER 4

#define SLUICE_DOOR_CLIENTS 64U /* sessions at a time */
#define SLUICE_DOOR_BUSY 16U	/* commands at a time that do not wait for their client */

/* `sluicectl --door telnet|far|socket|http IDLE_MS PASSWORD_FILE`: serves until sluiced closes its
 * socket. Returns the exit status. @context process */
int sluice_door_run(int argc, char **argv);

#endif /* SLUICE_CTL_DOOR_H */
