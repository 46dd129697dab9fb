/* SPDX-License-Identifier: MIT */
/*
 * Changes that are made from the details of `sluicectl top`, by the commands that change one piece.
 * Touches: a process.
 */
#ifndef SLUICE_CTL_TOP_CHANGE_H
#define SLUICE_CTL_TOP_CHANGE_H

#include <stddef.h>
#include "top/view.h"

/* Makes a change, here or (host: not NULL) there, and waits for it. Puts what was said into `said`,
 * one line. */
void sluice_top_change_make(const struct sluice_top_change *change, const char *host, char *said,
			    size_t room);

#endif /* SLUICE_CTL_TOP_CHANGE_H */
