/* SPDX-License-Identifier: MIT */
/*
 * A stream in its worker: the ring, whoever fills it (the module, or the socket source) and one
 * feeder per output. Between the sources and the outputs. Touches: the ring's consumer page;
 * /dev/sluice, if the ring is the module's.
 */
#ifndef SLUICE_STREAM_H
#define SLUICE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"
#include "../loop/worker.h"
#include "alarm.h"
#include "feeder.h"

/* A ring that spills is emptied before less than this is free: more than a source may want for the
 * largest that can come in one go, and a good part less than the smallest ring. */
#define SLUICE_STREAM_ROOM (96UL << 10)

struct sluice_stream;
struct sluice_disk_side; /* spool/disk_side.h */

/* What a stream that has a disk side calls of it. @context worker, but for `destroy` */
struct sluice_stream_disk {
	/* Gives a new feeder of the ring one of the disk. 0 or -ENOMEM. */
	int (*add_feeder)(struct sluice_stream *stream, struct sluice_feeder *feeder,
			  const sluice_guid output);
	/* At the end of a round: orders what is to be written, tells what was acknowledged. */
	void (*tend)(struct sluice_stream *stream, uint64_t now);
	/* Notes in the ring's cursors what lies on the disk. */
	void (*note)(struct sluice_stream *stream);
	/* Now and then, by the clock. */
	void (*tick)(struct sluice_stream *stream, uint64_t now);
	/* Nothing of it may be under way any more. */
	void (*leave)(struct sluice_stream *stream);
	/* Frees it, after `leave`. @context process */
	void (*destroy)(struct sluice_stream *stream);
};

struct sluice_stream {
	struct sluice_handler handler; /* of `fd` */
	struct sluice_worker *worker;
	struct sluice_ring ring;
	int fd; /* /dev/sluice; -1: the ring is our own */
	sluice_guid route;
	char name[SLUICE_NAME_MAX + 1]; /* of the route, for messages */
	unsigned int priority;		/* of the route */
	uint32_t cpu;			/* of a user-space source: number of what fills it */
	enum sluice_source kind;	/* not SLUICE_SOURCE_AUTO */
	struct sluice_feeder **feeders; /* each by itself: connections know their addresses */
	sluice_guid *outputs;		/* whose feeder each is */
	size_t feeder_count;
	bool moved;    /* look at cursors and tail at the end of this round */
	bool hung;     /* the module deleted the route; what is in the ring is still there */
	bool is_moved; /* it came from a worker whose connections are gone */
	bool draining; /* the configuration has its route no more: what it holds is delivered, then
			  it goes */
	uint64_t tail;
	uint64_t seen;
	/* From here on something waits for outputs that the configuration does not have: the tail
	 * stays. UINT64_MAX: no. */
	uint64_t held;
	/* Called when the tail moved and somebody waits for room: returns true if records were
	 * stored. */
	bool (*refill)(struct sluice_stream *stream, uint64_t now);
	bool starved;		 /* somebody waits for room */
	unsigned int alarm_mark; /* percent of the ring, 0: none */
	struct sluice_alarm alarm;
	void *source; /* of the user-space source that fills it */
	/* That source has stored something this turn, and says so at its end. */
	bool is_touched;
	struct sluice_stream *next_touched;
	/* Where a thread of the source's own fills the ring: an eventfd by which it says that there
	 * is something, and whether it has; one by which it hears that there is room. -1: none */
	struct sluice_handler bell_handler;
	int bell, room;
	/* Every output has all before it, be that by way of the disk; for that thread. */
	uint64_t delivered;
	uint32_t is_rung;
	const struct sluice_stream_disk
		*disk;		       /* of its disk side; NULL: there is no `store.disk` */
	struct sluice_disk_side *side; /* for `disk` */
};

/*
 * Makes a stream out of `ring`, which it takes over on success, as `fd` (-1: none), with a feeder
 * for each of the `count` outputs. Cursors of other outputs stay as long as something waits for
 * them. 0, -ENOMEM, -ENOSPC, -EPROTO. Not in a worker yet.
 * @owner caller: sluice_stream_destroy() @context process
 */
int sluice_stream_create(struct sluice_ring *ring, int fd, const struct sluice_config_route *route,
			 const sluice_guid *outputs, size_t count, enum sluice_source kind,
			 uint32_t cpu, struct sluice_stream **stream);

/* A thread of the source's own will fill it: makes what it rings by. 0 or a negative errno. Not in
 * a worker yet. @context process */
int sluice_stream_add_bell(struct sluice_stream *stream);
/* That thread has stored something. A system call only if the worker has not been told of anything
 * yet. @context that thread */
void sluice_stream_ring(struct sluice_stream *stream);
/* That thread wants to hear of room: stream->room will be readable, or a little later there is room
 * without it. @context that thread */
void sluice_stream_want_room(struct sluice_stream *stream);

/* Unmaps, closes, frees. Not in a worker any more. NULL is allowed. @context process */
void sluice_stream_destroy(struct sluice_stream *stream);

/* Makes room for `count` feeders in all. 0 or -ENOMEM. @context process */
int sluice_stream_reserve(struct sluice_stream *stream, size_t count);

/* Begins and ends its life in the loop of `worker`. 0 or a negative errno. @context worker */
int sluice_stream_enter(struct sluice_stream *stream, struct sluice_worker *worker);
void sluice_stream_leave(struct sluice_stream *stream);

/* Something is new in the ring: the outputs look. @context worker */
void sluice_stream_notify(struct sluice_stream *stream);

/* Writes the cursors and moves the tail to the least of them. Returns true if that let new records
 * in, or if an output has to look at what another one noticed first.
 * @context worker */
bool sluice_stream_release(struct sluice_stream *stream, uint64_t now);

/* The clock, for what tries again after a while. @context worker */
void sluice_stream_tick(struct sluice_stream *stream, uint64_t now);

/* The feeder of output `guid`, or NULL. @context worker */
struct sluice_feeder *sluice_stream_feeder(const struct sluice_stream *stream,
					   const sluice_guid guid);

/* Adds a feeder for output `guid`, which begins where its cursor stands, or at the tail. 0,
 * -ENOMEM, -ENOSPC (no cursor is free), -EPROTO. @context worker */
int sluice_stream_add_feeder(struct sluice_stream *stream, const sluice_guid guid);

/* Forgets the feeder of output `guid`, which no connection uses any more, and leaves its cursor
 * where it is: what waits for the output stays. @context worker */
void sluice_stream_leave_feeder(struct sluice_stream *stream, const sluice_guid guid);

/* The same, but its cursor holds the tail back no longer. @context worker */
void sluice_stream_drop_feeder(struct sluice_stream *stream, const sluice_guid guid);

/* Bytes that some output has not got yet, of those before its limit: of the output that lacks most.
 * @context worker */
uint64_t sluice_stream_remaining(const struct sluice_stream *stream);

/* Bytes on the disk that some output has not got yet. @context worker */
uint64_t sluice_stream_on_disk(const struct sluice_stream *stream);

#endif /* SLUICE_STREAM_H */
