/* SPDX-License-Identifier: MIT */
/*
 * Does a datagram leave at once, or does it wait for others? With `batch.delay: auto` that goes by
 * how many came lately: a few that come alone are each worth a wake, because nobody would share it;
 * of more, one wake is to serve many. Beside the beat on which sockets are read (socket_beat.c);
 * kmod/ring_lone.c asks the same for the module's rings, by what came within one delay.
 */
#ifndef SLUICE_SOCKET_LONE_H
#define SLUICE_SOCKET_LONE_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/clock.h"

/* One in so long comes alone, over time. */
#define SLUICE_SOCKET_LONE_NS (SLUICE_NS_PER_MS / 2)
/* So many may come together before that: what gathered while the worker or the sender was kept
 * waiting is no load. */
#define SLUICE_SOCKET_LONE_BURST 16U
/* A load is forgotten after the time of so many. */
#define SLUICE_SOCKET_LONE_MEMORY 32U

/* What came lately: a bucket that leaks one datagram in SLUICE_SOCKET_LONE_NS. One thread. */
struct sluice_socket_lone {
	/* What comes from then on is alone. The longer ago, the more may come together first: ns */
	uint64_t from;
};

/* `datagrams`, fewer than 2^40, were read at `now`. */
static inline void sluice_socket_lone_note(struct sluice_socket_lone *lone, uint64_t datagrams,
					   uint64_t now)
{
	uint64_t least = now - SLUICE_SOCKET_LONE_BURST * SLUICE_SOCKET_LONE_NS;
	uint64_t most = now + SLUICE_SOCKET_LONE_MEMORY * SLUICE_SOCKET_LONE_NS;

	/* They came since the last were read, however long that was. */
	lone->from += datagrams * SLUICE_SOCKET_LONE_NS;
	if (lone->from < least)
		lone->from = least;
	else if (lone->from > most)
		lone->from = most;
}

/* Is what comes `now` alone? */
static inline bool sluice_socket_lone_is_alone(const struct sluice_socket_lone *lone, uint64_t now)
{
	return lone->from <= now;
}

#endif /* SLUICE_SOCKET_LONE_H */
