// SPDX-License-Identifier: MIT
/*
 * A screen as rows of characters; see grid.h. Touches: nothing but memory, and the stream it is
 * given.
 */
#include "grid.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MAX 4096U

/* What stands for a character where there is no UTF-8. */
static const struct {
	const char *text, *ascii;
} look_alikes[] = {
	{"▁", "."}, {"▂", "."}, {"▃", ":"}, {"▄", "-"}, {"▅", "="}, {"▆", "+"}, {"▇", "*"},
	{"█", "#"}, {"░", "."}, {"│", "|"}, {"┃", "|"}, {"─", "-"}, {"►", ">"}, {"▲", "^"},
	{"▼", "v"}, {"–", "-"}, {"…", "~"}, {"·", "."}, {"●", "*"}, {"┌", "+"}, {"┐", "+"},
	{"└", "+"}, {"┘", "+"}, {"→", ">"}, {"▸", ">"},
};

int sluice_top_grid_init(struct sluice_top_grid *grid, size_t rows, size_t columns, bool is_ascii)
{
	size_t place;

	memset(grid, 0, sizeof(*grid));
	if (!rows || !columns || rows > SIDE_MAX || columns > SIDE_MAX)
		return -EINVAL;
	grid->cells = calloc(rows * columns, sizeof(*grid->cells));
	if (!grid->cells)
		return -ENOMEM;
	grid->rows = rows;
	grid->columns = columns;
	grid->is_ascii = is_ascii;
	for (place = 0; place < rows * columns; place++)
		grid->cells[place].text[0] = ' ';
	return 0;
}

void sluice_top_grid_free(struct sluice_top_grid *grid)
{
	free(grid->cells);
	memset(grid, 0, sizeof(*grid));
}

/* Bytes of the character that begins at `text`, which is not at its end; 0: it is no UTF-8, or no
 * character to be shown. */
static size_t length_of(const char *text)
{
	const unsigned char first = (unsigned char)text[0];
	size_t length = first >= 0xf0 && first < 0xf5 ? 4
			: first >= 0xe0		      ? 3
			: first >= 0xc2		      ? 2
						      : 1;
	size_t byte;

	if (first < 0x20 || first == 0x7f || (first >= 0x80 && first < 0xc2) || first >= 0xf5)
		return 0;
	for (byte = 1; byte < length; byte++)
		if (((unsigned char)text[byte] & 0xc0) != 0x80)
			return 0;
	/* The controls that are called C1 steer terminals, too. */
	if (first == 0xc2 && (unsigned char)text[1] < 0xa0)
		return 0;
	return length;
}

/* Puts one character. */
static void put_character(const struct sluice_top_grid *grid, struct sluice_top_cell *cell,
			  const char *text, size_t length)
{
	size_t row;

	memset(cell->text, 0, sizeof(cell->text));
	if (length)
		memcpy(cell->text, text, length);
	else
		cell->text[0] = '?';
	if (!grid->is_ascii || length < 2)
		return;
	for (row = 0; row < sizeof(look_alikes) / sizeof(look_alikes[0]); row++)
		if (!strcmp(cell->text, look_alikes[row].text))
			break;
	memset(cell->text, 0, sizeof(cell->text));
	cell->text[0] =
		row < sizeof(look_alikes) / sizeof(look_alikes[0]) ? *look_alikes[row].ascii : '?';
}

size_t sluice_top_grid_put(struct sluice_top_grid *grid, size_t row, size_t column, size_t width,
			   uint8_t style, const char *text)
{
	size_t put = 0;

	if (row >= grid->rows || !text)
		return 0;
	while (*text && put < width && column + put < grid->columns) {
		struct sluice_top_cell *cell = &grid->cells[row * grid->columns + column + put];
		size_t length = length_of(text);

		put_character(grid, cell, text, length);
		cell->style = style;
		text += length ? length : 1;
		put++;
	}
	return put;
}

size_t sluice_top_grid_width(const char *text)
{
	size_t width = 0, length;

	for (; *text; text += length ? length : 1, width++)
		length = length_of(text);
	return width;
}

void sluice_top_grid_put_right(struct sluice_top_grid *grid, size_t row, size_t column,
			       size_t width, uint8_t style, const char *text)
{
	size_t takes = sluice_top_grid_width(text);

	if (takes > width)
		takes = width;
	sluice_top_grid_put(grid, row, column + width - takes, takes, style, text);
}

void sluice_top_grid_mark(struct sluice_top_grid *grid, size_t row, size_t column, size_t width,
			  uint8_t flags)
{
	size_t place;

	if (row >= grid->rows)
		return;
	for (place = column; place < grid->columns && place - column < width; place++)
		grid->cells[row * grid->columns + place].style |= flags;
}

bool sluice_top_grid_print(const struct sluice_top_grid *grid, FILE *to)
{
	size_t row, column, last;

	for (row = 0; row < grid->rows; row++) {
		const struct sluice_top_cell *cells = &grid->cells[row * grid->columns];

		for (last = grid->columns; last && !strcmp(cells[last - 1].text, " "); last--)
			;
		for (column = 0; column < last; column++)
			fputs(cells[column].text, to);
		fputc('\n', to);
	}
	return !ferror(to);
}
