/* SPDX-License-Identifier: MIT */
/*
 * What lists of the daemon (list.h) mean, in sentences: what is wrong now, and where datagrams or
 * the time go. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_VERDICT_H
#define SLUICE_CTL_VERDICT_H

#include <jansson.h>

/* What the daemon was asked for: lists as list.h has them. */
struct sluice_verdict_lists {
	const json_t *daemon, *inputs, *outputs, *store;
};

/* What is wrong now: an array of sentences without a full stop; empty: nothing. NULL: no memory.
 * @owner caller: json_decref() */
json_t *sluice_verdict_problems(const struct sluice_verdict_lists *now);

/* At which step of load the daemon or an output is, since when and why: a sentence without its
 * beginning; "": it is normal, or not known. NULL: no memory. @owner caller: free() */
char *sluice_verdict_load(const json_t *place);

/*
 * Why an output sends no more than it does, in one sentence: what holds it back, and what waits.
 * `before` is the same output `seconds` earlier, NULL: nothing is known of then. NULL: no memory.
 * @owner caller: free()
 */
char *sluice_verdict_output(const json_t *now, const json_t *before, double seconds);

/* Where datagrams of an input go, or why none come; what its outputs are held back by is among
 * `lists`. As above. */
char *sluice_verdict_input(const struct sluice_verdict_lists *lists, const json_t *now,
			   const json_t *before, double seconds);

#endif /* SLUICE_CTL_VERDICT_H */
