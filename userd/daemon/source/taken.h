/* SPDX-License-Identifier: MIT */
/*
 * What an inlet has taken of relays upstream, in a file beside its ring, so that a daemon that was
 * killed is followed by one that takes nothing twice and leaves nothing out. A record's place is
 * noted before it is in the ring, with the ring's head; whoever reads that note afterwards sees by
 * the head whether the record came in. For the inlet's thread. Touches: that file, mapped.
 */
#ifndef SLUICE_SOURCE_TAKEN_H
#define SLUICE_SOURCE_TAKEN_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/receiver_inner.h"
#include "../../lib/ring.h"

struct sluice_taken;

/*
 * Opens the file, or makes it, and tells `receiver` what is in it. If the ring is another one than
 * that which it was written with, and nobody has closed it since, what was in that ring is gone,
 * and what the file says with it: then *is_lost. 0, or a negative errno. @owner caller:
 * sluice_taken_close()
 */
int sluice_taken_open(struct sluice_taken **taken, const char *path,
		      struct sluice_receiver *receiver, const struct sluice_ring *ring,
		      bool *is_lost);

/* The record is about to be in the ring, whose head is `head`; and is. */
void sluice_taken_begin(struct sluice_taken *taken, const struct sluice_receiver_record *record,
			uint64_t head);
void sluice_taken_done(struct sluice_taken *taken);

/* Makes room, if it is short of that: what `receiver` has is all there is. 0 or a negative errno.
 */
int sluice_taken_tidy(struct sluice_taken *taken, const struct sluice_receiver *receiver);

/* Closes it. What the ring holds is delivered, or kept by whoever has the ring. NULL is allowed. */
void sluice_taken_close(struct sluice_taken *taken, const struct sluice_receiver *receiver);

#endif /* SLUICE_SOURCE_TAKEN_H */
