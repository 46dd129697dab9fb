// SPDX-License-Identifier: MIT
/*
 * The end of a connection: it is given up, what it carried goes back, and after a pause it is made
 * anew. In the connection's worker. Touches: its socket, its timer.
 */
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "connection.h"

/* A connection that lasted so long was a good one, though nothing may have been sent. */
#define LASTED_NS (10 * SLUICE_NS_PER_S)

void sluice_connection_reset_at_close(int fd)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* The pause before the next attempt, ns: between the least and twice the last, at random. @context
 * worker */
static uint64_t next_pause(struct sluice_connection *connection)
{
	const struct sluice_tcp_timing *timing = &connection->group->timing;
	uint64_t least = timing->reconnect_min_ns, pause = connection->attempt.pause, spread;

	if (pause < least)
		pause = least;
	if (pause > timing->reconnect_max_ns)
		pause = timing->reconnect_max_ns;
	connection->attempt.pause = 2 * pause;
	/* Half of it is jitter: workers and relays that lost the same peer do not come back all at
	 * once. */
	spread = pause / 2;
	pause -= spread;
	pause += (spread >> 16) * (sluice_worker_random(connection->group->worker) >> 16);
	return pause < least ? least : pause;
}

void sluice_connection_say_goodbye(struct sluice_connection *connection)
{
	if (connection->protocol->part)
		connection->protocol->part(connection);
}

void sluice_connection_lose(struct sluice_connection *connection, const char *what, int error,
			    uint64_t now)
{
	struct sluice_group *group = connection->group;
	bool was_ready = connection->state == SLUICE_TCP_READY, is_rejecting;
	unsigned int count = 0;
	struct sockaddr_storage address;
	/* TLS says better what it rejects. */
	const char *rejects =
		sluice_secure_reason(connection, sluice_trial_words(group->form.framing));
	char name[SLUICE_CONNECTION_NAME];
	socklen_t length;
	uint64_t pause;

	if (was_ready)
		connection->attempt.was_useless =
			connection->carrier.segments &&
			connection->carrier.done == connection->start.done;
	if (connection->fd >= 0) {
		if (connection->role.disabled)
			sluice_connection_say_goodbye(connection);
		sluice_connection_unpark(connection, NULL);
		connection->protocol->lost(connection);
		sluice_secure_end(connection, connection->role.disabled);
		close(connection->fd);
		connection->fd = -1;
	}
	is_rejecting = sluice_trial_end(
		&connection->trial, sluice_connection_name(connection, name),
		SLUICE_ABOUT_CONNECTION(connection), rejects, connection->role.disabled, now);
	/* Only one that got something done begins again with short pauses: not who accepts and
	 * never reads. */
	if (was_ready && !is_rejecting &&
	    (connection->carrier.done != connection->start.done ||
	     now - connection->start.at >= LASTED_NS))
		connection->attempt.pause = 0;
	sluice_connection_forget(connection);
	connection->input_masked = false;
	connection->unproven = false;
	connection->writing.busy = false;
	connection->writing.more = false;
	connection->writing.corked = false;
	connection->writing.feeder = NULL;
	connection->inbox.used = 0;
	sluice_store_relaxed(&connection->counters.rejecting, (uint64_t)is_rejecting);
	sluice_connection_set_state(connection, SLUICE_TCP_WAITING);
	connection->attempt.deadline = 0;
	sluice_store_relaxed(&connection->counters.what, is_rejecting ? rejects : what);
	sluice_store_relaxed(&connection->counters.error, is_rejecting ? 0 : (uint64_t)error);
	sluice_store_relaxed(&connection->counters.backlog, 0);
	sluice_store_relaxed(&connection->counters.mss, 0);
	sluice_store_relaxed(&connection->counters.pmtu, 0);
	sluice_store_relaxed(&connection->counters.achieved, 0);
	connection->writing.staged = 0;
	connection->load.rate = 0;
	group->changed = true;
	/* Another one may take what came back. */
	group->has_work = true;
	if (connection->role.disabled) {
		sluice_connection_note_closed(connection);
		sluice_outage_give_up(&connection->told.outage,
				      sluice_connection_name(connection, name),
				      SLUICE_ABOUT_CONNECTION(connection), now);
		sluice_worker_set_timer(group->worker, &connection->timer, 0);
		return;
	}
	sluice_connection_note_away(connection, what, error, now);
	sluice_outage_begin(&connection->told.outage, sluice_connection_name(connection, name),
			    SLUICE_ABOUT_CONNECTION(connection), what, error, now);
	connection->attempt.complained = true;
	/* The other addresses of a name are tried at once, the pause comes after all of them. */
	connection->attempt.address++;
	if (was_ready)
		connection->attempt.address_first = connection->attempt.address;
	if (!was_ready &&
	    !sluice_target_address(connection->target, 0, &address, &length, &count) &&
	    connection->attempt.address - connection->attempt.address_first < count) {
		pause = 0;
	} else {
		if (!was_ready)
			sluice_target_refresh(connection->target);
		connection->attempt.address_first = connection->attempt.address;
		pause = next_pause(connection);
	}
	connection->timer.at = 0;
	sluice_worker_set_timer(group->worker, &connection->timer, now + pause + 1);
}

void sluice_connection_cut(struct sluice_connection *connection, const char *what, int error,
			   uint64_t now)
{
	connection->trial.is_cut = true;
	sluice_connection_lose(connection, what, error, now);
}
