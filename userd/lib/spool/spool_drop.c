// SPDX-License-Identifier: MIT
/*
 * Giving up the oldest segment of a full store (`store.drop: oldest`); see spool.h. Every frame of
 * it that somebody needs is read once more, and marks (spool_marks.h) that tell what was in it are
 * written to the active segment, in the frame's place of the stream. When those are durable the
 * segment is free. Frames side by side become one, and take in the marks of their neighbours, so
 * that what is given up for days costs little room. Killed in between, both are there, and of two
 * frames with the same bytes the newer one counts. Touches: the segments.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sluice/record.h>
#include "log.h"
#include "record.h"
#include "spool_inner.h"
#include "spool_marks.h"

/* A frame of marks that is being made: it stands for [start, end) of a log. */
struct heap {
	struct heap *next;
	struct sluice_spool_log *log;
	uint64_t start, end;
	uint64_t needs; /* bits of the log's outputs */
	uint64_t datagrams;
	struct sluice_spool_marks marks;
};

/* What giving up one segment has in hand. */
struct giving {
	struct sluice_spool *spool;
	size_t victim; /* place of the segment */
	uint8_t *buffer, *spare;
	struct heap *heaps, *last;
	struct sluice_spool_drop *drops; /* counted when it is durable */
	size_t drop_count, drop_room, latest;
	uint64_t dropped;
};

