/* SPDX-License-Identifier: MIT */
/*
 * Tables and rows drawn on a grid. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_TOP_DRAW_H
#define SLUICE_CTL_TOP_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include "columns.h"
#include "grid.h"
#include "model.h"

#define SLUICE_TOP_CURVE_WIDTH 20U /* of a curve in a table */

/* What a table is drawn of, and where. */
struct sluice_top_drawing {
	const struct sluice_top_model *model;
	enum sluice_top_list list;
	const struct sluice_top_item *const *rows;
	size_t count;
	size_t top, bottom; /* lines of the grid: heading at `top`, rows down to before `bottom` */
	size_t scroll;	    /* rows that are passed over */
	size_t sort;	    /* number of the column it is sorted by, from 1; 0: none */
	bool is_upward, has_blink;
	const char *selected; /* key; NULL: no row */
};

/* Where the columns are. */
struct sluice_top_places {
	size_t count;
	size_t column[SLUICE_TOP_COLUMNS_MAX]; /* number of the table's column, from 0 */
	size_t at[SLUICE_TOP_COLUMNS_MAX], width[SLUICE_TOP_COLUMNS_MAX];
};

/* Draws it: as many columns as there is room for. `places` may be NULL. */
void sluice_top_draw_table(struct sluice_top_grid *grid, const struct sluice_top_drawing *drawing,
			   struct sluice_top_places *places);

/* The text of a cell and its style, without flags. */
uint8_t sluice_top_draw_cell(const struct sluice_top_model *model,
			     const struct sluice_top_item *item,
			     const struct sluice_top_column *column, char text[512]);

#endif /* SLUICE_CTL_TOP_DRAW_H */
