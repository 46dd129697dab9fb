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