/* Counts datagrams in a list of drops. 0 or -ENOMEM. */
static int count(struct sluice_spool_drop **list, size_t *known, size_t *room, size_t *latest,
		 const struct sluice_spool_drop *drop)
{
	struct sluice_spool_drop *larger;
	size_t tries, place = *latest;

	for (tries = 0; tries < *known; tries++, place++) {
		if (place >= *known)
			place = 0;
		if ((*list)[place].input == drop->input &&
		    sluice_guid_equal((*list)[place].output, drop->output) &&
		    sluice_guid_equal((*list)[place].route, drop->route)) {
			(*list)[place].datagrams += drop->datagrams;
			*latest = place;
			return 0;
		}
	}
	if (*known == *room) {
		larger = reallocarray(*list, *room ? 2 * *room : 16, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		*list = larger;
		*room = *room ? 2 * *room : 16;
	}
	*latest = *known;
	(*list)[(*known)++] = *drop;
	return 0;
}

/* Counts one datagram of [start, end) for every output that lacks it. 0 or -ENOMEM. */
static int count_datagram(struct giving *giving, const struct heap *heap, uint64_t start,
			  uint64_t end, uint16_t input)
{
	struct sluice_spool_drop drop = {.input = input, .datagrams = 1};
	bool any = false;
	size_t reader;
	int error = 0;

	sluice_guid_copy(drop.route, heap->log->name.route);
	for (reader = 0; !error && reader < heap->log->output_count; reader++) {
		const struct sluice_spool_reader *output = &heap->log->outputs[reader];

		if (!(heap->needs & (1ULL << reader)) ||
		    (output->acked.count && sluice_ranges_covers(&output->acked, start, end)))
			continue;
		any = true;
		sluice_guid_copy(drop.output, output->guid);
		error = count(&giving->drops, &giving->drop_count, &giving->drop_room,
			      &giving->latest, &drop);
	}
	if (error || !any)
		return error;
	giving->dropped++;
	memset(drop.output, 0, sizeof(drop.output));
	return count(&giving->drops, &giving->drop_count, &giving->drop_room, &giving->latest,
		     &drop);
}

/* Marks datagrams that began at stream offset `at`, however many. */
static void mark(struct heap *heap, uint64_t at, uint64_t datagrams, uint16_t input, uint32_t cause)
{
	uint32_t unit = (uint32_t)((at - heap->start) / SLUICE_RECORD_ALIGN), part;

	heap->datagrams += datagrams;
	for (; datagrams; datagrams -= part) {
		part = datagrams < UINT32_MAX ? (uint32_t)datagrams : UINT32_MAX;
		sluice_spool_marks_add(&heap->marks, unit, part, input,
				       (enum sluice_lost_cause)cause);
	}
}

/* Marks the records of a frame. What was told in it as lost is told of again. 0 or -ENOMEM. */
static int mark_records(struct giving *giving, struct heap *heap,
			const struct sluice_spool_extent *extent, const uint8_t *payload)
{
	struct sluice_record_view view;
	struct sluice_record_gap gap;
	uint64_t at, seen = 0;
	int error = 0;

	for (at = 0; !error && at < extent->length; at += view.span) {
		if (sluice_record_read(payload + at, extent->length - at, &view)) {
			/* No record: the rest of those that there should be. */
			if (extent->count > seen)
				mark(heap, extent->start + at, extent->count - seen, 0,
				     SLUICE_LOST_DISK);
			return 0;
		}
		seen += view.type != SLUICE_RECORD_PAD;
		if (view.type == SLUICE_RECORD_DATA) {
			mark(heap, extent->start + at, 1, view.input, SLUICE_LOST_OLDEST);
			error = count_datagram(giving, heap, extent->start + at,
					       extent->start + at + view.span, view.input);
		} else if (view.type == SLUICE_RECORD_GAP && view.payload_length >= sizeof(gap)) {
			memcpy(&gap, view.payload, sizeof(gap));
			mark(heap, extent->start + at, le64toh(gap.datagrams), view.input,
			     le32toh(gap.cause));
		}
	}
	return error;
}

/* Reads a frame into `buffer`. 0; -ENOMEM; else it is known as bad now. */
static int load(struct giving *giving, struct sluice_spool_log *log,
		struct sluice_spool_extent *extent, uint8_t *buffer)
{
	int error = extent->is_known_bad ? -EBADMSG
					 : sluice_spool_load(giving->spool, log, extent, buffer);

	if (error && error != -ENOMEM)
		sluice_spool_report_unreadable(giving->spool, extent, error);
	return error;
}

/* Puts what was in a frame, which is in `buffer` unless it is bad, behind the heap's end. 0 or
 * -ENOMEM. */
static int add(struct giving *giving, struct heap *heap, struct sluice_spool_extent *extent,
	       const uint8_t *buffer)
{
	const uint8_t *payload = buffer + extent->head_length;
	int error = 0;

	if (extent->is_known_bad) {
		mark(heap, extent->start, extent->count, 0, SLUICE_LOST_DISK);
	} else if (extent->type == SLUICE_SPOOL_GAPS) {
		sluice_spool_marks_take(
			&heap->marks, (const struct sluice_spool_mark *)payload,
			extent->length / sizeof(struct sluice_spool_mark),
			(uint32_t)((extent->start - heap->start) / SLUICE_RECORD_ALIGN));
		heap->datagrams += extent->count;
	} else {
		error = mark_records(giving, heap, extent, payload);
	}
	heap->end = extent->end;
	extent->is_superseded = true;
	return error;
}

/*
 * Is all of a frame in others: a newer one (a predecessor was killed right after it gave this one
 * up), or if this one is bad any? 1: yes, 0: no, or -ENOMEM. Uses the spare buffer.
 */
static int is_replaced(struct giving *giving, struct sluice_spool_log *log,
		       const struct sluice_spool_extent *extent)
{
	struct sluice_spool_extent *other;
	uint64_t at = extent->start;
	int error;

	while (at < extent->end) {
		other = sluice_spool_index_find(giving->spool, log, at);
		if (!other || other == extent || other->is_known_bad ||
		    (other->needs & extent->needs) != extent->needs)
			return 0;
		error = load(giving, log, other, giving->spare);
		if (error == -ENOMEM)
			return error;
		/* What turned out to be bad is not found again, if there is something else. */
		if (!error)
			at = other->end;
	}
	return 1;
}

/* Marks beside [start, end) that can be taken in: those that end at `start`, or begin at `end`.
 * NULL: none. */
static struct sluice_spool_extent *neighbour(const struct heap *heap, bool is_left)
{
	struct sluice_spool_log *log = heap->log;
	size_t place;

	for (place = 0; place < log->count; place++) {
		struct sluice_spool_extent *extent = &log->list[place];

		if (extent->type != SLUICE_SPOOL_GAPS || extent->is_pending ||
		    extent->is_superseded || extent->is_known_bad || extent->needs != heap->needs)
			continue;
		if ((is_left ? extent->end == heap->start : extent->start == heap->end) &&
		    extent->end - extent->start + heap->end - heap->start <= SLUICE_SPOOL_GAPS_SPAN)
			return extent;
	}
	return NULL;
}

/* Begins a heap at an extent, with what was given up right before it. NULL: no memory. */
static struct heap *begin_heap(struct giving *giving, struct sluice_spool_log *log,
			       const struct sluice_spool_extent *extent)
{
	struct heap *heap = calloc(1, sizeof(*heap));
	struct sluice_spool_extent *left;

	if (!heap)
		return NULL;
	heap->log = log;
	heap->start = extent->start;
	heap->end = extent->start;
	heap->needs = extent->needs;
	if (giving->last)
		giving->last->next = heap;
	else
		giving->heaps = heap;
	giving->last = heap;
	/* With what follows it, the extent itself, it must not be too much. */
	heap->end = extent->end;
	left = neighbour(heap, true);
	heap->end = extent->start;
	if (left && !load(giving, log, left, giving->spare)) {
		heap->start = left->start;
		heap->end = left->start;
		if (add(giving, heap, left, giving->spare))
			return NULL;
	}
	return heap;
}

/* Takes in what was given up right behind a heap. 0 or -ENOMEM. */
static int end_heap(struct giving *giving, struct heap *heap)
{
	struct sluice_spool_extent *right = heap ? neighbour(heap, false) : NULL;

	return right && !load(giving, heap->log, right, giving->spare)
		       ? add(giving, heap, right, giving->spare)
		       : 0;
}

/* Gathers what of one log lies in the segment. 0 or -ENOMEM. */
static int gather(struct giving *giving, struct sluice_spool_log *log)
{
	struct heap *heap = NULL;
	size_t place;
	int error = 0, replaced;

	for (place = 0; !error && place < log->count; place++) {
		struct sluice_spool_extent *extent = &log->list[place];

		if (extent->segment != giving->victim || !extent->needs || extent->is_pending ||
		    extent->is_superseded)
			continue;
		error = load(giving, log, extent, giving->buffer);
		if (error == -ENOMEM)
			break;
		replaced = is_replaced(giving, log, extent);
		error = replaced < 0 ? replaced : 0;
		if (replaced) {
			extent->is_superseded = true;
			continue;
		}
		if (heap && (extent->start != heap->end || extent->needs != heap->needs ||
			     extent->end - heap->start > SLUICE_SPOOL_GAPS_SPAN)) {
			error = end_heap(giving, heap);
			heap = NULL;
		}
		/* What the heap before took in already. */
		if (error || extent->is_superseded)
			continue;
		if (!heap)
			heap = begin_heap(giving, log, extent);
		error = heap ? add(giving, heap, extent, giving->buffer) : -ENOMEM;
	}
	return error ? error : end_heap(giving, heap);
}

/* How many outputs wait for a heap; their GUIDs go to `outputs`. */
static size_t list_outputs(const struct heap *heap, sluice_guid outputs[])
{
	size_t reader, waiting = 0;

	for (reader = 0; reader < heap->log->output_count; reader++)
		if (heap->needs & (1ULL << reader))
			sluice_guid_copy(outputs[waiting++], heap->log->outputs[reader].guid);
	return waiting;
}

/* Writes the marks, and makes them durable. 0; -ENOSPC: they do not fit, and nothing was written;
 * or as sluice_spool_append(). */
static int write_heaps(struct giving *giving)
{
	sluice_guid outputs[SLUICE_SPOOL_LOG_OUTPUTS];
	size_t heads = 0, length, waiting;
	const struct heap *heap;
	uint64_t bytes = 0;
	int error = 0;

	for (heap = giving->heaps; heap; heap = heap->next) {
		waiting = list_outputs(heap, outputs);
		if (waiting > SLUICE_SPOOL_OUTPUTS)
			return -ENOSPC;
		length = sizeof(struct sluice_spool_frame_head) + 16 * waiting;
		bytes += sluice_spool_frame_bytes(length,
						  heap->marks.count * sizeof(*heap->marks.list));
		heads += length + sizeof(__le64);
	}
	if (!sluice_spool_fits(giving->spool, bytes, heads))
		return -ENOSPC;
	for (heap = giving->heaps; heap && !error; heap = heap->next) {
		struct sluice_spool_frame frame = {
			.offset = heap->start,
			.span = heap->end - heap->start,
			.count = heap->datagrams < UINT32_MAX ? (uint32_t)heap->datagrams
							      : UINT32_MAX,
			.length = (uint32_t)(heap->marks.count * sizeof(*heap->marks.list)),
			.type = SLUICE_SPOOL_GAPS,
			.time_ns = sluice_spool_wall_clock(),
		};

		waiting = list_outputs(heap, outputs);
		error = sluice_spool_put_frame(giving->spool, heap->log, &frame, heap->marks.list,
					       (const sluice_guid *)outputs, waiting);
	}
	return error ? error : sluice_spool_commit(giving->spool);
}

/* The oldest segment that somebody needs and that takes no more frames; SIZE_MAX: there is none. */
static size_t oldest(const struct sluice_spool *spool)
{
	size_t place, best = SIZE_MAX;

	for (place = 0; place < spool->segment_count; place++) {
		const struct sluice_spool_segment *segment = &spool->segments[place];

		if (segment->size && segment->live &&
		    (segment->use == SLUICE_SPOOL_IS_SEALED ||
		     segment->use == SLUICE_SPOOL_IS_ABANDONED) &&
		    (best == SIZE_MAX || segment->serial < spool->segments[best].serial))
			best = place;
	}
	return best;
}

int sluice_spool_give_up(struct sluice_spool *spool)
{
	struct giving giving = {.spool = spool, .victim = oldest(spool)};
	struct heap *heap;
	size_t number;
	int error = 0;

	if (giving.victim == SIZE_MAX || spool->active == SIZE_MAX)
		return -ENOENT;
	giving.buffer = sluice_disk_memory(SLUICE_SPOOL_READ_ROOM);
	giving.spare = sluice_disk_memory(SLUICE_SPOOL_READ_ROOM);
	if (!giving.buffer || !giving.spare)
		error = -ENOMEM;
	for (number = 0; !error && number < spool->log_count; number++)
		error = gather(&giving, spool->logs[number]);
	if (!error)
		error = write_heaps(&giving);
	sluice_spool_index_supersede(spool, !error);
	for (number = 0; !error && number < giving.drop_count; number++) {
		size_t latest = 0;

		error = count(&spool->drops, &spool->drop_count, &spool->drop_room, &latest,
			      giving.drops + number);
	}
	if (!error) {
		spool->figures.dropped_segments++;
		spool->figures.dropped += giving.dropped;
		sluice_spool_settle_segment(spool, giving.victim);
	}
	while ((heap = giving.heaps)) {
		giving.heaps = heap->next;
		free(heap);
	}
	free(giving.drops);
	free(giving.buffer);
	free(giving.spare);
	return error;
}

void sluice_spool_drop_oldest(struct sluice_spool *spool, bool drop)
{
	if (spool)
		spool->drops_oldest = drop;
}

void sluice_spool_drops(const struct sluice_spool *spool,
			void (*each)(void *context, const struct sluice_spool_drop *drop),
			void *context)
{
	size_t number;

	for (number = 0; spool && each && number < spool->drop_count; number++)
		each(context, &spool->drops[number]);
}
