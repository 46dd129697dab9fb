/* SPDX-License-Identifier: MIT */
/*
 * What of a connection the log and the report know already. Written by who tells them. Part of
 * connection.h.
 */
#ifndef SLUICE_TOLD_H
#define SLUICE_TOLD_H

#include <stdbool.h>
#include <stdint.h>
#include "outage.h"
#include "unconfirmed.h"

struct sluice_told {
	unsigned int condition;	     /* what counters.since is of; 0: of nothing yet */
	bool is_there;		     /* that it is there, */
	bool is_slow;		     /* that it is slow, */
	uint64_t slow_since;	     /* and read nothing since then */
	struct sluice_outage outage; /* its interruptions */
	uint64_t unsent_at;	     /* when it was last told what is not sent; 0: never, */
	uint64_t unsent;	     /* and how many these were */
	struct sluice_unconfirmed unconfirmed;
	int64_t expiry_at; /* when that its certificate ends, s since 1970; 0: never */
	uint64_t fault_at; /* when it was last told that it broke the protocol; 0: never */
};

#endif /* SLUICE_TOLD_H */
