// SPDX-License-Identifier: MIT
/*
 * The books of a sink: see ledger.h. Between the decoder, which hands it whole frames and datagrams, and what survives
 * (sluice_state). Touches: memory, the file of payloads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "keep.h"
#include "ledger.h"

#define RANGES_FIRST 64U /* ranges a stream has room for in the state at first */
#define LIST_MOST 65536U /* streams, inputs: a sink refuses more */

/* What is at the roots of the state. */
struct roots {
	uint64_t flows;
	uint64_t streams;
	uint64_t inputs;
	uint64_t reserved;
	struct sluice_ledger_sums sums;
};

_Static_assert(sizeof(struct roots) <= SLUICE_STATE_ROOT, "the roots fit the state's head");

/* A stream as it lies in the state. */
struct kept_stream {
	uint64_t next;
	uint8_t output[16];
	uint8_t stream[16];
	uint64_t epoch;
	uint64_t ranges; /* offset of struct sluice_range [capacity] */
	uint64_t capacity;
	uint64_t count;
};

/* A stream at work. */
struct stream {
	struct sluice_ledger_stream now;
	struct kept_stream kept;
	uint64_t offset;
	bool changed;
};

/* An input at work. */
struct input {
	struct sluice_ledger_input now;
	uint64_t offset;
	bool changed;
};

struct sluice_ledger {
	struct sluice_state *state;
	struct roots *roots;
	struct sluice_tally *tally;
	struct sluice_keep *keep; /* NULL: payloads are not written */
	enum sluice_ledger_check check;
	struct sluice_ledger_sums sums; /* at work; the roots follow at each commit */
	struct stream **streams;	/* @owner ledger, each of them too */
	size_t stream_count;
	struct input **inputs; /* likewise */
	size_t input_count;
	struct input *latest;
};

/* A list of `count` pointers with room for one more; it grows by doubling. NULL: no memory, and the list is as it was.
 * @owner caller, instead of `list` */
static void *list_grown(void *list, size_t count)
{
	/* Full exactly when the count is 0 or a power of two. */
	if (count & (count - 1))
		return list;
	return realloc(list, (count ? count * 2 : 1) * sizeof(void *));
}

/* Takes the stream at `offset` of the state into the list. 0, -ENOMEM, -EPROTO. */
static int take_stream(struct sluice_ledger *ledger, uint64_t offset)
{
	const struct sluice_range *ranges;
	struct stream *stream;
	struct stream **list;
	uint64_t index;
	int error = 0;

	if (ledger->stream_count == LIST_MOST)
		return -ENOSPC;
	list = list_grown(ledger->streams, ledger->stream_count);
	if (!list)
		return -ENOMEM;
	ledger->streams = list;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	stream->offset = offset;
	memcpy(&stream->kept, sluice_state_at(ledger->state, offset), sizeof(stream->kept));
	memcpy(stream->now.output, stream->kept.output, 16);
	memcpy(stream->now.stream, stream->kept.stream, 16);
	stream->now.epoch = stream->kept.epoch;
	ledger->streams[ledger->stream_count++] = stream;
	ranges = sluice_state_at(ledger->state, stream->kept.ranges);
	for (index = 0; index < stream->kept.count && !error; index++)
		error = sluice_ranges_add(&stream->now.have, ranges[index].start,
					  ranges[index].end);
	return error == -EINVAL ? -EPROTO : error;
}

/* Takes the input at `offset` of the state into the list. 0, -ENOMEM, -ENOSPC. */
static int take_input(struct sluice_ledger *ledger, uint64_t offset)
{
	struct input *input;
	struct input **list;

	if (ledger->input_count == LIST_MOST)
		return -ENOSPC;
	list = list_grown(ledger->inputs, ledger->input_count);
	if (!list)
		return -ENOMEM;
	ledger->inputs = list;
	input = calloc(1, sizeof(*input));
	if (!input)
		return -ENOMEM;
	input->offset = offset;
	memcpy(&input->now, sluice_state_at(ledger->state, offset), sizeof(input->now));
	ledger->inputs[ledger->input_count++] = input;
	return 0;
}

