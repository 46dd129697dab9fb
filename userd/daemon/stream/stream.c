// SPDX-License-Identifier: MIT
/*
 * A stream in its worker; see stream.h. Touches: its ring, its descriptor, its feeders.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/cost.h"
#include "../../lib/log.h"
#include "../../lib/priority.h"
#include "../../lib/ring_twin.h"
#include "ring_feeder.h"
#include "stream.h"

/* The module says that there is something. Level-triggered: `seen` is what keeps it quiet. @context
 * worker */
static void ready(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_stream *stream = (struct sluice_stream *)handler;

	(void)now;
	if (events & (EPOLLHUP | EPOLLERR)) {
		/* POLLHUP cannot be masked and would keep us awake for ever. Nothing comes any
		 * more. */
		sluice_worker_unwatch(stream->worker, stream->fd);
		sluice_store_relaxed(&stream->hung, true);
		if (!stream->draining)
			sluice_warning_about(
				SLUICE_ABOUT(.route = stream->name,
					     .cpu = SLUICE_NUMBER(stream->cpu)),
				"route `%s`: the module deleted its ring of CPU %u; what is "
				"in it is delivered, "
				"nothing new comes until the configuration is applied again",
				stream->name, stream->cpu);
	}
	sluice_stream_notify(stream);
}

/* The source's thread says that there is something. @context worker */
static void bell_rings(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_stream *stream =
		(void *)((char *)handler - offsetof(struct sluice_stream, bell_handler));
	uint64_t count;

	(void)events;
	(void)now;
	(void)!read(stream->bell, &count, sizeof(count));
	/* Before the head is read: what is stored from here on rings again. */
	__atomic_store_n(&stream->is_rung, 0, __ATOMIC_SEQ_CST);
	sluice_stream_notify(stream);
}

/* struct sluice_stream.refill of a stream with a bell: its thread hears of the room. @context
 * worker */
static bool tell_of_room(struct sluice_stream *stream, uint64_t now)
{
	uint64_t one = 1, size = stream->ring.mask + 1;

	(void)now;
	/* Not for every few bytes. */
	if (sluice_ring_head(&stream->ring) - stream->tail > size / 4 * 3)
		return false;
	sluice_store_relaxed(&stream->starved, false);
	(void)!write(stream->room, &one, sizeof(one));
	return false;
}

int sluice_stream_add_bell(struct sluice_stream *stream)
{
	if (!stream || stream->fd >= 0 || stream->bell >= 0)
		return -EINVAL;
	stream->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	stream->room = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stream->bell < 0 || stream->room < 0)
		return -errno;
	stream->bell_handler.ready = bell_rings;
	stream->refill = tell_of_room;
	return 0;
}

void sluice_stream_ring(struct sluice_stream *stream)
{
	uint64_t one = 1;

	if (!__atomic_exchange_n(&stream->is_rung, 1, __ATOMIC_SEQ_CST))
		(void)!write(stream->bell, &one, sizeof(one));
}

void sluice_stream_want_room(struct sluice_stream *stream)
{
	uint64_t count;

	(void)!read(stream->room, &count, sizeof(count));
	sluice_store_relaxed(&stream->starved, true);
	sluice_stream_ring(stream);
}

/* Ends all feeders; their cursors stay where they are. */
static void free_feeders(struct sluice_stream *stream)
{
	for_each_feeder (feeder, stream)
		sluice_feeder_destroy(feeder);
}

/* A new feeder of the ring is the stream's. */
static void join(struct sluice_stream *stream, struct sluice_feeder *feeder)
{
	feeder->stream = stream;
	feeder->moved = &stream->moved;
	feeder->cursor->reserved[SLUICE_RING_CURSOR_SEQUENCE] = feeder->taken_sequence + 1;
}

