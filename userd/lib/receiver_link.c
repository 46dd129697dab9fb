// SPDX-License-Identifier: MIT
/*
 * One connection of a receiver: frames out of bytes, HELLO, ACK and HEARTBEAT into bytes. Between
 * the program's socket and what has been received (receiver.c). What the relay's trust rests on:
 * nothing is said to it that the program has not acknowledged before. Touches: memory only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "decoder.h"
#include "receiver_inner.h"

/* Ranges that fit into one frame. */
#define RANGES_MAX (SLUICE_FRAME_PAYLOAD_MAX / sizeof(struct sluice_frame_range))

/* Something that was received and is to be acknowledged: the range of `stream` around `offset`. */
struct pending {
	struct sluice_receiver_stream *stream; /* @owner receiver */
	uint64_t offset;
	bool is_said; /* as received; it may become durable still */
};

struct sluice_receiver_link {
	struct sluice_receiver *receiver; /* @owner caller */
	struct sluice_decoder decoder;
	int error;	   /* what ended it */
	const char *fault; /* in words */
	bool greeted;	   /* the relay's HELLO has come */
	bool hello_due;	   /* and is to be answered */
	bool heartbeat_due;
	bool goes_on; /* the program could not take all of the frame that is next */
	sluice_receiver_path *path;
	void *path_context; /* @owner caller */
	sluice_guid output;
	struct sluice_receiver_stream *
		*asked; /* streams that the HELLO names; @owner link, not they */
	size_t asked_count;
	struct pending *pending; /* @owner link */
	size_t pending_count;
	size_t pending_capacity;
	struct sluice_frame_range *ready; /* what may be acknowledged; @owner link */
	size_t ready_count;
	size_t ready_capacity;
	uint8_t *out; /* what goes to the relay; @owner link */
	size_t out_begin;
	size_t out_end;
	size_t out_capacity;
};

/* As sluice/receiver.h says. @context process */
int sluice_receiver_link_open(struct sluice_receiver *receiver, struct sluice_receiver_link **link)
{
	struct sluice_receiver_link *made;

	if (!receiver || !link)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->receiver = receiver;
	made->decoder.framing = SLUICE_DECODER_NATIVE;
	*link = made;
	return 0;
}

/* As sluice/receiver.h says. @context process */
void sluice_receiver_link_close(struct sluice_receiver_link *link)
{
	if (!link)
		return;
	sluice_decoder_free(&link->decoder);
	free(link->asked);
	free(link->pending);
	free(link->ready);
	free(link->out);
	free(link);
}

/* As sluice/receiver.h says. */
void *sluice_receiver_room(struct sluice_receiver_link *link, size_t *room)
{
	return link ? sluice_decoder_room(&link->decoder, room) : NULL;
}

/* As receiver_inner.h says. */
bool sluice_receiver_is_within(const struct sluice_receiver_link *link)
{
	return link && sluice_decoder_is_within(&link->decoder);
}

/* As sluice/receiver.h says. */
const char *sluice_receiver_fault(const struct sluice_receiver_link *link)
{
	return link ? link->fault : NULL;
}

/* Makes room for one more of `size` bytes in a list. `*list` is as it was if there is no memory. 0
 * or -ENOMEM. */
