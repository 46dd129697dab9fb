/* SPDX-License-Identifier: MIT */
/*
 * The spooler: one thread that alone writes to and reads from the disk, so that no worker ever
 * waits for it. Workers give it orders; answers come to the worker's completions, an event of its
 * loop. Between disk sides and lib/spool/spool.h. Touches: the store, and the ring's bytes that an
 * order names, read only, which stay until the order is answered.
 *
 *   worker ── write, read, acknowledge ──► spooler ──► disk
 *     ▲                                       │
 *     └────────── completions: durable, read ─┘
 */
#ifndef SLUICE_SPOOLER_H
#define SLUICE_SPOOLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "spool/spool.h"
#include "../../config/model.h"
#include "../loop/worker.h"
#include "disk_picture.h"
#include "order.h"

struct sluice_spooler;

/* Opens the store and starts the thread; for so many `workers`. `stand_in`: as in struct
 * sluice_spool_options. 0 or a negative errno with a sentence.
 * @owner caller: stop, then free @context process */
int sluice_spooler_start(const struct sluice_config_store *config, const char *stand_in,
			 size_t workers, struct sluice_spooler **spooler, char **error);
/* Ends the thread; what was ordered is done, answers are dropped. NULL is allowed. @context process
 */
void sluice_spooler_stop(struct sluice_spooler *spooler);
/* The same; but a store that was made by start() and in which nothing is goes as well. True: it is
 * gone, and its directory stays. */
bool sluice_spooler_abolish(struct sluice_spooler *spooler);
/* Its alarms are over: a change of the configuration left the store. After stop(). */
void sluice_spooler_calm(struct sluice_spooler *spooler);
/* After the workers ended, or left it. */
void sluice_spooler_free(struct sluice_spooler *spooler);

/* Takes over what of the configuration can change while it runs. @context process */
void sluice_spooler_retune(struct sluice_spooler *spooler,
			   const struct sluice_config_store *config);

/* `store.disk.size` and `segment` of `config`, in two steps, as in lib/spool/spool.h: makes what is
 * missing (0 or a negative errno with a sentence: then fit() to what was before); lets go what is
 * too many. @context process */
int sluice_spooler_extend(struct sluice_spooler *spooler, const struct sluice_config_store *config,
			  char **error);
void sluice_spooler_fit(struct sluice_spooler *spooler, const struct sluice_config_store *config);

/* From now on until it is tuned again everything is written as fast as the disk can, and nothing is
 * given up for it: the daemon is stopping. @context process */
void sluice_spooler_hurry(struct sluice_spooler *spooler);

/* There are so many workers from now on, or were. 0 or a negative errno. @context process */
int sluice_spooler_reserve(struct sluice_spooler *spooler, size_t workers);

/* Takes the worker's completions into its loop. 0 or a negative errno. @context worker */
int sluice_spooler_enter(struct sluice_spooler *spooler, struct sluice_worker *worker);
/* Takes them out again, also if they are not in it: no stream of the worker has anything to do with
 * the spooler any more. @context worker */
void sluice_spooler_leave(struct sluice_spooler *spooler, struct sluice_worker *worker);

/* Holds the store for who changes something in it, or has the time to wait for the disk; not for
 * long. @context process */
struct sluice_spool *sluice_spooler_lock(struct sluice_spooler *spooler);
void sluice_spooler_unlock(struct sluice_spooler *spooler);

/* Gives an order, which the spooler owns from then on. @context worker */
void sluice_spooler_order(struct sluice_spooler *spooler, struct sluice_order *order);

/* Forgets the orders of `owner` and waits until none is under way. What was acknowledged is kept.
 * @context worker */
void sluice_spooler_forget(struct sluice_spooler *spooler, const void *owner, unsigned int worker);

/* Newest first? @threadsafe */
bool sluice_spooler_is_newest_first(const struct sluice_spooler *spooler);

/* Percent of a ring from which on it is emptied to disk, and until which. @threadsafe */
void sluice_spooler_marks(const struct sluice_spooler *spooler, unsigned int *begin,
			  unsigned int *end);

/* How the store is, or was a moment ago: never waits for the disk. NULL: no memory. @owner caller:
 * sluice_disk_picture_put() @context process */
struct sluice_disk_picture *sluice_spooler_picture(struct sluice_spooler *spooler);
/* Adds how many alarms there were, and are. @threadsafe */
void sluice_spooler_alarms(const struct sluice_spooler *spooler, uint64_t *alarms,
			   uint32_t *raised);

/* How the store is; adds how many alarms there were, and are. @threadsafe */
void sluice_spooler_figures(struct sluice_spooler *spooler, struct sluice_spool_figures *figures,
			    uint64_t *alarms, uint32_t *raised);

#endif /* SLUICE_SPOOLER_H */
