/* SPDX-License-Identifier: MIT */
/*
 * A feeder: one output's way through one stream. It hands out spans, knows who carries them, takes acknowledgements in
 * any order, takes spans back from a lost connection and hands those out again first. Between a ring and the
 * connections of an output, in one worker. Touches: the ring (read only) and itself.
 *
 *      acked            taken            head
 *   ─────┼─────┬─────┬─────┼────────────────┤
 *        │ seg │ seg │ seg │  not taken yet
 *
 * [acked, taken) is cut into segments, each carried, returned or done; acked is the start of the first one that is not
 * done. A segment is sent again as it was cut, so that a receiver knows it by its offset.
 */
#ifndef SLUICE_FEEDER_H
#define SLUICE_FEEDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/ranges.h"
#include "../../lib/ring.h"

/* How many segments a feeder keeps at most: beyond it nothing is taken until something was acknowledged. */
#define SLUICE_FEEDER_SEGMENTS 4096U

/* What carries segments: a connection. The feeder keeps its account of what is under way. */
struct sluice_carrier {
	uint64_t bytes;	   /* of the stream, carried and not done */
	uint64_t segments; /* likewise */
	uint64_t done;	   /* records done, ever */
	/*
	 * The store needs the memory of the pinned segment: copy what is still to be read and unpin it. Returns false if that
	 * cannot be done now. NULL: never pins for long. @context worker
	 */
	bool (*keep)(struct sluice_carrier *carrier);
};

enum sluice_segment_state { SLUICE_SEGMENT_DONE, SLUICE_SEGMENT_CARRIED, SLUICE_SEGMENT_RETURNED };

struct sluice_segment {
	uint64_t start;
	uint64_t end;
	uint64_t count; /* records */
	/* Bytes of records, if [start, end) was given up and they only tell of it: behind them there is nothing. Else 0 */
	uint32_t told;
	struct sluice_carrier *carrier;
	uint8_t state; /* enum sluice_segment_state */
	bool pinned; /* its carrier is reading it out of the ring: it must not be overwritten yet */
	bool covered;	/* acknowledged while pinned */
	bool is_unsent; /* neither we nor an earlier daemon can have sent it to anybody yet */
	struct sluice_book *book; /* of a rack: holds its bytes as long as it is pinned */
};

struct sluice_rack; /* rack.h */
struct sluice_book;

struct sluice_feeder {
	struct sluice_ring *ring;
	struct sluice_ring_cursor *cursor; /* NULL: it feeds from the disk (rack.h) */
	/* The output's other way through the stream: what the ring gave to the disk. NULL: there is no disk. */
	struct sluice_rack *rack;
	uint64_t floor; /* everything before it was given to the disk: of the ring's feeder */
	uint64_t floor_sequence; /* records before the floor */
	struct sluice_segment
		*segments; /* of segment `id` at [id & (SLUICE_FEEDER_SEGMENTS - 1)] */
	uint64_t first;	   /* id of the first that is not done, or next */
	uint64_t summed;   /* of feeder_sequence.c: how many records [summed, next) had ... */
	uint64_t
		summed_sequence; /* ... less than lie before them: records before segment `summed` */
	bool recount;		 /* a segment behind it has changed */
	uint64_t next;		 /* id of the next to be cut */
	uint64_t returned;	 /* how many are returned */
	uint64_t taken;
	uint64_t taken_sequence; /* records before taken */
	/* Nothing at or behind it was ever sent. What an earlier daemon may have sent is before it. */
	uint64_t sent;
	uint64_t mark;	/* of leaving.c: where the head was when its output was to go */
	uint64_t limit; /* nothing at or beyond it is handed out; UINT64_MAX: no limit */
	struct sluice_ranges
		known; /* acknowledged, but not the whole of a segment, or not cut yet */
	void *output;  /* whose it is; for the caller */
	void *stream;  /* likewise */
};

/*
 * Begins where the cursor of `output` stands (a new one: at the tail). A cursor that cannot be right is put to the
 * tail; *repaired says so. 0, -ENOMEM, -ENOSPC (all cursor slots are taken), -EPROTO (not even the tail is
 * a boundary). @owner caller: sluice_feeder_close()
 */
int sluice_feeder_open(struct sluice_feeder *feeder, struct sluice_ring *ring,
		       const uint8_t output[16], bool *repaired);

/* Frees the memory; the cursor slot stays as it is. Safe on a zeroed feeder. */
void sluice_feeder_close(struct sluice_feeder *feeder);

/* Is there something to hand out? */
bool sluice_feeder_has_work(const struct sluice_feeder *feeder);

