/* SPDX-License-Identifier: MIT */
/*
 * Marks: which datagrams lay where in a part of the stream whose bytes were given up, so that for
 * any piece of it the number that is lost can be told, per input. Datagrams of equal size cost one
 * mark however many they are. When the list is full its older half is made coarse: their number
 * stays right, where each of them lay becomes an estimate. Between the spool and who delivers.
 * Touches: memory only.
 */
#ifndef SLUICE_LIB_SPOOL_MARKS_H
#define SLUICE_LIB_SPOOL_MARKS_H

#include <stddef.h>
#include <stdint.h>
#include <sluice/record.h>
#include "spool_format.h"

/* Marks in one list: 32 KiB. */
#define SLUICE_SPOOL_MARKS 2048U
/* Bytes that sluice_spool_write_losses() can use at most: a GAP for each of so many inputs (and
 * causes). */
#define SLUICE_SPOOL_LOSSES_MOST 1024U
#define SLUICE_SPOOL_LOSSES_ROOM (SLUICE_SPOOL_LOSSES_MOST * (size_t)40)

/* A zeroed one is empty. */
struct sluice_spool_marks {
	struct sluice_spool_mark list[SLUICE_SPOOL_MARKS];
	size_t count;
};

/* Adds `datagrams` that began at `at` (in units of 8 bytes, never before those added earlier of the
 * same input and cause). */
void sluice_spool_marks_add(struct sluice_spool_marks *marks, uint32_t at, uint32_t datagrams,
			    uint16_t input, enum sluice_lost_cause cause);

/* Adds marks of another list, whose frame begins `shift` units later. */
void sluice_spool_marks_take(struct sluice_spool_marks *marks, const struct sluice_spool_mark *list,
			     size_t count, uint32_t shift);

/* How many datagrams of a mark began in [start, end), in units. @threadsafe */
uint64_t sluice_spool_mark_count(const struct sluice_spool_mark *mark, uint32_t start,
				 uint32_t end);

/*
 * Writes GAP records for what began in [start, end), in units, one per input and cause, into
 * `bytes`, which has SLUICE_SPOOL_LOSSES_ROOM; but no more of them than fit into the piece itself:
 * then the last one tells of the rest. Returns how many bytes that are, *records how many records.
 * 0: the piece is too short for a GAP, or there is nothing to tell.
 */
size_t sluice_spool_write_losses(const struct sluice_spool_mark *list, size_t count, uint32_t start,
				 uint32_t end, uint64_t time_ns, uint8_t *bytes, uint32_t *records);

#endif /* SLUICE_LIB_SPOOL_MARKS_H */
