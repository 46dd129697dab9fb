/* SPDX-License-Identifier: MIT */
/*
 * Compressed payloads of frames become what they were (Zstandard, RFC 8878), never more than the
 * frame's header said they are: how much memory that takes is known before the first byte is
 * inflated. Between the decoder and libzstd. Touches: its memory. Not @threadsafe.
 */
#ifndef SLUICE_LIB_INFLATE_H
#define SLUICE_LIB_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/* A zeroed one has not inflated anything. */
struct sluice_inflater {
	void *context;	/* libzstd's; @owner inflater */
	uint8_t *bytes; /* what was inflated last; @owner inflater */
	size_t room;
};

/* Frees what it has. NULL is allowed. */
void sluice_inflater_free(struct sluice_inflater *inflater);

/*
 * Inflates `length` bytes, which must become `whole` bytes, 1 to SLUICE_FRAME_PAYLOAD_MAX, in
 * inflater->bytes. 0; -EILSEQ: they are not compressed, or become more or fewer; -ENOMEM; -EINVAL.
 */
int sluice_inflate(struct sluice_inflater *inflater, const void *bytes, size_t length,
		   size_t whole);

#endif /* SLUICE_LIB_INFLATE_H */
