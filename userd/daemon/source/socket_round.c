// SPDX-License-Identifier: MIT
/*
 * When the sockets of a worker are read, see socket_round.h. Between the worker's loop and the
 * sockets (socket_port.c). Touches: the worker's timers, the sockets' epoll set, the rings'
 * counts of losses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "socket_account.h"
#include "socket_bpf.h"
#include "socket_claim.h"
#include "socket_count.h"
#include "socket_round.h"

/* Sockets that epoll tells of at once. */
#define EVENTS 256
/* After so many datagrams of a turn whoever shares the worker may have his. */
#define BATCH 256U
/* How often one socket is read before others have their turn. */
#define TURNS 8U
/* A buffer that nothing comes into any more is empty after fewer turns, and holds fewer
 * datagrams. */
#define EMPTYING_TURNS 32768U
#define EMPTYING_DATAGRAMS (1U << 20)
#define RETRY_NS (10 * SLUICE_NS_PER_MS)
#define SELDOM 5U

/* It may have something: it is read when those before it were. */
static void line_up(struct sluice_port *port)
{
	if (!port->round || port->queue == SLUICE_PORT_READY || port->closing)
		return;
	sluice_port_take_out(port);
	port->queue = SLUICE_PORT_READY;
	TAILQ_INSERT_TAIL(&port->round->ready, port, turn);
}

/* It cannot be read now: at `at` it is tried again, 0: when there is room. */
static void put_off(struct sluice_port *port, uint64_t at)
{
	struct sluice_socket_round *round = port->round;

	if (!round || port->closing)
		return;
	sluice_port_take_out(port);
	port->queue = SLUICE_PORT_WAITS;
	TAILQ_INSERT_TAIL(&round->waiting, port, turn);
	port->retry_at = at;
	if (at && (!round->beat.latest_at || at < round->beat.latest_at))
		round->beat.latest_at = at;
	/* Who is read alone, without a beat, has nobody who looks at that. */
	if (at)
		sluice_socket_beat_hurry(&round->beat, at);
}

/* Notes that something came, or that it is not known yet why something was lost: its losses are
 * looked at soon. */
static void touch(struct sluice_port *port)
{
	if (port->touched || port->closing || (!port->round && !port->bpf))
		return;
	port->touched = true;
	/* Of those that a program empties all are looked at, now and then. */
	if (port->round)
		TAILQ_INSERT_TAIL(&port->round->touched, port, look);
}

/* Tells the streams of a port that there is no room for what is in it. */
static void tell_streams(const struct sluice_port *port)
{
	size_t number;

	for (number = 0; number < port->use->count; number++) {
		struct sluice_stream *stream = port->use->claims[number].stream;

		if (!port->use->claims[number].is_full)
			continue;
		stream->starved = true;
		/* With a disk that is a reason to make some. */
		stream->moved = true;
	}
}

/* Losses are told of where they were, behind what the full buffer held; lesser ones when
 * looked after. */
static void tell_losses(struct sluice_port *port, struct sluice_socket_batch *batch)
{
	port->gathered = 0;
	if (port->closing)
		return;
	/* Whose they are is the last that was counted. */
	sluice_socket_batch_end(batch);
	if (sluice_port_count_drops(port, false))
		touch(port);
	sluice_socket_batch_begin(batch);
}

/*
 * Reads a port once, as far as there is room, and adds to *take; of the buffers the fullest
 * counts. What sluice_socket_calls_take() returns.
 */
static int read_once(struct sluice_port *port, struct sluice_socket_batch *batch,
		     struct sluice_port_take *take)
{
	struct sluice_port_take own = {0};
	int more = sluice_socket_calls_take(port, batch, &own);

	/* Datagrams stay in the socket's buffer; what does not fit there the kernel counts. */
	port->starved = more == -ENOBUFS;
	take->datagrams += own.datagrams;
	port->gathered += own.buffer;
	if (port->gathered > take->buffer)
		take->buffer = port->gathered;
	if (own.buffer || port->starved)
		touch(port);
	if (port->gathered > port->buffer / 2)
		tell_losses(port, batch);
	else if (more == 0)
		port->gathered = 0;
	tell_streams(port);
	return more;
}

