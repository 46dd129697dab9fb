// SPDX-License-Identifier: MIT
/*
 * Answers for a worker; see completions.h. Touches: eventfds; streams, by the clock.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "../../lib/cost.h"
#include "../../lib/log.h"
#include "../stream/stream.h"
#include "completions.h"

/* The worker looks at its answers. @context worker */
static void look(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_completions *completions = (struct sluice_completions *)handler;
	struct sluice_order *order, *next;
	struct sluice_cost_mark before;
	uint64_t value;

	(void)events;
	if (read(completions->event, &value, sizeof(value)) != (ssize_t)sizeof(value))
		return;
	pthread_mutex_lock(&completions->lock);
	order = completions->list.first;
	completions->list = (struct sluice_order_list){0};
	pthread_mutex_unlock(&completions->lock);
	before = sluice_cost_enter(SLUICE_COST_SPOOL, NULL);
	for (; order; order = next) {
		next = order->next;
		order->answer(order, now);
		sluice_order_free(order);
	}
	sluice_cost_leave(before);
}

/* Now and then: streams that found no room on the disk try again. @context worker */
static void due(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_completions *completions =
		(struct sluice_completions *)((char *)timer -
					      offsetof(struct sluice_completions, timer));

	for_each_stream (stream, completions->worker)
		sluice_stream_tick(stream, now);
	sluice_worker_set_timer(completions->worker, timer, now + SLUICE_COMPLETIONS_PAUSE_NS);
}

int sluice_completions_open(struct sluice_completions *completions)
{
	if (!completions)
		return -EINVAL;
	memset(completions, 0, sizeof(*completions));
	completions->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (completions->event < 0)
		return -errno;
	completions->handler.ready = look;
	completions->timer.due = due;
	pthread_mutex_init(&completions->lock, NULL);
	return 0;
}

void sluice_completions_close(struct sluice_completions *completions)
{
	if (!completions)
		return;
	sluice_order_free_all(completions->list.first);
	close(completions->event);
	pthread_mutex_destroy(&completions->lock);
}

int sluice_completions_enter(struct sluice_completions *completions, struct sluice_worker *worker)
{
	int error;

	if (!completions || !worker)
		return -EINVAL;
	error = sluice_worker_add_timer(worker, &completions->timer);
	if (error)
		return error;
	completions->worker = worker;
	sluice_worker_set_timer(worker, &completions->timer,
				sluice_now() + SLUICE_COMPLETIONS_PAUSE_NS);
	error = sluice_worker_watch(worker, completions->event, EPOLLIN, &completions->handler);
	if (error) {
		sluice_worker_remove_timer(worker, &completions->timer);
		completions->worker = NULL;
	}
	return error;
}

void sluice_completions_leave(struct sluice_completions *completions)
{
	if (!completions || !completions->worker)
		return;
	sluice_worker_unwatch(completions->worker, completions->event);
	sluice_worker_remove_timer(completions->worker, &completions->timer);
	completions->worker = NULL;
}

void sluice_completions_put(struct sluice_completions *completions, struct sluice_order *order)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&completions->lock);
	sluice_order_append(&completions->list, order);
	pthread_mutex_unlock(&completions->lock);
	/* Cannot block or fail: the counter is far from its limit. */
	if (write(completions->event, &one, sizeof(one)) != (ssize_t)sizeof(one))
		sluice_error("spooler: an event got lost: %s", strerror(errno));
}

void sluice_completions_forget(struct sluice_completions *completions, const void *owner)
{
	pthread_mutex_lock(&completions->lock);
	sluice_order_sift(&completions->list, owner);
	pthread_mutex_unlock(&completions->lock);
}
