// SPDX-License-Identifier: MIT
/*
 * Orders and lists of them; see order.h. Touches: memory.
 */
#include <stdlib.h>
#include "order.h"

void sluice_order_free(struct sluice_order *order)
{
	if (!order)
		return;
	free(order->memory);
	free(order->outputs);
	free(order);
}

void sluice_order_free_all(struct sluice_order *order)
{
	struct sluice_order *next;

	for (; order; order = next) {
		next = order->next;
		sluice_order_free(order);
	}
}

void sluice_order_append(struct sluice_order_list *list, struct sluice_order *order)
{
	order->next = NULL;
	if (list->last)
		list->last->next = order;
	else
		list->first = order;
	list->last = order;
}

void sluice_order_sift(struct sluice_order_list *list, const void *owner)
{
	struct sluice_order **link = &list->first, *order;

	list->last = NULL;
	for (order = *link; order; order = *link) {
		if (order->owner == owner && order->kind != SLUICE_ORDER_ACKNOWLEDGE) {
			*link = order->next;
			sluice_order_free(order);
			continue;
		}
		list->last = order;
		link = &order->next;
	}
}

size_t sluice_order_answers(const struct sluice_order *order, struct sluice_order **answers,
			    uint8_t **buffers, size_t count)
{
	size_t number;

	for (number = 0; number < count; number++) {
		struct sluice_order *one = calloc(1, sizeof(*one));

		buffers[number] = sluice_disk_buffer(SLUICE_SPOOL_READ_ROOM);
		if (!one || !buffers[number]) {
			free(one);
			free(buffers[number]);
			break;
		}
		one->memory = buffers[number];
		one->kind = SLUICE_ORDER_READ;
		one->owner = order->owner;
		one->worker = order->worker;
		one->answer = order->answer;
		one->reader = order->reader;
		answers[number] = one;
	}
	return number;
}
