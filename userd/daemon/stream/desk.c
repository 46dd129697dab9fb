// SPDX-License-Identifier: MIT
/*
 * Desks, and lists of orders; see desk.h. Touches: eventfds; the worker's shelves.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "desk.h"
#include "shelf.h"

void sluice_order_free_list(struct sluice_order *order)
{
	struct sluice_order *next;

	for (; order; order = next) {
		next = order->next;
		sluice_order_free(order);
	}
}

void sluice_order_append(struct sluice_order **first, struct sluice_order **last,
			 struct sluice_order *order)
{
	order->next = NULL;
	if (*last)
		(*last)->next = order;
	else
		*first = order;
	*last = order;
}

void sluice_order_sift(struct sluice_order **first, struct sluice_order **last,
		       const struct sluice_shelf *shelf)
{
	struct sluice_order **link = first, *order;

	*last = NULL;
	for (order = *link; order; order = *link) {
		if (order->shelf == shelf && order->kind != SLUICE_ORDER_ACKNOWLEDGE) {
			*link = order->next;
			sluice_order_free(order);
			continue;
		}
		*last = order;
		link = &order->next;
	}
}

/* The worker looks at its desk. @context worker */
static void look(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_desk *desk = (struct sluice_desk *)handler;
	struct sluice_order *order, *next;
	uint64_t value;

	(void)events;
	if (read(desk->event, &value, sizeof(value)) != (ssize_t)sizeof(value))
		return;
	pthread_mutex_lock(&desk->lock);
	order = desk->first;
	desk->first = NULL;
	desk->last = NULL;
	pthread_mutex_unlock(&desk->lock);
	for (; order; order = next) {
		next = order->next;
		sluice_shelf_answer(order->shelf, order, now);
		sluice_order_free(order);
	}
}

/* Now and then: shelves that found no room try again. @context worker */
static void due(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_desk *desk =
		(struct sluice_desk *)((char *)timer - offsetof(struct sluice_desk, timer));
	size_t number;

	for (number = 0; number < desk->worker->stream_count; number++)
		sluice_shelf_wake(desk->worker->streams[number], now);
	sluice_worker_set_timer(desk->worker, timer, now + SLUICE_SHELF_PAUSE_NS);
}

int sluice_desk_open(struct sluice_desk *desk)
{
	if (!desk)
		return -EINVAL;
	memset(desk, 0, sizeof(*desk));
	desk->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (desk->event < 0)
		return -errno;
	desk->handler.ready = look;
	desk->timer.due = due;
	pthread_mutex_init(&desk->lock, NULL);
	return 0;
}

void sluice_desk_close(struct sluice_desk *desk)
{
	if (!desk)
		return;
	sluice_order_free_list(desk->first);
	close(desk->event);
	pthread_mutex_destroy(&desk->lock);
}

int sluice_desk_enter(struct sluice_desk *desk, struct sluice_worker *worker)
{
	int error;

	if (!desk || !worker)
		return -EINVAL;
	desk->worker = worker;
	error = sluice_worker_add_timer(worker, &desk->timer);
	if (error)
		return error;
	sluice_worker_set_timer(worker, &desk->timer, sluice_now() + SLUICE_SHELF_PAUSE_NS);
	return sluice_worker_watch(worker, desk->event, EPOLLIN, &desk->handler);
}

void sluice_desk_put(struct sluice_desk *desk, struct sluice_order *order)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&desk->lock);
	sluice_order_append(&desk->first, &desk->last, order);
	pthread_mutex_unlock(&desk->lock);
	/* Cannot block or fail: the counter is far from its limit. */
	if (write(desk->event, &one, sizeof(one)) != (ssize_t)sizeof(one))
		sluice_error("spooler: an event got lost: %s", strerror(errno));
}

void sluice_desk_forget(struct sluice_desk *desk, const struct sluice_shelf *shelf)
{
	pthread_mutex_lock(&desk->lock);
	sluice_order_sift(&desk->first, &desk->last, shelf);
	pthread_mutex_unlock(&desk->lock);
}
