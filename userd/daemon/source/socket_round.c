// SPDX-License-Identifier: MIT
/*
 * The way `receive: calls` (socket_way.h): when the sockets of a worker are read, and in which
 * order. They have an epoll set of their own, which the worker looks at on one beat
 * (socket_beat.h): whichever has something is read in turn, however many there are. No timer and no
 * call of epoll_ctl(2) is any socket's own. Between the worker's loop and what reads one socket
 * (socket_calls.h). Touches: the worker's timers, the sockets' epoll set, the rings' counts of
 * losses.
 *
 *   sockets ──edge──► epoll set ──beat──► queue ──read──► empty: the next edge tells
 *                                           ▲      ├────► more: again, behind the others
 *                                           │      └────► no room ──► waits ──room, or time──┐
 *                                           └────────────────────────────────────────────────┘
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "socket_batch.h"
#include "socket_beat.h"
#include "socket_calls.h"
#include "socket_claim.h"
#include "socket_count.h"
#include "socket_way.h"

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

TAILQ_HEAD(port_queue, sluice_port);

/* The sockets of one worker. */
struct round {
	struct sluice_socket_beat beat; /* first; its descriptor is the sockets' epoll set */
	struct sluice_socket_batch batch;
	struct port_queue ready;   /* may have something */
	struct port_queue waiting; /* have something that cannot be stored now */
	struct port_queue touched; /* datagrams came since their losses were last looked at */
};

/* The round that watches a port; NULL: not yet, or no more. */
static struct round *round_of(const struct sluice_port *port)
{
	return (struct round *)port->reader;
}

/* That of a set; NULL: there is none so far. */
static struct round *round_in(const struct sluice_port_set *set)
{
	return (struct round *)set->readers.of[SLUICE_RECEIVE_CALLS];
}

/* Takes a port out of the queue that it is in. */
static void take_out(struct sluice_port *port)
{
	if (port->queue == SLUICE_PORT_READY)
		TAILQ_REMOVE(&round_of(port)->ready, port, turn);
	else if (port->queue == SLUICE_PORT_WAITS)
		TAILQ_REMOVE(&round_of(port)->waiting, port, turn);
	port->queue = SLUICE_PORT_RESTS;
}

/* It may have something: it is read when those before it were. */
static void line_up(struct sluice_port *port)
{
	if (!round_of(port) || port->queue == SLUICE_PORT_READY || port->closing)
		return;
	take_out(port);
	port->queue = SLUICE_PORT_READY;
	TAILQ_INSERT_TAIL(&round_of(port)->ready, port, turn);
}

/* It cannot be read now: at `at` it is tried again, 0: when there is room. */
static void put_off(struct sluice_port *port, uint64_t at)
{
	struct round *round = round_of(port);

	if (!round || port->closing)
		return;
	take_out(port);
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
	if (port->touched || port->closing || !round_of(port))
		return;
	port->touched = true;
	TAILQ_INSERT_TAIL(&round_of(port)->touched, port, look);
}

/* Tells the streams of a port that there is no room for what is in it. */
static void tell_streams(const struct sluice_port *port)
{
	const struct sluice_socket_claim *claim;

	for_each_claim (claim, port->use) {
		struct sluice_stream *stream = claim->stream;

		if (!claim->is_full)
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
		take_out(port);
}

/* Those that wait are tried again whose time it is. */
static void try_again(struct round *round, uint64_t now)
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
	struct round *round = (struct round *)beat;
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
			take_out(port);
			put_away(port, read_once(port, &round->batch, take), beat->worker->now);
		}
	} while (count == EVENTS && take->datagrams < most);
	sluice_socket_batch_end(&round->batch);
	return !TAILQ_EMPTY(&round->ready) || count == EVENTS;
}

/* Makes the epoll set of a worker's sockets. 0 or a negative errno. */
static int make_round(struct sluice_port_set *set, struct sluice_worker *worker)
{
	struct round *round = calloc(1, sizeof(*round));
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
	set->readers.of[SLUICE_RECEIVE_CALLS] = &round->beat;
	return 0;

close:
	close(round->beat.fd);
free:
	free(round);
	return error;
}

/* Counts what comes to a socket. Without that it is read all the same. */
static void count_it(struct sluice_port *port, int fd, bool is_bound)
{
	int error = sluice_socket_count_open(&port->count, fd, is_bound);

	if (error)
		sluice_debug_about(
			SLUICE_ABOUT(.port = SLUICE_NUMBER(port->key.port),
				     .error = strerrorname_np(-error)),
			"port %u: datagrams are not received together, because what the socket "
			"loses of them could not be counted: %s",
			port->key.port, strerror(-error));
}

