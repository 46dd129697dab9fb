// SPDX-License-Identifier: MIT
/*
 * A connection of the sink: see connection.h. Order of things, which the relay's trust rests on: read, enter into the
 * books, commit, acknowledge. Touches: its socket, the ledger.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "connection.h"

/* Bytes a connection may read before the others have their turn. */
#define SHARE (1U << 20)
/* A slow connection is read so many times a second. */
#define SLOW_STEPS 50U
#define NS_PER_SECOND 1000000000ULL

/* Something that was received and is to be acknowledged: the range of `stream` around `offset`. */
struct pending {
	struct sluice_ledger_stream *stream; /* @owner ledger */
	uint64_t offset;
};

struct sluice_sink_connection {
	struct sluice_ledger *ledger;	 /* @owner caller */
	struct sluice_sink_rules *rules; /* @owner caller */
	struct sluice_decoder decoder;
	int fd;
	uint16_t port;
	bool greeted; /* its HELLO has come */
	bool ended;   /* it will send no more */
	bool answer_heartbeat;
	uint8_t output[16];
	struct pending *pending; /* @owner connection */
	size_t pending_count;
	size_t pending_capacity;
	uint8_t *out; /* what goes to the peer; @owner connection */
	size_t out_begin;
	size_t out_end;
	size_t out_capacity;
	uint64_t slow_wake; /* when the next bytes may be read */
	char peer[64];
};

/* Says what is wrong with the connection, once per connection, for it ends then. */
static void complain(const struct sluice_sink_connection *connection, const char *what)
{
	fprintf(stderr, "sink: %s: %s; connection closed\n", connection->peer, what);
}

/* As connection.h says. @context process */
struct sluice_sink_connection *sluice_sink_connection_open(struct sluice_ledger *ledger,
							   struct sluice_sink_rules *rules, int fd,
							   const char *peer, uint16_t port)
{
	struct sluice_sink_connection *made = NULL;

	if (ledger && rules && peer)
		made = calloc(1, sizeof(*made));
	if (!made) {
		close(fd);
		return NULL;
	}
	made->ledger = ledger;
	made->rules = rules;
	made->decoder.framing = rules->framing;
	made->fd = fd;
	made->port = port;
	snprintf(made->peer, sizeof(made->peer), "%s", peer);
	return made;
}

/* Closes it; NULL is allowed. @context process */
void sluice_sink_connection_close(struct sluice_sink_connection *connection)
{
	if (!connection)
		return;
	if (sluice_decoder_is_within(&connection->decoder))
		sluice_ledger_sums(connection->ledger)->cut_frames++;
	sluice_decoder_free(&connection->decoder);
	free(connection->pending);
	free(connection->out);
	close(connection->fd);
	free(connection);
}

/* Makes room for `length` more bytes to the peer. NULL: no memory. */
static uint8_t *out_room(struct sluice_sink_connection *connection, size_t length)
{
	uint8_t *out;

	if (connection->out_begin == connection->out_end) {
		connection->out_begin = 0;
		connection->out_end = 0;
	}
	if (connection->out_capacity - connection->out_end < length) {
		out = realloc(connection->out, connection->out_end + length);
		if (!out)
			return NULL;
		connection->out = out;
		connection->out_capacity = connection->out_end + length;
	}
	out = connection->out + connection->out_end;
	connection->out_end += length;
	return out;
}

/* Queues a frame of `count` ranges. 0 or -ENOMEM. */
static int put_frame(struct sluice_sink_connection *connection, enum sluice_frame_type type,
		     const struct sluice_frame_range *ranges, size_t count)
{
	struct sluice_frame frame = {.type = (uint8_t)type};
	size_t length = count * sizeof(*ranges);
	uint8_t *out = out_room(connection, sizeof(frame) + length);

	if (!out)
		return -ENOMEM;
	frame.count = htole32((uint32_t)count);
	frame.length = htole32((uint32_t)length);
	memcpy(frame.stream, connection->output, sizeof(frame.stream));
	frame.payload_crc = htole32(sluice_crc32c(0, ranges, length));
	sluice_frame_seal(&frame);
	memcpy(out, &frame, sizeof(frame));
	if (length)
		memcpy(out + sizeof(frame), ranges, length);
	return 0;
}

