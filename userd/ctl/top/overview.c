// SPDX-License-Identifier: MIT
/*
 * The Overview; see overview.h. Touches: nothing but memory.
 */
#include "overview.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "draw.h"
#include "figure.h"
#include "order.h"

#define BOX 18U	  /* columns of the boxes of sender and receivers */
#define LINE 256U /* bytes of a line of it */
#define ALARMS 4U /* that are listed; of more it is said how many */

/* A number of an item; 0: it has none. */
static uint64_t number_of(const struct sluice_top_item *item, const char *key)
{
	double number = 0;

	return item && sluice_top_number(item->now, key, &number) && number > 0 ? (uint64_t)number
										: 0;
}

/* By what it grows; NAN: not known. */
static double growth_of(const struct sluice_top_model *model, const struct sluice_top_item *item,
			const char *key)
{
	return item ? sluice_top_growth(model, item, key) : NAN;
}

/* Draws a frame of three rows' height inside. */
static void draw_box(struct sluice_top_grid *grid, size_t top, size_t left, size_t width)
{
	size_t column, row;

	for (column = left + 1; column + 1 < left + width; column++) {
		sluice_top_grid_put(grid, top, column, 1, SLUICE_TOP_PLAIN, "─");
		sluice_top_grid_put(grid, top + 4, column, 1, SLUICE_TOP_PLAIN, "─");
	}
	for (row = top + 1; row < top + 4; row++) {
		sluice_top_grid_put(grid, row, left, 1, SLUICE_TOP_PLAIN, "│");
		sluice_top_grid_put(grid, row, left + width - 1, 1, SLUICE_TOP_PLAIN, "│");
	}
	sluice_top_grid_put(grid, top, left, 1, SLUICE_TOP_PLAIN, "┌");
	sluice_top_grid_put(grid, top, left + width - 1, 1, SLUICE_TOP_PLAIN, "┐");
	sluice_top_grid_put(grid, top + 4, left, 1, SLUICE_TOP_PLAIN, "└");
	sluice_top_grid_put(grid, top + 4, left + width - 1, 1, SLUICE_TOP_PLAIN, "┘");
}

/* Draws an arrow from one column to before another, with a word above it. */
static void draw_arrow(struct sluice_top_grid *grid, size_t row, size_t from, size_t to,
		       const char *word, bool is_broken)
{
	uint8_t style = is_broken ? SLUICE_TOP_BAD : SLUICE_TOP_GOOD;
	size_t column;

	for (column = from; column + 1 < to; column++)
		sluice_top_grid_put(grid, row, column, 1, style,
				    is_broken && (column - from) % 2 ? " " : "─");
	sluice_top_grid_put(grid, row, to - 1, 1, style, "►");
	sluice_top_grid_put(grid, row - 1, from + 1, to - from, SLUICE_TOP_DIM, word);
}

/* Draws how full memory or disk is, in the middle box. */
static void draw_store(struct sluice_top_grid *grid, const struct sluice_top_model *model,
		       size_t row, size_t left, size_t width, const char *part)
{
	const struct sluice_top_item *item = sluice_top_find(model, SLUICE_TOP_STORE, part);
	char bar[SLUICE_TOP_TEXT], used[SLUICE_TOP_TEXT], size[SLUICE_TOP_TEXT];
	double fill = 0, alarm = 0;
	char line[SLUICE_TOP_TEXT + 128];

	if (!item) {
		snprintf(line, sizeof(line), "%-6s none", part);
		sluice_top_grid_put(grid, row, left, width, SLUICE_TOP_DIM, line);
		return;
	}
	(void)sluice_top_number(item->now, "fill", &fill);
	(void)sluice_top_number(item->now, "alarm", &alarm);
	snprintf(line, sizeof(line), "%-6s %s %3.0f%% %.12s/%.12s", part,
		 sluice_top_bar(fill, alarm, width > 40 ? width - 30 : 5, bar), fill,
		 sluice_top_bytes(number_of(item, "used"), used),
		 sluice_top_bytes(number_of(item, "size"), size));
	sluice_top_grid_put(grid, row, left, width,
			    alarm > 0 && fill >= alarm ? SLUICE_TOP_WARNING : SLUICE_TOP_PLAIN,
			    line);
}

