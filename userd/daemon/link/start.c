// SPDX-License-Identifier: MIT
/*
 * The start of a connection: its protocol is ready, and it is used at once, or after a trial if its
 * destination rejected others. In the connection's worker. Touches: the connection, the log.
 */
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "connection.h"

/* Has it been lost so often without having done anything that others had better step in? */
static bool comes_and_goes(const struct sluice_connection *connection)
{
	return connection->attempt.pause > 4 * connection->group->timing.reconnect_min_ns;
}

/* It keeps its connection: the log hears that it is there. @context worker */
static void welcome(struct sluice_connection *connection, const char *name, uint64_t now)
{
	if (connection->unproven)
		sluice_store_relaxed(&connection->counters.state, (uint64_t)connection->state);
	connection->unproven = false;
	sluice_store_relaxed(&connection->counters.rejecting, UINT64_C(0));
	sluice_connection_note_there(connection, now);
	if (!sluice_outage_end(&connection->told.outage, name, SLUICE_ABOUT_CONNECTION(connection),
			       now))
		sluice_info_about(SLUICE_ABOUT_CONNECTION(connection), "%s: connected", name);
	sluice_connection_note_since(connection);
	connection->attempt.complained &= comes_and_goes(connection);
}

void sluice_connection_look_at_trial(struct sluice_connection *connection, const char *name,
				     uint64_t now, uint64_t *next)
{
	bool was_rejecting = connection->trial.is_rejecting;

	if (sluice_trial_look(&connection->trial, name, SLUICE_ABOUT_CONNECTION(connection), now,
			      next) == SLUICE_TRIAL_SAME)
		return;
	if (was_rejecting && !connection->trial.is_rejecting)
		welcome(connection, name, now);
	connection->group->changed = connection->group->has_work = true;
}

void sluice_connection_is_ready(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_group *group = connection->group;
	char name[SLUICE_CONNECTION_NAME];

	sluice_connection_set_state(connection, SLUICE_TCP_READY);
	connection->start.done = connection->carrier.done;
	connection->start.at = now;
	connection->health.passed_on = 0;
	connection->health.idle_from = UINT64_MAX;
	connection->start.bytes = connection->counters.bytes;
	connection->attempt.address_first = connection->attempt.address;
	connection->health.measured = 0;
	connection->progress.at = now;
	connection->load.drained = connection->load.given - connection->carrier.bytes;
	connection->load.drained_at = now;
	group->changed = true;
	sluice_count(&connection->counters.connects, 1);
	group->kind->measure(connection, now);
	sluice_connection_name(connection, name);
	/* Who speaks our protocol does not reject us. */
	if (connection->protocol->is_answered)
		(void)sluice_trial_passed(&connection->trial, name,
					  SLUICE_ABOUT_CONNECTION(connection), now);
	sluice_trial_begin(&connection->trial, group->connection_count > 1, now);
	connection->unproven =
		connection->protocol->must_prove && connection->protocol->must_prove(connection);
	/* Nobody was there last time: to a reader it is not there yet. */
	if (connection->unproven && connection->attempt.complained)
		sluice_store_relaxed(&connection->counters.state, (uint64_t)SLUICE_TCP_CONNECTING);
	if (!connection->trial.is_rejecting && !connection->unproven)
		welcome(connection, name, now);
	connection->timer.at = 0;
	sluice_connection_tick_by(connection, connection->trial.until ? connection->trial.until
								      : now + SLUICE_MEASURE_NS);
	group->has_work = true;
}

void sluice_connection_is_proven(struct sluice_connection *connection, uint64_t now)
{
	char name[SLUICE_CONNECTION_NAME];

	if (!connection->unproven)
		return;
	welcome(connection, sluice_connection_name(connection, name), now);
	connection->group->changed = connection->group->has_work = true;
}
