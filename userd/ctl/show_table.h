/* SPDX-License-Identifier: MIT */
/*
 * The tables of `sluicectl show`: which columns there are, which of them fit on the terminal, and
 * how numbers and moments are written. Touches: stdout, stderr.
 */
#ifndef SLUICE_CTL_SHOW_TABLE_H
#define SLUICE_CTL_SHOW_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "field.h"
#include "print.h"

/* Of what a table can be made: columns of its own, and those of its fields. */
struct sluice_show_columns {
	const enum sluice_field_list *lists;
	size_t list_count;
	const struct sluice_print_column *own;
	size_t own_count;
	const char *brief; /* keys that are a line in brief, parted by commas; they stay longest */
};

/* How it is wished. */
struct sluice_show_way {
	const char *wanted; /* columns, parted by commas; NULL: those that there are */
	bool is_human;	    /* units for people, and how long ago instead of when */
	bool is_brief;
	size_t width; /* of the terminal; 0: any */
};

/* The columns of the terminal that stdout is, by COLUMNS or the terminal itself; 0: it is none, or
 * does not say. */
size_t sluice_show_width(void);

/* Are all columns of way->wanted there? False: one is not, said with those that are. */
bool sluice_show_has_columns(const struct sluice_show_columns *columns,
			     const struct sluice_show_way *way);

/* Prints a table of `rows`, objects; `rates`: what their counters did by the second, as
 * sluice_show_rates() has it, or NULL. 0, -ENOMEM or -EIO. @context process */
int sluice_show_table(const json_t *rows, const json_t *rates,
		      const struct sluice_show_columns *columns, const struct sluice_show_way *way);

#endif /* SLUICE_CTL_SHOW_TABLE_H */
