// SPDX-License-Identifier: MIT
/*
 * One UDP socket in its worker: when it is read, how often, and what it lost. How is in socket_calls.c and socket_bpf.c; both
 * make the datagrams records in the ring (socket_batch.c). Touches: the socket, the ring's counts of losses.
 *
 * Waking is dear, and so is writing, so the first datagram waits for others (most of the batch delay), and as long as many
 * come the socket is not listened to at all but emptied on a beat. When few came, epoll watches it again.
 *
 *      watched ──datagram──► gathering ──time──► drained ──many──► resting ──time──┐
 *         ▲                                        │ ▲                             │
 *         └──────────────── few ───────────────────┘ └─────────────────────────────┘
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "socket.h"
#include "socket_bpf.h"
#include "socket_claim.h"
#include "socket_count.h"

/* How often a socket is read before others have their turn. */
#define TURNS 8U
/* A buffer that nothing comes into any more is empty after fewer drains, and holds fewer datagrams. */
#define EMPTYING_DRAINS 4096U
#define EMPTYING_DATAGRAMS (1U << 20)
/* Fewer than this in one go are few. */
#define FEW 8U
/* What may come into a socket in a microsecond, in bytes of its buffer: 400,000 small datagrams a second. */
#define BUFFER_PER_US 400U
#define RETRY_NS (10 * SLUICE_NS_PER_MS)
#define LOOK_AFTER_NS (200 * SLUICE_NS_PER_MS)
#define SELDOM 5U

void sluice_port_lose(struct sluice_port *port, uint32_t more)
{
	const struct sluice_socket_claim *claim = &port->use->claims[port->use->busiest];

	sluice_count(&claim->input->counters[port->worker->number].lost, (uint64_t)more);
	sluice_ring_lose(&claim->stream->ring, claim->input->index, SLUICE_LOST_SOCKET, more, 0);
}

void sluice_port_lose_full(struct sluice_port *port, const struct sluice_socket_claim *claim,
			   uint32_t more)
{
	sluice_count(&claim->input->counters[port->worker->number].lost_full, (uint64_t)more);
	sluice_ring_lose(&claim->stream->ring, claim->input->index, SLUICE_LOST_RING_FULL, more, 0);
}

