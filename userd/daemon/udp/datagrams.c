// SPDX-License-Identifier: MIT
/*
 * Outputs of `kind: udp`: segments are written as datagrams, many a system call; what the kernel
 * took is released, what it has no room for goes back to its feeder. See udp.h. Between feeders and
 * a socket, in one worker. Touches: the connection, the feeders of its group, the pacers.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "../../lib/barrier.h"
#include "../stream/stream.h"
#include "udp.h"

/* How long the first segment of a connection is held: an answer by ICMP takes a round trip. */
#define PROOF_NS (100 * SLUICE_NS_PER_MS)
/* How long a kernel without memory for more is left alone. */
#define AGAIN_NS (2 * SLUICE_NS_PER_MS)

/* What a write came to. */
enum outcome { GOES_ON, STOPPED, FAILED };

/* struct sluice_protocol.must_prove: the first one to a destination; from an address of somebody
 * else no answer would come back. */
static bool must_prove(const struct sluice_connection *connection)
{
	return !connection->group->preserves &&
	       !sluice_gate_is_open(sluice_target_gate(connection->target));
}

/* struct sluice_protocol.prepare. 0 or -ENOMEM. */
static int prepare(struct sluice_connection *connection)
{
	connection->own = calloc(1, sizeof(struct sluice_udp));
	return connection->own ? 0 : -ENOMEM;
}

/* struct sluice_protocol.dispose. @context worker, or process if never entered */
static void dispose(struct sluice_connection *connection)
{
	if (connection->own) {
		sluice_connection_tell_unsent(connection);
		sluice_udp_tell(connection, UINT64_MAX);
	}
	free(connection->own);
}

/* struct sluice_protocol.begin: nobody is greeted. @context worker */
static void begin(struct sluice_connection *connection, uint64_t now)
{
	sluice_connection_is_ready(connection, now);
}

/* struct sluice_protocol.has_room. @context worker */
static bool has_room(const struct sluice_connection *connection)
{
	const struct sluice_udp *udp = connection->own;

	return !udp->is_held && !udp->is_full && !udp->again_at &&
	       udp->load_count < SLUICE_UDP_LOADS;
}

/* struct sluice_protocol.takes_more. @context worker */
static bool takes_more(const struct sluice_connection *connection, uint64_t bytes)
{
	return has_room(connection) && sluice_connection_batch_has_room(connection, bytes);
}

/* struct sluice_protocol.load: it is read where it lies, by the flush that follows. @context worker
 */
static int load(struct sluice_connection *connection, struct sluice_feeder *feeder, uint64_t id,
		bool alone, uint64_t now)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);
	const uint8_t *span = sluice_feeder_bytes(feeder, segment);
	struct sluice_udp *udp = connection->own;

	(void)alone;
	(void)now;
	if (!span) {
		sluice_feeder_return(feeder, id, segment->start, segment->count);
		return -ENODATA;
	}
	udp->loads[udp->load_count++] =
		(struct sluice_udp_load){.feeder = feeder,
					 .id = id,
					 .span = span,
					 .length = (size_t)sluice_segment_bytes(segment)};
	connection->writing.staged += (size_t)sluice_segment_bytes(segment);
	connection->writing.pending[0].iov_len = 0;
	connection->writing.pending[1].iov_len = 0;
	connection->writing.busy = true;
	return 0;
}

/* These records are with the kernel, or do not go: counted and told. */
static void count(struct sluice_connection *connection, const struct sluice_udp_count *more,
		  uint64_t now)
{
	sluice_count(&connection->counters.sent, more->datagrams);
	sluice_count(&connection->counters.bytes, more->bytes);
	sluice_count(&connection->counters.gaps, more->gaps);
	sluice_count(&connection->counters.truncated, more->truncated);
	sluice_connection_note_unsent(connection, &more->unsent, now);
	sluice_pacer_charge(connection->role.pacer, (size_t)more->bytes, now);
	sluice_pacer_charge(connection->group->pacer, (size_t)more->bytes, now);
}

