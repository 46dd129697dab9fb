/* SPDX-License-Identifier: MIT */
/*
 * One way to print for people and machines: a list of JSON objects (jansson), shown as it is or as
 * a table of some of its keys. Touches: stdout.
 */
#ifndef SLUICE_CTL_PRINT_H
#define SLUICE_CTL_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A column of a table: which key of the objects, and its heading; numbers are set flush right. One
 * whose heading begins with "?", which is not shown, is left out where it has nothing but zeros; it
 * is not the last. */
struct sluice_print_column {
	const char *key;
	const char *title;
};

/*
 * Prints `list`, an array of objects, as JSON or as a table with `columns`. An object as value is
 * shown as "key=value" of its members that are not 0, an array as its members joined by commas.
 * Returns 0 or -EIO if standard output cannot take it.
 */
int sluice_print(const json_t *list, bool as_json, const struct sluice_print_column *columns,
		 size_t column_count);

#define SLUICE_PRINT_CELL 256U /* bytes of the text of a cell; longer ones are cut */

/* Writes the text of one value as tables have it. @threadsafe */
void sluice_print_cell(const json_t *value, char text[SLUICE_PRINT_CELL]);

/* The columns that a text takes on a screen. @threadsafe */
size_t sluice_print_width(const char *text);

/* Prints a cell of `width` columns, which are as many as its text has or more: flush right or left,
 * with what parts it from the next, or the end of the line. */
void sluice_print_put(const char *text, size_t width, bool right, bool last);

/* Prints one value as JSON, which stays the caller's; NULL stands for "no memory". 0, -ENOMEM or
 * -EIO. */
int sluice_print_json(const json_t *value);

#endif /* SLUICE_CTL_PRINT_H */
