/* SPDX-License-Identifier: MIT */
/*
 * Pictures of the engine for whoever asks: taken by the foreman, so that a worker that does not
 * answer keeps nobody waiting for long. Nobody waits for a change or a take-over that is under way:
 * meanwhile the figures are those of the last look at load (load.h), and orphans those of its
 * begin. Between the control plane and the foreman, in the control thread. Touches: memory.
 */
#ifndef SLUICE_PICTURE_H
#define SLUICE_PICTURE_H

#include "control/control.h"

/* The calls `report`, `release` and `orphans` of control.h; the context is the daemon. @context
 * control thread */
int sluice_picture_report(void *context, struct sluice_engine_report *report);
void sluice_picture_release(void *context, struct sluice_engine_report *report);
int sluice_picture_orphans(void *context, struct sluice_orphans *orphans);
/* Notes what waits for outputs that are gone, for whoever asks while the job goes on that begins
 * with this. @context the foreman */
void sluice_picture_note(struct sluice_engine *engine);

#endif /* SLUICE_PICTURE_H */
