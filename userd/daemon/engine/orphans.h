/* SPDX-License-Identifier: MIT */
/*
 * What waits in rings and on the disk for outputs that the configuration does not have; see
 * orphans.c. For the control thread.
 */
#ifndef SLUICE_ORPHANS_H
#define SLUICE_ORPHANS_H

#include "../../lib/guid.h"
#include "engine.h"

/* What waits in one place for one output. */
struct sluice_orphan {
	sluice_guid output;
	char name[SLUICE_NAME_MAX + 1]; /* empty: nobody remembers */
	const char *place;		/* "memory", "module", "disk" */
	char *where;			/* file, route, folder; @owner the list */
	uint64_t bytes;			/* of stream */
	uint64_t since_ns;		/* when the oldest came, since 1970; 0: not known */
};

struct sluice_orphans {
	struct sluice_orphan *list;
	size_t count;
};

/* Frees the list, and zeroes it. */
void sluice_orphans_free(struct sluice_orphans *orphans);

/* Looks at everything that lies there, used or not. Nothing is changed. 0 or a negative errno.
 * @owner caller: sluice_orphans_free(), also on failure @context process */
int sluice_engine_orphans(struct sluice_engine *engine, struct sluice_orphans *orphans);

/* Does a look at them wait for no disk but that of the configuration in force, of which the last
 * picture is told? @context process */
bool sluice_orphans_are_near(const struct sluice_engine *engine);

/*
 * Says in the log what waits in disk stores that only an earlier configuration had. @context
 * process
 */
void sluice_orphans_warn_of_disks(struct sluice_engine *engine);

#endif /* SLUICE_ORPHANS_H */