/* A port was read: what becomes of it? */
static void put_away(struct sluice_port *port, int more, uint64_t now)
{
	if (more > 0)
		line_up(port);
	else if (more == -ENOBUFS)
		put_off(port, port->retry_at);
	else if (more < 0)
		put_off(port, now + RETRY_NS);
	else
		sluice_port_take_out(port);
}

/* Those that wait are tried again whose time it is. */
static void try_again(struct sluice_socket_round *round, uint64_t now)
{
	struct sluice_port *port, *next;
	uint64_t at = 0;

	for (port = TAILQ_FIRST(&round->waiting); port; port = next) {
		next = TAILQ_NEXT(port, turn);
		if (port->retry_at && port->retry_at <= now)
			line_up(port);
		else if (port->retry_at && (!at || port->retry_at < at))
			at = port->retry_at;
	}
	round->beat.latest_at = at;
}

/* struct sluice_socket_beat.read: a turn of all that have something. */
static int read_round(struct sluice_socket_beat *beat, struct sluice_port_take *take)
{
	struct sluice_socket_round *round = (struct sluice_socket_round *)beat;
	unsigned int most = take->datagrams + BATCH;
	struct epoll_event events[EVENTS];
	struct sluice_port *port;
	int count, place;

	if (beat->latest_at && beat->latest_at <= beat->worker->now)
		try_again(round, beat->worker->now);
	sluice_socket_batch_begin(&round->batch);
	do {
		count = epoll_wait(beat->fd, events, EVENTS, 0);
		for (place = 0; place < count; place++)
			line_up(events[place].data.ptr);
		while (take->datagrams < most && (port = TAILQ_FIRST(&round->ready))) {
			sluice_port_take_out(port);
			put_away(port, read_once(port, &round->batch, take), beat->worker->now);
		}
	} while (count == EVENTS && take->datagrams < most);
	sluice_socket_batch_end(&round->batch);
	return !TAILQ_EMPTY(&round->ready) || count == EVENTS;
}

/* Makes the epoll set of a worker's sockets. 0 or a negative errno. */
static int make_round(struct sluice_port_set *set, struct sluice_worker *worker)
{
	struct sluice_socket_round *round = calloc(1, sizeof(*round));
	int error;

	if (!round)
		return -ENOMEM;
	TAILQ_INIT(&round->ready);
	TAILQ_INIT(&round->waiting);
	TAILQ_INIT(&round->touched);
	round->beat.read = read_round;
	round->beat.fd = epoll_create1(EPOLL_CLOEXEC);
	if (round->beat.fd < 0) {
		error = -errno;
		goto free;
	}
	error = sluice_socket_beat_enter(&round->beat, worker);
	if (error)
		goto close;
	set->round = round;
	return 0;

close:
	close(round->beat.fd);
free:
	free(round);
	return error;
}

int sluice_port_enter(struct sluice_port *port, struct sluice_port_set *set,
		      struct sluice_worker *worker)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = port};
	int error;

	port->worker = worker;
	if (port->bpf) {
		sluice_socket_bpf_own(port);
		return 0;
	}
	if (sluice_socket_calls_enter(worker))
		return -ENOMEM;
	error = set->round ? 0 : make_round(set, worker);
	if (error || !set->round)
		return error;
	/* The edge of what is in it already is told, too. */
	if (epoll_ctl(set->round->beat.fd, EPOLL_CTL_ADD, port->fd, &event))
		return -errno;
	port->round = set->round;
	return 0;
}

