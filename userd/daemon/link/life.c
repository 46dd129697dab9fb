// SPDX-License-Identifier: MIT
/*
 * The life of a connection, of whatever kind: it is made, its clock looks after it, its
 * destination gets another part, it is ended. What a kind does itself is in its table (kind.h).
 * Above connection.c, start.c and end.c, in the connection's worker. Touches: its socket, to close
 * it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "connection.h"

/* How long one that gets disabled may take to acknowledge what it has, and how often that is looked
 * at. */
#define DRAIN_NS SLUICE_NS_PER_S
#define DRAIN_PAUSE_NS (5 * SLUICE_NS_PER_MS)

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
			connection->group->kind->connect(connection, now);
		return;
	case SLUICE_TCP_CONNECTING:
	case SLUICE_TCP_GREETING:
		if (now >= connection->attempt.deadline)
			sluice_connection_lose(connection,
					       connection->state == SLUICE_TCP_CONNECTING
						       ? "no answer to connecting in time"
					       : sluice_secure_is_rising(connection)
						       ? "no answer to the TLS handshake in time: "
							 "does it speak TLS there?"
						       : connection->protocol->late,
					       0, now);
		else
			sluice_connection_tick_by(connection, connection->attempt.deadline);
		return;
	case SLUICE_TCP_READY:
		/* Nobody else hears one that carries nothing while others keep the worker awake. */
		connection->group->kind->hear(connection, now);
		if (connection->state != SLUICE_TCP_READY)
			return;
		connection->group->kind->measure(connection, now);
		next = now + SLUICE_MEASURE_NS;
		sluice_connection_look_at_trial(connection, name, now, &next);
		what = connection->group->kind->look(connection, now, &next);
		if (connection->attempt.interface &&
		    sluice_target_interface(connection->target) != connection->attempt.interface)
			what = "its interface is gone or another one now";
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
		connection->group->kind->retune(connection);
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
	connection->handler.ready = group->kind->ready;
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
	sluice_secure_end(connection, true);
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
	sluice_secure_free(connection);
	connection->protocol->dispose(connection);
	sluice_target_put(connection->target);
	free(connection->parking.list);
	free(connection);
}
