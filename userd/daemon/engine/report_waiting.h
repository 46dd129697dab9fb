/* SPDX-License-Identifier: MIT */
/*
 * What waits for each output, in memory and on the disk: a part of the engine's picture; see
 * report_waiting.c. For report.c.
 */
#ifndef SLUICE_REPORT_WAITING_H
#define SLUICE_REPORT_WAITING_H

#include "../spool/disk_picture.h"
#include "inner.h"

/*
 * Fills in the cursors' `disk` of a picture whose streams are in the order of the engine's, and the
 * outputs' `memory`, `disk` and `oldest_ns`. `disk`: how the store is; NULL: there is none.
 * @context process
 */
void sluice_report_waiting(struct sluice_engine *engine, const struct sluice_disk_picture *disk,
			   struct sluice_engine_report *report);

#endif /* SLUICE_REPORT_WAITING_H */