/* Draws sender, middle and third server, as wide as the grid. */
static void draw_path(struct sluice_top_grid *grid, const struct sluice_top_model *model,
		      size_t top, bool has_blink)
{
	const struct sluice_top_item *in = sluice_top_find(model, SLUICE_TOP_TOTALS, "in");
	const struct sluice_top_item *out = sluice_top_find(model, SLUICE_TOP_TOTALS, "out");
	const json_t *daemon = json_object_get(model->snapshot, "daemon");
	size_t arrow = grid->columns >= 100 ? 8 : 5;
	size_t middle = BOX + arrow, third = grid->columns - BOX;
	size_t width = third - arrow - middle;
	const char *relay = json_string_value(json_object_get(daemon, "relay"));
	const char *up = out ? json_string_value(json_object_get(out->now, "up")) : NULL;
	char text[SLUICE_TOP_TEXT], line[SLUICE_TOP_TEXT + 64];
	uint8_t style = number_of(out, "down") ? SLUICE_TOP_BAD : SLUICE_TOP_PLAIN;

	draw_box(grid, top, 0, BOX);
	draw_box(grid, top, middle, width);
	draw_box(grid, top, third, BOX);
	draw_arrow(grid, top + 2, BOX, middle, "UDP", false);
	draw_arrow(grid, top + 2, third - arrow, third, "TCP", number_of(out, "down") > 0);
	sluice_top_grid_put(grid, top, 2, BOX - 4, SLUICE_TOP_BOLD, " senders ");
	snprintf(line, sizeof(line), " middle: %.64s ", relay ? relay : "?");
	sluice_top_grid_put(grid, top, middle + 2, width - 4, SLUICE_TOP_BOLD, line);
	sluice_top_grid_put(grid, top, third + 2, BOX - 4, SLUICE_TOP_BOLD, " receivers ");

	snprintf(line, sizeof(line), "%s /s",
		 sluice_top_rate(growth_of(model, in, "datagrams"), text));
	sluice_top_grid_put_right(grid, top + 1, 1, BOX - 3, SLUICE_TOP_PLAIN, line);
	sluice_top_grid_put_right(grid, top + 2, 1, BOX - 3, SLUICE_TOP_PLAIN,
				  sluice_top_bits(8 * growth_of(model, in, "bytes"), text));
	snprintf(line, sizeof(line), "%zu inputs", model->items[SLUICE_TOP_INPUTS].count);
	sluice_top_grid_put_right(grid, top + 3, 1, BOX - 3, SLUICE_TOP_PLAIN, line);

	draw_store(grid, model, top + 1, middle + 2, width - 4, "memory");
	draw_store(grid, model, top + 2, middle + 2, width - 4, "disk");
	snprintf(line, sizeof(line), "%" PRIu64 " workers  %zu streams  lost %s",
		 number_of(in, "workers"), model->items[SLUICE_TOP_STREAMS].count,
		 sluice_top_count(number_of(in, "lost"), text));
	sluice_top_grid_put(grid, top + 3, middle + 2, width - 4,
			    number_of(in, "lost") ? SLUICE_TOP_BAD : SLUICE_TOP_PLAIN, line);
	if (has_blink && in && sluice_top_has_changed(model, in, 2))
		sluice_top_grid_mark(grid, top + 3, middle + 2, 10, SLUICE_TOP_BLINK);

	snprintf(line, sizeof(line), "%s /s",
		 sluice_top_rate(growth_of(model, out, "datagrams"), text));
	sluice_top_grid_put_right(grid, top + 1, third + 1, BOX - 3, SLUICE_TOP_PLAIN, line);
	sluice_top_grid_put_right(grid, top + 2, third + 1, BOX - 3, SLUICE_TOP_PLAIN,
				  sluice_top_bits((double)number_of(out, "achieved"), text));
	if (has_blink && out && sluice_top_has_changed(model, out, 1))
		style |= SLUICE_TOP_BLINK;
	sluice_top_grid_put_right(grid, top + 3, third + 1, BOX - 3, style, up ? up : "-");
}

/* Draws a curve of an item behind a word and its rate. */
static void draw_curve(struct sluice_top_grid *grid, const struct sluice_top_model *model,
		       size_t row, const struct sluice_top_item *item, const char *word)
{
	char text[SLUICE_TOP_TEXT], line[64];
	size_t width = grid->columns > 20 ? grid->columns - 20 : 0;

	if (width > SLUICE_TOP_SAMPLES)
		width = SLUICE_TOP_SAMPLES;
	sluice_top_grid_put(grid, row, 0, 5, SLUICE_TOP_BOLD, word);
	snprintf(line, sizeof(line), "%.24s /s",
		 sluice_top_rate(growth_of(model, item, "datagrams"), text));
	sluice_top_grid_put_right(grid, row, 5, 13, SLUICE_TOP_PLAIN, line);
	if (item)
		sluice_top_grid_put(
			grid, row, 20, width, SLUICE_TOP_PLAIN,
			sluice_top_curve(item->samples, item->sample_count, width, text));
}

