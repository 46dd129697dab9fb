/* SPDX-License-Identifier: MIT */
/*
 * A forward as it runs: what the configuration says of it, who may come, and what it counts. Its
 * connections are tunnels (tunnel.h); it stays until the last of them has gone. Touches: memory,
 * log, events.
 */
#ifndef SLUICE_FORWARD_H
#define SLUICE_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"
#include "../link/resolve.h"
#include "clients.h"

/* What a configuration says of a forward. Never changes but for `is_cut`; the last reference frees
 * it. */
struct sluice_forward_terms {
	unsigned int references;
	unsigned int is_cut; /* its connections are to end at once */
	struct sluice_config_prefix *allow, *deny;
	size_t allow_count, deny_count;
	size_t limit, limit_per_address;
	uint64_t connect_timeout_ns, idle_timeout_ns; /* 0: none */
	unsigned int keepalive_s;		      /* 0: none */
	bool is_nodelay, is_cut_when_gone;
	enum sluice_lead prefix;
	struct sluice_config_prefix from;
	struct sluice_target *target;
	char name[SLUICE_NAME_MAX + 1];
	char *to;
	char *listen; /* all addresses, for people */
};

/* What one loop counts of a forward. */
struct sluice_forward_counts {
	uint64_t total __attribute__((aligned(64))); /* connections that were let in */
	uint64_t denied;			     /* not let in: allow and deny */
	uint64_t limited;			     /* not let in: limits */
	uint64_t failed;			     /* the destination could not be reached */
	uint64_t aborted;  /* ended by a reset, a time limit or a change */
	uint64_t up, down; /* bytes to the destination, and back */
};

struct sluice_forward {
	unsigned int references;
	sluice_guid id;
	pthread_mutex_t lock;		    /* of `terms` */
	struct sluice_forward_terms *terms; /* for those who come; NULL: it is gone */
	struct sluice_clients clients;
	uint64_t now; /* connections, of all loops */
	/* The destination: whether it could not be reached, and what was told */
	unsigned int is_down;
	uint64_t told_ns, failed_told;
	struct sluice_forward_counts *counts; /* of each loop */
	size_t loop_count;
	/* The control thread's */
	struct sluice_forward *next;
	char last_name[SLUICE_NAME_MAX + 1];
};

/* Makes terms, with one reference. NULL: no memory. @owner caller: sluice_forward_terms_put() */
struct sluice_forward_terms *sluice_forward_terms_new(const struct sluice_config_forward *config,
						      struct sluice_resolver *resolver);
void sluice_forward_terms_put(struct sluice_forward_terms *terms);

/* Makes a forward for so many loops, with one reference and without terms. NULL: no memory. @owner
 * caller: sluice_forward_put() */
struct sluice_forward *sluice_forward_new(const sluice_guid id, size_t loop_count);
struct sluice_forward *sluice_forward_get(struct sluice_forward *forward);
void sluice_forward_put(struct sluice_forward *forward);

/* Its terms at the moment. NULL: it is gone. @owner caller: sluice_forward_terms_put() @threadsafe
 */
struct sluice_forward_terms *sluice_forward_current(struct sluice_forward *forward);
/* Gives it other terms, which it takes over; NULL: it is gone. @context control thread */
void sluice_forward_change(struct sluice_forward *forward, struct sluice_forward_terms *terms);

/* May one more come from there? Then it is counted until sluice_forward_leave(). @threadsafe */
bool sluice_forward_admit(struct sluice_forward *forward, const struct sluice_forward_terms *terms,
			  const struct sockaddr_storage *client, size_t loop);
void sluice_forward_leave(struct sluice_forward *forward, const struct sockaddr_storage *client);

/* The destination was reached, or was not, because of `what` and `error` (0: none). The first time
 * is told at once, what follows once in ten seconds. @threadsafe */
void sluice_forward_reached(struct sluice_forward *forward,
			    const struct sluice_forward_terms *terms);
void sluice_forward_missed(struct sluice_forward *forward, const struct sluice_forward_terms *terms,
			   const char *what, int error);

/* What all loops have counted. @threadsafe */
void sluice_forward_sum(const struct sluice_forward *forward, struct sluice_forward_counts *sum);

#endif /* SLUICE_FORWARD_H */
