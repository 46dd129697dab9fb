/* SPDX-License-Identifier: MIT */
/*
 * The books of a sink: which bytes of which streams it has (so that what is sent again is not
 * delivered again), which numbered datagrams came, what was lost on the way by the relay's own
 * account, and all the sums. Everything in a sluice_state: what sluice_ledger_commit() has seen
 * survives the process, what it has not seen did not happen, so a relay may be told that it has a
 * span after the commit and not before. Touches: memory, the file of payloads. Not @threadsafe.
 */
#ifndef SLUICE_BENCH_LEDGER_H
#define SLUICE_BENCH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sluice/record.h>
#include "../lib/guid.h"
#include "../lib/receiver_inner.h"
#include "tally.h"

struct sluice_ledger;

/* What a datagram's payload may be. */
enum sluice_ledger_check {
	SLUICE_LEDGER_AUTO,	/* numbered ones are checked, others are counted */
	SLUICE_LEDGER_NUMBERED, /* what is not numbered is damaged */
	SLUICE_LEDGER_PLAIN,	/* nothing is looked at */
};

/* How payloads are written to the file. */
enum sluice_ledger_keep {
	SLUICE_LEDGER_KEEP_LINE,     /* payload, newline */
	SLUICE_LEDGER_KEEP_LENGTH32, /* length, 32 bits little-endian, payload */
};

#define SLUICE_LEDGER_CAUSES 16U /* room for causes of loss that come later */

/* The sums; over all lives of the state. 64-bit words only: it lies in the state like this. */
struct sluice_ledger_sums {
	uint64_t received;   /* datagrams, each counted once */
	uint64_t bytes;	     /* their payload */
	uint64_t repeated;   /* numbered datagrams that the application would have seen again */
	uint64_t reordered;  /* of received: after one with a higher number */
	uint64_t suppressed; /* datagrams that came again and were dropped by stream offset: never
				seen again */
	uint64_t damaged;    /* payloads that are not what was sent */
	uint64_t damaged_frames; /* frames, and pieces of a plain stream, that are not of their
				    format */
	uint64_t unnumbered;	 /* of received: EMPTY, TINY and PLAIN ones */
	uint64_t plain;		 /* of unnumbered: not of a gen */
	uint64_t frames;	 /* DATA frames with something new */
	uint64_t cut_frames;	 /* frames whose connection ended before they did */
	uint64_t connections;
	uint64_t gap_records;
	uint64_t gap_datagrams;
	uint64_t gap[SLUICE_LEDGER_CAUSES]; /* gap_datagrams by cause; the last for those not known
					       here */
	uint64_t written;		    /* bytes of the payload file */
};

/* What came of one input (native) or by one port (plain framings). */
struct sluice_ledger_input {
	uint64_t next;	    /* offset of the one made before */
	sluice_guid stream; /* zeros: a port */
	uint64_t epoch;
	uint64_t input; /* index of the input, or the port */
	uint64_t received;
	uint64_t bytes;
	uint64_t gap_records;
	uint64_t gap_datagrams;
};

/* Opens the books at `path` (NULL: in memory). 0; negative errno as sluice_state_open(). @owner
 * caller: close */
int sluice_ledger_open(struct sluice_ledger **ledger, const char *path,
		       enum sluice_ledger_check check);
void sluice_ledger_close(struct sluice_ledger *ledger);

/* Writes every payload that is delivered to the file `path` as well, cut to where the last commit
 * was. 0 or errno. */
int sluice_ledger_keep(struct sluice_ledger *ledger, const char *path,
		       enum sluice_ledger_keep form);

/* What native links feed: its records are delivered here; what it has and has counted is entered at
 * the next commit.
 * @owner ledger */
struct sluice_receiver *sluice_ledger_receiver(struct sluice_ledger *ledger);

/* A datagram of a plain framing, by local port. 0, -ENOSPC, -ENOMEM, -EIO. */
int sluice_ledger_datagram(struct sluice_ledger *ledger, uint16_t port, const uint8_t *payload,
			   size_t length);

/* Has `watch` called for every datagram that is received for the first time, in the thread that
 * delivers it. NULL: nobody. */
void sluice_ledger_watch(struct sluice_ledger *ledger,
			 void (*watch)(void *context, const struct sluice_payload *payload),
			 void *context);

/* The sums, to read and (connections, damaged_frames, cut_frames) to count in. */
struct sluice_ledger_sums *sluice_ledger_sums(struct sluice_ledger *ledger);

/* Makes everything so far survive the process. 0, -ENOSPC, -EIO. */
int sluice_ledger_commit(struct sluice_ledger *ledger);

/* Makes what was committed survive the machine, as far as its disks do. 0 or a negative errno. */
int sluice_ledger_sync(struct sluice_ledger *ledger);

/* For reports: entry number `index`, NULL behind the last. */
const struct sluice_ledger_input *sluice_ledger_input(const struct sluice_ledger *ledger,
						      size_t index);
const struct sluice_tally_flow *sluice_ledger_flow(const struct sluice_ledger *ledger,
						   size_t index);

/* How many numbered datagrams are missing below the highest number seen, over all flows; if `sent`
 * is not 0, at least what is missing of so many. */
uint64_t sluice_ledger_missing(const struct sluice_ledger *ledger, uint64_t sent);

#endif /* SLUICE_BENCH_LEDGER_H */
