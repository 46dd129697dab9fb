// SPDX-License-Identifier: MIT
/*
 * One direction of a forwarded connection; see way.h. Touches: what that says.
 *
 * splice(2) stops at urgent data for good (tcp_read_sock() of the kernel), and where the peer has
 * ended, too, it says "end" there. So whenever it finds nothing although urgent data was announced,
 * or says that it is the end, recv(2) looks; with SO_OOBINLINE that reads the urgent byte in its
 * place.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include "way.h"

#define SPLICE_FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
/* What is copied at a time where there is no pipe. */
#define COPY_SIZE 65536U
/* A pipe has a slot for so many bytes of its size, and each takes at least a byte: if less bytes
 * than slots were read it was not the pipe that was full. */
#define SLOT_SIZE 4096U

/* How a step came out. */
enum step {
	STEP_NONE, /* there is nothing to do, or it cannot be done now */
	STEP_DONE,
	STEP_BROKEN
};

/* Is it an error that says: not now? */
static bool is_for_later(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS || error == ENOMEM;
}

/* Sends what the pipe holds. */
static enum step send_piped(struct sluice_way *way)
{
	ssize_t sent;

	if (!way->can_write || !way->pipe || !way->pipe->held)
		return STEP_NONE;
	sent = splice(way->pipe->out, NULL, way->to, NULL, way->pipe->held, SPLICE_FLAGS);
	if (sent < 0 && errno == EINTR)
		return STEP_DONE;
	if (sent < 0 && !is_for_later(errno))
		return STEP_BROKEN;
	if (sent <= 0) {
		way->can_write = false;
		return STEP_NONE;
	}
	/* Less than all: the socket is full, and an edge tells when it is not any more. */
	if ((size_t)sent < way->pipe->held)
		way->can_write = false;
	way->pipe->held -= (size_t)sent;
	way->bytes += (uint64_t)sent;
	return STEP_DONE;
}

/* Sends the urgent byte, when all before it has gone. */
static enum step send_urgent(struct sluice_way *way)
{
	ssize_t sent;

	if (!way->has_urgent || !way->can_write || (way->pipe && way->pipe->held))
		return STEP_NONE;
	sent = send(way->to, &way->urgent, 1, MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && !is_for_later(errno))
		return STEP_BROKEN;
	if (sent <= 0) {
		way->can_write = false;
		return STEP_NONE;
	}
	way->has_urgent = false;
	way->bytes++;
	return STEP_DONE;
}

/* Is the next byte the urgent one? */
static bool is_at_mark(const struct sluice_way *way)
{
	int at_mark = 0;

	return way->is_marked && !ioctl(way->from, SIOCATMARK, &at_mark) && at_mark;
}

/* splice(2) found nothing although there may be something: looks. */
static enum step look(struct sluice_way *way)
{
	bool at_mark = is_at_mark(way);
	ssize_t got;
	uint8_t byte;

	got = recv(way->from, &byte, 1, MSG_DONTWAIT | (at_mark ? 0 : MSG_PEEK));
	if (got < 0 && !is_for_later(errno))
		return STEP_BROKEN;
	if (got < 0) {
		way->can_read = false;
		return STEP_NONE;
	}
	if (got == 0) {
		way->has_ended = true;
		return STEP_DONE;
	}
	if (at_mark) {
		way->has_urgent = true;
		way->is_marked = false;
		way->urgent = byte;
	}
	return STEP_DONE;
}

/* Passes bytes on without a pipe: what the other socket takes is taken out of the one. */
static enum step copy(struct sluice_way *way, size_t *moved)
{
	static _Thread_local uint8_t buffer[COPY_SIZE];
	ssize_t got, sent;

	if (!way->can_write)
		return STEP_NONE;
	if (is_at_mark(way))
		return look(way);
	got = recv(way->from, buffer, sizeof(buffer), MSG_PEEK | MSG_DONTWAIT);
	if (got < 0 && !is_for_later(errno))
		return STEP_BROKEN;
	if (got <= 0)
		return look(way);
	sent = send(way->to, buffer, (size_t)got, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && !is_for_later(errno))
		return STEP_BROKEN;
	if (sent <= 0) {
		way->can_write = false;
		return STEP_NONE;
	}
	/* They are there: they were seen. */
	(void)!recv(way->from, buffer, (size_t)sent, MSG_TRUNC | MSG_DONTWAIT);
	way->bytes += (uint64_t)sent;
	*moved += (size_t)sent;
	return STEP_DONE;
}

/* Takes in what has come, if all that came before has gone. */
static enum step receive(struct sluice_way *way, struct sluice_pipe_pool *pool, size_t *moved)
{
	ssize_t got;

	if (!way->can_read || way->has_ended || way->has_urgent || (way->pipe && way->pipe->held))
		return STEP_NONE;
	if (!way->pipe && !way->is_copied)
		way->pipe = sluice_pipe_take(pool);
	if (!way->pipe || way->is_copied)
		return copy(way, moved);
	got = splice(way->from, NULL, way->pipe->in, NULL, way->pipe->size, SPLICE_FLAGS);
	if (got < 0 && errno == EINTR)
		return STEP_DONE;
	if (got < 0 && errno == EINVAL) {
		way->is_copied = true;
		return STEP_DONE;
	}
	if (got < 0 && !is_for_later(errno))
		return STEP_BROKEN;
	if (got <= 0) {
		if (!got || way->is_marked || way->is_ending)
			return look(way);
		way->can_read = false;
		return STEP_NONE;
	}
	if ((size_t)got < way->pipe->size / SLOT_SIZE && !way->is_marked && !way->is_ending)
		way->can_read = false;
	way->pipe->held = (size_t)got;
	*moved += (size_t)got;
	return STEP_DONE;
}

/* Passes the end on, when everything before it has gone. False: it cannot be. */
static bool pass_end(struct sluice_way *way)
{
	if (!way->has_ended || way->is_shut || way->has_urgent || (way->pipe && way->pipe->held))
		return true;
	way->is_shut = true;
	return !shutdown(way->to, SHUT_WR);
}

enum sluice_way_state sluice_way_turn(struct sluice_way *way, struct sluice_pipe_pool *pool,
				      size_t most)
{
	enum step step = STEP_DONE;
	size_t moved = 0;

	while (step == STEP_DONE && moved < most) {
		step = send_piped(way);
		if (step == STEP_NONE)
			step = send_urgent(way);
		if (step == STEP_NONE)
			step = receive(way, pool, &moved);
	}
	if (step == STEP_BROKEN || !pass_end(way))
		return SLUICE_WAY_BROKEN;
	if (way->pipe && !way->pipe->held && (step == STEP_NONE || way->has_ended)) {
		sluice_pipe_give(pool, way->pipe);
		way->pipe = NULL;
	}
	if (way->is_shut)
		return SLUICE_WAY_OVER;
	return step == STEP_DONE ? SLUICE_WAY_MORE : SLUICE_WAY_WAITS;
}
