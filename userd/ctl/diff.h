/* SPDX-License-Identifier: MIT */
/*
 * What a text would change of what runs. Touches: stdout, stderr.
 */
#ifndef SLUICE_CTL_DIFF_H
#define SLUICE_CTL_DIFF_H

#include "change.h"
#include "running.h"

/* Prints it; `outcome` says what became of it, but for the list. 0 or a negative errno, having said
 * why. */
int sluice_ctl_compare(const struct sluice_running *running, const char *text, size_t length,
		       const struct sluice_change_result *outcome, bool as_json);

#endif /* SLUICE_CTL_DIFF_H */
