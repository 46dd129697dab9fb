// SPDX-License-Identifier: MIT
/*
 * Details of an item; see details.h. What they mean is said by the table of fields. Touches:
 * nothing but memory.
 */
#include "details.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "draw.h"
#include "field.h"
#include "figure.h"

#define OF(...)                                                                 \
	{                                                                       \
		(const enum sluice_field_list[]){__VA_ARGS__},                  \
			sizeof((const enum sluice_field_list[]){__VA_ARGS__}) / \
				sizeof(enum sluice_field_list)                  \
	}

/* Which fields a row has: of the first list that knows the key. */
static const struct {
	const enum sluice_field_list *lists;
	size_t count;
} fields[SLUICE_TOP_LISTS] = {
	[SLUICE_TOP_INPUTS] = OF(SLUICE_FIELDS_INPUT),
	[SLUICE_TOP_OUTPUTS] = OF(SLUICE_FIELDS_OUTPUT, SLUICE_FIELDS_DESTINATION),
	[SLUICE_TOP_STREAMS] = OF(SLUICE_FIELDS_STREAM, SLUICE_FIELDS_CURSOR),
	[SLUICE_TOP_STORE] = OF(SLUICE_FIELDS_MEMORY, SLUICE_FIELDS_DISK),
	[SLUICE_TOP_THREADS] = OF(SLUICE_FIELDS_THREAD),
	[SLUICE_TOP_RULES] =
		OF(SLUICE_FIELDS_RULE, SLUICE_FIELDS_RING, SLUICE_FIELDS_CPU, SLUICE_FIELDS_LOST),
};

/* The row of the table of fields for a key; NULL: it is top's own. */
static const struct sluice_field *field_of(enum sluice_top_list list, const json_t *row,
					   const char *key)
{
	/* Of keys that several have a row means its own: a destination, a ring, a CPU. */
	size_t first = json_object_get(row, "entries") ? 2
		       : json_object_get(row, "to") || json_object_get(row, "path") ||
				       json_object_get(row, "stream")
			       ? 1
			       : 0,
	       turn, number;

	for (turn = 0; turn < fields[list].count; turn++)
		for (number = 0; number < sluice_field_count; number++)
			if (sluice_fields[number].list ==
				    fields[list].lists[(turn + first) % fields[list].count] &&
			    !strcmp(sluice_fields[number].key, key))
				return &sluice_fields[number];
	return NULL;
}

/* The text of a value, with what it grows by a second where that is counted. */
static void value_text(const struct sluice_top_model *model, const struct sluice_top_item *item,
		       const char *key, const struct sluice_field *field, char text[512])
{
	const struct sluice_top_column words = {.key = key, .kind = SLUICE_TOP_WORDS},
				       count = {.key = key, .kind = SLUICE_TOP_COUNT};
	const json_t *value = json_object_get(item->now, key);
	bool is_bytes = field && !strcmp(field->unit, "bytes");
	char rate[SLUICE_TOP_TEXT], size[SLUICE_TOP_TEXT];
	double growth, number;

	if (!sluice_top_number(item->now, key, &number)) {
		(void)sluice_top_draw_cell(model, item, &words, text);
		if (json_is_boolean(value))
			snprintf(text, 512, "%s", json_is_true(value) ? "yes" : "no");
		return;
	}
	if (json_is_real(value)) {
		snprintf(text, 512, "%.1f", number);
		return;
	}
	(void)sluice_top_draw_cell(model, item, &count, text);
	growth = sluice_top_growth(model, item, key);
	if (is_bytes && number >= 1024)
		snprintf(text + strlen(text), 512 - strlen(text), " (%.12s)",
			 sluice_top_bytes((uint64_t)number, size));
	if (isfinite(growth) && growth > 0 && field && *field->unit &&
	    strcmp(field->unit, "nanoseconds") != 0)
		snprintf(text + strlen(text), 512 - strlen(text), "  +%.24s/s",
			 sluice_top_rate(growth, rate));
}

/* Draws one line of the details. */
static void draw_line(struct sluice_top_grid *grid, const struct sluice_top_model *model,
		      enum sluice_top_list list, const struct sluice_top_item *item,
		      const char *key, size_t row)
{
	const struct sluice_field *field = field_of(list, item->now, key);
	double number = 0;
	char text[512];
	bool is_bad;

	(void)sluice_top_number(item->now, key, &number);
	is_bad = number > 0 && field && field->is_normally_zero;
	value_text(model, item, key, field, text);
	sluice_top_grid_put(grid, row, 1, 20, SLUICE_TOP_BOLD, key);
	sluice_top_grid_put(grid, row, 22, grid->columns,
			    is_bad ? SLUICE_TOP_BAD : SLUICE_TOP_PLAIN, text);
	if (field && sluice_top_grid_width(text) + 24 < grid->columns / 2 + 8)
		sluice_top_grid_put(grid, row, grid->columns / 2 + 8, grid->columns, SLUICE_TOP_DIM,
				    field->meaning);
}

/* Is a member top's own, and nothing to be told? */
static bool is_own(const char *key)
{
	static const char *const own[] = {"item", "label", "down", "cursors"};
	size_t number;

	for (number = 0; number < sizeof(own) / sizeof(own[0]); number++)
		if (!strcmp(key, own[number]))
			return true;
	return false;
}

void sluice_top_details_draw(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			     enum sluice_top_list list, const struct sluice_top_item *item,
			     size_t top, size_t bottom, size_t *scroll)
{
	char text[SLUICE_TOP_TEXT], line[SLUICE_TOP_TEXT + 64];
	size_t width = grid->columns - 2, lines = 0, row = top, passed = 0;
	json_t *value, *label = json_object_get(item->now, "label");
	const char *key;

	if (list >= SLUICE_TOP_LISTS || top + 4 > bottom)
		return;
	snprintf(line, sizeof(line), "%s: %s", sluice_top_tables[list].name,
		 json_string_value(label ? label : json_object_get(item->now, "name")));
	sluice_top_grid_put(grid, row++, 1, width, SLUICE_TOP_BOLD, line);
	if (width > SLUICE_TOP_SAMPLES)
		width = SLUICE_TOP_SAMPLES;
	sluice_top_grid_put(grid, row++, 1, width, SLUICE_TOP_PLAIN,
			    sluice_top_curve(item->samples, item->sample_count, width, text));
	json_object_foreach(item->now, key, value)
	{
		lines += !is_own(key);
	}
	if (*scroll + (bottom - row) > lines)
		*scroll = lines > bottom - row ? lines - (bottom - row) : 0;
	json_object_foreach(item->now, key, value)
	{
		if (is_own(key) || passed++ < *scroll)
			continue;
		if (row >= bottom)
			break;
		draw_line(grid, model, list, item, key, row++);
	}
}
