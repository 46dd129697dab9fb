// SPDX-License-Identifier: MIT
/*
 * The beat on which datagrams are read, see socket_beat.h. Between the worker's loop and what is
 * read. Touches: the worker's epoll descriptor and timers.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include "../../lib/cost.h"
#include "socket_beat.h"

/* How often it is read before others have their turn. */
#define TURNS 8U
/* Fewer than this in one go are few. */
#define FEW 8U
/* What may come in a microsecond, in bytes of a buffer: 400,000 small datagrams a second. */
#define BUFFER_PER_US 400U
#define SHORT_NS (50 * SLUICE_NS_PER_US)
#define RETRY_NS (10 * SLUICE_NS_PER_MS)

/* Chooses how long to rest after `buffer` bytes had gathered: long enough to gather many, short
 * enough that it does not overflow. */
static void choose_rest(struct sluice_socket_beat *beat, uint64_t buffer)
{
	if (buffer > beat->buffer / 2)
		beat->wait_ns /= 2;
	else if (buffer < beat->buffer / 4)
		beat->wait_ns = beat->wait_ns < SHORT_NS ? SHORT_NS : 2 * beat->wait_ns;
	if (beat->wait_ns > beat->longest_ns)
		beat->wait_ns = beat->longest_ns;
}

void sluice_socket_beat_hurry(struct sluice_socket_beat *beat, uint64_t at)
{
	if (beat->entered && (!beat->timer.at || at < beat->timer.at))
		sluice_worker_set_timer(beat->worker, &beat->timer, at);
}

/* Nothing was there: let epoll say when there is. */
static void listen_again(struct sluice_socket_beat *beat, uint64_t now)
{
	if (!beat->entered)
		return;
	if (sluice_worker_change_watch(beat->worker, beat->fd, EPOLLIN | EPOLLONESHOT,
				       &beat->handler))
		sluice_worker_set_timer(beat->worker, &beat->timer, now + RETRY_NS);
	if (beat->latest_at)
		sluice_socket_beat_hurry(beat, beat->latest_at);
}

/* Is what comes `now` read at once? */
static bool is_read_at_once(const struct sluice_socket_beat *beat, uint64_t now)
{
	return !beat->wait_ns || (beat->is_prompt && sluice_socket_lone_is_alone(&beat->lone, now));
}

bool sluice_socket_beat_drain(struct sluice_socket_beat *beat, uint64_t now)
{
	struct sluice_port_take take = {0};
	struct sluice_cost_mark before = sluice_cost_enter(SLUICE_COST_RECEIVE, NULL);
	unsigned int turn;
	int more = 0;

	beat->timer.at = 0;
	for (turn = 0; turn < TURNS; turn++) {
		more = beat->read(beat, &take);
		if (more <= 0)
			break;
	}
	sluice_cost_leave(before);
	sluice_socket_lone_note(&beat->lone, take.datagrams, now);
	if (more < 0) {
		sluice_worker_set_timer(beat->worker, &beat->timer, now + RETRY_NS);
		return false;
	}
	if (turn == TURNS) {
		sluice_worker_set_timer(beat->worker, &beat->timer, now + 1);
		return false;
	}
	if (take.buffer)
		choose_rest(beat, take.buffer);
	/* On a common beat, so that one wake serves all that the worker reads. */
	if (take.datagrams >= FEW && !is_read_at_once(beat, now))
		sluice_worker_set_timer(beat->worker, &beat->timer,
					now + beat->wait_ns - now % beat->wait_ns);
	else
		listen_again(beat, now);
	return true;
}

/* Epoll says that there is something. @context worker */
static void ready(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_socket_beat *beat = (struct sluice_socket_beat *)handler;

	(void)events;
	if (is_read_at_once(beat, now))
		(void)sluice_socket_beat_drain(beat, now);
	else
		sluice_worker_set_timer(beat->worker, &beat->timer, now + beat->wait_ns);
}

/* The rest is over. @context worker */
static void due(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_socket_beat *beat =
		(struct sluice_socket_beat *)((char *)timer -
					      offsetof(struct sluice_socket_beat, timer));

	(void)sluice_socket_beat_drain(beat, now);
}

int sluice_socket_beat_enter(struct sluice_socket_beat *beat, struct sluice_worker *worker)
{
	int error;

	beat->worker = worker;
	beat->handler.ready = ready;
	beat->timer.due = due;
	error = sluice_worker_add_timer(worker, &beat->timer);
	if (error)
		return error;
	error = sluice_worker_watch(worker, beat->fd, EPOLLIN | EPOLLONESHOT, &beat->handler);
	if (error)
		sluice_worker_remove_timer(worker, &beat->timer);
	beat->entered = !error;
	return error;
}

void sluice_socket_beat_leave(struct sluice_socket_beat *beat)
{
	if (!beat->entered)
		return;
	sluice_worker_unwatch(beat->worker, beat->fd);
	sluice_worker_remove_timer(beat->worker, &beat->timer);
	beat->entered = false;
}

void sluice_socket_beat_adapt(struct sluice_socket_beat *beat, uint64_t most_ns, bool is_prompt)
{
	uint64_t longest = beat->buffer / BUFFER_PER_US * SLUICE_NS_PER_US;

	beat->is_prompt = is_prompt;
	if (longest > most_ns)
		longest = most_ns;
	if (longest == beat->longest_ns)
		return;
	beat->longest_ns = longest;
	beat->wait_ns = longest;
}
