// SPDX-License-Identifier: MIT
/*
 * Plain framings on a connection: the records of a segment are framed into a staging buffer and
 * written; the segment is done when TCP has acknowledged its last byte, which is all that can be
 * known of such a receiver ("sent, unconfirmed"). Between feeders and writer.c, in one worker.
 * Touches: the connection, the feeders of its group.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "../../lib/barrier.h"
#include "../../lib/buffer.h"
#include "../../lib/record.h"
#include "../handover/notes.h"
#include "../handover/parcel.h"
#include "../stream/stream.h"
#include "framing.h"
#include "connection.h"

#define INBOX (4U << 10) /* what a plain receiver says is thrown away */
/* Segments that wait for TCP's acknowledgement, or had it lately. */
#define QUEUE 1024U
/* What TCP acknowledged less than so long before the peer ended the connection is in doubt. */
#define DOUBT_NS SLUICE_NS_PER_S
/* How often TCP is asked what it got acknowledged: soon at first, then at leisure. */
#define ASK_FIRST_NS (5 * SLUICE_NS_PER_MS)
#define ASK_MOST_NS (100 * SLUICE_NS_PER_MS)

/* A segment whose bytes are [start, end) of the connection. */
struct sent {
	struct sluice_feeder *feeder;
	uint64_t id;
	uint64_t start, end;
	uint64_t datagrams;
	struct sluice_unsent unsent; /* of it, not among these bytes */
	uint64_t acked; /* when we saw that TCP has all of it; of those before `first` */
	bool is_kept;	/* likewise: the segment is not done yet, so that it can be sent again */
};

struct sluice_plain {
	uint8_t *staging;
	size_t room;
	uint8_t *framed; /* a segment that is about to be compressed; NULL: none has been */
	size_t framed_room;
	uint64_t queued;      /* bytes of the connection that were staged so far */
	uint64_t confirmed;   /* of them, acknowledged by TCP when we last asked */
	uint64_t pause;	      /* until it is asked again */
	uint64_t settled;     /* of queue: what lies from here to `first` TCP acknowledged lately */
	uint64_t first, next; /* of queue */
	uint64_t written;     /* of queue: what lies before is with TCP, and counts as sent */
	struct sent queue[QUEUE];
};

/* struct sluice_protocol.prepare: staging buffer and queue. 0 or -ENOMEM. */
static int prepare(struct sluice_connection *connection)
{
	struct sluice_plain *plain = calloc(1, sizeof(*plain));

	if (!plain)
		return -ENOMEM;
	connection->own = plain;
	plain->room = connection->group->batch_bytes + SLUICE_FRAMING_RECORD_MAX;
	plain->staging = malloc(plain->room);
	connection->inbox.size = INBOX;
	connection->inbox.bytes = malloc(INBOX);
	return plain->staging && connection->inbox.bytes ? 0 : -ENOMEM;
}

/* struct sluice_protocol.dispose. @context worker, or process if never entered */
static void dispose(struct sluice_connection *connection)
{
	struct sluice_plain *plain = connection->own;

	sluice_connection_tell_unsent(connection);
	if (plain) {
		free(plain->staging);
		free(plain->framed);
	}
	free(plain);
	free(connection->inbox.bytes);
}

/* struct sluice_protocol.begin: nothing to say but the framing's preamble, so it is ready. @context
 * worker */
static void begin(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_plain *plain = connection->own;
	const void *preamble;
	size_t length;

	sluice_compress_restart(connection);
	preamble = sluice_framing_preamble(connection->group->form, &length);
	if (length && connection->group->form.packs) {
		length = sluice_compress_frame(connection, preamble, length, &plain->staging,
					       &plain->room, 0, now);
		preamble = plain->staging;
		if (!length) {
			sluice_connection_lose(connection, "there is no memory to compress by", 0,
					       now);
			return;
		}
	}
	plain->queued = length;
	plain->confirmed = 0;
	plain->settled = 0;
	plain->first = 0;
	plain->next = 0;
	plain->written = 0;
	plain->pause = ASK_FIRST_NS;
	sluice_connection_is_ready(connection, now);
	connection->writing.pending[0].iov_base = (void *)(uintptr_t)preamble;
	connection->writing.pending[0].iov_len = length;
	connection->writing.pending[1].iov_len = 0;
	connection->writing.busy = length > 0;
	sluice_connection_flush(connection, now);
}

