/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets of the sink. Touches: the sockets it opens.
 */
#ifndef SLUICE_BENCH_LISTENER_H
#define SLUICE_BENCH_LISTENER_H

#include <stddef.h>
#include <stdint.h>

/* Room for "address:port" of any family. */
#define SLUICE_PEER_TEXT 64U

/* Opens a listening, non-blocking TCP socket on `port` of `address` (numeric or a name; NULL: every
 * address of either family). Its descriptor, or a negative errno (-EADDRNOTAVAIL also for a name
 * that is none). */
int sluice_listener_open(const char *address, uint16_t port);

/* Accepts the next connection, non-blocking, and writes who it is to `peer`. Its descriptor, or a
 * negative errno: -EAGAIN for none; connections that were gone before they were accepted are passed
 * over. */
int sluice_listener_accept(int listener, char peer[SLUICE_PEER_TEXT]);

#endif /* SLUICE_BENCH_LISTENER_H */
