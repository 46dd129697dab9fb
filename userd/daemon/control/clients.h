/* SPDX-License-Identifier: MIT */
/*
 * Who is connected to the control plane's socket in the file system: a bounded number of programs
 * of users who may ask something (rights.h). Under netlink.c. Touches: the socket, its file, the
 * connections.
 */
#ifndef SLUICE_CONTROL_CLIENTS_H
#define SLUICE_CONTROL_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "../../lib/packet_socket.h"
#include "rights.h"

/* One more that comes takes the place of the one that was quiet longest, of those who may only look
 * if there are any. */
#define SLUICE_CLIENTS 64U
/* So many of them may be of users who may only look. */
#define SLUICE_CLIENTS_LOOKING 32U

/* Begins with `listener` and `epoll` -1. @owner whoever has it: sluice_clients_close() */
struct sluice_clients {
	int listener; /* -1: there is no such socket */
	int epoll;    /* that watches them all; the caller's */
	struct sluice_rights rights;
	char path[SLUICE_PACKET_PATH];
	size_t count;
	struct sluice_client {
		int fd;
		uid_t uid; /* who that is */
		enum sluice_right right;
		uint64_t heard; /* ms, sluice_queue_now(): when it said something */
	} list[SLUICE_CLIENTS];
};

/* Listens at `path`, watched by `epoll`. 0 or a negative errno. @owner sluice_clients_close(), also
 * on failure */
int sluice_clients_open(struct sluice_clients *clients, int epoll, const char *path);
/* Closes all of them, and takes the socket's file away if it is still ours. */
void sluice_clients_close(struct sluice_clients *clients);
/* From now on others may ask: the socket's file becomes as open as that needs, and whoever is
 * connected may what the new rights say. `gone` as below, for those who may nothing any more. 0 or
 * a negative errno: those beside root and our user do not get in. @context process, control thread
 */
int sluice_clients_allow(struct sluice_clients *clients, const struct sluice_rights *rights,
			 void (*gone)(void *context, int fd), void *context);
/* Lets in who has connected, a few at a time. `gone` is called with the descriptor of each that has
 * to go for it, before it is closed. Never blocks. @context process, control thread */
void sluice_clients_accept(struct sluice_clients *clients, void (*gone)(void *context, int fd),
			   void *context);
/* Closes the one at `place`; the last one of the list takes its place. */
void sluice_clients_drop(struct sluice_clients *clients, size_t place);

#endif /* SLUICE_CONTROL_CLIENTS_H */
