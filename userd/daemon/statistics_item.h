/* SPDX-License-Identifier: MIT */
/*
 * The lines of `log.statistics` that items have: one for each input, output, stream, and for memory
 * and disk of the store. For the control thread. Touches: the log.
 */
#ifndef SLUICE_DAEMON_STATISTICS_ITEM_H
#define SLUICE_DAEMON_STATISTICS_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include "engine/engine.h"

/* What an item had counted when its last line was due. */
struct sluice_statistics_item {
	sluice_guid guid;
	uint64_t received, stored, lost, dropped, delivered; /* datagrams since the start */
};

/* Begins zeroed. */
struct sluice_statistics_items {
	struct sluice_statistics_item *list; /* inputs, outputs, streams; NULL: not known */
	size_t count;
};

/* What an output's receivers have got: acknowledged where they answer, else in TCP. Datagrams. */
uint64_t sluice_statistics_delivered(const struct sluice_engine_output *output);

/* How much a number has grown; one that shrank was counted anew. */
uint64_t sluice_statistics_more(uint64_t now, uint64_t before);

/* Notes what the items of a picture have; `tells`: and writes a line for each with what that is
 * more than when it was noted last; if it was: without memory the lines are left out once. @context
 * process */
void sluice_statistics_items_look(struct sluice_statistics_items *items,
				  const struct sluice_engine_report *report, bool tells);

/* Forgets what was noted. */
void sluice_statistics_items_free(struct sluice_statistics_items *items);

#endif /* SLUICE_DAEMON_STATISTICS_ITEM_H */
