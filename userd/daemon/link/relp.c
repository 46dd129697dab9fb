// SPDX-License-Identifier: MIT
/*
 * RELP on a connection: each datagram is a `syslog` command with a number of its own, and the
 * receiver answers each. A segment is done when all of its datagrams have been answered; of what a
 * lost connection carried, everything from the first one on that was not goes again. Between
 * feeders and writer.c, in one worker. Touches: the connection, the feeders of its group.
 *
 *      first              written             offered             next
 *   ─────┼───────────────────┼───────────────────┼──────────────────┤    datagrams of the session,
 *        │ with TCP          │ being written     │ staged                by number; 0 is `open`;
 *                                                                        staged: the window is full
 *
 * One that is longer than `max-datagram` takes several numbers, in a row, and counts once: when the
 * last is sent, or answered.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/size.h"
#include "../handover/notes.h"
#include "../handover/parcel.h"
#include "../stream/stream.h"
#include "relp_inner.h"
#include "connection.h"

#define STAGING_FIRST (16U << 10)
/* A receiver that waits so long before each answer has a queue that is full, or nearly: rsyslog
 * waits a second then, and two more before it throws away what it answers 200 for. */
#define LATE_NS (900 * SLUICE_NS_PER_MS)
/* So many answers in a row tell. */
#define LATE_ROW 3U
/* Refusals of one connection are told of once in so long. */
#define REFUSED_NS (60 * SLUICE_NS_PER_S)
/* Bytes of the receiver's words that the log repeats. */
#define WORDS 100U
#define OFFERS "relp_version=0\nrelp_software=sluice," SLUICE_VERSION "\ncommands=syslog"

/* struct sluice_protocol.prepare. 0 or -ENOMEM. */
static int prepare(struct sluice_connection *connection)
{
	struct sluice_relp *relp = calloc(1, sizeof(*relp));

	if (!relp)
		return -ENOMEM;
	connection->own = relp;
	relp->room = STAGING_FIRST;
	relp->staging = malloc(relp->room);
	relp->asked_room = SLUICE_RELP_WINDOW;
	relp->asked = malloc(relp->asked_room * sizeof(*relp->asked));
	connection->inbox.size = SLUICE_RELP_AROUND_MAX + SLUICE_RELP_DATA_MAX;
	connection->inbox.bytes = malloc(connection->inbox.size);
	return relp->staging && relp->asked && connection->inbox.bytes ? 0 : -ENOMEM;
}

/* struct sluice_protocol.dispose. @context worker, or process if never entered */
static void dispose(struct sluice_connection *connection)
{
	struct sluice_relp *relp = connection->own;

	sluice_connection_tell_unsent(connection);
	if (relp) {
		free(relp->staging);
		free(relp->asked);
	}
	free(relp);
	free(connection->inbox.bytes);
}

/* struct sluice_protocol.begin: opens a session. */
static void begin(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_relp *relp = connection->own;

	relp->first = relp->written = relp->offered = relp->next = 1;
	relp->queue_first = relp->queue_next = 0;
	relp->given = 0;
	relp->late_row = relp->quick_row = 0;
	connection->writing.pending[0].iov_base = relp->staging;
	connection->writing.pending[0].iov_len = sluice_relp_write(
		sluice_relp_txnr(0), "open", OFFERS, strlen(OFFERS), relp->staging);
	connection->writing.pending[1].iov_len = 0;
	connection->writing.busy = true;
	sluice_connection_flush(connection, now);
}

/* struct sluice_protocol.has_room: a place in the window, and one in the queue. @context worker */
static bool has_room(const struct sluice_connection *connection)
{
	const struct sluice_relp *relp = connection->own;

	return relp->next - relp->first < SLUICE_RELP_WINDOW &&
	       relp->queue_next - relp->queue_first < SLUICE_RELP_QUEUE;
}

/* Sets what is staged and fits into the window as what is to be written. Nothing is being written.
 */
