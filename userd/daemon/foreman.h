/* SPDX-License-Identifier: MIT */
/*
 * The foreman: a thread that does what may have to wait for a worker, a job at a time, so that the
 * control thread never does: changes, pictures and the steps of a stop. Between main.c and the
 * engine. Touches: its thread, an eventfd.
 *
 * A job is the foreman's from sluice_foreman_give() on until the control thread collects it; only
 * then its results may be read.
 */
#ifndef SLUICE_FOREMAN_H
#define SLUICE_FOREMAN_H

#include <stdbool.h>
#include <stdint.h>

struct sluice_foreman;

/* To be embedded in what a job is about. */
struct sluice_job {
	void (*work)(struct sluice_job *job); /* in the foreman's thread */
	void (*done)(struct sluice_job *job); /* in the control thread; the job is its own again */
};

/* 0 or a negative errno. @owner caller: sluice_foreman_stop() */
int sluice_foreman_start(struct sluice_foreman **foreman);
/* Waits for the job under way, ends the thread and frees it. NULL is allowed. */
void sluice_foreman_stop(struct sluice_foreman *foreman);

/* Readable when a job can be collected. */
int sluice_foreman_fd(const struct sluice_foreman *foreman);
/* Has a job that was not collected? Then no other is taken. */
bool sluice_foreman_is_busy(const struct sluice_foreman *foreman);
/* Gives it a job; 0 or -EBUSY. */
int sluice_foreman_give(struct sluice_foreman *foreman, struct sluice_job *job);
/* Waits until the job is done, until `most_ms` after it was given at most, so that many who ask
 * wait no longer than one; 0: only looks. If it is, or there was none: calls its done() and returns
 * true. */
bool sluice_foreman_collect(struct sluice_foreman *foreman, unsigned int most_ms);

#endif /* SLUICE_FOREMAN_H */
