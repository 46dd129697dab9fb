/* SPDX-License-Identifier: MIT */
/*
 * A connection's attempts to connect. Written by connect.c, start.c, end.c and tcp.c. Part of
 * connection.h.
 */
#ifndef SLUICE_ATTEMPT_H
#define SLUICE_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

struct sluice_attempt {
	unsigned int address;	    /* which of the name's */
	unsigned int address_first; /* since it last worked */
	unsigned int interface;	    /* by which a link-local address was reached; 0: it is none */
	uint64_t deadline;	    /* of connecting or greeting */
	uint64_t pause;		    /* the next one, ns */
	bool complained;  /* it is gone, and was not seen to work since: others may step in */
	bool was_useless; /* it was lost with something to acknowledge, and had done nothing */
};

#endif /* SLUICE_ATTEMPT_H */
