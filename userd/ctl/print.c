// SPDX-License-Identifier: MIT
/*
 * Tables and JSON out of one list of objects, see print.h. Touches: stdout.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "print.h"

#define CELL SLUICE_PRINT_CELL

void sluice_print_cell(const json_t *value, char text[CELL])
{
	const char *key;
	json_t *member;
	size_t used = 0, index;

	text[0] = '\0';
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		snprintf(text, CELL, "%s", json_string_value(value));
		break;
	case JSON_INTEGER:
		snprintf(text, CELL, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		snprintf(text, CELL, "%.1f", json_real_value(value));
		break;
	case JSON_OBJECT:
		json_object_foreach((json_t *)value, key, member)
		{
			if (json_is_integer(member) && json_integer_value(member) != 0 &&
			    used < CELL - 1)
				used += (size_t)snprintf(
					text + used, CELL - used, "%s%s=%" JSON_INTEGER_FORMAT,
					used ? " " : "", key, json_integer_value(member));
		}
		if (used == 0)
			snprintf(text, CELL, "0");
		break;
	case JSON_ARRAY:
		json_array_foreach(value, index, member)
		{
			if (json_is_string(member) && used < CELL - 1)
				used += (size_t)snprintf(text + used, CELL - used, "%s%s",
							 used ? "," : "",
							 json_string_value(member));
		}
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		snprintf(text, CELL, "%s", json_is_true(value) ? "yes" : "no");
		break;
	default:
		snprintf(text, CELL, "-");
		break;
	}
	if (text[0] == '\0')
		snprintf(text, CELL, "-");
}

/* Bytes of UTF-8 that are not the first of a character take no column on the screen. */
size_t sluice_print_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

void sluice_print_put(const char *text, size_t width, bool right, bool last)
{
	int blanks = (int)(width - sluice_print_width(text));

	if (right)
		printf("%*s%s", blanks, "", text);
	else if (last)
		printf("%s", text);
	else
		printf("%s%*s", text, blanks, "");
	fputs(last ? "\n" : "  ", stdout);
}

/* The heading as it is shown. */
static const char *heading(const struct sluice_print_column *column)
{
	return column->title + (*column->title == '?');
}

/* Is it a column that is always shown, or has any row something in it? */
static bool is_shown(const json_t *list, const struct sluice_print_column *column)
{
	json_t *object;
	size_t row;

	if (*column->title != '?')
		return true;
	json_array_foreach(list, row, object)
	{
		if (json_integer_value(json_object_get(object, column->key)))
			return true;
	}
	return false;
}

/* Prints the table. Returns 0 or -ENOMEM. */
static int print_table(const json_t *list, const struct sluice_print_column *columns,
		       size_t column_count)
{
	size_t *widths = calloc(column_count, sizeof(*widths));
	bool *right = calloc(column_count, sizeof(*right));
	bool *shown = calloc(column_count, sizeof(*shown));
	char text[CELL];
	size_t column, row;
	json_t *object;

	if (!widths || !right || !shown) {
		free(widths);
		free(right);
		free(shown);
		return -ENOMEM;
	}
	for (column = 0; column < column_count; column++) {
		shown[column] = is_shown(list, &columns[column]);
		widths[column] = sluice_print_width(heading(&columns[column]));
		json_array_foreach(list, row, object)
		{
			const json_t *value = json_object_get(object, columns[column].key);

			sluice_print_cell(value, text);
			if (sluice_print_width(text) > widths[column])
				widths[column] = sluice_print_width(text);
			right[column] = right[column] || json_is_number(value);
		}
	}
	for (column = 0; column < column_count; column++)
		if (shown[column])
			sluice_print_put(heading(&columns[column]), widths[column], right[column],
					 column + 1 == column_count);
	json_array_foreach(list, row, object)
	{
		for (column = 0; column < column_count; column++) {
			if (!shown[column])
				continue;
			sluice_print_cell(json_object_get(object, columns[column].key), text);
			sluice_print_put(text, widths[column], right[column],
					 column + 1 == column_count);
		}
	}
	free(widths);
	free(right);
	free(shown);
	return 0;
}

int sluice_print_json(const json_t *value)
{
	if (!value)
		return -ENOMEM;
	if (json_dumpf(value, stdout, JSON_INDENT(2)) < 0)
		return -EIO;
	putchar('\n');
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -EIO;
}

int sluice_print(const json_t *list, bool as_json, const struct sluice_print_column *columns,
		 size_t column_count)
{
	int error;

	if (!json_is_array(list) || (!columns && !as_json))
		return -EINVAL;
	if (as_json)
		return sluice_print_json(list);
	error = print_table(list, columns, column_count);
	return fflush(stdout) == 0 && !ferror(stdout) ? error : -EIO;
}
