// SPDX-License-Identifier: MIT
/*
 * Tables on a grid; see draw.h. Touches: nothing but memory.
 */
#include "draw.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "figure.h"
#include "order.h"

#define BAR_WIDTH 10U
#define WORDS_WIDTH 44U /* of a column of texts at most */
#define BETWEEN 2U	/* blanks between two columns */

/* Words that say more than others. */
static const struct {
	const char *word;
	uint8_t style;
} words[] = {
	{"waiting", SLUICE_TOP_BAD},
	{"connecting", SLUICE_TOP_BAD},
	{"rejecting", SLUICE_TOP_BAD},
	{"protocol-error", SLUICE_TOP_BAD},
	{"losing", SLUICE_TOP_BAD},
	{"stuck", SLUICE_TOP_BAD},
	{"slow", SLUICE_TOP_WARNING},
	{"queue-full", SLUICE_TOP_WARNING},
	{"ack-not-durable", SLUICE_TOP_WARNING},
	{"disk", SLUICE_TOP_WARNING},
	{"starved", SLUICE_TOP_WARNING},
	{"blocked", SLUICE_TOP_WARNING},
	{"disabled", SLUICE_TOP_DIM},
};

/* The text of words, and their style. */
static uint8_t words_text(const struct sluice_top_item *item,
			  const struct sluice_top_column *column, char text[512])
{
	const json_t *value = json_object_get(item->now, column->key);
	double down = 0;
	json_t *member;
	size_t number, used = 0;

	text[0] = '\0';
	if (json_is_string(value))
		snprintf(text, 512, "%s", json_string_value(value));
	json_array_foreach(value, number, member)
	{
		if (json_is_string(member) && used < 400)
			used += (size_t)snprintf(text + used, 512 - used, "%s%.64s",
						 used ? "," : "", json_string_value(member));
	}
	if (!*text) {
		snprintf(text, 512, "-");
		return SLUICE_TOP_DIM;
	}
	if (!strcmp(column->key, "state") && sluice_top_number(item->now, "down", &down) &&
	    down > 0)
		return SLUICE_TOP_BAD;
	/* What somebody called it means nothing. */
	if (!strcmp(column->key, "label") || !strcmp(column->key, "name"))
		return SLUICE_TOP_PLAIN;
	for (number = 0; number < sizeof(words) / sizeof(words[0]); number++)
		if (!strcmp(text, words[number].word))
			return words[number].style;
	return SLUICE_TOP_PLAIN;
}

/* The text of a number. */
static uint8_t number_text(const struct sluice_top_item *item,
			   const struct sluice_top_column *column, double number, char text[512])
{
	double alarm = 0;

	switch (column->kind) {
	case SLUICE_TOP_NUMBER:
		snprintf(text, 512, "%.0f", number);
		break;
	case SLUICE_TOP_RATE:
		sluice_top_rate(number, text);
		break;
	case SLUICE_TOP_BITRATE:
		sluice_top_bits(number, text);
		break;
	case SLUICE_TOP_BITS:
		if (number > 0)
			sluice_top_bits(number, text);
		else
			snprintf(text, 512, "-");
		break;
	case SLUICE_TOP_SIZE:
		sluice_top_bytes((uint64_t)number, text);
		break;
	case SLUICE_TOP_BUSY:
		snprintf(text, 512, "%.1f", number);
		break;
	case SLUICE_TOP_SINCE:
		sluice_top_age((uint64_t)number, text);
		break;
	case SLUICE_TOP_FILL:
		(void)sluice_top_number(item->now, "alarm", &alarm);
		sluice_top_bar(number, alarm, BAR_WIDTH, text);
		snprintf(text + strlen(text), 512 - strlen(text), "%4.0f%%", number);
		return alarm > 0 && number >= alarm ? SLUICE_TOP_WARNING : SLUICE_TOP_PLAIN;
	default:
		sluice_top_count((uint64_t)number, text);
		break;
	}
	return column->is_bad && number > 0 ? SLUICE_TOP_BAD : SLUICE_TOP_PLAIN;
}

uint8_t sluice_top_draw_cell(const struct sluice_top_model *model,
			     const struct sluice_top_item *item,
			     const struct sluice_top_column *column, char text[512])
{
	double number;

	if (column->kind == SLUICE_TOP_WORDS)
		return words_text(item, column, text);
	if (column->kind == SLUICE_TOP_CURVE) {
		sluice_top_curve(item->samples, item->sample_count, SLUICE_TOP_CURVE_WIDTH, text);
		return SLUICE_TOP_PLAIN;
	}
	if (sluice_top_value(model, item, column, &number))
		return number_text(item, column, number, text);
	/* It has none, or it is not known now. */
	snprintf(text, 512, "%s",
		 json_is_number(json_object_get(item->now, column->key)) ? "–" : "-");
	return SLUICE_TOP_DIM;
}

/* Is a column set flush right? */
static bool is_right(const struct sluice_top_column *column)
{
	return column->kind != SLUICE_TOP_WORDS && column->kind != SLUICE_TOP_CURVE &&
	       column->kind != SLUICE_TOP_FILL;
}

/* The least that a column takes, so that it stands still while its figures grow. */
static size_t least_width(const struct sluice_top_column *column)
{
	size_t width = sluice_top_grid_width(column->title) + 1;
	size_t least = 0;

	switch (column->kind) {
	case SLUICE_TOP_RATE:
		least = 7;
		break;
	case SLUICE_TOP_BITRATE:
	case SLUICE_TOP_BITS:
		least = 11;
		break;
	case SLUICE_TOP_SIZE:
		least = 6;
		break;
	case SLUICE_TOP_SINCE:
		least = 7;
		break;
	case SLUICE_TOP_CURVE:
		least = SLUICE_TOP_CURVE_WIDTH;
		break;
	default:
		break;
	}
	return width > least ? width : least;
}