/* As ledger.h says. @context process */
int sluice_ledger_open(struct sluice_ledger **ledger, const char *path,
		       enum sluice_ledger_check check)
{
	struct sluice_ledger *made;
	uint64_t offset;
	int error;

	if (!ledger)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->check = check;
	error = sluice_state_open(&made->state, path);
	if (error)
		goto failed;
	made->roots = sluice_state_root(made->state);
	made->sums = made->roots->sums;
	error = sluice_tally_open(&made->tally, made->state, &made->roots->flows);
	if (error)
		goto failed;
	for (offset = made->roots->streams; offset;
	     offset = made->streams[made->stream_count - 1]->kept.next) {
		error = take_stream(made, offset);
		if (error)
			goto failed;
	}
	for (offset = made->roots->inputs; offset;
	     offset = made->inputs[made->input_count - 1]->now.next) {
		error = take_input(made, offset);
		if (error)
			goto failed;
	}
	*ledger = made;
	return 0;
failed:
	sluice_ledger_close(made);
	return error;
}

/* Closes the books; what was not committed did not happen. NULL is allowed. @context process */
void sluice_ledger_close(struct sluice_ledger *ledger)
{
	if (!ledger)
		return;
	while (ledger->stream_count > 0) {
		sluice_ranges_free(&ledger->streams[--ledger->stream_count]->now.have);
		free(ledger->streams[ledger->stream_count]);
	}
	while (ledger->input_count > 0)
		free(ledger->inputs[--ledger->input_count]);
	free(ledger->streams);
	free(ledger->inputs);
	sluice_keep_close(ledger->keep);
	sluice_tally_close(ledger->tally);
	sluice_state_close(ledger->state);
	free(ledger);
}

/* As ledger.h says. @context process */
int sluice_ledger_keep(struct sluice_ledger *ledger, const char *path, enum sluice_ledger_keep form)
{
	if (!ledger || ledger->keep)
		return -EINVAL;
	return sluice_keep_open(&ledger->keep, path, ledger->sums.written,
				form == SLUICE_LEDGER_KEEP_LENGTH32);
}

/* Finds a stream or makes it. NULL if there is no room. */
static struct stream *find_stream(struct sluice_ledger *ledger, const uint8_t output[16],
				  const uint8_t uuid[16], uint64_t epoch)
{
	struct kept_stream fresh = {
		.next = ledger->roots->streams, .epoch = epoch, .capacity = RANGES_FIRST};
	uint64_t offset;
	size_t index;

	for (index = 0; index < ledger->stream_count; index++) {
		struct stream *stream = ledger->streams[index];

		if (stream->now.epoch == epoch && memcmp(stream->now.stream, uuid, 16) == 0 &&
		    memcmp(stream->now.output, output, 16) == 0)
			return stream;
	}
	memcpy(fresh.output, output, 16);
	memcpy(fresh.stream, uuid, 16);
	fresh.ranges =
		sluice_state_allocate(ledger->state, RANGES_FIRST * sizeof(struct sluice_range));
	offset = sluice_state_allocate(ledger->state, sizeof(fresh));
	if (!fresh.ranges || !offset ||
	    sluice_state_copy(ledger->state, sluice_state_at(ledger->state, offset), &fresh,
			      sizeof(fresh)) ||
	    sluice_state_set(ledger->state, &ledger->roots->streams, offset) ||
	    take_stream(ledger, offset))
		return NULL;
	return ledger->streams[ledger->stream_count - 1];
}

