/* SPDX-License-Identifier: MIT */
/*
 * For tests of rings in files: where the file and its twin are, records in it, and what it holds
 * and tells of. Include cmocka.h first. Touches: the ring it is given.
 */
#ifndef TESTS_RING_FILE_HELPER_H
#define TESTS_RING_FILE_HELPER_H

#include <stdint.h>
#include <string.h>
#include "lib/record.h"
#include "lib/ring.h"

#define SIZE SLUICE_RING_SIZE_MIN

static char path[64], twin[80];
static const uint8_t stream[16] = "stream of a test";

/* Datagrams in the ring, and those that GAP records tell of; *unknown: those without a number. */
static inline uint64_t add_up(struct sluice_ring *ring, unsigned int *unknown)
{
	uint64_t at = sluice_ring_tail(ring), sequence, sum = 0, count;
	struct sluice_record_view view;
	struct sluice_record_gap gap;
	struct sluice_span span;

	*unknown = 0;
	assert_int_equal(sluice_ring_locate(ring, at, &sequence), 0);
	for (; sluice_ring_span(ring, at, sequence, 20000, &span); sequence += span.count) {
		for (count = 0; at < span.end; at += view.span, count++) {
			assert_int_equal(sluice_record_read(sluice_ring_at(ring, at),
							    (size_t)(span.end - at), &view),
					 0);
			sum += view.type == SLUICE_RECORD_DATA;
			if (view.type != SLUICE_RECORD_GAP)
				continue;
			memcpy(&gap, view.payload, sizeof(gap));
			sum += gap.datagrams;
			*unknown += !gap.datagrams;
		}
		assert_int_equal(count, span.count);
	}
	return sum;
}

/* Stores `count` records of 64 bytes, for which there is room. */
static inline void store(struct sluice_ring *ring, unsigned int count)
{
	unsigned int number;
	uint8_t *bytes;

	for (number = 0; number < count; number++) {
		bytes = sluice_ring_reserve(ring, 64);
		assert_non_null(bytes);
		memset(bytes, 0, 64);
		sluice_record_write(bytes, 64, SLUICE_RECORD_DATA, 0, 0, number);
		sluice_ring_commit(ring);
	}
}

#endif /* TESTS_RING_FILE_HELPER_H */
