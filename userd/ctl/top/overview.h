/* SPDX-License-Identifier: MIT */
/*
 * The Overview of `sluicectl top`: the path with live figures, sums, alarms, and the busiest inputs
 * and outputs. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_TOP_OVERVIEW_H
#define SLUICE_CTL_TOP_OVERVIEW_H

#include "grid.h"
#include "model.h"

/* Draws it on the lines from `top` to before `bottom`. */
void sluice_top_overview_draw(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			      size_t top, size_t bottom, bool has_blink);

#endif /* SLUICE_CTL_TOP_OVERVIEW_H */
