/* SPDX-License-Identifier: MIT */
/*
 * What a connection's first bytes are: which framing a sink has to take, or which program reads
 * that. Touches: nothing but memory. All of it @threadsafe.
 */
#ifndef SLUICE_BENCH_RECOGNITION_H
#define SLUICE_BENCH_RECOGNITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../lib/decoder.h"

/* So many bytes are enough to decide, whatever they are. */
#define SLUICE_RECOGNITION_BYTES 64U

enum sluice_recognition {
	SLUICE_RECOGNITION_OPEN, /* the bytes so far fit several */
	SLUICE_RECOGNITION_NATIVE,
	SLUICE_RECOGNITION_NEWLINE,
	SLUICE_RECOGNITION_OCTET_COUNTED,
	SLUICE_RECOGNITION_LENGTH32,
	SLUICE_RECOGNITION_PCAP, /* and what follows: no sink reads it */
	SLUICE_RECOGNITION_RELP,
	SLUICE_RECOGNITION_TLS,
	SLUICE_RECOGNITION_UNKNOWN,
};

/* What the first `length` bytes of a connection are; `ended`: there will be no more, so OPEN is not
 * an answer. */
enum sluice_recognition sluice_recognise(const uint8_t *bytes, size_t length, bool ended);

/* The framing of a sink that reads it. False: there is none. */
bool sluice_recognition_framing(enum sluice_recognition what, enum sluice_decoder_framing *framing);

/* Can't a sink that was told to read `framing` read it? What it can read and hardly anybody means
 * (lines that begin with a count) is no contradiction. */
bool sluice_recognition_contradicts(enum sluice_recognition what,
				    enum sluice_decoder_framing framing);

/* What it is called; of those that a sink reads, as --framing takes it. */
const char *sluice_recognition_name(enum sluice_recognition what);

/* What to do about it, as the end of a sentence. */
const char *sluice_recognition_mend(enum sluice_recognition what);

#endif /* SLUICE_BENCH_RECOGNITION_H */
