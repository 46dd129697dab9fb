// SPDX-License-Identifier: MIT
/*
 * Quantities as people write them, see size.h. One reader for all: digits, an optional fraction, a
 * unit from a table; every multiplication checked. Touches: nothing but memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "size.h"

/* A suffix and what one of it is worth in the smallest unit. */
struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{"", 1},
	{"b", 1},
	{"k", 1ULL << 10},
	{"kb", 1ULL << 10},
	{"kib", 1ULL << 10},
	{"m", 1ULL << 20},
	{"mb", 1ULL << 20},
	{"mib", 1ULL << 20},
	{"g", 1ULL << 30},
	{"gb", 1ULL << 30},
	{"gib", 1ULL << 30},
	{"t", 1ULL << 40},
	{"tb", 1ULL << 40},
	{"tib", 1ULL << 40},
	{NULL, 0},
};

static const struct unit duration_units[] = {
	{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000ULL}, {"h", 3600000000ULL},
	{NULL, 0},
};

static const struct unit rate_units[] = {
	{"bit", 1},
	{"kbit", 1000},
	{"mbit", 1000000},
	{"gbit", 1000000000},
	{"tbit", 1000000000000ULL},
	{NULL, 0},
};

static const struct unit percent_units[] = {{"%", 1}, {NULL, 0}};
static const struct unit plain_units[] = {{"", 1}, {NULL, 0}};

/* ASCII digits only: isdigit() asks the locale. */
static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

/*
 * Reads "digits[.digits]unit" and multiplies. A fraction must come out as a whole number of the
 * smallest unit. 0, -EINVAL, -ERANGE. @threadsafe
 */
static int quantity_parse(const char *text, const struct unit *units, uint64_t *result)
{
	uint64_t whole = 0, fraction = 0, scale = 1, part;
	const struct unit *unit;

	if (!text || !result || !is_digit(*text))
		return -EINVAL;
	for (; is_digit(*text); text++) {
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*text - '0'), &whole))
			return -ERANGE;
	}
	if (*text == '.') {
		text++;
		if (!is_digit(*text))
			return -EINVAL;
		/* Nine decimals are finer than anything that is configured here. */
		for (; is_digit(*text); text++) {
			if (scale >= 1000000000ULL)
				return -EINVAL;
			fraction = fraction * 10 + (uint64_t)(*text - '0');
			scale *= 10;
		}
	}
	while (*text == ' ')
		text++;
	for (unit = units; unit->suffix; unit++)
		if (!strcasecmp(text, unit->suffix))
			break;
	if (!unit->suffix)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit->factor, &whole) ||
	    __builtin_mul_overflow(fraction, unit->factor, &part))
		return -ERANGE;
	if (part % scale != 0)
		return -EINVAL;
	if (__builtin_add_overflow(whole, part / scale, &whole))
		return -ERANGE;
	*result = whole;
	return 0;
}

int sluice_size_parse(const char *text, uint64_t *bytes)
{
	return quantity_parse(text, size_units, bytes);
}

int sluice_duration_parse(const char *text, uint64_t *microseconds)
{
	if (text && microseconds && !strcmp(text, "0")) {
		*microseconds = 0;
		return 0;
	}
	return quantity_parse(text, duration_units, microseconds);
}

int sluice_percent_parse(const char *text, unsigned int *percent)
{
	uint64_t value;
	int error = quantity_parse(text, percent_units, &value);

	if (error || !percent)
		return error ? error : -EINVAL;
	if (value > 100)
		return -ERANGE;
	*percent = (unsigned int)value;
	return 0;
}

int sluice_rate_parse(const char *text, uint64_t *bits)
{
	return quantity_parse(text, rate_units, bits);
}

int sluice_number_parse(const char *text, uint64_t *number)
{
	/* "1.0" is no whole number to the reader of a port or a count. */
	if (text && strchr(text, '.'))
		return -EINVAL;
	return quantity_parse(text, plain_units, number);
}

char *sluice_size_format(uint64_t bytes, char text[SLUICE_SIZE_TEXT])
{
	static const char suffixes[] = {0, 'k', 'm', 'g', 't'};
	unsigned int power = 0;
	uint64_t unit;

	if (!text)
		return NULL;
	while (power + 1 < sizeof(suffixes) && bytes >> (10 * (power + 1)) != 0)
		power++;
	unit = 1ULL << (10 * power);
	if (power == 0)
		snprintf(text, SLUICE_SIZE_TEXT, "%" PRIu64, bytes);
	else if (bytes % unit == 0)
		snprintf(text, SLUICE_SIZE_TEXT, "%" PRIu64 "%c", bytes / unit, suffixes[power]);
	else
		snprintf(text, SLUICE_SIZE_TEXT, "%" PRIu64 ".%" PRIu64 "%c", bytes / unit,
			 (uint64_t)((bytes % unit >> (10 * (power - 1))) * 10 / 1024),
			 suffixes[power]);
	return text;
}

char *sluice_duration_format(uint64_t microseconds, char text[SLUICE_SIZE_TEXT])
{
	if (!text)
		return NULL;
	if (microseconds == 0)
		snprintf(text, SLUICE_SIZE_TEXT, "0");
	else if (microseconds % 1000000 == 0)
		snprintf(text, SLUICE_SIZE_TEXT, "%" PRIu64 "s", microseconds / 1000000);
	else if (microseconds % 1000 == 0)
		snprintf(text, SLUICE_SIZE_TEXT, "%" PRIu64 "ms", microseconds / 1000);
	else
		snprintf(text, SLUICE_SIZE_TEXT, "%" PRIu64 "us", microseconds);
	return text;
}

char *sluice_duration_say(uint64_t ns, char text[SLUICE_SIZE_TEXT])
{
	uint64_t tenths = ns / 100000000, seconds = tenths / 10;

	if (!text)
		return NULL;
	if (seconds < 60)
		snprintf(text, SLUICE_SIZE_TEXT, "%" PRIu64 ".%" PRIu64 " s", seconds, tenths % 10);
	else if (seconds < 3600)
		snprintf(text, SLUICE_SIZE_TEXT, "%" PRIu64 " min %" PRIu64 " s", seconds / 60,
			 seconds % 60);
	else
		snprintf(text, SLUICE_SIZE_TEXT, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600,
			 seconds / 60 % 60);
	return text;
}
