/* SPDX-License-Identifier: MIT */
/*
 * Pipes that bytes go through from socket to socket without being copied (splice(2)), and the ones
 * of a loop that are free. A loop has large ones as far as the kernel lets this user have them, the
 * others are as pipes come. Touches: descriptors, /proc/sys/fs/pipe-max-size.
 */
#ifndef SLUICE_FORWARD_PIPE_H
#define SLUICE_FORWARD_PIPE_H

#include <stddef.h>

/* Bytes of a large pipe, if the kernel's limit is not less. */
#define SLUICE_PIPE_LARGE (1U << 20)
/* So many of a loop are large at most: what they hold is the kernel's memory. */
#define SLUICE_PIPE_LARGE_MOST 32U
/* So many that are free are kept. */
#define SLUICE_PIPE_IDLE_MOST 64U

struct sluice_pipe {
	int in, out; /* where bytes are put in and taken out */
	size_t size; /* bytes that it may hold */
	size_t held; /* bytes that it holds */
	struct sluice_pipe *next;
};

/* Zeroed: a pool without pipes. For one thread. */
struct sluice_pipe_pool {
	struct sluice_pipe *idle;
	size_t idle_count;
	size_t large_count; /* of those handed out and those that are free */
	size_t large_size;  /* 0: not asked for yet */
};

/* An empty pipe. NULL: no descriptors or no memory. @owner caller: sluice_pipe_give() */
struct sluice_pipe *sluice_pipe_take(struct sluice_pipe_pool *pool);

/* Takes it back: an empty one is kept, one that holds something is closed with it. NULL is allowed.
 */
void sluice_pipe_give(struct sluice_pipe_pool *pool, struct sluice_pipe *pipe);

/* Closes those that are free. */
void sluice_pipe_pool_empty(struct sluice_pipe_pool *pool);

#endif /* SLUICE_FORWARD_PIPE_H */
