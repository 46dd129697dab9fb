/* SPDX-License-Identifier: MIT */
/*
 * What counters did between two looks, by the second. Which fields are counters the table of
 * metrics says (metric_rows.h). Touches: nothing.
 */
#ifndef SLUICE_CTL_SHOW_RATES_H
#define SLUICE_CTL_SHOW_RATES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "field.h"

/* Is the field `key` of one of the lists a counter? @threadsafe */
bool sluice_show_is_counter(const enum sluice_field_list *lists, size_t list_count,
			    const char *key);

/*
 * The rates of `rows`, in their order, an object each: of every counter a number by the second, of
 * one by cause an object of such; null: it went back, or the row was not there before. `before` is
 * the list of `seconds` earlier, which are more than 0; NULL: there was none. NULL: no memory.
 * @owner caller: json_decref() @context process
 */
json_t *sluice_show_rates(const json_t *before, const json_t *rows, double seconds,
			  const enum sluice_field_list *lists, size_t list_count);

#endif /* SLUICE_CTL_SHOW_RATES_H */
