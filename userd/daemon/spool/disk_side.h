/* SPDX-License-Identifier: MIT */
/*
 * The disk side of one stream in its worker. When the ring is fuller than its high mark, the oldest
 * bytes are written to the disk, until the low mark; what is durable leaves the ring, and what an
 * output still needs of it goes to the backlog of that output's feeder of the disk. Between a
 * stream and the spooler. Touches: the stream's feeders, orders.
 */
#ifndef SLUICE_DISK_SIDE_H
#define SLUICE_DISK_SIDE_H

#include "../stream/stream.h"
#include "spooler.h"

/* Bytes that one order writes: with its head a frame is 256 KiB then, which disks like better than
 * a little more. */
#define SLUICE_DISK_SIDE_FRAME (252U << 10)
/* Orders to write that are under way at once. */
#define SLUICE_DISK_SIDE_ORDERS 32U

struct sluice_disk_side {
	struct sluice_stream *stream;
	struct sluice_spooler *spooler;
	struct sluice_spool_log *log;
	unsigned int worker;	    /* who gets the answers */
	uint64_t floor;		    /* everything before it is on the disk or acknowledged */
	uint64_t asked;		    /* everything before it was ordered to be written */
	uint64_t asked_sequence;    /* records before it */
	unsigned int orders;	    /* writes under way */
	bool is_spilling;	    /* between high and low mark */
	bool is_clearing;	    /* all of the ring goes to the disk, whatever the marks are */
	bool is_held;		    /* nothing is written, whatever the marks are */
	bool is_failed;		    /* a write failed, and those behind it are not back yet */
	uint64_t pause_until;	    /* after a failure */
	struct sluice_order *ready; /* durable, and a carrier still reads it in the ring */
};

/*
 * Gives a stream a disk side, with a feeder of the disk for each of its outputs, whose backlog is
 * what the store has for it. 0, or -ENOMEM: then some of these feeders are there, until remove().
 * It goes with the stream. @context process, if the stream is in no worker yet; else worker
 */
int sluice_disk_side_create(struct sluice_stream *stream, struct sluice_spooler *spooler,
			    unsigned int worker);

/* Takes it away with its feeders, which no output has any more, also one that is there in part.
 * Nothing without a disk side. @context worker */
void sluice_disk_side_remove(struct sluice_stream *stream);

/* From now on (`held`), or no more, nothing is written to the disk. What is there is delivered.
 * Nothing without a disk side. @context worker */
void sluice_disk_side_hold(struct sluice_stream *stream, bool held);

/*
 * Another store, in two steps: reserve() makes a place for the stream in it (0 or -ENOMEM);
 * switch() cannot fail then: the disk side goes on there, with what that store has for its outputs.
 * Nothing of the stream waits in the old one, and nothing is under way. Nothing without a disk
 * side, or if it has that store already. @context worker
 */
int sluice_disk_side_reserve(struct sluice_stream *stream, struct sluice_spooler *spooler);
void sluice_disk_side_switch(struct sluice_stream *stream, struct sluice_spooler *spooler);

/* What the store has of the stream; NULL: it has no disk side. @owner the store */
struct sluice_spool_log *sluice_disk_side_log(const struct sluice_stream *stream);

/* From now on (`all`), or no more, everything that an output needs goes to the disk: before a stop.
 * Nothing without a disk side.
 * @context worker */
void sluice_disk_side_clear(struct sluice_stream *stream, bool all);

/* Is nothing of it under way, so that the stream can go to another worker? It goes on there.
 * Nothing without a disk side.
 * @context worker */
bool sluice_disk_side_is_idle(const struct sluice_stream *stream);
void sluice_disk_side_move(struct sluice_stream *stream, unsigned int worker);

/* disk_check.c: notes in the cursor of a feeder of the ring what its output lacks on the disk;
 * holds that against what is found there at the start, `found` bytes: what is missing is told of,
 * as far as its number is known. @context worker; process */
void sluice_disk_check_note(struct sluice_feeder *feeder);
void sluice_disk_check(struct sluice_stream *stream, struct sluice_feeder *feeder,
		       struct sluice_spool *spool, struct sluice_spool_log *log, uint64_t found);

/* Likewise: says that the stream's ring ends before `last`, up to which the store has it: it is a
 * copy of an earlier moment, and nobody knows how many datagrams are lost. */
void sluice_disk_check_tell_older(struct sluice_stream *stream, uint64_t last);

/* adoption.c: makes streams for what the store has of streams that are gone (a ring that a reboot
 * took), with an empty ring, for those of `outputs` that wait for something and that no stream
 * serves. Calls `take` for each, which owns it. `tell`: says in the log what waits for outputs that
 * are not among them. 0 or a negative errno. @context process */
int sluice_disk_side_adopt(struct sluice_spooler *spooler, const sluice_guid *outputs,
			   size_t output_count, bool tell,
			   bool (*is_served)(void *context, const struct sluice_spool_name *name,
					     const sluice_guid output),
			   int (*take)(void *context, struct sluice_stream *stream), void *context);

#endif /* SLUICE_DISK_SIDE_H */
