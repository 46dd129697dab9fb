/* SPDX-License-Identifier: MIT */
/*
 * What receiver.c and receiver_link.c have in common, and what the sink of sluicebench may see of a
 * receiver besides <sluice/receiver.h>. Touches: memory only. Not @threadsafe.
 */
#ifndef SLUICE_LIB_RECEIVER_INNER_H
#define SLUICE_LIB_RECEIVER_INNER_H

#include <stdbool.h>
#include <sluice/receiver.h>
#include "frame.h"
#include "guid.h"
#include "ranges.h"

/* Streams that a receiver knows at most: what a peer can make it allocate is bounded. */
#define SLUICE_RECEIVER_STREAMS 65536U

/* What is had of one stream. */
struct sluice_receiver_stream {
	sluice_guid output;
	sluice_guid stream;
	uint64_t epoch;
	struct sluice_ranges have;
	struct sluice_ranges safe; /* of a receiver that holds: what the relay may be told of */
	bool holds;
	bool changed; /* for who keeps it: set here, cleared there */
};

/* Finds a stream or makes it. NULL: no memory, or there are too many. @owner receiver */
struct sluice_receiver_stream *sluice_receiver_find(struct sluice_receiver *receiver,
						    const sluice_guid output,
						    const sluice_guid stream, uint64_t epoch);

/* Stream number `index` in the order in which they were made, NULL behind the last. @owner receiver
 */
struct sluice_receiver_stream *sluice_receiver_stream(const struct sluice_receiver *receiver,
						      size_t index);

/* Everything of the stream below `floor` was acknowledged to the relay, by whomever: it will not
 * come again, and what does is old. 0 or -ENOMEM. */
int sluice_receiver_floor(struct sluice_receiver_stream *stream, uint64_t floor);

/*
 * A DATA frame whose CRCs are right. Hands over the records that are new. 0; -EBADMSG: what is in
 * it is not records, and nothing was handed over; -ENOSPC, -ENOMEM, or what the program's function
 * says. `blank` bytes behind it count as received with it. `*where` is the stream it belongs to.
 */
int sluice_receiver_frame(struct sluice_receiver *receiver, const sluice_guid output,
			  const struct sluice_frame *frame, const uint8_t *payload, uint64_t blank,
			  struct sluice_receiver_stream **where);

/* From now on the relay is told only of what sluice_receiver_safe() was called for, not of all that
 * was taken: for who keeps records later than it takes them. Before the first link. */
void sluice_receiver_hold(struct sluice_receiver *receiver);
/* [start, end) is kept: it may be told. 0 or -ENOMEM. */
int sluice_receiver_safe(struct sluice_receiver_stream *stream, uint64_t start, uint64_t end);
/* What the relay may be told of a stream. */
static inline const struct sluice_ranges *
sluice_receiver_told(const struct sluice_receiver_stream *stream)
{
	return stream->holds ? &stream->safe : &stream->have;
}
/* The frame that comes next was begun before: what is known of it does not count as repeated. */
void sluice_receiver_go_on(struct sluice_receiver *receiver, bool on);
/* What became safe around `offset` is to be told by way of this link, if the stream is its
 * output's. 0 or -ENOMEM. */
int sluice_receiver_link_tell(struct sluice_receiver_link *link,
			      struct sluice_receiver_stream *stream, uint64_t offset);

/* A sign of life is due, though the relay did not ask: for who cannot read for a while. */
void sluice_receiver_link_beat(struct sluice_receiver_link *link);

/* Called for each PATH frame: the relays that what comes has passed, the sender first. Not 0: the
 * link is refused, and sluice_receiver_fed() returns that. */
typedef int sluice_receiver_path(void *context, const struct sluice_frame_relay *relays,
				 size_t count);
void sluice_receiver_link_watch(struct sluice_receiver_link *link, sluice_receiver_path *path,
				void *context);

/* Is there a begun frame in the link's buffer? */
bool sluice_receiver_is_within(const struct sluice_receiver_link *link);

#endif /* SLUICE_LIB_RECEIVER_INNER_H */
