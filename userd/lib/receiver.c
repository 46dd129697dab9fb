// SPDX-License-Identifier: MIT
/*
 * What a receiver has: which bytes of which streams, so that what is sent again is not handed over
 * again. Between a link, which brings whole frames, and the program. Touches: memory only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "receiver_inner.h"
#include "record.h"
#include "usdt.h"

struct sluice_receiver {
	sluice_receiver_take *take;
	void *context; /* @owner caller */
	struct sluice_receiver_counts counts;
	struct sluice_receiver_stream **streams; /* @owner receiver, each of them too */
	size_t stream_count;
	size_t latest; /* the one that was looked for last */
	bool holds;    /* acknowledgements wait for sluice_receiver_safe() */
	bool goes_on;  /* the frame was begun before */
};

/* As sluice/receiver.h says. @context process */
int sluice_receiver_open(struct sluice_receiver **receiver, sluice_receiver_take *take,
			 void *context)
{
	struct sluice_receiver *made;

	if (!receiver || !take)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->take = take;
	made->context = context;
	*receiver = made;
	return 0;
}

/* As sluice/receiver.h says. @context process */
void sluice_receiver_close(struct sluice_receiver *receiver)
{
	if (!receiver)
		return;
	while (receiver->stream_count > 0) {
		sluice_ranges_free(&receiver->streams[--receiver->stream_count]->have);
		sluice_ranges_free(&receiver->streams[receiver->stream_count]->safe);
		free(receiver->streams[receiver->stream_count]);
	}
	free(receiver->streams);
	free(receiver);
}

/* True if the stream is the one of these names. */
static bool is_named(const struct sluice_receiver_stream *known, const sluice_guid output,
		     const sluice_guid stream, uint64_t epoch)
{
	return known->epoch == epoch && sluice_guid_equal(known->stream, stream) &&
	       sluice_guid_equal(known->output, output);
}

/* As receiver_inner.h says. */
struct sluice_receiver_stream *sluice_receiver_find(struct sluice_receiver *receiver,
						    const sluice_guid output,
						    const sluice_guid stream, uint64_t epoch)
{
	struct sluice_receiver_stream **list;
	struct sluice_receiver_stream *made;
	size_t index;

	if (!receiver || !output || !stream)
		return NULL;
	/* Frames of one stream come one after the other. */
	if (receiver->latest < receiver->stream_count &&
	    is_named(receiver->streams[receiver->latest], output, stream, epoch))
		return receiver->streams[receiver->latest];
	for (index = 0; index < receiver->stream_count; index++) {
		if (!is_named(receiver->streams[index], output, stream, epoch))
			continue;
		receiver->latest = index;
		return receiver->streams[index];
	}
	if (receiver->stream_count == SLUICE_RECEIVER_STREAMS)
		return NULL;
	/* Full exactly when the count is 0 or a power of two. */
	if ((receiver->stream_count & (receiver->stream_count - 1)) == 0) {
		list = realloc(receiver->streams,
			       (receiver->stream_count ? receiver->stream_count * 2 : 1) *
				       sizeof(struct sluice_receiver_stream *));
		if (!list)
			return NULL;
		receiver->streams = list;
	}
	made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	sluice_guid_copy(made->output, output);
	sluice_guid_copy(made->stream, stream);
	made->epoch = epoch;
	made->changed = true;
	made->holds = receiver->holds;
	receiver->latest = receiver->stream_count;
	receiver->streams[receiver->stream_count++] = made;
	return made;
}

/* As receiver_inner.h says. */
struct sluice_receiver_stream *sluice_receiver_stream(const struct sluice_receiver *receiver,
						      size_t index)
{
	return receiver && index < receiver->stream_count ? receiver->streams[index] : NULL;
}

/* As receiver_inner.h says. */
int sluice_receiver_floor(struct sluice_receiver_stream *stream, uint64_t floor)
{
	int error;

	if (stream->holds) {
		error = sluice_ranges_add(&stream->safe, 0, floor);
		if (error)
			return error;
	}
	if (sluice_ranges_covers(&stream->have, 0, floor))
		return 0;
	error = sluice_ranges_add(&stream->have, 0, floor);
	if (!error)
		stream->changed = true;
	return error;
}

