/* SPDX-License-Identifier: MIT */
/*
 * What was sent, came back because the connection was lost, and lies on the disk. Whether the
 * receiver has it is heard when it is connected again: then it counts as acknowledged; or it is
 * read again, and counts as sent again. Runs of a backlog know bytes only, so how many records they
 * are is kept here. In the worker of the backlog. Touches: memory.
 */
#ifndef SLUICE_UNHEARD_H
#define SLUICE_UNHEARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [start, end) of the stream, so many records. */
struct sluice_unheard_piece {
	uint64_t start, end, count;
};

/* All zero: nothing. */
struct sluice_unheard {
	struct sluice_unheard_piece *list; /* @owner this */
	size_t count, room;
};

/* [start, end), so many records, came back. Without memory it is not counted later: nothing else
 * depends on it. */
void sluice_unheard_add(struct sluice_unheard *unheard, uint64_t start, uint64_t end,
			uint64_t count);

/* The receiver has [start, end). Returns how many records of what came back that are; pieces that
 * are only partly in it stay. */
uint64_t sluice_unheard_acknowledge(struct sluice_unheard *unheard, uint64_t start, uint64_t end);

/* [start, end) is sent again. Returns whether some of it had come back; that is nothing to be heard
 * of any more. */
bool sluice_unheard_again(struct sluice_unheard *unheard, uint64_t start, uint64_t end);

/* Frees what it has; it may be used again. NULL is allowed. */
void sluice_unheard_clear(struct sluice_unheard *unheard);

#endif /* SLUICE_UNHEARD_H */
