/* SPDX-License-Identifier: MIT */
/*
 * All that is told of one item, with units and meanings. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_TOP_DETAILS_H
#define SLUICE_CTL_TOP_DETAILS_H

#include "grid.h"
#include "model.h"

/* Draws them on the lines from `top` to before `bottom`, without the first `*scroll`, which is
 * lowered if there are not so many. */
void sluice_top_details_draw(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			     enum sluice_top_list list, const struct sluice_top_item *item,
			     size_t top, size_t bottom, size_t *scroll);

#endif /* SLUICE_CTL_TOP_DETAILS_H */
