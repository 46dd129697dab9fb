// SPDX-License-Identifier: MIT
/*
 * How a connection is doing: what TCP says of the path, whether the peer still takes anything,
 * whether it holds the others back. Beside the path of the data, about once a second, in the
 * connection's worker. Touches: its socket, to ask.
 */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/size.h"
#include "connection.h"

/* So many times dead_after a receiver that is there and does not read is waited for. */
#define PATIENCE 6U
/* A peer that has said all has so long to acknowledge what is under way, or four round trips if
 * that is longer. */
#define HALF_NS (200 * SLUICE_NS_PER_MS)
/* What TCP sent in vain before a peer that has no room counts as gone. */
#define TRIES 2U

bool sluice_connection_measure_rate(struct sluice_connection *connection, uint64_t now)
{
	uint64_t passed = now - connection->health.measured, bytes = connection->counters.bytes;

	if (passed < SLUICE_MEASURE_NS)
		return false;
	if (connection->health.measured)
		sluice_store_relaxed(&connection->counters.achieved,
				     (uint64_t)((double)(bytes - connection->health.bytes_seen) *
						8 * SLUICE_NS_PER_S / (double)passed));
	connection->health.measured = now;
	connection->health.bytes_seen = bytes;
	return true;
}

void sluice_connection_measure(struct sluice_connection *connection, uint64_t now)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	if (!sluice_connection_measure_rate(connection, now))
		return;
	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return;
	sluice_store_relaxed(&connection->counters.mss, (uint64_t)info.tcpi_snd_mss);
	sluice_store_relaxed(&connection->counters.pmtu, (uint64_t)info.tcpi_pmtu);
}

void sluice_connection_idles(struct sluice_connection *connection)
{
	if (connection->health.idle_from == UINT64_MAX)
		connection->health.idle_from = connection->counters.bytes - connection->start.bytes;
}

/* A fraction of dead_after, no more than a second: so often TCP is asked for a peer that has not
 * taken everything. */
static uint64_t step_of(const struct sluice_connection *connection)
{
	uint64_t step = connection->group->timing.dead_after_ns / 8;

	return step < SLUICE_STALL_NS ? step : SLUICE_STALL_NS;
}

/*
 * Asks TCP when something last came from the peer, were it only the answer to a probe of its shut
 * window, and what was sent in vain since.
 */
static void ask(struct sluice_connection *connection, uint64_t now)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);
	uint64_t answered;

	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return;
	connection->health.asked = now;
	answered = now - (uint64_t)info.tcpi_last_ack_recv * SLUICE_NS_PER_MS;
	if (!connection->health.unanswered)
		connection->health.unanswered = now;
	if (answered > connection->health.unanswered) {
		connection->health.unanswered = answered;
		connection->health.repeats = info.tcpi_total_retrans;
	}
	connection->health.tries =
		info.tcpi_probes + info.tcpi_total_retrans - connection->health.repeats;
	/*
	 * Its window is shut (Linux 5.4 tells; what waits while nothing is under way finds it too
	 * small), or what it said last was that it has no room for what it was sent.
	 */
	connection->health.is_full =
		(!info.tcpi_unacked && info.tcpi_notsent_bytes) ||
		(length > offsetof(struct tcp_info, tcpi_snd_wnd) && !info.tcpi_snd_wnd) ||
		(answered > connection->health.moved && answered > connection->signs.owed);
	connection->health.was_full |= connection->health.is_full;
}