/* struct sluice_protocol.has_room: a place in the queue. @context worker */
static bool has_room(const struct sluice_connection *connection)
{
	const struct sluice_plain *plain = connection->own;

	return plain->next - plain->first < QUEUE;
}

/* Bytes of the connection that the peer's TCP has acknowledged. */
static uint64_t ask(struct sluice_connection *connection)
{
	struct sluice_plain *plain = connection->own;
	uint64_t given = plain->queued - connection->writing.pending[0].iov_len;
	int waiting = 0;

	/* Still right after the connection broke (tcp_ioctl: write_seq - snd_una). */
	if (connection->fd < 0 || ioctl(connection->fd, SIOCOUTQ, &waiting) || waiting < 0)
		return plain->confirmed;
	if (connection->secure)
		return plain->confirmed = sluice_secure_acknowledged(connection, (uint64_t)waiting);
	if (given > (uint64_t)waiting && given - (uint64_t)waiting > plain->confirmed)
		plain->confirmed = given - (uint64_t)waiting;
	return plain->confirmed;
}

/* The segment is done: what of it did not go is told now, once. */
static void finish(struct sluice_connection *connection, const struct sent *sent, uint64_t now)
{
	sluice_feeder_finish(sent->feeder, sent->id);
	sluice_connection_note_unsent(connection, &sent->unsent, now);
	((struct sluice_stream *)sent->feeder->stream)->moved = true;
	connection->group->has_work = true;
}

/* The oldest segment in doubt is in doubt no more. */
static void settle_one(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_plain *plain = connection->own;
	const struct sent *sent = &plain->queue[plain->settled++ % QUEUE];

	if (sent->is_kept)
		finish(connection, sent, now);
}

/*
 * Does the oldest segment in doubt take room that others need: a good part of what may be under
 * way, or of a ring that is nearly full? A peer's kernel holds less than that unread.
 */
static bool is_in_the_way(const struct sluice_connection *connection)
{
	const struct sluice_plain *plain = connection->own;
	const struct sent *sent = &plain->queue[plain->settled % QUEUE];
	const struct sluice_segment *segment;

	if (!sent->is_kept)
		return false;
	segment = sluice_feeder_segment(sent->feeder, sent->id);
	return !segment || connection->carrier.bytes > connection->group->window / 4 ||
	       (sluice_feeder_is_first(sent->feeder) &&
		sluice_ring_head(sent->feeder->ring) - segment->start >
			(sent->feeder->ring->mask + 1) / 4 * 3);
}

/* When the oldest segment in doubt is in doubt no more, as long as the peer does not end the
 * connection. */
static uint64_t settles_at(const struct sluice_connection *connection)
{
	const struct sluice_plain *plain = connection->own;
	uint64_t due = plain->queue[plain->settled % QUEUE].acked + DOUBT_NS;
	uint64_t young = sluice_trial_young_until(&connection->trial);

	return due > young ? due : young;
}

/* Has the peer said that it will send no more, and was it not seen to take anything since? Then
 * time proves nothing. */
static bool is_parted(const struct sluice_connection *connection)
{
	const struct sluice_plain *plain = connection->own;

	return connection->half.has_ended && plain->confirmed <= connection->half.at;
}

/* Ends the doubt about what was acknowledged long enough ago. */
static void settle(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_plain *plain = connection->own;
	uint64_t upto = is_parted(connection) ? connection->trial.parted : now;

	while (plain->settled < plain->first &&
	       (upto >= settles_at(connection) || is_in_the_way(connection)))
		settle_one(connection, now);
}