/*
 * Hands out the next segment to `carrier`: a returned one, else up to `bytes` (at least one record) of what was never
 * taken. It begins pinned. Returns NULL if there is nothing; *id names the segment. *again: it was handed out before.
 */
struct sluice_segment *sluice_feeder_take(struct sluice_feeder *feeder, size_t bytes,
					  struct sluice_carrier *carrier, uint64_t *id,
					  bool *again);

/* Shortens segment `id`, the newest, to [start, end): `end` is a record boundary inside it, `count` records behind its
 * start. The rest counts as never taken. False if it is not the newest; then it stays whole. */
bool sluice_feeder_cut(struct sluice_feeder *feeder, uint64_t id, uint64_t end, uint64_t count);

/* The carrier reads no more from the ring for segment `id`. */
void sluice_feeder_unpin(struct sluice_feeder *feeder, uint64_t id);

/* Segment `id` needs no more: what a receiver without acknowledgements of its own gets. */
void sluice_feeder_finish(struct sluice_feeder *feeder, uint64_t id);

/* Segment `id` is on its way to a receiver, as it is cut now. @context worker */
void sluice_feeder_sends(struct sluice_feeder *feeder, uint64_t id);

/* It goes to an output of other receivers, who may have had all of it by another way: what they say of it is believed. @context worker */
void sluice_feeder_change_hands(struct sluice_feeder *feeder);

/*
 * Can a receiver have [start, end) of its stream: was all of it sent, by whatever feeder of the output and to whatever
 * destination, or acknowledged? Ask every feeder of the output that is of the stream. False as well if `end` lies before `start`.
 * @context worker
 */
bool sluice_feeder_can_have(const struct sluice_feeder *feeder, uint64_t start, uint64_t end);

/* The receiver has [start, end), wherever that lies. `ahead`: remember also what was not taken yet, so that it
 * will not be sent (a receiver that knows more than the cursor, after a restart). Returns how many records were sent, came back
 * because the connection was lost, and are done now: whoever carried them does not know. */
uint64_t sluice_feeder_acknowledge(struct sluice_feeder *feeder, uint64_t start, uint64_t end,
				   bool ahead);

/* Segment `id` is to be sent again, from `start` (a record boundary inside it) on, `count` records. */
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

/* Everything of its stream before it was acknowledged, by way of whatever feeder: what a frame says as `floor`. */
uint64_t sluice_feeder_floor(const struct sluice_feeder *feeder);

/* How many bytes of records there are in a segment. */
static inline uint64_t sluice_segment_bytes(const struct sluice_segment *segment)
{
	return segment->told ? segment->told : segment->end - segment->start;
}

/*
 * Where the bytes of `segment` lie, contiguous, as long as it is pinned; afterwards they may be gone (NULL). Ask again
 * after every unpin: they move.
 */
const uint8_t *sluice_feeder_bytes(const struct sluice_feeder *feeder,
				   const struct sluice_segment *segment);

/* Does it feed from (`stream`, `epoch`)? Several feeders of an output may: an acknowledgement concerns all of them. */
bool sluice_feeder_is_of(const struct sluice_feeder *feeder, const uint8_t stream[16],
			 uint64_t epoch);

/* Everything before it needs no place in the ring: acknowledged, or on the disk. */
uint64_t sluice_feeder_need(const struct sluice_feeder *feeder);

/* How many records lie before sluice_feeder_need(). Looks at the segments that were done since it was asked last. @context worker */
uint64_t sluice_feeder_need_sequence(struct sluice_feeder *feeder);

/* May the ring's bytes before `end` go? Asks carriers to copy what they still read. @context worker */
bool sluice_feeder_let_go(struct sluice_feeder *feeder, uint64_t end);

/*
 * The bytes before `end` (a boundary, `sequence` records behind the stream's beginning) are on the disk, in the segment
 * `serial`: what the output still needs of them goes to its rack. sluice_feeder_let_go() said true. @context worker
 */
void sluice_feeder_yield(struct sluice_feeder *feeder, uint64_t end, uint64_t sequence,
			 uint64_t serial);

/* Does a younger stream wait for what is to be had by way of it (`store.drain: oldest`: from the disk, too)? */
bool sluice_feeder_keeps_younger(const struct sluice_feeder *feeder);
/* Must it wait for older streams? What lies on the disk does with `store.drain: oldest` only. */
bool sluice_feeder_respects_older(const struct sluice_feeder *feeder);

/* Is it the one that speaks for its stream when cursors are told (HELLO)? Exactly one per stream and output is. */
bool sluice_feeder_is_first(const struct sluice_feeder *feeder);

#endif /* SLUICE_FEEDER_H */
