// SPDX-License-Identifier: MIT
/*
 * One output's way through what lies on the disk; see disk_feeder.h. Touches: memory; orders to the
 * spooler.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "spool/spool_marks.h"
#include "disk_feeder.h"

/* The feeder of the disk that `feeder` is. */
static struct sluice_disk_feeder *disk_of(struct sluice_feeder *feeder)
{
	return (struct sluice_disk_feeder *)feeder;
}

/* The same, to be read. */
static const struct sluice_disk_feeder *const_disk_of(const struct sluice_feeder *feeder)
{
	return (const struct sluice_disk_feeder *)feeder;
}

/* Is what lies in memory delivered before what lies on the disk? */
static bool is_newest_first(const struct sluice_disk_feeder *disk)
{
	return sluice_spooler_is_newest_first(disk->spooler);
}

/* Frees a frame that nobody reads and that is not in the list. */
static void drop(struct sluice_disk_frame *frame)
{
	if (frame->readers || frame->is_open)
		return;
	frame->feeder->held--;
	free(frame->memory);
	free(frame);
}

/* The first frame of the list is done with. */
static void shut(struct sluice_disk_feeder *disk)
{
	struct sluice_disk_frame *frame = disk->frames;

	disk->frames = frame->next;
	if (!disk->frames)
		disk->last = NULL;
	/* The ring may have a turn again. */
	sluice_feeder_wake(&disk->feeder);
	frame->is_open = false;
	drop(frame);
}

/* The run that a frame has bytes of and that begins first, or NULL. */
static const struct sluice_run *overlapping(const struct sluice_disk_feeder *disk,
					    const struct sluice_disk_frame *frame)
{
	return sluice_backlog_overlap(&disk->backlog, frame->head.offset,
				      frame->head.offset + frame->head.span);
}

/* Can a connection of the output take something? Nothing is read for one that is down. */
static bool is_wanted(const struct sluice_disk_feeder *disk)
{
	const struct sluice_feeder *feeder = &disk->feeder;

	return feeder->output && feeder->user && feeder->user->can_take(feeder->output);
}

/*
 * The run to be read next. Oldest first: the one that lies first in the stream, wherever its
 * segment is. Newest first: of the newest segment, or in its turn of the oldest; inside it forward.
 */
static const struct sluice_run *pick(struct sluice_disk_feeder *disk)
{
	const struct sluice_run *first = &disk->backlog.runs[0];
	size_t place = disk->backlog.run_count - 1;

	if (!is_newest_first(disk)) {
		for (; place > 0; place--)
			if (disk->backlog.runs[place].start < first->start)
				first = &disk->backlog.runs[place];
		return first;
	}
	if (++disk->picks % SLUICE_DISK_FEEDER_SHARE == 0)
		return first;
	while (place > 0 &&
	       disk->backlog.runs[place - 1].serial == disk->backlog.runs[place].serial)
		place--;
	return &disk->backlog.runs[place];
}

/* Oldest first: what came back from a lost connection may lie before what was read since. Those
 * frames are read again behind it. */
static void keep_order(struct sluice_disk_feeder *disk)
{
	if (!disk->frames || !disk->backlog.run_count || is_newest_first(disk) ||
	    pick(disk)->start >= disk->frames->head.offset)
		return;
	while (disk->frames)
		shut(disk);
}

/* Takes what the spooler read: a frame, or (NULL) none. `last`: that was all of the order. */
static void deliver(struct sluice_disk_feeder *disk, struct sluice_disk_frame *frame, bool last);

/* An answer of the spooler. @context worker */
static void answer(struct sluice_order *order, uint64_t now)
{
	struct sluice_disk_frame *frame;

	(void)now;
	frame = order->memory ? calloc(1, sizeof(*frame)) : NULL;
	if (frame) {
		frame->head = order->frame;
		frame->payload = order->payload;
		frame->memory = order->memory;
		order->memory = NULL;
	}
	deliver(order->reader, frame, order->last);
}