/* Segments before `upto` are with TCP: they count as sent. */
static void note_written(struct sluice_connection *connection, uint64_t upto)
{
	struct sluice_plain *plain = connection->own;

	for (; plain->written < upto; plain->written++)
		sluice_count(&connection->counters.sent,
			     plain->queue[plain->written % QUEUE].datagrams);
}

/* Notes the segments that TCP has got acknowledged: they are done, or soon. Returns true if there
 * was one. */
static bool confirm(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_plain *plain = connection->own;
	uint64_t confirmed = ask(connection), before = plain->first;

	while (plain->first < plain->next && plain->queue[plain->first % QUEUE].end <= confirmed) {
		struct sent *sent = &plain->queue[plain->first++ % QUEUE];

		sent->acked = now;
		sent->is_kept = connection->group->resends;
		if (!sent->is_kept)
			finish(connection, sent, now);
	}
	/* Others of the same write may not be with TCP yet. */
	note_written(connection, plain->first);
	settle(connection, now);
	sluice_store_relaxed(&connection->counters.backlog, plain->queued - confirmed);
	if (plain->first == before)
		return false;
	connection->group->has_work = true;
	return true;
}

/* Frames the segment behind the `used` bytes of *bytes, which hold *size; if it does not fit, as
 * much as fits, and the rest is as if never taken. */
static int frame(struct sluice_connection *connection, struct sluice_feeder *feeder, uint64_t id,
		 uint8_t **bytes, size_t *size, size_t used, struct sluice_framed *framed)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);
	size_t length = (size_t)sluice_segment_bytes(segment), room;
	const uint8_t *span = sluice_feeder_bytes(feeder, segment);
	int error;

	error = sluice_framing_write(connection->group->form, span, length, *bytes + used,
				     *size - used, framed);
	if (error || framed->consumed == length ||
	    (framed->consumed &&
	     sluice_feeder_cut(feeder, id, segment->start + framed->consumed, framed->records)))
		return error;
	/* It was cut for a connection with a larger buffer (batch.bytes was changed): make this one
	 * as large. */
	room = used + 4 * length + SLUICE_FRAMING_RECORD_MAX;
	if (!sluice_buffer_grow(bytes, size, room))
		return -ENOMEM;
	return sluice_framing_write(connection->group->form, span, length, *bytes + used,
				    *size - used, framed);
}

/* The same, compressed: each segment is a frame of libzstd's, so that positions in the connection
 * belong to segments as without. */
static int frame_packed(struct sluice_connection *connection, struct sluice_feeder *feeder,
			uint64_t id, struct sluice_framed *framed, uint64_t now)
{
	struct sluice_plain *plain = connection->own;
	int error;

	if (!sluice_buffer_grow(&plain->framed, &plain->framed_room,
				connection->group->batch_bytes + SLUICE_FRAMING_RECORD_MAX))
		return -ENOMEM;
	error = frame(connection, feeder, id, &plain->framed, &plain->framed_room, 0, framed);
	if (error == -ENOMEM || !framed->written)
		return error;
	framed->written =
		sluice_compress_frame(connection, plain->framed, framed->written, &plain->staging,
				      &plain->room, connection->writing.staged, now);
	return framed->written ? error : -ENOMEM;
}

/* struct sluice_protocol.load: a segment's records, framed into the staging buffer. @context worker
 */
