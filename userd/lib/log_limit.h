/* SPDX-License-Identifier: MIT */
/*
 * How much one place may log, and how much it left out. Knows no line, and logs none. Touches: one
 * timer, by which who waits for it learns that a window is over.
 */
#ifndef SLUICE_LOG_LIMIT_H
#define SLUICE_LOG_LIMIT_H

#include <stdbool.h>
#include "log.h"

/* How many lines a place may write within a window; 0: any number. @threadsafe */
void sluice_log_limit_set(unsigned int lines);

/* May this place write a line now? If not, it is counted. *left_out is how many lines of earlier
 * windows nobody was told of; the caller tells. @threadsafe, without a lock */
bool sluice_log_limit_passes(struct sluice_log_place *place, int level, unsigned int *left_out);

/* The next place that left out something and whose window is over (`all`: or not); in *left_out how
 * much, which the caller tells. NULL: none. @threadsafe */
struct sluice_log_place *sluice_log_limit_next(bool all, unsigned int *left_out);

/* The timer has been noticed: it is no longer readable. @threadsafe */
void sluice_log_limit_notice(void);

/* See sluice_log_fd() and sluice_log_close(). */
int sluice_log_limit_fd(void);
void sluice_log_limit_close(void);

#endif /* SLUICE_LOG_LIMIT_H */
