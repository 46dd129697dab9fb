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

/* Is there a begun frame in the link's buffer? */
bool sluice_receiver_is_within(const struct sluice_receiver_link *link);

#endif /* SLUICE_LIB_RECEIVER_INNER_H */