static int load(struct sluice_connection *connection, struct sluice_feeder *feeder, uint64_t id,
		bool alone, uint64_t now)
{
	struct sluice_plain *plain = connection->own;
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);
	struct sluice_framed framed;
	struct sent *sent;
	int error;

	(void)alone;
	if (!sluice_feeder_bytes(feeder, segment))
		error = -ENODATA;
	else if (connection->group->form.packs)
		error = frame_packed(connection, feeder, id, &framed, now);
	else
		error = frame(connection, feeder, id, &plain->staging, &plain->room,
			      connection->writing.staged, &framed);
	((struct sluice_stream *)feeder->stream)->moved = true;
	if (error == -ENOMEM || error == -ENODATA) {
		sluice_feeder_return(feeder, id, segment->start, segment->count);
		return error;
	}
	if (error)
		sluice_connection_tell_no_record(connection, feeder,
						 segment->start + framed.consumed,
						 segment->end - segment->start - framed.consumed);
	/* What was framed is copied: the ring's bytes are needed again only to send them anew. */
	sluice_feeder_unpin(feeder, id);
	sluice_count(&connection->counters.gaps, framed.gaps);
	sluice_count(&connection->counters.escaped, framed.escaped);
	sluice_count(&connection->counters.split, framed.split);
	sluice_count(&connection->counters.pieces, framed.pieces);
	sluice_count(&connection->counters.truncated, framed.truncated);
	if (plain->next - plain->settled >= QUEUE)
		settle_one(connection, now);
	sent = &plain->queue[plain->next % QUEUE];
	sent->feeder = feeder;
	sent->id = id;
	sent->start = plain->queued;
	sent->end = plain->queued + framed.written;
	sent->datagrams = framed.datagrams;
	sent->unsent = framed.unsent;
	plain->next++;
	plain->queued += framed.written;
	connection->writing.pending[0].iov_base = plain->staging;
	connection->writing.staged += framed.written;
	connection->writing.pending[0].iov_len = connection->writing.staged;
	connection->writing.pending[1].iov_len = 0;
	connection->writing.busy = connection->writing.staged > 0;
	plain->pause = ASK_FIRST_NS;
	sluice_connection_tick_by(connection, now + plain->pause);
	return 0;
}

/* struct sluice_protocol.written: the staging buffer is free. @context worker */
static void written(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_plain *plain = connection->own;

	connection->writing.staged = 0;
	note_written(connection, plain->next);
	/* The queue or the window is nearly full: do not wait for the clock. */
	if (plain->next - plain->first > QUEUE / 2 ||
	    connection->carrier.bytes > connection->group->window / 2)
		confirm(connection, now);
}

/* struct sluice_protocol.received: nobody asked. @context worker */
static const char *received(struct sluice_connection *connection, size_t length, uint64_t now)
{
	(void)length;
	(void)now;
	connection->inbox.used = 0;
	return NULL;
}

/*
 * Has the peer said that it will send no more right behind what it was given, and does nothing
 * follow that would show whether it still reads? What is to be sent again if it does not cannot
 * wait for that. Says so, or NULL.
 */
static const char *is_closed(struct sluice_connection *connection, uint64_t now)
{
	const struct sluice_plain *plain = connection->own;

	if (plain->settled == plain->first || !plain->queue[plain->settled % QUEUE].is_kept ||
	    !is_parted(connection) || now < connection->trial.parted + DOUBT_NS)
		return NULL;
	connection->trial.is_cut = true;
	return "the peer closed the connection";
}

/* struct sluice_protocol.tick: what has TCP got acknowledged? @context worker */
static const char *tick(struct sluice_connection *connection, uint64_t now, uint64_t *next)
{
	struct sluice_plain *plain = connection->own;

	settle(connection, now);
	if (plain->settled < plain->first && settles_at(connection) < *next)
		*next = settles_at(connection) > now ? settles_at(connection) : *next;
	if (plain->first == plain->next)
		return is_closed(connection, now);
	plain->pause = confirm(connection, now) ? ASK_FIRST_NS : 2 * plain->pause;
	if (plain->pause > ASK_MOST_NS)
		plain->pause = ASK_MOST_NS;
	if (plain->first < plain->next && now + plain->pause < *next)
		*next = now + plain->pause;
	/* What a plain receiver says is no sign of life: only its TCP is. */
	return sluice_connection_stall(connection, connection->signs.owed, now, next);
}

