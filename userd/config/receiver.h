/* SPDX-License-Identifier: MIT */
/*
 * Profiles of receivers: what the programs that people deliver to can read, how much of it, and
 * what they do with the rest. One table; docs/receivers.md says the same to people, with the lines
 * for the receivers' own configurations. Touches: nothing.
 */
#ifndef SLUICE_CONFIG_RECEIVER_H
#define SLUICE_CONFIG_RECEIVER_H

#include "draft.h"

/* What a receiver does in one of the framings that it reads. */
struct sluice_receiver_way {
	enum sluice_framing framing;
	size_t most;	      /* bytes of a message that it takes whole as it comes; 0: any */
	size_t most_possible; /* and with its limit raised as far as it goes; 0: as `most` */
	unsigned int hazards; /* SLUICE_HAZARD_* beside the framing's own */
	bool loses_empty;     /* an empty message is dropped, or breaks what follows */
	const char *input;    /* what reads it there: the line for its own configuration */
};

#define SLUICE_RECEIVER_WAYS 6U

struct sluice_receiver {
	enum sluice_receiver_kind kind;
	const char *name; /* in sentences */
	/* The first is what an output without `framing` has; those that follow it are read, too.
	 * The list ends with one whose `input` is NULL. */
	struct sluice_receiver_way ways[SLUICE_RECEIVER_WAYS];
	const char *raise;  /* the line with which it takes longer messages; NULL: there is none */
	size_t connections; /* that it bears as it comes; 0: no limit is known */
	const char *bear;   /* the line with which it bears more; NULL: there is none */
	bool reads_several; /* at once; else the next waits until the first has ended */
	bool resets;	/* it takes connections that it then resets, and what its TCP had is gone */
	bool has_word;	/* it says what it has: more than that TCP has it */
	bool is_proven; /* by a scenario here; else it is from its documents */
};

/* The profile of a receiver; NULL for SLUICE_RECEIVER_NONE and SLUICE_RECEIVER_GENERIC, of which
 * nothing is known. @threadsafe */
const struct sluice_receiver *sluice_receiver_of(enum sluice_receiver_kind kind);

/* What it does in `framing`; NULL if it cannot read that. @threadsafe */
const struct sluice_receiver_way *sluice_receiver_way_of(const struct sluice_receiver *receiver,
							 enum sluice_framing framing);

/* Sets what is not written in the file as the output's receiver needs it. */
void sluice_receiver_settle(struct sluice_draft_output *draft);

#endif /* SLUICE_CONFIG_RECEIVER_H */
