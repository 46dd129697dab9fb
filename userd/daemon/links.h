/* SPDX-License-Identifier: MIT */
/*
 * Interfaces and addresses that come and go: the foreman has the engine's inputs follow them. For
 * the control thread. Touches: the descriptor of lib/link_watch.h, the engine by way of the
 * foreman.
 */
#ifndef SLUICE_LINKS_H
#define SLUICE_LINKS_H

#include <stdbool.h>
#include <stdint.h>
#include "foreman.h"
#include "link_users.h"

struct daemon;
struct sluice_engine;

struct sluice_links {
	struct sluice_job job;		/* under way: the foreman's */
	struct sluice_engine *engine;	/* of the job */
	struct sluice_link_users users; /* who is told of them */
	int fd;				/* tells when something came or went; -1: nobody does */
	bool is_settled; /* nothing is waited for: no need to look without being told */
	bool is_due;	 /* something came or went, and the foreman had no time */
	bool waits;	 /* what the job found: an input waits for something */
	uint64_t looked; /* when it was given last, CLOCK_MONOTONIC ns */
};

/* Is something waited for, so that the engine is to look now and then? */
bool sluice_links_wait(const struct sluice_links *links);
/* Is there something that nobody has looked after yet, or is something waited for, and the last
 * look a second ago? Other events may come more often than that. */
bool sluice_links_is_due(const struct sluice_links *links);
/* The descriptor can be read. */
void sluice_links_notice(struct sluice_links *links, struct daemon *daemon);
/* Has the inputs follow, if the foreman has time. */
void sluice_links_follow(struct sluice_links *links, struct daemon *daemon);
/* Another configuration is in force, which may wait for something. */
void sluice_links_look(struct sluice_links *links);

#endif /* SLUICE_LINKS_H */
