// SPDX-License-Identifier: MIT
/*
 * A connection's state and name: what all that is done with it begins with. Below the others, in
 * the connection's worker. Touches: its state, its timer.
 */
#include <stdio.h>
#include <time.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "connection.h"

void sluice_connection_note_since(struct sluice_connection *connection)
{
	enum { UNKNOWN, GONE, THERE, SLOW, NOT_DURABLE, QUEUE_FULL, REJECTING } condition = GONE;
	struct timespec now;

	if (connection->counters.rejecting)
		condition = REJECTING;
	else if (connection->state == SLUICE_TCP_READY && !connection->unproven)
		condition = connection->counters.full	  ? QUEUE_FULL
			    : connection->counters.unsafe ? NOT_DURABLE
			    : connection->counters.slow	  ? SLOW
							  : THERE;
	if (connection->told.condition == condition)
		return;
	connection->told.condition = condition;
	clock_gettime(CLOCK_REALTIME, &now);
	sluice_store_relaxed(&connection->counters.since,
			     (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec);
}

void sluice_connection_set_state(struct sluice_connection *connection, enum sluice_tcp_state state)
{
	connection->state = state;
	sluice_store_relaxed(&connection->counters.state, (uint64_t)state);
	sluice_connection_note_since(connection);
}

bool sluice_connection_is_free(const struct sluice_connection *connection)
{
	return connection->state == SLUICE_TCP_READY && !connection->writing.busy &&
	       connection->protocol->has_room(connection);
}

bool sluice_connection_is_able(const struct sluice_connection *connection)
{
	return sluice_connection_is_free(connection) &&
	       (!connection->carrier.segments ||
		connection->carrier.bytes < connection->group->window);
}

void sluice_connection_tick_by(struct sluice_connection *connection, uint64_t at)
{
	if (!connection->timer.at || at < connection->timer.at)
		sluice_worker_set_timer(connection->group->worker, &connection->timer, at);
}

const char *sluice_connection_name(const struct sluice_connection *connection,
				   char text[SLUICE_CONNECTION_NAME])
{
	snprintf(text, SLUICE_CONNECTION_NAME, "output `%s`, destination %s, worker %u",
		 connection->group->name, sluice_target_text(connection->target),
		 connection->group->worker->number);
	return text;
}

void sluice_connection_tell_no_record(const struct sluice_connection *connection,
				      const struct sluice_feeder *feeder, uint64_t offset,
				      uint64_t bytes)
{
	sluice_error_about(
		SLUICE_ABOUT(.output = connection->group->name,
			     .cpu = SLUICE_NUMBER(feeder->ring->producer->cpu),
			     .bytes = SLUICE_NUMBER(bytes)),
		"output `%s`: the ring of CPU %u holds something that is no record at offset "
		"%llu; %llu bytes are passed over",
		connection->group->name, feeder->ring->producer->cpu, (unsigned long long)offset,
		(unsigned long long)bytes);
}

/* Whose presence it is. */
static struct sluice_presence_name presence_name(const struct sluice_connection *connection)
{
	return (struct sluice_presence_name){.output = connection->group->name,
					     .destination = sluice_target_text(connection->target),
					     .guid = connection->group->output};
}

void sluice_connection_note_there(struct sluice_connection *connection, uint64_t now)
{
	const struct sluice_presence_name name = presence_name(connection);

	if (!connection->told.is_there)
		sluice_presence_arrive(sluice_target_presence(connection->target), &name, now);
	connection->told.is_there = true;
}

void sluice_connection_note_away(struct sluice_connection *connection, const char *what, int error,
				 uint64_t now)
{
	const struct sluice_presence_name name = presence_name(connection);

	sluice_presence_leave(sluice_target_presence(connection->target), &name,
			      connection->told.is_there, what, error, now);
	connection->told.is_there = false;
}

void sluice_connection_note_closed(struct sluice_connection *connection)
{
	if (connection->told.is_there)
		sluice_presence_forget(sluice_target_presence(connection->target));
	connection->told.is_there = false;
}

void sluice_connection_look_after_presence(struct sluice_connection *connection, uint64_t now)
{
	const struct sluice_presence_name name = presence_name(connection);

	sluice_presence_look(sluice_target_presence(connection->target), &name, now);
}
