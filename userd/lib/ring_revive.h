/* SPDX-License-Identifier: MIT */
/*
 * A ring whose file is gone, damaged, another's or of an earlier moment lives on as its twin knew
 * it: the same stream, the same offsets, the same cursors; what is not there is GAP records in its
 * place, with the number. Between ring_file.c and ring_writer.c. Touches: the ring it is given; the
 * file's head.
 */
#ifndef SLUICE_LIB_RING_REVIVE_H
#define SLUICE_LIB_RING_REVIVE_H

#include "ring_twin.h"

/* What is to be believed of a ring's file and its twin. */
enum sluice_ring_verdict {
	SLUICE_RING_BELIEVE_FILE, /* the twin knows nothing of it, or not as much */
	SLUICE_RING_EXTEND, /* a copy of an earlier moment: what is in it is right, more was there
			     */
	SLUICE_RING_BELIEVE_TWIN, /* of an earlier life, or nothing in it is needed any more */
};

/* Puts right in the head of the ring in `fd` (`bytes` long) what a flipped bit can have spoilt and
 * the twin knows. */
void sluice_ring_heal(const char *path, int fd, size_t bytes,
		      const struct sluice_ring_known *known);

/* The same, of a ring that was just mapped: its cursors, its counters of losses. */
void sluice_ring_heal_mapped(struct sluice_ring *ring, const char *path,
			     const struct sluice_ring_known *known);

/* Is the ring in `fd` of a later life of the relay than the twin? */
bool sluice_ring_is_younger(int fd, const struct sluice_ring_known *known);

/* What is to be believed, of a file with that head? @threadsafe */
enum sluice_ring_verdict sluice_ring_judge(const struct sluice_ring_producer *head,
					   const struct sluice_ring_known *known);

/*
 * Makes the ring end where the twin says, with the twin's cursors: an empty one, just created with
 * the twin's stream, epoch and size; or one of an earlier moment, taken over. Returns how many
 * datagrams that the ring lacks some output waited for; they are told. *is_exact: that is their
 * number; else nobody knows it. `fewer`: as sluice_ring_mend() said of the ring.
 */
uint64_t sluice_ring_revive(struct sluice_ring *ring, const struct sluice_ring_known *known,
			    uint64_t fewer, bool *is_exact);

#endif /* SLUICE_LIB_RING_REVIVE_H */
