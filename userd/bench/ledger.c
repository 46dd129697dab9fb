// SPDX-License-Identifier: MIT
/*
 * The books of a sink: see ledger.h. Between the decoder, which hands it whole frames and
 * datagrams, and what survives (sluice_state). Touches: memory, the file of payloads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "keep.h"
#include "ledger.h"

#define RANGES_FIRST 64U /* ranges a stream has room for in the state at first */
#define LIST_MOST 65536U /* inputs: a sink refuses more */

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
	sluice_guid output;
	sluice_guid stream;
	uint64_t epoch;
	uint64_t ranges; /* offset of struct sluice_range [capacity] */
	uint64_t capacity;
	uint64_t count;
};

/* Where in the state a stream of the receiver lies; 0: nowhere yet. */
struct place {
	struct kept_stream kept;
	uint64_t offset;
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
	struct sluice_ledger_sums sums;	       /* at work; the roots follow at each commit */
	struct sluice_receiver_counts counted; /* of the receiver's, already in the sums */
	struct sluice_receiver *receiver;      /* what is had of streams */
	struct place *places;		       /* of its streams, in their order; @owner ledger */
	size_t place_count;
	struct input **inputs; /* @owner ledger, each of them too */
	size_t input_count;
	struct input *latest;
	void (*watch)(void *context, const struct sluice_payload *payload); /* NULL: nobody */
	void *watcher;
};

/* A list of `count` pointers with room for one more; it grows by doubling. NULL: no memory, and the
 * list is as it was.
 * @owner caller, instead of `list` */
static void *list_grown(void *list, size_t count)
{
	/* Full exactly when the count is 0 or a power of two. */
	if (count & (count - 1))
		return list;
	return realloc(list, (count ? count * 2 : 1) * sizeof(void *));
}

/* Makes the list of places one longer. NULL: no memory. */
static struct place *place_add(struct sluice_ledger *ledger)
{
	struct place *list = ledger->places;

	/* Full exactly when the count is 0 or a power of two. */
	if ((ledger->place_count & (ledger->place_count - 1)) == 0)
		list = realloc(list,
			       (ledger->place_count ? ledger->place_count * 2 : 1) * sizeof(*list));
	if (!list)
		return NULL;
	ledger->places = list;
	memset(&list[ledger->place_count], 0, sizeof(*list));
	return &list[ledger->place_count++];
}