/* Orders frames if some are needed and there is room. */
static void order_frames(struct sluice_disk_feeder *disk)
{
	const struct sluice_run *run;
	struct sluice_order *order;
	uint64_t start, now;

	if (disk->is_ordered || !disk->backlog.run_count ||
	    disk->held > SLUICE_DISK_FEEDER_FRAMES / 2 || !is_wanted(disk))
		return;
	now = sluice_now();
	if (disk->is_stalled && now < disk->retry_at)
		return;
	run = pick(disk);
	start = run->start;
	/* What was read already and waits here is not read again. */
	if (disk->last && disk->last->head.offset + disk->last->head.span > start &&
	    disk->last->head.offset <= start)
		start = disk->last->head.offset + disk->last->head.span;
	else if (disk->frames)
		return;
	if (start >= run->end)
		return;
	order = calloc(1, sizeof(*order));
	if (!order)
		return;
	*order = (struct sluice_order){.kind = SLUICE_ORDER_READ,
				       .owner = disk->owner,
				       .worker = disk->worker,
				       .answer = answer,
				       .reader = disk,
				       .log = disk->log,
				       .start = start,
				       .end = run->end,
				       .count = SLUICE_DISK_FEEDER_FRAMES - disk->held};
	sluice_spooler_order(disk->spooler, order);
	disk->is_ordered = true;
	disk->is_served = false;
	disk->ordered_at = now;
}

/* See above. */
static void deliver(struct sluice_disk_feeder *disk, struct sluice_disk_frame *frame, bool last)
{
	if (frame) {
		frame->feeder = disk;
		frame->is_open = true;
		frame->next = NULL;
		if (disk->last)
			disk->last->next = frame;
		else
			disk->frames = frame;
		disk->last = frame;
		disk->held++;
		disk->is_served = true;
		disk->is_stalled = false;
	}
	if (last) {
		disk->is_ordered = false;
		if (!disk->is_served) {
			/* Neither a frame nor word of its loss: memory goes on, and this is tried
			 * again. */
			disk->is_stalled = true;
			disk->retry_at = sluice_now() + SLUICE_DISK_FEEDER_RETRY_NS;
		}
		keep_order(disk);
		order_frames(disk);
	}
	sluice_feeder_wake(&disk->feeder);
}

/* Has what comes next read; what nobody needs any more goes. */
static void look(struct sluice_feeder *feeder)
{
	struct sluice_disk_feeder *disk = disk_of(feeder);

	while (disk->frames && !overlapping(disk, disk->frames))
		shut(disk);
	keep_order(disk);
	order_frames(disk);
}

/* Is a frame there that has something, and is it our turn? */
static bool has_work(const struct sluice_feeder *feeder)
{
	const struct sluice_disk_feeder *disk = const_disk_of(feeder);
	const struct sluice_feeder *ring = feeder->lead;

	if (!disk->frames || !overlapping(disk, disk->frames) ||
	    feeder->next - feeder->first >= SLUICE_FEEDER_SEGMENTS)
		return false;
	if (!is_newest_first(disk))
		return true;
	return disk->turns + 1 >= SLUICE_DISK_FEEDER_SHARE || ring->taken >= ring->limit ||
	       (!ring->returned && ring->taken >= sluice_ring_head(ring->ring));
}

/* Has the disk given nothing, although it was asked, so that nobody should wait for it? */
static bool is_silent(const struct sluice_disk_feeder *disk)
{
	if (disk->frames)
		return false;
	return disk->is_stalled || (disk->is_ordered && sluice_now() - disk->ordered_at >=
								SLUICE_DISK_FEEDER_PATIENCE_NS);
}

/* With `store.drain: oldest` it keeps to the order of the streams. */
static bool respects_older(const struct sluice_feeder *feeder)
{
	return !is_newest_first(const_disk_of(feeder));
}

/* With `store.drain: oldest`: is there something on the disk that goes before the ring, and can it
 * be had? */
static bool goes_first(const struct sluice_feeder *feeder)
{
	const struct sluice_disk_feeder *disk = const_disk_of(feeder);

	return !is_newest_first(disk) && (disk->backlog.run_count || disk->frames) &&
	       !is_silent(disk);
}

