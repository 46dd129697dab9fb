/* SPDX-License-Identifier: MIT */
/*
 * Records in memory: reading one, walking over many, writing a header. The layout is
 * uapi/sluice/record.h. For whoever must look at single datagrams: the plain framings, receivers,
 * user-space sources. Touches: the bytes it is given. All of it @threadsafe.
 */
#ifndef SLUICE_LIB_RECORD_H
#define SLUICE_LIB_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <sluice/record.h>

/* The longest record: header, address block, largest payload, padding. */
#define SLUICE_RECORD_SPAN_MAX 65592U

/* What a record says, in host byte order. The pointers point into the bytes it was read from. */
struct sluice_record_view {
	uint8_t type; /* enum sluice_record_type, or one we do not know */
	uint8_t flags;
	uint16_t input;
	uint64_t time_ns;
	const struct sluice_record_address *address; /* NULL if there is none */
	const uint8_t *payload;
	size_t payload_length;
	size_t span; /* bytes to the next record */
};

/* Reads the record at `bytes`, of which `available` can be read. 0, or -EPROTO if no record of
 * these can be there (then *view is undefined). */
int sluice_record_read(const uint8_t *bytes, size_t available, struct sluice_record_view *view);

/* Bytes that the record at `bytes` takes, 0 if no record of at most `available` bytes can be there.
 */
size_t sluice_record_step(const uint8_t *bytes, size_t available);

/* Writes a header. `length` as in struct sluice_record. */
void sluice_record_write(uint8_t *bytes, uint32_t length, uint8_t type, uint8_t flags,
			 uint16_t input, uint64_t time_ns);

#endif /* SLUICE_LIB_RECORD_H */
