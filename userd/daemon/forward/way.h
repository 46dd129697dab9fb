/* SPDX-License-Identifier: MIT */
/*
 * One direction of a forwarded connection: bytes go from one socket through a pipe to the other as
 * they come, the end is passed on as an end and urgent data as urgent data. Sockets are watched
 * edge-triggered, so a way remembers what they can do. Touches: its two sockets, its pipe.
 */
#ifndef SLUICE_FORWARD_WAY_H
#define SLUICE_FORWARD_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "pipe.h"

/* What a way waits for after a turn. */
enum sluice_way_state {
	SLUICE_WAY_WAITS, /* for its sockets */
	SLUICE_WAY_MORE,  /* for its next turn: there is more to do */
	SLUICE_WAY_OVER,  /* for nothing: its end was passed on */
	SLUICE_WAY_BROKEN /* for nothing: one of its sockets is broken */
};

struct sluice_way {
	int from, to;
	struct sluice_pipe *pipe; /* NULL: none while nothing is in it */
	bool can_read;		  /* as far as is known */
	bool can_write;
	bool is_marked;	 /* urgent data came, and may lie ahead */
	bool is_ending;	 /* an end was announced, and may lie ahead */
	bool has_urgent; /* `urgent` goes next, behind what the pipe holds */
	bool has_ended;	 /* `from` has said all it had to say */
	bool is_shut;	 /* and `to` knows */
	bool is_copied;	 /* splice(2) does not work with these sockets */
	uint8_t urgent;
	uint64_t bytes; /* passed on */
};

/* A turn: moves up to about `most` bytes. @context the loop's thread, whose `pool` it is */
enum sluice_way_state sluice_way_turn(struct sluice_way *way, struct sluice_pipe_pool *pool,
				      size_t most);

#endif /* SLUICE_FORWARD_WAY_H */
