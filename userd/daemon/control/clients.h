/* SPDX-License-Identifier: MIT */
/*
 * Who is connected to the control plane's socket in the file system: a bounded number of programs
 * of root's and of our own user's. Under netlink.c. Touches: the socket, its file, the connections.
 */
#ifndef SLUICE_CONTROL_CLIENTS_H
#define SLUICE_CONTROL_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "../../lib/packet_socket.h"

/* One more that comes takes the place of the one that was quiet longest. */
#define SLUICE_CLIENTS 64U

/* Begins with `listener` and `epoll` -1. @owner whoever has it: sluice_clients_close() */
struct sluice_clients {
	int listener; /* -1: there is no such socket */
	int epoll;    /* that watches them all; the caller's */
	char path[SLUICE_PACKET_PATH];
	size_t count;
	struct sluice_client {
		int fd;
		uid_t uid;	/* who that is */
		uint64_t heard; /* ms, sluice_queue_now(): when it said something */
	} list[SLUICE_CLIENTS];
};

/* Listens at `path`, watched by `epoll`. 0 or a negative errno. @owner sluice_clients_close(), also
 * on failure */
int sluice_clients_open(struct sluice_clients *clients, int epoll, const char *path);
/* Closes all of them, and takes the socket's file away if it is still ours. */
void sluice_clients_close(struct sluice_clients *clients);
/* Lets in who has connected, a few at a time. `gone` is called with the descriptor of each that has
 * to go for it, before it is closed. Never blocks. @context process, control thread */
void sluice_clients_accept(struct sluice_clients *clients, void (*gone)(void *context, int fd),
			   void *context);
/* Closes the one at `place`; the last one of the list takes its place. */
void sluice_clients_drop(struct sluice_clients *clients, size_t place);

#endif /* SLUICE_CONTROL_CLIENTS_H */
