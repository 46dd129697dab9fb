// SPDX-License-Identifier: MIT
/*
 * Writing and recognising numbered payloads: see payload.h for the layout. The first and the last
 * thing that happens to a datagram in a bench. Touches: nothing but memory.
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sluice/record.h>
#include "../lib/frame.h"
#include "payload.h"

/* Six bits a character; RFC 4648 section 5 (the URL-safe base64 alphabet), which has no newline,
 * space or NUL. */
static const char alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What the two forms with a header begin with. */
static const uint8_t magic_full[3] = {'{', 'S', '}'};
static const uint8_t magic_short[2] = {'{', 's'};

#define NO_DIGIT 0xffU
/* The fill of a payload begins anywhere in the first FILL_STARTS bytes of the pattern. */
#define FILL_STARTS 4096U

/* Where the fields of the two forms with a header lie. */
#define FULL_CRC 26U
#define SHORT_CRC 13U

static uint8_t digits[256];
static uint8_t fill[FILL_STARTS + SLUICE_PAYLOAD_MAX];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

/* Makes the two tables. @context any, once */
static void make_tables(void)
{
	uint32_t random = 1;
	size_t place;

	memset(digits, NO_DIGIT, sizeof(digits));
	for (place = 0; place < 64; place++)
		digits[(uint8_t)alphabet[place]] = (uint8_t)place;
	for (place = 0; place < sizeof(fill); place++) {
		/* Any pattern without a short period does: Numerical Recipes' linear congruence. */
		random = random * 1664525U + 1013904223U;
		fill[place] = (uint8_t)alphabet[random >> 26];
	}
}

/* Writes the low 6 * `count` bits of `value` as `count` characters. */
static void put_number(uint8_t *to, size_t count, uint64_t value)
{
	while (count-- > 0) {
		to[count] = (uint8_t)alphabet[value & 63];
		value >>= 6;
	}
}

/* Reads `count` characters; false if one of them is no digit. */
static bool get_number(const uint8_t *from, size_t count, uint64_t *value)
{
	uint64_t result = 0;

	while (count-- > 0) {
		if (digits[*from] == NO_DIGIT)
			return false;
		result = result << 6 | digits[*from++];
	}
	*value = result;
	return true;
}

/* CRC32C of a FULL payload without the CRC itself. */
static uint32_t full_crc(const uint8_t *bytes, size_t length)
{
	uint32_t crc = sluice_crc32c(0, bytes, FULL_CRC);

	return sluice_crc32c(crc, bytes + SLUICE_PAYLOAD_FULL_SIZE,
			     length - SLUICE_PAYLOAD_FULL_SIZE);
}

/* The 18 bits of CRC of a SHORT payload. */
static uint32_t short_crc(const uint8_t *bytes, size_t length)
{
	uint8_t size = (uint8_t)length;
	uint32_t crc = sluice_crc32c(0, &size, 1);

	crc = sluice_crc32c(crc, bytes, SHORT_CRC);
	crc = sluice_crc32c(crc, bytes + SLUICE_PAYLOAD_SHORT_SIZE,
			    length - SLUICE_PAYLOAD_SHORT_SIZE);
	return crc & 0x3ffffU;
}

/* Character number `place` of a TINY payload that begins with digit `first`. */
static uint8_t tiny_character(size_t first, size_t place, size_t length)
{
	if (place == 0)
		return (uint8_t)alphabet[first & 63];
	return (uint8_t)alphabet[(first + 7 * place + 3 * length) & 63];
}

/* As payload.h says. @threadsafe */
enum sluice_payload_form sluice_payload_form(size_t length)
{
	if (length >= SLUICE_PAYLOAD_FULL_SIZE)
		return SLUICE_PAYLOAD_FULL;
	if (length >= SLUICE_PAYLOAD_SHORT_SIZE)
		return SLUICE_PAYLOAD_SHORT;
	return length > 0 ? SLUICE_PAYLOAD_TINY : SLUICE_PAYLOAD_EMPTY;
}

