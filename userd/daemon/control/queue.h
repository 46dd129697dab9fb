/* SPDX-License-Identifier: MIT */
/*
 * Answers of the control plane on their way: what a client's socket has no room for waits, is tried
 * again and thrown away after some seconds. Under netlink.c. Touches: the sockets.
 */
#ifndef SLUICE_CONTROL_QUEUE_H
#define SLUICE_CONTROL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "answer.h"

struct sluice_waiting;

/* A client: who has netlink port `port`, by way of `fd`; or, if that is 0, who is connected to
 * `fd`. */
struct sluice_peer {
	int fd;
	uint32_t port;
	uid_t uid; /* who that is, by the kernel's word; of requests only, as the next */
	bool may_change;
};

/* Begins zeroed. @owner whoever has it: sluice_queue_free() */
struct sluice_queue {
	struct sluice_waiting **list; /* in order */
	size_t count, room;
	size_t bytes;	/* in it */
	uint64_t round; /* of trying them */
};

void sluice_queue_free(struct sluice_queue *queue);
/* Milliseconds that only go forward. */
uint64_t sluice_queue_now(void);
/* Sends one datagram. 0, -EAGAIN (the client has no room now), or another negative errno (it never
 * will). */
int sluice_queue_send(const struct sluice_peer *peer, const void *bytes, size_t length);
/* Bytes that wait for a client. */
size_t sluice_queue_waits(const struct sluice_queue *queue, const struct sluice_peer *peer);
/* Sends an answer, or as much of it as the client has room for; the rest waits, behind what waits
 * already. */
void sluice_queue_deliver(struct sluice_queue *queue, const struct sluice_peer *peer,
			  const struct sluice_answer *answer);
/* Tries everything that waits again: for each client in order, as far as it has room. */
void sluice_queue_retry(struct sluice_queue *queue);
/* A client has gone: what waits for it goes, too. */
void sluice_queue_forget(struct sluice_queue *queue, const struct sluice_peer *peer);

#endif /* SLUICE_CONTROL_QUEUE_H */
