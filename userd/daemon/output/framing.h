/* SPDX-License-Identifier: MIT */
/*
 * The plain framings: from the records of a span to the bytes that a receiver who knows nothing of sluice reads.
 * Between a segment and a connection's staging buffer. Touches: memory it is given. All of it @threadsafe.
 *
 *   newline        payload '\n'. One '\n' at the payload's end is dropped, others become "#012", as rsyslog writes
 *                  control characters; or the datagram is refused, which is counted as unsendable.
 *   octet-counted  length ' ' payload (RFC 6587 section 3.4.1). MSG-LEN begins with a NONZERO-DIGIT there, so an empty
 *                  datagram cannot be sent; it is counted as unsendable.
 *   length32       length in 4 bytes, network byte order, payload
 *   raw            payload and nothing else; an empty datagram has no form and is counted as unsendable
 *   pcap           a capture file (magic a1b2c3d4 with nanoseconds: a1b23c4d) of IP packets with rebuilt headers; see
 *                  lib/packet.h. Every connection begins with the file's header.
 *
 * GAP, PAD and unknown records have no form in them: they are counted and passed over.
 */
#ifndef SLUICE_FRAMING_H
#define SLUICE_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"

/* The most bytes that one record can become: every byte of the longest payload escaped, and the newline. */
#define SLUICE_FRAMING_RECORD_MAX (4U * SLUICE_PAYLOAD_MAX + 1U)

/* What the bytes look like. */
struct sluice_form {
	enum sluice_framing framing;
	bool refuse; /* newline: datagrams with a newline inside are refused, not escaped */
};

/* What became of a span. */
struct sluice_framed {
	size_t consumed;     /* bytes of the span */
	size_t written;	     /* bytes of output */
	uint64_t records;    /* records of all kinds in `consumed` */
	uint64_t datagrams;  /* of them, put into the output */
	uint64_t gaps;	     /* of them, GAP */
	uint64_t lost;	     /* datagrams that those GAPs tell of */
	uint64_t unsendable; /* of them, datagrams that have no form in this framing */
	uint64_t escaped;    /* newlines that were escaped */
};

/* Has `framing` a form here: is it any but native? */
bool sluice_framing_is_plain(enum sluice_framing framing);

/* What a connection begins with, before any record: *length bytes, 0 for most. */
const void *sluice_framing_preamble(struct sluice_form form, size_t *length);

/* Frames records in `form` from `span` until the next one does not fit `room` bytes of `out`. 0; -EPROTO if `span` holds something
 * that is no record (*framed says how far it came); -EINVAL. */
int sluice_framing_write(struct sluice_form form, const uint8_t *span, size_t length, uint8_t *out,
			 size_t room, struct sluice_framed *framed);

/*
 * Of a span that became bytes of which the receiver has the first `had`: where the first record begins that it has not
 * wholly, as bytes from the span's start, and how many records lie before it. A record without output belongs to
 * the one before it.
 */
size_t sluice_framing_resume(struct sluice_form form, const uint8_t *span, size_t length,
			     uint64_t had, uint64_t *records);

#endif /* SLUICE_FRAMING_H */
