/* SPDX-License-Identifier: MIT */
/*
 * A feeder: one output's way through one stream. It hands out spans, knows who carries them, takes
 * acknowledgements in any order, takes spans back from a lost connection and hands those out again.
 * Where its bytes come from is its origin: the ring (ring_feeder.h), or the disk
 * (spool/disk_feeder.h). A stream that has a disk side has a feeder of each kind for each output.
 * Between an origin and the connections of an output, in one worker. Touches: itself.
 *
 *      acked            taken            head
 *   ─────┼─────┬─────┬─────┼────────────────┤
 *        │ seg │ seg │ seg │  not taken yet
 *
 * [acked, taken) is cut into segments, each carried, returned or done; acked is the start of the
 * first one that is not done. A segment is sent again as it was cut, so that a receiver knows it by
 * its offset.
 */
#ifndef SLUICE_FEEDER_H
#define SLUICE_FEEDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/guid.h"
#include "../../lib/ranges.h"
#include "../../lib/ring.h"
#include "backlog.h"

/* How many segments a feeder keeps at most: beyond it nothing is taken until something was
 * acknowledged. */
#define SLUICE_FEEDER_SEGMENTS 4096U

/* What carries segments: a connection. The feeder keeps its account of what is under way. */
struct sluice_carrier {
	uint64_t bytes;	   /* of the stream, carried and not done */
	uint64_t segments; /* likewise */
	uint64_t done;	   /* records done, ever */
	/*
	 * The store needs the memory of the pinned segment: copy what is still to be read and unpin
	 * it. Returns false if that cannot be done now. NULL: never pins for long. @context worker
	 */
	bool (*keep)(struct sluice_carrier *carrier);
};

enum sluice_segment_state { SLUICE_SEGMENT_DONE, SLUICE_SEGMENT_CARRIED, SLUICE_SEGMENT_RETURNED };

struct sluice_segment {
	uint64_t start;
	uint64_t end;
	uint64_t count; /* records */
	/* Bytes of records, if [start, end) was given up and they only tell of it: behind them
	 * there is nothing. Else 0 */
	uint32_t told;
	struct sluice_carrier *carrier;
	uint8_t state; /* enum sluice_segment_state */
	bool pinned; /* its carrier is reading it out of the ring: it must not be overwritten yet */
	bool covered;	/* acknowledged while pinned */
	bool is_unsent; /* neither we nor an earlier daemon can have sent it to anybody yet */
	struct sluice_disk_frame
		*frame; /* from the disk: holds its bytes as long as it is pinned */
};

struct sluice_disk_frame; /* spool/disk_feeder.h */
struct sluice_feeder;

/* Where a feeder's bytes come from. Each function is called in the feeder's worker. */
struct sluice_origin {
	/* Its segments lie in the order of the stream, and it has a cursor in the ring. */
	bool is_ring;
	/* Does it keep to the order of the streams (`store.drain: oldest`)? */
	bool (*respects_older)(const struct sluice_feeder *feeder);
	/* Has it something that younger streams must wait for? */
	bool (*keeps_younger)(const struct sluice_feeder *feeder);
	/* May the output's other feeder of the stream have a turn? NULL: always */
	bool (*lets_other)(const struct sluice_feeder *feeder);
	/* The other feeder had a turn. NULL: it need not know */
	void (*other_had_turn)(struct sluice_feeder *feeder);
	/* Has what can be handed out next fetched, if it must be. NULL: it is there */
	void (*look)(struct sluice_feeder *feeder);
	bool (*has_work)(const struct sluice_feeder *feeder);
	/* The next segment, not yet carried by anybody, of at most `bytes` (but one record at
	 * least), or NULL. */
	struct sluice_segment *(*take)(struct sluice_feeder *feeder, size_t bytes, uint64_t *id,
				       bool *again);
	/* What of the newest segment lies behind `end` is as if never taken; before `end` are
	 * `count` records. False: it cannot be */
	bool (*cut)(struct sluice_feeder *feeder, struct sluice_segment *segment, uint64_t end,
		    uint64_t count);
	const uint8_t *(*bytes)(const struct sluice_feeder *feeder,
				const struct sluice_segment *segment);
	/* The segment's bytes are read no more. NULL: nothing is to be done */
	void (*unpinned)(struct sluice_segment *segment);
	/* A segment is done. */
	void (*done)(struct sluice_feeder *feeder, const struct sluice_segment *segment);
	/* `first` moved: what is known of before it can be forgotten. */
	void (*advanced)(struct sluice_feeder *feeder);
	/* See sluice_feeder_acknowledge(). */
	uint64_t (*acknowledge)(struct sluice_feeder *feeder, uint64_t start, uint64_t end,
				bool ahead);
	/* A carried segment came back, from `start` on, `count` records: it is returned, or done
	 * here. */
	void (*came_back)(struct sluice_feeder *feeder, struct sluice_segment *segment,
			  uint64_t start, uint64_t count);
	/* Ends it. Its output and its stream do not know it any more. */
	void (*destroy)(struct sluice_feeder *feeder);
};