void sluice_disk_feeder_tick(const struct sluice_feeder *feeder, uint64_t now)
{
	const struct sluice_disk_feeder *disk = const_disk_of(feeder);

	if ((disk->is_stalled && now >= disk->retry_at) ||
	    (disk->is_ordered && now - disk->ordered_at >= SLUICE_DISK_FEEDER_PATIENCE_NS))
		sluice_feeder_wake(feeder);
}

/* May the ring have a turn? */
static bool lets_ring(const struct sluice_feeder *feeder)
{
	const struct sluice_disk_feeder *disk = const_disk_of(feeder);

	if (is_newest_first(disk))
		return !disk->frames || disk->turns + 1 < SLUICE_DISK_FEEDER_SHARE;
	return !goes_first(feeder);
}

/* The ring had a turn. */
static void ring_had_turn(struct sluice_feeder *feeder)
{
	struct sluice_disk_feeder *disk = disk_of(feeder);

	if (disk->frames)
		disk->turns++;
}

/*
 * Takes [start, end) of a frame whose bytes were given up: a small frame of its own, with the GAP
 * records that tell of what was in it. The whole of it is one segment, so that a receiver gets to
 * know of all of it or of nothing. False: no memory.
 */
static bool take_losses(struct sluice_disk_feeder *disk, const struct sluice_disk_frame *frame,
			uint64_t start, uint64_t end, struct sluice_segment *segment)
{
	struct sluice_disk_frame *told = calloc(1, sizeof(*told));
	uint32_t records;
	size_t bytes;

	if (!told)
		return false;
	told->memory = malloc(SLUICE_SPOOL_LOSSES_ROOM);
	if (!told->memory) {
		free(told);
		return false;
	}
	bytes = sluice_spool_write_losses(
		(const struct sluice_spool_mark *)frame->payload,
		frame->head.length / sizeof(struct sluice_spool_mark),
		(uint32_t)((start - frame->head.offset) / SLUICE_RECORD_ALIGN),
		(uint32_t)((end - frame->head.offset) / SLUICE_RECORD_ALIGN), frame->head.time_ns,
		told->memory, &records);
	if (!bytes) {
		/* Too short for a GAP, or nothing to tell: it goes as what nobody looks at. */
		bytes = end - start < SLUICE_DISK_FEEDER_PAD ? (size_t)(end - start)
							     : SLUICE_DISK_FEEDER_PAD;
		sluice_spool_write_pad(told->memory, bytes, frame->head.time_ns);
	}
	told->feeder = disk;
	told->head = (struct sluice_spool_frame){.offset = start, .span = bytes};
	told->payload = told->memory;
	disk->held++;
	segment->start = start;
	segment->end = end;
	segment->count = records;
	segment->told = (uint32_t)bytes;
	segment->frame = told;
	told->readers++;
	return true;
}

/* Cuts the next segment from the first frame. False: there is none now. */
static bool take_segment(struct sluice_disk_feeder *disk, struct sluice_segment *segment,
			 size_t bytes, bool *again)
{
	struct sluice_disk_frame *frame = disk->frames;
	const struct sluice_run *run = frame ? overlapping(disk, frame) : NULL;
	uint64_t last, limit;

	if (!run)
		return false;
	segment->is_unsent = run->is_unsent;
	last = frame->head.offset + frame->head.span;
	segment->start = run->start > frame->head.offset ? run->start : frame->head.offset;
	limit = run->end < last ? run->end : last;
	if (frame->head.type == SLUICE_SPOOL_GAPS) {
		if (!take_losses(disk, frame, segment->start, limit, segment))
			return false;
		goto taken;
	}
	if (limit - segment->start > bytes)
		limit = segment->start + bytes;
	if (segment->start == frame->head.offset && limit == last) {
		segment->end = last;
		segment->count = frame->head.count;
	} else if (!sluice_disk_frame_walk(frame, segment->start, limit, &segment->end,
					   &segment->count)) {
		/* Its records have other boundaries (it stands for a damaged frame): from its
		 * beginning. */
		segment->start = frame->head.offset;
		if (!sluice_disk_frame_walk(frame, segment->start, segment->start + bytes,
					    &segment->end, &segment->count)) {
			sluice_error_about(
				SLUICE_ABOUT(.bytes = SLUICE_NUMBER(frame->head.span)),
				"spool: a frame at offset %llu holds something that is no record; "
				"%llu bytes are passed over",
				(unsigned long long)frame->head.offset,
				(unsigned long long)frame->head.span);
			sluice_backlog_forget(&disk->backlog, frame->head.offset, last,
					      disk->feeder.lead->floor);
			return false;
		}
	}
	segment->frame = frame;
	frame->readers++;
taken:
	sluice_backlog_take_out(&disk->backlog, segment->start, segment->end);
	if (!overlapping(disk, frame))
		shut(disk);
	disk->turns = 0;
	*again = sluice_unheard_again(&disk->backlog.unheard, segment->start, segment->end);
	order_frames(disk);
	return true;
}

