/* SPDX-License-Identifier: MIT */
/*
 * Cuts what comes over a TCP connection into native frames, lines or octet-counted messages,
 * however it was cut on the way. For receivers, between the socket and what takes datagrams;
 * bounded memory whatever comes. Touches: its buffer. Not @threadsafe.
 */
#ifndef SLUICE_LIB_DECODER_H
#define SLUICE_LIB_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sluice/record.h>
#include "frame.h"
#include "inflate.h"

/* The longest line: a relay may write each byte of a datagram as four ("#012" for a newline). */
#define SLUICE_DECODER_LINE_MAX ((size_t)4 * SLUICE_PAYLOAD_MAX)

enum sluice_decoder_framing {
	SLUICE_DECODER_NATIVE,
	SLUICE_DECODER_NEWLINE,	      /* payload, 0x0a */
	SLUICE_DECODER_OCTET_COUNTED, /* RFC 6587 section 3.4.1: decimal length, space, payload */
	SLUICE_DECODER_LENGTH32,      /* length in 4 bytes, network byte order, payload */
};

/* A zeroed struct is a decoder of native frames that has not read anything. */
struct sluice_decoder {
	enum sluice_decoder_framing framing;
	uint8_t *buffer; /* @owner decoder */
	size_t capacity;
	size_t begin; /* first byte that was not taken yet */
	size_t end;
	size_t last;			 /* NATIVE: first byte of the frame that was taken last */
	struct sluice_inflater inflater; /* NATIVE: what compressed frames held */
	bool is_again; /* NATIVE: the next frame is the last one, and the inflater has its bytes */
	size_t searched; /* NEWLINE: bytes from `begin` on in which there is none */
	bool skipping;	 /* NEWLINE: in a line that is too long */
};

/* A frame or a datagram; valid until the next call. */
struct sluice_decoder_item {
	struct sluice_frame frame; /* NATIVE: its header; of a compressed one, that of the DATA
				      frame that it stands for */
	uint64_t blank;	      /* NATIVE: bytes of stream behind the payload that hold nothing */
	const uint8_t *bytes; /* payload */
	size_t length;
};

/* Frees the buffer. NULL is allowed. */
void sluice_decoder_free(struct sluice_decoder *decoder);

/* Where to read to: at least one byte of room. NULL: no memory. */
uint8_t *sluice_decoder_room(struct sluice_decoder *decoder, size_t *room);

/* So many bytes were read to there. */
void sluice_decoder_fed(struct sluice_decoder *decoder, size_t length);

/*
 * The next item. 1: *item is filled in; 0: more bytes are needed; -EMSGSIZE: a line was too long
 * and is skipped, go on. Everything else ends the connection, for where the next item begins is not
 * known any more: -EPROTO (not this format), -EPROTONOSUPPORT (version), -EBADMSG (CRC of a frame's
 * header or payload), -EILSEQ (a compressed payload that is none, or is not as long as its header
 * says). -ENOMEM.
 */
int sluice_decoder_next(struct sluice_decoder *decoder, struct sluice_decoder_item *item);

/* NATIVE: the frame that came last is the next one again, as if it had not been taken. Until bytes
 * are fed. */
void sluice_decoder_again(struct sluice_decoder *decoder);

/* Is there a begun item in the buffer? */
bool sluice_decoder_is_within(const struct sluice_decoder *decoder);

#endif /* SLUICE_LIB_DECODER_H */