/* Loads before `upto` are through: they are done, unless they are held. */
static void finish(struct sluice_connection *connection, size_t upto, uint64_t now)
{
	struct sluice_udp *udp = connection->own;

	for (; udp->finished < upto; udp->finished++) {
		struct sluice_udp_load *done = &udp->loads[udp->finished];

		count(connection, &done->rest, now);
		sluice_feeder_unpin(done->feeder, done->id);
		sluice_feeder_finish(done->feeder, done->id);
		((struct sluice_stream *)done->feeder->stream)->moved = true;
	}
	connection->group->has_work = true;
}

/* Gives back what of the loads is not done: from where it is not with the kernel on, or (`whole`)
 * all of it. */
static void give_back(struct sluice_connection *connection, bool whole)
{
	struct sluice_udp *udp = connection->own;

	for (; udp->finished < udp->load_count; udp->finished++) {
		const struct sluice_udp_load *rest = &udp->loads[udp->finished];
		struct sluice_segment *segment = sluice_feeder_segment(rest->feeder, rest->id);
		uint64_t at = whole ? 0 : rest->at, records = whole ? 0 : rest->records;

		((struct sluice_stream *)rest->feeder->stream)->moved = true;
		if (!segment)
			continue;
		if (at && sluice_feeder_cut(rest->feeder, rest->id, segment->start + at, records)) {
			sluice_feeder_unpin(rest->feeder, rest->id);
			sluice_feeder_finish(rest->feeder, rest->id);
		} else {
			sluice_feeder_return(rest->feeder, rest->id, segment->start + at,
					     segment->count - records);
		}
	}
	udp->load_count = udp->finished = 0;
	udp->is_held = false;
	connection->writing.staged = 0;
	connection->group->has_work = true;
}

/* The first `count` messages behind `from` are with the kernel. */
static void commit(struct sluice_connection *connection, size_t from, size_t messages, uint64_t now)
{
	struct sluice_udp *udp = connection->own;
	size_t number;

	for (number = from; number < from + messages; number++) {
		const struct sluice_udp_message *note = &udp->batch.notes[number];
		struct sluice_udp_load *sent = &udp->loads[note->load];

		count(connection, &note->count, now);
		sent->at = note->end;
		sent->records = note->records;
	}
}

/* Message `number` is one datagram that the kernel does not take: it is counted, and the others go.
 */
static void skip(struct sluice_connection *connection, size_t number, int error, uint64_t now)
{
	struct sluice_udp *udp = connection->own;
	struct sluice_udp_message *note = &udp->batch.notes[number];

	note->count.datagrams--;
	note->count.bytes -= note->size;
	sluice_unsent_note(&note->count.unsent,
			   error == EMSGSIZE ? SLUICE_FATE_OVERSIZED : SLUICE_FATE_UNSENDABLE);
	commit(connection, number, 1, now);
}

/* Could the kernel not cut message `number`? Then its datagrams go alone; if it is not for the
 * addresses, so do others of that size. */
static bool could_not_cut(struct sluice_udp *udp, size_t number, int error)
{
	const struct sluice_udp_message *note = &udp->batch.notes[number];

	if (udp->batch.messages[number].msg_hdr.msg_iovlen < 2 ||
	    (error != EMSGSIZE && error != EINVAL && error != EIO && error != EOPNOTSUPP))
		return false;
	if (error == EIO || error == EOPNOTSUPP)
		udp->way.cuts = false;
	else if (!udp->way.preserves)
		udp->way.segment_most = note->part - 1;
	udp->batch.plain_load = note->load;
	udp->batch.plain_upto = note->end;
	sluice_udp_batch_rewind(&udp->batch, udp->loads, note->load);
	return true;
}

/* Sends what is in the batch; *through: the loads before it are. */
static enum outcome send_batch(struct sluice_connection *connection, size_t *through, uint64_t now)
{
	struct sluice_udp *udp = connection->own;
	size_t sent = 0;
	int result;

	while (sent < udp->batch.count) {
		result = sendmmsg(connection->fd, udp->batch.messages + sent,
				  (unsigned int)(udp->batch.count - sent),
				  MSG_DONTWAIT | MSG_NOSIGNAL);
		sluice_count(&connection->counters.writes, 1);
		if (result > 0) {
			commit(connection, sent, (size_t)result, now);
			sent += (size_t)result;
			continue;
		}
		*through = udp->batch.notes[sent].load;
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN) {
			udp->is_full = true;
			return STOPPED;
		}
		if (errno == ENOBUFS || errno == ENOMEM) {
			udp->again_at = now + AGAIN_NS;
			return STOPPED;
		}
		if (could_not_cut(udp, sent, errno))
			return GOES_ON;
		if (errno != EMSGSIZE && !(errno == EINVAL && udp->way.preserves))
			return FAILED;
		skip(connection, sent++, errno, now);
	}
	*through = udp->batch.load;
	return GOES_ON;
}

