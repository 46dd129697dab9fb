// SPDX-License-Identifier: MIT
/*
 * What stands in a cell of `sluicectl show`; see show_cell.h. Touches: the clock.
 */
#include "show_cell.h"
#include <langinfo.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "top/figure.h"

#define NS_PER_MS 1e6
#define LEAST_SHOWN 0.05 /* what is less is not 0 either, and must not look so */

/* Writes a text. */
static void put(char text[SLUICE_PRINT_CELL], const char *what)
{
	snprintf(text, SLUICE_PRINT_CELL, "%s", what);
}

/* How long ago a moment was; "-": there is none. */
static void put_age(const char *moment, char text[SLUICE_PRINT_CELL])
{
	uint64_t then = sluice_top_moment(moment);
	char age[SLUICE_TOP_TEXT];
	time_t now = time(NULL);
	uint64_t seconds = (uint64_t)now - then / SLUICE_NS_PER_S;

	/* A clock that was put back makes it 0 s. */
	put(text,
	    then ? sluice_top_age((time_t)(then / SLUICE_NS_PER_S) > now ? 0 : seconds, age) : "-");
}

/* Writes an amount for people. */
static void put_amount(double amount, const char *unit, char text[SLUICE_PRINT_CELL])
{
	char figure[SLUICE_TOP_TEXT];

	if (!strcmp(unit, "bytes"))
		put(text, sluice_top_bytes((uint64_t)amount, figure));
	else if (!strcmp(unit, "bits a second"))
		put(text, sluice_top_bits(amount, figure));
	else if (!strcmp(unit, "seconds"))
		put(text, sluice_top_age((uint64_t)amount, figure));
	else if (!strcmp(unit, "nanoseconds") && amount >= SLUICE_NS_PER_S)
		snprintf(text, SLUICE_PRINT_CELL, "%.1f s", amount / (double)SLUICE_NS_PER_S);
	else if (!strcmp(unit, "nanoseconds") && amount >= NS_PER_MS)
		snprintf(text, SLUICE_PRINT_CELL, "%.1f ms", amount / NS_PER_MS);
	else if (!strcmp(unit, "nanoseconds"))
		snprintf(text, SLUICE_PRINT_CELL, "%.0f ns", amount);
	else
		put(text, sluice_top_count((uint64_t)amount, figure));
}

void sluice_show_cell(const json_t *value, const char *unit, bool has_ages, bool is_human,
		      char text[SLUICE_PRINT_CELL])
{
	/* What has no unit is a number, and no amount: a process, a CPU. */
	if (has_ages && json_is_string(value) && !strcmp(unit, "time, UTC"))
		put_age(json_string_value(value), text);
	else if (is_human && *unit && json_is_integer(value) && json_integer_value(value) > 0)
		put_amount((double)json_integer_value(value), unit, text);
	else
		sluice_print_cell(value, text);
}

/* Writes a number by the second. */
static void put_rate(double rate, const char *unit, bool is_human, char text[SLUICE_PRINT_CELL])
{
	if (rate > 0 && rate < LEAST_SHOWN)
		put(text, "<0.1");
	else if (!strcmp(unit, "nanoseconds"))
		snprintf(text, SLUICE_PRINT_CELL, "%.1f ms", rate / NS_PER_MS);
	else if (is_human && rate >= 10)
		put_amount(round(rate), unit, text);
	else
		snprintf(text, SLUICE_PRINT_CELL, rate > 0 && rate < 10 ? "%.1f" : "%.0f", rate);
}

void sluice_show_cell_rate(const json_t *rate, const char *unit, bool is_human,
			   char text[SLUICE_PRINT_CELL])
{
	char one[SLUICE_PRINT_CELL];
	const char *cause;
	json_t *member;
	size_t used = 0;

	if (json_is_real(rate)) {
		put_rate(json_real_value(rate), unit, is_human, text);
		return;
	}
	if (!json_is_object(rate)) {
		put(text, strcmp(nl_langinfo(CODESET), "UTF-8") ? "?" : "–");
		return;
	}
	put(text, "0");
	json_object_foreach((json_t *)(uintptr_t)rate, cause, member)
	{
		if (!(json_real_value(member) > 0) || used >= SLUICE_PRINT_CELL - 1)
			continue;
		put_rate(json_real_value(member), unit, is_human, one);
		used += (size_t)snprintf(text + used, SLUICE_PRINT_CELL - used, "%s%s=%s",
					 used ? " " : "", cause, one);
	}
}