/* Notes whether the connection is slow, for the report; begin and end of it for the log. */
static void note_slow(struct sluice_connection *connection, uint64_t now)
{
	uint64_t since = connection->health.moved > connection->start.at ? connection->health.moved
									 : connection->start.at;
	uint64_t dead = connection->group->timing.dead_after_ns;
	char lasted[SLUICE_SIZE_TEXT], name[SLUICE_CONNECTION_NAME];
	bool is_slow;

	if (connection->health.is_full && now - since >= 2 * step_of(connection))
		connection->health.full_at = now;
	is_slow = connection->health.unanswered && connection->health.full_at &&
		  now - connection->health.full_at < dead;
	sluice_store_relaxed(&connection->counters.slow, (uint64_t)is_slow);
	if (!is_slow && connection->told.is_slow) {
		connection->told.is_slow = false;
		sluice_notice_about(SLUICE_ABOUT_CONNECTION(connection),
				    "%s: it reads again, after %s",
				    sluice_connection_name(connection, name),
				    sluice_duration_say(now - connection->told.slow_since, lasted));
	}
	sluice_connection_note_since(connection);
	if (!is_slow || connection->told.is_slow || now - since < dead)
		return;
	connection->told.is_slow = true;
	connection->told.slow_since = since;
	sluice_warning_about(
		SLUICE_ABOUT_CONNECTION(connection),
		"%s: it is there and has read nothing for longer than `dead-after`; what is "
		"under way to it waits (state `slow`)",
		sluice_connection_name(connection, name));
}

void sluice_connection_forget(struct sluice_connection *connection)
{
	connection->health.unanswered = 0;
	connection->health.asked = 0;
	connection->health.repeats = 0;
	connection->health.tries = 0;
	connection->health.is_full = connection->health.was_full = connection->health.has_read =
		false;
	connection->health.full_at = 0;
	connection->half.has_ended = false;
	connection->told.is_slow = false;
	sluice_store_relaxed(&connection->counters.slow, UINT64_C(0));
}

/*
 * Notes whether the peer's TCP took something since the last look: a slow receiver is alive,
 * however large the span is that it is being sent.
 */
void sluice_connection_look(struct sluice_connection *connection, uint64_t now)
{
	uint64_t passed_on = connection->counters.bytes - connection->start.bytes;
	uint64_t missing;
	int waiting = 0;

	if (ioctl(connection->fd, SIOCOUTQ, &waiting) || waiting < 0)
		return;
	missing = (uint64_t)waiting;
	if (connection->secure)
		missing = sluice_secure_written(connection) -
			  sluice_secure_acknowledged(connection, (uint64_t)waiting);
	if (missing > passed_on)
		return;
	passed_on -= missing;
	/* A kernel takes heartbeats for a peer that never reads them: they are no sign of life. */
	if (passed_on > connection->health.passed_on &&
	    connection->health.passed_on < connection->health.idle_from) {
		connection->health.moved = now;
		connection->health.has_read |= connection->health.was_full;
	}
	connection->health.passed_on = passed_on;
	if (!waiting) {
		connection->health.unanswered = 0;
		connection->health.is_full = false;
		connection->health.full_at = 0;
	} else if (now - connection->health.asked >= step_of(connection)) {
		ask(connection, now);
	}
	note_slow(connection, now);
}

/* Asks TCP how many bytes wait for the acknowledgement of a peer that said all. 0: none, or it has
 * no room for them. *wait: how long it has for it. */
static int unacknowledged(const struct sluice_connection *connection, uint64_t *wait)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);
	int waiting = 0;

	*wait = HALF_NS;
	if (ioctl(connection->fd, SIOCOUTQ, &waiting) ||
	    getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return 0;
	if (4 * (uint64_t)info.tcpi_rtt * SLUICE_NS_PER_US > *wait)
		*wait = 4 * (uint64_t)info.tcpi_rtt * SLUICE_NS_PER_US;
	return waiting > 0 && info.tcpi_unacked && info.tcpi_snd_wnd ? waiting : 0;
}

/* Looks again later whether what waits now was acknowledged. */
static void look_later(struct sluice_connection *connection, uint64_t now)
{
	uint64_t wait;
	int waiting = unacknowledged(connection, &wait);

	connection->half.mark =
		waiting ? connection->counters.bytes - (uint64_t)waiting : UINT64_MAX;
	connection->half.due = now + wait;
}