/* As receiver_inner.h says. */
void sluice_receiver_hold(struct sluice_receiver *receiver)
{
	receiver->holds = true;
}

/* As receiver_inner.h says. */
int sluice_receiver_safe(struct sluice_receiver_stream *stream, uint64_t start, uint64_t end)
{
	return sluice_ranges_add(&stream->safe, start, end);
}

/* As receiver_inner.h says. */
void sluice_receiver_go_on(struct sluice_receiver *receiver, bool on)
{
	receiver->goes_on = on;
}

/* As sluice/receiver.h says. */
int sluice_receiver_restore(struct sluice_receiver *receiver,
			    const struct sluice_receiver_range *range)
{
	struct sluice_receiver_stream *stream;

	if (!receiver || !range || range->start > range->end ||
	    range->start % SLUICE_RECORD_ALIGN || range->end % SLUICE_RECORD_ALIGN)
		return -EINVAL;
	stream = sluice_receiver_find(receiver, range->output, range->stream, range->epoch);
	if (!stream)
		return receiver->stream_count == SLUICE_RECEIVER_STREAMS ? -ENOSPC : -ENOMEM;
	return sluice_ranges_add(&stream->have, range->start, range->end);
}

/* As sluice/receiver.h says. */
int sluice_receiver_ranges(const struct sluice_receiver *receiver,
			   int (*each)(void *context, const struct sluice_receiver_range *range),
			   void *context)
{
	struct sluice_receiver_range range;
	size_t index;
	size_t part;
	int result = 0;

	if (!receiver || !each)
		return -EINVAL;
	for (index = 0; index < receiver->stream_count; index++) {
		const struct sluice_receiver_stream *stream = receiver->streams[index];

		sluice_guid_copy(range.output, stream->output);
		sluice_guid_copy(range.stream, stream->stream);
		range.epoch = stream->epoch;
		for (part = 0; part < stream->have.count && !result; part++) {
			range.start = stream->have.list[part].start;
			range.end = stream->have.list[part].end;
			result = each(context, &range);
		}
	}
	return result;
}

/* As sluice/receiver.h says. */
void sluice_receiver_count(const struct sluice_receiver *receiver,
			   struct sluice_receiver_counts *counts)
{
	if (receiver && counts)
		*counts = receiver->counts;
}

/* Reads a record and judges it. 0, or -EBADMSG if it is none that a relay writes. */
static int read_record(const uint8_t *bytes, size_t available, struct sluice_record_view *view)
{
	if (sluice_record_read(bytes, available, view))
		return -EBADMSG;
	if (view->type == SLUICE_RECORD_DATA && view->payload_length > SLUICE_PAYLOAD_MAX)
		return -EBADMSG;
	if (view->type == SLUICE_RECORD_GAP &&
	    view->payload_length < sizeof(struct sluice_record_gap))
		return -EBADMSG;
	return 0;
}

/* Is the payload nothing but whole records, as many as the frame says, none of them had in part? */
static bool records_are_right(const struct sluice_receiver_stream *stream,
			      const struct sluice_frame *frame, const uint8_t *payload)
{
	uint64_t offset = le64toh(frame->offset);
	size_t length = le32toh(frame->length);
	struct sluice_record_view view;
	uint64_t counted = 0;
	uint64_t reach;
	size_t place;

	if (offset % SLUICE_RECORD_ALIGN || offset > UINT64_MAX - length)
		return false;
	for (place = 0; place < length; place += view.span) {
		if (read_record(payload + place, length - place, &view))
			return false;
		reach = sluice_ranges_reach(&stream->have, offset + place);
		if (reach > offset + place && reach < offset + place + view.span)
			return false;
		if (view.type != SLUICE_RECORD_PAD)
			counted++;
	}
	return counted == le32toh(frame->count);
}

/* An address block in the byte order of this machine. */
static struct sluice_receiver_address address_of(const struct sluice_record_address *block)
{
	struct sluice_record_address wire;
	struct sluice_receiver_address address;

