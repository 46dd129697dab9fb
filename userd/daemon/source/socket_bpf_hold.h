/* SPDX-License-Identifier: MIT */
/*
 * What a program has copied of one socket for an input whose stream has no room: the place of what
 * a socket's buffer would hold with `receive: calls`. It is taken out of the ring that all sockets
 * of a worker share, so that nobody else has to wait, and becomes records in the same order when
 * there is room. When it is as large as it may be the program is told to take no more
 * (socket_bpf_read.c), and what comes then is lost as it would be at a full socket buffer.
 */
#ifndef SLUICE_SOCKET_BPF_HOLD_H
#define SLUICE_SOCKET_BPF_HOLD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include "bpf/entry.h"

struct sluice_socket_hold_piece;
struct sluice_socket_input;

/* Entries of the ring, the oldest first. */
struct sluice_socket_hold {
	const struct sluice_socket_input *input; /* only to be compared: it may be gone */
	size_t bytes;				 /* that its entries take */
	TAILQ_HEAD(sluice_socket_hold_pieces, sluice_socket_hold_piece) pieces;
	struct sluice_socket_hold *next; /* of another input of the same socket */
};

/* An empty one. NULL: no memory. @owner caller: sluice_socket_hold_free() @context worker, as all
 * of these */
struct sluice_socket_hold *sluice_socket_hold_create(const struct sluice_socket_input *input);
/* NULL is allowed. */
void sluice_socket_hold_free(struct sluice_socket_hold *hold);
/* Bytes of an entry as it lies in a ring, without what the ring has in front of it. */
uint32_t sluice_socket_hold_size(const struct sluice_socket_entry *entry);
/* Appends a copy of an entry. 0 or -ENOMEM. */
int sluice_socket_hold_put(struct sluice_socket_hold *hold,
			   const struct sluice_socket_entry *entry);
/* The oldest, valid until it is dropped; NULL: there is none. */
const struct sluice_socket_entry *sluice_socket_hold_first(const struct sluice_socket_hold *hold);
/* Drops the oldest, which there is. Returns the bytes that it took. */
size_t sluice_socket_hold_drop(struct sluice_socket_hold *hold);
/* Datagrams in all of its entries. It walks over them. */
uint32_t sluice_socket_hold_datagrams(const struct sluice_socket_hold *hold);
/* Datagrams in one entry. */
uint32_t sluice_socket_entry_datagrams(const struct sluice_socket_entry *entry);

#endif /* SLUICE_SOCKET_BPF_HOLD_H */
