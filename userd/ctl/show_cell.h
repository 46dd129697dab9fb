/* SPDX-License-Identifier: MIT */
/*
 * What stands in a cell of `sluicectl show`: a value with its unit, for people or as it is.
 * Touches: the clock.
 */
#ifndef SLUICE_CTL_SHOW_CELL_H
#define SLUICE_CTL_SHOW_CELL_H

#include <jansson.h>
#include <stdbool.h>
#include "print.h"

/* Writes a value. `unit` is its field's; `has_ages`: a moment is told as how long ago it was;
 * `is_human`: amounts have units. */
void sluice_show_cell(const json_t *value, const char *unit, bool has_ages, bool is_human,
		      char text[SLUICE_PRINT_CELL]);

/* Writes what a counter did by the second, as show_rates.h has it; null: "–". */
void sluice_show_cell_rate(const json_t *rate, const char *unit, bool is_human,
			   char text[SLUICE_PRINT_CELL]);

#endif /* SLUICE_CTL_SHOW_CELL_H */
