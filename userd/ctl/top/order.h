/* SPDX-License-Identifier: MIT */
/*
 * Which rows of a table are shown, and in which order. Touches: nothing but memory.
 */
#ifndef SLUICE_CTL_TOP_ORDER_H
#define SLUICE_CTL_TOP_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include "model.h"

/* Which, and by what: a column, from 1 (0: as configured), and texts of which one has to hold the
 * filter ("": all are shown; upper and lower case are the same). */
struct sluice_top_order {
	enum sluice_top_list list;
	size_t column;
	bool is_upward;
	const char *filter;
};

/* The rows. *count: how many. NULL: there are none, or no memory. @owner caller: free(); the items
 * are the model's. */
const struct sluice_top_item **sluice_top_order(const struct sluice_top_model *model,
						const struct sluice_top_order *order,
						size_t *count);

/* The value of a row in a column as a number. False: it is a text, or not known. */
bool sluice_top_value(const struct sluice_top_model *model, const struct sluice_top_item *item,
		      const struct sluice_top_column *column, double *number);

#endif /* SLUICE_CTL_TOP_ORDER_H */
