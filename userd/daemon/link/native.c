// SPDX-License-Identifier: MIT
/*
 * The native protocol on a connection: a span leaves the ring as it lies there, behind a 64-byte
 * header; the receiver's own acknowledgement completes it. See lib/frame.h. Between feeders and
 * writer.c, in one worker. Touches: the connection, the feeders of its group.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "../../lib/buffer.h"
#include "../../lib/frame.h"
#include "../../lib/log.h"
#include "../handover/notes.h"
#include "../handover/parcel.h"
#include "../stream/stream.h"
#include "connection.h"
#include "path.h"

/* Acknowledgements are small; the buffer grows for the rare long one, up to what a frame may have.
 */
#define INBOX_FIRST (16U << 10)
#define INBOX_MOST (SLUICE_FRAME_HEADER_MAX + SLUICE_FRAME_PAYLOAD_MAX)
/* When idle, something is sent this often, so that the receiver and what lies between know of us.
 */
#define HEARTBEAT_NS SLUICE_NS_PER_S

/* Sets the header as what is to be written next, with `length` bytes of payload at `payload`, and
 * `blank` of stream behind. */
static void set_pending(struct sluice_connection *connection, const void *payload, size_t length,
			uint64_t blank)
{
	connection->native.frame.length = htole32((uint32_t)length);
	connection->native.frame.payload_crc =
		htole32(length ? sluice_crc32c(0, payload, length) : 0);
	connection->writing.pending[0].iov_base = &connection->native.frame;
	connection->writing.pending[0].iov_len =
		sluice_frame_seal_lost(&connection->native.frame_lost, blank);
	connection->writing.pending[1].iov_base = (void *)(uintptr_t)payload;
	connection->writing.pending[1].iov_len = length;
	connection->writing.busy = true;
}

/* The copy of what the store took away is needed no more. */
static void drop_kept(struct sluice_connection *connection)
{
	free(connection->native.kept);
	connection->native.kept = NULL;
}

/* struct sluice_carrier.keep: the rest of the span is copied, once per span and only when the peer
 * does not take it. */
static bool keep(struct sluice_carrier *carrier)
{
	struct sluice_connection *connection = (struct sluice_connection *)carrier;
	struct iovec *rest = &connection->writing.pending[1];
	uint8_t *copy = NULL;

	if (!connection->writing.feeder || connection->native.kept)
		return false;
	if (rest->iov_len) {
		copy = malloc(rest->iov_len);
		if (!copy)
			return false;
		memcpy(copy, rest->iov_base, rest->iov_len);
		rest->iov_base = copy;
	}
	connection->native.kept = copy;
	sluice_feeder_unpin(connection->writing.feeder, connection->writing.segment);
	return true;
}

/*
 * Makes the staging buffer hold two spans of `bytes`, whatever is in it. A span may be longer than
 * what `batch.bytes` says now: it was cut when that was more. False: no memory; the buffer stays as
 * it is.
 */
static bool enlarge_staging(struct sluice_connection *connection, size_t bytes)
{
	size_t room = 2 * (bytes + sizeof(connection->native.frame_zstd));
	uint8_t *larger = realloc(connection->native.staging, room);

	if (!larger)
		return false;
	connection->native.staging = larger;
	connection->native.room = room;
	return true;
}

/* struct sluice_protocol.prepare: the inbox. 0 or -ENOMEM. */
static int prepare(struct sluice_connection *connection)
{
	connection->inbox.size = INBOX_FIRST;
	connection->inbox.bytes = malloc(INBOX_FIRST);
	connection->carrier.keep = keep;
	if (connection->group->parks && !enlarge_staging(connection, connection->group->run_bytes))
		return -ENOMEM;
	return connection->inbox.bytes ? 0 : -ENOMEM;
}

/* struct sluice_protocol.dispose. @context worker, or process if never entered */
static void dispose(struct sluice_connection *connection)
{
	free(connection->inbox.bytes);
	free(connection->native.greeting);
	free(connection->native.kept);
	free(connection->native.staging);
	sluice_compress_free(connection);
}

