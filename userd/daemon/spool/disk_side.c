// SPDX-License-Identifier: MIT
/*
 * The disk side of a stream; see disk_side.h. Touches: feeders of its stream; the spooler's queue.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "../stream/ring_feeder.h"
#include "completions.h"
#include "disk_feeder.h"
#include "disk_side.h"

/* What fills a backlog at the start. */
struct filling {
	struct sluice_backlog *backlog;
	struct sluice_spool *spool;
	uint64_t limit; /* from here on the ring has it */
	uint64_t found; /* bytes */
	uint64_t last;	/* where the store's last run ends, of all */
};

/* A run of the store goes to the output's backlog, as far as the ring does not have it. */
static int fill(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	struct filling *filling = context;

	if (start >= filling->limit)
		return 0;
	filling->backlog->serial = serial;
	end = end < filling->limit ? end : filling->limit;
	/* An earlier daemon may have sent it, whatever the store knows of that. */
	sluice_backlog_add(filling->backlog, start, end, true, false);
	return 0;
}

/* Likewise, only adds up. */
static int count_found(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	struct filling *filling = context;

	(void)serial;
	if (end > filling->last)
		filling->last = end;
	if (start < filling->limit)
		filling->found += (end < filling->limit ? end : filling->limit) - start;
	return 0;
}

/* The feeder of the disk of a feeder of the ring; NULL otherwise. */
static struct sluice_feeder *disk_of(const struct sluice_feeder *feeder)
{
	return sluice_feeder_is_of_ring(feeder) ? feeder->beside : NULL;
}

/* Gives an output's feeder of the ring one of the disk, which goes into the stream as well; there
 * is room. 0 or -ENOMEM. */
static int add_disk_feeder(struct sluice_stream *stream, struct sluice_feeder *ring,
			   const sluice_guid output, uint64_t floor)
{
	struct sluice_disk_side *side = stream->side;
	struct sluice_feeder *disk =
		sluice_disk_feeder_create(ring, side->spooler, side->log, side, side->worker);

	if (!disk)
		return -ENOMEM;
	ring->floor = floor;
	disk->backlog->border = floor;
	stream->feeders[stream->feeder_count] = disk;
	sluice_guid_copy(stream->outputs[stream->feeder_count], output);
	stream->feeder_count++;
	return 0;
}

/* An output came later: what lies on the disk is older, and waits for others. */
static int add_feeder(struct sluice_stream *stream, struct sluice_feeder *feeder,
		      const sluice_guid output)
{
	if (sluice_stream_reserve(stream, stream->feeder_count + 1))
		return -ENOMEM;
	return add_disk_feeder(stream, feeder, output, stream->tail);
}

/* The log is held until the store is closed: acknowledgements may still be under way. */
static void destroy(struct sluice_stream *stream)
{
	free(stream->side);
	stream->side = NULL;
}

/* Notes in the cursors what lies on the disk, so that a successor knows. */
static void note(struct sluice_stream *stream)
{
	for_each_feeder (feeder, stream)
		if (disk_of(feeder))
			sluice_disk_check_note(feeder);
}

/* Tells the spooler what the outputs have got. */
static void tell(struct sluice_disk_side *side)
{
	size_t number, range;

	for (number = 0; number < side->stream->feeder_count; number++) {
		struct sluice_backlog *backlog = side->stream->feeders[number]->backlog;

		if (!disk_of(side->stream->feeders[number]))
			continue;
		for (range = 0; range < backlog->acked.count; range++) {
			struct sluice_order *order = calloc(1, sizeof(*order));

			if (!order)
				break; /* it will be sent again one day */
			order->kind = SLUICE_ORDER_ACKNOWLEDGE;
			order->log = side->log;
			order->start = backlog->acked.list[range].start;
			order->end = backlog->acked.list[range].end;
			sluice_guid_copy(order->output, side->stream->outputs[number]);
			sluice_spooler_order(side->spooler, order);
		}
		if (backlog->acked.count)
			sluice_ranges_forget(&backlog->acked, UINT64_MAX);
	}
}

/* Nothing of it is under way any more. @context worker */
static void leave(struct sluice_stream *stream)
{
	struct sluice_disk_side *side = stream->side;

	sluice_spooler_forget(side->spooler, side, side->worker);
	sluice_order_free(side->ready);
	side->ready = NULL;
	side->orders = 0;
	side->asked = 0;
	for_each_feeder (feeder, stream)
		sluice_disk_feeder_forget_orders(disk_of(feeder));
	tell(side);
}

