// SPDX-License-Identifier: MIT
/*
 * `sluicectl show`: what is there. Touches: stdout, stderr.
 */
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "fields.h"
#include "list.h"
#include "placement.h"
#include "print.h"
#include "show_config.h"

#define COLUMNS(...)                                                        \
	(const struct sluice_print_column[]){__VA_ARGS__},                  \
		sizeof((const struct sluice_print_column[]){__VA_ARGS__}) / \
			sizeof(struct sluice_print_column)

#define FIELDS(...)                                                     \
	(const enum sluice_field_list[]){__VA_ARGS__},                  \
		sizeof((const enum sluice_field_list[]){__VA_ARGS__}) / \
			sizeof(enum sluice_field_list)
#define NO_FIELDS NULL, 0
#define NO_COLUMNS NULL, 0
#define COLUMNS_MAX 64U /* of a view */

/* A thing that can be shown: columns of its own, and behind them those of its fields. */
struct view {
	const char *name;
	json_t *(*list)(void);
	json_t *(*flatten)(json_t *list);
	const enum sluice_field_list *lists;
	size_t list_count;
	const struct sluice_print_column *columns;
	size_t column_count;
};

/* One row per destination: the output's name and mode go into each. Takes over `list`. */
static json_t *flatten_outputs(json_t *list)
{
	json_t *rows = json_array(), *output, *destination;
	size_t index, place;

	json_array_foreach(list, index, output)
	{
		json_array_foreach(json_object_get(output, "destinations"), place, destination)
		{
			json_t *row = json_copy(destination);

			json_object_set(row, "name", json_object_get(output, "name"));
			json_object_set(row, "mode", json_object_get(output, "mode"));
			json_object_set(row, "load", json_object_get(output, "load"));
			json_object_set(row, "framing", json_object_get(output, "framing"));
			json_object_set(row, "dropped", json_object_get(output, "dropped"));
			/* What may go to any of them waits for each; the limit is all of theirs. */
			if (!json_object_get(row, "memory")) {
				json_object_set(row, "memory", json_object_get(output, "memory"));
				json_object_set(row, "disk", json_object_get(output, "disk"));
				json_object_set(row, "oldest", json_object_get(output, "oldest"));
			}
			if (!json_integer_value(json_object_get(row, "rate")))
				json_object_set(row, "rate", json_object_get(output, "rate"));
			json_array_append_new(rows, row);
		}
	}
	json_decref(list);
	return rows;
}

/* One row per cursor, or one without. Takes over `list`. */
static json_t *flatten_streams(json_t *list)
{
	json_t *rows = json_array(), *stream, *cursor;
	size_t index, place;

	json_array_foreach(list, index, stream)
	{
		json_t *cursors = json_object_get(stream, "cursors");

		if (json_array_size(cursors) == 0)
			json_array_append(rows, stream);
		json_array_foreach(cursors, place, cursor)
		{
			json_t *row = json_copy(stream);

			json_object_update(row, cursor);
			json_array_append_new(rows, row);
		}
	}
	json_decref(list);
	return rows;
}

/* A row for the memory, and one for the disk if there is one. Takes over `list`. */
static json_t *flatten_store(json_t *list)
{
	json_t *rows = json_array(), *store, *part;
	const char *key;
	size_t index;

	json_array_foreach(list, index, store)
	{
		json_object_foreach(store, key, part)
		{
			if (!json_is_object(part))
				continue;
			json_object_set_new(part, "store", json_string(key));
			json_array_append(rows, part);
		}
	}
	json_decref(list);
	return rows;
}

