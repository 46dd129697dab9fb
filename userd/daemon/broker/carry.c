// SPDX-License-Identifier: MIT
/*
 * A connection to a broker, as its worker sees it; see carry.h. Touches: the connection, the
 * feeders of its group, the desk.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/buffer.h"
#include "../../lib/event.h"
#include "../../lib/log.h"
#include "../stream/stream.h"
#include "carry.h"

/* The thread says when it gives up; the worker waits for so much longer than one attempt takes. */
#define GRACE_NS (30 * SLUICE_NS_PER_S)

#define KEY "outputs.stream"

void sluice_carry_connect(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_group *group = connection->group;
	struct sluice_desk *desk = connection->own;
	int error;

	connection->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (connection->fd < 0) {
		sluice_connection_lose(connection, "no eventfd for it", errno, now);
		return;
	}
	error = sluice_worker_watch(group->worker, connection->fd, (uint32_t)(EPOLLIN | EPOLLET),
				    &connection->handler);
	if (error) {
		sluice_connection_lose(connection, "its eventfd cannot be watched", -error, now);
		return;
	}
	sluice_connection_set_state(connection, SLUICE_TCP_CONNECTING);
	connection->attempt.deadline = now + group->timing.connect_timeout_ns + GRACE_NS;
	sluice_worker_set_timer(group->worker, &connection->timer, connection->attempt.deadline);
	sluice_connection_name(connection, desk->name);
	sluice_desk_wish(desk, connection->fd);
}

void sluice_carry_flush(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_desk *desk = connection->own;

	connection->signs.wrote = now;
	connection->writing.busy = false;
	connection->writing.more = false;
	connection->writing.staged = 0;
	pthread_mutex_lock(&desk->lock);
	pthread_cond_signal(&desk->work);
	pthread_mutex_unlock(&desk->lock);
}

/* What became of a segment: counted and told. */
static void count(struct sluice_connection *connection, const struct sluice_job *job, uint64_t now)
{
	const struct sluice_desk_account *account = &job->account;
	const struct sluice_unsent unsent = {.oversized = account->oversized,
					     .skipped = account->skipped};
	const struct sluice_segment *segment = sluice_feeder_segment(job->feeder, job->id);

	sluice_count(&connection->counters.sent, account->datagrams);
	sluice_count(&connection->counters.acked, account->datagrams - account->refused);
	sluice_count(&connection->counters.bytes, account->bytes);
	sluice_count(&connection->counters.writes, account->messages);
	sluice_count(&connection->counters.gaps, account->gaps);
	sluice_count(&connection->counters.refused, account->refused);
	sluice_connection_note_unsent(connection, &unsent, now);
	sluice_pacer_charge(connection->role.pacer, (size_t)account->bytes, now);
	sluice_pacer_charge(connection->group->pacer, (size_t)account->bytes, now);
	if (account->broken && segment)
		sluice_connection_tell_no_record(connection, job->feeder,
						 segment->end - account->broken, account->broken);
}

/* A segment is done. */
static void finish(struct sluice_connection *connection, struct sluice_job *job, uint64_t now)
{
	job->is_finished = true;
	count(connection, job, now);
	((struct sluice_stream *)job->feeder->stream)->moved = true;
	if (sluice_feeder_segment(job->feeder, job->id))
		sluice_feeder_finish(job->feeder, job->id);
}

/* Finishes what is done; the lock is held. Returns whether anything was. */
static bool finish_done(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_desk *desk = connection->own;
	uint64_t number;
	bool any = false;

	for (number = desk->first; number < desk->next; number++) {
		struct sluice_job *job = sluice_desk_job(desk, number);

		if (!job->is_done || job->is_finished)
			continue;
		finish(connection, job, now);
		any = true;
	}
	while (desk->first < desk->next && sluice_desk_job(desk, desk->first)->is_finished)
		desk->first++;
	return any;
}

/* Tells whoever listens that the server refuses, or no longer does. */
static void tell_refusing(struct sluice_connection *connection, bool is_refusing)
{
	char name[SLUICE_CONNECTION_NAME], text[SLUICE_CONNECTION_NAME + 128];

	if ((connection->counters.full != 0) == is_refusing)
		return;
	sluice_store_relaxed(&connection->counters.full, (uint64_t)is_refusing);
	sluice_connection_note_since(connection);
	snprintf(text, sizeof(text), "%s: %s", sluice_connection_name(connection, name),
		 is_refusing ? "the server refuses messages; they wait (on-refusal: wait)"
			     : "the server takes messages again");
	sluice_event_send(is_refusing ? SLUICE_EVENT_REJECTING : SLUICE_EVENT_REJECTING_OVER, KEY,
			  name, text);
	if (!is_refusing)
		sluice_notice_about(SLUICE_ABOUT_CONNECTION(connection), "%s", text);
}

void sluice_carry_hear(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_desk *desk = connection->own;
	enum sluice_desk_state state;
	const char *what;
	bool is_refusing, any;

	if (connection->fd < 0)
		return;
	pthread_mutex_lock(&desk->lock);
	any = finish_done(connection, now);
	state = desk->state;
	what = desk->what;
	is_refusing = desk->is_refusing;
	pthread_mutex_unlock(&desk->lock);
	if (any) {
		connection->signs.heard = now;
		sluice_store_relaxed(&connection->counters.backlog, connection->carrier.bytes);
		connection->group->has_work = true;
	}
	tell_refusing(connection, is_refusing);
	if (state == SLUICE_DESK_LOST) {
		sluice_connection_lose(connection, what, 0, now);
	} else if (state == SLUICE_DESK_READY && connection->state == SLUICE_TCP_CONNECTING) {
		connection->signs.heard = now;
		connection->protocol->begin(connection, now);
	}
}