void sluice_connection_half(struct sluice_connection *connection, uint64_t now)
{
	connection->half.has_ended = true;
	connection->trial.parted = now;
	connection->half.at = connection->counters.bytes - connection->start.bytes;
	look_later(connection, now);
	sluice_connection_tick_by(connection, connection->half.due);
}

/* Is a peer that said all gone? It is if it left what was under way a while ago unacknowledged,
 * although it has room. */
static bool is_gone(const struct sluice_connection *connection)
{
	uint64_t wait;
	int waiting = unacknowledged(connection, &wait);

	return waiting && connection->counters.bytes - (uint64_t)waiting == connection->half.mark;
}

const char *sluice_connection_silence(struct sluice_connection *connection, uint64_t now,
				      uint64_t *next)
{
	uint64_t dead = connection->group->timing.dead_after_ns;

	if (connection->half.has_ended && now >= connection->half.due) {
		if (is_gone(connection)) {
			connection->trial.is_cut = true;
			return "the peer closed the connection";
		}
		look_later(connection, now);
	}
	if (connection->half.has_ended && connection->half.due < *next)
		*next = connection->half.due;
	if (!connection->health.unanswered)
		return NULL;
	/* What came since TCP was last asked counts. */
	if (now >= connection->health.unanswered + dead)
		ask(connection, now);
	if (now < connection->health.unanswered + dead) {
		if (connection->health.unanswered + dead < *next)
			*next = connection->health.unanswered + dead;
		return NULL;
	}
	/* Probes of a shut window come ever more seldom: one that was not due yet says nothing. */
	return connection->health.is_full && connection->health.tries < TRIES
		       ? NULL
		       : "nothing at all came back from it for longer than `dead-after`";
}

/*
 * How many times dead_after a receiver is waited for that is there and does not read; 0: for ever.
 * One that has never taken anything gives way to others at once; one that has, and that nobody
 * could stand in for, would get the same again.
 */
static unsigned int patience_with(const struct sluice_connection *connection)
{
	bool has_worked =
		connection->health.has_read || connection->carrier.done != connection->start.done;

	if (has_worked)
		return sluice_connection_is_replaceable(connection) ? PATIENCE : 0;
	return sluice_connection_is_replaceable(connection) ? 1 : PATIENCE;
}

const char *sluice_connection_stall(const struct sluice_connection *connection, uint64_t since,
				    uint64_t now, uint64_t *next)
{
	uint64_t dead = connection->group->timing.dead_after_ns;

	if (connection->health.moved > since)
		since = connection->health.moved;
	if (!connection->carrier.segments)
		return NULL;
	if (connection->health.is_full) {
		dead *= patience_with(connection);
		if (!dead)
			return NULL;
	} else if (!connection->health.unanswered &&
		   !sluice_connection_is_replaceable(connection)) {
		/* Its TCP has all of it: one that reads slowly has yet to come to what it is to
		 * answer. */
		dead *= PATIENCE;
	}
	if (now >= since + dead)
		return connection->health.is_full
			       ? "it is there, and has read nothing for too long"
			       : "nothing came from it and its TCP took nothing for "
				 "longer than `dead-after`, though it owes "
				 "acknowledgements";
	if (since + dead < *next)
		*next = since + dead;
	return NULL;
}

void sluice_connection_tell_outages(struct sluice_connection *connection, uint64_t now)
{
	char name[SLUICE_CONNECTION_NAME] = "";

	/* One that was never entered has no name yet, and nothing to tell. */
	if (sluice_outage_is_open(&connection->told.outage) || connection->told.unconfirmed.untold)
		sluice_connection_name(connection, name);
	sluice_outage_close(&connection->told.outage, name, SLUICE_ABOUT_CONNECTION(connection),
			    now);
	sluice_unconfirmed_look(&connection->told.unconfirmed, name,
				SLUICE_ABOUT_CONNECTION(connection), true, now);
}