/* struct sluice_socket_way.attach: before anything can come, so that it is known at any time how
 * many packets are in it. */
static int attach(struct sluice_port *port, int fd)
{
	count_it(port, fd, false);
	return 0;
}

/* struct sluice_socket_way.equip */
static void equip(struct sluice_port *port)
{
	socklen_t length = sizeof(int);
	const int on = 1;
	int size = 0;

	(void)getsockopt(port->fd, SOL_SOCKET, SO_RCVBUF, &size, &length);
	if (!port->count)
		count_it(port, port->fd, true);
	/* Datagrams of one sender that came together are received together, if what is lost of them
	 * can be counted; an older kernel hands over each. */
	if (port->count)
		(void)setsockopt(port->fd, SOL_UDP, UDP_GRO, &on, sizeof(on));
	port->buffer = size > 0 ? (uint64_t)size : 1;
}

/* struct sluice_socket_way.enter */
static int enter(struct sluice_port *port, struct sluice_port_set *set)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = port};
	int error;

	if (sluice_socket_calls_enter(port->worker))
		return -ENOMEM;
	error = round_in(set) ? 0 : make_round(set, port->worker);
	if (error || !round_in(set))
		return error;
	/* The edge of what is in it already is told, too. */
	if (epoll_ctl(round_in(set)->beat.fd, EPOLL_CTL_ADD, port->fd, &event))
		return -errno;
	port->reader = &round_in(set)->beat;
	return 0;
}

/* struct sluice_socket_way.forget */
static void forget(struct sluice_port *port)
{
	struct round *round = round_of(port);

	if (!round)
		return;
	/* Not by closing it: somebody else may have it open, too. */
	(void)epoll_ctl(round->beat.fd, EPOLL_CTL_DEL, port->fd, NULL);
	take_out(port);
	if (port->touched)
		TAILQ_REMOVE(&round->touched, port, look);
	port->touched = false;
	port->reader = NULL;
}

/* struct sluice_socket_way.detach */
static void detach(struct sluice_port *port)
{
	sluice_socket_count_close(port->count);
}

/* struct sluice_socket_way.adapt: those that wait for room are tried soon: the ring may be another.
 */
