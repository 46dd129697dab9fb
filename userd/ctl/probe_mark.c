// SPDX-License-Identifier: MIT
/*
 * Marked datagrams: see probe_mark.h. Written before they are sent, read where a receiver wrote
 * them. Touches: memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frame.h"
#include "probe_mark.h"

#define CRC_TEXT " crc="

/* By enum of their place in the filler: bytes that end or spoil a message somewhere. */
static const char nasty[] = {'\n', '\0', '\r', '\xff', '\t', '<'};

/* Writes the mark up to its CRC. Bytes, or 0 if it is not possible. */
static size_t write_front(const struct sluice_probe_mark *mark, char text[SLUICE_PROBE_MARK_MAX])
{
	int length;

	if (mark->number == 0 || mark->number > mark->count ||
	    mark->count > SLUICE_PROBE_COUNT_MAX || mark->flow > SLUICE_PROBE_FLOWS_MAX ||
	    mark->at > 999 || mark->length > SLUICE_PROBE_SIZE_MAX ||
	    mark->most > SLUICE_PROBE_SIZE_MAX ||
	    strnlen(mark->via, sizeof(mark->via)) == sizeof(mark->via))
		return 0;
	length = snprintf(text, SLUICE_PROBE_MARK_MAX,
			  SLUICE_PROBE_WORD "%08" PRIx32 " n=%05" PRIu32 "/%05" PRIu32
					    " f=%02" PRIu32 " at=%03" PRIu32 " len=%05" PRIu32
					    "/%05" PRIu32 " k=%c via=%s",
			  mark->run, mark->number, mark->count, mark->flow, mark->at, mark->length,
			  mark->most, mark->nasty ? 'n' : 'p', mark->via[0] ? mark->via : "-");
	return length > 0 && (size_t)length < SLUICE_PROBE_MARK_MAX - 16 ? (size_t)length : 0;
}

/* Writes the filler for the places from `place` to the end of the datagram, and the end. Groups
 * begin at places that are multiples of their length, so that what is at a place does not depend on
 * what is before it. */
static void write_filler(const struct sluice_probe_mark *mark, size_t place, uint8_t *out)
{
	char group[SLUICE_PROBE_GROUP + 1];
	size_t within, length;

	while (place < mark->length) {
		within = place % SLUICE_PROBE_GROUP;
		snprintf(group, sizeof(group), "=%04x.%05" PRIu32 "@%05zu=abcdef",
			 mark->run & 0xffff, mark->number, (place - within) % 100000);
		if (mark->nasty)
			memcpy(group + SLUICE_PROBE_GROUP_MARK, nasty, sizeof(nasty));
		length = SLUICE_PROBE_GROUP - within;
		length = mark->length - place < length ? mark->length - place : length;
		memcpy(out, group + within, length);
		out += length;
		place += length;
	}
	out[-1] = '.';
}

/* As probe_mark.h says. */
size_t sluice_probe_least(const struct sluice_probe_mark *mark)
{
	char text[SLUICE_PROBE_MARK_MAX];
	struct sluice_probe_mark longest;
	size_t length;

	if (!mark)
		return 0;
	longest = *mark;
	longest.length = SLUICE_PROBE_SIZE_MAX;
	length = write_front(&longest, text);
	return length ? mark->at + length + sizeof(CRC_TEXT) - 1 + 8 + 1 + 1 : 0;
}

/* As probe_mark.h says. */
size_t sluice_probe_body(const struct sluice_probe_mark *mark, uint8_t *body, size_t room)
{
	char text[SLUICE_PROBE_MARK_MAX];
	size_t length, front, behind;
	uint32_t crc;

	if (!mark || !body || mark->length < sluice_probe_least(mark))
		return 0;
	front = write_front(mark, text);
	length = mark->length - mark->at;
	if (!front || length > room)
		return 0;
	behind = front + sizeof(CRC_TEXT) - 1 + 8 + 1;
	write_filler(mark, mark->at + behind, body + behind);
	crc = sluice_crc32c(0, text, front);
	crc = sluice_crc32c(crc, body + behind, length - behind);
	snprintf(text + front, sizeof(text) - front, CRC_TEXT "%08" PRIx32 " ", crc);
	memcpy(body, text, behind);
	return length;
}

/* Reads `digits` digits of this base behind `key` at *at, and goes on behind them. False: something
 * else is there. */
static bool read_number(const char **at, const char *key, size_t digits, int base, uint32_t *value)
{
	char text[9] = "";
	char *end;

	if (strncmp(*at, key, strlen(key)) != 0)
		return false;
	*at += strlen(key);
	if (digits >= sizeof(text) || strnlen(*at, digits) < digits || **at == '-' || **at == '+' ||
	    **at == ' ')
		return false;
	memcpy(text, *at, digits);
	*value = (uint32_t)strtoul(text, &end, base);
	*at += digits;
	return *end == '\0';
}

