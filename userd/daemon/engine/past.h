/* SPDX-License-Identifier: MIT */
/*
 * Counters go on from one daemon to the next: as lines of a parcel. Part of inner.h; see past.c.
 */
#ifndef SLUICE_ENGINE_PAST_H
#define SLUICE_ENGINE_PAST_H

#include "../handover/parcel.h"
#include "engine.h"

/* Writes the counters of a picture, and which destinations are connected, into the parcel. 0 or
 * -ENOMEM. @context process */
int sluice_past_say(struct sluice_parcel *parcel, const struct sluice_engine_report *report);

/* What it counted of input `old` is `heir`'s from now on. @context process */
void sluice_past_rename(const sluice_guid old, const sluice_guid heir);

/* Had the predecessor a connection to that destination of the output? @context process */
bool sluice_past_was_connected(const sluice_guid output, const char *name);

#endif /* SLUICE_ENGINE_PAST_H */