/* Which outputs need something before `end`: into the order. False: none, or no memory (then
 * *error). */
static bool list_outputs(const struct sluice_disk_side *side, struct sluice_order *order,
			 int *error)
{
	const struct sluice_stream *stream = side->stream;
	size_t number;

	*error = 0;
	order->outputs = calloc(stream->feeder_count, sizeof(*order->outputs));
	if (!order->outputs) {
		*error = -ENOMEM;
		return false;
	}
	for (number = 0; number < stream->feeder_count; number++) {
		const struct sluice_feeder *feeder = stream->feeders[number];

		if (!disk_of(feeder) || sluice_ring_feeder_need(feeder) >= order->end)
			continue;
		if (feeder->backlog->border < order->end)
			feeder->backlog->border = order->end;
		sluice_guid_copy(order->outputs[order->output_count++], stream->outputs[number]);
	}
	return order->output_count > 0;
}

/* Keeps a durable order until the ring lets its bytes go. */
static void keep(struct sluice_disk_side *side, const struct sluice_order *order)
{
	struct sluice_order **end = &side->ready, *copy = malloc(sizeof(*copy));

	if (!copy) {
		/* It stays in the ring and is written again. */
		side->asked = 0;
		return;
	}
	*copy = *order;
	copy->outputs = NULL;
	copy->next = NULL;
	while (*end)
		end = &(*end)->next;
	*end = copy;
}

/* The spooler wrote, or could not. @context worker */
static void written(struct sluice_order *order, uint64_t now)
{
	struct sluice_disk_side *side = order->owner;

	side->stream->moved = true;
	side->orders--;
	if (order->result || side->is_failed) {
		/* What comes behind one that failed would leave a hole: all of it again, when those
		 * under way are back. */
		side->is_failed = side->orders > 0;
		side->pause_until = now + SLUICE_COMPLETIONS_PAUSE_NS;
		if (!side->orders)
			side->asked = 0;
		return;
	}
	keep(side, order);
}

/* Orders the next frame to be written. 0; -EAGAIN: nothing more now; -ENOMEM. */
static int order_write(struct sluice_disk_side *side, uint64_t size)
{
	struct sluice_stream *stream = side->stream;
	size_t bytes =
		size / 8 < SLUICE_DISK_SIDE_FRAME ? (size_t)(size / 8) : SLUICE_DISK_SIDE_FRAME;
	struct sluice_order *order;
	struct sluice_span span;
	int error;

	if (!sluice_ring_span(&stream->ring, side->asked, side->asked_sequence, bytes, &span))
		return -EAGAIN;
	order = calloc(1, sizeof(*order));
	if (!order)
		return -ENOMEM;
	order->kind = SLUICE_ORDER_WRITE;
	order->owner = side;
	order->worker = side->worker;
	order->answer = written;
	order->log = side->log;
	order->start = span.start;
	order->end = span.end;
	order->count = (uint32_t)span.count;
	order->sequence = side->asked_sequence + span.count;
	order->bytes = sluice_ring_at(&stream->ring, span.start);
	if (list_outputs(side, order, &error)) {
		side->asked = span.end;
		side->asked_sequence = order->sequence;
		side->orders++;
		sluice_spooler_order(side->spooler, order);
		return 0;
	}
	sluice_order_free(order);
	/* Nobody needs it: the tail moves by itself. */
	return error ? error : -EAGAIN;
}

