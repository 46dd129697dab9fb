/* SPDX-License-Identifier: MIT */
/*
 * When the sockets of a worker are read, and in which order. Those of `receive: calls` have an
 * epoll set of their own, which the worker looks at on one beat (socket_beat.h): whichever has
 * something is read in turn, however many there are. No timer and no call of epoll_ctl(2) is any
 * socket's own.
 *
 *   sockets ──edge──► epoll set ──beat──► queue ──read──► empty: the next edge tells
 *                                           ▲      ├────► more: again, behind the others
 *                                           │      └────► no room ──► waits ──room, or time──┐
 *                                           └────────────────────────────────────────────────┘
 */
#ifndef SLUICE_SOCKET_ROUND_H
#define SLUICE_SOCKET_ROUND_H

#include <sys/queue.h>
#include "socket.h"
#include "socket_batch.h"
#include "socket_beat.h"

#define SLUICE_LOOK_AFTER_NS (200 * SLUICE_NS_PER_MS)

TAILQ_HEAD(sluice_port_queue, sluice_port);

/* The sockets of one worker that are read with calls. */
struct sluice_socket_round {
	struct sluice_socket_beat beat; /* first; its descriptor is the sockets' epoll set */
	struct sluice_socket_batch batch;
	struct sluice_port_queue ready;	  /* may have something */
	struct sluice_port_queue waiting; /* have something that cannot be stored now */
	struct sluice_port_queue
		touched; /* datagrams came since their losses were last looked at */
};

/* Takes a port out of the queue that it is in. @context worker */
static inline void sluice_port_take_out(struct sluice_port *port)
{
	if (port->queue == SLUICE_PORT_READY)
		TAILQ_REMOVE(&port->round->ready, port, turn);
	else if (port->queue == SLUICE_PORT_WAITS)
		TAILQ_REMOVE(&port->round->waiting, port, turn);
	port->queue = SLUICE_PORT_RESTS;
}

/* The worker begins to watch a port of a set. 0 or a negative errno. @context worker */
int sluice_port_enter(struct sluice_port *port, struct sluice_port_set *set,
		      struct sluice_worker *worker);
/* A change is over: what the ports of a set have in common is looked at anew, and those that
 * wait for room are tried soon: the ring may be another. @context worker */
void sluice_socket_round_adapt(struct sluice_port_set *set, uint64_t now);
/* Closes the epoll set; no port is in it any more. @context worker */
void sluice_socket_round_leave(struct sluice_port_set *set);

/* Does it wait for room in a ring? @context worker */
bool sluice_port_is_starved(const struct sluice_port *port);
/* Stores what is in it. Returns true when it is empty. @context worker */
bool sluice_port_drain(struct sluice_port *port, uint64_t now);
/* Stores all that is in one that is shut or withdrawn; what finds no room is counted as lost.
 * @context worker */
void sluice_port_empty(struct sluice_port *port, uint64_t now);
/* Counts all that is in one that is withdrawn as lost. @context worker */
void sluice_port_discard(struct sluice_port *port);
/* What sluice_stream.refill is for streams of this source; stream->source is a struct
 * sluice_port_set.
 * @context worker */
bool sluice_port_refill(struct sluice_stream *stream, uint64_t now);
/* Now and then (SLUICE_LOOK_AFTER_NS): what was lost meanwhile? @context worker */
void sluice_socket_round_look_after(struct sluice_port_set *set, uint64_t now);

#endif /* SLUICE_SOCKET_ROUND_H */
