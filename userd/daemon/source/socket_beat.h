/* SPDX-License-Identifier: MIT */
/*
 * When a worker reads its sockets (with calls, socket_round.c) or the ring that they share
 * (socket_bpf_way.c).
 *
 * Waking is dear, and so is writing. So a datagram that soon follows another one waits for more of
 * them, for most of the batch delay. While many come, epoll watches nothing, and the worker reads
 * at fixed intervals. When few came, epoll watches again; the first after a silence is read at
 * once.
 *
 *      watched ──datagram──► gathering ──time──► drained ──many──► resting ──time──┐
 *         ▲                                        │ ▲                             │
 *         └──────────────── few ───────────────────┘ └─────────────────────────────┘
 */
#ifndef SLUICE_SOCKET_BEAT_H
#define SLUICE_SOCKET_BEAT_H

#include "socket.h"
#include "socket_lone.h"

struct sluice_socket_beat {
	struct sluice_handler handler;
	struct sluice_timer timer;
	struct sluice_worker *worker;
	/*
	 * Reads once, and adds to *take. 1: there may be more; 0: it is empty; or a negative errno.
	 * What has no room is not waited for here.
	 */
	int (*read)(struct sluice_socket_beat *beat, struct sluice_port_take *take);
	int fd;		     /* what epoll watches */
	uint64_t buffer;     /* bytes that it may hold */
	uint64_t wait_ns;    /* it is left alone for so long */
	uint64_t longest_ns; /* no longer than this */
	uint64_t latest_at; /* it is read then, whether something came or not; 0: no. `read` may set
			       it */
	struct sluice_socket_lone lone;
	bool is_prompt; /* one that comes alone waits for nothing */
	bool entered;	/* its worker watches it */
};

/* The worker begins to watch it; `read`, `fd` and `buffer` are set. 0 or a negative errno. @context
 * worker */
int sluice_socket_beat_enter(struct sluice_socket_beat *beat, struct sluice_worker *worker);
/* And no longer. @context worker */
void sluice_socket_beat_leave(struct sluice_socket_beat *beat);
/* It may wait for most_ns, less if its buffer is small; if `is_prompt`, one that comes alone waits
 * for nothing. @context worker */
void sluice_socket_beat_adapt(struct sluice_socket_beat *beat, uint64_t most_ns, bool is_prompt);
/* It is read at `at`, if not before. @context worker */
void sluice_socket_beat_hurry(struct sluice_socket_beat *beat, uint64_t at);
/* Reads until nothing is left, a ring is full, or it is the others' turn. True: nothing is left.
 * @context worker */
bool sluice_socket_beat_drain(struct sluice_socket_beat *beat, uint64_t now);

#endif /* SLUICE_SOCKET_BEAT_H */