static void offer(struct sluice_connection *connection)
{
	struct sluice_relp *relp = connection->own;
	size_t end = relp->given;

	relp->offered = relp->next - relp->first < SLUICE_RELP_WINDOW
				? relp->next
				: relp->first + SLUICE_RELP_WINDOW;
	if (relp->offered > relp->written)
		end = sluice_relp_asked_of(relp, relp->offered - 1)->end;
	connection->writing.pending[0].iov_base = relp->staging + relp->given;
	connection->writing.pending[0].iov_len = end - relp->given;
	connection->writing.pending[1].iov_len = 0;
	connection->writing.busy = end > relp->given;
}

/* struct sluice_protocol.load: a segment's datagrams become commands in the staging buffer. Nothing
 * is being written. @context worker */
static int load(struct sluice_connection *connection, struct sluice_feeder *feeder, uint64_t id,
		bool alone, uint64_t now)
{
	struct sluice_relp *relp = connection->own;
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);
	const uint8_t *span = sluice_feeder_bytes(feeder, segment);
	size_t length = (size_t)sluice_segment_bytes(segment), before = connection->writing.staged;
	uint64_t start = relp->next;
	struct sluice_relp_staged staged = {0};
	struct sluice_relp_sent *sent;
	int error = -ENODATA;

	(void)alone;
	((struct sluice_stream *)feeder->stream)->moved = true;
	if (relp->first == relp->next)
		relp->answered = now;
	if (span)
		error = sluice_relp_stage(connection, span, length, false, &staged);
	/* Its end waits for the window: as if it had never been taken, or staged as well if it
	 * cannot be parted. */
	if (!error && staged.consumed < length &&
	    (!staged.consumed ||
	     !sluice_feeder_cut(feeder, id, segment->start + staged.consumed, staged.records)))
		error = sluice_relp_stage(connection, span, length, true, &staged);
	if (error == -ENOMEM || error == -ENODATA) {
		relp->next = start;
		connection->writing.staged = before;
		sluice_feeder_return(feeder, id, segment->start, segment->count);
		return error;
	}
	if (error)
		sluice_connection_tell_no_record(connection, feeder,
						 segment->start + staged.consumed,
						 segment->end - segment->start - staged.consumed);
	/* It is copied: the ring's bytes are needed again only to send them anew. */
	sluice_feeder_unpin(feeder, id);
	sluice_count(&connection->counters.gaps, staged.gaps);
	sluice_count(&connection->counters.split, staged.split);
	sluice_count(&connection->counters.pieces, staged.pieces);
	sluice_count(&connection->counters.truncated, staged.truncated);
	if (relp->next == start) {
		/* Nothing in it to be answered. */
		sluice_feeder_finish(feeder, id);
		sluice_connection_note_unsent(connection, &staged.unsent, now);
		connection->group->has_work = true;
		return 0;
	}
	sent = &relp->queue[relp->queue_next++ % SLUICE_RELP_QUEUE];
	sent->feeder = feeder;
	sent->id = id;
	sent->start = start;
	sent->end = relp->next;
	sent->left = relp->next - start;
	sent->unsent = staged.unsent;
	offer(connection);
	return 0;
}

/* TCP has everything before datagram `upto`. */
static void note_written(struct sluice_connection *connection, uint64_t upto)
{
	struct sluice_relp *relp = connection->own;
	uint64_t datagrams = 0;

	if (upto <= relp->written)
		return;
	for (; relp->written < upto; relp->written++)
		datagrams += !sluice_relp_asked_of(relp, relp->written)->more;
	sluice_count(&connection->counters.sent, datagrams);
}

/* What still waits for the window goes, as far as it has become wider; it counts against the rates.
 */
static void go_on(struct sluice_connection *connection, uint64_t now)
{
	const struct sluice_relp *relp = connection->own;

	if (connection->writing.busy || relp->offered == relp->next)
		return;
	offer(connection);
	sluice_connection_begin(connection, now);
}

