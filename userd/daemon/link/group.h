/* SPDX-License-Identifier: MIT */
/*
 * A group: the connections of one worker's half of an output, and what they have in common: what
 * they are to send, how, and to whom they say that something changed. The output (output.h) fills
 * it and looks at what they say; connections know nothing else of an output. Touches: nothing.
 */
#ifndef SLUICE_GROUP_H
#define SLUICE_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"
#include "../../lib/cost.h"
#include "framing.h"
#include "pace.h"

struct sluice_connection;
struct sluice_credentials;
struct sluice_feeder;
struct sluice_kind;
struct sluice_protocol;
struct sluice_worker;

struct sluice_tcp_timing {
	uint64_t reconnect_min_ns;
	uint64_t reconnect_max_ns;
	uint64_t connect_timeout_ns;
	uint64_t dead_after_ns;
};

struct sluice_group {
	struct sluice_worker *worker;

	/* What the configuration says */
	uint8_t guid[SLUICE_GUID_SIZE];
	uint8_t output[SLUICE_GUID_SIZE]; /* as the user knows it; the same unless it duplicates */
	char name[SLUICE_NAME_MAX + 1];
	struct sluice_form form;
	const struct sluice_kind *kind;
	const struct sluice_protocol *protocol; /* of that kind, that speaks it */
	struct sluice_tcp_timing timing;
	struct sluice_config_prefix from;	/* where connections come from */
	void *own;				/* its kind's (adopt, disown) */
	struct sluice_credentials *credentials; /* TLS; NULL: none. Not ours */
	bool preserves; /* udp: datagrams have the source address that they came with */
	size_t batch_bytes;
	size_t run_bytes; /* hash: the most that a run of records may have */
	bool parks;	  /* hash: segments wait at the connection that they belong to */
	bool durable;	 /* native: what a receiver has but not on stable storage is not released */
	bool compresses; /* native: spans go compressed where that pays */
	bool resends;	 /* plain: what is unconfirmed is sent again */
	bool is_absent;	 /* `connections` are fewer than workers, and this one has none */
	struct sluice_pacer *pacer; /* of all destinations together, all workers' */

	/* Who is in it, and whose segments they carry */
	struct sluice_connection **connections;
	size_t connection_count;
	struct sluice_feeder **feeders;
	size_t feeder_count, feeder_room;
	uint64_t window; /* bytes of stream that one connection may have under way */
	const struct sluice_connection *blocker; /* hash: what is next is this one's, and it has no
						    room; NULL: none keeps the others waiting so */

	/* What they say to the output */
	bool changed;  /* a connection came, went, or has another part */
	bool has_work; /* something changed: pump at the end of this round */

	/* What building, sending and acknowledgements have cost in this worker */
	struct sluice_cost_item cost;
};

/* Goes through the connections of `group`, which none joins or leaves meanwhile. */
#define for_each_connection(connection, group)                                                     \
	for (struct sluice_connection *const *connection##_at = (group)->connections, *connection; \
	     connection##_at < (group)->connections + (group)->connection_count &&                 \
	     ((connection) = *connection##_at, true);                                              \
	     connection##_at++)

/* siblings.c. Are all destinations down that are no standbys? @context worker */
bool sluice_group_needs_standbys(const struct sluice_group *group);

#endif /* SLUICE_GROUP_H */
