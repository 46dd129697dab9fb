// SPDX-License-Identifier: MIT
/*
 * Columns and a list out of the table of fields, see fields.h. Touches: nothing.
 */
#include <string.h>
#include "fields.h"

/* What the fields of a list are of, as `show fields` says it. */
static const char *const owners[SLUICE_FIELD_LISTS] = {
	[SLUICE_FIELDS_INPUT] = "input",
	[SLUICE_FIELDS_OUTPUT] = "output",
	[SLUICE_FIELDS_DESTINATION] = "destination",
	[SLUICE_FIELDS_MEMORY] = "memory",
	[SLUICE_FIELDS_DISK] = "disk",
	[SLUICE_FIELDS_STORE] = "store",
	[SLUICE_FIELDS_DAEMON] = "daemon",
	[SLUICE_FIELDS_ORPHAN] = "orphan",
	[SLUICE_FIELDS_THREAD] = "thread",
	[SLUICE_FIELDS_COST] = "cost",
	[SLUICE_FIELDS_FORWARD] = "forward",
	[SLUICE_FIELDS_STREAM] = "stream",
	[SLUICE_FIELDS_CURSOR] = "cursor",
	[SLUICE_FIELDS_RULE] = "rule",
	[SLUICE_FIELDS_ROUTE] = "route",
	[SLUICE_FIELDS_RING] = "ring",
	[SLUICE_FIELDS_CPU] = "cpu",
	[SLUICE_FIELDS_LOST] = "lost",
	[SLUICE_FIELDS_PLACEMENT] = "placement",
};

/* The next column to the right of `place` that one of the lists has; NULL: none. */
static const struct sluice_field *next(const enum sluice_field_list *lists, size_t list_count,
				       unsigned int place)
{
	const struct sluice_field *found = NULL;
	size_t row, number;

	for (row = 0; row < sluice_field_count; row++) {
		const struct sluice_field *field = &sluice_fields[row];

		if (field->place <= place || (found && field->place >= found->place))
			continue;
		for (number = 0; number < list_count; number++)
			if (field->list == lists[number])
				found = field;
	}
	return found;
}

size_t sluice_fields_columns(const enum sluice_field_list *lists, size_t list_count,
			     struct sluice_print_column *columns, size_t room)
{
	const struct sluice_field *field;
	unsigned int place = 0;
	size_t count = 0;

	if (!lists || !columns)
		return 0;
	while (count < room && (field = next(lists, list_count, place))) {
		columns[count++] = (struct sluice_print_column){field->key, field->title};
		place = field->place;
	}
	return count;
}

json_t *sluice_fields_all(void)
{
	json_t *list = json_array();
	size_t row;

	for (row = 0; row < sluice_field_count; row++) {
		const struct sluice_field *field = &sluice_fields[row];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "of", owners[field->list],
				  "key", field->key, "column",
				  field->place ? field->title + (*field->title == '?') : "", "unit",
				  field->unit, "normally", field->is_normally_zero ? "0" : "",
				  "meaning", field->meaning));
	}
	return list;
}