/* struct sluice_protocol.written: everything that was offered is with TCP. @context worker */
static void written(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_relp *relp = connection->own;

	note_written(connection, relp->offered);
	sluice_store_relaxed(&connection->counters.backlog, connection->carrier.bytes);
	if (relp->offered == relp->next) {
		connection->writing.staged = 0;
		relp->given = 0;
		return;
	}
	/* The window may have become wider meanwhile. */
	relp->given = sluice_relp_asked_of(relp, relp->offered - 1)->end;
	offer(connection);
	sluice_pacer_charge(connection->role.pacer, connection->writing.pending[0].iov_len, now);
	sluice_pacer_charge(connection->group->pacer, connection->writing.pending[0].iov_len, now);
}

/* What TCP takes for the way there and back, ns. */
static uint64_t round_trip(const struct sluice_connection *connection)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return 0;
	return (uint64_t)info.tcpi_rtt * SLUICE_NS_PER_US;
}

/* Notes how long an answer was waited for: a receiver whose queue is full is known by that alone.
 */
static void time_answer(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_relp *relp = connection->own;
	uint64_t waited = now - relp->answered;
	bool is_full = connection->counters.full;
	char name[SLUICE_CONNECTION_NAME];

	relp->answered = now;
	if (waited >= LATE_NS && waited - LATE_NS >= round_trip(connection)) {
		relp->late_row++;
		relp->quick_row = 0;
	} else if (++relp->quick_row >= LATE_ROW || !is_full) {
		relp->late_row = 0;
	}
	if (is_full == (relp->late_row >= (is_full ? 1 : LATE_ROW)))
		return;
	sluice_store_relaxed(&connection->counters.full, (uint64_t)!is_full);
	sluice_connection_note_since(connection);
	if (is_full)
		sluice_notice_about(SLUICE_ABOUT_CONNECTION(connection),
				    "%s: its answers come quickly again",
				    sluice_connection_name(connection, name));
	else
		sluice_warning_about(
			SLUICE_ABOUT_CONNECTION(connection),
			"%s: its answers come one in a second or more: the receiver's queue "
			"is full, and what it acknowledges may be discarded there (state "
			"`queue-full`)",
			sluice_connection_name(connection, name));
}

/* The receiver said `status` and `words` to a datagram: it does not want it, now or later. */
static void refused(struct sluice_connection *connection, int status, const uint8_t *words,
		    size_t length, uint64_t now)
{
	struct sluice_relp *relp = connection->own;
	char text[WORDS + 1], name[SLUICE_CONNECTION_NAME];
	size_t place;

	sluice_count(&connection->counters.refused, 1);
	if (relp->refused_told && now - relp->refused_told < REFUSED_NS)
		return;
	relp->refused_told = now;
	if (length > WORDS)
		length = WORDS;
	for (place = 0; place < length; place++)
		text[place] = words[place] >= ' ' && words[place] <= '~' ? (char)words[place] : '?';
	text[length] = '\0';
	sluice_warning_about(
		SLUICE_ABOUT_CONNECTION(connection),
		"%s: it refused a datagram: %03d %s; that is not sent again (%llu refused "
		"since the start)",
		sluice_connection_name(connection, name), status, text,
		(unsigned long long)connection->counters.refused);
}

/* The segment that datagram `number`, which is not answered, is of. */
static struct sluice_relp_sent *sent_of(struct sluice_relp *relp, uint64_t number)
{
	uint64_t low = relp->queue_first, high = relp->queue_next, middle;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (relp->queue[middle % SLUICE_RELP_QUEUE].start <= number)
			low = middle;
		else
			high = middle;
	}
	return &relp->queue[low % SLUICE_RELP_QUEUE];
}

/* Has TCP all of datagram `number`, which was offered? */
static bool is_sent(const struct sluice_connection *connection, uint64_t number)
{
	const struct sluice_relp *relp = connection->own;

	return number < relp->written ||
	       (connection->writing.busy &&
		sluice_relp_asked_of(relp, number)->end <=
			(size_t)((uint8_t *)connection->writing.pending[0].iov_base -
				 relp->staging));
}

