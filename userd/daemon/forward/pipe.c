// SPDX-License-Identifier: MIT
/*
 * Pipes for splice(2); see pipe.h. Touches: what that says.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "pipe.h"

/* What the kernel makes without being asked (pipe(7)). */
#define USUAL_SIZE 65536U

/* How large a pipe may be: as large as we want it, or the kernel's limit. */
static size_t find_large_size(void)
{
	FILE *file = fopen("/proc/sys/fs/pipe-max-size", "re");
	unsigned long most = SLUICE_PIPE_LARGE;
	char line[32];

	if (file && fgets(line, sizeof(line), file))
		most = strtoul(line, NULL, 10);
	if (file)
		fclose(file);
	return most && most < SLUICE_PIPE_LARGE ? most : SLUICE_PIPE_LARGE;
}

/* Makes a new pipe large, if this pool may have one more. */
static void enlarge(struct sluice_pipe_pool *pool, struct sluice_pipe *pipe)
{
	int size;

	if (!pool->large_size)
		pool->large_size = find_large_size();
	if (pool->large_count >= SLUICE_PIPE_LARGE_MOST)
		return;
	/* Fails where the user's pipes hold too much already (pipe-user-pages-soft). */
	size = fcntl(pipe->in, F_SETPIPE_SZ, (int)pool->large_size);
	if (size > (int)USUAL_SIZE) {
		pipe->size = (size_t)size;
		pool->large_count++;
	}
}

struct sluice_pipe *sluice_pipe_take(struct sluice_pipe_pool *pool)
{
	struct sluice_pipe *pipe = pool->idle;
	int ends[2], size;

	if (pipe) {
		pool->idle = pipe->next;
		pool->idle_count--;
		return pipe;
	}
	pipe = calloc(1, sizeof(*pipe));
	if (!pipe)
		return NULL;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
		free(pipe);
		return NULL;
	}
	pipe->out = ends[0];
	pipe->in = ends[1];
	size = fcntl(pipe->in, F_GETPIPE_SZ);
	pipe->size = size > 0 ? (size_t)size : USUAL_SIZE;
	enlarge(pool, pipe);
	return pipe;
}

/* Closes a pipe and forgets it. */
static void dispose(struct sluice_pipe_pool *pool, struct sluice_pipe *pipe)
{
	if (pipe->size > USUAL_SIZE)
		pool->large_count--;
	close(pipe->in);
	close(pipe->out);
	free(pipe);
}

void sluice_pipe_give(struct sluice_pipe_pool *pool, struct sluice_pipe *pipe)
{
	if (!pipe)
		return;
	if (pipe->held || pool->idle_count >= SLUICE_PIPE_IDLE_MOST) {
		dispose(pool, pipe);
		return;
	}
	pipe->next = pool->idle;
	pool->idle = pipe;
	pool->idle_count++;
}

void sluice_pipe_pool_empty(struct sluice_pipe_pool *pool)
{
	struct sluice_pipe *pipe;

	while ((pipe = pool->idle)) {
		pool->idle = pipe->next;
		pool->idle_count--;
		dispose(pool, pipe);
	}
}
