// SPDX-License-Identifier: MIT
/*
 * CRC32C: the published check values, a slow table-free implementation beside it, and any cut of
 * the input.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/frame.h"

/* Bit by bit, straight from the polynomial (RFC 3720 section 12.1: 0x1EDC6F41, reflected
 * 0x82F63B78). */
static uint32_t slow_crc32c(const uint8_t *bytes, size_t length)
{
	uint32_t crc = ~0U;
	int bit;

	while (length--) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78U : 0);
	}
	return ~crc;
}

/* The check value of frame.h and the vectors of RFC 3720 appendix B.4. */
static void known_vectors(void **state)
{
	uint8_t bytes[32];
	size_t index;

	(void)state;
	assert_int_equal(sluice_crc32c(0, "123456789", 9), 0xE3069283U);
	assert_int_equal(sluice_crc32c(0, "", 0), 0);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(sluice_crc32c(0, bytes, sizeof(bytes)), 0x8A9136AAU);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(sluice_crc32c(0, bytes, sizeof(bytes)), 0x62A8AB43U);
	for (index = 0; index < sizeof(bytes); index++)
		bytes[index] = (uint8_t)index;
	assert_int_equal(sluice_crc32c(0, bytes, sizeof(bytes)), 0x46DD794EU);
}

/* Every length up to 600 at every alignment of 8 agrees with the slow way, whole and cut in two
 * anywhere. */
static void agrees_with_polynomial(void **state)
{
	uint8_t bytes[640];
	size_t length;
	size_t index;

	(void)state;
	srandom(1);
	for (index = 0; index < sizeof(bytes); index++)
		bytes[index] = (uint8_t)random();
	for (length = 0; length <= 600; length++) {
		const uint8_t *from = bytes + length % 8;
		size_t cut = length ? (size_t)random() % (length + 1) : 0;
		uint32_t expected = slow_crc32c(from, length);

		assert_int_equal(sluice_crc32c(0, from, length), expected);
		assert_int_equal(
			sluice_crc32c(sluice_crc32c(0, from, cut), from + cut, length - cut),
			expected);
	}
}

/* NULL is no bytes, with whatever length. */
static void null_is_empty(void **state)
{
	(void)state;
	assert_int_equal(sluice_crc32c(7, NULL, 0), 7);
	assert_int_equal(sluice_crc32c(7, NULL, 5), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_vectors),
		cmocka_unit_test(agrees_with_polynomial),
		cmocka_unit_test(null_is_empty),
	};

	return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
