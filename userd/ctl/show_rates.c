// SPDX-License-Identifier: MIT
/*
 * What counters did between two looks; see show_rates.h. Touches: nothing.
 */
#include "show_rates.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metrics.h"

bool sluice_show_is_counter(const enum sluice_field_list *lists, size_t list_count, const char *key)
{
	size_t number;

	for (number = 0; lists && key && number < list_count; number++)
		if (sluice_metrics_is_counter(lists[number], key))
			return true;
	return false;
}

/* What tells a row from the others of its list, over two looks. NULL: no memory. @owner caller:
 * free() */
static char *identity_of(const json_t *row)
{
	static const char *const keys[] = {"id", "route", "name",  "to",     "store",
					   "of", "stage", "place", "output", "stream"};
	const char *value;
	char *text = NULL;
	size_t length, key;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	for (key = 0; key < sizeof(keys) / sizeof(keys[0]); key++) {
		value = json_string_value(json_object_get(row, keys[key]));
		fprintf(stream, "%s\n", value ? value : "");
	}
	if (!fclose(stream))
		return text;
	free(text);
	return NULL;
}

/* The rate of one counter; null: it went back, or is not there. @owner caller: json_decref() */
static json_t *rate_of(const json_t *before, const json_t *now, double seconds)
{
	json_t *rates, *rate, *member;
	const char *key;

	if (json_is_integer(before) && json_is_integer(now))
		return json_integer_value(now) < json_integer_value(before)
			       ? json_null()
			       : json_real((double)(json_integer_value(now) -
						    json_integer_value(before)) /
					   seconds);
	if (!json_is_object(before) || !json_is_object(now))
		return json_null();
	rates = json_object();
	json_object_foreach((json_t *)(uintptr_t)now, key, member)
	{
		rate = rate_of(json_object_get(before, key), member, seconds);
		if (json_is_null(rate)) {
			json_decref(rates);
			return rate;
		}
		json_object_set_new(rates, key, rate);
	}
	return rates;
}

/* The rows by what tells them apart. NULL: no memory. @owner caller: json_decref() */
static json_t *by_identity(const json_t *rows)
{
	json_t *all = json_object(), *row;
	char *identity;
	size_t number;

	json_array_foreach(rows, number, row)
	{
		identity = identity_of(row);
		if (!identity || json_object_set(all, identity, row)) {
			free(identity);
			json_decref(all);
			return NULL;
		}
		free(identity);
	}
	return all;
}

json_t *sluice_show_rates(const json_t *before, const json_t *rows, double seconds,
			  const enum sluice_field_list *lists, size_t list_count)
{
	json_t *earlier, *rates, *row, *one, *value;
	char *identity;
	const char *key;
	size_t number;

	if (!(seconds > 0))
		return NULL;
	earlier = by_identity(before);
	rates = json_array();
	json_array_foreach(rows, number, row)
	{
		identity = identity_of(row);
		one = json_object();
		json_object_foreach(row, key, value)
		{
			if (identity && sluice_show_is_counter(lists, list_count, key))
				json_object_set_new(
					one, key,
					rate_of(json_object_get(json_object_get(earlier, identity),
								key),
						value, seconds));
		}
		if (!identity || !earlier || json_array_append_new(rates, one)) {
			free(identity);
			json_decref(rates);
			rates = NULL;
			break;
		}
		free(identity);
	}
	json_decref(earlier);
	return rates;
}
