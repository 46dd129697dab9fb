// SPDX-License-Identifier: MIT
/*
 * How a connection is doing: what TCP says of the path, whether the peer still takes anything, whether it holds the others
 * back. Beside the path of the data, about once a second, in the connection's worker. Touches: its socket, to
 * ask.
 */
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "../../lib/barrier.h"
#include "output.h"
#include "tcp.h"

/* A connection that acknowledged nothing for so long gives way when the ring is nearly full. Shorter than dead_after, which is
 * for peers that nobody waits for. */
#define STALL_NS SLUICE_NS_PER_S

/* Asks TCP for what the report shows. */
void sluice_connection_measure(struct sluice_connection *connection, uint64_t now)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	uint64_t passed = now - connection->measured, bytes = connection->counters.bytes;

	if (passed < SLUICE_MEASURE_NS)
		return;
	if (connection->measured)
		sluice_store_relaxed(&connection->counters.achieved,
				     (uint64_t)((double)(bytes - connection->bytes_seen) * 8 *
						SLUICE_NS_PER_S / (double)passed));
	connection->measured = now;
	connection->bytes_seen = bytes;
	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return;
	sluice_store_relaxed(&connection->counters.mss, (uint64_t)info.tcpi_snd_mss);
	sluice_store_relaxed(&connection->counters.pmtu, (uint64_t)info.tcpi_pmtu);
}

/*
 * Does this connection hold the others back? It does if a ring is nearly full because of a span that it carries and of
 * which nothing was acknowledged for a while, or (hash) if what is next is its own and it has no room; and another
 * connection could take it. A receiver that is merely slow is
 * not: its oldest span changes.
 */
bool sluice_connection_holds_back(struct sluice_connection *connection, uint64_t now)
{
	const struct sluice_output *output = connection->output;
	const struct sluice_segment *oldest;
	bool is_needed = false;
	size_t number;

	if (connection->carrier.done != connection->done_seen || !connection->carrier.segments) {
		connection->done_seen = connection->carrier.done;
		connection->grown = now;
	}
	if (now - connection->grown < STALL_NS)
		return false;
	for (number = 0; number < output->feeder_count && !is_needed; number++) {
		const struct sluice_feeder *feeder = output->feeders[number];
		uint64_t size = feeder->ring->mask + 1;

		/* What is on the disk holds nobody back. */
		if (!sluice_feeder_is_first(feeder))
			continue;
		oldest = sluice_feeder_segment(feeder, feeder->first);
		is_needed = oldest && oldest->carrier == &connection->carrier &&
			    sluice_ring_head(feeder->ring) - oldest->start > size / 4 * 3;
	}
	if (!is_needed && output->blocker != connection)
		return false;
	for (number = 0; number < output->connection_count; number++)
		if (output->connections[number] != connection &&
		    output->connections[number]->state == SLUICE_TCP_READY &&
		    now - output->connections[number]->grown < 2 * STALL_NS)
			return true;
	return false;
}

void sluice_connection_idles(struct sluice_connection *connection)
{
	if (connection->idle_from == UINT64_MAX)
		connection->idle_from = connection->counters.bytes - connection->bytes_ready;
}

/*
 * Notes whether the peer's TCP took something since the last look: a slow receiver is alive, however large the span is that
 * it is being sent.
 */
void sluice_connection_look(struct sluice_connection *connection, uint64_t now)
{
	uint64_t passed_on = connection->counters.bytes - connection->bytes_ready;
	int waiting = 0;

	if (ioctl(connection->fd, SIOCOUTQ, &waiting) || waiting < 0 ||
	    (uint64_t)waiting > passed_on)
		return;
	passed_on -= (uint64_t)waiting;
	/* A kernel takes heartbeats for a peer that never reads them: they are no sign of life. */
	if (passed_on > connection->passed_on && connection->passed_on < connection->idle_from)
		connection->moved = now;
	connection->passed_on = passed_on;
}

const char *sluice_connection_stall(const struct sluice_connection *connection, uint64_t since,
				    uint64_t now, uint64_t *next)
{
	uint64_t dead = connection->output->timing.dead_after_ns;

	if (connection->moved > since)
		since = connection->moved;
	if (!connection->carrier.segments)
		return NULL;
	if (now >= since + dead)
		return "nothing came from it and its TCP took nothing for longer than "
		       "`dead-after`, though it owes acknowledgements";
	if (since + dead < *next)
		*next = since + dead;
	return NULL;
}
