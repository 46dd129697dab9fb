/* SPDX-License-Identifier: MIT */
/*
 * What a connection of the sink reads from and writes to: its socket, or TLS on it. Between
 * connection.c and the socket. Touches: the socket.
 */
#ifndef SLUICE_BENCH_WIRE_H
#define SLUICE_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "../lib/tls.h"

typedef struct ssl_st SSL;

/* An accepted connection; `tls` NULL: without TLS. */
struct sluice_wire {
	int fd;
	SSL *tls;
};

/* Takes over the accepted socket `fd`; with `context`, TLS is spoken on it. False: no memory, and
 * it is still the caller's. */
bool sluice_wire_open(struct sluice_wire *wire, int fd, SSL_CTX *context);

/* Closes the socket, and frees what is around it. */
void sluice_wire_close(struct sluice_wire *wire);

/* As recv(2) with MSG_DONTWAIT, and MSG_PEEK where asked. What TLS finds wrong is ECONNRESET. */
ssize_t sluice_wire_read(struct sluice_wire *wire, void *bytes, size_t room, bool peek);

/* As send(2) with MSG_DONTWAIT. */
ssize_t sluice_wire_write(struct sluice_wire *wire, const void *bytes, size_t length);

/* Lies something here that was read from the socket already? */
bool sluice_wire_has_more(const struct sluice_wire *wire);

#endif /* SLUICE_BENCH_WIRE_H */