static void adapt(struct sluice_port_set *set, uint64_t now)
{
	struct round *round = round_in(set);
	uint64_t most_ns = UINT64_MAX, buffer = UINT64_MAX;
	const struct sluice_port *port;
	bool is_prompt = false;

	if (!round)
		return;
	for (port = set->ports; port; port = port->next) {
		if (port->key.way != &sluice_socket_way_calls)
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

/* struct sluice_socket_way.leave */
static void leave(struct sluice_port_set *set)
{
	struct round *round = round_in(set);

	if (!round)
		return;
	sluice_socket_beat_leave(&round->beat);
	close(round->beat.fd);
	free(round);
	set->readers.of[SLUICE_RECEIVE_CALLS] = NULL;
}

/* struct sluice_socket_way.is_starved */
static bool is_starved(const struct sluice_port *port)
{
	return port->starved;
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

/* struct sluice_socket_way.drain */
static bool drain(struct sluice_port *port, uint64_t now)
{
	int more = read_often(port, TURNS);

	put_away(port, more, now);
	if (port->queue == SLUICE_PORT_READY)
		sluice_socket_beat_hurry(port->reader, now + 1);
	return more == 0;
}

/* struct sluice_socket_way.discard */
static uint32_t discard(struct sluice_port *port)
{
	return sluice_socket_calls_discard(port, EMPTYING_DATAGRAMS);
}

/* struct sluice_socket_way.empty */
static uint32_t empty(struct sluice_port *port, uint64_t now)
{
	(void)now;
	return read_often(port, EMPTYING_TURNS) == -ENOBUFS ? discard(port) : 0;
}

/* struct sluice_socket_way.shut */
static int shut(struct sluice_port *port)
{
	/* A filter that keeps nothing: the buffer can be emptied to the end although the sender
	 * goes on. */
	struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};
	const struct sock_fprog program = {.len = 1, .filter = &nothing};

	if (port->count) {
		sluice_socket_count_shut(port->count);
		return 0;
	}
	return setsockopt(port->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program))
		       ? -errno
		       : 0;
}

/* struct sluice_socket_way.take_many */
static void take_many(struct sluice_port *port, bool takes)
{
	if (port->count)
		sluice_socket_count_take_many(port->count, takes);
}

/* struct sluice_socket_way.refill: those that waited for room in the stream are read. */
static void refill(struct sluice_port_set *set, const struct sluice_stream *stream, uint64_t now)
{
	struct round *round = round_in(set);
	struct sluice_port *port, *next;

	if (!round)
		return;
	for (port = TAILQ_FIRST(&round->waiting); port; port = next) {
		next = TAILQ_NEXT(port, turn);
		if (port->starved && sluice_port_use_fills(port->use, stream))
			line_up(port);
	}
	if (!TAILQ_EMPTY(&round->ready))
		(void)sluice_socket_beat_drain(&round->beat, now);
}

/* What did a port lose of datagrams that came together? */
static void look_at_joined(struct sluice_port *port, uint64_t now)
{
	bool is_empty = false;
	uint32_t more;

	/* One that rests has nothing; but something may have come just now. */
	if ((sluice_socket_count_is_open(port->count) || (port->count && port->pending)) &&
	    port->queue == SLUICE_PORT_RESTS)
		is_empty = drain(port, now);
	more = sluice_socket_count_lost(port->count, is_empty);
	if (more)
		sluice_port_lose(port, SLUICE_LOST_SOCKET, more);
}

/*
 * struct sluice_socket_way.look_at: what did a port lose? The last losses before a silence come
 * with no datagram: nobody else would tell of them; nor of those of one that waits for room, which
 * may be for hours. What its buffer holds is older, and comes behind. `erred`: datagrams with a
 * wrong checksum came to some socket of this network namespace, and nobody is woken for those.
 */
static void look_at(struct sluice_port *port, bool erred, uint64_t now)
{
	look_at_joined(port, now);
	if (!port->touched && !erred)
		return;
	if (port->touched && !port->starved) {
		port->touched = false;
		if (round_of(port))
			TAILQ_REMOVE(&round_of(port)->touched, port, look);
	}
	if (sluice_port_count_drops(port, false))
		touch(port);
}

/* struct sluice_socket_way.look_after: looks at those that something came to; what is touched anew
 * meanwhile has its turn the next time. */
static void look_after(struct sluice_port_set *set, bool all, uint64_t now)
{
	struct round *round = round_in(set);
	struct sluice_port *port, *next;
	const struct sluice_port *last;

	if (!round || all)
		return;
	last = TAILQ_LAST(&round->touched, port_queue);
	for (port = TAILQ_FIRST(&round->touched); port; port = next) {
		next = port == last ? NULL : TAILQ_NEXT(port, look);
		look_at(port, false, now);
	}
}

/* struct sluice_socket_way.dropped */
static uint32_t dropped(const struct sluice_port *port)
{
	return (uint32_t)sluice_socket_count_refused_packets(port->count);
}

/* struct sluice_socket_way.suspect */
static void suspect(const struct sluice_port *port, uint32_t more,
		    struct sluice_socket_suspects *suspects)
{
	if (port->count) {
		suspects->overflow_most = sluice_socket_count_overflow_most(port->count);
		suspects->overflow_least = sluice_socket_count_overflow_least(port->count);
		return;
	}
	/* Since it was shut the socket refuses all that comes: nobody counts that apart. */
	suspects->overflow_most = port->closing ? more : SLUICE_OVERFLOW_UNKNOWN;
}

/* struct sluice_socket_way.refused */
static uint32_t refused(struct sluice_port *port, bool is_late)
{
	return is_late ? (uint32_t)sluice_socket_count_refused(port->count) : 0;
}

/* struct sluice_socket_way.overflowed, unless that was for want of room. */
static void overflowed(struct sluice_port *port)
{
	if (port->reader && !port->starved)
		port->reader->wait_ns /= 2;
}

const struct sluice_socket_way sluice_socket_way_calls = {
	.receive = SLUICE_RECEIVE_CALLS,
	.is_passed = true,
	.spread = sluice_config_callers,
	.adapt = adapt,
	.leave = leave,
	.refill = refill,
	.look_after = look_after,
	.attach = attach,
	.equip = equip,
	.enter = enter,
	.forget = forget,
	.detach = detach,
	.is_starved = is_starved,
	.drain = drain,
	.empty = empty,
	.discard = discard,
	.shut = shut,
	.take_many = take_many,
	.look_at = look_at,
	.dropped = dropped,
	.suspect = suspect,
	.refused = refused,
	.overflowed = overflowed,
};
