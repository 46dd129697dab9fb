/* SPDX-License-Identifier: MIT */
/*
 * The receiving half of a bench: listens, accepts every connection, and has each served
 * (connection.h) as epoll or its own clock says. Touches: its sockets, the ledger. Not @threadsafe:
 * one thread has a server and its ledger.
 */
#ifndef SLUICE_BENCH_SERVER_H
#define SLUICE_BENCH_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "connection.h"

struct sluice_sink_server;

/* Opens one whose connections are entered into `ledger` by `rules`, both of which outlive it. 0 or
 * a negative errno. @owner caller: sluice_sink_server_close() */
int sluice_sink_server_open(struct sluice_sink_server **server, struct sluice_ledger *ledger,
			    struct sluice_sink_rules *rules);
/* Closes all of its sockets. NULL is allowed. */
void sluice_sink_server_close(struct sluice_sink_server *server);

/* Listens on `port` of `address` (NULL: every address). 0 or a negative errno. */
int sluice_sink_server_listen(struct sluice_sink_server *server, const char *address,
			      uint16_t port);

/* Calls `take` whenever `fd` can be read. Its result, if negative, ends the turn. 0 or a negative
 * errno. @owner server, of `fd`, also on failure */
int sluice_sink_server_watch(struct sluice_sink_server *server, int fd,
			     int (*take)(void *context, int fd), void *context);

/* One turn: waits for something to do, at most until `until`, and does it. `*now` is the time, in
 * nanoseconds of the steady clock, before and after. 0, or the negative errno that ends the books.
 */
int sluice_sink_server_turn(struct sluice_sink_server *server, uint64_t *now, uint64_t until);

#endif /* SLUICE_BENCH_SERVER_H */
