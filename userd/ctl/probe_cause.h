/* SPDX-License-Identifier: MIT */
/*
 * What probably made a receiver write what it wrote: a table of causes, each with the signs by
 * which it is known and the mend. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_PROBE_CAUSE_H
#define SLUICE_CTL_PROBE_CAUSE_H

#include <stddef.h>
#include "probe_find.h"

#define SLUICE_PROBE_CAUSES_MOST 8U /* of the table that can fit at once */
#define SLUICE_PROBE_CAUSE_TEXT 512U

/* A cause that fits. */
struct sluice_probe_cause {
	const char *name;		    /* for programs: "rsyslog-limit" */
	char text[SLUICE_PROBE_CAUSE_TEXT]; /* what is seen, and what does that */
	const char *mend;		    /* what to do; constant */
};

/* The causes that fit what was found, likelier ones first; none if all arrived. How many.
 * @threadsafe */
size_t sluice_probe_causes(const struct sluice_probe_found *found,
			   struct sluice_probe_cause causes[SLUICE_PROBE_CAUSES_MOST]);

#endif /* SLUICE_CTL_PROBE_CAUSE_H */