/* A range as it is on the wire. */
static struct sluice_frame_range wire_range(const struct sluice_sink_connection *connection,
					    const struct sluice_ledger_stream *stream,
					    const struct sluice_range *range)
{
	struct sluice_frame_range wire = {
		.epoch = htole64(stream->epoch),
		.start = htole64(range->start),
		.end = htole64(range->end),
		.flags = htole32(connection->rules->durable ? SLUICE_RANGE_F_DURABLE : 0),
	};

	memcpy(wire.stream, stream->stream, sizeof(wire.stream));
	return wire;
}

/* Commits, and syncs if that is the rule: from here on the relay may be told. 0 or what the ledger says. */
static int settle(struct sluice_sink_connection *connection)
{
	int error = sluice_ledger_commit(connection->ledger);

	if (!error && connection->rules->durable)
		error = sluice_ledger_sync(connection->ledger);
	return error;
}

/* Answers the relay's HELLO: takes its cursors as floors, tells what is here of the streams it names. 0, -EPROTO, or
 * what the ledger says. */
static int greet(struct sluice_sink_connection *connection, const struct sluice_decoder_item *item)
{
	size_t limit = SLUICE_FRAME_PAYLOAD_MAX / sizeof(struct sluice_frame_range);
	size_t count = le32toh(item->frame.count);
	struct sluice_ledger_stream *stream;
	struct sluice_frame_range *answer = NULL;
	struct sluice_frame_range asked;
	size_t known = 0;
	size_t answered = 0;
	size_t index;
	size_t part;
	int error = -ENOMEM;

	if (count > limit || count * sizeof(asked) != item->length)
		return -EPROTO;
	memcpy(connection->output, item->frame.stream, sizeof(connection->output));
	connection->greeted = true;
	for (index = 0; index < count; index++) {
		memcpy(&asked, item->bytes + index * sizeof(asked), sizeof(asked));
		stream = sluice_ledger_floor(connection->ledger, connection->output, asked.stream,
					     le64toh(asked.epoch), le64toh(asked.start));
		if (!stream)
			return -ENOSPC;
		known += stream->have.count;
	}
	error = settle(connection);
	if (error)
		return error;
	answer = calloc(known ? known : 1, sizeof(*answer));
	if (!answer)
		return -ENOMEM;
	for (index = 0; index < count; index++) {
		memcpy(&asked, item->bytes + index * sizeof(asked), sizeof(asked));
		stream = sluice_ledger_floor(connection->ledger, connection->output, asked.stream,
					     le64toh(asked.epoch), 0);
		for (part = 0;
		     stream && part < stream->have.count && answered < known && answered < limit;
		     part++)
			answer[answered++] =
				wire_range(connection, stream, &stream->have.list[part]);
	}
	error = put_frame(connection, SLUICE_FRAME_HELLO, answer, answered);
	free(answer);
	return error;
}

/* Notes that [offset, ...) of a stream is to be acknowledged. 0 or -ENOMEM. */
static int note_pending(struct sluice_sink_connection *connection,
			struct sluice_ledger_stream *stream, uint64_t offset)
{
	struct pending *grown;
	struct sluice_range range;
	size_t index;