/* How wide each column is with the rows that are seen. */
static void measure(const struct sluice_top_drawing *drawing, size_t shown,
		    size_t widths[SLUICE_TOP_COLUMNS_MAX])
{
	const struct sluice_top_table *table = &sluice_top_tables[drawing->list];
	const struct sluice_top_column *column;
	size_t number, row, width;
	char text[512];

	for (number = 0; number < table->column_count; number++) {
		column = &table->columns[number];
		widths[number] = least_width(column);
		for (row = drawing->scroll; row < drawing->scroll + shown; row++) {
			(void)sluice_top_draw_cell(drawing->model, drawing->rows[row], column,
						   text);
			width = sluice_top_grid_width(text);
			if (column->kind == SLUICE_TOP_WORDS && width > WORDS_WIDTH)
				width = WORDS_WIDTH;
			if (width > widths[number])
				widths[number] = width;
		}
	}
}

/* Chooses as many columns as `room` holds: those that are dropped first go first. */
static void choose(const struct sluice_top_table *table,
		   const size_t widths[SLUICE_TOP_COLUMNS_MAX], size_t room,
		   struct sluice_top_places *places)
{
	bool is_out[SLUICE_TOP_COLUMNS_MAX] = {false};
	size_t number, worst, total;

	for (;;) {
		total = 0;
		worst = table->column_count;
		for (number = 0; number < table->column_count; number++) {
			if (is_out[number])
				continue;
			total += widths[number] + BETWEEN;
			if (table->columns[number].drop &&
			    (worst == table->column_count ||
			     table->columns[number].drop >= table->columns[worst].drop))
				worst = number;
		}
		if (total <= room + BETWEEN || worst == table->column_count)
			break;
		is_out[worst] = true;
	}
	memset(places, 0, sizeof(*places));
	total = 0;
	for (number = 0; number < table->column_count; number++) {
		if (is_out[number])
			continue;
		places->column[places->count] = number;
		places->at[places->count] = total;
		places->width[places->count++] = widths[number];
		total += widths[number] + BETWEEN;
	}
}

/* Draws the heading; the column that it is sorted by has an arrow. */
static void draw_heading(struct sluice_top_grid *grid, const struct sluice_top_drawing *drawing,
			 const struct sluice_top_places *places)
{
	const struct sluice_top_column *column;
	char title[64];
	size_t number;

	for (number = 0; number < grid->columns; number++)
		sluice_top_grid_put(grid, drawing->top, number, 1, SLUICE_TOP_HEADING, " ");
	for (number = 0; number < places->count; number++) {
		column = &sluice_top_tables[drawing->list].columns[places->column[number]];
		snprintf(title, sizeof(title), "%s%s", column->title,
			 drawing->sort != places->column[number] + 1 ? ""
			 : drawing->is_upward			     ? "▲"
								     : "▼");
		if (is_right(column))
			sluice_top_grid_put_right(grid, drawing->top, places->at[number],
						  places->width[number], SLUICE_TOP_HEADING, title);
		else
			sluice_top_grid_put(grid, drawing->top, places->at[number],
					    places->width[number], SLUICE_TOP_HEADING, title);
	}
}

/* Draws one row. */
static void draw_row(struct sluice_top_grid *grid, const struct sluice_top_drawing *drawing,
		     const struct sluice_top_places *places, const struct sluice_top_item *item,
		     size_t line)
{
	const struct sluice_top_column *column;
	size_t number;
	char text[512];
	uint8_t style;

	for (number = 0; number < places->count; number++) {
		column = &sluice_top_tables[drawing->list].columns[places->column[number]];
		style = sluice_top_draw_cell(drawing->model, item, column, text);
		if (drawing->has_blink &&
		    sluice_top_has_changed(drawing->model, item, places->column[number]))
			style = (uint8_t)(style == SLUICE_TOP_PLAIN ? SLUICE_TOP_BOLD : style) |
				SLUICE_TOP_BLINK;
		if (is_right(column))
			sluice_top_grid_put_right(grid, line, places->at[number],
						  places->width[number], style, text);
		else
			sluice_top_grid_put(grid, line, places->at[number], places->width[number],
					    style, text);
	}
	if (drawing->selected && !strcmp(drawing->selected, item->key))
		sluice_top_grid_mark(grid, line, 0, grid->columns, SLUICE_TOP_SELECTED);
}

void sluice_top_draw_table(struct sluice_top_grid *grid, const struct sluice_top_drawing *drawing,
			   struct sluice_top_places *places)
{
	size_t widths[SLUICE_TOP_COLUMNS_MAX], shown, row;
	struct sluice_top_places own;

	if (!places)
		places = &own;
	memset(places, 0, sizeof(*places));
	if (drawing->top + 1 > drawing->bottom || drawing->top >= grid->rows)
		return;
	shown = drawing->bottom - drawing->top - 1;
	if (drawing->scroll >= drawing->count)
		shown = 0;
	else if (shown > drawing->count - drawing->scroll)
		shown = drawing->count - drawing->scroll;
	measure(drawing, shown, widths);
	choose(&sluice_top_tables[drawing->list], widths, grid->columns, places);
	draw_heading(grid, drawing, places);
	for (row = 0; row < shown; row++)
		draw_row(grid, drawing, places, drawing->rows[drawing->scroll + row],
			 drawing->top + 1 + row);
}