/* Who takes from feeders: an output. @context worker */
struct sluice_feeder_user {
	/* Something changed: it is to look at its feeders. */
	void (*look)(void *output);
	/* Can a receiver of it take something? */
	bool (*can_take)(const void *output);
};

struct sluice_feeder {
	const struct sluice_origin *origin;
	struct sluice_ring *ring;
	struct sluice_ring_cursor *cursor; /* of the ring's feeder */
	struct sluice_feeder *lead;	   /* the ring's feeder of the same output, maybe itself */
	struct sluice_feeder *beside;	   /* the other one of the two. NULL: there is no disk */
	/* What the ring gave to the disk, and the output has not got. NULL: there is no disk. */
	struct sluice_backlog *backlog;
	uint64_t floor; /* everything before it was given to the disk: of the ring's feeder */
	uint64_t floor_sequence; /* records before the floor */
	struct sluice_segment
		*segments;	  /* of segment `id` at [id & (SLUICE_FEEDER_SEGMENTS - 1)] */
	uint64_t first;		  /* id of the first that is not done, or next */
	uint64_t summed;	  /* of ring_feeder.c: how many records [summed, next) had ... */
	uint64_t summed_sequence; /* ... less than lie before them: records before segment `summed`
				   */
	bool recount;		  /* a segment behind it has changed */
	uint64_t next;		  /* id of the next to be cut */
	uint64_t returned;	  /* how many are returned */
	uint64_t taken;
	uint64_t taken_sequence; /* records before taken */
	/* Nothing at or behind it was ever sent. What an earlier daemon may have sent is before it.
	 */
	uint64_t sent;
	/* From here on something waits for the output in a store on the disk that is not in use;
	 * UINT64_MAX: nothing does. Of the ring's feeder */
	uint64_t elsewhere;
	uint64_t mark;	/* of leaving.c: where the head was when its output was to go */
	uint64_t limit; /* nothing at or beyond it is handed out; UINT64_MAX: no limit */
	struct sluice_ranges
		known; /* acknowledged, but not the whole of a segment, or not cut yet */
	const struct sluice_feeder_user *user; /* what its output does when called */
	void *output;			       /* whose it is; NULL: nobody's now */
	void *stream;			       /* which it feeds from; for the caller */
	bool *moved; /* of the stream: to be looked at when this round ends; NULL: nobody asks */
};

/* Ends a feeder of whatever origin. NULL is allowed. */
void sluice_feeder_destroy(struct sluice_feeder *feeder);

/* Does it feed from the ring, or from the disk? */
static inline bool sluice_feeder_is_of_ring(const struct sluice_feeder *feeder)
{
	return feeder->origin->is_ring;
}

/* Its output, if it has one, is to look at it. */
void sluice_feeder_wake(const struct sluice_feeder *feeder);

/* Is there something to hand out? */
bool sluice_feeder_has_work(const struct sluice_feeder *feeder);

/* The same, but has what can be handed out next fetched from the disk first, if it must be: ask
 * this before a turn. */
bool sluice_feeder_look(struct sluice_feeder *feeder);

/*
 * Hands out the next segment to `carrier`: a returned one, else up to `bytes` (at least one record)
 * of what was never taken. It begins pinned. Returns NULL if there is nothing; *id names the
 * segment. *again: it was handed out before.
 */
struct sluice_segment *sluice_feeder_take(struct sluice_feeder *feeder, size_t bytes,
					  struct sluice_carrier *carrier, uint64_t *id,
					  bool *again);

/* Shortens segment `id`, the newest, to [start, end): `end` is a record boundary inside it, `count`
 * records behind its start. The rest counts as never taken. False if it is not the newest; then it
 * stays whole. */
bool sluice_feeder_cut(struct sluice_feeder *feeder, uint64_t id, uint64_t end, uint64_t count);

/* The carrier reads no more from the ring for segment `id`. */
void sluice_feeder_unpin(struct sluice_feeder *feeder, uint64_t id);

/* Segment `id` needs no more: what a receiver without acknowledgements of its own gets. */
void sluice_feeder_finish(struct sluice_feeder *feeder, uint64_t id);

/* Segment `id` is on its way to a receiver, as it is cut now. @context worker */
void sluice_feeder_sends(struct sluice_feeder *feeder, uint64_t id);

/* It goes to an output of other receivers, who may have had all of it by another way: what they say
 * of it is believed. @context worker */
void sluice_feeder_change_hands(struct sluice_feeder *feeder);

