/* SPDX-License-Identifier: MIT */
/*
 * Precedence: whose turn it is at an output whose streams have different priorities. The most
 * important that waits goes first, where there is a rate in whatever worker it waits; all others
 * together get one byte in SLUICE_PRECEDENCE_SHARE at least, in turn. An output whose streams are
 * all alike asks once per round whether they are, and nothing else. Beside the path of the data.
 * Touches: itself, atomically.
 */
#ifndef SLUICE_PRECEDENCE_OUTPUT_H
#define SLUICE_PRECEDENCE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/layout.h"
#include "../../lib/priority.h"

/* Where more important data waits the lesser have one byte in so many. */
#define SLUICE_PRECEDENCE_SHARE 8
/* A half that said nothing, or has nothing. */
#define SLUICE_PRECEDENCE_NONE (-1)

/* How the shares stand between the most important and all others. */
struct sluice_share {
	int64_t lead; /* bytes that the most important had since the others had their share */
};

/* Of one output, shared by the workers. */
struct sluice_precedence {
	/* Written when streams come and go */
	uint32_t kinds; /* priorities that its streams have */
	uint32_t streams[SLUICE_PRIORITIES];
	/* Written when something waits */
	uint32_t waiting[SLUICE_PRIORITIES] __attribute__((aligned(64))); /* workers, by the most
	important that waits there */
	struct sluice_share
		share; /* where there is a rate; without one each worker has its own (output.h) */
} __attribute__((aligned(64)));

SLUICE_HAS_ITS_LINES(struct sluice_precedence);
SLUICE_LATER_LINE(struct sluice_precedence, streams, waiting);

/* A stream of `priority` feeds the output from now on, or no more. @threadsafe */
void sluice_precedence_join(struct sluice_precedence *precedence, unsigned int priority);
void sluice_precedence_part(struct sluice_precedence *precedence, unsigned int priority);

/* Is there something to choose? @threadsafe */
bool sluice_precedence_matters(const struct sluice_precedence *precedence);

/* A worker's most important that waits, or SLUICE_PRECEDENCE_NONE; *told is what it said last, and
 * becomes what it says now.
 * @threadsafe, but for `told` */
void sluice_precedence_tell(struct sluice_precedence *precedence, int *told, int priority);

/* The most important that waits in any worker, or SLUICE_PRECEDENCE_NONE. @threadsafe */
int sluice_precedence_most(const struct sluice_precedence *precedence);

/* Waits something less important than `priority` in a worker that has nothing better? @threadsafe
 */
bool sluice_precedence_has_below(const struct sluice_precedence *precedence, int priority);

/* Bytes that the most important had since the others had their share. @threadsafe */
int64_t sluice_share_lead(const struct sluice_share *share);

/* Have the lesser a right to `portion` bytes? @threadsafe */
bool sluice_share_owes(const struct sluice_share *share, size_t portion);

/* `bytes` of a stream were handed out; `is_lesser`: and a more important one waits. @threadsafe */
void sluice_share_charge(struct sluice_share *share, bool is_lesser, uint64_t bytes,
			 size_t portion);

#endif /* SLUICE_PRECEDENCE_OUTPUT_H */
