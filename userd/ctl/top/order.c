// SPDX-License-Identifier: MIT
/*
 * Order and choice of rows; see order.h. Touches: nothing but memory.
 */
#include "order.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "figure.h"

/* A row with what it is sorted by. */
struct sorted {
	const struct sluice_top_item *item;
	const char *text; /* NULL: it is a number */
	double number;
	size_t place; /* in the configuration */
};

bool sluice_top_value(const struct sluice_top_model *model, const struct sluice_top_item *item,
		      const struct sluice_top_column *column, double *number)
{
	uint64_t moment;

	switch (column->kind) {
	case SLUICE_TOP_WORDS:
		return false;
	case SLUICE_TOP_RATE:
		*number = sluice_top_growth(model, item, column->key);
		break;
	case SLUICE_TOP_BITRATE:
		*number = 8 * sluice_top_growth(model, item, column->key);
		break;
	case SLUICE_TOP_BUSY:
		*number =
			100 * sluice_top_growth(model, item, column->key) / (double)SLUICE_NS_PER_S;
		break;
	case SLUICE_TOP_SINCE:
		moment = sluice_top_moment(
			json_string_value(json_object_get(item->now, column->key)));
		if (!moment)
			return false;
		*number = moment < model->time_ns
				  ? (double)(model->time_ns - moment) / (double)SLUICE_NS_PER_S
				  : 0;
		break;
	case SLUICE_TOP_CURVE:
		*number = item->sample_count ? item->samples[item->sample_count - 1] : NAN;
		break;
	default:
		return sluice_top_number(item->now, column->key, number);
	}
	return isfinite(*number);
}

/* Does a text hold the filter? */
static bool holds(const json_t *text, const char *filter)
{
	return json_is_string(text) && strcasestr(json_string_value(text), filter);
}

/* Is a row shown? A destination is found by its output's name, too. */
static bool is_wanted(const json_t *row, const struct sluice_top_order *order)
{
	const struct sluice_top_table *table = &sluice_top_tables[order->list];
	json_t *value, *member;
	size_t column, number;

	if (!order->filter || !*order->filter || holds(json_object_get(row, "name"), order->filter))
		return true;
	for (column = 0; column < table->column_count; column++) {
		value = json_object_get(row, table->columns[column].key);
		if (holds(value, order->filter))
			return true;
		json_array_foreach(value, number, member)
		{
			if (holds(member, order->filter))
				return true;
		}
	}
	return false;
}

/* For qsort(): texts upward, numbers downward, what is not known last. */
static int compare(const void *one, const void *other)
{
	const struct sorted *first = one, *second = other;
	int order;

	if (first->text || second->text) {
		order = strcmp(first->text ? first->text : "", second->text ? second->text : "");
		if (order)
			return order;
	} else if (isfinite(first->number) != isfinite(second->number)) {
		return isfinite(first->number) ? -1 : 1;
	} else if (isfinite(first->number) && first->number > second->number) {
		return -1;
	} else if (isfinite(first->number) && first->number < second->number) {
		return 1;
	}
	return first->place < second->place ? -1 : first->place > second->place;
}

/* Notes by what a row is sorted. */
static void note(const struct sluice_top_model *model, const struct sluice_top_order *order,
		 struct sorted *row)
{
	const struct sluice_top_column *column =
		&sluice_top_tables[order->list].columns[order->column - 1];
	const json_t *value = json_object_get(row->item->now, column->key);

	row->number = NAN;
	if (column->kind != SLUICE_TOP_WORDS) {
		if (!sluice_top_value(model, row->item, column, &row->number))
			row->number = NAN;
		return;
	}
	if (json_is_array(value))
		value = json_array_get(value, 0);
	row->text = json_is_string(value) ? json_string_value(value) : "";
	/* A destination's is set off by blanks. */
	row->text += strspn(row->text, " ");
}

const struct sluice_top_item **sluice_top_order(const struct sluice_top_model *model,
						const struct sluice_top_order *order, size_t *count)
{
	const struct sluice_top_items *items = &model->items[order->list];
	const struct sluice_top_item **found = NULL;
	struct sorted *rows = calloc(items->count + 1, sizeof(*rows));
	size_t place, wanted = 0;
	bool is_sorted =
		order->column && order->column <= sluice_top_tables[order->list].column_count;

	*count = 0;
	if (!rows)
		return NULL;
	for (place = 0; place < items->count; place++) {
		if (!is_wanted(items->list[place].now, order))
			continue;
		rows[wanted].item = &items->list[place];
		rows[wanted].place = place;
		if (is_sorted)
			note(model, order, &rows[wanted]);
		wanted++;
	}
	if (is_sorted && wanted)
		qsort(rows, wanted, sizeof(*rows), compare);
	found = calloc(wanted + 1, sizeof(void *));
	for (place = 0; found && place < wanted; place++)
		found[place] =
			rows[is_sorted && order->is_upward ? wanted - 1 - place : place].item;
	*count = found ? wanted : 0;
	free(rows);
	return found;
}
