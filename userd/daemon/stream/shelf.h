/* SPDX-License-Identifier: MIT */
/*
 * A shelf: the disk side of one stream in its worker. When the ring is fuller than its high mark the shelf has the oldest
 * bytes written to the disk, until the low mark; what is durable leaves the ring, and what an output still needs of it goes to
 * that output's rack. Between a stream and the spooler. Touches: the stream's feeders, orders.
 */
#ifndef SLUICE_SHELF_H
#define SLUICE_SHELF_H

#include "spooler.h"
#include "stream.h"

/* Bytes that one order writes. */
/* With its head a frame is 256 KiB then, which disks like better than a little more. */
#define SLUICE_SHELF_FRAME (252U << 10)
/* Orders to write that are under way at once. */
#define SLUICE_SHELF_ORDERS 32U
/* A shelf that found no room tries again after so long. */
#define SLUICE_SHELF_PAUSE_NS (200 * SLUICE_NS_PER_MS)

struct sluice_shelf {
	struct sluice_stream *stream;
	struct sluice_spooler *spooler;
	struct sluice_spool_log *log;
	unsigned int worker;	    /* whose desk gets the answers */
	uint64_t floor;		    /* everything before it is on the disk or acknowledged */
	uint64_t asked;		    /* everything before it was ordered to be written */
	uint64_t asked_sequence;    /* records before it */
	unsigned int orders;	    /* writes under way */
	bool is_spilling;	    /* between high and low mark */
	bool is_clearing;	    /* all of the ring goes to the disk, whatever the marks are */
	bool is_failed;		    /* a write failed, and those behind it are not back yet */
	uint64_t pause_until;	    /* after a failure */
	struct sluice_order *ready; /* durable, and a carrier still reads it in the ring */
};

/*
 * Gives a stream that is in no worker yet a shelf, with a rack for each of its feeders, filled with what the store has for
 * it. 0 or -ENOMEM. It goes with the stream. @context process
 */
int sluice_shelf_create(struct sluice_stream *stream, struct sluice_spooler *spooler,
			unsigned int worker);
/* Gives a feeder that came later its rack. 0 or -ENOMEM. @context worker */
int sluice_shelf_add_rack(struct sluice_shelf *shelf, struct sluice_feeder *feeder,
			  const uint8_t output[SLUICE_GUID_SIZE]);
/* shelf_check.c: notes in the cursor of a feeder of the ring what its output lacks on the disk; holds that against what is found there
 * at the start, `found` bytes: what is missing is told of, as far as its number is known. @context worker; process */
void sluice_shelf_note(struct sluice_feeder *feeder);

/* Says that the stream's ring ends before `last`, up to which the store has it: it is a copy of an earlier moment, and nobody
 * knows how many datagrams are lost. */
void sluice_shelf_tell_older(struct sluice_stream *stream, uint64_t last);
void sluice_shelf_check(struct sluice_stream *stream, struct sluice_feeder *feeder,
			struct sluice_spool *spool, struct sluice_spool_log *log, uint64_t found);
/* After sluice_shelf_leave(). NULL is allowed. @context process */
void sluice_shelf_destroy(struct sluice_shelf *shelf);
/* Nothing of it is under way any more. @context worker */
void sluice_shelf_leave(struct sluice_shelf *shelf);

/* At the end of a round: orders what is to be written, tells what was acknowledged. @context worker */
void sluice_shelf_tend(struct sluice_shelf *shelf, uint64_t now);
/* From now on (`all`), or no more, everything that an output needs goes to the disk: before a stop. @context worker */
void sluice_shelf_clear(struct sluice_shelf *shelf, bool all);
/* An answer of the spooler. @context worker */
void sluice_shelf_answer(struct sluice_shelf *shelf, struct sluice_order *order, uint64_t now);
/* The clock, for a stream that may have a shelf. @context worker */
void sluice_shelf_wake(struct sluice_stream *stream, uint64_t now);

/* Has frames from [start, end) read for a rack, `count` at most. 0 or -ENOMEM. @context worker */
int sluice_shelf_order(struct sluice_shelf *shelf, struct sluice_rack *rack, uint64_t start,
		       uint64_t end, uint32_t count);
bool sluice_shelf_is_newest_first(const struct sluice_shelf *shelf);
unsigned int sluice_shelf_worker(const struct sluice_shelf *shelf);

/* Makes streams for what the store has of streams that are gone (a ring that a reboot took), with an empty ring, for those
 * of `outputs` that wait for something and that no stream serves. Calls `take` for each, which owns it. `tell`: says in the
 * log what waits for outputs that are not among them. 0 or a negative errno. @context process */
int sluice_shelf_adopt(struct sluice_spooler *spooler, const uint8_t (*outputs)[SLUICE_GUID_SIZE],
		       size_t output_count, bool tell,
		       bool (*is_served)(void *context, const struct sluice_spool_name *name,
					 const uint8_t output[SLUICE_GUID_SIZE]),
		       int (*take)(void *context, struct sluice_stream *stream), void *context);

#endif /* SLUICE_SHELF_H */
