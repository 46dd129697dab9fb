// SPDX-License-Identifier: MIT
/*
 * The tables of `sluicectl show`; see show_table.h. Touches: stdout, stderr.
 */
#include "show_table.h"
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "show_cell.h"
#include "show_rates.h"

#define COLUMNS_MAX 96U /* of a view */
#define GAP 2U		/* blanks between two */
#define CAP 24U		/* a text may be cut to so many characters, where there is no room */
#define CAP_BRIEF 48U	/* likewise one of those that are in brief */
#define LEAST 4U	/* and to so few, before nothing else helps */
#define ELLIPSIS "…"

/* A column, and what is in it. */
struct column {
	const char *key, *title, *unit;
	bool is_counter, is_right, is_shown;
	bool is_normally_zero, is_optional; /* optional: left out where all is 0, everywhere */
	bool is_told;			    /* there is something in it beside 0 and nothing */
	bool has_place;			    /* it is shown unless there is no room */
	unsigned int place;
	size_t width, whole; /* that it has, and that it needs */
};

/* A table in the making. */
struct table {
	struct column columns[COLUMNS_MAX];
	size_t count, rows;
	char **cells; /* rows by columns */
};

/* Is `word` of `length` one of those in `list`, which commas part? */
static bool is_among(const char *word, size_t length, const char *list)
{
	for (; list && *list; list += strcspn(list, ",")) {
		list += *list == ',';
		if (strcspn(list, ",") == length && !strncasecmp(list, word, length))
			return true;
	}
	return false;
}

/* The title as it is shown. */
static const char *title_of(const char *title)
{
	return title + (*title == '?');
}

/* Adds a column, unless there is one with this key that is shown, or no more room. */
static void add_column(struct table *table, const struct column *column)
{
	size_t number;

	for (number = 0; number < table->count; number++)
		if (!strcmp(table->columns[number].key, column->key)) {
			if (!table->columns[number].has_place)
				table->columns[number] = *column;
			return;
		}
	if (table->count < COLUMNS_MAX)
		table->columns[table->count++] = *column;
}

/* Left to right; what has no place comes last. For qsort(). */
static int compare_places(const void *left, const void *right)
{
	const struct column *one = left, *other = right;

	if (one->has_place != other->has_place)
		return one->has_place ? -1 : 1;
	return (one->place > other->place) - (one->place < other->place);
}

/* All columns that a view may have, from left to right. */
static void find_columns(struct table *table, const struct sluice_show_columns *from)
{
	size_t row, list;

	for (row = 0; row < from->own_count; row++)
		add_column(table, &(struct column){.key = from->own[row].key,
						   .title = from->own[row].title,
						   .unit = "",
						   .place = (unsigned int)row + 1,
						   .has_place = true});
	for (list = 0; list < from->list_count; list++)
		for (row = 0; row < sluice_field_count; row++) {
			const struct sluice_field *field = &sluice_fields[row];
			struct column column = {.key = field->key,
						.title = field->place ? field->title : field->key,
						.unit = field->unit,
						.is_normally_zero = field->is_normally_zero,
						.is_optional = *field->title == '?',
						.place = field->place,
						.has_place = field->place};

			column.is_counter =
				sluice_show_is_counter(from->lists, from->list_count, field->key);
			if (field->list == from->lists[list])
				add_column(table, &column);
		}
	qsort(table->columns, table->count, sizeof(table->columns[0]), compare_places);
}

/* Is `word` of `length` the column's key or title? */
static bool is_called(const struct column *column, const char *word, size_t length)
{
	const char *title = title_of(column->title);

	return (strlen(column->key) == length && !strncasecmp(column->key, word, length)) ||
	       (strlen(title) == length && !strncasecmp(title, word, length));
}

