/* SPDX-License-Identifier: MIT */
/*
 * How many workers there are, also while they run; see crew.c. For the control thread.
 */
#ifndef SLUICE_CREW_H
#define SLUICE_CREW_H

#include "inner.h"

/* How many workers `config` wants on this machine: 1 to SLUICE_WORKERS_MAX. @context process */
size_t sluice_crew_wanted(const struct sluice_config *config);

/*
 * Starts workers until there are `count`, on the CPUs that `config` says. By the configuration in
 * force they do nothing yet, as all behind its goal. 0, or a negative errno with a sentence: those
 * that came go by sluice_crew_reduce(). @context process
 */
int sluice_crew_extend(struct sluice_engine *engine, const struct sluice_config *config,
		       size_t count, char **error);

/*
 * Ends the workers behind the goal of the configuration in force, the last ones first, as far as
 * nothing is left in them. Another time for those that have something, or do not answer. @context
 * process
 */
void sluice_crew_reduce(struct sluice_engine *engine);

#endif /* SLUICE_CREW_H */