void sluice_socket_round_adapt(struct sluice_port_set *set, uint64_t now)
{
	struct sluice_socket_round *round = set->round;
	uint64_t most_ns = UINT64_MAX, buffer = UINT64_MAX;
	const struct sluice_port *port;
	bool is_prompt = false;

	if (!round)
		return;
	for (port = set->ports; port; port = port->next) {
		if (port->bpf)
			continue;
		is_prompt |= port->use->is_prompt;
		if (port->use->wait_most_ns < most_ns)
			most_ns = port->use->wait_most_ns;
		if (port->buffer < buffer)
			buffer = port->buffer;
	}
	if (most_ns == UINT64_MAX)
		return;
	/* One beat for all, so the smallest buffer decides. */
	round->beat.buffer = buffer;
	sluice_socket_beat_adapt(&round->beat, most_ns, is_prompt);
	while (!TAILQ_EMPTY(&round->waiting))
		line_up(TAILQ_FIRST(&round->waiting));
	if (!TAILQ_EMPTY(&round->ready))
		sluice_socket_beat_hurry(&round->beat, now + 1);
}

void sluice_socket_round_leave(struct sluice_port_set *set)
{
	struct sluice_socket_round *round = set->round;

	if (!round)
		return;
	sluice_socket_beat_leave(&round->beat);
	close(round->beat.fd);
	free(round);
	set->round = NULL;
}

bool sluice_port_is_starved(const struct sluice_port *port)
{
	return port->bpf ? port->hold != NULL : port->starved;
}

/* Reads a port up to `turns` times, whatever others have. What the last time returned. */
static int read_often(struct sluice_port *port, unsigned int turns)
{
	struct sluice_socket_batch batch;
	struct sluice_port_take take = {0};
	int more;

	sluice_socket_batch_begin(&batch);
	do {
		more = read_once(port, &batch, &take);
	} while (more > 0 && --turns);
	sluice_socket_batch_end(&batch);
	return more;
}

bool sluice_port_drain(struct sluice_port *port, uint64_t now)
{
	int more;

	if (port->bpf)
		return sluice_socket_bpf_drain(port->bpf, now);
	more = read_often(port, TURNS);
	put_away(port, more, now);
	if (port->queue == SLUICE_PORT_READY)
		sluice_socket_beat_hurry(&port->round->beat, now + 1);
	return more == 0;
}

void sluice_port_empty(struct sluice_port *port, uint64_t now)
{
	uint32_t left = 0;

	/* Nothing comes in any more, unless the filter was refused: therefore the limits. */
	if (port->bpf) {
		sluice_socket_bpf_empty(port, now);
		if (port->hold || port->is_discarded)
			left = sluice_socket_bpf_discard(port);
	} else if (read_often(port, EMPTYING_TURNS) == -ENOBUFS) {
		left = sluice_socket_calls_discard(port, EMPTYING_DATAGRAMS);
	}
	if (!left)
		return;
	sluice_port_lose(port, SLUICE_LOST_SOCKET, left);
	sluice_warning("port %u: closed with %u datagrams in its buffer, because the ring is full",
		       port->key.port, left);
}

void sluice_port_discard(struct sluice_port *port)
{
	uint32_t left = port->bpf ? sluice_socket_bpf_discard(port)
				  : sluice_socket_calls_discard(port, EMPTYING_DATAGRAMS);

	if (!left)
		return;
	sluice_port_lose(port, SLUICE_LOST_SOCKET, left);
	sluice_warning("port %u: %u datagrams came to a socket of a change that failed, and cannot "
		       "be told apart; they are lost",
		       port->key.port, left);
}

/* Reads those that waited for room in a stream. */
static void refill_ports(struct sluice_socket_round *round, const struct sluice_stream *stream,
			 uint64_t now)
{
	struct sluice_port *port, *next;

	for (port = TAILQ_FIRST(&round->waiting); port; port = next) {
		next = TAILQ_NEXT(port, turn);
		if (port->starved && sluice_port_use_fills(port->use, stream))
			line_up(port);
	}
	if (!TAILQ_EMPTY(&round->ready))
		(void)sluice_socket_beat_drain(&round->beat, now);
}

