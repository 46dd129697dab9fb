/* SPDX-License-Identifier: MIT */
/*
 * A kind of outputs (`outputs.kind`): how what an output hands out reaches a destination. A row in
 * config/kind_rows.h and a folder that ends in one table of functions is all that a kind is.
 * Streams, spool, priority, pacing, modes, live changes, alarms and statistics know connections
 * only, and are the same for all kinds. Between an output and a transport. Touches: nothing.
 *
 *   what a kind must be able to do          where
 *   create, and free what it created        struct sluice_protocol: prepare, dispose
 *   begin                                   connect here, and begin of the protocol
 *   take a span                             load of the protocol, then flush here; has_room says
 *                                           whether it can
 *   say what is acknowledged                sluice_feeder_acknowledge() for ranges,
 *                                           sluice_feeder_finish() for a whole segment
 *   pause                                   nothing: an output that pauses hands out nothing
 *   leave                                   lost of the protocol: what is not acknowledged goes
 *                                           back to the feeders
 */
#ifndef SLUICE_KIND_H
#define SLUICE_KIND_H

#include <stdbool.h>
#include <stdint.h>
#include "../../config/model.h"
#include "../loop/worker.h"

struct sluice_connection;
struct sluice_group;
struct sluice_protocol;

/* All of it @context worker but where it says otherwise. */
struct sluice_kind {
	/* What speaks `framing` over it. @threadsafe */
	const struct sluice_protocol *(*protocol_of)(enum sluice_framing framing);
	/* What a group needs of its configuration beyond what all have, in group->own: 0 or
	 * -ENOMEM; its end, NULL is allowed; would connections of the other group, or of a group of
	 * that configuration, be the same? NULL: nothing. @context process, disown: worker too */
	int (*adopt)(struct sluice_group *group, const struct sluice_config_output *config);
	void (*disown)(struct sluice_group *group);
	bool (*suits)(const struct sluice_group *one, const struct sluice_group *other);
	bool (*is_same)(const struct sluice_group *group,
			const struct sluice_config_output *config);
	/* Begins an attempt with the next address; it may be lost when this returns. */
	void (*connect)(struct sluice_connection *connection, uint64_t now);
	/* Writes what was loaded, as far as it goes; writing.busy says whether that is all. */
	void (*flush)(struct sluice_connection *connection, uint64_t now);
	/* Nothing follows for now: what was held back for more goes. NULL: nothing ever is. */
	void (*push)(struct sluice_connection *connection);
	/* struct sluice_handler.ready of its connections. */
	void (*ready)(struct sluice_handler *handler, uint32_t events, uint64_t now);
	/* The times of its output are others now; it has a socket. */
	void (*retune)(struct sluice_connection *connection);
	/* Whether what comes wakes the worker. Where it does not, because the worker wakes soon
	 * anyway, hear() is called; that the peer is gone wakes it in any case. */
	void (*listen)(struct sluice_connection *connection, bool wakes);
	/* Reads what came and woke nobody. */
	void (*hear)(struct sluice_connection *connection, uint64_t now);
	/* Finds out what the report shows of it, if it is time: SLUICE_MEASURE_NS. */
	void (*measure)(struct sluice_connection *connection, uint64_t now);
	/* Looks after one that is ready; *next is when to look again at the latest. NULL, or why it
	 * is no good. */
	const char *(*look)(struct sluice_connection *connection, uint64_t now, uint64_t *next);
};

/* They are in the folder of their kind each; output/kinds.c has the table of them. */
#define KIND(word, NAME, table) extern const struct sluice_kind sluice_kind_##table;
#include "../../config/kind_rows.h"
#undef KIND

#endif /* SLUICE_KIND_H */