/* See sluice_feeder_take(). */
static struct sluice_segment *take(struct sluice_feeder *feeder, size_t bytes, uint64_t *id,
				   bool *again)
{
	struct sluice_segment *segment = sluice_feeder_slot(feeder, feeder->next);

	if (feeder->next - feeder->first >= SLUICE_FEEDER_SEGMENTS)
		return NULL;
	segment->told = 0;
	if (!take_segment(disk_of(feeder), segment, bytes, again))
		return NULL;
	*id = feeder->next++;
	return segment;
}

/* What lies behind `end` waits on the disk again. */
static bool cut(struct sluice_feeder *feeder, struct sluice_segment *segment, uint64_t end,
		uint64_t count)
{
	struct sluice_disk_feeder *disk = disk_of(feeder);
	struct sluice_disk_frame *frame = segment->frame;

	(void)count;
	sluice_backlog_add(&disk->backlog, end, segment->end, false, segment->is_unsent);
	if (!frame || frame->is_open)
		return true;
	/* There is something to be cut from it after all. */
	frame->is_open = true;
	frame->next = disk->frames;
	disk->frames = frame;
	if (!disk->last)
		disk->last = frame;
	return true;
}

/* In the frame, as long as the segment holds it. */
static const uint8_t *bytes_of(const struct sluice_feeder *feeder,
			       const struct sluice_segment *segment)
{
	const struct sluice_disk_frame *frame = segment->frame;

	(void)feeder;
	return frame ? frame->payload + (segment->start - frame->head.offset) : NULL;
}

/* The segment needs its frame no more. */
static void unpinned(struct sluice_segment *segment)
{
	struct sluice_disk_frame *frame = segment->frame;

	if (!frame)
		return;
	segment->frame = NULL;
	frame->readers--;
	drop(frame);
}

/* The store is told. */
static void done(struct sluice_feeder *feeder, const struct sluice_segment *segment)
{
	sluice_backlog_acknowledge(feeder->backlog, segment->start, segment->end);
}

/* Segments lie in any order: what is known can be forgotten when none is there. */
static void advanced(struct sluice_feeder *feeder)
{
	if (feeder->first == feeder->next)
		sluice_ranges_forget(&feeder->known, UINT64_MAX);
}

/* See sluice_feeder_acknowledge(). Segments lie in any order. */
static uint64_t acknowledge(struct sluice_feeder *feeder, uint64_t start, uint64_t end, bool ahead)
{
	uint64_t id, upto,
		stray = sluice_unheard_acknowledge(&feeder->backlog->unheard, start, end);
	struct sluice_segment *segment;

	(void)ahead;
	sluice_backlog_forget(feeder->backlog, start, end, feeder->lead->floor);
	for (id = feeder->first; id < feeder->next; id++) {
		segment = sluice_feeder_slot(feeder, id);
		if (segment->state != SLUICE_SEGMENT_CARRIED || segment->end <= start ||
		    segment->start >= end)
			continue;
		/* Of what only tells of a loss a receiver that does not know such frames
		 * acknowledges the records. */
		upto = segment->told ? segment->start + segment->told : segment->end;
		if (segment->start < start || upto > end) {
			/* A part of it: remembered until the rest comes, in whatever order. */
			if (sluice_ranges_add(&feeder->known,
					      segment->start > start ? segment->start : start,
					      segment->end < end ? segment->end : end) ||
			    !sluice_ranges_covers(&feeder->known, segment->start, upto))
				continue;
		}
		stray += sluice_feeder_complete(feeder, segment);
	}
	sluice_feeder_advance(feeder);
	return stray;
}

