// SPDX-License-Identifier: MIT
/*
 * Connections; see connection.h: what its socket and its clock say. Edge-triggered: registered once
 * per connection, no epoll_ctl after that. Touches: sockets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "connection.h"

/* How long one that gets disabled may take to acknowledge what it has, and how often that is looked
 * at. */
#define DRAIN_NS SLUICE_NS_PER_S
#define DRAIN_PAUSE_NS (5 * SLUICE_NS_PER_MS)
/* A peer that breaks the protocol again and again is told of once in so long. */
#define FAULT_NS (60 * SLUICE_NS_PER_S)
/* After so many kilobytes read from one peer the others have their turn. */
#define READS 16

/* The clock. @context worker */
static void due(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_connection *connection =
		(struct sluice_connection *)((char *)timer -
					     offsetof(struct sluice_connection, timer));
	char name[SLUICE_CONNECTION_NAME];
	const char *what;
	uint64_t next;

	sluice_connection_name(connection, name);
	sluice_outage_look(&connection->told.outage, name, SLUICE_ABOUT_CONNECTION(connection),
			   false, now);
	sluice_connection_look_after_presence(connection, now);
	sluice_unconfirmed_look(&connection->told.unconfirmed, name,
				SLUICE_ABOUT_CONNECTION(connection), false, now);
	switch (connection->state) {
	case SLUICE_TCP_WAITING:
		if (!connection->role.disabled)
			sluice_connection_connect(connection, now);
		return;
	case SLUICE_TCP_CONNECTING:
	case SLUICE_TCP_GREETING:
		if (now >= connection->attempt.deadline)
			sluice_connection_lose(connection,
					       connection->state == SLUICE_TCP_CONNECTING
						       ? "no answer to connecting in time"
						       : connection->protocol->late,
					       0, now);
		else
			sluice_connection_tick_by(connection, connection->attempt.deadline);
		return;
	case SLUICE_TCP_READY:
		/* Nobody else hears one that carries nothing while others keep the worker awake. */
		sluice_connection_drain_input(connection, now);
		if (connection->state != SLUICE_TCP_READY)
			return;
		sluice_connection_measure(connection, now);
		next = now + SLUICE_MEASURE_NS;
		sluice_connection_look_at_trial(connection, name, now, &next);
		sluice_connection_look(connection, now);
		if (connection->attempt.interface &&
		    sluice_target_interface(connection->target) != connection->attempt.interface)
			what = "its interface is gone or another one now";
		else
			what = sluice_connection_silence(connection, now, &next);
		if (!what)
			what = connection->protocol->tick(connection, now, &next);
		if (!what && connection->state == SLUICE_TCP_READY &&
		    sluice_connection_holds_back(connection, now))
			what = "it acknowledges nothing, and the ring is nearly full; others take "
			       "over";
		if (!what && connection->role.disabled &&
		    ((!connection->carrier.segments && !connection->writing.busy) ||
		     now >= connection->attempt.deadline))
			what = "it is disabled";
		if (connection->role.disabled && next > now + DRAIN_PAUSE_NS)
			next = now + DRAIN_PAUSE_NS;
		if (what && connection->state == SLUICE_TCP_READY)
			sluice_connection_lose(connection, what, 0, now);
		else if (connection->state == SLUICE_TCP_READY)
			sluice_connection_tick_by(connection, next);
		return;
	}
}

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
		length = recv(connection->fd, connection->inbox.bytes + connection->inbox.used,
			      room, MSG_DONTWAIT);
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
			sluice_connection_cut(connection,
					      length ? "reading from it failed"
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
		if ((size_t)length < room)
			return;
		if (turn >= READS) {
			/* Edge-triggered: nobody will tell us of the rest but ourselves. */
			if (!sluice_worker_change_watch(connection->group->worker, connection->fd,
							SLUICE_TCP_WATCHED, &connection->handler))
				connection->input_masked = false;
			return;
		}
	}
}