int sluice_stream_create(struct sluice_ring *ring, int fd, const struct sluice_config_route *route,
			 const sluice_guid *outputs, size_t count, enum sluice_source kind,
			 uint32_t cpu, struct sluice_stream **result)
{
	struct sluice_stream *stream;
	int error = -ENOMEM;
	bool repaired;
	size_t number;

	if (!ring || !ring->consumer || !route || !result || (count && !outputs) ||
	    count > SLUICE_RING_CURSORS)
		return -EINVAL;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	stream->feeders = calloc(count ? count : 1, sizeof(struct sluice_feeder *));
	stream->outputs = calloc(count ? count : 1, sizeof(*stream->outputs));
	if (!stream->feeders || !stream->outputs)
		goto free;
	stream->ring = *ring;
	stream->fd = fd;
	stream->bell = stream->room = -1;
	stream->kind = kind;
	stream->cpu = cpu;
	sluice_guid_copy(stream->route, route->id);
	stream->priority = sluice_priority_of(route->id);
	memcpy(stream->name, route->name, sizeof(stream->name));
	stream->handler.ready = ready;
	/* Frees the cursors of outputs that are gone and lack nothing; mends a tail beyond head. */
	sluice_ring_release(&stream->ring, outputs, count);
	stream->held = sluice_ring_held(&stream->ring, outputs, count);
	for (number = 0; number < count; number++) {
		struct sluice_feeder *feeder;

		error = sluice_ring_feeder_create(&stream->ring, outputs[number], &feeder,
						  &repaired);
		if (error)
			goto close;
		if (repaired)
			sluice_warning_about(
				SLUICE_ABOUT(.route = stream->name, .cpu = SLUICE_NUMBER(cpu)),
				"route `%s`, CPU %u: an output's cursor was damaged; it "
				"goes on at the ring's tail, "
				"and may send some datagrams twice",
				stream->name, cpu);
		join(stream, feeder);
		stream->feeders[number] = feeder;
		sluice_guid_copy(stream->outputs[number], outputs[number]);
		stream->feeder_count++;
	}
	stream->tail = sluice_ring_tail(&stream->ring);
	sluice_ring_twin_cursors(&stream->ring);
	memset(ring, 0, sizeof(*ring));
	*result = stream;
	return 0;

close:
	free_feeders(stream);
free:
	free(stream->feeders);
	free(stream->outputs);
	free(stream);
	return error;
}

void sluice_stream_destroy(struct sluice_stream *stream)
{
	if (!stream)
		return;
	free_feeders(stream);
	if (stream->disk)
		stream->disk->destroy(stream);
	sluice_ring_destroy(&stream->ring);
	if (stream->fd >= 0)
		close(stream->fd);
	if (stream->bell >= 0)
		close(stream->bell);
	if (stream->room >= 0)
		close(stream->room);
	free(stream->feeders);
	free(stream->outputs);
	free(stream);
}

int sluice_stream_reserve(struct sluice_stream *stream, size_t count)
{
	struct sluice_feeder **feeders;
	sluice_guid *outputs;

	if (!count)
		return 0;
	feeders = reallocarray(stream->feeders, count, sizeof(struct sluice_feeder *));
	if (feeders)
		stream->feeders = feeders;
	outputs = reallocarray(stream->outputs, count, sizeof(*outputs));
	if (outputs)
		stream->outputs = outputs;
	return feeders && outputs ? 0 : -ENOMEM;
}

int sluice_stream_enter(struct sluice_stream *stream, struct sluice_worker *worker)
{
	int error = sluice_worker_add_stream(worker, stream);

	if (error)
		return error;
	stream->worker = worker;
	if (stream->fd >= 0)
		error = sluice_worker_watch(worker, stream->fd, EPOLLIN, &stream->handler);
	else if (stream->bell >= 0)
		error = sluice_worker_watch(worker, stream->bell, EPOLLIN, &stream->bell_handler);
	if (error)
		sluice_worker_remove_stream(worker, stream);
	return error;
}

void sluice_stream_leave(struct sluice_stream *stream)
{
	if (!stream->worker)
		return;
	if (stream->disk)
		stream->disk->leave(stream);
	if (stream->fd >= 0 && !stream->hung)
		sluice_worker_unwatch(stream->worker, stream->fd);
	if (stream->bell >= 0)
		sluice_worker_unwatch(stream->worker, stream->bell);
	sluice_worker_remove_stream(stream->worker, stream);
	stream->worker = NULL;
}

