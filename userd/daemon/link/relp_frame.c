// SPDX-License-Identifier: MIT
/*
 * Frames of RELP; see relp_frame.h. Touches: the bytes it is given.
 */
#include <errno.h>
#include <string.h>
#include "relp_frame.h"

/* The offer that names the commands, in the data of `open` and of its answer. */
#define COMMANDS "commands="
#define DIGITS_MAX 9U

uint32_t sluice_relp_txnr(uint64_t number)
{
	return (uint32_t)(number % SLUICE_RELP_TXNR_MAX) + 1;
}

bool sluice_relp_find(uint32_t txnr, uint64_t first, uint64_t end, uint64_t *number)
{
	uint64_t away;

	if (!txnr || txnr > SLUICE_RELP_TXNR_MAX || first >= end)
		return false;
	away = (txnr + (uint64_t)SLUICE_RELP_TXNR_MAX - sluice_relp_txnr(first)) %
	       SLUICE_RELP_TXNR_MAX;
	*number = first + away;
	return away < end - first;
}

/* Decimal digits of `value`. */
static size_t digits(size_t value)
{
	size_t count = 1;

	while (value /= 10)
		count++;
	return count;
}

/* Writes `value` in decimal; returns where the next goes. */
static uint8_t *write_number(size_t value, uint8_t *out)
{
	size_t width = digits(value), place;

	for (place = width; place > 0; value /= 10)
		out[--place] = (uint8_t)('0' + value % 10);
	return out + width;
}

size_t sluice_relp_size(uint32_t txnr, const char *command, size_t length)
{
	return digits(txnr) + 1 + strlen(command) + 1 + digits(length) + (length ? 1 + length : 0) +
	       1;
}

size_t sluice_relp_write(uint32_t txnr, const char *command, const void *data, size_t length,
			 uint8_t *out)
{
	size_t name = strlen(command);
	uint8_t *at = write_number(txnr, out);

	*at++ = ' ';
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): what follows is no text */
	memcpy(at, command, name);
	at += name;
	*at++ = ' ';
	at = write_number(length, at);
	if (length) {
		*at++ = ' ';
		memcpy(at, data, length);
		at += length;
	}
	*at++ = '\n';
	return (size_t)(at - out);
}

/* Is it one of 0 to 9? */
static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* Is it one of a to z or A to Z? */
static bool is_call(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Reads a number of one to nine digits at *at, whatever stands behind it, and steps over it. 0,
 * -EAGAIN if it may go on, -EPROTO. */
static int read_number(const uint8_t **at, const uint8_t *end, uint32_t *value)
{
	const uint8_t *begin = *at;

	*value = 0;
	for (; *at < end && is_digit(**at); ++*at) {
		if (*at - begin >= (ptrdiff_t)DIGITS_MAX)
			return -EPROTO;
		*value = *value * 10 + (uint32_t)(**at - '0');
	}
	if (*at == end)
		return -EAGAIN;
	return *at > begin ? 0 : -EPROTO;
}

/* Steps over `byte`. 0, -EAGAIN if nothing is there, -EPROTO. */
static int read_byte(const uint8_t **at, const uint8_t *end, uint8_t byte)
{
	if (*at == end)
		return -EAGAIN;
	if (**at != byte)
		return -EPROTO;
	++*at;
	return 0;
}

/* Reads the name of a command at *at and steps over it. 0, -EAGAIN if it may go on, -EPROTO. */
static int read_command(const uint8_t **at, const uint8_t *end, struct sluice_relp_frame *frame)
{
	const uint8_t *begin = *at;

	for (; *at < end && is_call(**at); ++*at)
		if (*at - begin >= (ptrdiff_t)SLUICE_RELP_COMMAND_MAX)
			return -EPROTO;
	if (*at == end)
		return -EAGAIN;
	frame->command = (const char *)begin;
	frame->command_length = (size_t)(*at - begin);
	return frame->command_length ? 0 : -EPROTO;
}

int sluice_relp_read(const uint8_t *bytes, size_t available, struct sluice_relp_frame *frame)
{
	const uint8_t *at = bytes, *end = bytes + available;
	uint32_t length;
	int error;

	error = read_number(&at, end, &frame->txnr);
	if (!error)
		error = read_byte(&at, end, ' ');
	if (!error)
		error = read_command(&at, end, frame);
	if (!error)
		error = read_byte(&at, end, ' ');
	if (!error)
		error = read_number(&at, end, &length);
	if (error)
		return error;
	if (length > SLUICE_RELP_DATA_MAX)
		return -EMSGSIZE;
	/* Without data librelp writes no space; others may, and that can mean nothing else. */
	if (length || *at == ' ')
		error = read_byte(&at, end, ' ');
	if (error)
		return error;
	frame->data = at;
	frame->length = length;
	if ((size_t)(end - at) < length)
		return -EAGAIN;
	at += length;
	error = read_byte(&at, end, '\n');
	frame->whole = (size_t)(at - bytes);
	return error;
}

bool sluice_relp_is(const struct sluice_relp_frame *frame, const char *command)
{
	return frame->command_length == strlen(command) &&
	       !memcmp(frame->command, command, frame->command_length);
}

int sluice_relp_status(const struct sluice_relp_frame *frame, const uint8_t **words, size_t *length)
{
	const uint8_t *at = frame->data, *end = at + frame->length, *line;

	if (frame->length < 3 || !is_digit(at[0]) || !is_digit(at[1]) || !is_digit(at[2]) ||
	    (frame->length > 3 && at[3] != ' ' && at[3] != '\n'))
		return -EPROTO;
	*words = frame->length > 3 && at[3] == ' ' ? at + 4 : at + 3;
	line = memchr(*words, '\n', (size_t)(end - *words));
	*length = (size_t)((line ? line : end) - *words);
	return (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
}

/* Is `command` one of the names in [at, end), which commas part? */
static bool is_listed(const uint8_t *at, const uint8_t *end, const char *command)
{
	size_t name = strlen(command);
	const uint8_t *comma;

	for (; at < end; at = comma + 1) {
		comma = memchr(at, ',', (size_t)(end - at));
		if (!comma)
			comma = end;
		if ((size_t)(comma - at) == name && !memcmp(at, command, name))
			return true;
	}
	return false;
}

bool sluice_relp_offers(const struct sluice_relp_frame *frame, const char *command)
{
	const uint8_t *at = frame->data, *end = at + frame->length, *line;

	for (; at < end; at = line + 1) {
		line = memchr(at, '\n', (size_t)(end - at));
		if (!line)
			line = end;
		if ((size_t)(line - at) > strlen(COMMANDS) &&
		    !memcmp(at, COMMANDS, strlen(COMMANDS)) &&
		    is_listed(at + strlen(COMMANDS), line, command))
			return true;
	}
	return false;
}