/* Gives the receiver the stream at `offset` of the state. 0, -ENOMEM, -ENOSPC, -EPROTO. */
static int take_stream(struct sluice_ledger *ledger, uint64_t offset)
{
	const struct sluice_range *ranges;
	struct sluice_receiver_stream *stream;
	struct place *place = place_add(ledger);
	uint64_t index;
	int error = 0;

	if (!place)
		return -ENOMEM;
	place->offset = offset;
	memcpy(&place->kept, sluice_state_at(ledger->state, offset), sizeof(place->kept));
	stream = sluice_receiver_find(ledger->receiver, place->kept.output, place->kept.stream,
				      place->kept.epoch);
	if (!stream)
		return -ENOSPC;
	/* Its place in the list is its number. */
	if (stream != sluice_receiver_stream(ledger->receiver, ledger->place_count - 1))
		return -EPROTO;
	stream->changed = false;
	ranges = sluice_state_at(ledger->state, place->kept.ranges);
	for (index = 0; index < place->kept.count && !error; index++)
		error = sluice_ranges_add(&stream->have, ranges[index].start, ranges[index].end);
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

static int take_record(void *context, const struct sluice_receiver_record *record);

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
	if (!error)
		error = sluice_receiver_open(&made->receiver, take_record, made);
	if (error)
		goto failed;
	for (offset = made->roots->streams; offset;
	     offset = made->places[made->place_count - 1].kept.next) {
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
	while (ledger->input_count > 0)
		free(ledger->inputs[--ledger->input_count]);
	free(ledger->places);
	free(ledger->inputs);
	sluice_receiver_close(ledger->receiver);
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

/* Finds an input or makes it. NULL if there is no room. */
static struct input *find_input(struct sluice_ledger *ledger, const sluice_guid stream,
				uint64_t epoch, uint64_t number)
{
	struct sluice_ledger_input fresh = {
		.next = ledger->roots->inputs, .epoch = epoch, .input = number};
	uint64_t offset;
	size_t index;

	sluice_guid_copy(fresh.stream, stream);
	if (ledger->latest && ledger->latest->now.input == number &&
	    ledger->latest->now.epoch == epoch &&
	    sluice_guid_equal(ledger->latest->now.stream, stream))
		return ledger->latest;
	for (index = 0; index < ledger->input_count; index++) {
		struct input *input = ledger->inputs[index];

		if (input->now.input == number && input->now.epoch == epoch &&
		    sluice_guid_equal(input->now.stream, stream)) {
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
		if (ledger->watch)
			ledger->watch(ledger->watcher, &payload);
		break;
	}
	return ledger->keep ? sluice_keep_add(ledger->keep, bytes, length) : 0;
}

/* What a GAP record says of its input. */
static void note_gap(struct sluice_ledger *ledger, struct input *input,
		     const struct sluice_receiver_record *record)
{
	ledger->sums.gap_records++;
	ledger->sums.gap_datagrams += record->lost;
	ledger->sums.gap[record->cause < SLUICE_LEDGER_CAUSES - 1 ? record->cause
								  : SLUICE_LEDGER_CAUSES - 1] +=
		record->lost;
	input->now.gap_records++;
	input->now.gap_datagrams += record->lost;
	input->changed = true;
}

/* One new record of the receiver. 0 or a negative errno. */
static int take_record(void *context, const struct sluice_receiver_record *record)
{
	struct sluice_ledger *ledger = context;
	struct input *input = find_input(ledger, record->stream, record->epoch, record->input);

	if (!input)
		return -ENOSPC;
	if (record->type == SLUICE_RECEIVER_DATAGRAM)
		return deliver(ledger, input, record->payload, record->length);
	note_gap(ledger, input, record);
	return 0;
}

/* As ledger.h says. */
struct sluice_receiver *sluice_ledger_receiver(struct sluice_ledger *ledger)
{
	return ledger ? ledger->receiver : NULL;
}

/* As ledger.h says. @context process */
int sluice_ledger_datagram(struct sluice_ledger *ledger, uint16_t port, const uint8_t *payload,
			   size_t length)
{
	static const sluice_guid none;
	struct input *input;

	if (!ledger || (!payload && length))
		return -EINVAL;
	input = find_input(ledger, none, 0, port);
	return input ? deliver(ledger, input, payload, length) : -ENOSPC;
}

/* As ledger.h says. */
void sluice_ledger_watch(struct sluice_ledger *ledger,
			 void (*watch)(void *context, const struct sluice_payload *payload),
			 void *context)
{
	if (!ledger)
		return;
	ledger->watch = watch;
	ledger->watcher = context;
}

/* As ledger.h says. */
struct sluice_ledger_sums *sluice_ledger_sums(struct sluice_ledger *ledger)
{
	return &ledger->sums;
}

/* Makes a place in the state for stream number place_count of the receiver. 0, -ENOSPC, -ENOMEM. */
static int keep_stream(struct sluice_ledger *ledger, const struct sluice_receiver_stream *stream)
{
	struct kept_stream fresh = {
		.next = ledger->roots->streams, .epoch = stream->epoch, .capacity = RANGES_FIRST};
	struct place *place = place_add(ledger);

	if (!place)
		return -ENOMEM;
	sluice_guid_copy(fresh.output, stream->output);
	sluice_guid_copy(fresh.stream, stream->stream);
	fresh.ranges =
		sluice_state_allocate(ledger->state, RANGES_FIRST * sizeof(struct sluice_range));
	place->offset = sluice_state_allocate(ledger->state, sizeof(fresh));
	place->kept = fresh;
	if (!fresh.ranges || !place->offset)
		return -ENOSPC;
	return sluice_state_set(ledger->state, &ledger->roots->streams, place->offset);
}

/* Writes the ranges of a stream into the state. 0 or -ENOSPC. */
static int flush_stream(struct sluice_ledger *ledger, struct sluice_receiver_stream *stream,
			struct place *place)
{
	const struct sluice_ranges *have = &stream->have;
	int error;

	if (have->count > place->kept.capacity) {
		/* The old place is left behind; sizes double, so that all of them are less than the
		 * last. */
		place->kept.capacity = 2 * have->count;
		place->kept.ranges = sluice_state_allocate(
			ledger->state, place->kept.capacity * sizeof(struct sluice_range));
		if (!place->kept.ranges)
			return -ENOSPC;
	}
	error = sluice_state_copy(ledger->state, sluice_state_at(ledger->state, place->kept.ranges),
				  have->list, have->count * sizeof(*have->list));
	if (error)
		return error;
	place->kept.count = have->count;
	stream->changed = false;
	return sluice_state_copy(ledger->state, sluice_state_at(ledger->state, place->offset),
				 &place->kept, sizeof(place->kept));
}

/* Enters what the receiver has and has counted since the commit before. 0, -ENOSPC, -ENOMEM. */
static int flush_receiver(struct sluice_ledger *ledger)
{
	struct sluice_receiver_counts counts;
	struct sluice_receiver_stream *stream;
	size_t index;
	int error = 0;

	sluice_receiver_count(ledger->receiver, &counts);
	ledger->sums.suppressed += counts.repeated - ledger->counted.repeated;
	ledger->sums.frames += counts.fresh - ledger->counted.fresh;
	ledger->counted = counts;
	for (index = 0; !error && (stream = sluice_receiver_stream(ledger->receiver, index));
	     index++) {
		if (index == ledger->place_count)
			error = keep_stream(ledger, stream);
		if (!error && stream->changed)
			error = flush_stream(ledger, stream, &ledger->places[index]);
	}
	return error;
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
	if (!error)
		error = flush_receiver(ledger);
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
