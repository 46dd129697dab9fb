/* SPDX-License-Identifier: MIT */
/*
 * IP fragments of captured packets, put together. What waits for its rest is bounded in number,
 * memory and time: the oldest gives way. Fragments that overlap make their datagram be given up
 * (RFC 5722), exact repetitions do not. Between dissect.h and who wants datagrams. Touches: the
 * memory it allocates, at most SLUICE_FRAGMENTS_MOST times 67 KiB. One thread at a time.
 */
#ifndef SLUICE_LIB_FRAGMENTS_H
#define SLUICE_LIB_FRAGMENTS_H

#include <stdint.h>
#include "dissect.h"

/* Datagrams that are put together at the same time. */
#define SLUICE_FRAGMENTS_MOST 64U
/* So long a datagram waits for its rest, by the time of the packets. */
#define SLUICE_FRAGMENTS_NS 30000000000ULL

struct sluice_fragments;

/* NULL: no memory. @owner caller: sluice_fragments_free() */
struct sluice_fragments *sluice_fragments_new(void);
/* NULL is allowed. */
void sluice_fragments_free(struct sluice_fragments *fragments);

/*
 * Takes the fragment *piece, which came at `time_ns`. 1: it was the last one that was missing, and
 * *piece is what was put together, as sluice_dissect() would say it; valid until the next call. 0:
 * more is missing. -EPROTO: it does not fit to the others, and they are given up; -ENOMEM.
 */
int sluice_fragments_take(struct sluice_fragments *fragments, struct sluice_dissected *piece,
			  uint64_t time_ns);

/* Datagrams that were given up because something of them never came; those that wait still count
 * if `all`. */
uint64_t sluice_fragments_incomplete(const struct sluice_fragments *fragments, bool all);

#endif /* SLUICE_LIB_FRAGMENTS_H */