/* Tells the module that everything before `offset` was noticed. */
static void see(struct sluice_stream *stream, uint64_t offset)
{
	if (offset <= stream->seen)
		return;
	stream->seen = offset;
	sluice_store_relaxed(&stream->ring.consumer->seen, offset);
}

void sluice_stream_notify(struct sluice_stream *stream)
{
	see(stream, sluice_ring_head(&stream->ring));
	for_each_feeder (feeder, stream)
		sluice_feeder_wake(feeder);
	stream->moved = true;
}

/*
 * What an output took since we were woken needs no other wake: the module stays quiet about it. So
 * the outputs that did not take it hear of it here, or nobody would tell them. Returns true if
 * there is one that has to look. @context worker
 */
static bool see_taken(struct sluice_stream *stream)
{
	uint64_t most = 0;
	bool told = false;

	for_each_feeder (feeder, stream)
		if (sluice_feeder_is_of_ring(feeder) && feeder->taken > most)
			most = feeder->taken;
	if (most <= stream->seen)
		return false;
	see(stream, most);
	for_each_feeder (feeder, stream) {
		if (!sluice_feeder_is_of_ring(feeder) || feeder->taken >= most || !feeder->output)
			continue;
		sluice_feeder_wake(feeder);
		told = true;
	}
	return told;
}

/* How far the ring is filled. One whose source waits for room is full for it, and no ring is ever
 * filled to its last byte. */
static uint64_t fill(const struct sluice_stream *stream)
{
	uint64_t size = stream->ring.mask + 1,
		 used = sluice_ring_head(&stream->ring) - stream->tail;

	return sluice_load_relaxed(&stream->starved) || used >= size / 100 * 99 ? size : used;
}

/* Notes in the cursor how many records lie before it. */
static void note_sequence(struct sluice_feeder *feeder)
{
	sluice_store_relaxed(&feeder->cursor->reserved[SLUICE_RING_CURSOR_SEQUENCE],
			     sluice_ring_feeder_need_sequence(feeder) + 1);
}

/* Notes in the cursors what lies on the disk, so that a successor knows. */
static void note(struct sluice_stream *stream)
{
	if (stream->disk)
		stream->disk->note(stream);
}

/* Says how far every output has got, for a thread that fills the ring. */
static void tell_delivered(struct sluice_stream *stream)
{
	uint64_t least = stream->held, floor;

	for_each_feeder (feeder, stream) {
		floor = sluice_feeder_floor(feeder);
		if (floor < least)
			least = floor;
	}
	if (!stream->feeder_count && least == UINT64_MAX)
		least = sluice_ring_head(&stream->ring);
	/* Pairs with the acquire in sluice_inlet_native_settle(). */
	sluice_store_release(&stream->delivered, least);
}

bool sluice_stream_release(struct sluice_stream *stream, uint64_t now)
{
	uint64_t least = UINT64_MAX, acked;
	struct sluice_cost_mark before;
	bool refilled, told;

	stream->moved = false;
	/* What is less on the disk is noted before the spooler knows, what is more when the ring
	 * has let it go: never too much. */
	before = sluice_cost_enter(SLUICE_COST_SPOOL, NULL);
	note(stream);
	if (stream->disk)
		stream->disk->tend(stream, now);
	sluice_cost_leave(before);
	for_each_feeder (feeder, stream) {
		if (!sluice_feeder_is_of_ring(feeder))
			continue;
		acked = sluice_ring_feeder_need(feeder);
		sluice_store_relaxed(&feeder->cursor->acked, acked);
		sluice_store_relaxed(&feeder->cursor->taken, feeder->taken);
		note_sequence(feeder);
		if (acked < least)
			least = acked;
	}
	note(stream);
	told = see_taken(stream);
	if (!stream->feeder_count)
		least = sluice_ring_head(&stream->ring);
	if (least > stream->held)
		least = stream->held;
	if (least > stream->tail) {
		sluice_cost_count(SLUICE_COST_ACKNOWLEDGE, 0, least - stream->tail);
		stream->tail = least;
		sluice_ring_move_tail(&stream->ring, least);
	}
	sluice_ring_twin_cursors(&stream->ring);
	if (stream->bell >= 0)
		tell_delivered(stream);
	refilled = sluice_load_relaxed(&stream->starved) && stream->refill &&
		   stream->refill(stream, now);
	if (stream->alarm_mark || stream->alarm.is_raised)
		(void)sluice_alarm_watch(&stream->alarm, fill(stream), stream->ring.mask + 1,
					 stream->alarm_mark, "the memory of route", stream->name,
					 "store.memory.alarm");
	return refilled || told;
}

