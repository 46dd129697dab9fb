/* SPDX-License-Identifier: MIT */
/*
 * A forwarded connection: the client's socket, the one to the destination, and a way in each
 * direction. Of one loop, which calls everything here. Touches: its sockets.
 *
 *   resolving ──► connecting ──► passing ──► over
 *
 * An end of one side is passed on as an end, and the other direction goes on; a reset of one side,
 * and everything else that breaks it, reaches the other as a reset.
 */
#ifndef SLUICE_FORWARD_TUNNEL_H
#define SLUICE_FORWARD_TUNNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include "forward.h"
#include "way.h"

#define SLUICE_TUNNEL_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET)

enum sluice_tunnel_state {
	SLUICE_TUNNEL_RESOLVING, /* the destination's name is being looked up, or there is no
				    descriptor for it */
	SLUICE_TUNNEL_CONNECTING,
	SLUICE_TUNNEL_PASSING,
	SLUICE_TUNNEL_OVER
};

struct sluice_tunnel;

/* What epoll tells of begins with one of these. */
enum sluice_watched {
	SLUICE_WATCHED_END,   /* struct sluice_tunnel_end */
	SLUICE_WATCHED_DOORS, /* the loop's listeners */
	SLUICE_WATCHED_POKE   /* somebody wakes the loop */
};

/* One of its sockets, as epoll knows it. */
struct sluice_tunnel_end {
	enum sluice_watched kind;
	struct sluice_tunnel *tunnel;
	int fd;
	bool is_server; /* the one to the destination */
};

struct sluice_tunnel {
	struct sluice_tunnel_end client, server;
	struct sluice_way up, down; /* to the destination, and back */
	enum sluice_tunnel_state state;
	struct sluice_forward *forward;
	struct sluice_forward_terms *terms;
	struct sockaddr_storage address; /* the client's */
	unsigned int attempt;		 /* which of the destination's addresses is tried */
	uint64_t deadline;		 /* of connecting, ns */
	uint64_t active;		 /* when a byte was passed on last, or it began, ns */
	bool is_ready;			 /* in the loop's list of those that have more to do */
	struct sluice_tunnel *previous, *next, *next_ready;
};

/* What a tunnel needs of its loop. */
struct sluice_tunnel_loop {
	int epoll;
	size_t number;
	struct sluice_pipe_pool pool;
	uint64_t now; /* ns */
};

/* Makes a tunnel for a client that was let in: takes over `fd` and the references, also on failure,
 * when the client gets a reset. NULL: no memory, no descriptors. */
struct sluice_tunnel *sluice_tunnel_new(struct sluice_tunnel_loop *loop, int fd,
					const struct sockaddr_storage *address,
					struct sluice_forward *forward,
					struct sluice_forward_terms *terms);

/* Something happened to one of its sockets. */
void sluice_tunnel_notice(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop,
			  const struct sluice_tunnel_end *end, uint32_t events);
/* Moves bytes both ways. True: it has more to do, after the others. */
bool sluice_tunnel_turn(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop);
/* Looks at the clock, and at what the configuration says by now. */
void sluice_tunnel_look(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop);

/* Ends it with a reset of both sides. */
void sluice_tunnel_abort(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop);
/* Frees one that is over. */
void sluice_tunnel_free(struct sluice_tunnel *tunnel);

/* Closes a socket so that the other side gets a reset. */
void sluice_tunnel_reset(int fd);

#endif /* SLUICE_FORWARD_TUNNEL_H */
