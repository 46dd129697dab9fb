/* SPDX-License-Identifier: MIT */
/*
 * Does a datagram leave at once, or does it wait for others? With `batch.delay: auto` that goes by
 * how many came lately: a few that come alone are each worth a wake, because nobody would share it;
 * of more, one wake is to serve many. Beside the beat on which sockets are read (socket_beat.c);
 * kmod/ring.c does the same for the module's rings.
 */
#ifndef SLUICE_SOCKET_LONE_H
#define SLUICE_SOCKET_LONE_H

#include <stdbool.h>
#include <stdint.h>
#include "../../lib/clock.h"

/* Fewer than so many in a window come alone. */
#define SLUICE_SOCKET_LONE 4U
#define SLUICE_SOCKET_LONE_WINDOW_NS (2 * SLUICE_NS_PER_MS)
/* A load is forgotten after so many windows without one. */
#define SLUICE_SOCKET_LONE_MEMORY 8U

/* What came lately. One thread. */
struct sluice_socket_lone {
	uint64_t since; /* when the window began: ns */
	uint64_t came;	/* datagrams since then */
};

/* `datagrams` were read at `now`. */
static inline void sluice_socket_lone_note(struct sluice_socket_lone *lone, uint64_t datagrams,
					   uint64_t now)
{
	if (now - lone->since >= SLUICE_SOCKET_LONE_WINDOW_NS) {
		lone->since = now;
		lone->came = 0;
	}
	lone->came += datagrams;
}

/* Is what comes `now` alone? */
static inline bool sluice_socket_lone_is_alone(const struct sluice_socket_lone *lone, uint64_t now)
{
	uint64_t passed = now - lone->since, came = lone->came;

	if (passed < SLUICE_SOCKET_LONE_WINDOW_NS)
		return came < SLUICE_SOCKET_LONE;
	if (passed >= SLUICE_SOCKET_LONE_MEMORY * SLUICE_SOCKET_LONE_WINDOW_NS)
		return true;
	return came * SLUICE_SOCKET_LONE_WINDOW_NS < SLUICE_SOCKET_LONE * passed;
}

#endif /* SLUICE_SOCKET_LONE_H */
