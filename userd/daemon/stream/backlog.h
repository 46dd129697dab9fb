/* SPDX-License-Identifier: MIT */
/*
 * The backlog: what one output still needs of one stream's bytes on the disk, as a list of runs of
 * bytes, and what is to be told to the store because the output has it. The feeder of the ring puts
 * runs in, the feeder of the disk takes them out (spool/disk_feeder.h). Between these two, in one
 * worker. Touches: memory.
 */
#ifndef SLUICE_BACKLOG_H
#define SLUICE_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ranges.h"
#include "unheard.h"

/* Bytes on the disk that are not under way to the output. */
struct sluice_run {
	uint64_t serial; /* of their segment of the store: the higher the newer */
	uint64_t start, end;
	bool is_unsent; /* it went to the disk before anybody was sent it */
};

struct sluice_backlog {
	struct sluice_run *runs; /* by serial, then by offset; @owner the backlog */
	size_t run_count, run_room;
	struct sluice_unheard unheard; /* of the runs: what was sent and came back */
	uint64_t serial;	       /* of what comes now */
	uint64_t border;	    /* something before it may lie on the disk, known here or not */
	struct sluice_ranges acked; /* to be told to the store */
	bool *is_told_soon;	    /* set when there is something to tell; NULL: nobody asks */
	/* The output has all before known_at, which is behind so many records; for
	 * spool/disk_check.c */
	uint64_t known_at, known_sequence;
	bool is_known;
	bool is_starved; /* memory was short: what it needs comes with the next start */
};

/* Frees what it has. NULL is allowed. */
void sluice_backlog_clear(struct sluice_backlog *backlog);

/* The output needs [start, end) from the disk. `first`: it comes from the ring (else it was taken
 * from here and came back). `is_unsent`: nobody can have been sent it. */
void sluice_backlog_add(struct sluice_backlog *backlog, uint64_t start, uint64_t end, bool first,
			bool is_unsent);

/* Takes [start, end) out of the runs: it is under way, or needed no more. */
void sluice_backlog_take_out(struct sluice_backlog *backlog, uint64_t start, uint64_t end);

/* The output has [start, end): the store is told at the end of the round. */
void sluice_backlog_acknowledge(struct sluice_backlog *backlog, uint64_t start, uint64_t end);

/* The output has what waits here of [start, end), as far as that lies before `floor`: it will not
 * be sent. */
void sluice_backlog_forget(struct sluice_backlog *backlog, uint64_t start, uint64_t end,
			   uint64_t floor);

/* What waits may have been sent by another way: nothing of it is unsent any more. */
void sluice_backlog_change_hands(struct sluice_backlog *backlog);

/* Is nothing of what waits in [start, end) unsent? */
bool sluice_backlog_can_have(const struct sluice_backlog *backlog, uint64_t start, uint64_t end);

/* The run that begins first of those that overlap [start, end), or NULL. */
const struct sluice_run *sluice_backlog_overlap(const struct sluice_backlog *backlog,
						uint64_t start, uint64_t end);

/* The lowest byte that waits here; UINT64_MAX: none does. */
uint64_t sluice_backlog_least(const struct sluice_backlog *backlog);

/* How many bytes wait here. */
uint64_t sluice_backlog_bytes(const struct sluice_backlog *backlog);

#endif /* SLUICE_BACKLOG_H */