size_t sluice_show_width(void)
{
	const char *wished = getenv("COLUMNS");
	struct winsize size = {0};
	char *end;
	unsigned long width;

	if (!isatty(STDOUT_FILENO))
		return 0;
	width = wished ? strtoul(wished, &end, 10) : 0;
	if (wished && *wished && !*end && width && width < 10000)
		return width;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

bool sluice_show_has_columns(const struct sluice_show_columns *columns,
			     const struct sluice_show_way *way)
{
	struct table table = {.count = 0};
	const char *word;
	size_t number, length;

	find_columns(&table, columns);
	for (word = way->wanted; word && *word; word += length + (word[length] == ',')) {
		length = strcspn(word, ",");
		for (number = 0; number < table.count; number++)
			if (is_called(&table.columns[number], word, length))
				break;
		if (number < table.count)
			continue;
		fprintf(stderr, "sluicectl: there is no column \"%.*s\"; there are: ", (int)length,
			word);
		for (number = 0; number < table.count; number++)
			fprintf(stderr, "%s%s", number ? "," : "", table.columns[number].key);
		fputc('\n', stderr);
		return false;
	}
	return !way->wanted || *way->wanted;
}

/* Puts the wanted columns first, in the order in which they are wanted; only they are shown. */
static void choose_wanted(struct table *table, const char *wanted)
{
	size_t length, number, done = 0;
	const char *word;
	struct column kept;

	for (word = wanted; *word; word += length + (word[length] == ',')) {
		length = strcspn(word, ",");
		for (number = done; number < table->count; number++)
			if (is_called(&table->columns[number], word, length))
				break;
		if (number == table->count)
			continue;
		kept = table->columns[number];
		memmove(&table->columns[done + 1], &table->columns[done],
			(number - done) * sizeof(kept));
		table->columns[done++] = kept;
	}
	table->count = done;
}

/* The text of a cell. */
static char **cell(const struct table *table, size_t row, size_t column)
{
	return &table->cells[row * table->count + column];
}

/* Writes all cells. 0 or -ENOMEM. */
static int fill(struct table *table, const json_t *rows, const json_t *rates,
		const struct sluice_show_way *way)
{
	char text[SLUICE_PRINT_CELL];
	size_t row, number;

	table->rows = json_array_size(rows);
	table->cells = calloc(table->rows * table->count + 1, sizeof(*table->cells));
	if (!table->cells)
		return -ENOMEM;
	for (row = 0; row < table->rows; row++)
		for (number = 0; number < table->count; number++) {
			struct column *column = &table->columns[number];
			const json_t *value =
				json_object_get(json_array_get(rows, row), column->key);
			const json_t *rate =
				json_object_get(json_array_get(rates, row), column->key);

			if (rate)
				sluice_show_cell_rate(rate, column->unit, way->is_human, text);
			else
				sluice_show_cell(value, column->unit, way->is_human || way->width,
						 way->is_human, text);
			column->is_right |= json_is_number(value);
			column->is_told |= strcmp(text, "-") != 0 && strcmp(text, "0") != 0;
			*cell(table, row, number) = strdup(text);
			if (!*cell(table, row, number))
				return -ENOMEM;
		}
	return 0;
}

/* Says how wide the columns are, and that they are shown. */
static void measure(struct table *table, bool has_heading)
{
	size_t row, number, width;

	for (number = 0; number < table->count; number++) {
		struct column *column = &table->columns[number];

		column->width = has_heading ? sluice_print_width(title_of(column->title)) : 0;
		for (row = 0; row < table->rows; row++) {
			width = sluice_print_width(*cell(table, row, number));
			if (width > column->width)
				column->width = width;
		}
		column->whole = column->width;
		column->is_shown = true;
	}
}

/* The columns of the screen that the table takes. */
static size_t width_of(const struct table *table)
{
	size_t number, width = 0;

	for (number = 0; number < table->count; number++)
		if (table->columns[number].is_shown)
			width += table->columns[number].width + GAP;
	return width ? width - GAP : 0;
}

/* Takes columns away from the right until the rest fits: those with nothing in them, then those
 * that are not in brief, then all but the first. */
static void drop_columns(struct table *table, const char *brief, size_t width)
{
	unsigned int step;
	size_t number;

	for (step = 0; step < 3; step++)
		for (number = table->count; number-- > 1 && width_of(table) > width;) {
			struct column *column = &table->columns[number];
			bool is_brief = is_among(column->key, strlen(column->key), brief);

			if (step == 2 || (!is_brief && (step == 1 || !column->is_told)))
				column->is_shown = false;
		}
}

/* Makes texts narrower until the table fits, the widest first: down to `least`, those that are in
 * brief to `least_brief`. */
static void cut_columns(struct table *table, const char *brief, size_t width, size_t least,
			size_t least_brief)
{
	struct column *widest;
	size_t number;

	while (width_of(table) > width) {
		widest = NULL;
		for (number = 0; number < table->count; number++) {
			struct column *column = &table->columns[number];
			bool is_brief = is_among(column->key, strlen(column->key), brief);

			if (column->is_shown && !column->is_right &&
			    column->width > (is_brief ? least_brief : least) &&
			    (!widest || column->width > widest->width))
				widest = column;
		}
		if (!widest)
			return;
		widest->width--;
	}
}

/* Gives what room is left back to texts that were made narrower, from the right: why comes last. */
static void widen_columns(struct table *table, size_t width)
{
	size_t number, room;

	for (number = table->count; number-- > 0 && width_of(table) < width;) {
		struct column *column = &table->columns[number];

		room = width - width_of(table);
		if (!column->is_shown || column->width >= column->whole)
			continue;
		column->width +=
			room < column->whole - column->width ? room : column->whole - column->width;
	}
}

/* Chooses what is shown, so that it fits. */
static void fit(struct table *table, const struct sluice_show_columns *from,
		const struct sluice_show_way *way)
{
	size_t number;

	for (number = 0; number < table->count && !way->wanted; number++) {
		struct column *column = &table->columns[number];

		if (!column->has_place ||
		    (way->is_brief && !is_among(column->key, strlen(column->key), from->brief)) ||
		    (!way->is_brief && !column->is_told && number &&
		     (column->is_optional || (way->width && column->is_normally_zero))))
			column->is_shown = false;
	}
	if (!way->width)
		return;
	if (width_of(table) > way->width) {
		cut_columns(table, from->brief, way->width, CAP, CAP_BRIEF);
		if (!way->wanted)
			drop_columns(table, from->brief, way->width);
		cut_columns(table, from->brief, way->width, LEAST, LEAST);
		widen_columns(table, way->width);
	}
}

/* Cuts a text to `width` columns of the screen, in place, with a mark at its end. */
static void cut(char text[SLUICE_PRINT_CELL + sizeof(ELLIPSIS)], size_t width)
{
	size_t place = 0, columns = 0;

	if (sluice_print_width(text) <= width)
		return;
	while (text[place]) {
		if (((unsigned char)text[place] & 0xc0) != 0x80 && ++columns == width)
			break;
		place++;
	}
	snprintf(text + place, sizeof(ELLIPSIS), "%s",
		 strcmp(nl_langinfo(CODESET), "UTF-8") ? "~" : ELLIPSIS);
}

/* Prints a line: of a row, or the heading. */
static void put_line(const struct table *table, size_t row, bool is_heading, bool is_rate)
{
	char text[SLUICE_PRINT_CELL + sizeof(ELLIPSIS)];
	size_t number, last = 0;

	for (number = 0; number < table->count; number++)
		if (table->columns[number].is_shown)
			last = number;
	for (number = 0; number <= last && table->count; number++) {
		const struct column *column = &table->columns[number];

		if (!column->is_shown)
			continue;
		if (is_heading)
			snprintf(text, SLUICE_PRINT_CELL, "%s%s", title_of(column->title),
				 is_rate && column->is_counter ? "/s" : "");
		else
			snprintf(text, SLUICE_PRINT_CELL, "%s", *cell(table, row, number));
		cut(text, column->width);
		sluice_print_put(text, column->width, column->is_right, number == last);
	}
}

/* Says which columns there was no room for. */
static void tell_left_out(const struct table *table)
{
	const char *before = "sluicectl: no room for ";
	size_t number;

	for (number = 0; number < table->count; number++) {
		const struct column *column = &table->columns[number];

		if (column->is_shown || !column->is_told || !column->has_place)
			continue;
		fprintf(stderr, "%s%s", before, column->key);
		before = ",";
	}
	if (*before == ',')
		fputs(" (-o chooses columns)\n", stderr);
}

int sluice_show_table(const json_t *rows, const json_t *rates,
		      const struct sluice_show_columns *columns, const struct sluice_show_way *way)
{
	struct table *table;
	size_t row, number;
	int error;

	if (!json_is_array(rows) || !columns || !way)
		return -EINVAL;
	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	find_columns(table, columns);
	if (way->wanted)
		choose_wanted(table, way->wanted);
	error = fill(table, rows, rates, way);
	if (!error) {
		measure(table, !way->is_brief);
		/* For "/s" in the heading. */
		for (number = 0; number < table->count && rates && !way->is_brief; number++)
			if (table->columns[number].is_counter)
				table->columns[number].width += 2;
		fit(table, columns, way);
		if (!way->is_brief)
			put_line(table, 0, true, rates != NULL);
		for (row = 0; row < table->rows; row++)
			put_line(table, row, false, false);
		if (fflush(stdout) || ferror(stdout))
			error = -EIO;
		else if (way->width && !way->wanted && !way->is_brief && !rates)
			tell_left_out(table);
	}
	for (number = 0; table->cells && number < table->rows * table->count; number++)
		free(table->cells[number]);
	free(table->cells);
	free(table);
	return error;
}
