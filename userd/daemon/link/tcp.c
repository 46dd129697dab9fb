// SPDX-License-Identifier: MIT
/*
 * Outputs of `kind: tcp` (kind.h): what a connection's socket says, and the table of what else this
 * kind does. Edge-triggered: registered once per connection, no epoll_ctl after that. Above
 * connect.c, health.c and writer.c, in the connection's worker. Touches: sockets.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "connection.h"

/* A peer that breaks the protocol again and again is told of once in so long. */
#define FAULT_NS (60 * SLUICE_NS_PER_S)
/* After so many kilobytes read from one peer the others have their turn. */
#define READS 16

/* The peer broke the protocol. It gets a reset, so that it does not take the end for a good one.
 * @context worker */
static void fault(struct sluice_connection *connection, const char *what, uint64_t now)
{
	char name[SLUICE_CONNECTION_NAME];

	sluice_count(&connection->counters.faults, 1);
	sluice_store_relaxed(&connection->counters.faulty, UINT64_C(1));
	sluice_connection_reset_at_close(connection->fd);
	/* The log may know already that it is gone; what it does when it is back is something else.
	 */
	if (connection->attempt.complained &&
	    (!connection->told.fault_at || now - connection->told.fault_at >= FAULT_NS)) {
		sluice_warning_about(SLUICE_ABOUT_CONNECTION(connection),
				     "%s: %s (%llu times since the start)",
				     sluice_connection_name(connection, name), what,
				     (unsigned long long)connection->counters.faults);
		connection->told.fault_at = now;
	}
}

/* Reads what the peer says. @context worker */
static void read_all(struct sluice_connection *connection, uint64_t now)
{
	const char *what;
	unsigned int turn;
	ssize_t length;
	size_t room;

	for (turn = 0; connection->fd >= 0 && !connection->half.has_ended; turn++) {
		room = connection->inbox.size - connection->inbox.used;
		if (connection->secure)
			length = sluice_secure_read(
				connection, connection->inbox.bytes + connection->inbox.used, room);
		else
			length = recv(connection->fd,
				      connection->inbox.bytes + connection->inbox.used, room,
				      MSG_DONTWAIT);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == EAGAIN)
			return;
		if (!length && !connection->protocol->is_answered) {
			/* It says nothing more, as was to be expected. Whether it still reads the
			 * next write tells. */
			sluice_connection_half(connection, now);
			return;
		}
		if (length <= 0) {
			sluice_connection_cut(
				connection,
				length ? sluice_secure_reason(connection, "reading from it failed")
				       : "the peer closed the connection",
				length ? errno : 0, now);
			return;
		}
		connection->signs.heard = now;
		what = connection->protocol->received(connection, (size_t)length, now);
		if (what) {
			fault(connection, what, now);
			sluice_connection_lose(connection, what, 0, now);
			return;
		}
		/* Less than there was room for: the socket is empty. What comes later is a new
		 * edge. */
		if ((size_t)length < room && !connection->secure)
			return;
		if (turn >= READS && !sluice_secure_has_more(connection)) {
			/* Edge-triggered: nobody will tell us of the rest but ourselves. */
			if (!sluice_worker_change_watch(connection->group->worker, connection->fd,
							SLUICE_TCP_WATCHED, &connection->handler))
				connection->input_masked = false;
			return;
		}
	}
}

/* The same, with its cost. @context worker */
static void read_counted(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_cost_mark before =
		sluice_cost_enter(SLUICE_COST_ACKNOWLEDGE, &connection->group->cost);

	read_all(connection, now);
	sluice_cost_leave(before);
}

/* struct sluice_kind.listen. @context worker */
static void listen_to(struct sluice_connection *connection, bool wakes)
{
	/* Of what has come already epoll tells as soon as it is asked. */
	if (connection->input_masked == wakes && connection->state == SLUICE_TCP_READY &&
	    connection->protocol->is_answered &&
	    !sluice_worker_change_watch(connection->group->worker, connection->fd,
					wakes ? SLUICE_TCP_WATCHED
					      : SLUICE_TCP_WATCHED & ~(uint32_t)EPOLLIN,
					&connection->handler))
		connection->input_masked = !wakes;
}

/* struct sluice_kind.hear. @context worker */
static void hear(struct sluice_connection *connection, uint64_t now)
{
	if (connection->input_masked)
		read_counted(connection, now);
}

/* struct sluice_kind.ready: the socket has something to say. @context worker */
static void ready(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_connection *connection =
		(struct sluice_connection *)((char *)handler -
					     offsetof(struct sluice_connection, handler));
	socklen_t length = sizeof(int);
	int error = 0;

	if (connection->fd < 0)
		return; /* lost earlier in this round */
	if (connection->state == SLUICE_TCP_CONNECTING) {
		if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return;
		(void)getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		if (error) {
			/* A reset answers nobody's SYN but that of a socket that accepted (a
			 * refusal is another error). */
			if (error == ECONNRESET || error == EPIPE)
				sluice_trial_reach(&connection->trial, now);
			sluice_connection_cut(connection, "cannot connect", error, now);
			return;
		}
		if (events & EPOLLHUP)
			return; /* before connect() was called: a socket without peer says HUP */
		sluice_connection_reach(connection, now);
		if (connection->fd < 0)
			return;
	}
	if (sluice_secure_is_rising(connection)) {
		if (!sluice_handshake_advance(connection, now))
			return;
		events |= EPOLLIN; /* what came behind the handshake has no edge of its own */
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		read_counted(connection, now);
	if (connection->fd >= 0 && events & EPOLLOUT && connection->writing.busy)
		sluice_connection_flush(connection, now);
	if (connection->fd >= 0 && events & (EPOLLERR | EPOLLHUP)) {
		(void)getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		sluice_connection_cut(connection, "the connection broke", error, now);
		return;
	}
	/* Half-closed with data behind it: the next read would say so, but no edge comes for it.
	 * Acknowledgements would not come any more; who gives none goes on. */
	if (connection->fd >= 0 && events & EPOLLRDHUP && connection->protocol->is_answered)
		sluice_connection_cut(connection, "the peer closed the connection", 0, now);
}

/* struct sluice_kind.retune: its times are those of its output. @context worker */
static void retune(struct sluice_connection *connection)
{
	sluice_connection_set_options(connection->fd, &connection->group->timing);
}

/* struct sluice_kind.look: does the peer's TCP take something, and answer? @context worker */
static const char *look(struct sluice_connection *connection, uint64_t now, uint64_t *next)
{
	sluice_connection_look(connection, now);
	return sluice_connection_silence(connection, now, next);
}

const struct sluice_kind sluice_kind_tcp = {
	.protocol_of = sluice_protocol_of,
	.connect = sluice_connection_connect,
	.flush = sluice_connection_flush,
	.push = sluice_connection_push,
	.ready = ready,
	.retune = retune,
	.listen = listen_to,
	.hear = hear,
	.measure = sluice_connection_measure,
	.look = look,
};
