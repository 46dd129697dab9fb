/* SPDX-License-Identifier: MIT */
/*
 * Reading one socket with calls: many datagrams a system call. When it is read is in
 * socket_round.c.
 */
#ifndef SLUICE_SOCKET_CALLS_H
#define SLUICE_SOCKET_CALLS_H

#include "socket.h"
#include "socket_batch.h"

/* Makes what reading with calls needs in a worker. 0 or -ENOMEM. @context worker */
int sluice_socket_calls_enter(struct sluice_worker *worker);
/*
 * Reads a socket once and makes records of what comes, in a turn that has begun; adds to *take.
 * 1: there may be more; 0: it is empty; -ENOBUFS: the ring is full; another negative errno.
 * @context worker
 */
int sluice_socket_calls_take(struct sluice_port *port, struct sluice_socket_batch *batch,
			     struct sluice_port_take *take);
/* Stores what a dead process had in hand of a socket like this one, read by this worker, or if
 * `any` by whichever; no turn has begun. @context worker, one at a time */
void sluice_socket_calls_recover(struct sluice_port *port, bool any);
/* Throws up to `most` datagrams away. Returns how many. @context worker */
uint32_t sluice_socket_calls_discard(struct sluice_port *port, uint32_t most);

#endif /* SLUICE_SOCKET_CALLS_H */
