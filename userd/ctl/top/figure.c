// SPDX-License-Identifier: MIT
/*
 * Figures as people read them; see figure.h. Touches: nothing.
 */
#include "figure.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "clock.h"

#define UNKNOWN "–"
#define WIDEST 120U /* characters of a bar or a curve; each takes 3 bytes */

const char *sluice_top_count(uint64_t number, char text[SLUICE_TOP_TEXT])
{
	char digits[24];
	size_t length, digit, put = 0;

	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	length = strlen(digits);
	for (digit = 0; digit < length; digit++) {
		if (digit && (length - digit) % 3 == 0)
			text[put++] = ',';
		text[put++] = digits[digit];
	}
	text[put] = '\0';
	return text;
}

const char *sluice_top_rate(double a_second, char text[SLUICE_TOP_TEXT])
{
	if (!isfinite(a_second) || a_second < 0 || a_second > 1e18)
		snprintf(text, SLUICE_TOP_TEXT, UNKNOWN);
	else if (a_second > 0 && a_second < 10)
		snprintf(text, SLUICE_TOP_TEXT, "%.1f", a_second);
	else
		sluice_top_count((uint64_t)llround(a_second), text);
	return text;
}

const char *sluice_top_bytes(uint64_t bytes, char text[SLUICE_TOP_TEXT])
{
	static const char *const units[] = {"", "K", "M", "G", "T", "P", "E"};
	double amount = (double)bytes;
	size_t unit = 0;

	while (amount >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		amount /= 1024;
		unit++;
	}
	snprintf(text, SLUICE_TOP_TEXT, unit && amount < 99.95 ? "%.1f%s" : "%.0f%s", amount,
		 units[unit]);
	return text;
}

const char *sluice_top_bits(double bits_a_second, char text[SLUICE_TOP_TEXT])
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
	double amount = bits_a_second;
	size_t unit = 0;

	if (!isfinite(amount) || amount < 0) {
		snprintf(text, SLUICE_TOP_TEXT, UNKNOWN);
		return text;
	}
	while (amount >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		amount /= 1000;
		unit++;
	}
	snprintf(text, SLUICE_TOP_TEXT,
		 unit && amount < 99.95 && amount != floor(amount) ? "%.1f %sbit/s"
								   : "%.0f %sbit/s",
		 amount, units[unit]);
	return text;
}

const char *sluice_top_age(uint64_t seconds, char text[SLUICE_TOP_TEXT])
{
	if (seconds >= 86400)
		snprintf(text, SLUICE_TOP_TEXT, "%" PRIu64 "d %" PRIu64 "h", seconds / 86400,
			 seconds / 3600 % 24);
	else if (seconds >= 3600)
		snprintf(text, SLUICE_TOP_TEXT, "%" PRIu64 "h %" PRIu64 "m", seconds / 3600,
			 seconds / 60 % 60);
	else if (seconds >= 60)
		snprintf(text, SLUICE_TOP_TEXT, "%" PRIu64 "m %" PRIu64 "s", seconds / 60,
			 seconds % 60);
	else
		snprintf(text, SLUICE_TOP_TEXT, "%" PRIu64 "s", seconds);
	return text;
}

uint64_t sluice_top_moment(const char *text)
{
	struct tm broken = {0};
	const char *end = text && *text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &broken) : NULL;
	time_t seconds = end && !*end ? timegm(&broken) : 0;

	return seconds > 0 ? (uint64_t)seconds * SLUICE_NS_PER_S : 0;
}

/* Adds a piece behind the `*used` bytes of a text, if there is room. */
static void append(char text[SLUICE_TOP_TEXT], size_t *used, const char *piece)
{
	size_t length = strlen(piece);

	if (*used + length >= SLUICE_TOP_TEXT)
		return;
	memcpy(text + *used, piece, length + 1);
	*used += length;
}

const char *sluice_top_bar(double percent, double alarm, size_t width, char text[SLUICE_TOP_TEXT])
{
	size_t full, mark, place, used = 0;

	if (width > WIDEST)
		width = WIDEST;
	if (!isfinite(percent) || percent < 0)
		percent = 0;
	if (percent > 100)
		percent = 100;
	full = (size_t)(percent * (double)width / 100 + 0.5);
	/* Whatever there is, is seen. */
	if (!full && percent > 0)
		full = 1;
	mark = alarm > 0 && alarm < 100 ? (size_t)(alarm * (double)width / 100) : width;
	text[0] = '\0';
	for (place = 0; place < width; place++)
		append(text, &used, place == mark ? "│" : place < full ? "█" : "░");
	return text;
}

const char *sluice_top_curve(const double *samples, size_t count, size_t width,
			     char text[SLUICE_TOP_TEXT])
{
	static const char *const steps[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double highest = 0;
	size_t place, first, step, used = 0;

	if (width > WIDEST)
		width = WIDEST;
	first = count > width ? count - width : 0;
	for (place = first; place < count; place++)
		if (isfinite(samples[place]) && samples[place] > highest)
			highest = samples[place];
	text[0] = '\0';
	for (place = count - first; place < width; place++)
		append(text, &used, " ");
	for (place = first; place < count; place++) {
		if (!isfinite(samples[place]) || samples[place] < 0) {
			append(text, &used, " ");
			continue;
		}
		step = highest > 0 ? (size_t)(samples[place] * 7 / highest + 0.5) : 0;
		append(text, &used, steps[step > 7 ? 7 : step]);
	}
	return text;
}
