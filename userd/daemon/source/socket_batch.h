/* SPDX-License-Identifier: MIT */
/*
 * What both ways of reading a socket do with the datagrams of one turn: is each wanted, and its record in the ring.
 */
#ifndef SLUICE_SOCKET_BATCH_H
#define SLUICE_SOCKET_BATCH_H

#include "../../lib/record.h"
#include "socket.h"

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
	struct sluice_port *port;
	struct sluice_ring *ring;
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint16_t input;
	uint8_t flags;
	struct sluice_record_address block; /* of the next; with SLUICE_RECORD_F_ADDRESS */
	uint64_t stored;
	uint64_t stored_bytes;
};

/* Begins a turn of `port`, at this moment. @context worker */
void sluice_socket_batch_begin(struct sluice_socket_batch *batch, struct sluice_port *port);

/*
 * Makes records of what came as `length` bytes: one datagram, or those of one sender that the kernel put together on the way,
 * each of `segment` bytes but the last, which may be shorter (0: it is one). With `right` not set they are only counted. No room
 * cannot be, for whoever looked before; if it is, nobody shall wonder where they are: they count as lost. Returns how
 * many they were. @context worker
 */
uint32_t sluice_socket_batch_store(struct sluice_socket_batch *batch, const uint8_t *bytes,
				   uint32_t length, uint32_t segment, bool right);

/* Ends the turn: what it stored is counted. @context worker */
void sluice_socket_batch_end(struct sluice_socket_batch *batch);

/* Does `address` of `family` lie in `prefix`? A prefix that was not given holds every address. @threadsafe */
bool sluice_socket_prefix_holds(const struct sluice_config_prefix *prefix, int family,
				const uint8_t *address);

#endif /* SLUICE_SOCKET_BATCH_H */