/* Finds an input or makes it. NULL if there is no room. */
static struct input *find_input(struct sluice_ledger *ledger, const uint8_t stream[16],
				uint64_t epoch, uint64_t number)
{
	struct sluice_ledger_input fresh = {
		.next = ledger->roots->inputs, .epoch = epoch, .input = number};
	uint64_t offset;
	size_t index;

	memcpy(fresh.stream, stream, 16);
	if (ledger->latest && ledger->latest->now.input == number &&
	    ledger->latest->now.epoch == epoch &&
	    memcmp(ledger->latest->now.stream, stream, 16) == 0)
		return ledger->latest;
	for (index = 0; index < ledger->input_count; index++) {
		struct input *input = ledger->inputs[index];

		if (input->now.input == number && input->now.epoch == epoch &&
		    memcmp(input->now.stream, stream, 16) == 0) {
			ledger->latest = input;
			return input;
		}
	}
	offset = sluice_state_allocate(ledger->state, sizeof(fresh));
	if (!offset ||
	    sluice_state_copy(ledger->state, sluice_state_at(ledger->state, offset), &fresh,
			      sizeof(fresh)) ||
	    sluice_state_set(ledger->state, &ledger->roots->inputs, offset) ||
	    take_input(ledger, offset))
		return NULL;
	ledger->latest = ledger->inputs[ledger->input_count - 1];
	return ledger->latest;
}

/* As ledger.h says. @context process */
struct sluice_ledger_stream *sluice_ledger_floor(struct sluice_ledger *ledger,
						 const uint8_t output[16], const uint8_t stream[16],
						 uint64_t epoch, uint64_t floor)
{
	struct stream *found;

	if (!ledger || !output || !stream)
		return NULL;
	found = find_stream(ledger, output, stream, epoch);
	if (!found)
		return NULL;
	if (!sluice_ranges_covers(&found->now.have, 0, floor)) {
		if (sluice_ranges_add(&found->now.have, 0, floor))
			return NULL;
		found->changed = true;
	}
	return &found->now;
}

/* One datagram for the application. 0 or a negative errno. */
static int deliver(struct sluice_ledger *ledger, struct input *input, const uint8_t *bytes,
		   size_t length)
{
	struct sluice_payload payload = {.form = SLUICE_PAYLOAD_PLAIN};
	int found;

	if (ledger->check != SLUICE_LEDGER_PLAIN)
		sluice_payload_read(bytes, length, &payload);
	if (payload.form == SLUICE_PAYLOAD_PLAIN && ledger->check == SLUICE_LEDGER_NUMBERED)
		payload.form = SLUICE_PAYLOAD_DAMAGED;
	switch (payload.form) {
	case SLUICE_PAYLOAD_DAMAGED:
		ledger->sums.damaged++;
		break;
	case SLUICE_PAYLOAD_SHORT:
	case SLUICE_PAYLOAD_FULL:
		found = sluice_tally_note(ledger->tally, &payload, length);
		if (found < 0)
			return found;
		if (found == SLUICE_TALLY_REPEATED) {
			ledger->sums.repeated++;
			break;
		}
		if (found == SLUICE_TALLY_REORDERED)
			ledger->sums.reordered++;
		goto received;
	default:
		ledger->sums.unnumbered++;
		if (payload.form == SLUICE_PAYLOAD_PLAIN)
			ledger->sums.plain++;
	received:
		ledger->sums.received++;
		ledger->sums.bytes += length;
		input->now.received++;
		input->now.bytes += length;
		input->changed = true;
		break;
	}
	return ledger->keep ? sluice_keep_add(ledger->keep, bytes, length) : 0;
}

/* What a GAP record says of its input. */
static void note_gap(struct sluice_ledger *ledger, struct input *input, const uint8_t *bytes)
{
	struct sluice_record_gap gap;
	uint64_t datagrams;
	uint32_t cause;

	memcpy(&gap, bytes, sizeof(gap));
	datagrams = le64toh(gap.datagrams);
	cause = le32toh(gap.cause);
	ledger->sums.gap_records++;
	ledger->sums.gap_datagrams += datagrams;
	ledger->sums.gap[cause < SLUICE_LEDGER_CAUSES - 1 ? cause : SLUICE_LEDGER_CAUSES - 1] +=
		datagrams;
	input->now.gap_records++;
	input->now.gap_datagrams += datagrams;
	input->changed = true;
}