/* Sends HELLO: who we are and where each stream's cursor stands. */
static void begin(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_group *group = connection->group;
	struct sluice_frame_range *ranges = NULL;
	size_t number, count = 0, room = group->feeder_count;

	drop_kept(connection);
	free(connection->native.greeting);
	connection->native.greeting = NULL;
	connection->native.takes = 0;
	sluice_compress_restart(connection);
	/* PATH follows in the same write. */
	ranges = calloc(1, room * sizeof(*ranges) + SLUICE_PATH_FRAME);
	/* A HELLO without ranges is a HELLO, too. */
	for (number = 0; ranges && number < room; number++) {
		const struct sluice_feeder *feeder = group->feeders[number];

		if (!sluice_feeder_is_first(feeder))
			continue;
		memcpy(ranges[count].stream, feeder->ring->producer->stream,
		       sizeof(ranges[count].stream));
		ranges[count].epoch = htole64(feeder->ring->producer->epoch);
		ranges[count].start = htole64(sluice_feeder_floor(feeder));
		count++;
	}
	connection->native.greeting = (uint8_t *)ranges;
	memset(&connection->native.frame, 0, sizeof(connection->native.frame));
	connection->native.frame.type = SLUICE_FRAME_HELLO;
	connection->native.frame.count = htole32((uint32_t)count);
	memcpy(connection->native.frame.stream, group->guid,
	       sizeof(connection->native.frame.stream));
	set_pending(connection, ranges, count * sizeof(*ranges), 0);
	connection->native.path = sluice_path_generation();
	if (ranges)
		connection->writing.pending[1].iov_len +=
			sluice_path_write(group->guid, (uint8_t *)(ranges + count));
	sluice_connection_flush(connection, now);
}

/* Would a span of `bytes` still fit into the staging buffer? */
static bool fits(const struct sluice_connection *connection, uint64_t bytes)
{
	return connection->writing.staged + sizeof(connection->native.frame_zstd) + bytes <=
	       connection->native.room;
}

/* Adds header and span to the staging buffer, for which there is room: short spans go many to a
 * write. `whole`: what the bytes are when they are not compressed; 0: they are not. */
static void stage(struct sluice_connection *connection, const uint8_t *bytes, size_t length,
		  uint64_t blank, size_t whole)
{
	uint8_t *at = connection->native.staging + connection->writing.staged;
	size_t header;

	connection->native.frame.length = htole32((uint32_t)length);
	connection->native.frame.payload_crc = htole32(sluice_crc32c(0, bytes, length));
	if (whole) {
		connection->native.frame.type = SLUICE_FRAME_DATA_ZSTD;
		header = sluice_frame_seal_zstd(&connection->native.frame_zstd, blank,
						(uint32_t)whole);
	} else {
		header = sluice_frame_seal_lost(&connection->native.frame_lost, blank);
	}
	memcpy(at, &connection->native.frame_zstd, header);
	memcpy(at + header, bytes, length);
	connection->writing.staged += header + length;
	connection->writing.pending[0].iov_base = connection->native.staging;
	connection->writing.pending[0].iov_len = connection->writing.staged;
	connection->writing.pending[1].iov_len = 0;
	connection->writing.busy = true;
}

/* struct sluice_protocol.load: a segment as it lies in the ring. @context worker */
static int load(struct sluice_connection *connection, struct sluice_feeder *feeder, uint64_t id,
		bool alone, uint64_t now)
{
	const struct sluice_ring_producer *producer = feeder->ring->producer;
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);
	const uint8_t *bytes = sluice_feeder_bytes(feeder, segment);
	size_t length = (size_t)sluice_segment_bytes(segment);
	uint64_t blank = segment->end - segment->start - length;
	size_t packed = 0;

	if (!bytes) {
		sluice_feeder_return(feeder, id, segment->start, segment->count);
		return -ENODATA;
	}
	if (connection->group->compresses && connection->native.takes & SLUICE_FRAME_F_ZSTD)
		packed = sluice_compress_span(connection, bytes, length, now);
	/* What is compressed is a copy, and is put together with others as short ones are. */
	alone = alone && !packed;
	if (!alone && !fits(connection, packed ? packed : length) &&
	    !enlarge_staging(connection, length)) {
		sluice_feeder_return(feeder, id, segment->start, segment->count);
		return -ENOMEM;
	}
	memset(&connection->native.frame, 0, sizeof(connection->native.frame));
	connection->native.frame.type = SLUICE_FRAME_DATA;
	connection->native.frame.count = htole32((uint32_t)segment->count);
	memcpy(connection->native.frame.stream, producer->stream,
	       sizeof(connection->native.frame.stream));
	connection->native.frame.epoch = htole64(producer->epoch);
	connection->native.frame.offset = htole64(segment->start);
	connection->native.frame.floor = htole64(sluice_feeder_floor(feeder));
	sluice_feeder_sends(feeder, id);
	if (!alone) {
		stage(connection, packed ? connection->compress.bytes : bytes,
		      packed ? packed : length, blank, packed ? length : 0);
		sluice_count(&connection->counters.sent, segment->count);
		sluice_feeder_unpin(feeder, id);
		((struct sluice_stream *)feeder->stream)->moved = true;
		return 0;
	}
	connection->writing.feeder = feeder;
	connection->writing.segment = id;
	set_pending(connection, bytes, length, blank);
	return 0;
}