struct sluice_feeder *sluice_stream_feeder(const struct sluice_stream *stream,
					   const sluice_guid guid)
{
	size_t number;

	for (number = 0; number < stream->feeder_count; number++)
		if (sluice_guid_equal(stream->outputs[number], guid))
			return stream->feeders[number];
	return NULL;
}

int sluice_stream_add_feeder(struct sluice_stream *stream, const sluice_guid guid)
{
	struct sluice_feeder *feeder;
	bool repaired;
	int error;

	if (sluice_stream_reserve(stream, stream->feeder_count + 1))
		return -ENOMEM;
	error = sluice_ring_feeder_create(&stream->ring, guid, &feeder, &repaired);
	if (error)
		return error;
	join(stream, feeder);
	sluice_guid_copy(stream->outputs[stream->feeder_count], guid);
	stream->feeders[stream->feeder_count++] = feeder;
	return stream->disk ? stream->disk->add_feeder(stream, feeder, guid) : 0;
}

/* The feeder's cursor says where it got to, and what lies behind that stays in the ring. */
static void keep_cursor(struct sluice_stream *stream, const struct sluice_feeder *feeder)
{
	uint64_t need = sluice_ring_feeder_need(feeder);

	sluice_store_relaxed(&feeder->cursor->acked, need);
	if (need < sluice_ring_head(&stream->ring) && need < stream->held)
		stream->held = need;
}

/* Takes the feeder of output `guid` out of the stream. `keep`: its cursor stays. */
static void remove_feeder(struct sluice_stream *stream, const sluice_guid guid, bool keep)
{
	struct sluice_feeder *feeder;
	size_t number;

	for (number = 0; number < stream->feeder_count; number++)
		if (sluice_guid_equal(stream->outputs[number], guid))
			break;
	if (number == stream->feeder_count)
		return;
	feeder = stream->feeders[number];
	/* No order may name a feeder that goes. */
	if (stream->disk)
		stream->disk->leave(stream);
	if (sluice_feeder_is_of_ring(feeder) && keep)
		keep_cursor(stream, feeder);
	else if (sluice_feeder_is_of_ring(feeder))
		memset(feeder->cursor, 0, sizeof(*feeder->cursor));
	sluice_feeder_destroy(feeder);
	stream->feeder_count--;
	memmove(&stream->feeders[number], &stream->feeders[number + 1],
		(stream->feeder_count - number) * sizeof(struct sluice_feeder *));
	memmove(stream->outputs[number], stream->outputs[number + 1],
		(stream->feeder_count - number) * sizeof(*stream->outputs));
	stream->moved = true;
}

void sluice_stream_leave_feeder(struct sluice_stream *stream, const sluice_guid guid)
{
	remove_feeder(stream, guid, true);
}

void sluice_stream_drop_feeder(struct sluice_stream *stream, const sluice_guid guid)
{
	remove_feeder(stream, guid, false);
}

uint64_t sluice_stream_remaining(const struct sluice_stream *stream)
{
	uint64_t head = sluice_ring_head(&stream->ring), most = 0, goal, acked;

	for_each_feeder (feeder, stream) {
		if (!sluice_feeder_is_of_ring(feeder))
			continue;
		goal = feeder->limit < head ? feeder->limit : head;
		acked = sluice_ring_feeder_need(feeder);
		if (goal > acked && goal - acked > most)
			most = goal - acked;
	}
	return most;
}

uint64_t sluice_stream_on_disk(const struct sluice_stream *stream)
{
	uint64_t bytes = 0;

	for_each_feeder (feeder, stream)
		if (!sluice_feeder_is_of_ring(feeder))
			bytes += sluice_feeder_on_disk(feeder);
	return bytes;
}

void sluice_stream_tick(struct sluice_stream *stream, uint64_t now)
{
	if (stream->disk)
		stream->disk->tick(stream, now);
}
