/* SPDX-License-Identifier: MIT */
/*
 * What waits for one output in one stream's ring, counted by looking at each record: for the moment
 * in which an output goes, not for the path of the data. Touches: the ring, read only.
 */
#ifndef SLUICE_WAITING_H
#define SLUICE_WAITING_H

#include "feeder.h"

/* Datagrams of one input. */
struct sluice_waiting_input {
	uint16_t input;
	uint64_t datagrams;
};

struct sluice_waiting {
	uint64_t bytes;	    /* of records */
	uint64_t datagrams; /* GAP records are none */
	uint64_t oldest_ns; /* when the oldest came, since 1970; 0: there is none */
	struct sluice_waiting_input *inputs;
	size_t input_count;
};

/* Frees the list, and zeroes it. */
void sluice_waiting_free(struct sluice_waiting *waiting);

/* Adds what is in `length` bytes of whole records. 0 or -ENOMEM. @context process, worker */
int sluice_waiting_count(struct sluice_waiting *waiting, const uint8_t *records, size_t length);

/*
 * Adds what of the ring the output has not got, and is not on the disk. 0 or -ENOMEM. @context
 * worker
 */
int sluice_waiting_in_ring(const struct sluice_feeder *feeder, struct sluice_waiting *waiting);

#endif /* SLUICE_WAITING_H */