/* Reads a record's header. Returns the bytes it takes in the stream, 0 if it is none; *skip is where its payload is. */
static uint64_t record_at(const uint8_t *bytes, uint64_t available, struct sluice_record *record,
			  size_t *skip)
{
	uint64_t span;
	uint32_t length;

	if (available < sizeof(*record))
		return 0;
	memcpy(record, bytes, sizeof(*record));
	length = le32toh(record->length);
	span = sluice_record_span(length);
	*skip = sizeof(*record) + (record->flags & SLUICE_RECORD_F_ADDRESS
					   ? sizeof(struct sluice_record_address)
					   : 0);
	if (length < *skip || span > available)
		return 0;
	if (record->type == SLUICE_RECORD_DATA && length - *skip > SLUICE_PAYLOAD_MAX)
		return 0;
	if (record->type == SLUICE_RECORD_GAP && length - *skip < sizeof(struct sluice_record_gap))
		return 0;
	return span;
}

/* Is the payload nothing but whole records, as many as the frame says, none of them had in part? */
static bool records_are_right(const struct stream *stream, const struct sluice_frame *frame,
			      const uint8_t *payload)
{
	uint64_t offset = le64toh(frame->offset);
	uint64_t length = le32toh(frame->length);
	uint64_t counted = 0;
	uint64_t place = 0;

	if (offset % SLUICE_RECORD_ALIGN || offset > UINT64_MAX - length)
		return false;
	while (place < length) {
		struct sluice_record record;
		uint64_t reach;
		size_t skip;
		uint64_t span = record_at(payload + place, length - place, &record, &skip);

		if (!span)
			return false;
		reach = sluice_ranges_reach(&stream->now.have, offset + place);
		if (reach > offset + place && reach < offset + place + span)
			return false;
		if (record.type != SLUICE_RECORD_PAD)
			counted++;
		place += span;
	}
	return counted == le32toh(frame->count);
}

/* Delivers one record of `span` bytes, `skip` of them in front of its payload. 0 or a negative errno. */
static int deliver_record(struct sluice_ledger *ledger, const struct stream *stream,
			  const uint8_t *bytes, const struct sluice_record *record, size_t skip)
{
	struct input *input;

	if (record->type != SLUICE_RECORD_DATA && record->type != SLUICE_RECORD_GAP)
		return 0;
	input = find_input(ledger, stream->now.stream, stream->now.epoch, le16toh(record->input));
	if (!input)
		return -ENOSPC;
	if (record->type == SLUICE_RECORD_DATA)
		return deliver(ledger, input, bytes + skip, le32toh(record->length) - skip);
	note_gap(ledger, input, bytes + skip);
	return 0;
}

/* As ledger.h says. @context process */
int sluice_ledger_frame(struct sluice_ledger *ledger, const uint8_t output[16],
			const struct sluice_frame *frame, const uint8_t *payload,
			struct sluice_ledger_stream **where)
{
	struct stream *stream;
	bool fresh = false;
	uint64_t offset;
	uint64_t length;
	uint64_t place;
	uint64_t span;
	int error;

	if (!ledger || !output || !frame || !payload || !where)
		return -EINVAL;
	offset = le64toh(frame->offset);
	length = le32toh(frame->length);
	stream = find_stream(ledger, output, frame->stream, le64toh(frame->epoch));
	if (!stream)
		return -ENOSPC;
	if (!records_are_right(stream, frame, payload)) {
		ledger->sums.damaged_frames++;
		return -EBADMSG;
	}
	for (place = 0; place < length; place += span) {
		struct sluice_record record = {.length = 0};
		size_t skip = 0;

		span = record_at(payload + place, length - place, &record, &skip);
		if (sluice_ranges_covers(&stream->now.have, offset + place, offset + place + 1)) {
			ledger->sums.suppressed += record.type == SLUICE_RECORD_DATA;
			continue;
		}
		fresh = true;
		error = deliver_record(ledger, stream, payload + place, &record, skip);
		if (error)
			return error;
	}
	ledger->sums.frames += fresh;
	error = sluice_ranges_add(&stream->now.have, offset, offset + length);
	if (error)
		return error;
	stream->changed = true;
	*where = sluice_ledger_floor(ledger, output, frame->stream, stream->now.epoch,
				     le64toh(frame->floor));
	return *where ? 0 : -ENOMEM;
}

