// SPDX-License-Identifier: MIT
/*
 * Figures as metrics; see metrics.h. Touches: nothing but memory and the stream.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sluice/counters.h>
#include "field.h"
#include "metrics.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LABELS_MAX 6U
/* Rows of one list that are told; a configuration with more is told of so many, and how many are
 * left out. */
#define ROWS_MAX 10000U
#define NS_PER_S 1e9

enum form {
	COUNTER,
	CAUSES,
	CLASSES,
	SECONDS,
	GAUGE,
	DELAY,
	BITS,
	PERCENT,
	MOMENT,
	STEP,
	IS,
	NONE
};

/* A metric. */
struct metric {
	enum sluice_field_list list;
	enum form form;
	const char *key, *name, *words, *meaning; /* words: of IS */
};

/* clang-format off */
#define METRIC(list, key, form, name) {SLUICE_FIELDS_##list, form, key, name, NULL, NULL},
#define METRIC_IS(list, key, words, name, meaning) \
	{SLUICE_FIELDS_##list, IS, key, name, words, meaning},
#define NO_METRIC(list, key) {SLUICE_FIELDS_##list, NONE, key, NULL, NULL, NULL},
static const struct metric metrics[] = {
#include "metric_rows.h"
};
/* clang-format on */

/* A label, and the key of a row that it is made of. */
struct label {
	const char *name, *key;
};

/* What the rows of a list are told apart by, and the metric that tells the rest of their words. */
static const struct list {
	enum sluice_field_list list;
	struct label labels[LABELS_MAX]; /* name NULL: no more */
	const char *info, *info_meaning; /* info: its name without _info; NULL: none */
	struct label more[LABELS_MAX];	 /* of the info */
} lists[] = {
	{SLUICE_FIELDS_DAEMON,
	 {{NULL, NULL}},
	 "relay",
	 "the relay that runs; its value is 1",
	 {{"relay", "relay"}, {"version", "version"}}},
	{SLUICE_FIELDS_INPUT,
	 {{"input", "name"}},
	 "input",
	 "what the input is; its value is 1",
	 {{"id", "id"}, {"source", "source"}, {"receive", "receive"}, {"ports", "match"}}},
	{SLUICE_FIELDS_OUTPUT,
	 {{"output", "name"}},
	 "output",
	 "what the output is; its value is 1",
	 {{"id", "id"}, {"mode", "mode"}, {"framing", "framing"}}},
	{.list = SLUICE_FIELDS_DESTINATION,
	 .labels = {{"output", "output"}, {"destination", "to"}}},
	{.list = SLUICE_FIELDS_FORWARD, .labels = {{"forward", "name"}}},
	{.list = SLUICE_FIELDS_MEMORY, .labels = {{NULL, NULL}}},
	{.list = SLUICE_FIELDS_DISK, .labels = {{NULL, NULL}}},
	{.list = SLUICE_FIELDS_STORE, .labels = {{NULL, NULL}}},
	{.list = SLUICE_FIELDS_ORPHAN,
	 .labels = {{"output", "name"}, {"id", "id"}, {"place", "place"}}},
	{.list = SLUICE_FIELDS_THREAD, .labels = {{"thread", "name"}, {"kind", "kind"}}},
	{.list = SLUICE_FIELDS_STREAM,
	 .labels = {{"route", "route_name"}, {"priority", "priority"}, {"cpu", "cpu"}}},
	{.list = SLUICE_FIELDS_RING,
	 .labels = {{"route", "name"}, {"priority", "priority"}, {"cpu", "cpu"}}},
	{.list = SLUICE_FIELDS_CPU, .labels = {{"cpu", "cpu"}}},
	{.list = SLUICE_FIELDS_RULE, .labels = {{"rule", "name"}}},
	{.list = SLUICE_FIELDS_COST,
	 .labels = {{"of", "of"}, {"name", "name"}, {"stage", "stage"}}},
};

/* What is written with. */
struct writer {
	FILE *stream;
	enum sluice_metrics_format format;
};

/* What a key of a list means, by lib/field_rows.h. */
static const char *meaning_of(const struct metric *metric)
{
	size_t row;

	if (metric->meaning)
		return metric->meaning;
	for (row = 0; row < sluice_field_count; row++)
		if (sluice_fields[row].list == metric->list &&
		    !strcmp(sluice_fields[row].key, metric->key))
			return sluice_fields[row].meaning;
	return "";
}

/* Has it a sample for each member of an object? */
static bool has_members(enum form form)
{
	return form == CAUSES || form == CLASSES;
}

/* What the label is called that tells those apart; NULL: there are none. */
static const char *member_label(enum form form)
{
	return form == CAUSES ? "cause" : form == CLASSES ? "records" : NULL;
}

/* Does a metric of this form only grow? */
static bool is_counter(enum form form)
{
	return form == COUNTER || has_members(form) || form == SECONDS;
}

bool sluice_metrics_is_counter(enum sluice_field_list list, const char *key)
{
	size_t row;

	for (row = 0; key && row < COUNT(metrics); row++)
		if (metrics[row].list == list && !strcmp(metrics[row].key, key))
			return is_counter(metrics[row].form);
	return false;
}

/* The unit, which is the last words of a name; "": none that has a name of its own. */
static const char *unit_of(const char *name)
{
	static const char *const units[] = {"bytes_per_second", "bytes", "seconds", "ratio",
					    "datagrams"};
	size_t length = strlen(name), number;

	for (number = 0; number < COUNT(units); number++) {
		size_t its = strlen(units[number]);

		if (length > its && !strcmp(name + length - its, units[number]))
			return units[number];
	}
	return "";
}

/* Writes a text with what would end it, or its line, escaped. */
static void put_escaped(FILE *stream, const char *text, bool is_label)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '\n' || (is_label && *text == '"'))
			fputc('\\', stream);
		fputc(*text == '\n' ? 'n' : *text, stream);
	}
}

