/* SPDX-License-Identifier: MIT */
/*
 * A screen as rows of characters with a style each: what the screens of `sluicectl top` are drawn
 * on, and what is put on the terminal or printed as text. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_TOP_GRID_H
#define SLUICE_CTL_TOP_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a character means; colours are the terminal's business. Flags are added by |. */
enum sluice_top_style {
	SLUICE_TOP_PLAIN,
	SLUICE_TOP_DIM,
	SLUICE_TOP_BOLD,
	SLUICE_TOP_GOOD,
	SLUICE_TOP_WARNING,
	SLUICE_TOP_BAD,
	SLUICE_TOP_HEADING,
	SLUICE_TOP_STYLES, /* how many these are */
	SLUICE_TOP_BLINK = 0x40,
	SLUICE_TOP_SELECTED = 0x80,
};

/* One character of UTF-8; an empty text is the rest of a wide one. */
struct sluice_top_cell {
	char text[5];
	uint8_t style;
};

struct sluice_top_grid {
	size_t rows, columns;
	bool is_ascii; /* characters beyond ASCII are replaced by some that look alike */
	struct sluice_top_cell *cells; /* rows * columns */
};

/* Blanks, `rows` by `columns`, each 1 to 4,096. 0, -EINVAL or -ENOMEM. @owner caller:
 * sluice_top_grid_free() */
int sluice_top_grid_init(struct sluice_top_grid *grid, size_t rows, size_t columns, bool is_ascii);
void sluice_top_grid_free(struct sluice_top_grid *grid);

/* Puts `text` (UTF-8) at a place, at most `width` characters; what lies beyond the edge is left
 * out. Control characters and bytes that are no UTF-8 become "?". Returns how many columns it took.
 */
size_t sluice_top_grid_put(struct sluice_top_grid *grid, size_t row, size_t column, size_t width,
			   uint8_t style, const char *text);

/* The same with the text flush right in `width` columns. */
void sluice_top_grid_put_right(struct sluice_top_grid *grid, size_t row, size_t column,
			       size_t width, uint8_t style, const char *text);

/* Adds a style's flags to a part of a row. */
void sluice_top_grid_mark(struct sluice_top_grid *grid, size_t row, size_t column, size_t width,
			  uint8_t flags);

/* How many columns a text takes. */
size_t sluice_top_grid_width(const char *text);

/* Prints it as lines without the blanks at their ends. False: the stream does not take it. */
bool sluice_top_grid_print(const struct sluice_top_grid *grid, FILE *to);

#endif /* SLUICE_CTL_TOP_GRID_H */
