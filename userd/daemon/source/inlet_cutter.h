/* SPDX-License-Identifier: MIT */
/*
 * Cuts what comes over a TCP connection into records: lines, octet-counted messages, or what stands
 * behind a length of 4 bytes. One that is too long is cut, and the rest of it passed over, so
 * memory is bounded whatever comes. Touches: its buffer. Not @threadsafe.
 */
#ifndef SLUICE_SOURCE_INLET_CUTTER_H
#define SLUICE_SOURCE_INLET_CUTTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"

struct sluice_inlet_cutter {
	enum sluice_cutting framing;
	size_t most;	 /* bytes of a record */
	uint8_t *buffer; /* @owner the cutter; NULL while it has nothing */
	size_t capacity;
	size_t begin, end;
	size_t searched; /* newline: bytes from `begin` on in which there is none */
	bool discards;	 /* newline: within a line that was cut */
	uint64_t left;	 /* others: bytes of what was cut that are passed over */
};

/* A record; valid until the next call. */
struct sluice_inlet_item {
	const uint8_t *bytes;
	size_t length;
	size_t used; /* bytes of the stream that go with it */
	uint64_t left;
	bool discards;
	bool is_cut;
};

/* Makes it ready; `most`: bytes of a record, at least 1. */
void sluice_inlet_cutter_begin(struct sluice_inlet_cutter *cutter, enum sluice_cutting framing,
			       size_t most);
/* Frees the buffer. */
void sluice_inlet_cutter_free(struct sluice_inlet_cutter *cutter);
/* Where to read to, at least one byte. NULL: no memory. */
uint8_t *sluice_inlet_cutter_room(struct sluice_inlet_cutter *cutter, size_t *room);
/* So many bytes were read to there. */
void sluice_inlet_cutter_fed(struct sluice_inlet_cutter *cutter, size_t length);
/* The next record, which stays the next one until it is taken. 1; 0: more bytes are needed;
 * -EPROTO: this is not the framing, and where the next record begins is not known. `is_last`: no
 * more bytes come, so a line may lack its end. */
int sluice_inlet_cutter_look(struct sluice_inlet_cutter *cutter, bool is_last,
			     struct sluice_inlet_item *item);
void sluice_inlet_cutter_take(struct sluice_inlet_cutter *cutter,
			      const struct sluice_inlet_item *item);
/* Is there part of a record that was not taken yet, cut ones not counted? */
bool sluice_inlet_cutter_is_within(const struct sluice_inlet_cutter *cutter);

#endif /* SLUICE_SOURCE_INLET_CUTTER_H */
