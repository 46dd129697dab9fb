/* SPDX-License-Identifier: MIT */
/*
 * Ways of receiving: how the sockets of an input are read. A way is a file that ends in a struct
 * sluice_socket_way, a row in the table of socket_way.c, and its word in the configuration
 * (config/keys.c). Whoever opens, empties and closes sockets asks the way in the socket's key and
 * knows none by name.
 *
 * What a worker reads all its sockets of one way by is a *reader*, which begins with a beat
 * (socket_beat.h): the epoll set of `receive: calls`, the shared ring of `receive: bpf`.
 */
#ifndef SLUICE_SOCKET_WAY_H
#define SLUICE_SOCKET_WAY_H

#include "socket.h"
#include "socket_account.h"

/* Where a way is chosen. */
struct sluice_socket_way_bed {
	const struct sluice_source_plan *plan;
	struct sluice_port_set *sets;	       /* by worker */
	struct sluice_socket_readers *readers; /* by worker; NULL in it: not made yet */
	size_t worker_count;
	bool follows; /* the plan in force once more: nothing is said again */
};

/* A function that is marked as optional may be NULL: then there is nothing to do, or to say. */
struct sluice_socket_way {
	enum sluice_receive receive; /* its word in the configuration */
	unsigned int sockets_most;   /* for each worker; 0: as many as there are descriptors */
	bool is_passed;		     /* another process can go on with its sockets */
	bool trails;	  /* what came to a socket may only come out after that is closed */
	bool has_program; /* each of its sockets has a program in the kernel */

	/* Once, before anything else. Optional. @context process */
	void (*begin)(void);
	/* Why it cannot be had in this system, for the user; a constant. NULL: it can. Optional.
	 * @context process */
	const char *(*trial)(void);
	/* Why it is not to be had with `receive: auto` for this plan, for the user; a constant.
	 * NULL: it is. Makes the readers of all workers that have one. Optional. @context process
	 */
	const char *(*afford)(const struct sluice_socket_way_bed *bed);

	/* How many of `workers`, the first ones, have sockets of this way. 1 to that. Optional:
	 * then all have. @threadsafe */
	size_t (*spread)(const struct sluice_config *config, size_t workers);
	/* Makes *reader for the sockets of `set` if it is NULL. 0, or a negative errno with a
	 * sentence. Optional: then the first socket makes it when it is entered.
	 * @owner caller: close() @context process */
	int (*prepare)(struct sluice_socket_beat **reader, struct sluice_port_set *set,
		       const struct sluice_config *config, size_t workers, char **error);
	/* Has a reader that was prepared no sockets, and frees it when no worker watches it.
	 * Optional, as prepare() is. @context process */
	bool (*is_unused)(const struct sluice_socket_beat *reader);
	void (*close)(struct sluice_socket_beat *reader);

	/* All @context worker, of the set. Sockets of `fresh` were entered: their reader is watched
	 * from now on. 0 or a negative errno. Optional. */
	int (*watch)(struct sluice_port_set *set, const struct sluice_port *fresh);
	/* What came to sockets before it was clear whose they are belongs to those of `list`, which
	 * are owned now, or to nobody. Optional. */
	void (*settle)(struct sluice_port_set *set, const struct sluice_port *list);
	/* A change is over: what the sockets of the set have in common is looked at anew. */
	void (*adapt)(struct sluice_port_set *set, uint64_t now);
	/* The set has no sockets any more: nothing is watched. */
	void (*leave)(struct sluice_port_set *set);
	/* There is room in `stream` again: what waits for that is stored. */
	void (*refill)(struct sluice_port_set *set, const struct sluice_stream *stream,
		       uint64_t now);
	/* Now and then (SLUICE_LOOK_AFTER_NS): what was lost meanwhile? `all`: look_at() is called
	 * for each socket behind it. */
	void (*look_after)(struct sluice_port_set *set, bool all, uint64_t now);

