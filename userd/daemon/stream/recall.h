/* SPDX-License-Identifier: MIT */
/*
 * What a ring's feeder has under way goes from one process to the next: its segments as lines of a
 * parcel's text, each with the number of who carries it. A line for so many of them, and one for
 * each range that was acknowledged and is no whole segment:
 *
 *   spans OUTPUT STREAM epoch=1 list=4096+1280*20@0,5376+640*10@r,6016+64*1@d
 *   known OUTPUT STREAM epoch=1 start=8192 end=8256
 *
 * A segment begins at an offset, has so many bytes and records, and is carried by a number,
 * returned or done. In the feeder's worker. Touches: the feeder, the parcel.
 */
#ifndef SLUICE_RECALL_H
#define SLUICE_RECALL_H

#include <stdbool.h>
#include <stddef.h>
#include "feeder.h"

struct sluice_parcel;

/* Who carries segments, by number. `number_of`: SLUICE_RECALL_NOBODY of one that does not pass;
 * `carrier_of`: NULL of a number that did not come. */
struct sluice_recall {
	size_t (*number_of)(void *context, const struct sluice_carrier *carrier);
	struct sluice_carrier *(*carrier_of)(void *context, size_t number);
	void *context;
};

#define SLUICE_RECALL_NOBODY SIZE_MAX

/* Can its segments be told: is it of a ring, and does nothing of them lie on the disk? @context
 * worker */
bool sluice_recall_is_possible(const struct sluice_feeder *feeder);

/* Adds lines of its segments to `parcel`. 0 or -ENOMEM. @context worker */
int sluice_recall_tell(const struct sluice_feeder *feeder, const struct sluice_recall *recall,
		       struct sluice_parcel *parcel);

/* Takes what a predecessor told (handover/notes.h) as segments of this one, which has handed out
 * nothing yet; those that nobody carries are returned. What does not fit is as never taken.
 * @context worker */
void sluice_recall_take(struct sluice_feeder *feeder, const struct sluice_recall *recall);

#endif /* SLUICE_RECALL_H */
