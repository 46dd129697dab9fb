/* SPDX-License-Identifier: MIT */
/*
 * What a RELP connection knows of the datagrams that it has staged or that are not answered; for
 * relp.c and relp_stage.c only.
 */
#ifndef SLUICE_RELP_INNER_H
#define SLUICE_RELP_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "framing.h"
#include "relp_frame.h"
#include "connection.h"

/* So many datagrams may be unanswered: librelp's clients have 128, and a long way needs more. */
#define SLUICE_RELP_WINDOW 4096U
/* Segments that have datagrams that are not answered. */
#define SLUICE_RELP_QUEUE 1024U

/* A datagram that was staged, or a piece of one that is too long for one command. */
struct sluice_relp_asked {
	uint32_t offset;  /* of its segment's bytes, where its record begins */
	uint32_t records; /* of its segment, before it */
	uint32_t end;	  /* of its frame in the staging buffer */
	/* Of its segment, before it: what is not sent */
	struct sluice_unsent unsent;
	uint16_t more; /* pieces of the same datagram that follow */
	bool is_answered;
	bool is_refused; /* one of its pieces was: noted at the last */
};

/* A segment whose datagrams have the numbers [start, end). */
struct sluice_relp_sent {
	struct sluice_feeder *feeder;
	uint64_t id;
	uint64_t start, end;
	uint64_t left; /* of them, not answered */
	struct sluice_unsent unsent;
};

struct sluice_relp {
	uint8_t *staging;
	size_t room;
	size_t given;			 /* bytes of it that are with TCP */
	struct sluice_relp_asked *asked; /* of datagram `number` at [number & (asked_room - 1)] */
	uint64_t asked_room;
	uint64_t first, written, offered, next;
	uint64_t queue_first, queue_next;
	uint64_t answered;	/* when the last answer came, or one was first waited for */
	unsigned int late_row;	/* answers in a row that came late, */
	unsigned int quick_row; /* or did not */
	bool full_told;		/* the log knows that the receiver's queue is full */
	uint64_t refused_told;	/* when the log was last told of a refusal; 0: never */
	struct sluice_relp_sent queue[SLUICE_RELP_QUEUE];
};

/* What is known of datagram `number`, one of those that are staged or unanswered. */
static inline struct sluice_relp_asked *sluice_relp_asked_of(const struct sluice_relp *relp,
							     uint64_t number)
{
	return &relp->asked[number & (relp->asked_room - 1)];
}

/* What became of a segment. */
struct sluice_relp_staged {
	size_t consumed;  /* bytes of it */
	uint64_t records; /* in these */
	uint64_t gaps;	  /* of them, GAP */
	struct sluice_unsent unsent;
	uint64_t split, pieces, truncated;
};

/*
 * Stages records of `span` as commands, until the window is full; `whole`: all of them. 0; -ENOMEM;
 * -EPROTO: it holds something that is no record.
 */
int sluice_relp_stage(struct sluice_connection *connection, const uint8_t *span, size_t length,
		      bool whole, struct sluice_relp_staged *staged);

#endif /* SLUICE_RELP_INNER_H */
