// SPDX-License-Identifier: MIT
/*
 * CRC32C (Castagnoli) by ISA-L, which chooses the fastest way the processor has. Guards frames on
 * the wire and the numbered payloads of the bench. Touches: nothing but the bytes it is handed.
 */
#include <limits.h>
#include <isa-l/crc.h>
#include "frame.h"

/* crc32_iscsi() counts in int, and a whole number of 64-byte lines keeps its fast path. */
#define SLUICE_CRC32C_STEP ((size_t)(INT_MAX & ~63))

/* As frame.h says. NULL with a length is taken as no bytes: the CRC then stays what it was.
 * @threadsafe */
uint32_t sluice_crc32c(uint32_t crc, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	if (!bytes)
		return crc;
	/* RFC 3720 section 12.1: starts from all ones, and the result is complemented; ISA-L does
	 * neither. */
	crc = ~crc;
	while (length > 0) {
		size_t step = length < SLUICE_CRC32C_STEP ? length : SLUICE_CRC32C_STEP;

		/* ISA-L forgot the const; it only reads. */
		crc = crc32_iscsi((unsigned char *)(uintptr_t)bytes, (int)step, crc);
		bytes += step;
		length -= step;
	}
	return ~crc;
}