	for (index = connection->pending_count; index > 0; index--) {
		const struct pending *known = &connection->pending[index - 1];

		if (known->stream == stream &&
		    sluice_ranges_around(&stream->have, offset, &range) &&
		    known->offset >= range.start && known->offset < range.end)
			return 0;
	}
	if (connection->pending_count == connection->pending_capacity) {
		size_t capacity =
			connection->pending_capacity ? connection->pending_capacity * 2 : 16;

		grown = realloc(connection->pending, capacity * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		connection->pending = grown;
		connection->pending_capacity = capacity;
	}
	connection->pending[connection->pending_count].stream = stream;
	connection->pending[connection->pending_count++].offset = offset;
	return 0;
}

/* Queues the acknowledgements that are due, unless older ones are still on their way out: those that come later say
 * more in fewer bytes. 0 or -ENOMEM. */
static int acknowledge(struct sluice_sink_connection *connection)
{
	struct sluice_frame_range *ranges;
	struct sluice_range range;
	size_t count = 0;
	size_t index;
	int error;

	if (connection->pending_count == 0 || connection->out_begin != connection->out_end)
		return 0;
	ranges = calloc(connection->pending_count, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	for (index = 0; index < connection->pending_count; index++) {
		const struct pending *known = &connection->pending[index];

		if (!sluice_ranges_around(&known->stream->have, known->offset, &range))
			continue;
		ranges[count] = wire_range(connection, known->stream, &range);
		/* Two that were apart when noted may have grown together. */
		if (count == 0 || memcmp(&ranges[count], &ranges[count - 1], sizeof(*ranges)) != 0)
			count++;
	}
	connection->pending_count = 0;
	error = put_frame(connection, SLUICE_FRAME_ACK, ranges, count);
	free(ranges);
	return error;
}

/* One native frame. 0, -EPROTO, or what the ledger says. */
static int take_frame(struct sluice_sink_connection *connection,
		      const struct sluice_decoder_item *item)
{
	struct sluice_ledger_stream *stream;
	int error;

	switch (item->frame.type) {
	case SLUICE_FRAME_HELLO:
		error = greet(connection, item);
		if (error == -EPROTO)
			complain(connection, "a HELLO whose count and length do not agree");
		return error;
	case SLUICE_FRAME_HEARTBEAT:
		connection->answer_heartbeat = true;
		return 0;
	case SLUICE_FRAME_DATA:
		break;
	default:
		/* A later version's; the format says to skip it. */
		return 0;
	}
	if (!connection->greeted) {
		complain(connection, "DATA before HELLO");
		return -EPROTO;
	}
	error = sluice_ledger_frame(connection->ledger, connection->output, &item->frame,
				    item->bytes, &stream);
	if (error == -EBADMSG) {
		complain(connection,
			 "a DATA frame that does not hold whole records, as many as it says");
		return -EPROTO;
	}
	if (error)
		return error;
	connection->rules->delivered_since = true;
	/* An empty frame has nothing to acknowledge. */
	return item->length ? note_pending(connection, stream, le64toh(item->frame.offset)) : 0;
}

/* Everything whole that is in the buffer. 0, -EPROTO, or what the ledger says. */
static int take_all(struct sluice_sink_connection *connection)
{
	struct sluice_ledger_sums *sums = sluice_ledger_sums(connection->ledger);
	struct sluice_decoder_item item = {.length = 0};
	int error = 0;
	int next;

	while ((next = sluice_decoder_next(&connection->decoder, &item)) != 0) {
		if (next == -ENOMEM)
			return next;
		if (next == -EMSGSIZE) {
			sums->damaged_frames++;
			continue;
		}
		if (next < 0) {
			sums->damaged_frames++;
			complain(connection, next == -EBADMSG ? "a frame whose CRC is wrong"
					     : next == -EPROTONOSUPPORT
						     ? "a frame of another version"
						     : "this is not the framing that was agreed");
			return -EPROTO;
		}
		if (connection->rules->framing == SLUICE_DECODER_NATIVE) {
			error = take_frame(connection, &item);
		} else {
			error = sluice_ledger_datagram(connection->ledger, connection->port,
						       item.bytes, item.length);
			connection->rules->delivered_since = true;
		}
		if (error)
			return error;
	}
	return 0;
}

/* Sends what is queued. 0 or -ECONNRESET. */
static int send_out(struct sluice_sink_connection *connection)
{
	while (connection->out_begin < connection->out_end) {
		ssize_t sent = send(connection->fd, connection->out + connection->out_begin,
				    connection->out_end - connection->out_begin,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -ECONNRESET;
		connection->out_begin += (size_t)sent;
	}
	return 0;
}

/* Ends the connection as a crashed machine would: RST, whatever is unsent or unread is gone. */
static int reset(struct sluice_sink_connection *connection)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	connection->rules->resets++;
	connection->rules->delivered_since = false;
	connection->rules->until_reset =
		connection->rules->reset_once ? UINT64_MAX : connection->rules->reset_after;
	return -ECONNRESET;
}

/* Bytes to read now, as slowness and resets allow. */
static size_t allowance(const struct sluice_sink_connection *connection, size_t room)
{
	const struct sluice_sink_rules *rules = connection->rules;

	if (rules->slow && room > (rules->slow + SLOW_STEPS - 1) / SLOW_STEPS)
		room = (size_t)((rules->slow + SLOW_STEPS - 1) / SLOW_STEPS);
	/* Past the limit byte by byte, until it is in the middle of a frame. */
	if (rules->reset_after && room > rules->until_reset)
		room = rules->until_reset ? (size_t)rules->until_reset : 1;
	return room;
}

/* Reads once and takes what became whole. Bytes read, 0 if there was nothing, or a negative errno as serve. */
static ssize_t read_once(struct sluice_sink_connection *connection, uint64_t now)
{
	struct sluice_sink_rules *rules = connection->rules;
	uint8_t *buffer;
	ssize_t got;
	size_t room;
	int error;

	buffer = sluice_decoder_room(&connection->decoder, &room);
	if (!buffer)
		return -ENOMEM;
	got = recv(connection->fd, buffer, allowance(connection, room), MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -ECONNRESET;
	if (got == 0) {
		connection->ended = true;
		return 0;
	}
	sluice_decoder_fed(&connection->decoder, (size_t)got);
	if (rules->slow)
		connection->slow_wake = now + NS_PER_SECOND / SLOW_STEPS;
	if (rules->reset_after)
		rules->until_reset -=
			rules->until_reset > (uint64_t)got ? (uint64_t)got : rules->until_reset;
	error = take_all(connection);
	if (error)
		return error;
	if (rules->reset_after && rules->until_reset == 0 && rules->delivered_since &&
	    sluice_decoder_is_within(&connection->decoder))
		return reset(connection);
	return got;
}

/* Commits what was read, then acknowledges it. 0 or what the ledger says. */
static int answer(struct sluice_sink_connection *connection)
{
	int error = settle(connection);

	if (!error)
		error = acknowledge(connection);
	if (!error && connection->answer_heartbeat &&
	    connection->out_begin == connection->out_end) {
		connection->answer_heartbeat = false;
		error = put_frame(connection, SLUICE_FRAME_HEARTBEAT, NULL, 0);
	}
	return error;
}

/* As connection.h says. @context process */
int sluice_sink_connection_serve(struct sluice_sink_connection *connection, uint64_t now)
{
	size_t share = 0;
	ssize_t got = 1;
	int error;

	if (!connection)
		return -EINVAL;
	/* Nothing but its end can have been reported. */
	if (connection->rules->never_read)
		return -EPIPE;
	while (got > 0 && share < SHARE && !connection->ended && connection->slow_wake <= now) {
		got = read_once(connection, now);
		share += got > 0 ? (size_t)got : 0;
	}
	/* A slow reader that found nothing waits for the socket, not for the clock. */
	if (got == 0)
		connection->slow_wake = 0;
	/* What was whole before a fault counts, and is acknowledged as far as the peer still listens. */
	if (got == -ECONNRESET) {
		error = settle(connection);
		return error ? error : -ECONNRESET;
	}
	if (got < 0 && got != -EPROTO)
		return (int)got;
	error = send_out(connection);
	if (!error && (share > 0 || connection->pending_count > 0 || connection->answer_heartbeat ||
		       got < 0)) {
		error = answer(connection);
		if (!error)
			error = send_out(connection);
	}
	if (error)
		return error;
	if (got < 0)
		return (int)got;
	return connection->ended && connection->pending_count == 0 &&
			       connection->out_begin == connection->out_end
		       ? -EPIPE
		       : 0;
}

/* As connection.h says. */
uint32_t sluice_sink_connection_events(const struct sluice_sink_connection *connection,
				       uint64_t *wake)
{
	uint32_t events = 0;

	*wake = UINT64_MAX;
	if (connection->out_begin < connection->out_end)
		events |= EPOLLOUT;
	if (connection->ended || connection->rules->never_read)
		return events;
	if (connection->slow_wake)
		*wake = connection->slow_wake;
	else
		events |= EPOLLIN;
	return events;
}
