/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the receiving side: a stream of records in memory, and frames cut from it
 * anywhere, as a relay would make them. Touches: memory. Include cmocka.h first.
 */
#ifndef TESTS_STREAM_BUILDER_H
#define TESTS_STREAM_BUILDER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sluice/record.h>
#include "bench/payload.h"
#include "lib/frame.h"

struct builder {
	uint8_t *bytes; /* the stream from offset 0; @owner builder */
	size_t length;
	size_t capacity; /* of bytes; grows by doubling, for the sanitizer's realloc always copies
			  */
	size_t boundary_capacity;
	uint64_t *boundary; /* where record number n begins; one more than there are records */
	size_t records;
	uint8_t uuid[16];
	uint64_t epoch;
	uint64_t run;
	uint64_t sequence; /* of the next numbered datagram */
};

/* An empty stream. */
static inline void builder_start(struct builder *builder)
{
	memset(builder, 0, sizeof(*builder));
	memset(builder->uuid, 0x5a, sizeof(builder->uuid));
	builder->epoch = 3;
	builder->run = 0x0123456789abcdefULL;
	builder->boundary = calloc(1, sizeof(*builder->boundary));
	assert_non_null(builder->boundary);
}

/* Frees it. */
static inline void builder_end(struct builder *builder)
{
	free(builder->bytes);
	free(builder->boundary);
}

/* Adds a record of any type; returns where its payload goes. */
static inline uint8_t *builder_record(struct builder *builder, uint8_t type, uint8_t flags,
				      uint16_t input, size_t length)
{
	size_t skip = sizeof(struct sluice_record) +
		      (flags & SLUICE_RECORD_F_ADDRESS ? sizeof(struct sluice_record_address) : 0);
	uint64_t span = sluice_record_span((uint32_t)(skip + length));
	struct sluice_record record = {
		.length = htole32((uint32_t)(skip + length)), .type = type, .flags = flags};
	uint8_t *place;

	record.input = htole16(input);
	if (builder->length + span > builder->capacity) {
		builder->capacity = 2 * (builder->length + span);
		builder->bytes = realloc(builder->bytes, builder->capacity);
	}
	if (builder->records + 2 > builder->boundary_capacity) {
		builder->boundary_capacity = 2 * (builder->records + 2);
		builder->boundary = realloc(builder->boundary, builder->boundary_capacity *
								       sizeof(*builder->boundary));
	}
	if (!builder->bytes || !builder->boundary)
		abort();
	place = builder->bytes + builder->length;
	memset(place, 0, span);
	memcpy(place, &record, sizeof(record));
	builder->length += span;
	builder->boundary[++builder->records] = builder->length;
	return place + skip;
}

/* Adds a datagram as gen would send it; every third one with an address block. */
static inline void builder_numbered(struct builder *builder, uint16_t input, size_t length)
{
	uint8_t flags = builder->sequence % 3 == 0 ? SLUICE_RECORD_F_ADDRESS : 0;
	uint8_t *place = builder_record(builder, SLUICE_RECORD_DATA, flags, input, length);

	sluice_payload_write(place, length, builder->run, 0, builder->sequence++);
}

/* Adds `count` numbered datagrams of 32 to 231 bytes. */
static inline void builder_fill(struct builder *builder, size_t count)
{
	while (count-- > 0)
		builder_numbered(builder, 0, 32 + (size_t)random() % 200);
}

/* Adds a GAP record. */
static inline void builder_gap(struct builder *builder, uint16_t input, uint64_t datagrams,
			       uint32_t cause)
{
	struct sluice_record_gap gap = {.datagrams = htole64(datagrams), .cause = htole32(cause)};

	memcpy(builder_record(builder, SLUICE_RECORD_GAP, 0, input, sizeof(gap)), &gap,
	       sizeof(gap));
}

/* The header of a DATA frame of records [first, after); returns its payload. */
static inline const uint8_t *builder_frame(const struct builder *builder, size_t first,
					   size_t after, uint64_t floor, struct sluice_frame *frame)
{
	const uint8_t *payload = builder->bytes + builder->boundary[first];
	size_t length = builder->boundary[after] - builder->boundary[first];

	memset(frame, 0, sizeof(*frame));
	frame->type = SLUICE_FRAME_DATA;
	frame->length = htole32((uint32_t)length);
	frame->count = htole32((uint32_t)(after - first));
	memcpy(frame->stream, builder->uuid, 16);
	frame->epoch = htole64(builder->epoch);
	frame->offset = htole64(builder->boundary[first]);
	frame->floor = htole64(floor);
	frame->payload_crc = htole32(sluice_crc32c(0, payload, length));
	sluice_frame_seal(frame);
	return payload;
}

#endif /* TESTS_STREAM_BUILDER_H */
