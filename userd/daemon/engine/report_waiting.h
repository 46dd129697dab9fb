/* SPDX-License-Identifier: MIT */
/*
 * What waits for each output, in memory and on the disk: a part of the engine's picture; see
 * report_waiting.c. For report.c.
 */
#ifndef SLUICE_REPORT_WAITING_H
#define SLUICE_REPORT_WAITING_H

#include "inner.h"

/*
 * Fills in the cursors' `disk` of a picture whose streams are in the order of the engine's, and the
 * outputs' `memory`, `disk` and `oldest_ns`. The store is held for that: nothing is read or written
 * meanwhile. @context process
 */
void sluice_report_waiting(struct sluice_engine *engine, struct sluice_engine_report *report);

#endif /* SLUICE_REPORT_WAITING_H */