	memcpy(&wire, block, sizeof(wire));
	address.family = wire.family;
	address.vlan = wire.vlan_present ? le16toh(wire.vlan_tci) : -1;
	address.source_port = le16toh(wire.source_port);
	address.destination_port = le16toh(wire.destination_port);
	address.interface = le32toh(wire.interface);
	memcpy(address.source, wire.source, sizeof(address.source));
	memcpy(address.destination, wire.destination, sizeof(address.destination));
	return address;
}

/* Hands one new record of [offset, end) to the program, unless it is of a type that says nothing to
 * it. 0 or what the program says. */
static int hand_over(struct sluice_receiver *receiver, const struct sluice_receiver_stream *stream,
		     uint64_t offset, uint64_t end, const struct sluice_record_view *view)
{
	struct sluice_receiver_counts *counts = &receiver->counts;
	struct sluice_receiver_record record = {
		.input = view->input,
		.time_ns = view->time_ns,
		.output = stream->output,
		.stream = stream->stream,
		.epoch = stream->epoch,
		.offset = offset,
		.end = end,
	};
	struct sluice_receiver_address address;
	struct sluice_record_gap gap;
	int error;

	if (view->type == SLUICE_RECORD_DATA) {
		record.type = SLUICE_RECEIVER_DATAGRAM;
		record.payload = view->payload;
		record.length = view->payload_length;
	} else if (view->type == SLUICE_RECORD_GAP) {
		memcpy(&gap, view->payload, sizeof(gap));
		record.type = SLUICE_RECEIVER_GAP;
		record.lost = le64toh(gap.datagrams);
		record.lost_bytes = le64toh(gap.bytes);
		record.cause = le32toh(gap.cause);
	} else {
		return 0;
	}
	if (view->address) {
		address = address_of(view->address);
		record.address = &address;
	}
	error = receiver->take(receiver->context, &record);
	if (error)
		return error;
	if (record.type == SLUICE_RECEIVER_DATAGRAM) {
		SLUICE_USDT3(receive, record.input, record.length, record.offset);
		counts->datagrams++;
		counts->bytes += record.length;
	} else {
		SLUICE_USDT4(told, record.input, record.cause, record.lost, record.offset);
		counts->gaps++;
		counts->lost += record.lost;
	}
	return 0;
}

/* As receiver_inner.h says. */
int sluice_receiver_frame(struct sluice_receiver *receiver, const sluice_guid output,
			  const struct sluice_frame *frame, const uint8_t *payload, uint64_t blank,
			  struct sluice_receiver_stream **where)
{
	struct sluice_receiver_stream *stream;
	struct sluice_record_view view;
	bool fresh = false;
	uint64_t offset;
	size_t length;
	size_t place;
	int error = 0;
	int full;

	if (!receiver || !output || !frame || !payload || !where)
		return -EINVAL;
	offset = le64toh(frame->offset);
	length = le32toh(frame->length);
	stream = sluice_receiver_find(receiver, output, frame->stream, le64toh(frame->epoch));
	if (!stream)
		return -ENOSPC;
	if (!records_are_right(stream, frame, payload) || blank % SLUICE_RECORD_ALIGN ||
	    blank > UINT64_MAX - offset - length)
		return -EBADMSG;
	for (place = 0; place < length; place += view.span) {
		error = read_record(payload + place, length - place, &view);
		if (error)
			break;
		if (sluice_ranges_covers(&stream->have, offset + place, offset + place + 1)) {
			receiver->counts.repeated +=
				view.type == SLUICE_RECORD_DATA && !receiver->goes_on;
			continue;
		}
		/* What is blank behind the frame goes with its last record. */
		error = hand_over(receiver, stream, offset + place,
				  offset + place + view.span +
					  (place + view.span == length ? blank : 0),
				  &view);
		if (error)
			break;
		fresh = true;
	}
	/* What the program has taken before it refused is not offered to it again. */
	full = sluice_ranges_add(&stream->have, offset, offset + place + (error ? 0 : blank));
	stream->changed = true;
	if (error || full)
		return error ? error : full;
	receiver->counts.frames++;
	receiver->counts.fresh += fresh;
	*where = stream;
	return sluice_receiver_floor(stream, le64toh(frame->floor));
}
