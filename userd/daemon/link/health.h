/* SPDX-License-Identifier: MIT */
/*
 * How a connection is doing: by what came and went, and by what TCP says. Written by health.c but
 * where it says otherwise. Part of connection.h.
 */
#ifndef SLUICE_HEALTH_H
#define SLUICE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* Signs of life. Written by tcp.c, writer.c and the output. */
struct sluice_signs {
	uint64_t heard; /* when something last came */
	uint64_t wrote; /* when something was last written */
	uint64_t owed;	/* since when it owes an acknowledgement, if it carries anything */
};

/* How it was when it was ready. Written by start.c. */
struct sluice_start {
	uint64_t at;	/* when that was */
	uint64_t done;	/* carrier.done */
	uint64_t bytes; /* counters.bytes */
};

/* What it gets done. Written by siblings.c, start.c and native.c. */
struct sluice_progress {
	uint64_t done; /* carrier.done when it last grew */
	uint64_t at;   /* and when that was */
};

/* What TCP says. */
struct sluice_health {
	uint64_t passed_on;  /* bytes of this connection that the peer's TCP has */
	uint64_t idle_from;  /* of them, those from here on are heartbeats; UINT64_MAX: none */
	uint64_t moved;	     /* when that last grew */
	uint64_t bytes_seen; /* counters.bytes when TCP was last asked for its figures */
	uint64_t measured;   /* and when that was */
	uint64_t unanswered; /* since when something is under way and nothing came back; 0: nothing
				is */
	uint64_t asked;	     /* when TCP was last asked for that */
	uint32_t repeats;    /* what TCP had sent again when something last came back */
	uint32_t tries;	     /* what it sent in vain since: probes, and segments again */
	bool is_full;	     /* the peer's TCP answers, and has no room for what waits */
	bool was_full, has_read; /* it once was, and had room again later: somebody reads */
	uint64_t full_at;	 /* when it was last seen full for a while; 0: not lately */
};

/* A peer that says nothing more. */
struct sluice_half {
	bool has_ended; /* plain: it will say nothing more, and may still read */
	uint64_t at;	/* bytes of this connection that were written when it said so */
	uint64_t due;	/* when to see whether it still acknowledges, */
	uint64_t mark;	/* and what had been by the last time; UINT64_MAX: all */
};

#endif /* SLUICE_HEALTH_H */
