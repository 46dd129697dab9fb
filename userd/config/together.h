/* SPDX-License-Identifier: MIT */
/*
 * Two configurations that are to run on one host at the same time, held against each other.
 * Touches: nothing but memory.
 */
#ifndef SLUICE_CONFIG_TOGETHER_H
#define SLUICE_CONFIG_TOGETHER_H

#include "check.h"

/*
 * Adds to `findings`, which are those of `other`, what the two cannot both have: UDP ports, the
 * directory of the store; and, as warnings, the relay's name and the log file. The findings stay
 * sorted. Both configurations must have passed their own check. 0; -EINVAL: there are errors, or an
 * argument is NULL; -ENOMEM. @threadsafe
 */
int sluice_config_check_together(const struct sluice_config *one, const struct sluice_config *other,
				 struct sluice_findings *findings);

#endif /* SLUICE_CONFIG_TOGETHER_H */
