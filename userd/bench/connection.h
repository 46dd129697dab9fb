/* SPDX-License-Identifier: MIT */
/*
 * One connection from a relay at the sink: reads, has it decoded and entered into the books,
 * answers HELLO, ACK and HEARTBEAT. Touches: its socket, the ledger. Not @threadsafe: one thread
 * has all connections of a ledger.
 */
#ifndef SLUICE_BENCH_CONNECTION_H
#define SLUICE_BENCH_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../lib/decoder.h"
#include "ledger.h"
#include "../lib/tls.h"

/* What all connections of a sink have in common. */
struct sluice_sink_rules {
	enum sluice_decoder_framing framing;
	bool automatic;	 /* each connection's framing is what its first bytes are; not `framing` */
	bool durable;	 /* on disk before it is acknowledged */
	bool never_read; /* accepts and leaves it at that */
	uint64_t slow;	 /* bytes a second that a connection is read at most; 0: as they come */
	uint64_t reset_after; /* resets a connection in the middle of a frame every so many bytes;
				 0: never */
	bool reset_once;      /* ... but only once */

	uint64_t until_reset; /* bytes left, over all connections */
	bool delivered_since; /* something whole came since the last reset: relays must get on */
	uint64_t resets;

	SSL_CTX *tls;	   /* TLS is spoken; NULL: not. @owner caller */
	bool quiet;	   /* says nothing of what it recognised */
	unsigned int told; /* one bit per enum sluice_recognition that was spoken of */
	bool fitting; /* a connection came that could be read: one that can't does not end the sink
		       */
	bool unreadable; /* a connection came that can't be read, and none that can: the sink has to
			    end */
	bool doubtful;	 /* lines were awaited, and what came looks octet-counted */
};

struct sluice_sink_connection;

/* Takes over `fd`, accepted and non-blocking, from `peer` (for messages) on local port `port`.
 * NULL: no memory, and fd is closed. @owner caller: sluice_sink_connection_close() */
struct sluice_sink_connection *sluice_sink_connection_open(struct sluice_ledger *ledger,
							   struct sluice_sink_rules *rules, int fd,
							   const char *peer, uint16_t port);

/* Closes it. */
void sluice_sink_connection_close(struct sluice_sink_connection *connection);

/*
 * Reads what is there (a bounded share) and answers. `now` in nanoseconds of a steady clock. 0:
 * call again when epoll says so; -EPIPE: the peer has closed and everything is answered;
 * -ECONNRESET: reset by it or, as the rules wish, by us; -EPROTO: it does not speak the framing;
 * all these: close it. -ENOSPC, -ENOMEM, -EIO: the books cannot go on.
 */
int sluice_sink_connection_serve(struct sluice_sink_connection *connection, uint64_t now);

/* Which of EPOLLIN and EPOLLOUT it waits for, and, if not UINT64_MAX, the time at which to serve it
 * anyway. */
uint32_t sluice_sink_connection_events(const struct sluice_sink_connection *connection,
				       uint64_t *wake);

#endif /* SLUICE_BENCH_CONNECTION_H */
