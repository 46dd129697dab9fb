/* SPDX-License-Identifier: MIT */
/*
 * What both ways of reading a socket do with the datagrams of one turn: is each wanted, and its
 * record in the ring.
 */
#ifndef SLUICE_SOCKET_BATCH_H
#define SLUICE_SOCKET_BATCH_H

#include "../../lib/record.h"
#include "socket.h"
#include "socket_claim.h"

/* Datagrams that the kernel hands over as one (UDP_GRO): 64, 128 in later versions. */
#define SLUICE_SOCKET_SEGMENTS 128U
/* With as many, a message takes at most: */
#define SLUICE_SOCKET_SPAN_MAX                                    \
	(SLUICE_RECORD_SPAN_MAX +                                 \
	 SLUICE_SOCKET_SEGMENTS * (sizeof(struct sluice_record) + \
				   sizeof(struct sluice_record_address) + SLUICE_RECORD_ALIGN))
_Static_assert(SLUICE_SOCKET_SPAN_MAX + SLUICE_RECORD_ALIGN < SLUICE_STREAM_ROOM,
	       "a ring is emptied before");

/* What the datagrams of one turn have in common. */
struct sluice_socket_batch {
	struct sluice_port *port;      /* whose the next are */
	struct sluice_port *touched;   /* of several inputs, that had one, by next_touched */
	struct sluice_stream *streams; /* that had one, by next_touched */
	uint64_t stored, stored_bytes; /* this turn, in all */
	uint64_t time_ns;	       /* CLOCK_REALTIME */
	bool is_elsewhere; /* the next has no claim here, because another socket has got it, too */
	struct sluice_record_address block; /* of the next */
};

/* Begins a turn, at this moment. @context worker */
void sluice_socket_batch_begin(struct sluice_socket_batch *batch);
/* The next datagrams are of `port`, which stays until the turn ends. @context worker */
void sluice_socket_batch_turn(struct sluice_socket_batch *batch, struct sluice_port *port);

/*
 * Whose are the next datagrams? What is for many is taken only at the socket of the input itself,
 * in one worker. Makes their address block if their records tell addresses. NULL: no
 * input's. @context worker
 */
struct sluice_socket_claim *sluice_socket_batch_claim(struct sluice_socket_batch *batch,
						      const struct sluice_socket_facts *facts);

/*
 * Makes records of what came as `length` bytes: one datagram, or those of one sender that the
 * kernel put together on the way, each of `segment` bytes but the last, which may be shorter (0: it
 * is one). Without a claim they are only counted. The caller has asked sluice_port_room(); what
 * finds no room is lost and counted. Returns how many they were. @context worker
 */
uint32_t sluice_socket_batch_store(struct sluice_socket_batch *batch,
				   struct sluice_socket_claim *claim, const uint8_t *bytes,
				   uint32_t length, uint32_t segment);

/* Ends the turn: the streams are told of what it stored. @context worker */
void sluice_socket_batch_end(struct sluice_socket_batch *batch);

#endif /* SLUICE_SOCKET_BATCH_H */
