/* SPDX-License-Identifier: MIT */
/*
 * A connection goes from one process to the next, and its peer notices nothing: its socket is
 * passed between two frames, with a line of what else goes on. Between an output and a socket, in
 * the connection's worker. Part of connection.h. Touches: the connection, a parcel.
 *
 *   old:  give ──► it has no socket any more, and says nothing to the peer
 *   new:  receive ──► it is ready and held: its socket is neither read nor written ──► go on
 *
 * As long as it is held the old process can have it back as it was.
 */
#ifndef SLUICE_PASSING_H
#define SLUICE_PASSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/guid.h"

struct sluice_connection;
struct sluice_feeder;
struct sluice_parcel;

struct sluice_passing {
	bool is_held;	      /* it came from a predecessor, and waits */
	const char *line;     /* what that said of it. @owner the notes (handover/notes.h) */
	uint64_t place;	      /* its number among those of its group there */
	uint64_t unconfirmed; /* segments that it carried there */
};

/* May it go now: is it ready, of a protocol that can go on, and between two frames, unless that and
 * who gets it go on inside one as well (`takes_rests`)? @context worker */
bool sluice_connection_can_pass(const struct sluice_connection *connection, bool takes_rests);

/* Puts it into `parcel` as number `place` of its group. 0: it has no socket any more, what it
 * carries it keeps; a negative errno: it is as it was. @context worker */
int sluice_connection_give(struct sluice_connection *connection, size_t place,
			   struct sluice_parcel *parcel);

/* Takes what a predecessor had to the same destination in the same worker, if there is that and it
 * is of use: then it is ready and held. @context worker */
bool sluice_connection_receive(struct sluice_connection *connection);

/* One that is held goes on, with what it carries by now; it is made anew if that is not what it
 * carried before. @context worker */
void sluice_connection_go_on(struct sluice_connection *connection, uint64_t now);

/* The segment of its group's feeders that begins at `start` of a stream and that it carries: its
 * feeder, and *id. NULL: there is none. @context worker */
struct sluice_feeder *sluice_connection_find_carried(const struct sluice_connection *connection,
						     const sluice_guid stream, uint64_t start,
						     uint64_t *id);

#endif /* SLUICE_PASSING_H */