static const struct view views[] = {
	{"inputs", sluice_list_inputs, NULL, FIELDS(SLUICE_FIELDS_INPUT), NO_COLUMNS},
	{"outputs", sluice_list_outputs, flatten_outputs,
	 FIELDS(SLUICE_FIELDS_OUTPUT, SLUICE_FIELDS_DESTINATION), NO_COLUMNS},
	{"streams", sluice_list_streams, flatten_streams,
	 FIELDS(SLUICE_FIELDS_STREAM, SLUICE_FIELDS_CURSOR), NO_COLUMNS},
	{"store", sluice_list_store, flatten_store,
	 FIELDS(SLUICE_FIELDS_MEMORY, SLUICE_FIELDS_DISK), COLUMNS({"store", "STORE"})},
	{"orphans", sluice_list_orphans, NULL, FIELDS(SLUICE_FIELDS_ORPHAN), NO_COLUMNS},
	{"threads", sluice_list_threads, NULL, FIELDS(SLUICE_FIELDS_THREAD), NO_COLUMNS},
	{"cost", sluice_list_costs, NULL, FIELDS(SLUICE_FIELDS_COST), NO_COLUMNS},
	{"forwards", sluice_list_forwards, NULL, FIELDS(SLUICE_FIELDS_FORWARD), NO_COLUMNS},
	{"daemon", sluice_list_daemon, NULL, FIELDS(SLUICE_FIELDS_DAEMON), NO_COLUMNS},
	{"rules", sluice_list_rules, NULL, FIELDS(SLUICE_FIELDS_RULE), NO_COLUMNS},
	{"routes", sluice_list_routes, NULL, FIELDS(SLUICE_FIELDS_ROUTE), NO_COLUMNS},
	{"fields", sluice_fields_all, NULL, NO_FIELDS,
	 COLUMNS({"of", "OF"}, {"key", "KEY"}, {"column", "COLUMN"}, {"unit", "UNIT"},
		 {"normally", "NORMALLY"}, {"meaning", "MEANING"})},
};

#define VIEWS (sizeof(views) / sizeof(views[0]))

/* A table of a daemon that is stopping, or stuck, is no picture of one that runs: says so, on
 * stderr. */
static void tell_state(void)
{
	json_t *list = sluice_list_daemon();
	const char *state = json_string_value(json_object_get(json_array_get(list, 0), "state"));

	if (state && *state && strcmp(state, "running") != 0)
		fprintf(stderr, "sluicectl: sluiced: %s\n", state);
	json_decref(list);
}

/* Prints `list` as the view has it. 0 or a negative errno. */
static int print(const struct view *view, const json_t *list, bool as_json)
{
	struct sluice_print_column columns[COLUMNS_MAX];
	size_t count = view->column_count;

	if (count)
		memcpy(columns, view->columns, count * sizeof(columns[0]));
	count += sluice_fields_columns(view->lists, view->list_count, columns + count,
				       COLUMNS_MAX - count);
	return sluice_print(list, as_json, columns, count);
}

/* Is it `show NAME`, or `show NAME -j`? */
static bool is_text(int argc, char **argv, const char *name)
{
	return argc >= 2 && argc <= 3 && !strcmp(argv[1], name) &&
	       (argc == 2 || !strcmp(argv[2], "-j") || !strcmp(argv[2], "--json"));
}

int sluice_ctl_show(int argc, char **argv)
{
	const struct view *view = NULL;
	bool as_json = false;
	json_t *list;
	int word, error;
	size_t index;

	/* These two are files, with -j, too. */
	if (is_text(argc, argv, "config"))
		return sluice_show_config();
	if (is_text(argc, argv, "defaults"))
		return sluice_show_defaults();
	/* Not the daemon's to tell, but the kernel's. */
	if (is_text(argc, argv, "placement"))
		return sluice_show_placement(argc == 3);
	for (word = 1; word < argc; word++) {
		if (strcmp(argv[word], "-j") == 0 || strcmp(argv[word], "--json") == 0) {
			as_json = true;
			continue;
		}
		for (index = 0; index < VIEWS; index++) {
			if (strcmp(argv[word], views[index].name) == 0)
				break;
		}
		if (view || index == VIEWS) {
			view = NULL;
			break;
		}
		view = &views[index];
	}
	if (!view) {
		fputs("usage: sluicectl show "
		      "inputs|outputs|forwards|streams|store|orphans|threads|cost|daemon|rules|"
		      "routes|"
		      "placement|fields "
		      "[-j]\n       sluicectl show config|defaults\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	list = view->list();
	if (!list)
		return SLUICE_CTL_REFUSED;
	if (!as_json && view->flatten)
		list = view->flatten(list);
	error = print(view, list, as_json);
	json_decref(list);
	if (!error && view->list == sluice_list_outputs)
		tell_state();
	return error ? SLUICE_CTL_REFUSED : SLUICE_CTL_OK;
}
