/* SPDX-License-Identifier: MIT */
/*
 * A desk: where the spooler puts its answers for one worker, an event of whose loop it is. Between the spooler's thread, which puts, and
 * the worker, which looks. Touches: its eventfd; shelves, when the worker looks.
 */
#ifndef SLUICE_DESK_H
#define SLUICE_DESK_H

#include <pthread.h>
#include "spooler.h"

struct sluice_desk {
	struct sluice_handler handler;
	struct sluice_timer timer;
	struct sluice_worker *worker;
	pthread_mutex_t lock; /* of the list */
	struct sluice_order *first, *last;
	int event;
};

/* Makes an empty one. 0 or a negative errno. @owner caller: sluice_desk_close() @context process */
int sluice_desk_open(struct sluice_desk *desk);
/* Frees what lies on it. After its worker ended. */
void sluice_desk_close(struct sluice_desk *desk);

/* Takes it into the worker's loop. 0 or a negative errno. @context worker */
int sluice_desk_enter(struct sluice_desk *desk, struct sluice_worker *worker);

/* Puts an answer on it, which it owns from then on. @threadsafe */
void sluice_desk_put(struct sluice_desk *desk, struct sluice_order *order);

/* Drops what lies on it for a shelf, as sluice_order_sift() does. @context worker */
void sluice_desk_forget(struct sluice_desk *desk, const struct sluice_shelf *shelf);

/* Puts an order at the end of a list. The caller holds the list's lock. */
void sluice_order_append(struct sluice_order **first, struct sluice_order **last,
			 struct sluice_order *order);
/* Takes the orders of a shelf out of a list, but for what was acknowledged, and frees them. The caller holds the list's lock. */
void sluice_order_sift(struct sluice_order **first, struct sluice_order **last,
		       const struct sluice_shelf *shelf);
/* Frees a list of orders; NULL is an empty one. */
void sluice_order_free_list(struct sluice_order *order);

#endif /* SLUICE_DESK_H */