/* The same, with its cost. @context worker */
static void hear(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_cost_mark before =
		sluice_cost_enter(SLUICE_COST_ACKNOWLEDGE, &connection->group->cost);

	read_all(connection, now);
	sluice_cost_leave(before);
}

void sluice_connection_listen(struct sluice_connection *connection, bool wakes)
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

void sluice_connection_drain_input(struct sluice_connection *connection, uint64_t now)
{
	if (connection->input_masked)
		hear(connection, now);
}

/* The socket has something to say. @context worker */
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
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		hear(connection, now);
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

/* A name as a number (64-bit FNV-1a, Noll), the same on every machine. */
static uint64_t identity_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ULL;
	return hash;
}

void sluice_connection_retune(struct sluice_connection *connection,
			      const struct sluice_config_destination *config)
{
	bool was_disabled = connection->role.disabled;

	connection->role.weight = config->weight;
	connection->role.standby = config->standby;
	connection->role.disabled = !config->enabled || connection->group->is_absent;
	connection->group->changed = true;
	connection->group->has_work = true;
	if (connection->fd >= 0)
		sluice_connection_set_options(connection->fd, &connection->group->timing);
	if (!connection->timer.place || was_disabled == connection->role.disabled)
		return;
	if (connection->role.disabled && connection->state != SLUICE_TCP_READY) {
		sluice_connection_lose(connection, "it is disabled", 0, sluice_now());
	} else if (connection->role.disabled) {
		/* What is under way may be acknowledged first, so that nothing is sent twice. */
		connection->attempt.deadline = sluice_now() + DRAIN_NS;
		sluice_connection_tick_by(connection, 1);
	} else if (connection->state == SLUICE_TCP_WAITING) {
		connection->attempt.complained = false;
		sluice_worker_set_timer(connection->group->worker, &connection->timer, 1);
	}
}

int sluice_connection_create(struct sluice_group *group, struct sluice_target *target,
			     const struct sluice_config_destination *config,
			     struct sluice_pacer *pacer, struct sluice_connection **result)
{
	struct sluice_connection *connection = aligned_alloc(64, sizeof(*connection));
	int error;

	if (!connection)
		return -ENOMEM;
	memset(connection, 0, sizeof(*connection));
	connection->handler.ready = ready;
	connection->timer.due = due;
	connection->group = group;
	connection->fd = -1;
	connection->role.pacer = pacer;
	connection->role.identity = identity_of(config->text);
	sluice_connection_retune(connection, config);
	connection->protocol = group->protocol;
	if (group->parks)
		connection->parking.list = calloc(SLUICE_PARKED, sizeof(*connection->parking.list));
	error = connection->protocol->prepare(connection);
	if (error || (group->parks && !connection->parking.list)) {
		connection->protocol->dispose(connection);
		free(connection->parking.list);
		free(connection);
		return -ENOMEM;
	}
	connection->target = sluice_target_get(target);
	sluice_connection_note_since(connection);
	*result = connection;
	return 0;
}

void sluice_connection_close(struct sluice_connection *connection)
{
	if (connection->fd < 0)
		return;
	/* One that is held is another process's still: that one speaks. */
	if (!connection->passing.is_held)
		sluice_connection_say_goodbye(connection);
	sluice_connection_unpark(connection, NULL);
	connection->protocol->lost(connection);
	/* What TCP has taken over it goes on delivering after close(2). */
	if (!connection->passing.is_held)
		(void)shutdown(connection->fd, SHUT_WR);
	close(connection->fd);
	connection->fd = -1;
}

void sluice_connection_destroy(struct sluice_connection *connection)
{
	if (!connection)
		return;
	sluice_connection_tell_outages(connection, sluice_now());
	sluice_connection_note_closed(connection);
	sluice_connection_close(connection);
	sluice_worker_remove_timer(connection->group->worker, &connection->timer);
	connection->protocol->dispose(connection);
	sluice_target_put(connection->target);
	free(connection->parking.list);
	free(connection);
}
