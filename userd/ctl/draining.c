// SPDX-License-Identifier: MIT
/*
 * What outputs get still by rings of an earlier configuration; see draining.h. Touches: a
 * netlink socket.
 */
#include <string.h>
#include "draining.h"
#include "list.h"

/* The line of an output in the list, made if there is none. NULL: no memory. */
static json_t *line_of(json_t *list, const json_t *cursor)
{
	const char *id = json_string_value(json_object_get(cursor, "output"));
	const char *name = json_string_value(json_object_get(cursor, "name"));
	size_t number;
	json_t *line;

	json_array_foreach(list, number, line)
	{
		if (id && !strcmp(json_string_value(json_object_get(line, "id")), id))
			return line;
	}
	line = json_pack("{s:s, s:s, s:i, s:i}", "output", name ? name : "", "id", id ? id : "",
			 "bytes", 0, "rings", 0);
	if (!line || json_array_append_new(list, line))
		return NULL;
	return line;
}

/* Adds what one stream of before holds. */
static void add_stream(json_t *list, const json_t *stream)
{
	json_t *cursor, *line;
	json_int_t behind;
	size_t number;

	if (!json_is_true(json_object_get(stream, "draining")))
		return;
	json_array_foreach(json_object_get(stream, "cursors"), number, cursor)
	{
		behind = json_integer_value(json_object_get(cursor, "behind"));
		line = behind ? line_of(list, cursor) : NULL;
		if (!line)
			continue;
		behind += json_integer_value(json_object_get(line, "bytes"));
		json_object_set_new(line, "bytes", json_integer(behind));
		json_object_set_new(
			line, "rings",
			json_integer(json_integer_value(json_object_get(line, "rings")) + 1));
	}
}

json_t *sluice_draining_list(void)
{
	json_t *streams = sluice_list_daemon_streams(), *list, *stream;
	size_t number;

	if (!streams)
		return json_null();
	list = json_array();
	json_array_foreach(streams, number, stream)
	{
		add_stream(list, stream);
	}
	json_decref(streams);
	return list;
}
