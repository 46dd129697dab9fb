// SPDX-License-Identifier: MIT
/*
 * Numbers out of texts, see text.h. Touches: nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

const char *sluice_doctor_text(const struct sluice_doctor_sample *sample, const char *source)
{
	size_t number;

	for (number = 0; number < sample->count; number++)
		if (!strcmp(sample->texts[number].source, source))
			return sample->texts[number].text;
	return NULL;
}

const char *sluice_doctor_next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

bool sluice_doctor_number(const char *text, const char *name, uint64_t *number)
{
	size_t length = strlen(name);
	const char *found, *behind;

	for (found = text; found && (found = strstr(found, name)); found += length) {
		behind = found + length;
		if ((found != text && !strchr(" \n\t", found[-1])) || !*behind ||
		    !strchr(" \t:=", *behind))
			continue;
		behind += strspn(behind, " \t:=");
		if (*behind < '0' || *behind > '9')
			continue;
		*number = strtoull(behind, NULL, 10);
		return true;
	}
	return false;
}

bool sluice_doctor_line_number(const char *line, const char *name, uint64_t *number)
{
	char text[512];

	if (!line)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
	return sluice_doctor_number(text, name, number);
}

size_t sluice_doctor_figures(const char *text, uint64_t *figures, size_t most)
{
	size_t count = 0;
	char *end;

	for (; text && count < most; count++, text = end) {
		text += strspn(text, " \t");
		if (*text < '0' || *text > '9')
			break;
		figures[count] = strtoull(text, &end, 10);
	}
	return count;
}

bool sluice_doctor_table_number(const char *text, const char *table, const char *name,
				uint64_t *number)
{
	const char *names = NULL, *figures, *line;
	size_t length;

	for (line = text; line && *line; line = sluice_doctor_next_line(line)) {
		if (strncmp(line, table, strlen(table)) != 0)
			continue;
		if (!names) {
			names = line + strlen(table);
			continue;
		}
		figures = line + strlen(table);
		for (;;) {
			names += strspn(names, " ");
			figures += strspn(figures, " ");
			length = strcspn(names, " \n");
			if (!length || !*figures || *figures == '\n')
				return false;
			if (length == strlen(name) && !strncmp(names, name, length)) {
				*number = strtoull(figures, NULL, 10);
				return true;
			}
			names += length;
			figures += strcspn(figures, " \n");
		}
	}
	return false;
}

/* The sum of a column of a file of /proc/net/stat. False: it is not there. */
static bool stat_number(const char *text, const char *name, uint64_t *number)
{
	const char *word = text, *line, *end;
	size_t column = 0, place, length;

	if (!text)
		return false;
	for (end = text + strcspn(text, "\n"); word < end; word += length, column++) {
		word += strspn(word, " ");
		length = strcspn(word, " \n");
		if (length == strlen(name) && !strncmp(word, name, length))
			break;
	}
	if (word >= end)
		return false;
	*number = 0;
	for (line = sluice_doctor_next_line(text); *line; line = sluice_doctor_next_line(line)) {
		word = line + strspn(line, " ");
		for (place = 0; place < column; place++) {
			word += strcspn(word, " \n");
			word += strspn(word, " ");
		}
		*number += strtoull(word, NULL, 16);
	}
	return true;
}

uint64_t sluice_doctor_rise(bool was_there, uint64_t before, bool is_there, uint64_t after)
{
	return was_there && is_there && after > before ? after - before : 0;
}

uint64_t sluice_doctor_number_rise(const struct sluice_doctor_look *look, const char *source,
				   const char *name, uint64_t numbers[2])
{
	bool was = sluice_doctor_number(sluice_doctor_text(&look->before, source), name,
					&numbers[0]),
	     is = sluice_doctor_number(sluice_doctor_text(&look->after, source), name, &numbers[1]);

	return sluice_doctor_rise(was, numbers[0], is, numbers[1]);
}

uint64_t sluice_doctor_table_rise(const struct sluice_doctor_look *look, const char *source,
				  const char *table, const char *name, uint64_t numbers[2])
{
	bool was = sluice_doctor_table_number(sluice_doctor_text(&look->before, source), table,
					      name, &numbers[0]),
	     is = sluice_doctor_table_number(sluice_doctor_text(&look->after, source), table, name,
					     &numbers[1]);

	return sluice_doctor_rise(was, numbers[0], is, numbers[1]);
}

uint64_t sluice_doctor_snmp_rise(const struct sluice_doctor_look *look, const char *protocol,
				 const char *name, uint64_t numbers[2])
{
	uint64_t six[2] = {0}, rise;
	char table[16], name6[64];

	memset(numbers, 0, 2 * sizeof(*numbers));
	snprintf(table, sizeof(table), "%s:", protocol);
	rise = sluice_doctor_table_rise(look, "/proc/net/snmp", table, name, numbers);
	snprintf(name6, sizeof(name6), "%s6%s", protocol, name);
	rise += sluice_doctor_number_rise(look, "/proc/net/snmp6", name6, six);
	numbers[0] += six[0];
	numbers[1] += six[1];
	return rise;
}

uint64_t sluice_doctor_stat_rise(const struct sluice_doctor_look *look, const char *source,
				 const char *name, uint64_t numbers[2])
{
	bool was = stat_number(sluice_doctor_text(&look->before, source), name, &numbers[0]),
	     is = stat_number(sluice_doctor_text(&look->after, source), name, &numbers[1]);

	return sluice_doctor_rise(was, numbers[0], is, numbers[1]);
}

bool sluice_doctor_list_has(const char *list, unsigned int number)
{
	unsigned long first, last;
	char *end;

	while (list && *list >= '0' && *list <= '9') {
		first = last = strtoul(list, &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (number >= first && number <= last)
			return true;
		list = end + (*end == ',');
	}
	return false;
}

json_t *sluice_doctor_json(const struct sluice_doctor_sample *sample, const char *source)
{
	const char *text = sluice_doctor_text(sample, source);

	return text ? json_loads(text, 0, NULL) : NULL;
}

json_t *sluice_doctor_json_find(const json_t *list, const char *key, const char *value)
{
	const char *text;
	json_t *one;
	size_t number;

	json_array_foreach(list, number, one)
	{
		text = json_string_value(json_object_get(one, key));
		if (text && value && !strcmp(text, value))
			return one;
	}
	return NULL;
}

uint64_t sluice_doctor_json_rise(const json_t *before, const json_t *after, const char *key)
{
	const json_t *was = json_object_get(before, key), *is = json_object_get(after, key);

	return sluice_doctor_rise(json_is_integer(was), (uint64_t)json_integer_value(was),
				  json_is_integer(is), (uint64_t)json_integer_value(is));
}
