/* SPDX-License-Identifier: MIT */
/*
 * The twin of a ring's file: a small file beside it, `FILE-twin`, that knows whose ring it is, how
 * far it goes, how many records that is, and where each output's cursor stands: so that of a ring
 * that is gone, damaged or another's a successor can tell what was lost, to the datagram, and goes
 * on with the same stream. The layout is in docs/ring-format.md. Between the ring's two sides and
 * ring_revive.c. Touches: that file.
 */
#ifndef SLUICE_LIB_RING_TWIN_H
#define SLUICE_LIB_RING_TWIN_H

#include <stdint.h>
#include "barrier.h"
#include "guid.h"
#include "ring.h"

/* GAP records it remembers: with more of them in a ring the oldest count as one datagram each. */
#define SLUICE_RING_TWIN_GAPS 64U
/* Which of a cursor's reserved words says how many records lie before `acked`, plus 1; 0: not said.
 */
#define SLUICE_RING_CURSOR_SEQUENCE 3U

/* One of two lines, written in turn, so that one is whole whenever the process dies. */
struct sluice_ring_twin_line {
	uint64_t head;
	uint64_t sequence; /* records before head */
	uint64_t untold;   /* lost datagrams that no GAP tells of yet */
	uint64_t check;	   /* sluice_ring_twin_check() */
	uint64_t reserved[4];
};

struct sluice_ring_twin_gap {
	uint64_t offset;
	uint64_t datagrams;
	uint64_t check;
};

/* Page 0. */
struct sluice_ring_twin {
	uint32_t magic;
	uint32_t version;
	uint64_t size; /* of the ring */
	sluice_guid stream;
	uint64_t epoch;
	uint8_t owner[16]; /* as in the ring's file */
	uint32_t cpu;
	uint32_t crc; /* CRC32C of all before */
	struct sluice_ring_twin_line line[2];
	struct sluice_ring_twin_gap gap[SLUICE_RING_TWIN_GAPS];
};

/* What a twin knew. */
struct sluice_ring_known {
	uint64_t size;
	sluice_guid stream;
	uint64_t epoch;
	uint32_t cpu;
	uint64_t head;
	uint64_t sequence;
	uint64_t untold;
	uint64_t tail;
	size_t cursor_count;
	struct sluice_ring_cursor cursors[SLUICE_RING_CURSORS];
	size_t gap_count;
	struct sluice_ring_twin_gap gaps[SLUICE_RING_TWIN_GAPS];
};

/* Three words together: a bit that flips in one of them is seen. @threadsafe */
static inline uint64_t sluice_ring_twin_check(uint64_t one, uint64_t two, uint64_t three)
{
	return one ^ (two << 21 | two >> 43) ^ (three << 42 | three >> 22) ^ 0x5457494e4c494e45ULL;
}

/* The head moved, or something was lost. In the producer's thread. */
static inline void sluice_ring_twin_head(struct sluice_ring_twin *twin, uint64_t head,
					 uint64_t sequence, uint64_t untold)
{
	struct sluice_ring_twin_line *line = &twin->line[sequence & 1];

	sluice_store_relaxed(&line->head, head);
	sluice_store_relaxed(&line->sequence, sequence);
	sluice_store_relaxed(&line->untold, untold);
	sluice_store_relaxed(&line->check, sluice_ring_twin_check(head, sequence, untold));
}

/* A GAP record begins at `offset`. In the producer's thread. */
void sluice_ring_twin_gap(struct sluice_ring_twin *twin, uint64_t offset, uint64_t datagrams);

/* Copies where the ring's cursors stand. In the consumer's thread; nothing without a twin. */
void sluice_ring_twin_cursors(const struct sluice_ring *ring);

/* Reads the twin of the ring's file `path`. 0; -ENOENT; -EPERM: not ours; -EPROTO: it cannot be
 * believed. */
int sluice_ring_twin_read(const char *path, struct sluice_ring_known *known);

/* Is there a twin of the ring's file `path` that can be believed, and whose epoch is not before
 * `least`? */
bool sluice_ring_twin_is_there(const char *path, uint64_t least);

/* Makes a twin of the ring, which lies in `path`, in place of what is there; what cannot be read is
 * put aside. Without room there is none: then nothing but the ring knows what is in it. */
void sluice_ring_twin_make(struct sluice_ring *ring, const char *path);

/* Unmaps. `ends`: the ring's file, `path`, is gone, and so is this. Safe without a twin. */
void sluice_ring_twin_close(struct sluice_ring *ring, const char *path, bool ends);

/* Renames what lies at `path`, for whoever wants to look into it. The new name; NULL: it is still
 * there. @owner caller: free() */
char *sluice_ring_put_aside(const char *path, const char *why);

/* Whose the ring in the file `path` is: a GUID made of its name. 0 or a negative errno. */
int sluice_ring_owner(const char *path, uint8_t owner[16]);

#endif /* SLUICE_LIB_RING_TWIN_H */
