/* SPDX-License-Identifier: MIT */
/*
 * Numbered payloads: what `gen` puts into its datagrams and `sink` recognises at the other end of
 * the relay. Only letters, digits, '-', '_', '{', 'S', 's' and '}' occur, so that they pass through
 * a newline framing unharmed.
 *
 *   bytes    form    what                                                          what a receiver
 *            can tell
 *   0        EMPTY   nothing                                                       counted
 *   1..15    TINY    a pattern of sequence % 64 and the length                     counted; damage,
 *            mostly
 *   16..31   SHORT   "{s" run % 2^18 · flow % 2^12 · sequence · CRC % 2^18 · fill  all but 1 damage
 *            in 262,144
 *   32..     FULL    "{S}" run · flow · sequence · length · CRC32C · fill          missing,
 *            repeated, damaged, order
 *
 * Numbers are written in 6 bits a character, most significant first: run 11 characters (SHORT 3),
 * flow 3 (2), sequence 6, length 3, CRC 6 (3). Sequences count from 0 per (run, flow, form). The
 * CRC is CRC32C over all bytes but its own; in SHORT begun with a byte that holds the length.
 * Touches: nothing but memory.
 */
#ifndef SLUICE_BENCH_PAYLOAD_H
#define SLUICE_BENCH_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#define SLUICE_PAYLOAD_SHORT_SIZE 16U
#define SLUICE_PAYLOAD_FULL_SIZE 32U
#define SLUICE_PAYLOAD_SEQUENCES (1ULL << 36) /* 6 characters */
#define SLUICE_PAYLOAD_FLOWS (1U << 18)	      /* 3 characters */
#define SLUICE_PAYLOAD_FLOWS_SHORT (1U << 12) /* 2 characters */

enum sluice_payload_form {
	SLUICE_PAYLOAD_EMPTY,
	SLUICE_PAYLOAD_TINY,
	SLUICE_PAYLOAD_SHORT,
	SLUICE_PAYLOAD_FULL,
	SLUICE_PAYLOAD_PLAIN,	/* none of ours */
	SLUICE_PAYLOAD_DAMAGED, /* ours once */
};

/* What a numbered payload says. */
struct sluice_payload {
	enum sluice_payload_form form;
	uint64_t run;  /* random number of the sender's run; SHORT: its low 18 bits */
	uint32_t flow; /* which of the sender's (source, destination port) pairs; SHORT: its low 12
			  bits */
	uint64_t sequence; /* per run, flow and form; TINY: modulo 64 */
};

/* Which form a payload of `length` bytes has: EMPTY .. FULL. @threadsafe */
enum sluice_payload_form sluice_payload_form(size_t length);

/* Writes a whole payload of `length` bytes (0 .. 65,527) to `buffer`. Numbers beyond their
 * characters are cut. NULL or a longer length: nothing is written. @threadsafe */
void sluice_payload_write(uint8_t *buffer, size_t length, uint64_t run, uint32_t flow,
			  uint64_t sequence);

/* Reads a payload; *payload is always filled in, form PLAIN or DAMAGED with zeros. @threadsafe */
void sluice_payload_read(const uint8_t *bytes, size_t length, struct sluice_payload *payload);

#endif /* SLUICE_BENCH_PAYLOAD_H */