static int grow(void **list, size_t count, size_t *capacity, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = realloc(*list, wanted * size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	*capacity = wanted;
	return 0;
}

/* Notes that [offset, ...) of a stream is to be acknowledged. 0 or -ENOMEM. */
static int note_pending(struct sluice_receiver_link *link, struct sluice_receiver_stream *stream,
			uint64_t offset)
{
	struct sluice_range range;
	size_t index;

	for (index = link->pending_count; index > 0; index--) {
		struct pending *known = &link->pending[index - 1];

		if (known->stream == stream &&
		    sluice_ranges_around(sluice_receiver_told(stream), offset, &range) &&
		    known->offset >= range.start && known->offset < range.end) {
			known->is_said = false;
			return 0;
		}
	}
	if (grow((void **)&link->pending, link->pending_count, &link->pending_capacity,
		 sizeof(*link->pending)))
		return -ENOMEM;
	link->pending[link->pending_count++] = (struct pending){.stream = stream, .offset = offset};
	return 0;
}

/* Takes the relay's HELLO: its cursors are floors; the answer is due. 0, -EPROTO, -ENOSPC, -ENOMEM.
 */
static int greet(struct sluice_receiver_link *link, const struct sluice_decoder_item *item)
{
	size_t count = le32toh(item->frame.count);
	struct sluice_frame_range asked;
	size_t index;
	int error;

	if (link->greeted) {
		link->fault = "a second HELLO";
		return -EPROTO;
	}
	if (count > RANGES_MAX || count * sizeof(asked) != item->length) {
		link->fault = "a HELLO whose count and length do not agree";
		return -EPROTO;
	}
	sluice_guid_copy(link->output, item->frame.stream);
	link->asked = calloc(count ? count : 1, sizeof(struct sluice_receiver_stream *));
	if (!link->asked)
		return -ENOMEM;
	for (index = 0; index < count; index++) {
		memcpy(&asked, item->bytes + index * sizeof(asked), sizeof(asked));
		link->asked[index] = sluice_receiver_find(link->receiver, link->output,
							  asked.stream, le64toh(asked.epoch));
		if (!link->asked[index])
			return -ENOSPC;
		error = sluice_receiver_floor(link->asked[index], le64toh(asked.start));
		if (error)
			return error;
	}
	link->asked_count = count;
	link->greeted = true;
	link->hello_due = true;
	return 0;
}

/* As receiver_inner.h says. */
void sluice_receiver_link_watch(struct sluice_receiver_link *link, sluice_receiver_path *path,
				void *context)
{
	link->path = path;
	link->path_context = context;
}

/* As receiver_inner.h says. */
int sluice_receiver_link_tell(struct sluice_receiver_link *link,
			      struct sluice_receiver_stream *stream, uint64_t offset)
{
	if (!link->greeted || !sluice_guid_equal(link->output, stream->output))
		return 0;
	return note_pending(link, stream, offset);
}

/* As receiver_inner.h says. */
void sluice_receiver_link_beat(struct sluice_receiver_link *link)
{
	link->heartbeat_due = true;
}

/* Takes a PATH. 0, -EPROTO, or what the program says. */
static int take_path(struct sluice_receiver_link *link, const struct sluice_decoder_item *item)
{
	struct sluice_frame_relay relays[SLUICE_FRAME_RELAYS];
	size_t count = le32toh(item->frame.count), number;

	if (!count || count > SLUICE_FRAME_RELAYS || count * sizeof(*relays) != item->length) {
		link->fault = "a PATH whose count and length do not agree";
		return -EPROTO;
	}
	if (!link->path)
		return 0;
	memcpy(relays, item->bytes, item->length);
	for (number = 0; number < count; number++)
		relays[number].name[sizeof(relays[number].name) - 1] = '\0';
	return link->path(link->path_context, relays, count);
}

/* One frame. 0, -EPROTO, -EBADMSG, or as sluice_receiver_frame(). */
static int take_frame(struct sluice_receiver_link *link, const struct sluice_decoder_item *item)
{
	struct sluice_receiver_stream *stream;
	int error;

	switch (item->frame.type) {
	case SLUICE_FRAME_HELLO:
		return greet(link, item);
	case SLUICE_FRAME_HEARTBEAT:
		link->heartbeat_due = true;
		return 0;
	case SLUICE_FRAME_PATH:
		return take_path(link, item);
	case SLUICE_FRAME_DATA:
		break;
	default:
		/* A later version's; the format says to skip it. */
		return 0;
	}
	if (!link->greeted) {
		link->fault = "DATA before HELLO";
		return -EPROTO;
	}
	sluice_receiver_go_on(link->receiver, link->goes_on);
	error = sluice_receiver_frame(link->receiver, link->output, &item->frame, item->bytes,
				      item->blank, &stream);
	if (error == -EBADMSG)
		link->fault = "a DATA frame that does not hold whole records, as many as it says";
	/* An empty frame has nothing to acknowledge. */
	if (error || item->length == 0)
		return error;
	/* What is not safe yet is told when it is; what came again because that was not heard is
	 * told again. */
	if (stream->holds && !sluice_ranges_covers(&stream->safe, le64toh(item->frame.offset),
						   le64toh(item->frame.offset) + item->length))
		return 0;
	return note_pending(link, stream, le64toh(item->frame.offset));
}

/* As sluice/receiver.h says. */
int sluice_receiver_fed(struct sluice_receiver_link *link, size_t length)
{
	struct sluice_decoder_item item = {.length = 0};
	int next = 0;

	if (!link || length > link->decoder.capacity - link->decoder.end)
		return -EINVAL;
	sluice_decoder_fed(&link->decoder, length);
	while (!link->error) {
		next = sluice_decoder_next(&link->decoder, &item);
		if (next <= 0)
			break;
		link->error = take_frame(link, &item);
		link->goes_on = link->error == -EAGAIN;
		if (link->goes_on) {
			/* The frame is the next one still; what was taken of it is known. */
			sluice_decoder_again(&link->decoder);
			link->error = 0;
			return -EAGAIN;
		}
	}
	if (link->error || next == 0)
		return link->error;
	link->error = next;
	if (next == -EBADMSG)
		link->fault = "a frame whose CRC is wrong";
	else if (next == -EPROTONOSUPPORT)
		link->fault = "a frame of another version";
	else if (next == -EPROTO)
		link->fault = "bytes that are not a frame";
	else if (next == -EILSEQ)
		link->fault = "a compressed frame that does not hold what its header says";
	return link->error;
}

/* Makes room for `length` more bytes to the relay. NULL: no memory. */
static uint8_t *out_room(struct sluice_receiver_link *link, size_t length)
{
	uint8_t *out;

	if (link->out_begin == link->out_end) {
		link->out_begin = 0;
		link->out_end = 0;
	}
	if (link->out_capacity - link->out_end < length) {
		out = realloc(link->out, link->out_end + length);
		if (!out)
			return NULL;
		link->out = out;
		link->out_capacity = link->out_end + length;
	}
	out = link->out + link->out_end;
	link->out_end += length;
	return out;
}

/* Queues a frame of `type` with `count` ranges. 0 or -ENOMEM. */
static int put_frame(struct sluice_receiver_link *link, enum sluice_frame_type type,
		     const struct sluice_frame_range *ranges, size_t count)
{
	struct sluice_frame frame = {.type = (uint8_t)type};
	size_t length = count * sizeof(*ranges);
	uint8_t *out = out_room(link, sizeof(frame) + length);

	if (!out)
		return -ENOMEM;
	frame.count = htole32((uint32_t)count);
	frame.length = htole32((uint32_t)length);
	if (type == SLUICE_FRAME_HELLO)
		frame.offset = htole64(SLUICE_FRAME_F_ZSTD);
	sluice_guid_copy(frame.stream, link->output);
	frame.payload_crc = htole32(sluice_crc32c(0, ranges, length));
	sluice_frame_seal(&frame);
	memcpy(out, &frame, sizeof(frame));
	if (length)
		memcpy(out + sizeof(frame), ranges, length);
	return 0;
}

/* A range as it is on the wire. */
static struct sluice_frame_range wire_range(const struct sluice_receiver_stream *stream,
					    const struct sluice_range *range,
					    enum sluice_receiver_promise promise)
{
	struct sluice_frame_range wire = {
		.epoch = htole64(stream->epoch),
		.start = htole64(range->start),
		.end = htole64(range->end),
		.flags = htole32(promise == SLUICE_RECEIVER_DURABLE ? SLUICE_RANGE_F_DURABLE : 0),
	};

	sluice_guid_copy(wire.stream, stream->stream);
	return wire;
}

/* Answers the relay's HELLO with what has been received of the streams that it names. 0 or -ENOMEM.
 */
static int answer_hello(struct sluice_receiver_link *link, enum sluice_receiver_promise promise)
{
	struct sluice_frame_range *answer;
	size_t known = 0;
	size_t answered = 0;
	size_t index;
	size_t part;
	int error;

	for (index = 0; index < link->asked_count; index++)
		known += sluice_receiver_told(link->asked[index])->count;
	/* What does not fit is acknowledged when it comes again. */
	known = known < RANGES_MAX ? known : RANGES_MAX;
	answer = calloc(known ? known : 1, sizeof(*answer));
	if (!answer)
		return -ENOMEM;
	for (index = 0; index < link->asked_count; index++) {
		const struct sluice_ranges *have = sluice_receiver_told(link->asked[index]);

		for (part = 0; part < have->count && answered < known; part++)
			answer[answered++] =
				wire_range(link->asked[index], &have->list[part], promise);
	}
	error = put_frame(link, SLUICE_FRAME_HELLO, answer, answered);
	free(answer);
	if (error)
		return error;
	free(link->asked);
	link->asked = NULL;
	link->asked_count = 0;
	link->hello_due = false;
	return 0;
}

/*
 * Puts a range among those that may be acknowledged, in the place of those that lie in it: as long
 * as a relay does not read what it is sent, they are no more than the stream has holes. 0 or
 * -ENOMEM.
 */
static int make_ready(struct sluice_receiver_link *link, const struct sluice_frame_range *range)
{
	size_t index = link->ready_count;

	while (index-- > 0) {
		const struct sluice_frame_range *known = &link->ready[index];

		/* What is said to be durable stays said. */
		if (known->epoch == range->epoch && !(known->flags & ~range->flags) &&
		    sluice_guid_equal(known->stream, range->stream) &&
		    le64toh(known->start) >= le64toh(range->start) &&
		    le64toh(known->end) <= le64toh(range->end))
			link->ready[index] = link->ready[--link->ready_count];
	}
	if (grow((void **)&link->ready, link->ready_count, &link->ready_capacity,
		 sizeof(*link->ready)))
		return -ENOMEM;
	link->ready[link->ready_count++] = *range;
	return 0;
}

/* Does another one before `place` stand for the same range as that one, which is `range`? */
static bool is_twin(const struct sluice_receiver_link *link, size_t place,
		    const struct sluice_range *range)
{
	size_t index;

	for (index = 0; index < place; index++)
		if (link->pending[index].stream == link->pending[place].stream &&
		    link->pending[index].offset >= range->start &&
		    link->pending[index].offset < range->end)
			return true;
	return false;
}

/* As sluice/receiver.h says. */
int sluice_receiver_acknowledge(struct sluice_receiver_link *link,
				enum sluice_receiver_promise promise)
{
	struct sluice_frame_range wire;
	struct sluice_range range;
	size_t place;
	int error = 0;

	if (!link)
		return -EINVAL;
	if (link->hello_due)
		error = answer_hello(link, promise);
	/* From the last on, so that one that goes is replaced by one that was looked at. */
	for (place = link->pending_count; !error && place-- > 0;) {
		struct pending *item = &link->pending[place];
		bool is_there = sluice_ranges_around(sluice_receiver_told(item->stream),
						     item->offset, &range);

		if (is_there && !(item->is_said && promise == SLUICE_RECEIVER_RECEIVED)) {
			wire = wire_range(item->stream, &range, promise);
			error = make_ready(link, &wire);
		}
		item->is_said = !error;
		/* What is received only stays, once for each range, until it is durable. */
		if (!error && (promise == SLUICE_RECEIVER_DURABLE || !is_there ||
			       is_twin(link, place, &range)))
			*item = link->pending[--link->pending_count];
	}
	return error;
}

/* As sluice/receiver.h says. */
int sluice_receiver_output(struct sluice_receiver_link *link, const void **bytes, size_t *length)
{
	size_t count;
	int error = 0;

	if (!link || !bytes || !length)
		return -EINVAL;
	/* Before the HELLO nothing else may be sent; while older bytes wait, what comes later says
	 * more in fewer. */
	if (link->out_begin == link->out_end && !link->hello_due) {
		count = link->ready_count < RANGES_MAX ? link->ready_count : RANGES_MAX;
		if (count > 0)
			error = put_frame(link, SLUICE_FRAME_ACK,
					  link->ready + link->ready_count - count, count);
		if (error)
			return error;
		link->ready_count -= count;
		if (link->heartbeat_due && link->greeted)
			error = put_frame(link, SLUICE_FRAME_HEARTBEAT, NULL, 0);
		if (error)
			return error;
		link->heartbeat_due = false;
	}
	*bytes = link->out ? link->out + link->out_begin : NULL;
	*length = link->out_end - link->out_begin;
	return 0;
}

/* As sluice/receiver.h says. */
void sluice_receiver_sent(struct sluice_receiver_link *link, size_t length)
{
	if (link && length <= link->out_end - link->out_begin)
		link->out_begin += length;
}