/* struct sluice_protocol.takes_more: does it fit the staging buffer, which grows for the first?
 * @context worker */
static bool takes_more(const struct sluice_connection *connection, uint64_t bytes)
{
	return !connection->writing.staged || fits(connection, bytes);
}

/* struct sluice_protocol.has_room: what bounds a connection is its window of bytes. @context worker
 */
static bool has_room(const struct sluice_connection *connection)
{
	(void)connection;
	return true;
}

/* struct sluice_protocol.written: the ring's bytes are with TCP now. @context worker */
static void written(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_feeder *feeder = connection->writing.feeder;
	const struct sluice_segment *segment;

	(void)now;
	drop_kept(connection);
	connection->writing.staged = 0;
	sluice_store_relaxed(&connection->counters.backlog, connection->carrier.bytes);
	if (!feeder)
		return;
	segment = sluice_feeder_segment(feeder, connection->writing.segment);
	if (segment)
		sluice_count(&connection->counters.sent, segment->count);
	sluice_feeder_unpin(feeder, connection->writing.segment);
	((struct sluice_stream *)feeder->stream)->moved = true;
}

/* The receiver has said `received` where the output waits for more. */
static void note_unsafe(struct sluice_connection *connection, uint64_t now)
{
	if (!connection->native.unsafe ||
	    connection->native.unsafe_done != connection->carrier.done) {
		connection->native.unsafe = now;
		connection->native.unsafe_done = connection->carrier.done;
	}
	/* For as long as a receiver may take to write, it is alive and holds nobody back. */
	if (now - connection->native.unsafe < connection->group->timing.dead_after_ns)
		connection->progress.at = now;
}

/* Says when a receiver's word is not enough: nothing is released, and nobody would know why. In the
 * log once only: one that writes seldom would fill it. */
static void look_at_promise(struct sluice_connection *connection, uint64_t now)
{
	const struct sluice_group *group = connection->group;
	char name[SLUICE_CONNECTION_NAME];
	bool was_unsafe = connection->counters.unsafe;

	if (connection->native.unsafe_done != connection->carrier.done) {
		connection->native.unsafe = 0;
		connection->native.unsafe_done = connection->carrier.done;
		sluice_store_relaxed(&connection->counters.unsafe, UINT64_C(0));
		sluice_connection_note_since(connection);
		if (was_unsafe && connection->native.unsafe_told == 1) {
			connection->native.unsafe_told = 2;
			sluice_notice_about(SLUICE_ABOUT_CONNECTION(connection),
					    "%s: it acknowledges as durable now",
					    sluice_connection_name(connection, name));
		}
		return;
	}
	if (was_unsafe || !connection->native.unsafe || !connection->carrier.segments ||
	    now - connection->native.unsafe < group->timing.dead_after_ns)
		return;
	sluice_store_relaxed(&connection->counters.unsafe, UINT64_C(1));
	sluice_connection_note_since(connection);
	if (connection->native.unsafe_told)
		return;
	connection->native.unsafe_told = 1;
	sluice_warning_about(
		SLUICE_ABOUT_CONNECTION(connection),
		"%s: it has acknowledged as received only for longer than `dead-after`, and `ack: "
		"durable` releases nothing before it is on stable storage there: let the receiver "
		"say durable, or set `ack: received`",
		sluice_connection_name(connection, name));
}

/* Are the ranges of an ACK or of the answer to HELLO of what was sent, all of them? Of streams that
 * we do not have (any more) nobody knows. */
static bool is_credible(const struct sluice_group *group, const uint8_t *payload, uint32_t count)
{
	struct sluice_frame_range range;
	uint32_t place;

	for (place = 0; place < count; place++) {
		memcpy(&range, payload + (size_t)place * sizeof(range), sizeof(range));
		for_each_feeder (feeder, group)
			if (sluice_feeder_is_of(feeder, range.stream, le64toh(range.epoch)) &&
			    !sluice_feeder_can_have(feeder, le64toh(range.start),
						    le64toh(range.end)))
				return false;
	}
	return true;
}