/* Draws what was counted, what waits, and what was lost, by cause. */
static void draw_sums(struct sluice_top_grid *grid, const struct sluice_top_model *model,
		      size_t row)
{
	const struct sluice_top_item *in = sluice_top_find(model, SLUICE_TOP_TOTALS, "in");
	const struct sluice_top_item *out = sluice_top_find(model, SLUICE_TOP_TOTALS, "out");
	char first[SLUICE_TOP_TEXT], second[SLUICE_TOP_TEXT], third[SLUICE_TOP_TEXT],
		line[4 * SLUICE_TOP_TEXT];

	snprintf(line, sizeof(line), "matched %s = stored %s + lost %s",
		 sluice_top_count(number_of(in, "datagrams"), first),
		 sluice_top_count(number_of(in, "stored"), second),
		 sluice_top_count(number_of(in, "lost"), third));
	sluice_top_grid_put(grid, row, 0, 6, SLUICE_TOP_BOLD, "COUNT");
	sluice_top_grid_put(grid, row, 6, grid->columns, SLUICE_TOP_PLAIN, line);
	snprintf(line, sizeof(line), "sent %s   acked %s   resent %s",
		 sluice_top_count(number_of(out, "datagrams"), first),
		 sluice_top_count(number_of(out, "acked"), second),
		 sluice_top_count(number_of(out, "resent"), third));
	sluice_top_grid_put(grid, row + 1, 6, grid->columns, SLUICE_TOP_PLAIN, line);
	snprintf(line, sizeof(line), "%s in memory, %s on the disk, %s unacknowledged",
		 sluice_top_bytes(number_of(out, "memory"), first),
		 sluice_top_bytes(number_of(out, "disk"), second),
		 sluice_top_bytes(number_of(out, "backlog"), third));
	sluice_top_grid_put(grid, row + 2, 0, 6, SLUICE_TOP_BOLD, "WAIT");
	sluice_top_grid_put(grid, row + 2, 6, grid->columns, SLUICE_TOP_PLAIN, line);
}

/* Draws what is wrong now. Returns how many lines it took. */
static size_t draw_alarms(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			  size_t row, size_t bottom)
{
	const json_t *problems = json_object_get(model->snapshot, "problems");
	size_t number, count = json_array_size(problems);
	json_t *problem;
	char line[LINE];

	snprintf(line, sizeof(line), "ALARMS %zu", count);
	sluice_top_grid_put(grid, row, 0, 12, count ? SLUICE_TOP_BAD : SLUICE_TOP_BOLD,
			    count ? line : "ALARMS none");
	if (!count)
		return 1;
	json_array_foreach(problems, number, problem)
	{
		if (number == ALARMS || row + number >= bottom)
			break;
		if (number + 1 == ALARMS && count > ALARMS)
			snprintf(line, sizeof(line), "and %zu more", count - number);
		else
			snprintf(line, sizeof(line), "%s", json_string_value(problem));
		sluice_top_grid_put(grid, row + number, 12, grid->columns, SLUICE_TOP_BAD, line);
	}
	return number;
}

/* Draws a table of the busiest. Returns the line behind it. */
static size_t draw_busiest(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			   enum sluice_top_list list, size_t top, size_t bottom, bool has_blink)
{
	const struct sluice_top_order order = {
		.list = list, .column = list == SLUICE_TOP_INPUTS ? 5 : 0, .filter = ""};
	struct sluice_top_drawing drawing = {
		.model = model, .list = list, .top = top, .bottom = bottom, .has_blink = has_blink};
	const struct sluice_top_item **rows;

	if (top + 1 >= bottom)
		return top;
	rows = sluice_top_order(model, &order, &drawing.count);
	drawing.rows = rows;
	sluice_top_draw_table(grid, &drawing, NULL);
	free(rows);
	return top + 1 + (drawing.count < bottom - top - 1 ? drawing.count : bottom - top - 1);
}

void sluice_top_overview_draw(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			      size_t top, size_t bottom, bool has_blink)
{
	size_t outputs = model->items[SLUICE_TOP_OUTPUTS].count + 1;
	size_t inputs = model->items[SLUICE_TOP_INPUTS].count + 1;
	size_t row = top, room, half;

	if (!model->snapshot || grid->columns < 80 || top + 12 > bottom)
		return;
	draw_path(grid, model, row, has_blink);
	row += 5;
	draw_curve(grid, model, row++, sluice_top_find(model, SLUICE_TOP_TOTALS, "in"), "IN");
	draw_curve(grid, model, row++, sluice_top_find(model, SLUICE_TOP_TOTALS, "out"), "OUT");
	draw_sums(grid, model, row);
	row += 3;
	row += draw_alarms(grid, model, row, bottom);
	if (row >= bottom)
		return;
	/* Each has half of the rest, and what the other does not need. */
	room = bottom - row;
	half = room / 2;
	if (inputs < half)
		half = inputs;
	else if (outputs < room - half)
		half = room - outputs;
	row = draw_busiest(grid, model, SLUICE_TOP_INPUTS, row, row + half, has_blink);
	draw_busiest(grid, model, SLUICE_TOP_OUTPUTS, row, bottom, has_blink);
}
