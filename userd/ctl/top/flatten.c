// SPDX-License-Identifier: MIT
/*
 * Lists of a snapshot as flat rows; see flatten.h. Touches: nothing but memory.
 */
#include "flatten.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY 320U /* bytes of what tells a row from others */

/* A member as text; "": it is not there, or none. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Adds a row with its item and label. */
static void add_row(json_t *rows, json_t *row, const char *item, const char *label)
{
	json_object_set_new(row, "item", json_string(item));
	json_object_set_new(row, "label", json_string(label));
	json_array_append_new(rows, row);
}

/* Is a destination connected? One that is slow or complains is, too. */
static bool is_up(const json_t *destination)
{
	static const char *const away[] = {"", "waiting", "connecting", "disabled"};
	const char *state = text_of(destination, "state");
	size_t number;

	for (number = 0; number < sizeof(away) / sizeof(away[0]); number++)
		if (!strcmp(state, away[number]))
			return false;
	return true;
}

/* Would it be connected, did nothing keep it from that? */
static bool is_down(const json_t *destination)
{
	return !is_up(destination) && strcmp(text_of(destination, "state"), "disabled") != 0;
}

/* The sum of a number over a list, or of all of its numbers by cause. */
static json_t *sum_of(const json_t *list, const char *key)
{
	json_t *one, *value, *member;
	json_int_t sum = 0;
	const char *name;
	size_t number;

	json_array_foreach(list, number, one)
	{
		value = json_object_get(one, key);
		sum += json_integer_value(value);
		json_object_foreach(value, name, member)
		{
			sum += json_integer_value(member);
		}
	}
	return json_integer(sum);
}

/* What the columns of an output sum up of its destinations. */
static const char *const sums[] = {"sent", "acked", "bytes", "resent", "connects"};

/* The row of an output, followed by those of its destinations. */
static void add_output(json_t *rows, const json_t *output)
{
	json_t *row = json_copy((json_t *)output), *destination, *part;
	json_t *destinations = json_object_get(output, "destinations");
	size_t number, sum, up = 0, down = 0, disabled = 0;
	char text[KEY];

	json_array_foreach(destinations, number, destination)
	{
		up += is_up(destination);
		down += is_down(destination);
		disabled += !strcmp(text_of(destination, "role"), "disabled");
	}
	for (sum = 0; sum < sizeof(sums) / sizeof(sums[0]); sum++)
		json_object_set_new(row, sums[sum], sum_of(destinations, sums[sum]));
	json_object_del(row, "destinations");
	snprintf(text, sizeof(text), "%zu of %zu up", up, json_array_size(destinations));
	json_object_set_new(row, "state", json_string(text));
	json_object_set_new(row, "down", json_integer((json_int_t)down));
	if (disabled && disabled == json_array_size(destinations))
		json_object_set_new(row, "role", json_string("disabled"));
	add_row(rows, row, text_of(output, "id"), text_of(output, "name"));
	json_array_foreach(destinations, number, destination)
	{
		part = json_copy(destination);
		json_object_set(part, "name", json_object_get(output, "name"));
		json_object_set_new(part, "down", json_integer(is_down(destination)));
		snprintf(text, sizeof(text), "  %s", text_of(destination, "to"));
		json_array_append_new(rows, part);
		json_object_set_new(part, "label", json_string(text));
		snprintf(text, sizeof(text), "%.40s %.255s", text_of(output, "id"),
			 text_of(destination, "to"));
		json_object_set_new(part, "item", json_string(text));
	}
}

/* A row of a stream, with the output that is furthest behind. */
static void add_stream(json_t *rows, const json_t *snapshot, const json_t *stream)
{
	json_t *row = json_copy((json_t *)stream), *cursor;
	const char *slowest = "";
	json_int_t most = 0, behind;
	size_t number;

	json_array_foreach(json_object_get(stream, "cursors"), number, cursor)
	{
		behind = json_integer_value(json_object_get(cursor, "behind"));
		if (behind > most) {
			most = behind;
			slowest = text_of(cursor, "name");
		}
	}
	json_object_set(row, "alarm",
			json_object_get(json_object_get(snapshot, "alarm"), "memory"));
	json_object_set_new(row, "behind", json_integer(most));
	json_object_set_new(row, "slowest", json_string(slowest));
	add_row(rows, row, text_of(stream, "id"), text_of(stream, "route_name"));
}

/* A row for the memory, and one for the disk if there is one, with the alarm of each. */
static void add_store(json_t *rows, const json_t *snapshot, const char *part)
{
	const json_t *store = json_array_get(json_object_get(snapshot, "store"), 0);
	json_t *row = json_copy(json_object_get(store, part));
	double size = json_number_value(json_object_get(row, "size"));

	if (!row)
		return;
	json_object_set_new(
		row, "fill",
		json_real(size > 0 ? 100 * json_number_value(json_object_get(row, "used")) / size
				   : 0));
	json_object_set(row, "alarm", json_object_get(json_object_get(snapshot, "alarm"), part));
	add_row(rows, row, part, part);
}

/* The rows of threads: two may have one name. */
static void add_threads(json_t *rows, const json_t *list)
{
	json_t *thread;
	size_t number;
	char text[KEY];

	json_array_foreach(list, number, thread)
	{
		snprintf(text, sizeof(text), "%.64s %zu", text_of(thread, "name"), number);
		add_row(rows, json_copy(thread), text, text_of(thread, "name"));
	}
}

