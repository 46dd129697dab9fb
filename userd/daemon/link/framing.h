/* SPDX-License-Identifier: MIT */
/*
 * The plain framings: from the records of a span to the bytes that a receiver who knows nothing of
 * sluice reads. Between a segment and a connection's staging buffer. Touches: memory it is given.
 * All of it
 * @threadsafe.
 *
 *   newline        payload '\n'. One '\n' at the payload's end is dropped, others become "#012", as
 *                  rsyslog writes
 *                  control characters; or the datagram is refused, which is counted as unsendable;
 *                  or they go as they are.
 *   octet-counted  length ' ' payload (RFC 6587 section 3.4.1). MSG-LEN begins with a NONZERO-DIGIT
 *                  there, so an empty
 *                  datagram cannot be sent; it is counted as unsendable.
 *   length32       length in 4 bytes, network byte order, payload
 *   raw            payload and nothing else; an empty datagram has no form and is counted as
 *                  unsendable
 *   pcap           a capture file (magic a1b2c3d4 with nanoseconds: a1b23c4d) of IP packets with
 *                  rebuilt headers; see
 *                  lib/packet.h. Every connection begins with the file's header.
 *
 * GAP, PAD and unknown records have no form in them: they are counted and passed over.
 *
 * What a receiver cannot bear beside that is part of the form, too. A datagram longer than `most`
 * becomes several messages, each with a frame of its own, or is cut, or does not go. A byte that it
 * cannot bear is escaped as a newline is. A message that it would misread for how it begins gets
 * "<13>" in front, the priority that a message without one has (RFC 3164, 4.3.3). A prefix that
 * tells who sent it (origin.h) stands in every message, within the frame, behind that.
 */
#ifndef SLUICE_FRAMING_H
#define SLUICE_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/record.h"
#include "../../config/model.h"

/* The most bytes that one record can become: every byte of the longest payload escaped, in pieces
 * of SLUICE_DATAGRAM_LEAST bytes, each with "<13>", not quite full and with a newline. Likewise, of
 * SLUICE_DATAGRAM_LEAST_PREFIXED bytes with a prefix in each. */
#define SLUICE_FRAMING_RECORD_MAX (5U * SLUICE_PAYLOAD_MAX + SLUICE_DATAGRAM_LEAST)

/* Bytes of a form as a text. */
#define SLUICE_FORM_TEXT 96U

/* What the bytes look like. Without padding: sluice_form_text() names every member, and checks that
 * by the size. */
struct sluice_form {
	size_t most; /* bytes of a message, without what the framing puts around it; 0: any */
	enum sluice_framing framing;
	enum sluice_oversize oversize;
	enum sluice_empty empty;
	enum sluice_unsafe unsafe;
	enum sluice_lead prefix; /* in front of each message; framings with a form here */
	unsigned int hazards;	 /* SLUICE_HAZARD_*, beside the line feed of newline */
	int packs; /* plain: 1: all of it is compressed, for who inflates what comes */
};

/* Why a datagram does not go. */
struct sluice_unsent {
	uint32_t unsendable; /* it has no form in this framing, or holds what the receiver cannot
				bear */
	uint32_t oversized;  /* it is too long */
	uint32_t skipped;    /* it is empty */
};

/* What becomes of a record. */
enum sluice_fate {
	SLUICE_FATE_NONE, /* it is no datagram */
	SLUICE_FATE_SENT,
	SLUICE_FATE_UNSENDABLE,
	SLUICE_FATE_OVERSIZED,
	SLUICE_FATE_SKIPPED
};

/* What became of a span. */
struct sluice_framed {
	size_t consumed;	     /* bytes of the span */
	size_t written;		     /* bytes of output */
	uint64_t records;	     /* records of all kinds in `consumed` */
	uint64_t datagrams;	     /* of them, put into the output */
	uint64_t gaps;		     /* of them, GAP */
	uint64_t lost;		     /* datagrams that those GAPs tell of */
	struct sluice_unsent unsent; /* of them, datagrams that do not go */
	uint64_t escaped;	     /* bytes that were escaped, and messages that got a priority */
	uint64_t split;		     /* datagrams that became several messages, */
	uint64_t pieces;	     /* and how many these are */
	uint64_t truncated;	     /* datagrams of which only the beginning goes */
};

/* The form that an output is configured to have. */
struct sluice_form sluice_form_of(const struct sluice_config_output *config);

/* The form as a text that no other form has, without blanks, which also another process may read
 * (passing.h). Returns `text`. */
const char *sluice_form_text(const struct sluice_form *form, char text[SLUICE_FORM_TEXT]);

/* Would they make the same bytes of everything? */
bool sluice_form_is_same(const struct sluice_form *one, const struct sluice_form *other);

/* What a connection begins with, before any record: *length bytes, 0 for most. */
const void *sluice_framing_preamble(struct sluice_form form, size_t *length);

/* Frames records in `form` from `span` until the next one does not fit `room` bytes of `out`. 0;
 * -EPROTO if `span` holds something that is no record (*framed says how far it came); -EINVAL. */
int sluice_framing_write(struct sluice_form form, const uint8_t *span, size_t length, uint8_t *out,
			 size_t room, struct sluice_framed *framed);

/* What becomes of the record `view` in `form`. */
enum sluice_fate sluice_framing_fate(const struct sluice_form *form,
				     const struct sluice_record_view *view);

/* How many of the payload bytes at `bytes` the first message of them carries; at least 1 of more
 * than 0. */
size_t sluice_framing_piece(const struct sluice_form *form, const uint8_t *bytes, size_t length);

/* Notes one that does not go; others are not noted. */
void sluice_unsent_note(struct sluice_unsent *unsent, enum sluice_fate fate);

/* How many that are. */
uint64_t sluice_unsent_sum(const struct sluice_unsent *unsent);

/*
 * Of a span that became bytes of which the receiver has the first `had`: where the first record
 * begins that it has not wholly, as bytes from the span's start, how many records lie before it,
 * and how many datagrams among these do not go. A record without output belongs to the one before
 * it.
 */
size_t sluice_framing_resume(struct sluice_form form, const uint8_t *span, size_t length,
			     uint64_t had, uint64_t *records, struct sluice_unsent *unsent);

#endif /* SLUICE_FRAMING_H */