/* It waits on the disk again. */
static void came_back(struct sluice_feeder *feeder, struct sluice_segment *segment, uint64_t start,
		      uint64_t count)
{
	if (start > segment->start)
		sluice_backlog_acknowledge(feeder->backlog, segment->start, start);
	sluice_backlog_add(feeder->backlog, start, segment->end, false, segment->is_unsent);
	sluice_unheard_add(&feeder->backlog->unheard, start, segment->end, count);
	segment->state = SLUICE_SEGMENT_DONE;
}

void sluice_disk_feeder_forget_orders(struct sluice_feeder *feeder)
{
	if (feeder)
		disk_of(feeder)->is_ordered = false;
}

bool sluice_disk_feeder_is_reading(const struct sluice_feeder *feeder)
{
	return const_disk_of(feeder)->is_ordered;
}

void sluice_disk_feeder_move(struct sluice_feeder *feeder, unsigned int worker)
{
	disk_of(feeder)->worker = worker;
}

void sluice_disk_feeder_switch(struct sluice_feeder *feeder, struct sluice_spooler *spooler,
			       struct sluice_spool_log *log)
{
	struct sluice_disk_feeder *disk;

	if (!feeder)
		return;
	disk = disk_of(feeder);
	while (disk->frames)
		shut(disk);
	sluice_backlog_take_out(&disk->backlog, 0, UINT64_MAX);
	disk->spooler = spooler;
	disk->log = log;
	disk->is_stalled = false;
}

/* Nothing of it is under way any more. */
static void destroy(struct sluice_feeder *feeder)
{
	struct sluice_disk_feeder *disk = disk_of(feeder);
	struct sluice_disk_frame *frame;

	while ((frame = disk->frames)) {
		disk->frames = frame->next;
		free(frame->memory);
		free(frame);
	}
	if (feeder->lead) {
		feeder->lead->beside = NULL;
		feeder->lead->backlog = NULL;
	}
	sluice_backlog_clear(&disk->backlog);
	free(feeder->segments);
	sluice_ranges_free(&feeder->known);
	free(disk);
}

static const struct sluice_origin disk_origin = {
	.is_ring = false,
	.respects_older = respects_older,
	.keeps_younger = goes_first,
	.lets_other = lets_ring,
	.other_had_turn = ring_had_turn,
	.look = look,
	.has_work = has_work,
	.take = take,
	.cut = cut,
	.bytes = bytes_of,
	.unpinned = unpinned,
	.done = done,
	.advanced = advanced,
	.acknowledge = acknowledge,
	.came_back = came_back,
	.destroy = destroy,
};

struct sluice_feeder *sluice_disk_feeder_create(struct sluice_feeder *ring,
						struct sluice_spooler *spooler,
						struct sluice_spool_log *log, void *owner,
						unsigned int worker)
{
	struct sluice_disk_feeder *disk = calloc(1, sizeof(*disk));

	if (!disk)
		return NULL;
	disk->feeder.segments = calloc(SLUICE_FEEDER_SEGMENTS, sizeof(*disk->feeder.segments));
	if (!disk->feeder.segments) {
		free(disk);
		return NULL;
	}
	disk->feeder.origin = &disk_origin;
	disk->feeder.ring = ring->ring;
	disk->feeder.lead = ring;
	disk->feeder.beside = ring;
	disk->feeder.backlog = &disk->backlog;
	disk->feeder.limit = UINT64_MAX;
	disk->feeder.stream = ring->stream;
	disk->feeder.moved = ring->moved;
	disk->backlog.is_told_soon = ring->moved;
	disk->spooler = spooler;
	disk->log = log;
	disk->owner = owner;
	disk->worker = worker;
	ring->beside = &disk->feeder;
	ring->backlog = &disk->backlog;
	return &disk->feeder;
}
