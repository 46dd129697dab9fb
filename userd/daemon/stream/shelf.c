// SPDX-License-Identifier: MIT
/*
 * Shelves; see shelf.h. Touches: feeders and racks of its stream; the spooler's queue.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "../output/output.h"
#include "rack.h"
#include "shelf.h"

void sluice_order_free(struct sluice_order *order)
{
	if (!order)
		return;
	sluice_book_free(order->book);
	free(order->outputs);
	free(order);
}

/* The rack of a feeder that feeds from the ring; NULL otherwise. */
static struct sluice_rack *rack_of(const struct sluice_feeder *feeder)
{
	return feeder->cursor ? feeder->rack : NULL;
}

bool sluice_shelf_is_newest_first(const struct sluice_shelf *shelf)
{
	return sluice_spooler_is_newest_first(shelf->spooler);
}

unsigned int sluice_shelf_worker(const struct sluice_shelf *shelf)
{
	return shelf->worker;
}

/* What fills a rack at the start. */
struct filling {
	struct sluice_shelf *shelf;
	struct sluice_rack *rack;
	struct sluice_spool *spool;
	uint64_t limit; /* from here on the ring has it */
	uint64_t found; /* bytes */
	uint64_t last;	/* where the store's last run ends, of all */
};

/* A run of the store's backlog goes to the rack, as far as the ring does not have it. */
static int fill(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	struct filling *filling = context;

	if (start >= filling->limit)
		return 0;
	sluice_rack_serial(filling->rack, serial);
	end = end < filling->limit ? end : filling->limit;
	/* An earlier daemon may have sent it, whatever the store knows of that. */
	sluice_rack_return(filling->rack, start, end, true, false);
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

int sluice_shelf_create(struct sluice_stream *stream, struct sluice_spooler *spooler,
			unsigned int worker)
{
	const struct sluice_ring_producer *producer = stream->ring.producer;
	struct sluice_spool_name name = {.epoch = producer->epoch, .cpu = stream->cpu};
	size_t number, count = stream->feeder_count;
	struct sluice_shelf *shelf = calloc(1, sizeof(*shelf));
	struct filling filling = {.shelf = shelf};
	int error = -ENOMEM;

	if (!shelf)
		return -ENOMEM;
	memcpy(name.stream, producer->stream, sizeof(name.stream));
	memcpy(name.route, stream->route, sizeof(name.route));
	shelf->stream = stream;
	shelf->spooler = spooler;
	shelf->worker = worker;
	shelf->floor = sluice_ring_tail(&stream->ring);
	filling.spool = sluice_spooler_lock(spooler);
	shelf->log = sluice_spool_get(filling.spool, &name);
	if (!shelf->log || sluice_stream_reserve(stream, 2 * count))
		goto unlock;
	for (number = 0; number < count; number++) {
		struct sluice_feeder *feeder = stream->feeders[number];

		filling.rack = sluice_rack_create(feeder, shelf);
		if (!filling.rack)
			goto unlock;
		feeder->floor = shelf->floor;
		filling.rack->border = shelf->floor;
		stream->feeders[stream->feeder_count] = &filling.rack->feeder;
		memcpy(stream->outputs[stream->feeder_count], stream->outputs[number],
		       SLUICE_GUID_SIZE);
		stream->feeder_count++;
		/* What lies in the ring as well is delivered from there. */
		filling.limit = sluice_feeder_acked(feeder);
		filling.found = 0;
		(void)sluice_spool_backlog(filling.spool, shelf->log, stream->outputs[number],
					   count_found, &filling);
		sluice_shelf_check(stream, feeder, filling.spool, shelf->log, filling.found);
		(void)sluice_spool_backlog(filling.spool, shelf->log, stream->outputs[number], fill,
					   &filling);
		(void)sluice_spool_acknowledge(filling.spool, shelf->log, stream->outputs[number],
					       filling.limit, UINT64_MAX);
	}
	sluice_spooler_unlock(spooler);
	stream->shelf = shelf;
	if (filling.last > sluice_ring_head(&stream->ring))
		sluice_shelf_tell_older(stream, filling.last);
	return 0;

unlock:
	sluice_spool_put(filling.spool, shelf->log);
	sluice_spooler_unlock(spooler);
	free(shelf);
	return error;
}

int sluice_shelf_add_rack(struct sluice_shelf *shelf, struct sluice_feeder *feeder,
			  const uint8_t output[SLUICE_GUID_SIZE])
{
	struct sluice_stream *stream = shelf->stream;
	struct sluice_rack *rack;

	if (sluice_stream_reserve(stream, stream->feeder_count + 1))
		return -ENOMEM;
	rack = sluice_rack_create(feeder, shelf);
	if (!rack)
		return -ENOMEM;
	/* What lies on the disk is older than the output: it waits for others. */
	feeder->floor = stream->tail;
	rack->border = stream->tail;
	stream->feeders[stream->feeder_count] = &rack->feeder;
	memcpy(stream->outputs[stream->feeder_count], output, SLUICE_GUID_SIZE);
	stream->feeder_count++;
	return 0;
}

void sluice_shelf_destroy(struct sluice_shelf *shelf)
{
	/* The log is held until the store is closed: acknowledgements may still be under way. */
	free(shelf);
}

/* Tells the spooler what the racks' output has got. */
static void tell(struct sluice_shelf *shelf)
{
	size_t number, range;

	for (number = 0; number < shelf->stream->feeder_count; number++) {
		struct sluice_rack *rack = rack_of(shelf->stream->feeders[number]);

		for (range = 0; rack && range < rack->acked.count; range++) {
			struct sluice_order *order = calloc(1, sizeof(*order));

			if (!order)
				break; /* it will be sent again one day */
			order->kind = SLUICE_ORDER_ACKNOWLEDGE;
			order->log = shelf->log;
			order->start = rack->acked.list[range].start;
			order->end = rack->acked.list[range].end;
			memcpy(order->output, shelf->stream->outputs[number],
			       sizeof(order->output));
			sluice_spooler_order(shelf->spooler, order);
		}
		if (rack && rack->acked.count)
			sluice_ranges_forget(&rack->acked, UINT64_MAX);
	}
}

void sluice_shelf_leave(struct sluice_shelf *shelf)
{
	size_t number;

	sluice_spooler_forget(shelf->spooler, shelf, shelf->worker);
	sluice_order_free(shelf->ready);
	shelf->ready = NULL;
	shelf->orders = 0;
	shelf->asked = 0;
	for (number = 0; number < shelf->stream->feeder_count; number++) {
		struct sluice_rack *rack = rack_of(shelf->stream->feeders[number]);

		if (rack)
			rack->is_ordered = false;
	}
	tell(shelf);
}

/* Which outputs need something before `end`: into the order. False: none, or no memory (then *error). */
static bool list_outputs(const struct sluice_shelf *shelf, struct sluice_order *order, int *error)
{
	const struct sluice_stream *stream = shelf->stream;
	size_t number;

	*error = 0;
	order->outputs = calloc(stream->feeder_count, sizeof(*order->outputs));
	if (!order->outputs) {
		*error = -ENOMEM;
		return false;
	}
	for (number = 0; number < stream->feeder_count; number++) {
		const struct sluice_feeder *feeder = stream->feeders[number];

		if (!feeder->cursor || sluice_feeder_need(feeder) >= order->end)
			continue;
		if (feeder->rack->border < order->end)
			feeder->rack->border = order->end;
		memcpy(order->outputs[order->output_count++], stream->outputs[number],
		       SLUICE_GUID_SIZE);
	}
	return order->output_count > 0;
}

/* Orders the next frame to be written. 0; -EAGAIN: nothing more now; -ENOMEM. */
static int order_write(struct sluice_shelf *shelf, uint64_t size)
{
	struct sluice_stream *stream = shelf->stream;
	size_t bytes = size / 8 < SLUICE_SHELF_FRAME ? (size_t)(size / 8) : SLUICE_SHELF_FRAME;
	struct sluice_order *order;
	struct sluice_span span;
	int error;

	if (!sluice_ring_span(&stream->ring, shelf->asked, shelf->asked_sequence, bytes, &span))
		return -EAGAIN;
	order = calloc(1, sizeof(*order));
	if (!order)
		return -ENOMEM;
	order->kind = SLUICE_ORDER_WRITE;
	order->shelf = shelf;
	order->log = shelf->log;
	order->start = span.start;
	order->end = span.end;
	order->count = (uint32_t)span.count;
	order->sequence = shelf->asked_sequence + span.count;
	order->bytes = sluice_ring_at(&stream->ring, span.start);
	if (list_outputs(shelf, order, &error)) {
		shelf->asked = span.end;
		shelf->asked_sequence = order->sequence;
		shelf->orders++;
		sluice_spooler_order(shelf->spooler, order);
		return 0;
	}
	sluice_order_free(order);
	/* Nobody needs it: the tail moves by itself. */
	return error ? error : -EAGAIN;
}

/* Begins or goes on to empty the ring. */
static void spill(struct sluice_shelf *shelf, uint64_t now)
{
	struct sluice_stream *stream = shelf->stream;
	uint64_t size = stream->ring.mask + 1, head = sluice_ring_head(&stream->ring);
	uint64_t tail = stream->tail, begin_at, end_at;
	unsigned int begin, end;

	sluice_spooler_marks(shelf->spooler, &begin, &end);
	begin_at = size / 100 * begin;
	end_at = size / 100 * end;
	/* A source that finds less room than this takes nothing: a small ring would never be filled to its mark. */
	if (begin_at > size - SLUICE_STREAM_ROOM) {
		begin_at = size - SLUICE_STREAM_ROOM;
		end_at = begin_at / begin * end;
	}
	/* One that waits goes on when a quarter is free, wherever the marks are. */
	if (stream->starved) {
		begin_at = 0;
		end_at = end_at < size / 2 ? end_at : size / 2;
	}
	if (shelf->is_clearing)
		begin_at = end_at = 0;
	if (!shelf->is_spilling) {
		if (head - tail < begin_at)
			return;
		shelf->is_spilling = true;
	}
	if (head - tail <= end_at) {
		shelf->is_spilling = false;
		return;
	}
	if (now < shelf->pause_until)
		return;
	if (shelf->asked < tail) {
		/* A fresh beginning: behind what is ordered already there is nothing. */
		if (shelf->orders ||
		    sluice_ring_locate(&stream->ring, tail, &shelf->asked_sequence))
			return;
		shelf->asked = tail;
	}
	while (shelf->orders < SLUICE_SHELF_ORDERS && head - shelf->asked > end_at)
		if (order_write(shelf, size))
			break;
}

/* What is durable leaves the ring, if no carrier still reads it. */
static void hand_over(struct sluice_shelf *shelf)
{
	struct sluice_stream *stream = shelf->stream;
	struct sluice_order *order;
	size_t number;

	while ((order = shelf->ready)) {
		for (number = 0; number < stream->feeder_count; number++)
			if (!sluice_feeder_let_go(stream->feeders[number], order->end))
				return;
		for (number = 0; number < stream->feeder_count; number++) {
			struct sluice_feeder *feeder = stream->feeders[number];

			sluice_feeder_yield(feeder, order->end, order->sequence, order->serial);
			if (feeder->output)
				((struct sluice_output *)feeder->output)->has_work = true;
		}
		shelf->floor = order->end;
		shelf->ready = order->next;
		sluice_order_free(order);
	}
}

void sluice_shelf_clear(struct sluice_shelf *shelf, bool all)
{
	if (!shelf)
		return;
	shelf->is_clearing = all;
	shelf->stream->moved = true;
}

void sluice_shelf_tend(struct sluice_shelf *shelf, uint64_t now)
{
	hand_over(shelf);
	spill(shelf, now);
	tell(shelf);
}

/* Keeps a durable order until the ring lets its bytes go. */
static void keep(struct sluice_shelf *shelf, const struct sluice_order *order)
{
	struct sluice_order **end = &shelf->ready, *copy = malloc(sizeof(*copy));

	if (!copy) {
		/* It stays in the ring and is written again. */
		shelf->asked = 0;
		return;
	}
	*copy = *order;
	copy->outputs = NULL;
	copy->book = NULL;
	copy->next = NULL;
	while (*end)
		end = &(*end)->next;
	*end = copy;
}

void sluice_shelf_answer(struct sluice_shelf *shelf, struct sluice_order *order, uint64_t now)
{
	shelf->stream->moved = true;
	if (order->kind == SLUICE_ORDER_READ) {
		sluice_rack_deliver(order->rack, order->book, order->last);
		order->book = NULL;
		return;
	}
	shelf->orders--;
	if (order->result || shelf->is_failed) {
		/* What comes behind one that failed would leave a hole: all of it again, when those under way are back. */
		shelf->is_failed = shelf->orders > 0;
		shelf->pause_until = now + SLUICE_SHELF_PAUSE_NS;
		if (!shelf->orders)
			shelf->asked = 0;
		return;
	}
	keep(shelf, order);
}

void sluice_shelf_wake(struct sluice_stream *stream, uint64_t now)
{
	struct sluice_shelf *shelf = stream->shelf;
	size_t number;

	for (number = 0; shelf && number < stream->feeder_count; number++)
		if (rack_of(stream->feeders[number]))
			sluice_rack_wake(rack_of(stream->feeders[number]), now);
	if (shelf && (shelf->pause_until || shelf->ready) && now >= shelf->pause_until) {
		shelf->pause_until = 0;
		stream->moved = true;
	}
}

int sluice_shelf_order(struct sluice_shelf *shelf, struct sluice_rack *rack, uint64_t start,
		       uint64_t end, uint32_t count)
{
	struct sluice_order *order = calloc(1, sizeof(*order));

	if (!order)
		return -ENOMEM;
	order->kind = SLUICE_ORDER_READ;
	order->shelf = shelf;
	order->rack = rack;
	order->log = shelf->log;
	order->start = start;
	order->end = end;
	order->count = count;
	sluice_spooler_order(shelf->spooler, order);
	return 0;
}

/* What adoption has in hand. */
struct adoption {
	struct sluice_spool *spool;
	const uint8_t (*outputs)[SLUICE_GUID_SIZE];
	size_t output_count;
	bool tell;
	bool (*is_served)(void *context, const struct sluice_spool_name *name,
			  const uint8_t output[SLUICE_GUID_SIZE]);
	void *context;
	struct orphan *list;
};

/* A log that no ring belongs to. */
struct orphan {
	struct orphan *next;
	struct sluice_spool_name name;
	uint64_t end;
	size_t count;
	uint8_t outputs[SLUICE_SPOOL_LOG_OUTPUTS][SLUICE_GUID_SIZE];
};

/* Which outputs of the configuration wait for the log? */
struct claim {
	const struct adoption *adoption;
	struct orphan *orphan;
	size_t strangers;
};

/* One output that waits. */
static int claim(void *context, const uint8_t output[16])
{
	struct claim *claims = context;
	size_t number;

	for (number = 0; number < claims->adoption->output_count; number++) {
		if (memcmp(claims->adoption->outputs[number], output, 16) != 0)
			continue;
		if (!claims->adoption->is_served(claims->adoption->context, &claims->orphan->name,
						 output))
			memcpy(claims->orphan->outputs[claims->orphan->count++], output, 16);
		return 0;
	}
	claims->strangers++;
	return 0;
}

/* How far a log reaches. */
static int reach(void *context, const struct sluice_spool_frame *frame)
{
	struct orphan *orphan = context;

	if (frame->offset + frame->span > orphan->end)
		orphan->end = frame->offset + frame->span;
	return 0;
}

/* Looks at one log of the store. */
static int consider(void *context, struct sluice_spool_log *log)
{
	struct adoption *adoption = context;
	const struct sluice_spool_name *name = sluice_spool_log_name(log);
	struct orphan *orphan;
	struct claim claims = {.adoption = adoption};

	orphan = calloc(1, sizeof(*orphan));
	if (!orphan)
		return -ENOMEM;
	orphan->name = *name;
	claims.orphan = orphan;
	(void)sluice_spool_waiting(adoption->spool, log, claim, &claims);
	(void)sluice_spool_frames(adoption->spool, log, false, reach, orphan);
	if (claims.strangers && adoption->tell)
		sluice_warning("spool: frames of a stream of CPU %u wait for %zu outputs that the "
			       "configuration does not have; they stay where they are (`sluicectl "
			       "show orphans`)",
			       name->cpu, claims.strangers);
	if (!orphan->count) {
		free(orphan);
		return 0;
	}
	orphan->next = adoption->list;
	adoption->list = orphan;
	return 0;
}

/* Makes the stream of an orphan: an empty ring that stands where the log ends. */
static int raise(const struct orphan *orphan, struct sluice_stream **stream)
{
	struct sluice_config_route route = {.name = "spool"};
	struct sluice_ring ring;
	size_t number;
	int error;

	memcpy(route.id, orphan->name.route, sizeof(route.id));
	error = sluice_ring_create(&ring, SLUICE_RING_SIZE_MIN, orphan->name.stream,
				   orphan->name.epoch, orphan->name.cpu);
	if (error)
		return error;
	sluice_ring_begin_at(&ring, orphan->end);
	error = sluice_stream_create(&ring, -1, &route, orphan->outputs, orphan->count,
				     SLUICE_SOURCE_SOCKET, orphan->name.cpu, stream);
	if (error) {
		sluice_ring_destroy(&ring);
		return error;
	}
	/* Its ring, which is lost, may have been longer than what the disk has, and was sent from. */
	for (number = 0; number < (*stream)->feeder_count; number++)
		(*stream)->feeders[number]->sent = UINT64_MAX;
	/* No source fills it, and none finds it. */
	(*stream)->hung = true;
	(*stream)->draining = true;
	return 0;
}

int sluice_shelf_adopt(struct sluice_spooler *spooler, const uint8_t (*outputs)[SLUICE_GUID_SIZE],
		       size_t output_count, bool tell,
		       bool (*is_served)(void *context, const struct sluice_spool_name *name,
					 const uint8_t output[SLUICE_GUID_SIZE]),
		       int (*take)(void *context, struct sluice_stream *stream), void *context)
{
	struct adoption adoption = {.outputs = outputs,
				    .output_count = output_count,
				    .tell = tell,
				    .is_served = is_served,
				    .context = context};
	struct sluice_stream *stream;
	struct orphan *orphan;
	int error;

	adoption.spool = sluice_spooler_lock(spooler);
	error = sluice_spool_logs(adoption.spool, consider, &adoption);
	sluice_spooler_unlock(spooler);
	while ((orphan = adoption.list)) {
		adoption.list = orphan->next;
		if (!error)
			error = raise(orphan, &stream);
		if (!error) {
			error = take(context, stream);
			if (error)
				sluice_stream_destroy(stream);
		}
		free(orphan);
	}
	return error;
}