/*
 * Can a receiver have [start, end) of its stream: was all of it sent, by whatever feeder of the
 * output and to whatever destination, or acknowledged? Ask every feeder of the output that is of
 * the stream. False as well if `end` lies before `start`.
 * @context worker
 */
bool sluice_feeder_can_have(const struct sluice_feeder *feeder, uint64_t start, uint64_t end);

/* The receiver has [start, end), wherever that lies. `ahead`: remember also what was not taken yet,
 * so that it will not be sent (a receiver that knows more than the cursor, after a restart).
 * Returns how many records were sent, came back because the connection was lost, and are done now:
 * whoever carried them does not know. */
uint64_t sluice_feeder_acknowledge(struct sluice_feeder *feeder, uint64_t start, uint64_t end,
				   bool ahead);

/* Segment `id` is to be sent again, from `start` (a record boundary inside it) on, `count` records.
 */
void sluice_feeder_return(struct sluice_feeder *feeder, uint64_t id, uint64_t start,
			  uint64_t count);

/* Everything that `carrier` carries is to be sent again. Returns how many records that is. */
uint64_t sluice_feeder_return_all(struct sluice_feeder *feeder, struct sluice_carrier *carrier);

/* The segment called `id`, or NULL if it is done. */
static inline struct sluice_segment *sluice_feeder_segment(const struct sluice_feeder *feeder,
							   uint64_t id)
{
	struct sluice_segment *segment = &feeder->segments[id & (SLUICE_FEEDER_SEGMENTS - 1)];

	if (id < feeder->first || id >= feeder->next || segment->state == SLUICE_SEGMENT_DONE)
		return NULL;
	return segment;
}

/* Everything before it was acknowledged. */
static inline uint64_t sluice_feeder_acked(const struct sluice_feeder *feeder)
{
	return feeder->first < feeder->next
		       ? feeder->segments[feeder->first & (SLUICE_FEEDER_SEGMENTS - 1)].start
		       : feeder->taken;
}

/* Everything of its stream before it was acknowledged, by way of whatever feeder: what a frame says
 * as `floor`. */
uint64_t sluice_feeder_floor(const struct sluice_feeder *feeder);

/* How many bytes of records there are in a segment. */
static inline uint64_t sluice_segment_bytes(const struct sluice_segment *segment)
{
	return segment->told ? segment->told : segment->end - segment->start;
}

/*
 * Where the bytes of `segment` lie, contiguous, as long as it is pinned; afterwards they may be
 * gone (NULL). Ask again after every unpin: they move.
 */
const uint8_t *sluice_feeder_bytes(const struct sluice_feeder *feeder,
				   const struct sluice_segment *segment);

/* Does it feed from (`stream`, `epoch`)? Several feeders of an output may: an acknowledgement
 * concerns all of them. */
bool sluice_feeder_is_of(const struct sluice_feeder *feeder, const sluice_guid stream,
			 uint64_t epoch);

/* Does a younger stream wait for what is to be had by way of it (`store.drain: oldest`: from the
 * disk, too)? */
bool sluice_feeder_keeps_younger(const struct sluice_feeder *feeder);
/* Must it wait for older streams? What lies on the disk does with `store.drain: oldest` only. */
bool sluice_feeder_respects_older(const struct sluice_feeder *feeder);

/* Is it the one that speaks for its stream when cursors are told (HELLO)? Exactly one per stream
 * and output is. */
static inline bool sluice_feeder_is_first(const struct sluice_feeder *feeder)
{
	return feeder->origin->is_ring;
}

/* Bytes of the stream that lie on the disk for its output, under way or not. */
uint64_t sluice_feeder_on_disk(const struct sluice_feeder *feeder);

/*
 * For origins: the slot of a segment, done or not; the first segment that ends behind `offset` (its
 * id, or `next`); a segment needs no more, unless its carrier still reads it (returns how many
 * records are done that no carrier has the credit for); steps over segments that are done.
 */
static inline struct sluice_segment *sluice_feeder_slot(const struct sluice_feeder *feeder,
							uint64_t id)
{
	return &feeder->segments[id & (SLUICE_FEEDER_SEGMENTS - 1)];
}
uint64_t sluice_feeder_find(const struct sluice_feeder *feeder, uint64_t offset);
uint64_t sluice_feeder_complete(struct sluice_feeder *feeder, struct sluice_segment *segment);
void sluice_feeder_advance(struct sluice_feeder *feeder);

/* Goes through the feeders of `owner`, a stream or a group of connections: it may lose none
 * meanwhile. */
#define for_each_feeder(feeder, owner)                                             \
	for (struct sluice_feeder *const *feeder##_at = (owner)->feeders, *feeder; \
	     feeder##_at < (owner)->feeders + (owner)->feeder_count &&             \
	     ((feeder) = *feeder##_at, true);                                      \
	     feeder##_at++)

#endif /* SLUICE_FEEDER_H */
