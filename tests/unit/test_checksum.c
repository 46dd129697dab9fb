// SPDX-License-Identifier: MIT
/*
 * The checksum of UDP: of every length, right and with a bit turned, IPv4 and IPv6, and where there
 * is none. Touches: memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "checksum.h"

#define MOST 300U

/* A checksum, byte by byte (RFC 1071), of what the pseudo-header says and of `udp`. @context
 * process */
static uint16_t slowly(uint8_t family, const uint8_t *source, const uint8_t *destination,
		       const uint8_t *udp, size_t length)
{
	uint32_t sum = 17 + (uint32_t)length;
	size_t at, size = family == 4 ? 4 : 16;

	for (at = 0; at < size; at++)
		sum += (uint32_t)(source[at] + destination[at]) << (at % 2 ? 0 : 8);
	for (at = 0; at < length; at++)
		sum += (uint32_t)udp[at] << (at % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(0xffff - sum ? 0xffff - sum : 0xffff);
}

/* Right ones are right, and with a bit turned wrong, of all lengths and in both families. */
static void test_lengths(void **state)
{
	const uint8_t source[16] = {10, 9, 0, 2, 5}, destination[16] = {10, 9, 0, 1, [15] = 7};
	uint8_t bytes[MOST] = {0};
	uint16_t right;
	size_t length;
	uint8_t family;

	(void)state;
	for (length = 8; length < MOST; length++)
		for (family = 4; family <= 6; family += 2) {
			memset(bytes, 0, 8);
			memset(bytes + 8, (int)(length * 37), sizeof(bytes) - 8);
			bytes[3] = (uint8_t)length;
			right = slowly(family, source, destination, bytes, length);
			bytes[6] = (uint8_t)(right >> 8);
			bytes[7] = (uint8_t)right;
			assert_true(
				sluice_checksum_udp(family, source, destination, bytes, length));
			bytes[length - 1] ^= 4;
			/* Of an empty one that is the checksum itself. */
			assert_false(
				sluice_checksum_udp(family, source, destination, bytes, length));
		}
}

/* IPv4 may have none, IPv6 may not; what is no datagram is wrong. */
static void test_none(void **state)
{
	const uint8_t address[16] = {1};
	const uint8_t bytes[8] = {0};

	(void)state;
	assert_true(sluice_checksum_udp(4, address, address, bytes, 8));
	assert_false(sluice_checksum_udp(6, address, address, bytes, 8));
	assert_false(sluice_checksum_udp(4, address, address, bytes, 7));
	assert_false(sluice_checksum_udp(4, address, address, bytes, 65536));
	assert_false(sluice_checksum_udp(4, address, address, NULL, 8));
}

/* One that its sender has only begun has the sum of the pseudo header in its field, as is (RFC
 * 768), whatever the payload; a right one is not begun, nor is one with another sum. */
static void test_begun(void **state)
{
	const uint8_t source[16] = {10, 9, 0, 2, 5}, destination[16] = {10, 9, 0, 1, [15] = 7};
	uint8_t bytes[MOST] = {0};
	uint8_t family;
	uint16_t sum;

	(void)state;
	memset(bytes + 8, 0x5a, sizeof(bytes) - 8);
	for (family = 4; family <= 6; family += 2) {
		/* slowly() of nothing but zeros is the pseudo header's, turned round. */
		const uint8_t none[MOST] = {0};

		sum = (uint16_t)~slowly(family, source, destination, none, sizeof(bytes));
		bytes[6] = (uint8_t)(sum >> 8);
		bytes[7] = (uint8_t)sum;
		assert_true(sluice_checksum_udp_is_begun(family, source, destination, bytes,
							 sizeof(bytes)));
		assert_false(
			sluice_checksum_udp(family, source, destination, bytes, sizeof(bytes)));
		bytes[7] ^= 1;
		assert_false(sluice_checksum_udp_is_begun(family, source, destination, bytes,
							  sizeof(bytes)));
		assert_false(sluice_checksum_udp_is_begun(family, source, destination, NULL, 8));
	}
}

/* @context process */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
