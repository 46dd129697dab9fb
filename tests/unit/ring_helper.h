/* SPDX-License-Identifier: MIT */
/*
 * For tests of what reads rings: a ring in a memfd and records in it whose bytes say who they are.
 * Include cmocka.h first. Touches: the ring it is given.
 */
#ifndef TESTS_RING_HELPER_H
#define TESTS_RING_HELPER_H

#include <stdint.h>
#include <string.h>
#include "lib/record.h"
#include "lib/ring.h"

static const uint8_t test_stream[16] = {0x57, 1, 2, 3};

/* A new ring of the smallest size. */
static inline void make_ring(struct sluice_ring *ring)
{
	assert_int_equal(sluice_ring_create(ring, SLUICE_RING_SIZE_MIN, test_stream, 7, 0), 0);
}

/* Stores a datagram of `length` bytes, each of them `number`; false if the ring is full. */
static inline bool store(struct sluice_ring *ring, uint32_t length, uint8_t number)
{
	uint32_t whole = (uint32_t)sizeof(struct sluice_record) + length;
	uint8_t *record = sluice_ring_reserve(ring, whole);

	if (!record)
		return false;
	sluice_record_write(record, whole, SLUICE_RECORD_DATA, 0, 3, number);
	memset(record + sizeof(struct sluice_record), number, length);
	sluice_ring_commit(ring);
	return true;
}

#endif /* TESTS_RING_HELPER_H */
