/* SPDX-License-Identifier: MIT */
/*
 * Losses as events: of each input at once, then at most once a second, with the numbers since the
 * last one. Whoever loses something says so (sluice_event_lost()), and this has the foreman look
 * how much; the module says nothing of most losses, so the pictures that others take are looked at,
 * too. For the control thread. Touches: an eventfd, a timer, the engine by way of the foreman.
 */
#ifndef SLUICE_DAEMON_LOSSES_H
#define SLUICE_DAEMON_LOSSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/engine.h"
#include "foreman.h"

struct daemon;
struct sluice_known_losses;

/* Begins zeroed. @owner whoever has it: sluice_losses_close() */
struct sluice_losses {
	struct sluice_job job; /* a look: the foreman's */
	struct sluice_engine *engine;
	struct sluice_engine_report report;
	int result;
	bool is_open;
	int wakes;			   /* eventfd: something was lost */
	int timer;			   /* when a look is due */
	bool waits;			   /* for the timer */
	uint64_t looked;		   /* when the last look began, ns; 0: never */
	struct sluice_known_losses *known; /* what was told of each input */
	size_t known_count;
};

/* From now on losses are looked after. 0 or a negative errno. @context process */
int sluice_losses_open(struct sluice_losses *losses, int epoll);
void sluice_losses_close(struct sluice_losses *losses);

/* Takes the first look: what was lost before is nobody's news. @context process, control thread */
void sluice_losses_begin(struct sluice_losses *losses, struct daemon *daemon);

/* Somebody has a picture (load.h): tells what was lost by then, unless it has looked just now.
 * @context process, control thread */
void sluice_losses_see(struct sluice_losses *losses, const struct sluice_engine_report *report);

/* One of its descriptors (of the epoll set that it was given) can be read: `fd`. False: it is none
 * of them. @context process, control thread */
bool sluice_losses_serve(struct sluice_losses *losses, int fd, struct daemon *daemon);

#endif /* SLUICE_DAEMON_LOSSES_H */
