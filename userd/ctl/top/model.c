// SPDX-License-Identifier: MIT
/*
 * What `sluicectl top` knows; see model.h. Touches: nothing but memory.
 */
#include "model.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "flatten.h"

#define BLINK_NS (2 * SLUICE_NS_PER_S)
/* A sample stands for a second; where none came for longer the curve has a gap. */
#define GAP_NS (SLUICE_NS_PER_S * 3 / 2)

int sluice_top_model_init(struct sluice_top_model *model)
{
	size_t list;

	memset(model, 0, sizeof(*model));
	model->events = json_array();
	for (list = 0; list < SLUICE_TOP_LISTS; list++) {
		model->items[list].places = json_object();
		if (!model->items[list].places)
			return -ENOMEM;
	}
	return model->events ? 0 : -ENOMEM;
}

/* Frees what an item has. */
static void free_item(struct sluice_top_item *item)
{
	free(item->key);
	free(item->samples);
	json_decref(item->now);
	json_decref(item->before);
}

void sluice_top_model_free(struct sluice_top_model *model)
{
	size_t list, place;

	for (list = 0; list < SLUICE_TOP_LISTS; list++) {
		for (place = 0; place < model->items[list].count; place++)
			free_item(&model->items[list].list[place]);
		free(model->items[list].list);
		json_decref(model->items[list].places);
	}
	json_decref(model->snapshot);
	json_decref(model->config);
	json_decref(model->events);
	memset(model, 0, sizeof(*model));
}

bool sluice_top_number(const json_t *row, const char *key, double *number)
{
	json_t *value = json_object_get(row, key), *member;
	const char *name;

	if (json_is_number(value)) {
		*number = json_number_value(value);
		return true;
	}
	if (!json_is_object(value))
		return false;
	*number = 0;
	json_object_foreach(value, name, member)
	{
		*number += json_number_value(member);
	}
	return true;
}

double sluice_top_growth(const struct sluice_top_model *model, const struct sluice_top_item *item,
			 const char *key)
{
	double now, before;

	if (!item->before || model->time_ns <= model->before_ns ||
	    !sluice_top_number(item->now, key, &now) ||
	    !sluice_top_number(item->before, key, &before) || now < before)
		return NAN;
	return (now - before) * (double)SLUICE_NS_PER_S /
	       (double)(model->time_ns - model->before_ns);
}

bool sluice_top_has_changed(const struct sluice_top_model *model,
			    const struct sluice_top_item *item, size_t column)
{
	return column < SLUICE_TOP_COLUMNS_MAX && item->changed_ns[column] &&
	       model->time_ns - item->changed_ns[column] < BLINK_NS;
}

const struct sluice_top_item *sluice_top_find(const struct sluice_top_model *model,
					      enum sluice_top_list list, const char *key)
{
	const json_t *place = key ? json_object_get(model->items[list].places, key) : NULL;

	return place ? &model->items[list].list[json_integer_value(place)] : NULL;
}

/* The item of that key, made if it is not there. NULL: no memory. */
static struct sluice_top_item *item_of(struct sluice_top_items *items, const char *key)
{
	const json_t *place = json_object_get(items->places, key);
	struct sluice_top_item *item;

	if (place)
		return &items->list[json_integer_value(place)];
	if (items->count == items->room) {
		size_t room = items->room ? 2 * items->room : 16;

		item = realloc(items->list, room * sizeof(*item));
		if (!item)
			return NULL;
		items->list = item;
		items->room = room;
	}
	item = &items->list[items->count];
	memset(item, 0, sizeof(*item));
	item->key = strdup(key);
	item->samples = calloc(SLUICE_TOP_SAMPLES, sizeof(*item->samples));
	if (!item->key || !item->samples ||
	    json_object_set_new(items->places, key, json_integer((json_int_t)items->count))) {
		free_item(item);
		return NULL;
	}
	items->count++;
	return item;
}

/* Adds a sample, behind gaps for the seconds of which nothing is known. */
static void add_sample(struct sluice_top_item *item, double sample, size_t gaps)
{
	for (; gaps + 1; gaps--) {
		if (item->sample_count == SLUICE_TOP_SAMPLES)
			memmove(item->samples, item->samples + 1,
				--item->sample_count * sizeof(*item->samples));
		item->samples[item->sample_count++] = gaps ? NAN : sample;
	}
}

/* Notes which settings are others than before. */
static void note_changes(struct sluice_top_model *model, const struct sluice_top_table *table,
			 struct sluice_top_item *item)
{
	const struct sluice_top_column *column;
	const json_t *now, *before;
	size_t number;

	for (number = 0; number < table->column_count; number++) {
		column = &table->columns[number];
		now = json_object_get(item->now, column->key);
		before = json_object_get(item->before, column->key);
		/* What is not there has not changed: no value equals nothing. */
		if (column->is_setting && now != before && !json_equal(now, before))
			item->changed_ns[number] = model->time_ns;
	}
}