void sluice_carry_ready(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_connection *connection =
		(struct sluice_connection *)((char *)handler -
					     offsetof(struct sluice_connection, handler));
	struct sluice_desk *desk = connection->own;
	uint64_t rings;

	(void)events;
	if (connection->fd < 0)
		return; /* lost earlier in this round */
	pthread_mutex_lock(&desk->lock);
	if (read(connection->fd, &rings, sizeof(rings)) > 0)
		desk->is_rung = false;
	pthread_mutex_unlock(&desk->lock);
	sluice_carry_hear(connection, now);
}

void sluice_carry_retune(struct sluice_connection *connection)
{
	/* No time of the output is a socket's. */
	(void)connection;
}

void sluice_carry_listen(struct sluice_connection *connection, bool wakes)
{
	/* A segment that is done wakes the worker always: it is many messages. */
	(void)connection;
	(void)wakes;
}

void sluice_carry_measure(struct sluice_connection *connection, uint64_t now)
{
	(void)sluice_connection_measure_rate(connection, now);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): other kinds write to *next */
const char *sluice_carry_look(struct sluice_connection *connection, uint64_t now, uint64_t *next)
{
	(void)connection;
	(void)now;
	(void)next;
	return NULL;
}

void sluice_carry_dispose(struct sluice_connection *connection)
{
	if (!connection->own)
		return;
	sluice_connection_tell_unsent(connection);
	sluice_desk_leave(connection->own);
	connection->own = NULL;
}

void sluice_carry_begin(struct sluice_connection *connection, uint64_t now)
{
	sluice_connection_is_ready(connection, now);
}

bool sluice_carry_has_room(const struct sluice_connection *connection)
{
	const struct sluice_desk *desk = connection->own;

	/* Only the worker moves them. */
	return desk->next - desk->first < SLUICE_DESK_JOBS;
}

bool sluice_carry_takes_more(const struct sluice_connection *connection, uint64_t bytes)
{
	return sluice_carry_has_room(connection) &&
	       sluice_connection_batch_has_room(connection, bytes);
}

int sluice_carry_load(struct sluice_connection *connection, struct sluice_feeder *feeder,
		      uint64_t id, bool alone, uint64_t now)
{
	struct sluice_segment *segment = sluice_feeder_segment(feeder, id);
	const uint8_t *span = sluice_feeder_bytes(feeder, segment);
	size_t length = (size_t)sluice_segment_bytes(segment);
	struct sluice_desk *desk = connection->own;
	struct sluice_job *job = sluice_desk_job(desk, desk->next);

	(void)alone;
	(void)now;
	/* The thread has nothing to do with a slot that is free. */
	if (!span || !sluice_buffer_grow(&job->bytes, &job->room, length)) {
		sluice_feeder_return(feeder, id, segment->start, segment->count);
		return span ? -ENOMEM : -ENODATA;
	}
	memcpy(job->bytes, span, length);
	job->feeder = feeder;
	job->id = id;
	job->is_finished = job->is_done = job->is_cut = false;
	job->left = 0;
	memcpy(job->stream, feeder->ring->producer->stream, sizeof(job->stream));
	job->epoch = feeder->ring->producer->epoch;
	job->source = ((struct sluice_stream *)feeder->stream)->kind;
	job->start = segment->start;
	job->floor = sluice_feeder_floor(feeder);
	job->length = length;
	job->account = (struct sluice_desk_account){0};
	/* It is copied: its place is needed again only to send it anew. */
	sluice_feeder_unpin(feeder, id);
	pthread_mutex_lock(&desk->lock);
	desk->next++;
	pthread_mutex_unlock(&desk->lock);
	connection->writing.staged += length;
	connection->writing.pending[0].iov_len = 0;
	connection->writing.pending[1].iov_len = 0;
	connection->writing.busy = true;
	return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): other kinds write to *next */
const char *sluice_carry_tick(struct sluice_connection *connection, uint64_t now, uint64_t *next)
{
	/* Whether the server answers is the thread's to know. */
	(void)next;
	sluice_carry_hear(connection, now);
	return NULL;
}

void sluice_carry_lost(struct sluice_connection *connection)
{
	struct sluice_desk *desk = connection->own;
	uint64_t now = sluice_now();

	sluice_desk_withdraw(desk);
	/* The thread touches no segment any more: what it said is done is done. */
	pthread_mutex_lock(&desk->lock);
	(void)finish_done(connection, now);
	pthread_mutex_unlock(&desk->lock);
	for (; desk->first < desk->next; desk->first++) {
		struct sluice_job *job = sluice_desk_job(desk, desk->first);
		const struct sluice_segment *segment = sluice_feeder_segment(job->feeder, job->id);

		((struct sluice_stream *)job->feeder->stream)->moved = true;
		if (!segment || job->is_finished)
			continue;
		/* How many of them are with the server nobody knows; they are sent again, all. */
		sluice_count(&connection->counters.sent, segment->count);
		sluice_feeder_return(job->feeder, job->id, segment->start, segment->count);
	}
	sluice_store_relaxed(&connection->counters.full, UINT64_C(0));
	connection->group->has_work = true;
}