/* Begins or goes on to empty the ring. */
static void spill(struct sluice_disk_side *side, uint64_t now)
{
	struct sluice_stream *stream = side->stream;
	uint64_t size = stream->ring.mask + 1, head = sluice_ring_head(&stream->ring);
	uint64_t tail = stream->tail, begin_at, end_at;
	unsigned int begin, end;

	if (side->is_held)
		return;
	sluice_spooler_marks(side->spooler, &begin, &end);
	begin_at = size / 100 * begin;
	end_at = size / 100 * end;
	/* A source that finds less room than this takes nothing: a small ring would never be filled
	 * to its mark. */
	if (begin_at > size - SLUICE_STREAM_ROOM) {
		begin_at = size - SLUICE_STREAM_ROOM;
		end_at = begin_at / begin * end;
	}
	/* One that waits goes on when a quarter is free, wherever the marks are. */
	if (stream->starved) {
		begin_at = 0;
		end_at = end_at < size / 2 ? end_at : size / 2;
	}
	if (side->is_clearing)
		begin_at = end_at = 0;
	if (!side->is_spilling) {
		if (head - tail < begin_at)
			return;
		side->is_spilling = true;
	}
	if (head - tail <= end_at) {
		side->is_spilling = false;
		return;
	}
	if (now < side->pause_until)
		return;
	if (side->asked < tail) {
		/* A fresh beginning: behind what is ordered already there is nothing. */
		if (side->orders || sluice_ring_locate(&stream->ring, tail, &side->asked_sequence))
			return;
		side->asked = tail;
	}
	while (side->orders < SLUICE_DISK_SIDE_ORDERS && head - side->asked > end_at)
		if (order_write(side, size))
			break;
}

/* What is durable leaves the ring, if no carrier still reads it. */
static void hand_over(struct sluice_disk_side *side)
{
	struct sluice_stream *stream = side->stream;
	struct sluice_order *order;

	while ((order = side->ready)) {
		for_each_feeder (feeder, stream)
			if (disk_of(feeder) && !sluice_ring_feeder_let_go(feeder, order->end))
				return;
		for_each_feeder (feeder, stream) {
			if (disk_of(feeder))
				sluice_ring_feeder_yield(feeder, order->end, order->sequence,
							 order->serial);
			sluice_feeder_wake(feeder);
		}
		side->floor = order->end;
		side->ready = order->next;
		sluice_order_free(order);
	}
}

struct sluice_spool_log *sluice_disk_side_log(const struct sluice_stream *stream)
{
	return stream->side ? stream->side->log : NULL;
}

void sluice_disk_side_clear(struct sluice_stream *stream, bool all)
{
	if (!stream->side)
		return;
	stream->side->is_clearing = all;
	stream->moved = true;
}

bool sluice_disk_side_is_idle(const struct sluice_stream *stream)
{
	if (!stream->side)
		return true;
	for_each_feeder (feeder, stream)
		if (disk_of(feeder) && sluice_disk_feeder_is_reading(disk_of(feeder)))
			return false;
	return !stream->side->orders && !stream->side->ready;
}

void sluice_disk_side_move(struct sluice_stream *stream, unsigned int worker)
{
	if (!stream->side)
		return;
	stream->side->worker = worker;
	for_each_feeder (feeder, stream)
		if (disk_of(feeder))
			sluice_disk_feeder_move(disk_of(feeder), worker);
}

/* At the end of a round: orders what is to be written, tells what was acknowledged. @context worker
 */
static void tend(struct sluice_stream *stream, uint64_t now)
{
	hand_over(stream->side);
	spill(stream->side, now);
	tell(stream->side);
}

/* The clock. @context worker */
static void tick(struct sluice_stream *stream, uint64_t now)
{
	struct sluice_disk_side *side = stream->side;

	for_each_feeder (feeder, stream)
		if (disk_of(feeder))
			sluice_disk_feeder_tick(disk_of(feeder), now);
	if ((side->pause_until || side->ready) && now >= side->pause_until) {
		side->pause_until = 0;
		stream->moved = true;
	}
}

static const struct sluice_stream_disk disk = {
	.add_feeder = add_feeder,
	.tend = tend,
	.note = note,
	.tick = tick,
	.leave = leave,
	.destroy = destroy,
};

/* What the store calls the stream. */
static struct sluice_spool_name name_of(const struct sluice_stream *stream)
{
	const struct sluice_ring_producer *producer = stream->ring.producer;
	struct sluice_spool_name name = {.epoch = producer->epoch, .cpu = stream->cpu};

	sluice_guid_copy(name.stream, producer->stream);
	sluice_guid_copy(name.route, stream->route);
	return name;
}

/* Fills the backlog of the output whose feeder of the ring is stream->feeders[place] with what the
 * store, which is held, has for it. */