/* Takes in a row. 0 or -ENOMEM. */
static int take_row(struct sluice_top_model *model, enum sluice_top_list list, json_t *row,
		    size_t gaps, bool is_new_run)
{
	const struct sluice_top_table *table = &sluice_top_tables[list];
	const json_t *own = json_object_get(row, "item");
	const char *key = json_string_value(own ? own : json_object_get(row, "id"));
	struct sluice_top_item *item = key ? item_of(&model->items[list], key) : NULL;
	double sample = NAN;

	if (!key)
		return 0;
	if (!item)
		return -ENOMEM;
	json_decref(item->before);
	item->before = item->now;
	item->now = json_incref(row);
	if (item->before)
		note_changes(model, table, item);
	/* Of another daemon: it has counted from 0 on. */
	if (is_new_run && list != SLUICE_TOP_RULES) {
		json_decref(item->before);
		item->before = NULL;
	}
	item->seen = model->taken;
	if (!table->is_gauge)
		sample = sluice_top_growth(model, item, table->curve);
	else if (!sluice_top_number(row, table->curve, &sample))
		sample = NAN;
	add_sample(item, sample, gaps);
	return 0;
}

/* Forgets the items of which the last snapshot tells nothing. 0 or -ENOMEM. */
static int forget_gone(struct sluice_top_model *model, struct sluice_top_items *items)
{
	size_t place, kept = 0;
	int error = 0;

	for (place = 0; place < items->count; place++) {
		if (items->list[place].seen != model->taken) {
			json_object_del(items->places, items->list[place].key);
			free_item(&items->list[place]);
			continue;
		}
		if (kept != place) {
			items->list[kept] = items->list[place];
			if (json_object_set_new(items->places, items->list[kept].key,
						json_integer((json_int_t)kept)))
				error = -ENOMEM;
		}
		kept++;
	}
	items->count = kept;
	return error;
}

/* Adds the events of a snapshot to those that are kept. */
static void take_events(struct sluice_top_model *model, const json_t *events)
{
	json_t *event;
	size_t number;

	json_array_foreach(events, number, event)
	{
		if (json_array_size(model->events) >= SLUICE_TOP_EVENTS)
			json_array_remove(model->events, 0);
		json_array_append(model->events, event);
	}
}

/* Notes that nobody answered. */
static void take_away(struct sluice_top_model *model, const json_t *snapshot)
{
	const char *why = json_string_value(json_object_get(snapshot, "error"));

	if (!model->is_away)
		model->away_since_ns = model->time_ns;
	model->is_away = true;
	snprintf(model->why, sizeof(model->why), "%s", why ? why : "sluiced does not answer");
}

int sluice_top_model_take(struct sluice_top_model *model, const json_t *snapshot)
{
	uint64_t time_ns = (uint64_t)json_integer_value(json_object_get(snapshot, "time_ns"));
	const json_t *daemon = json_object_get(snapshot, "daemon");
	json_t *rows, *row, *config = json_object_get(snapshot, "config");
	bool was_away = model->is_away, is_new_run;
	size_t list, number, gaps = 0;
	int error = 0;

	if (!json_is_object(snapshot) || !time_ns)
		return -EINVAL;
	if (!json_is_object(daemon)) {
		model->time_ns = time_ns;
		take_away(model, snapshot);
		return 0;
	}
	/* While nobody answered no snapshot was taken in. */
	if (model->taken && !was_away)
		model->before_ns = model->time_ns;
	else if (was_away)
		model->before_ns = model->away_since_ns;
	model->time_ns = time_ns;
	if (model->before_ns && time_ns > model->before_ns + GAP_NS)
		gaps = (size_t)((time_ns - model->before_ns) / SLUICE_NS_PER_S) - 1;
	if (gaps > SLUICE_TOP_SAMPLES)
		gaps = SLUICE_TOP_SAMPLES;
	is_new_run =
		model->taken && json_integer_value(json_object_get(daemon, "pid")) != model->pid;
	model->pid = json_integer_value(json_object_get(daemon, "pid"));
	model->is_away = false;
	model->taken++;
	json_decref(model->snapshot);
	model->snapshot = json_incref((json_t *)snapshot);
	for (list = 0; list < SLUICE_TOP_LISTS && !error; list++) {
		rows = sluice_top_flatten(snapshot, list);
		json_array_foreach(rows, number, row)
		{
			if (!error)
				error = take_row(model, list, row, gaps, is_new_run);
		}
		json_decref(rows);
		if (!error)
			error = forget_gone(model, &model->items[list]);
	}
	take_events(model, json_object_get(snapshot, "events"));
	if (json_is_object(config)) {
		if (model->config && !json_equal(model->config, config))
			model->config_changed_ns = time_ns;
		json_decref(model->config);
		model->config = json_incref(config);
	}
	return error;
}