/* An answer to a datagram. NULL, or why the connection is no good. */
static const char *answered(struct sluice_connection *connection,
			    const struct sluice_relp_frame *frame, uint64_t now)
{
	struct sluice_relp *relp = connection->own;
	const uint8_t *words;
	struct sluice_relp_asked *last;
	uint64_t number;
	struct sluice_relp_sent *sent;
	size_t length;
	int status;

	status = sluice_relp_status(frame, &words, &length);
	if (status < 0)
		return "it sent an answer without a status";
	if (!sluice_relp_find(frame->txnr, relp->first, relp->offered, &number) ||
	    sluice_relp_asked_of(relp, number)->is_answered || !is_sent(connection, number))
		return "it answered what it was never sent, or twice";
	note_written(connection, number + 1);
	time_answer(connection, now);
	last = sluice_relp_asked_of(relp, number + sluice_relp_asked_of(relp, number)->more);
	if (status != 200 && !last->is_refused) {
		last->is_refused = true;
		refused(connection, status, words, length, now);
	} else if (!sluice_relp_asked_of(relp, number)->more && !last->is_refused) {
		sluice_count(&connection->counters.acked, 1);
	}
	sluice_store_relaxed(&connection->counters.faulty, UINT64_C(0));
	/* Of a long segment, too, it is seen that something moves. */
	connection->carrier.done++;
	sluice_relp_asked_of(relp, number)->is_answered = true;
	sent = sent_of(relp, number);
	if (!--sent->left) {
		sluice_feeder_finish(sent->feeder, sent->id);
		sluice_connection_note_unsent(connection, &sent->unsent, now);
		((struct sluice_stream *)sent->feeder->stream)->moved = true;
	}
	while (relp->first < relp->offered && sluice_relp_asked_of(relp, relp->first)->is_answered)
		relp->first++;
	while (relp->queue_first < relp->queue_next &&
	       !relp->queue[relp->queue_first % SLUICE_RELP_QUEUE].left)
		relp->queue_first++;
	sluice_store_relaxed(&connection->counters.backlog, connection->carrier.bytes);
	connection->group->has_work = true;
	return NULL;
}

/* The answer to `open`. NULL, or why the connection is no good; the receiver may have said so
 * itself, then it is lost already. */
static const char *opened(struct sluice_connection *connection,
			  const struct sluice_relp_frame *frame, uint64_t now)
{
	const uint8_t *words;
	size_t length;
	int status = sluice_relp_status(frame, &words, &length);

	if (frame->txnr != sluice_relp_txnr(0))
		return "it answered what it was never sent, or twice";
	if (status < 0)
		return "it sent an answer without a status";
	if (status != 200)
		sluice_connection_lose(connection, "it refuses to open a session", 0, now);
	else if (!sluice_relp_offers(frame, "syslog"))
		sluice_connection_lose(connection, "it does not offer the command `syslog`", 0,
				       now);
	else
		sluice_connection_is_ready(connection, now);
	return NULL;
}

/* Acts on one whole frame. NULL, or why the connection is no good; or it is lost already. */
static const char *understand(struct sluice_connection *connection,
			      const struct sluice_relp_frame *frame, uint64_t now)
{
	if (sluice_relp_is(frame, "serverclose")) {
		sluice_connection_lose(connection, "it closed the session (serverclose)", 0, now);
		return NULL;
	}
	if (!sluice_relp_is(frame, "rsp"))
		return "it sent a command, and only answers are for it to send";
	return connection->state == SLUICE_TCP_READY ? answered(connection, frame, now)
						     : opened(connection, frame, now);
}

/* struct sluice_protocol.received: whole frames are understood, the rest waits. The longest has
 * room. @context worker */
static const char *received(struct sluice_connection *connection, size_t length, uint64_t now)
{
	struct sluice_relp_frame frame;
	const char *what;
	size_t used = 0;
	int error;

	connection->inbox.used += length;
	for (;;) {
		error = sluice_relp_read(connection->inbox.bytes + used,
					 connection->inbox.used - used, &frame);
		if (error == -EAGAIN)
			break;
		if (error == -EMSGSIZE)
			return "it sent an answer that is too long";
		if (error)
			return "what it sent is no RELP (is its input `imrelp`?)";
		what = understand(connection, &frame, now);
		if (what || connection->fd < 0)
			return what;
		used += frame.whole;
	}
	connection->inbox.used -= used;
	memmove(connection->inbox.bytes, connection->inbox.bytes + used, connection->inbox.used);
	go_on(connection, now);
	return NULL;
}