/* As ledger.h says. @context process */
int sluice_ledger_datagram(struct sluice_ledger *ledger, uint16_t port, const uint8_t *payload,
			   size_t length)
{
	static const uint8_t none[16];
	struct input *input;

	if (!ledger || (!payload && length))
		return -EINVAL;
	input = find_input(ledger, none, 0, port);
	return input ? deliver(ledger, input, payload, length) : -ENOSPC;
}

/* As ledger.h says. */
struct sluice_ledger_sums *sluice_ledger_sums(struct sluice_ledger *ledger)
{
	return &ledger->sums;
}

/* Writes the ranges of a stream into the state. 0 or -ENOSPC. */
static int flush_stream(struct sluice_ledger *ledger, struct stream *stream)
{
	const struct sluice_ranges *have = &stream->now.have;
	int error;

	if (have->count > stream->kept.capacity) {
		/* The old place is left behind; sizes double, so that all of them are less than the last. */
		stream->kept.capacity = 2 * have->count;
		stream->kept.ranges = sluice_state_allocate(
			ledger->state, stream->kept.capacity * sizeof(struct sluice_range));
		if (!stream->kept.ranges)
			return -ENOSPC;
	}
	error = sluice_state_copy(ledger->state,
				  sluice_state_at(ledger->state, stream->kept.ranges), have->list,
				  have->count * sizeof(*have->list));
	if (error)
		return error;
	stream->kept.count = have->count;
	stream->changed = false;
	return sluice_state_copy(ledger->state, sluice_state_at(ledger->state, stream->offset),
				 &stream->kept, sizeof(stream->kept));
}

/* As ledger.h says. @context process */
int sluice_ledger_commit(struct sluice_ledger *ledger)
{
	size_t index;
	int error = 0;

	if (!ledger)
		return -EINVAL;
	/* Payloads first: the file may be longer than the books say, never shorter. */
	if (ledger->keep)
		error = sluice_keep_flush(ledger->keep, &ledger->sums.written);
	if (!error)
		error = sluice_tally_flush(ledger->tally);
	for (index = 0; index < ledger->stream_count && !error; index++)
		if (ledger->streams[index]->changed)
			error = flush_stream(ledger, ledger->streams[index]);
	for (index = 0; index < ledger->input_count && !error; index++) {
		struct input *input = ledger->inputs[index];

		if (!input->changed)
			continue;
		error = sluice_state_copy(ledger->state,
					  sluice_state_at(ledger->state, input->offset),
					  &input->now, sizeof(input->now));
		input->changed = false;
	}
	if (!error)
		error = sluice_state_copy(ledger->state, &ledger->roots->sums, &ledger->sums,
					  sizeof(ledger->sums));
	if (!error)
		sluice_state_commit(ledger->state);
	return error;
}

/* As ledger.h says. */
int sluice_ledger_sync(struct sluice_ledger *ledger)
{
	int error = ledger->keep ? sluice_keep_sync(ledger->keep) : 0;

	return error ? error : sluice_state_sync(ledger->state);
}

/* As ledger.h says. */
const struct sluice_ledger_input *sluice_ledger_input(const struct sluice_ledger *ledger,
						      size_t index)
{
	return ledger && index < ledger->input_count ? &ledger->inputs[index]->now : NULL;
}

/* As ledger.h says. */
const struct sluice_tally_flow *sluice_ledger_flow(const struct sluice_ledger *ledger, size_t index)
{
	return ledger ? sluice_tally_flow(ledger->tally, index) : NULL;
}

/* As ledger.h says. */
const struct sluice_ledger_stream *sluice_ledger_stream(const struct sluice_ledger *ledger,
							size_t index)
{
	return ledger && index < ledger->stream_count ? &ledger->streams[index]->now : NULL;
}

/* As ledger.h says. */
uint64_t sluice_ledger_missing(const struct sluice_ledger *ledger, uint64_t sent)
{
	const struct sluice_tally_flow *flow;
	uint64_t missing = 0;
	size_t index;

	for (index = 0; (flow = sluice_ledger_flow(ledger, index)); index++)
		missing += flow->end - flow->received;
	if (sent > ledger->sums.received && sent - ledger->sums.received > missing)
		missing = sent - ledger->sums.received;
	return missing;
}