/* Puts the members of an object of a row beside it: `before` and the name of each. */
static void put_members(json_t *row, const char *key, const char *before)
{
	json_t *member;
	const char *name;
	char text[KEY];

	json_object_foreach(json_object_get(row, key), name, member)
	{
		snprintf(text, sizeof(text), "%s%.64s", before, name);
		json_object_set(row, text, member);
	}
}

/* A row of a ring, with how full it is. */
static void add_ring(json_t *rows, const json_t *ring)
{
	json_t *row = json_copy((json_t *)ring);
	double size = json_number_value(json_object_get(row, "size")),
	       used = json_number_value(json_object_get(row, "head")) -
		      json_number_value(json_object_get(row, "shared_tail"));
	char label[KEY];

	/* An older module does not tell. */
	if (size > 0)
		json_object_set_new(row, "fill", json_real(used > 0 ? 100 * used / size : 0));
	put_members(row, "batch", "batch_");
	json_object_del(row, "batch");
	snprintf(label, sizeof(label), "ring %.255s cpu %lld", text_of(ring, "name"),
		 (long long)json_integer_value(json_object_get(ring, "cpu")));
	add_row(rows, row, text_of(ring, "stream"), label);
}

/* What the module tells of: rules, rings, CPUs. */
static void add_kernel(json_t *rows, const json_t *snapshot)
{
	json_t *one, *row;
	char label[KEY];
	size_t number;

	json_array_foreach(json_object_get(snapshot, "rules"), number, one)
	{
		row = json_copy(one);
		put_members(row, "lost", "");
		add_row(rows, row, text_of(one, "id"), text_of(one, "name"));
	}
	json_array_foreach(json_object_get(snapshot, "rings"), number, one)
	{
		add_ring(rows, one);
	}
	json_array_foreach(json_object_get(snapshot, "cpus"), number, one)
	{
		row = json_copy(one);
		put_members(row, "lost", "");
		snprintf(label, sizeof(label), "cpu %lld",
			 (long long)json_integer_value(json_object_get(one, "cpu")));
		add_row(rows, row, label, label);
	}
}

/* What comes in, of all inputs. */
static void add_total_in(json_t *rows, const json_t *snapshot)
{
	const json_t *inputs = json_object_get(snapshot, "inputs");
	json_t *in = json_object();

	json_object_set_new(in, "datagrams", sum_of(inputs, "matched"));
	json_object_set_new(in, "stored", sum_of(inputs, "stored"));
	json_object_set_new(in, "bytes", sum_of(inputs, "stored_bytes"));
	json_object_set_new(in, "lost", sum_of(inputs, "lost"));
	json_object_set_new(in, "dropped", sum_of(inputs, "dropped"));
	json_object_set(in, "workers",
			json_object_get(json_object_get(snapshot, "daemon"), "workers"));
	add_row(rows, in, "in", "in");
}

/* What goes out, of all outputs. */
static void add_total_out(json_t *rows, const json_t *snapshot)
{
	const json_t *outputs = json_object_get(snapshot, "outputs");
	json_t *out = json_object(), *all = json_array(), *one;
	size_t number, up = 0, down = 0;
	char text[64];

	json_array_foreach(outputs, number, one)
	{
		json_array_extend(all, json_object_get(one, "destinations"));
	}
	json_array_foreach(all, number, one)
	{
		up += is_up(one);
		down += is_down(one);
	}
	json_object_set_new(out, "datagrams", sum_of(all, "sent"));
	json_object_set_new(out, "bytes", sum_of(all, "bytes"));
	json_object_set_new(out, "acked", sum_of(all, "acked"));
	json_object_set_new(out, "resent", sum_of(all, "resent"));
	json_object_set_new(out, "memory", sum_of(outputs, "memory"));
	json_object_set_new(out, "disk", sum_of(outputs, "disk"));
	json_object_set_new(out, "achieved", sum_of(outputs, "achieved"));
	json_object_set_new(out, "backlog", sum_of(outputs, "backlog"));
	snprintf(text, sizeof(text), "%zu of %zu up", up, json_array_size(all));
	json_object_set_new(out, "up", json_string(text));
	json_object_set_new(out, "down", json_integer((json_int_t)down));
	add_row(rows, out, "out", "out");
	json_decref(all);
}

json_t *sluice_top_flatten(const json_t *snapshot, enum sluice_top_list list)
{
	json_t *rows = json_array(), *one;
	size_t number;

	switch (list) {
	case SLUICE_TOP_TOTALS:
		add_total_in(rows, snapshot);
		add_total_out(rows, snapshot);
		break;
	case SLUICE_TOP_INPUTS:
		/* Of these there may be very many: they are as they are. */
		json_array_extend(rows, json_object_get(snapshot, "inputs"));
		break;
	case SLUICE_TOP_OUTPUTS:
		json_array_foreach(json_object_get(snapshot, "outputs"), number, one)
		{
			add_output(rows, one);
		}
		break;
	case SLUICE_TOP_STREAMS:
		json_array_foreach(json_object_get(snapshot, "streams"), number, one)
		{
			add_stream(rows, snapshot, one);
		}
		break;
	case SLUICE_TOP_STORE:
		add_store(rows, snapshot, "memory");
		add_store(rows, snapshot, "disk");
		break;
	case SLUICE_TOP_THREADS:
		add_threads(rows, json_object_get(snapshot, "threads"));
		break;
	case SLUICE_TOP_RULES:
		add_kernel(rows, snapshot);
		break;
	case SLUICE_TOP_LISTS:
		break;
	}
	return rows;
}
