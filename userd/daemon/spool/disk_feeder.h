/* SPDX-License-Identifier: MIT */
/*
 * Feeders of the disk: frames are read from there ahead of what one output takes, for what its
 * backlog (stream/backlog.h) says that it needs, and are handed out like the ring's bytes. Beside
 * the ring's feeder of the same output, in one worker. Touches: memory, and orders to the spooler.
 *
 *   ring's feeder ── yield ─► backlog ── order ─► spooler ── frames ─► segments ─► connection
 *                                ▲                                        │
 *                                └─────────── connection lost ────────────┘
 */
#ifndef SLUICE_DISK_FEEDER_H
#define SLUICE_DISK_FEEDER_H

#include "spool/spool.h"
#include "../stream/feeder.h"
#include "spooler.h"

/* Frames that a feeder has at once, read ahead or being written to a connection: this bounds its
 * memory. */
#define SLUICE_DISK_FEEDER_FRAMES SLUICE_ORDER_FRAMES
/* Bytes of PAD that stand for what was given up and has no GAP. */
#define SLUICE_DISK_FEEDER_PAD 64U
/* When others go first, the disk has one turn in so many. */
#define SLUICE_DISK_FEEDER_SHARE 8U
/* A disk that has not answered for so long, or has nothing to give, holds memory back no longer; it
 * is asked again that often. */
#define SLUICE_DISK_FEEDER_PATIENCE_NS (10 * SLUICE_NS_PER_S)
#define SLUICE_DISK_FEEDER_RETRY_NS SLUICE_NS_PER_S

/* A frame out of the spool, in memory. */
struct sluice_disk_frame {
	struct sluice_disk_frame *next;
	struct sluice_disk_feeder *feeder;
	struct sluice_spool_frame head;
	const uint8_t *payload; /* in `memory` */
	uint8_t *memory;	/* @owner the frame */
	unsigned int readers;	/* segments that are pinned to it */
	bool is_open;		/* segments are still to be cut from it */
};

/*
 * Walks a frame from `start`, at least one record and then as far as `limit`: where that is, and
 * how many records (PAD left out) lie before it. False: `start` is no boundary. @threadsafe
 */
bool sluice_disk_frame_walk(const struct sluice_disk_frame *frame, uint64_t start, uint64_t limit,
			    uint64_t *end, uint64_t *count);

struct sluice_disk_feeder {
	struct sluice_feeder feeder; /* the first member: the one in the output's list */
	struct sluice_backlog backlog;
	/* Who reads for it, and where. */
	struct sluice_spooler *spooler;
	struct sluice_spool_log *log;
	void *owner; /* of its orders */
	unsigned int worker;
	struct sluice_disk_frame *frames; /* read, in order; segments are cut from the first */
	struct sluice_disk_frame *last;
	unsigned int held; /* frames there are */
	bool is_ordered;   /* the spooler reads for it */
	bool is_served;	   /* that brought a frame */
	bool is_stalled;   /* the last order brought none: the next one not before */
	uint64_t retry_at;
	uint64_t ordered_at;
	unsigned int turns; /* the ring had since the last one of ours */
	unsigned int picks;
};

/*
 * Makes the disk's feeder beside `ring`, which knows it from then on. Its orders to read from `log`
 * are of `owner` and answered in `worker`. NULL: no memory. @owner caller: sluice_feeder_destroy()
 */
struct sluice_feeder *sluice_disk_feeder_create(struct sluice_feeder *ring,
						struct sluice_spooler *spooler,
						struct sluice_spool_log *log, void *owner,
						unsigned int worker);

/* The orders of its owner are forgotten: none is under way. NULL is allowed. @context worker */
void sluice_disk_feeder_forget_orders(struct sluice_feeder *feeder);

/* Is something read for it? From now on its orders are answered in `worker`: nothing is. @context
 * worker */
bool sluice_disk_feeder_is_reading(const struct sluice_feeder *feeder);
void sluice_disk_feeder_move(struct sluice_feeder *feeder, unsigned int worker);

/* From now on it reads from `log` of `spooler`. Nothing is read for it; what it had from another
 * store is forgotten. NULL is allowed. @context worker */
void sluice_disk_feeder_switch(struct sluice_feeder *feeder, struct sluice_spooler *spooler,
			       struct sluice_spool_log *log);

/* The clock: the output looks again if the disk gave nothing for a while. @context worker */
void sluice_disk_feeder_tick(const struct sluice_feeder *feeder, uint64_t now);

#endif /* SLUICE_DISK_FEEDER_H */