bool sluice_port_refill(struct sluice_stream *stream, uint64_t now)
{
	struct sluice_port_set *set = stream->source;
	uint64_t head = sluice_ring_head(&stream->ring);

	/* Not for every few bytes: a quarter of the ring is worth a batch. */
	if (!set || sluice_ring_room(&stream->ring) < (stream->ring.mask + 1) / 4)
		return false;
	/* Its ports may have another ring by now: what it did not find room to tell is told
	 * here. */
	stream->starved = !sluice_ring_tell(&stream->ring);
	if (sluice_ring_head(&stream->ring) != head)
		sluice_stream_notify(stream);
	if (set->bpf)
		sluice_socket_bpf_refill(set->bpf, now);
	if (set->round)
		refill_ports(set->round, stream, now);
	return sluice_ring_head(&stream->ring) != head;
}

/* What did a port lose of datagrams that came together? */
static void look_at_joined(struct sluice_port *port, uint64_t now)
{
	bool is_empty = false;
	uint32_t more;

	/* One that rests has nothing; but something may have come just now. */
	if ((sluice_socket_count_is_open(port->count) || (port->count && port->pending)) &&
	    port->queue == SLUICE_PORT_RESTS)
		is_empty = sluice_port_drain(port, now);
	more = sluice_socket_count_lost(port->count, is_empty);
	if (more)
		sluice_port_lose(port, SLUICE_LOST_SOCKET, more);
}

/*
 * What did a port lose? The last losses before a silence come with no datagram: nobody else would
 * tell of them; nor of those of one that waits for room, which may be for hours. What its buffer
 * holds is older, and comes behind. `erred`: datagrams with a wrong checksum came to some socket of
 * this network namespace, and nobody is woken for those.
 */
static void look_at(struct sluice_port *port, bool erred, uint64_t now)
{
	look_at_joined(port, now);
	if (!port->touched && !erred)
		return;
	if (port->touched && !port->starved) {
		port->touched = false;
		if (port->round)
			TAILQ_REMOVE(&port->round->touched, port, look);
	}
	if (sluice_port_count_drops(port, false))
		touch(port);
}

/* Looks at those of a round that something came to; what is touched anew meanwhile has its turn the
 * next time. */
static void look_at_touched(struct sluice_socket_round *round, uint64_t now)
{
	struct sluice_port *port = TAILQ_FIRST(&round->touched), *next;
	const struct sluice_port *last = TAILQ_LAST(&round->touched, sluice_port_queue);

	for (; port; port = next) {
		next = port == last ? NULL : TAILQ_NEXT(port, look);
		look_at(port, false, now);
	}
}

/* Tells what the streams of a set could not tell for want of room. */
static void tell_again(const struct sluice_port_set *set)
{
	size_t number;

	for (number = 0; number < set->worker->stream_count; number++) {
		struct sluice_stream *stream = set->worker->streams[number];
		uint64_t head = sluice_ring_head(&stream->ring);

		if (stream->source != set)
			continue;
		(void)sluice_ring_tell(&stream->ring);
		if (sluice_ring_head(&stream->ring) != head)
			sluice_stream_notify(stream);
	}
}

void sluice_socket_round_look_after(struct sluice_port_set *set, uint64_t now)
{
	uint64_t errors = sluice_socket_account_look(sluice_now());
	bool erred = errors && errors != set->errors;
	struct sluice_port *port;

	set->looks++;
	if (set->bpf)
		sluice_socket_bpf_look_after(set->bpf);
	/* Of each only now and then: that is dear. What came by a program only the socket itself
	 * may have lost. */
	if (set->looks % SELDOM == 0) {
		/* Twice: the namespace counts it a moment before the socket does. */
		if (erred && errors == set->next_errors)
			set->errors = errors;
		if (erred)
			set->next_errors = errors;
		for (port = set->ports; port; port = port->next)
			look_at(port, erred, now);
	} else if (set->round) {
		look_at_touched(set->round, now);
	}
	tell_again(set);
}