/* How many of the segment's datagrams lie before `end`, a record boundary of `span`. */
static uint64_t datagrams_before(const struct sent *sent, const uint8_t *span, size_t end)
{
	struct sluice_record_view view;
	uint64_t count = 0;
	size_t at;

	for (at = 0; at < end && !sluice_record_read(span + at, end - at, &view); at += view.span)
		count += view.type == SLUICE_RECORD_DATA;
	return count < sent->datagrams ? count : sent->datagrams;
}

/* Gives back a segment of which the peer's TCP has the first `had` bytes. Returns how many
 * datagrams those are, as far as that can be told: they go again if `is_again`. */
static uint64_t give_back(struct sluice_connection *connection, const struct sent *sent,
			  uint64_t had, bool is_again, uint64_t now)
{
	struct sluice_segment *segment = sluice_feeder_segment(sent->feeder, sent->id);
	uint64_t records = 0, datagrams;
	struct sluice_unsent unsent;
	const uint8_t *span;
	size_t resume = 0;

	((struct sluice_stream *)sent->feeder->stream)->moved = true;
	if (!segment)
		return 0;
	/* Bytes that are not in memory any more: all of it again, that repeats but never loses; nor
	 * does anybody know what a part of a compressed one becomes. */
	span = had && !connection->group->form.packs ? sluice_feeder_bytes(sent->feeder, segment)
						     : NULL;
	if (span)
		resume = sluice_framing_resume(connection->group->form, span,
					       (size_t)sluice_segment_bytes(segment), had, &records,
					       &unsent);
	datagrams = span ? datagrams_before(sent, span, resume) : 0;
	if (is_again)
		resume = records = 0;
	else if (resume)
		sluice_connection_note_unsent(connection, &unsent, now);
	sluice_feeder_return(sent->feeder, sent->id, segment->start + resume,
			     segment->count - records);
	return datagrams;
}

/*
 * The peer's TCP has the first `confirmed` bytes. A datagram of which it has only a part goes to it
 * again whole: from its first byte on, on a new connection. If the peer ended the connection it may
 * not have read what its TCP had acknowledged just before: that is unconfirmed.
 */
static void lost(struct sluice_connection *connection)
{
	bool is_cut = connection->trial.is_cut, is_again = is_cut && connection->group->resends;
	struct sluice_plain *plain = connection->own;
	uint64_t confirmed = ask(connection), unconfirmed = 0, now = sluice_now();
	char name[SLUICE_CONNECTION_NAME];

	settle(connection, now);
	for (; plain->settled < plain->next; plain->settled++) {
		struct sent *sent = &plain->queue[plain->settled % QUEUE];
		uint64_t had = confirmed > sent->start ? confirmed - sent->start : 0;
		bool is_open = plain->settled >= plain->first || sent->is_kept;

		if (confirmed < sent->end) {
			had = give_back(connection, sent, had, is_again, now);
			/* Of a write that was not through, what TCP acknowledged was sent. */
			if (plain->settled >= plain->written)
				sluice_count(&connection->counters.sent, had);
			unconfirmed += is_cut ? had : 0;
			continue;
		}
		note_written(connection, plain->settled + 1);
		unconfirmed += is_cut ? sent->datagrams : 0;
		if (is_open && is_again)
			(void)give_back(connection, sent, 0, true, now);
		else if (is_open)
			finish(connection, sent, now);
	}
	plain->first = plain->next;
	if (!unconfirmed)
		return;
	sluice_count(&connection->counters.unconfirmed, unconfirmed);
	sluice_unconfirmed_add(&connection->told.unconfirmed,
			       sluice_connection_name(connection, name),
			       SLUICE_ABOUT_CONNECTION(connection), unconfirmed, is_again, now);
}

/* struct sluice_protocol.can_pass: between two datagrams. */
static bool can_pass(const struct sluice_connection *connection)
{
	return !connection->writing.staged;
}

/* struct sluice_protocol.pass: which bytes of the connection belong to which segment, a line for
 * each that is not done. */