/* What the socket counts as dropped since last time, and its program, if it has one, does not know of. */
static uint32_t dropped_by_socket(struct sluice_port *port)
{
	uint32_t figures[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(figures);
	uint32_t more;

	if (getsockopt(port->fd, SOL_SOCKET, SO_MEMINFO, figures, &length) ||
	    length < (SK_MEMINFO_DROPS + 1) * sizeof(figures[0]))
		return 0;
	/* Wraps at 32 bits. */
	more = figures[SK_MEMINFO_DROPS] - port->drops;
	more -= port->bpf ? sluice_socket_bpf_dropped(port)
			  : (uint32_t)sluice_socket_count_refused_packets(port->count);
	/* What the program has copied it may count before the socket does. */
	if ((int32_t)more <= 0)
		return 0;
	port->drops += more;
	return more;
}

void sluice_port_count_drops(struct sluice_port *port)
{
	uint32_t more = dropped_by_socket(port);

	if (port->bpf)
		more += sluice_socket_bpf_refused(port);
	if (!more)
		return;
	sluice_port_lose(port, more);
	/* It overflowed while we rested, unless that was for want of room. */
	if (!port->bpf && !port->starved)
		port->wait_ns /= 2;
}

void sluice_port_settle(struct sluice_port *port)
{
	uint32_t more = sluice_socket_count_rest(port->count);

	/* Without a program what was refused since it was shut is among the drops, and cannot be told from the rest. */
	if (port->bpf || port->count)
		more += dropped_by_socket(port);
	if (more)
		sluice_port_lose(port, more);
}

void sluice_port_settle_late(struct sluice_port *port, uint64_t now)
{
	uint64_t late;

	/* What a program had begun to copy. */
	if (port->bpf)
		sluice_port_empty(port, now);
	late = port->bpf ? sluice_socket_bpf_refused(port)
			 : sluice_socket_count_refused(port->count);
	if (late)
		sluice_port_lose(port, (uint32_t)late);
}

/* The longest that a socket may be left alone: what the configuration allows, less if its buffer is small. */
static uint64_t longest_rest(const struct sluice_port *port)
{
	uint64_t most = port->buffer / BUFFER_PER_US * SLUICE_NS_PER_US;

	return most < port->use->wait_most_ns ? most : port->use->wait_most_ns;
}

/* Chooses how long to rest after `buffer` bytes of socket buffer had gathered: long enough to gather many, short enough
 * that the buffer does not overflow. */
static void choose_rest(struct sluice_port *port, uint64_t buffer)
{
	if (buffer > port->buffer / 2)
		port->wait_ns /= 2;
	else if (buffer < port->buffer / 4)
		port->wait_ns = port->wait_ns < SLUICE_NS_PER_US * 50 ? SLUICE_NS_PER_US * 50
								      : 2 * port->wait_ns;
	if (port->wait_ns > longest_rest(port))
		port->wait_ns = longest_rest(port);
}

/* Nothing was there: let epoll say when there is. */
static void listen_again(struct sluice_port *port, uint64_t now)
{
	if (port->closing)
		return;
	if (sluice_worker_change_watch(port->worker, port->fd, EPOLLIN | EPOLLONESHOT,
				       &port->handler))
		sluice_worker_set_timer(port->worker, &port->timer, now + RETRY_NS);
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

bool sluice_port_drain(struct sluice_port *port, uint64_t now)
{
	struct sluice_port_take take = {0};
	unsigned int turn;
	int more = 0;

	if (port->bpf)
		return sluice_socket_bpf_drain(port->bpf, now);
	port->timer.at = 0;
	port->starved = false;
	for (turn = 0; turn < TURNS; turn++) {
		more = sluice_socket_calls_take(port, &take);
		if (more <= 0)
			break;
	}
	if (take.buffer) {
		/* Losses are told of where they were, behind what the full buffer held; lesser ones when looked after. */
		port->touched = !port->closing;
		if (port->touched && take.buffer > port->buffer / 2) {
			port->touched = false;
			sluice_port_count_drops(port);
		}
	}
	tell_streams(port);
	if (more == -ENOBUFS) {
		/* Datagrams stay in the socket's buffer; what does not fit there the kernel counts. */
		port->starved = true;
	} else if (more < 0) {
		sluice_worker_set_timer(port->worker, &port->timer, now + RETRY_NS);
	} else if (turn == TURNS) {
		sluice_worker_set_timer(port->worker, &port->timer, now + 1);
	} else if (!take.buffer) {
		listen_again(port, now);
		return true;
	} else {
		choose_rest(port, take.buffer);
		/* On a common beat, so that one wake serves all sockets of the worker. */
		if (port->wait_ns && take.datagrams >= FEW)
			sluice_worker_set_timer(port->worker, &port->timer,
						now + port->wait_ns - now % port->wait_ns);
		else
			listen_again(port, now);
		return true;
	}
	return false;
}

/* Epoll says that there is something. @context worker */
static void ready(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_port *port = (struct sluice_port *)handler;

	(void)events;
	if (port->closing)
		return;
	if (port->wait_ns)
		sluice_worker_set_timer(port->worker, &port->timer, now + port->wait_ns);
	else
		sluice_port_drain(port, now);
}

/* The rest is over. @context worker */
static void due(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_port *port =
		(struct sluice_port *)((char *)timer - offsetof(struct sluice_port, timer));

	sluice_port_drain(port, now);
}

int sluice_port_enter(struct sluice_port *port, struct sluice_worker *worker)
{
	int error;

	port->worker = worker;
	port->handler.ready = ready;
	port->timer.due = due;
	if (port->bpf) {
		sluice_socket_bpf_own(port);
		return 0;
	}
	if (sluice_socket_calls_enter(worker))
		return -ENOMEM;
	error = sluice_worker_add_timer(worker, &port->timer);
	if (error)
		return error;
	error = sluice_worker_watch(worker, port->fd, EPOLLIN | EPOLLONESHOT, &port->handler);
	if (error)
		sluice_worker_remove_timer(worker, &port->timer);
	port->entered = !error;
	return error;
}

void sluice_port_take_many(struct sluice_port *port, bool takes)
{
	port->takes_many = takes;
	if (port->bpf)
		sluice_socket_bpf_take_many(port, takes);
	else if (port->count)
		sluice_socket_count_take_many(port->count, takes);
}

bool sluice_port_is_starved(const struct sluice_port *port)
{
	return port->bpf ? sluice_socket_bpf_is_starved(port->bpf) : port->starved;
}

void sluice_port_shut(struct sluice_port *port)
{
	/* A filter that keeps nothing: the buffer can be emptied to the end although the sender goes on. */
	struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};
	const struct sock_fprog program = {.len = 1, .filter = &nothing};

	if (port->closing)
		return;
	/* Before, because the socket counts what the filter refuses as well. */
	sluice_port_count_drops(port);
	if (port->bpf)
		sluice_socket_bpf_shut(port);
	else if (port->count)
		sluice_socket_count_shut(port->count);
	else if (setsockopt(port->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		sluice_warning("port %u: the socket cannot be shut before it is emptied: %s",
			       port->key.port, strerror(errno));
	port->closing = true;
	port->touched = false;
}

void sluice_port_empty(struct sluice_port *port, uint64_t now)
{
	uint32_t left = 0, drains = 0;

	/* A drain stops after a few turns, and says that it wants to go on at once. Nothing comes in any more, unless the
	 * filter was refused: therefore the limits. */
	if (port->bpf) {
		if (!sluice_socket_bpf_empty(port->bpf, now) || port->is_discarded)
			left = sluice_socket_bpf_discard(port);
	} else {
		while (drains++ < EMPTYING_DRAINS && !sluice_port_drain(port, now) &&
		       port->timer.at && port->timer.at <= now + 1)
			;
		if (port->starved)
			left = sluice_socket_calls_discard(port, EMPTYING_DATAGRAMS);
	}
	if (!left)
		return;
	sluice_port_lose(port, left);
	sluice_warning("port %u: closed with %u datagrams in its buffer, because the ring is full",
		       port->key.port, left);
}

void sluice_port_close(struct sluice_port *port)
{
	if (port->entered) {
		sluice_worker_unwatch(port->worker, port->fd);
		sluice_worker_remove_timer(port->worker, &port->timer);
	}
	port->entered = false;
	if (port->fd >= 0)
		close(port->fd);
	port->fd = -1;
}

void sluice_port_free(struct sluice_port *port)
{
	if (!port)
		return;
	/* Before the programs: they go with the socket, not it with them. */
	sluice_port_close(port);
	sluice_socket_bpf_detach(port);
	sluice_socket_count_close(port->count);
	if (!port->borrows)
		free(port->use);
	free(port->next_use);
	free(port);
}

bool sluice_port_refill(struct sluice_stream *stream, uint64_t now)
{
	struct sluice_port_set *set = stream->source;
	uint64_t head = sluice_ring_head(&stream->ring);
	struct sluice_port *port;

	/* Not for every few bytes: a quarter of the ring is worth a batch. */
	if (!set || sluice_ring_room(&stream->ring) < (stream->ring.mask + 1) / 4)
		return false;
	/* Its ports may have another ring by now: what it did not find room to tell is told here. */
	stream->starved = !sluice_ring_tell(&stream->ring);
	if (sluice_ring_head(&stream->ring) != head)
		sluice_stream_notify(stream);
	if (set->bpf && sluice_socket_bpf_is_starved(set->bpf))
		(void)sluice_socket_bpf_drain(set->bpf, now);
	for (port = set->ports; port; port = port->next)
		if (port->starved && sluice_port_use_fills(port->use, stream))
			sluice_port_drain(port, now);
	return sluice_ring_head(&stream->ring) != head;
}

/* Now and then: what did it lose? */
static void look_at(struct sluice_port *port, uint64_t now)
{
	bool is_empty = false;
	uint32_t more;

	/* Without a timer it waits for a datagram; but one may have come just now. */
	if (sluice_socket_count_is_open(port->count) && !port->timer.at && !port->starved)
		is_empty = sluice_port_drain(port, now);
	more = sluice_socket_count_lost(port->count, is_empty);
	if (more)
		sluice_port_lose(port, more);
	/* The last losses before a silence come with no datagram: nobody else would tell of them; nor of those of a port that
	 * waits for room, which may be for hours. What its buffer holds is older, and comes behind. */
	if (!port->touched && !port->starved)
		return;
	port->touched = false;
	sluice_port_count_drops(port);
}

void sluice_port_look_after(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_port_set *set = (struct sluice_port_set *)timer;
	const struct sluice_stream *last = NULL;
	struct sluice_port *port;
	size_t number;
	uint64_t head;

	/* Of what came by a program only the socket itself may have lost something, and a call for each socket is dear. */
	set->looks++;
	if (set->bpf)
		sluice_socket_bpf_look_after(set->bpf);
	for (port = set->ports; port; port = port->next) {
		if (!port->closing && (!port->bpf || set->looks % SELDOM == 0))
			look_at(port, now);
		for (number = 0; number < port->use->count; number++) {
			struct sluice_stream *stream = port->use->claims[number].stream;

			if (stream == last)
				continue;
			last = stream;
			head = sluice_ring_head(&stream->ring);
			(void)sluice_ring_tell(&stream->ring);
			if (sluice_ring_head(&stream->ring) != head)
				sluice_stream_notify(stream);
		}
	}
	sluice_worker_set_timer(set->worker, timer, now + LOOK_AFTER_NS);
}