/* Writes labels of a row, "a="b",c="d"", without braces; `is_first`: nothing stands before. */
static void put_labels(FILE *stream, const struct label *labels, const json_t *row, bool is_first)
{
	size_t number;

	for (number = 0; number < LABELS_MAX && labels[number].name; number++) {
		const json_t *value = json_object_get(row, labels[number].key);

		fprintf(stream, "%s%s=\"", is_first ? "" : ",", labels[number].name);
		if (json_is_integer(value))
			fprintf(stream, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		else if (json_is_string(value))
			put_escaped(stream, json_string_value(value), true);
		fputc('"', stream);
		is_first = false;
	}
}

/* Writes what stands before the samples of a metric. */
static void put_head(const struct writer *writer, const char *name, const char *type,
		     const char *meaning)
{
	bool is_open = writer->format == SLUICE_METRICS_OPEN;
	/* In OpenMetrics the sample alone has it. */
	const char *suffix = is_open			? ""
			     : !strcmp(type, "counter") ? "_total"
			     : !strcmp(type, "info")	? "_info"
							: "";

	if (is_open && *unit_of(name))
		fprintf(writer->stream, "# UNIT sluice_%s %s\n", name, unit_of(name));
	fprintf(writer->stream, "# HELP sluice_%s%s ", name, suffix);
	put_escaped(writer->stream, meaning, false);
	/* Only OpenMetrics has a type for what is always 1. */
	fprintf(writer->stream, "\n# TYPE sluice_%s%s %s\n", name, suffix,
		!is_open && !strcmp(type, "info") ? "gauge" : type);
}

/* Adds the numbers of one row to those of another that has the same labels; of a ratio the larger
 * one counts. */
static void merge(json_t *into, const json_t *row)
{
	json_t *value, *old;
	const char *key;
	uint64_t sum;

	json_object_foreach((json_t *)(uintptr_t)row, key, value)
	{
		old = json_object_get(into, key);
		if (json_is_integer(value) && json_is_integer(old)) {
			sum = (uint64_t)json_integer_value(old);
			sum += (uint64_t)json_integer_value(value);
			json_integer_set(old, (json_int_t)sum);
		} else if (json_is_real(value) && json_is_real(old) &&
			   json_real_value(value) > json_real_value(old)) {
			json_real_set(old, json_real_value(value));
		} else if (json_is_object(value) && json_is_object(old)) {
			merge(old, value);
		}
	}
}

/* The labels of a row as a text. NULL: no memory. @owner caller: free() */
static char *labels_text(const struct list *list, const json_t *row)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	put_labels(stream, list->labels, row, true);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Puts a row under its labels; what is there with the same is added up. Beyond ROWS_MAX it is
 * counted in *left_out alone. False: no memory. */
static bool add_row(const struct list *list, json_t *rows, const json_t *row, size_t *left_out)
{
	char *labels = labels_text(list, row);
	json_t *old = labels ? json_object_get(rows, labels) : NULL;
	bool done = labels != NULL;

	if (old) {
		merge(old, row);
	} else if (labels && json_object_size(rows) == ROWS_MAX) {
		(*left_out)++;
	} else if (labels) {
		old = json_deep_copy(row);
		done = old && !json_object_set_new(old, "", json_string(labels)) &&
		       !json_object_set_new(rows, labels, old);
	}
	free(labels);
	return done;
}

/* Puts the destinations of all outputs, each with its output's name. False: no memory. */
static bool add_destinations(const struct list *list, json_t *rows, const json_t *outputs,
			     size_t *left_out)
{
	json_t *output, *destination, *row;
	size_t number, place;
	bool done = true;

	json_array_foreach(outputs, number, output)
	{
		json_array_foreach(json_object_get(output, "destinations"), place, destination)
		{
			row = json_copy(destination);
			done = row &&
			       !json_object_set(row, "output", json_object_get(output, "name")) &&
			       add_row(list, rows, row, left_out);
			json_decref(row);
			if (!done)
				return false;
		}
	}
	return true;
}

/* The array that has the rows of a list, or the object that is its only row; NULL: there is none.
 */
static const json_t *rows_of(const struct sluice_figures *figures, enum sluice_field_list list)
{
	const json_t *store = json_array_get(figures->store, 0);

	switch (list) {
	case SLUICE_FIELDS_DAEMON:
		return figures->daemon;
	case SLUICE_FIELDS_INPUT:
		return figures->inputs;
	case SLUICE_FIELDS_OUTPUT:
	case SLUICE_FIELDS_DESTINATION:
		return figures->outputs;
	case SLUICE_FIELDS_FORWARD:
		return figures->forwards;
	case SLUICE_FIELDS_MEMORY:
		return json_object_get(store, "memory");
	case SLUICE_FIELDS_DISK:
		return json_object_get(store, "disk");
	case SLUICE_FIELDS_STORE:
		return store;
	case SLUICE_FIELDS_ORPHAN:
		return figures->orphans;
	case SLUICE_FIELDS_THREAD:
		return figures->threads;
	case SLUICE_FIELDS_STREAM:
		return figures->streams;
	case SLUICE_FIELDS_RING:
		return figures->rings;
	case SLUICE_FIELDS_CPU:
		return figures->cpus;
	case SLUICE_FIELDS_RULE:
		return figures->rules;
	case SLUICE_FIELDS_COST:
		return figures->costs;
	default:
		return NULL;
	}
}

/* Is it a row that is no figure of its own? Of costs those are the totals, which sluice_thread_cpu
 * tells, and what is still to be dealt to stages, which also shrinks. */
static bool is_left_out(const struct list *list, const json_t *row)
{
	const char *stage = json_string_value(json_object_get(row, "stage"));

	return list->list == SLUICE_FIELDS_COST &&
	       (!stage || !strcmp(stage, "total") || !strcmp(stage, "not measured yet"));
}

/* All rows of a list by their labels, and in *left_out how many more there were. NULL: no memory.
 * @owner caller: json_decref() */
static json_t *collect(const struct list *list, const struct sluice_figures *figures,
		       size_t *left_out)
{
	const json_t *from = rows_of(figures, list->list);
	json_t *rows = json_object(), *row;
	bool done = rows != NULL;
	size_t number;

	*left_out = 0;
	if (done && list->list == SLUICE_FIELDS_DESTINATION) {
		done = add_destinations(list, rows, from, left_out);
	} else if (done && json_is_object(from)) {
		done = add_row(list, rows, from, left_out);
	} else {
		json_array_foreach(from, number, row)
		{
			done = done &&
			       (is_left_out(list, row) || add_row(list, rows, row, left_out));
		}
	}
	if (done)
		return rows;
	json_decref(rows);
	return NULL;
}

/* Is it one of `words`, which a space parts? */
static bool is_among(const char *word, const char *words)
{
	size_t length = strlen(word);
	const char *at = words;

	while (length && (at = strstr(at, word)) != NULL) {
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
		at += length;
	}
	return false;
}

/* Seconds since 1970 of a time as list.h writes it. False: there is none. */
static bool read_moment(const char *text, double *value)
{
	struct tm broken = {0};
	const char *end = text && *text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &broken) : NULL;

	if (!end || *end)
		return false;
	*value = (double)timegm(&broken);
	return true;
}

