// SPDX-License-Identifier: MIT
/*
 * What is written to a connection: one segment at a time without blocking, or (mode `hash`) many
 * short ones that waited at it. Between an output and a socket, in the connection's worker.
 * Touches: the socket, the pacers.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "../../lib/barrier.h"
#include "connection.h"

void sluice_connection_flush(struct sluice_connection *connection, uint64_t now)
{
	struct msghdr message = {.msg_iov = connection->writing.pending, .msg_iovlen = 2};
	struct sluice_cost_mark before;
	size_t place;
	ssize_t sent;

	while (connection->writing.busy) {
		before = sluice_cost_enter(SLUICE_COST_SEND, &connection->group->cost);
		if (connection->secure)
			sent = sluice_secure_send(connection);
		else
			sent = sendmsg(connection->fd, &message,
				       MSG_NOSIGNAL | MSG_DONTWAIT |
					       (connection->writing.more ? MSG_MORE : 0));
		sluice_cost_leave(before);
		if (sent < 0) {
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN)
				sluice_connection_cut(
					connection,
					sluice_secure_reason(connection, "writing to it failed"),
					errno, now);
			return;
		}
		sluice_count(&connection->counters.writes, 1);
		sluice_count(&connection->counters.bytes, (uint64_t)sent);
		sluice_cost_count(SLUICE_COST_SEND, 0, (uint64_t)sent);
		connection->signs.wrote = now;
		if (!connection->health.unanswered)
			connection->health.unanswered = now;
		for (place = 0; place < 2; place++) {
			struct iovec *part = &connection->writing.pending[place];
			size_t step = (size_t)sent < part->iov_len ? (size_t)sent : part->iov_len;

			part->iov_base = (uint8_t *)part->iov_base + step;
			part->iov_len -= step;
			sent -= (ssize_t)step;
		}
		if (connection->writing.pending[0].iov_len +
			    connection->writing.pending[1].iov_len &&
		    connection->secure)
			continue; /* that was one record */
		if (connection->writing.pending[0].iov_len + connection->writing.pending[1].iov_len)
			break; /* no room: TCP noted that we want some, EPOLLOUT will tell
				  (tcp_sendmsg) */
		connection->writing.busy = false;
		connection->writing.corked = connection->writing.more && !connection->secure;
		connection->protocol->written(connection, now);
		connection->writing.feeder = NULL;
		connection->group->has_work = true;
	}
	connection->writing.more = false;
}

void sluice_connection_push(struct sluice_connection *connection)
{
	const int on = 1;

	if (!connection->writing.corked || connection->writing.busy || connection->fd < 0)
		return;
	connection->writing.corked = false;
	/* Setting it anew sends what waits for a full segment (tcp_sock_set_nodelay). */
	(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

bool sluice_connection_batch_has_room(const struct sluice_connection *connection, uint64_t bytes)
{
	(void)bytes;
	return connection->writing.staged < connection->group->batch_bytes;
}

/* What was to be sent found no memory: gives the connection up, so that it is tried again after a
 * pause. @context worker */
static void starve(struct sluice_connection *connection, uint64_t now)
{
	sluice_connection_lose(connection, "there is no memory for what it is to be sent", 0, now);
}

void sluice_connection_begin(struct sluice_connection *connection, uint64_t now)
{
	size_t bytes =
		connection->writing.pending[0].iov_len + connection->writing.pending[1].iov_len;

	if (!connection->writing.busy)
		return;
	connection->health.idle_from = UINT64_MAX;
	if (!connection->trial.given)
		connection->trial.given = now;
	sluice_pacer_charge(connection->role.pacer, bytes, now);
	sluice_pacer_charge(connection->group->pacer, bytes, now);
	connection->group->kind->flush(connection, now);
}

bool sluice_connection_send(struct sluice_connection *connection, struct sluice_feeder *feeder,
			    size_t bytes, uint64_t now)
{
	const struct sluice_segment *segment;
	uint64_t id;
	bool again;
	int error;

	if (!connection->carrier.segments)
		connection->signs.owed = now;
	segment = sluice_feeder_take(feeder, bytes, &connection->carrier, &id, &again);
	if (!segment)
		return false;
	if (again)
		sluice_count(&connection->counters.resent, segment->count);
	connection->load.given += sluice_segment_bytes(segment);
	sluice_cost_count(SLUICE_COST_BUILD, segment->count, sluice_segment_bytes(segment));
	error = connection->protocol->load(connection, feeder, id, true, now);
	if (error == -ENOMEM)
		starve(connection, now);
	if (error)
		return false;
	/* As long as more is waiting only whole segments leave. */
	connection->writing.more = sluice_feeder_look(feeder);
	sluice_connection_begin(connection, now);
	return true;
}

bool sluice_connection_send_parked(struct sluice_connection *connection, size_t bytes, uint64_t now)
{
	uint64_t before = connection->parking.first;
	const struct sluice_segment *segment;

	while (connection->parking.first < connection->parking.next &&
	       connection->protocol->has_room(connection)) {
		struct sluice_parked *parked =
			&connection->parking.list[connection->parking.first % SLUICE_PARKED];

		segment = sluice_feeder_segment(parked->feeder, parked->id);
		if (segment && connection->writing.staged &&
		    connection->writing.staged + sluice_segment_bytes(segment) > bytes)
			break;
		if (segment &&
		    !connection->protocol->takes_more(connection, sluice_segment_bytes(segment)))
			break;
		connection->parking.first++;
		/* One that went back for want of memory would come again at once: after a pause. */
		if (segment && connection->protocol->load(connection, parked->feeder, parked->id,
							  false, now) == -ENOMEM) {
			starve(connection, now);
			return true;
		}
		if (segment)
			sluice_cost_count(SLUICE_COST_BUILD, segment->count,
					  sluice_segment_bytes(segment));
	}
	sluice_connection_begin(connection, now);
	return connection->parking.first > before;
}
