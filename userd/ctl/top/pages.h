/* SPDX-License-Identifier: MIT */
/*
 * Tabs of `sluicectl top` that are lines of text: events, the configuration, and the help. Touches:
 * nothing but memory.
 */
#ifndef SLUICE_CTL_TOP_PAGES_H
#define SLUICE_CTL_TOP_PAGES_H

#include "grid.h"
#include "model.h"

/* Each draws on the lines from `top` to before `bottom`, without the first `*scroll`, which is
 * lowered if there are not so many. */
void sluice_top_pages_events(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			     const char *filter, size_t top, size_t bottom, size_t *scroll);
void sluice_top_pages_config(struct sluice_top_grid *grid, const struct sluice_top_model *model,
			     const char *filter, size_t top, size_t bottom, size_t *scroll,
			     bool has_blink);
void sluice_top_pages_help(struct sluice_top_grid *grid, size_t top, size_t bottom);

/* Lines of the configuration. */
size_t sluice_top_pages_config_lines(const struct sluice_top_model *model);

#endif /* SLUICE_CTL_TOP_PAGES_H */