/* The number of a step of load. False: it is none. */
static bool read_step(const char *text, double *value)
{
	static const char *const steps[] = {"normal", "batching", "disk", "losing"};
	size_t number;

	for (number = 0; text && number < COUNT(steps); number++)
		if (!strcmp(text, steps[number])) {
			*value = (double)number;
			return true;
		}
	return false;
}

/* Writes what stands before the value of a sample; `member` of an object, or NULL. */
static void put_name(const struct writer *writer, const struct metric *metric, const char *labels,
		     const char *member)
{
	const char *suffix = is_counter(metric->form) ? "_total" : "";

	fprintf(writer->stream, "sluice_%s%s", metric->name, suffix);
	if (member)
		fprintf(writer->stream, "{%s%s%s=\"%s\"}", labels, *labels ? "," : "",
			member_label(metric->form), member);
	else if (*labels)
		fprintf(writer->stream, "{%s}", labels);
	fputc(' ', writer->stream);
}

/* Writes the samples that a row has of a metric. */
static void put_samples(const struct writer *writer, const struct metric *metric, const json_t *row)
{
	const json_t *value = json_object_get(row, metric->key);
	const char *labels = json_string_value(json_object_get(row, "")), *key;
	double number = 0;
	json_t *one;

	if (!value)
		return;
	if (has_members(metric->form)) {
		json_object_foreach((json_t *)(uintptr_t)value, key, one)
		{
			put_name(writer, metric, labels, key);
			fprintf(writer->stream, "%" JSON_INTEGER_FORMAT "\n",
				json_integer_value(one));
		}
		return;
	}
	if ((metric->form == MOMENT && !read_moment(json_string_value(value), &number)) ||
	    (metric->form == STEP && !read_step(json_string_value(value), &number)))
		return;
	put_name(writer, metric, labels, NULL);
	switch (metric->form) {
	case COUNTER:
	case GAUGE:
		/* A number may be larger than what a double has digits for. */
		fprintf(writer->stream, "%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
		return;
	case SECONDS:
	case DELAY:
		number = json_number_value(value) / NS_PER_S;
		break;
	case BITS:
		number = json_number_value(value) / 8;
		break;
	case PERCENT:
		number = json_number_value(value) / 100;
		break;
	case IS:
		number = is_among(json_string_value(value) ? json_string_value(value) : "",
				  metric->words);
		break;
	default:
		break;
	}
	fprintf(writer->stream, "%.15g\n", number);
}

/* Writes what a list's rows are. */
static void put_info(const struct writer *writer, const struct list *list, const json_t *rows)
{
	const char *labels;
	json_t *row;

	put_head(writer, list->info, "info", list->info_meaning);
	json_object_foreach((json_t *)(uintptr_t)rows, labels, row)
	{
		fprintf(writer->stream, "sluice_%s_info{%s", list->info, labels);
		put_labels(writer->stream, list->more, row, !*labels);
		fputs("} 1\n", writer->stream);
	}
}

/* Writes all metrics of a list. 0 or -ENOMEM. */
static int put_list(const struct writer *writer, const struct list *list,
		    const struct sluice_figures *figures, size_t *left_out)
{
	json_t *rows = collect(list, figures, left_out), *row;
	const char *labels;
	size_t number;

	if (!rows)
		return -ENOMEM;
	if (list->info && json_object_size(rows))
		put_info(writer, list, rows);
	for (number = 0; number < COUNT(metrics) && json_object_size(rows); number++) {
		const struct metric *metric = &metrics[number];

		if (metric->list != list->list || metric->form == NONE)
			continue;
		put_head(writer, metric->name, is_counter(metric->form) ? "counter" : "gauge",
			 meaning_of(metric));
		json_object_foreach(rows, labels, row)
		{
			put_samples(writer, metric, row);
		}
	}
	json_decref(rows);
	return 0;
}

const char *sluice_metrics_type(enum sluice_metrics_format format)
{
	return format == SLUICE_METRICS_OPEN
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

int sluice_metrics_write(FILE *stream, const struct sluice_figures *figures,
			 enum sluice_metrics_format format)
{
	const struct writer writer = {stream, format};
	size_t number, left_out, all = 0;
	int error = 0;

	if (!stream || !figures)
		return -EINVAL;
	put_head(&writer, "up", "gauge", "whether the daemon answers");
	fprintf(stream, "sluice_up %d\n", figures->daemon != NULL);
	for (number = 0; figures->daemon && !error && number < COUNT(lists); number++) {
		error = put_list(&writer, &lists[number], figures, &left_out);
		all += left_out;
	}
	put_head(&writer, "left_out_rows", "gauge",
		 "rows of lists longer than 10000, of which nothing is told here");
	fprintf(stream, "sluice_left_out_rows %zu\n", all);
	if (format == SLUICE_METRICS_OPEN)
		fputs("# EOF\n", stream);
	return error;
}

/* Adds one metric to those that there are. */
static void tell(json_t *all, const char *name, const char *type, const struct list *list,
		 const char *member, const char *meaning)
{
	json_t *labels = json_array();
	size_t number;

	for (number = 0; number < LABELS_MAX && list && list->labels[number].name; number++)
		json_array_append_new(labels, json_string(list->labels[number].name));
	if (list && list->info && !strcmp(type, "info"))
		for (number = 0; number < LABELS_MAX && list->more[number].name; number++)
			json_array_append_new(labels, json_string(list->more[number].name));
	if (member)
		json_array_append_new(labels, json_string(member));
	json_array_append_new(all, json_pack("{s:o, s:s, s:s, s:o, s:s}", "name",
					     json_sprintf("sluice_%s%s", name,
							  !strcmp(type, "counter") ? "_total"
							  : !strcmp(type, "info")  ? "_info"
										   : ""),
					     "type", type, "unit", unit_of(name), "labels", labels,
					     "meaning", meaning));
}

json_t *sluice_metrics_all(void)
{
	json_t *all = json_array();
	size_t number, row;

	tell(all, "up", "gauge", NULL, NULL, "whether the daemon answers");
	for (number = 0; number < COUNT(lists); number++) {
		const struct list *list = &lists[number];

		if (list->info)
			tell(all, list->info, "info", list, NULL, list->info_meaning);
		for (row = 0; row < COUNT(metrics); row++)
			if (metrics[row].list == list->list && metrics[row].form != NONE)
				tell(all, metrics[row].name,
				     is_counter(metrics[row].form) ? "counter" : "gauge", list,
				     member_label(metrics[row].form), meaning_of(&metrics[row]));
	}
	tell(all, "left_out_rows", "gauge", NULL, NULL,
	     "rows of lists longer than 10000, of which nothing is told here");
	return all;
}
