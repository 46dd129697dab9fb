/* SPDX-License-Identifier: MIT */
/*
 * Outputs of `kind: udp`: what a connection of it has. A connection is a socket that is connected
 * to one collector; the records of a span leave it as they came, a datagram each. What is with the
 * kernel is released, because nobody acknowledges anything:
 *
 *   load       segments of feeders, in their order, until all of it is written
 *   batch      of these, what the next sendmmsg(2) sends (batch.h)
 *   held       the first segment after each connect() is not released for PROOF_NS: if the other
 *              side says by ICMP that nobody listens, it goes back and is not lost
 *   stopped    the kernel has no room: EPOLLOUT tells (EAGAIN), or the clock (ENOBUFS)
 *
 * Between an output and a socket, in one worker. Touches: nothing.
 */
#ifndef SLUICE_UDP_H
#define SLUICE_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../link/connection.h"
#include "batch.h"

/* Segments that go to the kernel together; with mode `hash` they are short. */
#define SLUICE_UDP_LOADS 256U

/* What an output of this kind has of one connection. */
struct sluice_udp {
	struct sluice_udp_load loads[SLUICE_UDP_LOADS];
	size_t load_count;
	size_t finished;    /* of them, done already */
	bool is_held;	    /* they are all with the kernel, and wait for the end of the proof */
	uint64_t held_upto; /* when that is */
	bool is_full;	    /* EPOLLOUT tells when the socket has room */
	uint64_t again_at;  /* the kernel had no memory: tried again then; 0: it has */
	struct sluice_udp_way way;
	uint64_t unanswered; /* datagrams of which an ICMP message came back, ever, */
	uint64_t told;	     /* and how many of them the log knows, */
	uint64_t told_at;    /* since when; 0: of none */
	struct sluice_udp_batch batch;
};

/* errors.c. Reads what came back by ICMP and counts it. Returns whether the connection was lost by
 * that. @context worker */
bool sluice_udp_hear(struct sluice_connection *connection, uint64_t now);

/* The same for one whose last write failed with `error`: it is lost in any case, with what came
 * back as the reason if anything did. @context worker */
void sluice_udp_fail(struct sluice_connection *connection, int error, uint64_t now);

/* Tells the log what it does not know yet of datagrams that came back. @context worker, or process
 * if never entered */
void sluice_udp_tell(struct sluice_connection *connection, uint64_t now);

/* datagrams.c: struct sluice_kind.flush. @context worker */
void sluice_udp_flush(struct sluice_connection *connection, uint64_t now);

/* datagrams.c: what the records of a segment become. */
extern const struct sluice_protocol sluice_protocol_datagrams;

#endif /* SLUICE_UDP_H */