/* As payload.h says. @threadsafe */
void sluice_payload_write(uint8_t *buffer, size_t length, uint64_t run, uint32_t flow,
			  uint64_t sequence)
{
	const uint8_t *from;
	size_t place;

	if (!buffer || length > SLUICE_PAYLOAD_MAX)
		return;
	pthread_once(&tables_once, make_tables);
	/* The fill moves with the sequence, so that a byte left over from the datagram before is
	 * noticed. */
	from = fill + (sequence * 61 + flow) % FILL_STARTS;
	switch (sluice_payload_form(length)) {
	case SLUICE_PAYLOAD_FULL:
		memcpy(buffer, magic_full, sizeof(magic_full));
		put_number(buffer + 3, 11, run);
		put_number(buffer + 14, 3, flow);
		put_number(buffer + 17, 6, sequence);
		put_number(buffer + 23, 3, length);
		memcpy(buffer + SLUICE_PAYLOAD_FULL_SIZE, from, length - SLUICE_PAYLOAD_FULL_SIZE);
		put_number(buffer + FULL_CRC, 6, full_crc(buffer, length));
		break;
	case SLUICE_PAYLOAD_SHORT:
		memcpy(buffer, magic_short, sizeof(magic_short));
		put_number(buffer + 2, 3, run);
		put_number(buffer + 5, 2, flow);
		put_number(buffer + 7, 6, sequence);
		memcpy(buffer + SLUICE_PAYLOAD_SHORT_SIZE, from,
		       length - SLUICE_PAYLOAD_SHORT_SIZE);
		put_number(buffer + SHORT_CRC, 3, short_crc(buffer, length));
		break;
	default:
		for (place = 0; place < length; place++)
			buffer[place] = tiny_character(sequence, place, length);
		break;
	}
}

/* Reads a payload of at least 32 bytes that begins as ours do. */
static void read_full(const uint8_t *bytes, size_t length, struct sluice_payload *payload)
{
	uint64_t run;
	uint64_t flow;
	uint64_t sequence;
	uint64_t size;
	uint64_t crc;

	if (!get_number(bytes + 3, 11, &run) || !get_number(bytes + 14, 3, &flow) ||
	    !get_number(bytes + 17, 6, &sequence) || !get_number(bytes + 23, 3, &size) ||
	    !get_number(bytes + FULL_CRC, 6, &crc) || size != length ||
	    crc != full_crc(bytes, length))
		return;
	payload->form = SLUICE_PAYLOAD_FULL;
	payload->run = run;
	payload->flow = (uint32_t)flow;
	payload->sequence = sequence;
}

/* Reads a payload of 16 to 31 bytes that begins as ours do. */
static void read_short(const uint8_t *bytes, size_t length, struct sluice_payload *payload)
{
	uint64_t run;
	uint64_t flow;
	uint64_t sequence;
	uint64_t crc;

	if (!get_number(bytes + 2, 3, &run) || !get_number(bytes + 5, 2, &flow) ||
	    !get_number(bytes + 7, 6, &sequence) || !get_number(bytes + SHORT_CRC, 3, &crc) ||
	    crc != short_crc(bytes, length))
		return;
	payload->form = SLUICE_PAYLOAD_SHORT;
	payload->run = run;
	payload->flow = (uint32_t)flow;
	payload->sequence = sequence;
}

/* Reads a payload of 1 to 15 bytes. What does not fit the pattern is somebody else's, for nothing
 * tells otherwise. */
static void read_tiny(const uint8_t *bytes, size_t length, struct sluice_payload *payload)
{
	size_t place;

	payload->form = SLUICE_PAYLOAD_PLAIN;
	if (digits[bytes[0]] == NO_DIGIT)
		return;
	for (place = 1; place < length; place++)
		if (bytes[place] != tiny_character(digits[bytes[0]], place, length))
			return;
	payload->form = SLUICE_PAYLOAD_TINY;
	payload->sequence = digits[bytes[0]];
}

/* As payload.h says. @threadsafe */
void sluice_payload_read(const uint8_t *bytes, size_t length, struct sluice_payload *payload)
{
	if (!payload)
		return;
	memset(payload, 0, sizeof(*payload));
	if (length == 0) {
		payload->form = SLUICE_PAYLOAD_EMPTY;
		return;
	}
	payload->form = SLUICE_PAYLOAD_PLAIN;
	if (!bytes)
		return;
	pthread_once(&tables_once, make_tables);
	if (length >= 3 && memcmp(bytes, magic_full, sizeof(magic_full)) == 0) {
		payload->form = SLUICE_PAYLOAD_DAMAGED;
		if (length >= SLUICE_PAYLOAD_FULL_SIZE)
			read_full(bytes, length, payload);
	} else if (length >= 2 && memcmp(bytes, magic_short, sizeof(magic_short)) == 0) {
		payload->form = SLUICE_PAYLOAD_DAMAGED;
		if (sluice_payload_form(length) == SLUICE_PAYLOAD_SHORT)
			read_short(bytes, length, payload);
	} else if (length < SLUICE_PAYLOAD_SHORT_SIZE) {
		read_tiny(bytes, length, payload);
	}
}
