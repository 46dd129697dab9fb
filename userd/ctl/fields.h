/* SPDX-License-Identifier: MIT */
/*
 * The table of what the daemon tells (lib/field.h) as columns of tables, and as a list of its own.
 * Touches: nothing.
 */
#ifndef SLUICE_CTL_FIELDS_H
#define SLUICE_CTL_FIELDS_H

#include <jansson.h>
#include <stddef.h>
#include "field.h"
#include "print.h"

/* The columns of the fields that the lists have, from left to right; what two lists have
 * at the same place is one column. `lists`: as many as `list_count`. Returns how many there are; of
 * more than `room` the rest is left out. */
size_t sluice_fields_columns(const enum sluice_field_list *lists, size_t list_count,
			     struct sluice_print_column *columns, size_t room);

/* All fields: what they are of, key, column, unit, what they normally are, meaning. @owner caller:
 * json_decref() */
json_t *sluice_fields_all(void);

#endif /* SLUICE_CTL_FIELDS_H */
