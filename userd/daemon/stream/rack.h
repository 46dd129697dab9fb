/* SPDX-License-Identifier: MIT */
/*
 * A rack: what one output still needs of one stream's bytes on the disk, the books (frames) that were read from there for
 * it, and a feeder that hands them out like any other. Beside the ring's feeder of the same output, in one worker; what
 * is read and acknowledged goes through the stream's shelf (shelf.h). Touches: memory, and the shelf's orders.
 *
 *   ring's feeder ── yield ─► runs ── order ─► spooler ── books ─► segments ─► connection
 *                              ▲                                      │
 *                              └────────── connection lost ───────────┘
 */
#ifndef SLUICE_RACK_H
#define SLUICE_RACK_H

#include "spool/spool.h"
#include "feeder.h"
#include "unheard.h"

struct sluice_shelf;

/* Books that a rack has at once, read ahead or being written to a connection: this bounds its memory. */
#define SLUICE_RACK_BOOKS 6U
/* Bytes of PAD that stand for what was given up and has no GAP. */
#define SLUICE_RACK_PAD 64U
/* When others go first, a rack has one turn in so many. */
#define SLUICE_RACK_SHARE 8U
/* A disk that has not answered for so long, or has nothing to give, holds memory back no longer; it is asked again that often. */
#define SLUICE_RACK_PATIENCE_NS (10 * SLUICE_NS_PER_S)
#define SLUICE_RACK_RETRY_NS SLUICE_NS_PER_S

/* A frame out of the spool. */
struct sluice_book {
	struct sluice_book *next;
	struct sluice_rack *rack;
	struct sluice_spool_frame frame;
	const uint8_t *payload; /* in `memory` */
	uint8_t *memory;	/* @owner the book */
	unsigned int readers;	/* segments that are pinned to it */
	bool is_open;		/* it is the rack's turn to cut it */
};

/* Bytes on the disk that are not under way to the output. */
struct sluice_run {
	uint64_t serial; /* of their segment: the higher the newer */
	uint64_t start, end;
	bool is_unsent; /* it went to the disk before anybody was sent it */
};

struct sluice_rack {
	struct sluice_feeder feeder; /* the one in the output's list */
	struct sluice_feeder *ring;  /* the other one */
	struct sluice_shelf *shelf;
	struct sluice_run *runs; /* by serial, then by offset */
	size_t run_count, run_room;
	struct sluice_unheard unheard; /* of the runs: what was sent and came back */
	uint64_t serial;	       /* of what comes now */
	uint64_t border;	    /* something before it may lie on the disk, known here or not */
	struct sluice_ranges acked; /* to be told to the spooler */
	struct sluice_book *books;  /* read, in order; the first is being cut */
	struct sluice_book *last;
	unsigned int held; /* books there are */
	bool is_ordered;   /* the spooler reads for it */
	bool is_served;	   /* that brought a book */
	bool is_stalled;   /* the last order brought none: the next one not before */
	uint64_t retry_at;
	uint64_t ordered_at;
	uint64_t order_start; /* from here */
	unsigned int turns;   /* the ring had since the last one of ours */
	unsigned int picks;
	uint64_t read_bytes; /* ever */
	/* The output has all before known_at, which is behind so many records; for shelf_check.c */
	uint64_t known_at, known_sequence;
	bool is_known;
	bool is_starved; /* memory was short: what it needs comes with the next start */
};

/* Makes the rack beside `ring` (which knows it from then on). NULL: no memory. @owner caller: sluice_rack_destroy() */
struct sluice_rack *sluice_rack_create(struct sluice_feeder *ring, struct sluice_shelf *shelf);
/* Nothing of it is under way any more. NULL is allowed. */
void sluice_rack_destroy(struct sluice_rack *rack);

/* What comes next lies in segment `serial`. */
void sluice_rack_serial(struct sluice_rack *rack, uint64_t serial);
/* The output needs [start, end) from the disk. `first`: it comes from the ring (else it was taken from here and came back).
 * `is_unsent`: nobody can have been sent it. */
void sluice_rack_return(struct sluice_rack *rack, uint64_t start, uint64_t end, bool first,
			bool is_unsent);
/* What waits may have been sent by another way: nothing of it is unsent any more. */
void sluice_rack_change_hands(struct sluice_rack *rack);
/* Is nothing of what waits in [start, end) unsent? */
bool sluice_rack_can_have(const struct sluice_rack *rack, uint64_t start, uint64_t end);
/* The output has [start, end): the spooler is told at the end of the round. */
void sluice_rack_acknowledge(struct sluice_rack *rack, uint64_t start, uint64_t end);
/* Likewise for what is not under way: it will not be sent. */
void sluice_rack_forget(struct sluice_rack *rack, uint64_t start, uint64_t end);

/* `store.drain: oldest`: is there something on the disk that goes before the ring, and can it be had? */
bool sluice_rack_goes_first(const struct sluice_rack *rack);
/* Does what it has keep to the order of the streams: is it `store.drain: oldest`? */
bool sluice_rack_is_in_order(const struct sluice_rack *rack);
/* The clock: the output looks again if the disk gave nothing for a while. */
void sluice_rack_wake(struct sluice_rack *rack, uint64_t now);

/* For feeder.c: is there something, and is it our turn? May the ring have a turn? It had one. */
bool sluice_rack_has_work(struct sluice_rack *rack);
bool sluice_rack_lets_ring(const struct sluice_rack *rack);
void sluice_rack_count_turn(struct sluice_rack *rack);
/* Takes the next segment, of at most `bytes` (but one record at least); false: there is none now. */
bool sluice_rack_take(struct sluice_rack *rack, struct sluice_segment *segment, size_t bytes,
		      bool *again);
/* What of a segment just taken lies behind `end` is as if never taken. */
void sluice_rack_cut(struct sluice_rack *rack, struct sluice_segment *segment, uint64_t end);
const uint8_t *sluice_rack_bytes(const struct sluice_segment *segment);
/* The segment's bytes are read no more. Nothing if it has no book. */
void sluice_rack_close_book(struct sluice_segment *segment);
/* Everything before it was acknowledged, by way of ring and disk. */
uint64_t sluice_rack_floor(const struct sluice_rack *rack);
/* Bytes that are not delivered. */
uint64_t sluice_rack_bytes_left(const struct sluice_rack *rack);

/* The spooler brought a book (NULL: there is none), and it was the last of its order. */
void sluice_rack_deliver(struct sluice_rack *rack, struct sluice_book *book, bool last);
void sluice_book_free(struct sluice_book *book);

#endif /* SLUICE_RACK_H */