/* As probe_mark.h says. */
int sluice_probe_read(const uint8_t *bytes, size_t length, struct sluice_probe_mark *mark)
{
	char text[SLUICE_PROBE_MARK_MAX] = "", wanted[SLUICE_PROBE_MARK_MAX];
	uint8_t *body;
	const char *at = text;
	uint32_t crc;
	size_t via, size;

	if (!bytes || !mark)
		return -EINVAL;
	memset(mark, 0, sizeof(*mark));
	memcpy(text, bytes, length < sizeof(text) - 1 ? length : sizeof(text) - 1);
	if (!read_number(&at, SLUICE_PROBE_WORD, 8, 16, &mark->run) ||
	    !read_number(&at, " n=", 5, 10, &mark->number) ||
	    !read_number(&at, "/", 5, 10, &mark->count) ||
	    !read_number(&at, " f=", 2, 10, &mark->flow) ||
	    !read_number(&at, " at=", 3, 10, &mark->at) ||
	    !read_number(&at, " len=", 5, 10, &mark->length) ||
	    !read_number(&at, "/", 5, 10, &mark->most) || strncmp(at, " k=", 3) != 0 ||
	    (at[3] != 'n' && at[3] != 'p'))
		return -EAGAIN;
	mark->nasty = at[3] == 'n';
	at += 4;
	if (strncmp(at, " via=", 5) != 0)
		return -EAGAIN;
	at += 5;
	via = strcspn(at, " \n");
	if (via == 0 || via >= sizeof(mark->via))
		return -EAGAIN;
	memcpy(mark->via, at, via);
	at += via;
	if (!read_number(&at, CRC_TEXT, 8, 16, &crc) || *at != ' ')
		return -EAGAIN;
	size = (size_t)(at + 1 - text);
	/* What the mark says must give the CRC that stands in it. */
	body = malloc(SLUICE_PROBE_SIZE_MAX);
	if (!body)
		return -ENOMEM;
	via = sluice_probe_body(mark, body, SLUICE_PROBE_SIZE_MAX);
	memcpy(wanted, body, via < size ? via : size);
	free(body);
	return via >= size && memcmp(wanted, text, size) == 0 ? 0 : -EBADMSG;
}

/* As probe_mark.h says. */
bool sluice_probe_group(const uint8_t *bytes, size_t length, uint32_t *run, uint32_t *number,
			uint32_t *place)
{
	char text[SLUICE_PROBE_GROUP_MARK + 1] = "";
	const char *at = text;

	if (!bytes || length < SLUICE_PROBE_GROUP_MARK)
		return false;
	memcpy(text, bytes, SLUICE_PROBE_GROUP_MARK);
	return read_number(&at, "=", 4, 16, run) && read_number(&at, ".", 5, 10, number) &&
	       read_number(&at, "@", 5, 10, place) && *at == '=';
}

/* How many bytes at `found` stand for the byte `wanted`, which cannot be printed: an escape; 0:
 * none does. */
static size_t escape_of(uint8_t wanted, const uint8_t *found, size_t length)
{
	static const char letters[][2] = {{'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\0', '0'}};
	static const char *const forms[] = {"#%03o",   "\\%03o",  "\\x%02x", "\\x%02X",
					    "\\u%04x", "\\u%04X", "<%02X>",  "%%%02X"};
	/* For any byte that is no UTF-8. */
	static const char *const unknown[] = {"\xef\xbf\xbd", "\\ufffd"};
	char text[16];
	size_t number;
	int size;

	for (number = 0; number < sizeof(forms) / sizeof(forms[0]); number++) {
		size = snprintf(text, sizeof(text), forms[number], wanted);
		if (size > 0 && (size_t)size <= length && memcmp(found, text, (size_t)size) == 0)
			return (size_t)size;
	}
	for (number = 0; wanted >= 0x80 && number < sizeof(unknown) / sizeof(unknown[0]); number++)
		if (length >= strlen(unknown[number]) &&
		    memcmp(found, unknown[number], strlen(unknown[number])) == 0)
			return strlen(unknown[number]);
	for (number = 0; number < sizeof(letters) / sizeof(letters[0]); number++)
		if ((uint8_t)letters[number][0] == wanted && length >= 2 && found[0] == '\\' &&
		    found[1] == (uint8_t)letters[number][1])
			return 2;
	return 0;
}

/* As probe_mark.h says. */
void sluice_probe_compare(const uint8_t *expected, size_t length, const uint8_t *found,
			  size_t found_length, struct sluice_probe_match *match)
{
	size_t escape;

	memset(match, 0, sizeof(*match));
	while (match->matched < length && match->taken < found_length) {
		uint8_t wanted = expected[match->matched];
		const uint8_t *at = found + match->taken;

		if (*at == wanted) {
			match->taken++;
		} else if (wanted >= ' ' && wanted < 0x7f) {
			break;
		} else {
			escape = escape_of(wanted, at, found_length - match->taken);
			match->escaped += escape > 0;
			match->taken += escape;
			if (!escape) {
				/* One byte for another that cannot be printed, where the rest goes
				 * on. */
				if (*at == '\n' || match->matched + 1 == length)
					break;
				match->replaced++;
				match->taken += *at != expected[match->matched + 1];
			}
		}
		match->matched++;
	}
}
