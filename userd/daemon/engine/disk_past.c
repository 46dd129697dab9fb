// SPDX-License-Identifier: MIT
/*
 * What stores on the disk did that a live change left: counters go on, whatever store there is now;
 * see inner.h. In the control thread. Touches: memory; the store that is left, held for a moment.
 */
#include <stdlib.h>
#include "../../lib/log.h"
#include "inner.h"

/* Adds a line of what was given up. */
static void add_drop(void *context, const struct sluice_spool_drop *drop)
{
	struct sluice_disk_past *past = context;
	struct sluice_spool_drop *list;

	list = reallocarray(past->drops, past->drop_count + 1, sizeof(*list));
	if (!list) {
		sluice_warning("out of memory: what the store on the disk that is left gave up is "
			       "not counted any more");
		return;
	}
	past->drops = list;
	list[past->drop_count++] = *drop;
}

/* Adds those figures that only rise. */
static void add(struct sluice_spool_figures *sum, const struct sluice_spool_figures *more)
{
	sum->written += more->written;
	sum->synced += more->synced;
	sum->spooled += more->spooled;
	sum->drained += more->drained;
	sum->damaged_frames += more->damaged_frames;
	sum->damaged_records += more->damaged_records;
	sum->quarantined += more->quarantined;
	sum->torn += more->torn;
	sum->scanned += more->scanned;
	sum->abandoned += more->abandoned;
	sum->dropped_segments += more->dropped_segments;
	sum->dropped += more->dropped;
	sum->missing_frames += more->missing_frames;
	sum->missing_records += more->missing_records;
}

void sluice_disk_past_add(struct sluice_disk_past *past, struct sluice_spooler *spooler)
{
	struct sluice_spool_figures figures = {0};
	uint32_t raised = 0;

	sluice_spooler_figures(spooler, &figures, &past->alarms, &raised);
	add(&past->figures, &figures);
	sluice_spool_drops(sluice_spooler_lock(spooler), add_drop, past);
	sluice_spooler_unlock(spooler);
}

void sluice_disk_past_figures(const struct sluice_disk_past *past,
			      struct sluice_spool_figures *figures, uint64_t *alarms)
{
	add(figures, &past->figures);
	*alarms += past->alarms;
}

void sluice_disk_past_drops(const struct sluice_disk_past *past,
			    void (*each)(void *context, const struct sluice_spool_drop *drop),
			    void *context)
{
	size_t number;

	for (number = 0; number < past->drop_count; number++)
		each(context, &past->drops[number]);
}
