/* SPDX-License-Identifier: MIT */
/*
 * Lists of a snapshot as flat rows: what the tables of `sluicectl top` show. Touches: nothing but
 * memory.
 */
#ifndef SLUICE_CTL_TOP_FLATTEN_H
#define SLUICE_CTL_TOP_FLATTEN_H

#include <jansson.h>
#include "columns.h"

/* The rows of a list, in the order of the configuration: each an object with `item`, which tells it
 * from the others, and `label`, beside what is told of it; inputs and rules have `id` and `name`
 * instead. NULL: no memory. @owner caller:
 * json_decref() */
json_t *sluice_top_flatten(const json_t *snapshot, enum sluice_top_list list);

#endif /* SLUICE_CTL_TOP_FLATTEN_H */
