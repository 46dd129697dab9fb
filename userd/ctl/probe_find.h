/* SPDX-License-Identifier: MIT */
/*
 * Finds the marked datagrams of `sluicectl probe` in what a receiver wrote, whatever it wrote
 * around them: which are there whole, cut, in parts, glued to the one before, more than once, out
 * of order. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_PROBE_FIND_H
#define SLUICE_CTL_PROBE_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "probe_mark.h"

/* What is known of one number of the run. */
struct sluice_probe_one {
	uint32_t seen;	  /* how often its mark is there */
	uint32_t whole;	  /* of them, to the last byte */
	uint32_t length;  /* of the datagram; 0: never seen */
	uint32_t kept;	  /* if never whole: bytes of the datagram that the longest beginning has */
	uint32_t written; /* the same as the receiver wrote them: more where it writes a byte as
			     several */
	uint32_t pieces;  /* parts of it without its beginning, which stand elsewhere */
	uint32_t rest;	  /* bytes of the datagram that pieces have and `kept` has not */
	uint16_t at;	  /* place of the mark in the datagram */
	uint8_t flow;
	bool is_nasty;
	bool is_glued;	   /* stands in one line with the one before */
	bool is_mixed;	   /* cut where another's bytes go on */
	bool is_reordered; /* came after a later one of its flow */
	bool is_at_end;	   /* cut where the file ends */
	bool is_spoiled;   /* its mark is not as it was sent */
};

struct sluice_probe_found {
	uint32_t run;	/* which; 0 with count 0: there is none */
	uint32_t count; /* of the run, as the marks say */
	uint32_t most;	/* length of its longest datagram */
	uint32_t runs;	/* different runs in the file */
	char via[SLUICE_PROBE_VIA_MAX];
	bool is_capture; /* a capture has no lines: nothing can be glued */

	uint32_t whole;	 /* numbers, each counted once */
	uint32_t cut;	 /* seen, and never whole */
	uint32_t parted; /* of cut: all the rest, or most, is elsewhere in pieces */
	uint32_t missing;
	uint32_t repeated; /* numbers seen more than once */
	uint32_t glued;
	uint32_t mixed;
	uint32_t reordered;
	uint64_t escaped;   /* bytes that were written otherwise, and can be told */
	uint64_t replaced;  /* bytes in whose place something else is */
	uint64_t copies;    /* marks beyond the first of each number */
	uint32_t line_most; /* the longest line that a cut one ends, in bytes */
	uint32_t spoiled;

	struct sluice_probe_one *list; /* @owner found; `count` of them, number 1 first */
};

/*
 * Searches `length` bytes. `run`: that one, or with 0 the one whose first mark is last. 0; -ENOENT:
 * there is none; -ENOMEM; -EINVAL. @owner caller: sluice_probe_found_free(), also on failure
 */
int sluice_probe_find(const uint8_t *bytes, size_t length, uint32_t run,
		      struct sluice_probe_found *found);

void sluice_probe_found_free(struct sluice_probe_found *found);

/* Did all arrive, whole, once, in order, each by itself? */
bool sluice_probe_is_right(const struct sluice_probe_found *found);

#endif /* SLUICE_CTL_PROBE_FIND_H */
