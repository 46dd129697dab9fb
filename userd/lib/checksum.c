// SPDX-License-Identifier: MIT
/*
 * The checksum of UDP; see checksum.h. Touches: nothing.
 */
#include <endian.h>
#include <netinet/in.h>
#include <string.h>
#include "checksum.h"

#define UDP_HEADER 8U
#define CHECKSUM_OFFSET 6U

/* Adds bytes to a sum of 16 bit words in the machine's own order, which a ones' complement sum
 * allows (RFC 1071 section 2 (B)); only the last piece may have an odd length. Many at a time, as
 * the words of 64 bits that they are part of (section 2 (C)): a carry out of those is 1, too. */
static uint64_t add_up(uint64_t sum, const uint8_t *bytes, size_t length)
{
	uint64_t words[4], carry = 0;
	uint32_t word;
	uint16_t half = 0;

	for (; length >= sizeof(words); length -= sizeof(words), bytes += sizeof(words)) {
		memcpy(words, bytes, sizeof(words));
		carry += __builtin_add_overflow(sum, words[0], &sum);
		carry += __builtin_add_overflow(sum, words[1], &sum);
		carry += __builtin_add_overflow(sum, words[2], &sum);
		carry += __builtin_add_overflow(sum, words[3], &sum);
	}
	sum = (sum & UINT32_MAX) + (sum >> 32) + carry;
	for (; length >= sizeof(word); length -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum += word;
	}
	if (length >= sizeof(half)) {
		memcpy(&half, bytes, sizeof(half));
		sum += half;
		bytes += sizeof(half);
		length -= sizeof(half);
	}
	half = 0;
	if (length)
		memcpy(&half, bytes, 1);
	return sum + half;
}

bool sluice_checksum_udp(uint8_t family, const uint8_t source[16], const uint8_t destination[16],
			 const uint8_t *udp, size_t length)
{
	const size_t size = family == 4 ? 4 : 16;
	uint64_t sum;

	if (!source || !destination || !udp || length < UDP_HEADER || length > UINT16_MAX)
		return false;
	if (!udp[CHECKSUM_OFFSET] && !udp[CHECKSUM_OFFSET + 1])
		return family == 4;
	sum = htobe16(IPPROTO_UDP) + (uint64_t)htobe16((uint16_t)length);
	sum = add_up(sum, source, size);
	sum = add_up(sum, destination, size);
	sum = add_up(sum, udp, length);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}
