/* SPDX-License-Identifier: MIT */
/*
 * Which numbered datagrams have come: a bitmap per flow of a sender's run, so that each is known to
 * have come once, more than once or not at all, in whatever order; 100 million of one flow take 13
 * MB. Lies in a sluice_state, so that it survives. Touches: memory. Not @threadsafe.
 */
#ifndef SLUICE_BENCH_TALLY_H
#define SLUICE_BENCH_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "payload.h"
#include "state.h"

#define SLUICE_TALLY_FLOWS (1U << 20) /* a sink refuses more */

/* What is known of a flow; as it lies in the state. */
struct sluice_tally_flow {
	uint64_t next; /* offset of the flow made before this one */
	uint64_t run;  /* as in struct sluice_payload */
	uint64_t flow;
	uint64_t form;	    /* enum sluice_payload_form */
	uint64_t received;  /* different datagrams */
	uint64_t bytes;	    /* of those */
	uint64_t repeated;  /* came again */
	uint64_t reordered; /* came for the first time after one with a higher sequence */
	uint64_t end;	    /* highest sequence + 1 */
	uint64_t directory; /* offset of an array of offsets of parts of the bitmap */
	uint64_t directory_size;
};

struct sluice_tally;

/* What a datagram was. */
enum sluice_tally_found { SLUICE_TALLY_FIRST, SLUICE_TALLY_REPEATED, SLUICE_TALLY_REORDERED };

/* Opens the tally whose list of flows begins at the word `list` of the state. 0, -ENOMEM, -EPROTO.
 * @owner caller: sluice_tally_close() */
int sluice_tally_open(struct sluice_tally **tally, struct sluice_state *state, uint64_t *list);
void sluice_tally_close(struct sluice_tally *tally);

/* Notes a SHORT or FULL payload of `length` bytes. enum sluice_tally_found, or -ENOSPC, -ENOMEM.
 * Call flush before the state is committed. */
int sluice_tally_note(struct sluice_tally *tally, const struct sluice_payload *payload,
		      size_t length);

/* Writes the counters of the flows that changed into the state. 0 or -ENOSPC. */
int sluice_tally_flush(struct sluice_tally *tally);

/* Flow number `index` in the order in which they were first seen, or NULL behind the last. */
const struct sluice_tally_flow *sluice_tally_flow(const struct sluice_tally *tally, size_t index);

#endif /* SLUICE_BENCH_TALLY_H */
