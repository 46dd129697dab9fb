/* SPDX-License-Identifier: MIT */
/*
 * Feeders of rings: one output's way through the bytes in memory. With a disk beside it a feeder
 * gives what was written there to the output's backlog (backlog.h). In one worker. Touches: the
 * ring, read only, and one of its cursors.
 */
#ifndef SLUICE_RING_FEEDER_H
#define SLUICE_RING_FEEDER_H

#include "feeder.h"

/* What a cursor's reserved words say of the disk, noted by spool/disk_check.c; each one more than
 * the value, 0: not said: bytes that wait there, the lowest of them, records before that. */
enum sluice_cursor_word {
	SLUICE_CURSOR_WAITING,
	SLUICE_CURSOR_FLOOR,
	SLUICE_CURSOR_FLOOR_SEQUENCE,
};

/*
 * Begins where the cursor of `output` stands (a new one: at the tail). A cursor that cannot be
 * right is put to the tail; *repaired says so. 0, -ENOMEM, -ENOSPC (all cursor slots are taken),
 * -EPROTO (not even the tail is a boundary). @owner caller: sluice_ring_feeder_close()
 */
int sluice_ring_feeder_open(struct sluice_feeder *feeder, struct sluice_ring *ring,
			    const sluice_guid output, bool *repaired);

/* Frees what it has; the cursor slot stays as it is. Safe on a zeroed feeder. */
void sluice_ring_feeder_close(struct sluice_feeder *feeder);

/* The same two for a feeder in memory of its own, which sluice_feeder_destroy() ends. @owner caller
 */
int sluice_ring_feeder_create(struct sluice_ring *ring, const sluice_guid output,
			      struct sluice_feeder **feeder, bool *repaired);

/* Everything before it needs no place in the ring: acknowledged, or on the disk. */
uint64_t sluice_ring_feeder_need(const struct sluice_feeder *feeder);

/* How many records lie before sluice_ring_feeder_need(). Looks at the segments that were done since
 * it was asked last. @context worker */
uint64_t sluice_ring_feeder_need_sequence(struct sluice_feeder *feeder);

/* May the ring's bytes before `end` go? Asks carriers to copy what they still read. @context worker
 */
bool sluice_ring_feeder_let_go(struct sluice_feeder *feeder, uint64_t end);

/*
 * The bytes before `end` (a boundary, `sequence` records behind the stream's beginning) are on the
 * disk, in the segment `serial`: what the output still needs of them goes to its backlog.
 * sluice_ring_feeder_let_go() said true. @context worker
 */
void sluice_ring_feeder_yield(struct sluice_feeder *feeder, uint64_t end, uint64_t sequence,
			      uint64_t serial);

#endif /* SLUICE_RING_FEEDER_H */