/* struct sluice_protocol.tick: does it answer at all? RELP has no heartbeat, so one that owes
 * nothing may be silent.
 * @context worker */
static const char *tick(struct sluice_connection *connection, uint64_t now, uint64_t *next)
{
	uint64_t since = connection->signs.heard > connection->signs.owed ? connection->signs.heard
									  : connection->signs.owed;

	if (connection->counters.faulty && now - connection->start.at >= SLUICE_MEASURE_NS)
		sluice_store_relaxed(&connection->counters.faulty, UINT64_C(0));
	return sluice_connection_stall(connection, since, now, next);
}

/* struct sluice_protocol.part: ends the session, if no half command stands before that. @context
 * worker */
static void part(struct sluice_connection *connection)
{
	const struct sluice_relp *relp = connection->own;
	uint8_t close[SLUICE_RELP_AROUND_MAX];
	size_t length;

	if (connection->state != SLUICE_TCP_READY || connection->writing.busy)
		return;
	length = sluice_relp_write(sluice_relp_txnr(relp->offered), "close", NULL, 0, close);
	/* Whether it gets there changes nothing. */
	if (connection->secure)
		sluice_secure_say(connection, close, length);
	else
		(void)send(connection->fd, close, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* struct sluice_protocol.lost: of each segment goes again what is behind the first datagram that
 * has no answer, and that itself. */
static void lost(struct sluice_connection *connection)
{
	struct sluice_relp *relp = connection->own;
	uint64_t number;

	sluice_store_relaxed(&connection->counters.full, UINT64_C(0));
	for (; relp->queue_first < relp->queue_next; relp->queue_first++) {
		const struct sluice_relp_sent *sent =
			&relp->queue[relp->queue_first % SLUICE_RELP_QUEUE];
		const struct sluice_segment *segment =
			sluice_feeder_segment(sent->feeder, sent->id);
		const struct sluice_relp_asked *asked;

		((struct sluice_stream *)sent->feeder->stream)->moved = true;
		if (!segment || !sent->left)
			continue;
		number = sent->start > relp->first ? sent->start : relp->first;
		while (number < relp->offered && sluice_relp_asked_of(relp, number)->is_answered)
			number++;
		asked = sluice_relp_asked_of(relp, number);
		sluice_connection_note_unsent(connection, &asked->unsent, sluice_now());
		sluice_feeder_return(sent->feeder, sent->id, segment->start + asked->offset,
				     segment->count - asked->records);
	}
	relp->first = relp->written = relp->offered = relp->next;
}

/* struct sluice_protocol.can_pass: all is answered, and nothing came that is half an answer. */
static bool can_pass(const struct sluice_connection *connection)
{
	const struct sluice_relp *relp = connection->own;

	return relp->first == relp->next && !connection->inbox.used;
}

/* struct sluice_protocol.pass: the number of the session's next command. */
static int pass(const struct sluice_connection *connection, const char *key,
		struct sluice_parcel *parcel)
{
	const struct sluice_relp *relp = connection->own;

	return sluice_parcel_say(parcel, "session %s next=%" PRIu64, key, relp->next);
}

/* struct sluice_protocol.go_on. */
static bool go_on_session(struct sluice_connection *connection, const char *line, const char *key)
{
	struct sluice_relp *relp = connection->own;

	line = sluice_notes_next(NULL, "session", key);
	relp->next = line ? sluice_handover_number(line, "next") : 0;
	relp->first = relp->written = relp->offered = relp->next;
	return relp->next > 0;
}

const struct sluice_protocol sluice_protocol_relp = {
	.is_answered = true,
	.late = "connected, but no answer to the RELP command `open` in time",
	.prepare = prepare,
	.dispose = dispose,
	.begin = begin,
	.load = load,
	.takes_more = sluice_connection_batch_has_room,
	.has_room = has_room,
	.written = written,
	.received = received,
	.tick = tick,
	.part = part,
	.lost = lost,
	.can_pass = can_pass,
	.pass = pass,
	.go_on = go_on_session,
};
