/* SPDX-License-Identifier: MIT */
/*
 * The whole screen of `sluicectl top`: tabs, state, what the tab shows, help line. A pure function
 * of model and view. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_TOP_SCREEN_H
#define SLUICE_CTL_TOP_SCREEN_H

#include "draw.h"
#include "grid.h"
#include "model.h"
#include "view.h"

/* A screen, and what is where on it, for who clicks. */
struct sluice_top_screen {
	struct sluice_top_grid grid;
	size_t tab_at[SLUICE_TOP_TABS + 1];  /* in line 0; the last is where they end */
	size_t top;			     /* line of the table's heading */
	struct sluice_top_places places;     /* of its columns; count 0: there is no table */
	const struct sluice_top_item **rows; /* those below it */
	size_t row_count;
};

/* Draws it, at least 20 columns by 5 rows; scrolls the view so that the chosen row is seen. 0,
 * -EINVAL or -ENOMEM. @owner caller: sluice_top_screen_free(), after success; rows point into the
 * model */
int sluice_top_screen_draw(struct sluice_top_screen *screen, const struct sluice_top_model *model,
			   struct sluice_top_view *view, size_t rows, size_t columns,
			   bool is_ascii);
void sluice_top_screen_free(struct sluice_top_screen *screen);

/* Does what a click at a place is for; twice: with Enter. */
void sluice_top_screen_click(const struct sluice_top_screen *screen,
			     const struct sluice_top_model *model, struct sluice_top_view *view,
			     size_t row, size_t column, bool is_twice);

/* Prints a tab as text, with all its rows. False: the stream does not take it. */
bool sluice_top_screen_print(const struct sluice_top_model *model, enum sluice_top_tab tab,
			     size_t columns, bool is_ascii, FILE *to);

/* The name of a tab; constants. */
const char *sluice_top_tab_name(enum sluice_top_tab tab);

#endif /* SLUICE_CTL_TOP_SCREEN_H */
