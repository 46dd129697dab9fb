/* SPDX-License-Identifier: MIT */
/*
 * A connection's part in its output: what the configuration says of its destination, and what the
 * output gave it. Written by the output (balance.c, hash.c), by parked.c and writer.c. Part of
 * connection.h.
 */
#ifndef SLUICE_ROLE_H
#define SLUICE_ROLE_H

#include <stdbool.h>
#include <stdint.h>

struct sluice_feeder;
struct sluice_pacer;

/* What the configuration says. */
struct sluice_role {
	unsigned int weight;
	bool standby, disabled;
	uint64_t identity;	    /* hash: what its destination is called, as a number */
	struct sluice_pacer *pacer; /* its destination's */
};

/* What it was given. */
struct sluice_load {
	int64_t turn;	     /* round-robin: how much it is behind its share */
	uint64_t given;	     /* bytes of streams, ever */
	uint64_t drained;    /* of them, no longer carried, when its rate was last taken */
	uint64_t drained_at; /* and when that was */
	uint64_t rate; /* bytes of streams a second that it gets rid of when it has enough; 0: not
			  known */
};

/* A segment that a connection carries and has not begun to write. */
struct sluice_parked {
	struct sluice_feeder *feeder;
	uint64_t id;
};

#define SLUICE_PARKED 1024U /* how many a connection has at most */

/* Those that wait at it, by number modulo SLUICE_PARKED. */
struct sluice_parking {
	struct sluice_parked *list; /* hash: SLUICE_PARKED of them; NULL else */
	uint64_t first, next;
};

#endif /* SLUICE_ROLE_H */