static int pass(const struct sluice_connection *connection, const char *key,
		struct sluice_parcel *parcel)
{
	const struct sluice_plain *plain = connection->own;
	char guid[SLUICE_GUID_TEXT];
	int result = sluice_parcel_say(parcel, "bytes %s queued=%" PRIu64 " confirmed=%" PRIu64,
				       key, plain->queued, plain->confirmed);
	uint64_t place;

	for (place = plain->settled; !result && place < plain->next; place++) {
		const struct sent *sent = &plain->queue[place % QUEUE];
		const struct sluice_segment *segment =
			sluice_feeder_segment(sent->feeder, sent->id);

		if (!segment || (place < plain->first && !sent->is_kept))
			continue;
		result = sluice_parcel_say(
			parcel,
			"sent %s stream=%s segment=%" PRIu64 " start=%" PRIu64 " end=%" PRIu64
			" datagrams=%" PRIu64
			" unsendable=%u oversized=%u skipped=%u acked=%" PRIu64,
			key, sluice_guid_format(sent->feeder->ring->producer->stream, guid),
			segment->start, sent->start, sent->end, sent->datagrams,
			sent->unsent.unsendable, sent->unsent.oversized, sent->unsent.skipped,
			place < plain->first ? sent->acked : 0);
	}
	return result;
}

/* Takes one segment back into the queue. False: nobody knows it here. */
static bool recall(struct sluice_connection *connection, const char *line)
{
	struct sluice_plain *plain = connection->own;
	struct sent sent = {.start = sluice_handover_number(line, "start"),
			    .end = sluice_handover_number(line, "end"),
			    .datagrams = sluice_handover_number(line, "datagrams"),
			    .acked = sluice_handover_number(line, "acked")};
	char text[SLUICE_GUID_TEXT];
	sluice_guid stream;
	size_t length;
	const char *said = sluice_handover_value(line, "stream", &length);

	if (!said || length != sizeof(text) - 1 || plain->next - plain->settled >= QUEUE)
		return false;
	memcpy(text, said, length);
	text[length] = '\0';
	if (sluice_guid_parse(text, stream))
		return false;
	sent.feeder = sluice_connection_find_carried(
		connection, stream, sluice_handover_number(line, "segment"), &sent.id);
	if (!sent.feeder)
		return false;
	sent.unsent.unsendable = (uint32_t)sluice_handover_number(line, "unsendable");
	sent.unsent.oversized = (uint32_t)sluice_handover_number(line, "oversized");
	sent.unsent.skipped = (uint32_t)sluice_handover_number(line, "skipped");
	sent.is_kept = sent.acked != 0;
	plain->queue[plain->next++ % QUEUE] = sent;
	plain->first += sent.is_kept;
	return true;
}

/* struct sluice_protocol.go_on: the bytes of the connection are counted on, and the queue is as it
 * was. All of it is with TCP, and counts as sent already. */
static bool go_on(struct sluice_connection *connection, const char *line, const char *key)
{
	struct sluice_plain *plain = connection->own;
	uint64_t segments = connection->carrier.segments;

	line = sluice_notes_next(NULL, "bytes", key);
	if (!line)
		return false;
	plain->queued = sluice_handover_number(line, "queued");
	plain->confirmed = sluice_handover_number(line, "confirmed");
	plain->pause = ASK_FIRST_NS;
	connection->writing.pending[0].iov_len = 0;
	for (line = NULL; (line = sluice_notes_next(line, "sent", key)) && segments; segments--)
		if (!recall(connection, line))
			return false;
	plain->written = plain->next;
	return !segments;
}

const struct sluice_protocol sluice_protocol_plain = {
	.prepare = prepare,
	.dispose = dispose,
	.begin = begin,
	.load = load,
	.takes_more = sluice_connection_batch_has_room,
	.has_room = has_room,
	.written = written,
	.received = received,
	.tick = tick,
	.lost = lost,
	.can_pass = can_pass,
	.pass = pass,
	.go_on = go_on,
};
