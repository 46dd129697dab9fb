/* SPDX-License-Identifier: MIT */
/*
 * The datagrams of a capture, for gen to send again: read as a whole before the first is sent, so
 * that no file holds up the sending. Touches: the file, by libpcap; memory, as much as the payloads
 * take and 24 bytes for each.
 */
#ifndef SLUICE_BENCH_REPLAY_H
#define SLUICE_BENCH_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "replay_packet.h"

/* Bytes of a sentence about what is wrong. */
#define SLUICE_REPLAY_TEXT 400

struct sluice_replay_entry {
	uint64_t at_ns; /* after the first one; never less than the one before */
	uint64_t place; /* of its payload in `bytes` */
	uint32_t length;
	uint16_t source; /* port */
};

struct sluice_replay {
	struct sluice_replay_entry *entries; /* @owner replay; in the order of the file */
	size_t count, room;
	uint8_t *bytes; /* @owner replay; the payloads */
	size_t used, size;
	uint32_t longest;
	uint64_t packets;		     /* in the file */
	uint64_t kinds[SLUICE_REPLAY_KINDS]; /* what they were */
	size_t next;			     /* the one that is sent next */
	uint64_t round_ns;		     /* when this round of the file began */
	uint16_t *ports;		     /* @owner replay; source ports, each once */
	size_t port_count;
};

/* Reads a capture. 0 or a negative errno with `text`, which says what is wrong. *replay is freed by
 * sluice_replay_free() in any case. */
int sluice_replay_read(struct sluice_replay *replay, const char *path,
		       char text[SLUICE_REPLAY_TEXT]);
void sluice_replay_free(struct sluice_replay *replay);

/* The datagram that is next, and when it is due after the first of all; NULL: there is none. */
const struct sluice_replay_entry *sluice_replay_peek(const struct sluice_replay *replay,
						     uint64_t *at_ns);
/* Passes it; behind the last one, and if it `loops`, begins the file again: as long after the last
 * as datagrams are apart on average. */
void sluice_replay_pass(struct sluice_replay *replay, bool loops);

/* Which of `ports` an entry has. */
size_t sluice_replay_port(const struct sluice_replay *replay,
			  const struct sluice_replay_entry *entry);

#endif /* SLUICE_BENCH_REPLAY_H */
