/* SPDX-License-Identifier: MIT */
/*
 * Buffers that grow with what is put into them. Touches: memory.
 */
#ifndef SLUICE_BUFFER_H
#define SLUICE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Makes *bytes, of *size bytes, hold `wanted`. False: no memory; it stays as it is. @owner caller:
 * free(*bytes) @threadsafe */
static inline bool sluice_buffer_grow(uint8_t **bytes, size_t *size, size_t wanted)
{
	uint8_t *larger;

	if (wanted <= *size)
		return true;
	larger = realloc(*bytes, wanted);
	if (!larger)
		return false;
	*bytes = larger;
	*size = wanted;
	return true;
}

#endif /* SLUICE_BUFFER_H */
