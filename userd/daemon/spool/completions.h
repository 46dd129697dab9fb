/* SPDX-License-Identifier: MIT */
/*
 * Completions: where the spooler puts its answers for one worker, an event of whose loop it is.
 * Between the spooler's thread, which puts, and the worker, which looks. Touches: its eventfd;
 * whoever gets the answers.
 */
#ifndef SLUICE_COMPLETIONS_H
#define SLUICE_COMPLETIONS_H

#include <pthread.h>
#include "../loop/worker.h"
#include "order.h"

/* A stream that found no room on the disk tries again after so long. */
#define SLUICE_COMPLETIONS_PAUSE_NS (200 * SLUICE_NS_PER_MS)

struct sluice_completions {
	struct sluice_handler handler;
	struct sluice_timer timer; /* streams that found no room on the disk try again */
	struct sluice_worker *worker;
	pthread_mutex_t lock; /* of the list */
	struct sluice_order_list list;
	int event;
};

/* Makes an empty one. 0 or a negative errno. @owner caller: sluice_completions_close() @context
 * process */
int sluice_completions_open(struct sluice_completions *completions);
/* Frees what is in it. After its worker ended. */
void sluice_completions_close(struct sluice_completions *completions);

/* Takes it into the worker's loop. 0 or a negative errno. @context worker */
int sluice_completions_enter(struct sluice_completions *completions, struct sluice_worker *worker);

/* Takes it out of the loop again; whoever got answers by it is gone. One that is in none stays as
 * it is. @context worker */
void sluice_completions_leave(struct sluice_completions *completions);

/* Puts an answer into it, which it owns from then on. @threadsafe */
void sluice_completions_put(struct sluice_completions *completions, struct sluice_order *order);

/* Drops what is in it for `owner`, as sluice_order_sift() does. @context worker */
void sluice_completions_forget(struct sluice_completions *completions, const void *owner);

#endif /* SLUICE_COMPLETIONS_H */
