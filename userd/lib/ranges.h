/* SPDX-License-Identifier: MIT */
/*
 * A set of 64-bit offsets, kept as sorted [start, end) ranges that neither overlap nor touch.
 * Receivers keep in one what they have of a stream, relays what of it was acknowledged out of
 * order. A zeroed struct is an empty set. Touches: memory only. Not @threadsafe: one owner per set.
 * Adding at the end and looking at the ends is O(1), everything else O(log n) to find plus a move
 * of what lies behind.
 */
#ifndef SLUICE_LIB_RANGES_H
#define SLUICE_LIB_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets start <= x < end. */
struct sluice_range {
	uint64_t start;
	uint64_t end;
};

/* Read `list` and `count` freely; change them through the functions only. */
struct sluice_ranges {
	struct sluice_range *list; /* @owner the set; NULL as long as nothing was ever added */
	size_t count;
	size_t capacity;
};

/* Frees the memory and leaves an empty set. NULL is allowed. */
void sluice_ranges_free(struct sluice_ranges *set);

/* Adds [start, end). Adding what is there already changes nothing. 0; -EINVAL if start > end or set
 * is NULL; -ENOMEM, then the set is as it was. An empty range is 0 and nothing is added. */
int sluice_ranges_add(struct sluice_ranges *set, uint64_t start, uint64_t end);

/* True if every offset of [start, end) is in the set; an empty range always is. */
bool sluice_ranges_covers(const struct sluice_ranges *set, uint64_t start, uint64_t end);

/* Finds the first hole in [start, end): the longest run of offsets, beginning with the first that
 * is not in the set, none of which is. Returns false if there is none. Call again with start =
 * hole->end for the next one. */
bool sluice_ranges_hole(const struct sluice_ranges *set, uint64_t start, uint64_t end,
			struct sluice_range *hole);

/* The range that `offset` lies in. Returns false if it is not in the set. */
bool sluice_ranges_around(const struct sluice_ranges *set, uint64_t offset,
			  struct sluice_range *range);

/* Where the run of offsets that begins at `start` ends: `start` itself if that is not in the set.
 * With start = the cursor this is how far a cursor can move. */
uint64_t sluice_ranges_reach(const struct sluice_ranges *set, uint64_t start);

/* Takes everything below `below` out of the set. */
void sluice_ranges_forget(struct sluice_ranges *set, uint64_t below);

/* How many offsets are in the set. */
uint64_t sluice_ranges_total(const struct sluice_ranges *set);

#endif /* SLUICE_LIB_RANGES_H */
