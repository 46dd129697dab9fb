/* SPDX-License-Identifier: MIT */
/*
 * A loop that forwards: a thread with tunnels of its own, which takes connections from listeners
 * that all loops share. Touches: its thread, epoll and event descriptors, sockets.
 */
#ifndef SLUICE_FORWARDER_H
#define SLUICE_FORWARDER_H

#include "forward.h"

/* A socket that connections are taken from. Its forward may change while loops take. */
struct sluice_forward_listener {
	int fd;
	char *text; /* ADDRESS:PORT as written. @owner the listener */
	struct sockaddr_storage address;
	pthread_mutex_t lock; /* of `forward` */
	struct sluice_forward *forward;
	/* The control thread's */
	struct sluice_forward_listener *next;
	bool is_wanted;	   /* by the configuration that may come into force */
	uint64_t *retired; /* rounds of each loop when it was closed; NULL: it is open */
};

struct sluice_forwarder;

/* Starts loop `number`. 0 or a negative errno. @owner caller: sluice_forwarder_stop() */
int sluice_forwarder_start(unsigned int number, struct sluice_forwarder **result);
/* Ends it: its tunnels get a reset. NULL is allowed. */
void sluice_forwarder_stop(struct sluice_forwarder *forwarder);

/* It takes from this listener, too; it does not any more, but may be about to take one yet: it
 * touches the listener for the last time in the round that has begun. 0 or a negative errno.
 * @threadsafe */
int sluice_forwarder_watch(struct sluice_forwarder *forwarder,
			   struct sluice_forward_listener *listener);
void sluice_forwarder_unwatch(struct sluice_forwarder *forwarder,
			      const struct sluice_forward_listener *listener);

/* Has it do a round, in which it looks at all tunnels. @threadsafe */
void sluice_forwarder_poke(struct sluice_forwarder *forwarder);
/* Rounds that it has done. @threadsafe */
uint64_t sluice_forwarder_rounds(const struct sluice_forwarder *forwarder);

#endif /* SLUICE_FORWARDER_H */