static void fill_backlog(struct sluice_stream *stream, size_t place, struct filling *filling)
{
	struct sluice_feeder *feeder = stream->feeders[place];
	struct sluice_spool_log *log = stream->side->log;
	const uint8_t *output = stream->outputs[place];

	filling->backlog = feeder->backlog;
	/* What lies in the ring as well is delivered from there. */
	filling->limit = sluice_feeder_acked(feeder);
	filling->found = 0;
	(void)sluice_spool_backlog(filling->spool, log, output, count_found, filling);
	sluice_disk_check(stream, feeder, filling->spool, log, filling->found);
	(void)sluice_spool_backlog(filling->spool, log, output, fill, filling);
	(void)sluice_spool_acknowledge(filling->spool, log, output, filling->limit, UINT64_MAX);
}

int sluice_disk_side_create(struct sluice_stream *stream, struct sluice_spooler *spooler,
			    unsigned int worker)
{
	struct sluice_spool_name name = name_of(stream);
	size_t number, count = stream->feeder_count;
	struct sluice_disk_side *side = calloc(1, sizeof(*side));
	struct filling filling = {0};
	int error = -ENOMEM;

	if (!side)
		return -ENOMEM;
	side->stream = stream;
	side->spooler = spooler;
	side->worker = worker;
	side->floor = sluice_ring_tail(&stream->ring);
	stream->side = side;
	filling.spool = sluice_spooler_lock(spooler);
	side->log = sluice_spool_get(filling.spool, &name);
	if (!side->log || sluice_stream_reserve(stream, 2 * count))
		goto unlock;
	for (number = 0; number < count; number++) {
		if (add_disk_feeder(stream, stream->feeders[number], stream->outputs[number],
				    side->floor))
			goto unlock;
		fill_backlog(stream, number, &filling);
	}
	sluice_spooler_unlock(spooler);
	stream->disk = &disk;
	if (filling.last > sluice_ring_head(&stream->ring))
		sluice_disk_check_tell_older(stream, filling.last);
	return 0;

unlock:
	sluice_spool_put(filling.spool, side->log);
	sluice_spooler_unlock(spooler);
	stream->side = NULL;
	free(side);
	return error;
}

void sluice_disk_side_remove(struct sluice_stream *stream)
{
	size_t number, kept = 0;

	if (stream->disk)
		leave(stream);
	for (number = 0; number < stream->feeder_count; number++) {
		struct sluice_feeder *feeder = stream->feeders[number];

		if (!sluice_feeder_is_of_ring(feeder)) {
			feeder->lead->elsewhere = sluice_feeder_on_disk(feeder)
							  ? sluice_feeder_floor(feeder)
							  : UINT64_MAX;
			sluice_feeder_destroy(feeder);
			continue;
		}
		stream->feeders[kept] = feeder;
		memmove(stream->outputs[kept], stream->outputs[number], sizeof(*stream->outputs));
		kept++;
	}
	stream->feeder_count = kept;
	destroy(stream);
	stream->disk = NULL;
	sluice_stream_notify(stream);
}

void sluice_disk_side_hold(struct sluice_stream *stream, bool held)
{
	if (!stream->side)
		return;
	stream->side->is_held = held;
	stream->moved = true;
}

int sluice_disk_side_reserve(struct sluice_stream *stream, struct sluice_spooler *spooler)
{
	struct sluice_spool_name name = name_of(stream);
	struct sluice_spool_log *log;

	if (!stream->side)
		return 0;
	log = sluice_spool_get(sluice_spooler_lock(spooler), &name);
	sluice_spooler_unlock(spooler);
	return log ? 0 : -ENOMEM;
}

void sluice_disk_side_switch(struct sluice_stream *stream, struct sluice_spooler *spooler)
{
	struct sluice_disk_side *side = stream->side;
	struct sluice_spool_name name = name_of(stream);
	struct filling filling = {0};
	size_t number;

	if (!side || side->spooler == spooler)
		return;
	leave(stream);
	side->is_failed = false;
	side->pause_until = 0;
	side->spooler = spooler;
	filling.spool = sluice_spooler_lock(spooler);
	side->log = sluice_spool_get(filling.spool, &name);
	for (number = 0; number < stream->feeder_count; number++) {
		if (!disk_of(stream->feeders[number]))
			continue;
		sluice_disk_feeder_switch(disk_of(stream->feeders[number]), spooler, side->log);
		fill_backlog(stream, number, &filling);
	}
	sluice_spooler_unlock(spooler);
	sluice_stream_notify(stream);
}