/* Applies the ranges of an ACK or of the answer to HELLO. */
static void acknowledge(struct sluice_connection *connection, const uint8_t *payload,
			uint32_t count, bool ahead, uint64_t now)
{
	struct sluice_group *group = connection->group;
	struct sluice_frame_range range;
	bool is_unsafe = false;
	uint32_t place;

	for (place = 0; place < count; place++) {
		memcpy(&range, payload + (size_t)place * sizeof(range), sizeof(range));
		if (group->durable && !(le32toh(range.flags) & SLUICE_RANGE_F_DURABLE)) {
			is_unsafe = true;
			continue;
		}
		for_each_feeder (feeder, group) {
			if (!sluice_feeder_is_of(feeder, range.stream, le64toh(range.epoch)))
				continue;
			/* What an earlier connection sent, and this one hears of, counts here. */
			connection->carrier.done += sluice_feeder_acknowledge(
				feeder, le64toh(range.start), le64toh(range.end), ahead);
			((struct sluice_stream *)feeder->stream)->moved = true;
		}
	}
	if (is_unsafe)
		note_unsafe(connection, now);
	group->has_work = true;
}

/* Acts on one whole frame. NULL, or why the connection is no good. */
static const char *understand(struct sluice_connection *connection,
			      const struct sluice_frame *frame, const uint8_t *payload,
			      uint64_t now)
{
	uint32_t length = le32toh(frame->length), count = le32toh(frame->count);
	bool hello = frame->type == SLUICE_FRAME_HELLO;
	uint64_t done;

	if (length && sluice_crc32c(0, payload, length) != le32toh(frame->payload_crc))
		return "it sent a frame that was damaged on its way (payload CRC)";
	if (hello || frame->type == SLUICE_FRAME_ACK) {
		if ((uint64_t)count * sizeof(struct sluice_frame_range) > length)
			return "it sent a frame with more ranges than bytes";
		if (!hello && connection->state != SLUICE_TCP_READY)
			return "it acknowledged before it said HELLO";
		if (hello && connection->state == SLUICE_TCP_READY)
			return "it said HELLO twice";
		if (!is_credible(connection->group, payload, count))
			return "it acknowledged what it was never sent; nothing of that message "
			       "counts";
		done = connection->carrier.done;
		acknowledge(connection, payload, count, hello, now);
		if (connection->carrier.done != done)
			sluice_store_relaxed(&connection->counters.faulty, UINT64_C(0));
		if (hello)
			connection->native.takes = le64toh(frame->offset);
		if (hello && connection->state == SLUICE_TCP_GREETING)
			sluice_connection_is_ready(connection, now);
		sluice_store_relaxed(&connection->counters.acked, connection->carrier.done);
		sluice_store_relaxed(&connection->counters.backlog, connection->carrier.bytes);
	}
	/* HEARTBEAT says all by having come; of other types we know nothing (lib/frame.h: skip). */
	return NULL;
}

/* Makes the inbox hold a frame of `needed` bytes. */
static bool grow(struct sluice_connection *connection, size_t needed)
{
	return needed <= INBOX_MOST &&
	       sluice_buffer_grow(&connection->inbox.bytes, &connection->inbox.size, needed);
}

/* struct sluice_protocol.received: whole frames are understood, the rest waits. @context worker */
static const char *received(struct sluice_connection *connection, size_t length, uint64_t now)
{
	struct sluice_frame frame;
	size_t used = 0, left, whole;
	const char *what;
	int error;

	connection->inbox.used += length;
	for (;;) {
		left = connection->inbox.used - used;
		error = sluice_frame_check(connection->inbox.bytes + used, left);
		if (error == -EAGAIN)
			break;
		if (error == -EPROTONOSUPPORT)
			return "it speaks another version of the native protocol";
		if (error)
			return "what it sent is no native frame (is its framing `native`?)";
		memcpy(&frame, connection->inbox.bytes + used, sizeof(frame));
		whole = (size_t)le16toh(frame.header_length) + le32toh(frame.length);
		if (left < whole) {
			memmove(connection->inbox.bytes, connection->inbox.bytes + used, left);
			connection->inbox.used = left;
			return grow(connection, whole) ? NULL : "it sent a frame that is too long";
		}
		what = understand(connection, &frame,
				  connection->inbox.bytes + used + le16toh(frame.header_length),
				  now);
		if (what)
			return what;
		used += whole;
	}
	memmove(connection->inbox.bytes, connection->inbox.bytes + used, left);
	connection->inbox.used = left;
	return NULL;
}

/* Tells the receiver which relays what comes has passed, if that is news. */
static void tell_path(struct sluice_connection *connection, uint64_t now)
{
	uint64_t generation = sluice_path_generation();
	uint8_t *bytes;

	if (connection->state != SLUICE_TCP_READY || connection->writing.busy ||
	    connection->native.path == generation)
		return;
	bytes = malloc(SLUICE_PATH_FRAME);
	if (!bytes)
		return;
	free(connection->native.greeting);
	connection->native.greeting = bytes;
	connection->native.path = generation;
	connection->writing.feeder = NULL;
	connection->writing.pending[0].iov_base = bytes;
	connection->writing.pending[0].iov_len = sluice_path_write(connection->group->guid, bytes);
	connection->writing.pending[1].iov_len = 0;
	connection->writing.busy = true;
	sluice_connection_flush(connection, now);
}