/* The kernel has no room: who tells when it has? @context worker */
static void wait_for_room(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_udp *udp = connection->own;

	if (udp->is_full &&
	    sluice_worker_change_watch(connection->group->worker, connection->fd,
				       (uint32_t)(EPOLLOUT | EPOLLET), &connection->handler)) {
		udp->is_full = false;
		udp->again_at = now + AGAIN_NS;
	}
	if (udp->again_at)
		sluice_connection_tick_by(connection, udp->again_at);
}

/* Tells of a load that holds something that is no record. */
static void tell_broken(struct sluice_connection *connection, size_t number)
{
	const struct sluice_udp *udp = connection->own;
	const struct sluice_udp_load *broken = &udp->loads[number];
	const struct sluice_segment *segment = sluice_feeder_segment(broken->feeder, broken->id);

	if (segment)
		sluice_connection_tell_no_record(connection, broken->feeder,
						 segment->start + broken->at,
						 broken->length - broken->at);
}

void sluice_udp_flush(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_udp *udp = connection->own;
	enum outcome outcome = GOES_ON;
	size_t broken, through = 0;
	int error = 0;

	connection->signs.wrote = now;
	sluice_udp_batch_begin(&udp->batch);
	while (outcome == GOES_ON && udp->batch.load < udp->load_count) {
		sluice_udp_batch_fill(&udp->batch, udp->loads, udp->load_count,
				      &connection->group->form, &udp->way, &broken);
		outcome = send_batch(connection, &through, now);
		error = errno;
		if (outcome == GOES_ON && broken < udp->load_count)
			tell_broken(connection, broken);
		if (!connection->unproven)
			finish(connection, through, now);
	}
	connection->writing.busy = false;
	connection->writing.more = false;
	if (outcome == FAILED) {
		/* Of what was to prove that somebody is there nothing counts. */
		udp->is_held = connection->unproven;
		sluice_udp_fail(connection, error, now);
	} else if (outcome == STOPPED) {
		finish(connection, through, now);
		give_back(connection, false);
		wait_for_room(connection, now);
	} else if (connection->unproven) {
		udp->is_held = true;
		udp->held_upto = now + PROOF_NS;
		sluice_connection_tick_by(connection, udp->held_upto);
	} else {
		give_back(connection, false);
	}
}

/* struct sluice_protocol.tick: is the proof over, has the kernel memory again? @context worker */
static const char *tick(struct sluice_connection *connection, uint64_t now, uint64_t *next)
{
	struct sluice_udp *udp = connection->own;

	if (sluice_udp_hear(connection, now))
		return NULL;
	sluice_udp_tell(connection, now);
	if (udp->is_held && now >= udp->held_upto) {
		finish(connection, udp->load_count, now);
		give_back(connection, false);
		sluice_gate_open(sluice_target_gate(connection->target));
		sluice_connection_is_proven(connection, now);
	}
	if (udp->again_at && now >= udp->again_at) {
		udp->again_at = 0;
		connection->group->has_work = true;
	}
	if (udp->is_held && udp->held_upto < *next)
		*next = udp->held_upto;
	if (udp->again_at && udp->again_at < *next)
		*next = udp->again_at;
	return NULL;
}

/* struct sluice_protocol.lost: what is held may not have reached anybody, the rest is not with the
 * kernel. */
static void lost(struct sluice_connection *connection)
{
	struct sluice_udp *udp = connection->own;

	give_back(connection, udp->is_held);
	udp->is_full = false;
	udp->again_at = 0;
}

const struct sluice_protocol sluice_protocol_datagrams = {
	.must_prove = must_prove,
	.prepare = prepare,
	.dispose = dispose,
	.begin = begin,
	.load = load,
	.takes_more = takes_more,
	.has_room = has_room,
	.tick = tick,
	.lost = lost,
};