	/* A socket that is not bound yet: what comes from its first datagram on is read in this
	 * way; and the same when it is bound. port->reader is set. 0 or a negative errno. Optional.
	 * @context process */
	int (*attach)(struct sluice_port *port, int fd);
	int (*join)(struct sluice_port *port, int fd);
	/* port->fd is open and bound. Optional. @context process */
	void (*equip)(struct sluice_port *port);
	/* Its worker begins to read it; port->worker and port->use are set. 0 or a negative errno.
	 * @context worker */
	int (*enter)(struct sluice_port *port, struct sluice_port_set *set);
	/* The same for one that is only emptied. Optional. @context worker */
	void (*own)(struct sluice_port *port);
	/* Its worker watches it no more; it will be closed. Optional. @context worker, or process
	 * if never entered, as the next */
	void (*forget)(struct sluice_port *port);
	/* Its socket has been closed: what it has in the kernel goes. Called for one that was never
	 * attached, too. */
	void (*detach)(struct sluice_port *port);

	/* All @context worker. See the functions of struct sluice_port in socket.h. Does it wait
	 * for room in a ring? */
	bool (*is_starved)(const struct sluice_port *port);
	/* Stores what is in it. Returns true when it is empty. */
	bool (*drain)(struct sluice_port *port, uint64_t now);
	/* Stores all that is in one that is shut or withdrawn. Returns how many datagrams found no
	 * room and are thrown away. */
	uint32_t (*empty)(struct sluice_port *port, uint64_t now);
	/* Throws all that is in it away. Returns how many datagrams. */
	uint32_t (*discard)(struct sluice_port *port);
	/* From now on nothing new gets into it. 0 or a negative errno. */
	int (*shut)(struct sluice_port *port);
	/* Are broadcast and multicast this socket's? */
	void (*take_many)(struct sluice_port *port, bool takes);

	/* Losses, all @context worker. Is it time to look at those of this one? `erred`: see
	 * sluice_socket_account_look(). */
	void (*look_at)(struct sluice_port *port, bool erred, uint64_t now);
	/* Of the packets that the socket has counted as dropped: how many its program knows of,
	 * modulo 2^32. */
	uint32_t (*dropped)(const struct sluice_port *port);
	/* Of `more` drops that nobody knows of: how many may have been for want of room, and how
	 * many surely were? Fills in those members. */
	void (*suspect)(const struct sluice_port *port, uint32_t more,
			struct sluice_socket_suspects *suspects);
	/* Datagrams that its program has refused since it was last asked; if `is_late`, the socket
	 * is closed. */
	uint32_t (*refused)(struct sluice_port *port, bool is_late);
	/* Its buffer was too small for what came while it was left alone. Optional. */
	void (*overflowed)(struct sluice_port *port);
};

/* The ways, the best first; the last one can always be had. NULL ends them. */
extern const struct sluice_socket_way *const sluice_socket_ways[];
extern const struct sluice_socket_way sluice_socket_way_bpf;
extern const struct sluice_socket_way sluice_socket_way_calls;

/* The one that a configuration calls so; not `auto`. @threadsafe */
const struct sluice_socket_way *sluice_socket_way_of(enum sluice_receive receive);

#define for_each_socket_way(place) for ((place) = sluice_socket_ways; *(place); (place)++)

/* Has the socket a program in the kernel? Without one it gets what is for many in each worker.
 * @threadsafe */
static inline bool sluice_port_has_program(const struct sluice_port *port)
{
	return port->key.way->has_program || port->count;
}

/*
 * Chooses for an input, notes it in record->next_choice and returns it. With `auto` the readers of
 * all workers are made, so that nothing fails later for want of memory; what is not used the next
 * commit or cancel frees. @context process
 */
const struct sluice_socket_way *sluice_socket_way_choose(const struct sluice_socket_way_bed *bed,
							 const struct sluice_config_input *input,
							 struct sluice_socket_input *record);

/* Is every input that comes read with calls for now (source.h)? @context process */
bool sluice_socket_way_is_held(void);

#endif /* SLUICE_SOCKET_WAY_H */