/* struct sluice_protocol.tick: is it dead, does it need a heartbeat? @context worker */
static const char *tick(struct sluice_connection *connection, uint64_t now, uint64_t *next)
{
	/* A peer that was silent because there was nothing to say is not dead yet when there is. */
	uint64_t since = connection->signs.heard > connection->signs.owed ? connection->signs.heard
									  : connection->signs.owed;
	const char *what = sluice_connection_stall(connection, since, now, next);
	uint64_t pause = HEARTBEAT_NS;

	if (what)
		return what;
	look_at_promise(connection, now);
	if (connection->counters.faulty && now - connection->start.at >= SLUICE_MEASURE_NS)
		sluice_store_relaxed(&connection->counters.faulty, UINT64_C(0));
	/* Often enough that the answers keep one alive that is only slow to acknowledge. */
	if (pause > connection->group->timing.dead_after_ns / 4)
		pause = connection->group->timing.dead_after_ns / 4;
	tell_path(connection, now);
	if (!connection->writing.busy && now - connection->signs.wrote >= pause) {
		memset(&connection->native.frame, 0, sizeof(connection->native.frame));
		connection->native.frame.type = SLUICE_FRAME_HEARTBEAT;
		connection->writing.feeder = NULL;
		sluice_connection_idles(connection);
		set_pending(connection, NULL, 0, 0);
		sluice_connection_flush(connection, now);
	}
	if (!connection->writing.busy && connection->signs.wrote + pause < *next)
		*next = connection->signs.wrote + pause;
	return NULL;
}

/* struct sluice_protocol.lost: all it carried is to be sent again. @context worker */
static void lost(struct sluice_connection *connection)
{
	struct sluice_group *group = connection->group;

	drop_kept(connection);
	connection->native.unsafe = 0;
	for_each_feeder (feeder, group) {
		sluice_feeder_return_all(feeder, &connection->carrier);
		((struct sluice_stream *)feeder->stream)->moved = true;
	}
}

/* struct sluice_protocol.can_pass: a half acknowledgement would be lost, as would a copy. */
static bool can_pass(const struct sluice_connection *connection)
{
	return !connection->inbox.used && !connection->native.kept && !connection->writing.staged;
}

/* struct sluice_protocol.pass: what the receiver can take, which it says only once. */
static int pass(const struct sluice_connection *connection, const char *key,
		struct sluice_parcel *parcel)
{
	return sluice_parcel_say(parcel, "native %s takes=%" PRIu64, key, connection->native.takes);
}

/* struct sluice_protocol.go_on. A predecessor from before compression says nothing. */
static bool go_on(struct sluice_connection *connection, const char *line, const char *key)
{
	line = sluice_notes_next(NULL, "native", key);
	connection->native.takes = line ? sluice_handover_number(line, "takes") : 0;
	return true;
}

/* struct sluice_protocol.take_rest: what is to be written goes by way of the staging buffer; of
 * what was read there is no whole frame. */
static bool take_rest(struct sluice_connection *connection, const uint8_t *bytes, size_t written,
		      size_t read)
{
	if (read > connection->inbox.size &&
	    !sluice_buffer_grow(&connection->inbox.bytes, &connection->inbox.size, read))
		return false;
	if (written > connection->native.room && !enlarge_staging(connection, written))
		return false;
	memcpy(connection->inbox.bytes, bytes + written, read);
	connection->inbox.used = read;
	if (read && received(connection, 0, sluice_now())) {
		connection->inbox.used = 0;
		return false;
	}
	if (!written)
		return true;
	memcpy(connection->native.staging, bytes, written);
	connection->writing.staged = written;
	connection->writing.pending[0] =
		(struct iovec){.iov_base = connection->native.staging, .iov_len = written};
	connection->writing.pending[1].iov_len = 0;
	connection->writing.busy = true;
	return true;
}

const struct sluice_protocol sluice_protocol_native = {
	.is_answered = true,
	.late = "connected, but no HELLO in time",
	.prepare = prepare,
	.dispose = dispose,
	.begin = begin,
	.load = load,
	.takes_more = takes_more,
	.has_room = has_room,
	.written = written,
	.received = received,
	.tick = tick,
	.lost = lost,
	.can_pass = can_pass,
	.pass = pass,
	.go_on = go_on,
	.take_rest = take_rest,
};
