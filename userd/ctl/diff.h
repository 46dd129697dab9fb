/* SPDX-License-Identifier: MIT */
/*
 * What a text would change of what runs. Touches: stdout, stderr.
 */
#ifndef SLUICE_CTL_DIFF_H
#define SLUICE_CTL_DIFF_H

#include "running.h"

/* Prints it; `revision` is what became of it, 0: it was not applied. 0 or a negative errno, having
 * said why. */
int sluice_ctl_compare(const struct sluice_running *running, const char *text, size_t length,
		       uint64_t revision, bool as_json);

#endif /* SLUICE_CTL_DIFF_H */
