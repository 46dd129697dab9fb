// SPDX-License-Identifier: MIT
/*
 * Streams: the module's (state and owner are what the module says) and those of user-space sources,
 * with the cursors that the daemon has in them. Either of the two may be absent. Touches: netlink
 * sockets, stderr.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon.h"
#include "guid.h"
#include "list.h"
#include "netlink.h"

/* One output's place in a stream. NULL: malformed. @owner caller */
static json_t *cursor(struct nlattr *nest)
{
	struct nlattr *attributes[SLUICE_A_MAX + 1];
	json_t *object;

	if (nla_parse_nested(attributes, SLUICE_A_MAX, nest,
			     (struct nla_policy *)sluice_netlink_policy) < 0)
		return NULL;
	object = json_object();
	sluice_list_put_guid(object, "output", attributes[SLUICE_A_OUTPUT_ID]);
	sluice_list_put_string(object, "name", attributes[SLUICE_A_OUTPUT_NAME]);
	sluice_list_put_u64(object, "acked", attributes[SLUICE_A_CURSOR_ACKED]);
	sluice_list_put_u64(object, "taken", attributes[SLUICE_A_CURSOR_TAKEN]);
	sluice_list_put_u64(object, "disk", attributes[SLUICE_A_CURSOR_DISK]);
	return object;
}

/* Adds what a stream's state is, wherever it is told. */
static void put_state(json_t *object, const struct sluice_kernel_stream *stream)
{
	/* Read at different moments, the two can be apart by more than there is room for, or the
	 * wrong way round. */
	uint64_t used = stream->head > stream->tail ? stream->head - stream->tail : 0;
	double fill = stream->size ? 100.0 * (double)used / (double)stream->size : 0;

	sluice_list_put_priority(object, stream->route);
	sluice_list_put_number(object, "epoch", stream->epoch);
	json_object_set_new(object, "cpu", json_integer(stream->cpu));
	json_object_set_new(object, "size", json_integer((json_int_t)stream->size));
	json_object_set_new(object, "head", json_integer((json_int_t)stream->head));
	json_object_set_new(object, "tail", json_integer((json_int_t)stream->tail));
	json_object_set_new(object, "fill_percent", json_real(fill > 100 ? 100 : fill));
	json_object_set_new(object, "owner", json_integer(stream->owner));
	json_object_set_new(object, "wakes", json_integer((json_int_t)stream->wakes));
	sluice_list_counters(object, &stream->counters);
	json_object_set_new(object, "gaps", json_integer((json_int_t)stream->counters.gaps));
}

/* One stream of the daemon's dump, with the cursors of its outputs. */
static int on_stream(struct nlattr **attributes, void *context)
{
	struct sluice_kernel_stream stream = {
		.epoch = sluice_attribute_u64(attributes[SLUICE_A_STREAM_EPOCH]),
		.cpu = sluice_attribute_u32(attributes[SLUICE_A_STREAM_CPU]),
		.size = sluice_attribute_u64(attributes[SLUICE_A_STREAM_SIZE]),
		.head = sluice_attribute_u64(attributes[SLUICE_A_STREAM_HEAD]),
		.tail = sluice_attribute_u64(attributes[SLUICE_A_STREAM_TAIL]),
		.owner = sluice_attribute_u32(attributes[SLUICE_A_STREAM_OWNER]),
		.wakes = sluice_attribute_u64(attributes[SLUICE_A_STREAM_WAKES]),
	};
	json_t *object = json_object(), *cursors = json_array(), *place;
	struct nlattr *nested;
	int rest;

	sluice_list_put_guid(object, "id", attributes[SLUICE_A_STREAM_ID]);
	sluice_list_put_guid(object, "route", attributes[SLUICE_A_ROUTE_ID]);
	sluice_list_put_string(object, "route_name", attributes[SLUICE_A_ROUTE_NAME]);
	sluice_list_put_string(object, "source", attributes[SLUICE_A_STREAM_SOURCE]);
	sluice_attribute_guid(attributes[SLUICE_A_ROUTE_ID], stream.route);
	sluice_netlink_counters(attributes[SLUICE_A_STREAM_COUNTERS], &stream.counters);
	put_state(object, &stream);
	if (attributes[SLUICE_A_STREAM_WORKER])
		sluice_list_put_u32(object, "worker", attributes[SLUICE_A_STREAM_WORKER]);
	if (attributes[SLUICE_A_STREAM_CURSORS]) {
		nla_for_each_nested (nested, attributes[SLUICE_A_STREAM_CURSORS], rest) {
			place = cursor(nested);
			if (place)
				json_array_append_new(cursors, place);
		}
	}
	json_object_set_new(object, "cursors", cursors);
	if (attributes[SLUICE_A_STREAM_DRAINING])
		json_object_set_new(object, "draining",
				    json_boolean(nla_get_u8(attributes[SLUICE_A_STREAM_DRAINING])));
	if (attributes[SLUICE_A_STREAM_LOAD]) {
		sluice_list_put_string(object, "load", attributes[SLUICE_A_STREAM_LOAD]);
		sluice_list_put_moment(object, "load_since",
				       attributes[SLUICE_A_STREAM_LOAD_SINCE]);
	}
	if (attributes[SLUICE_A_STREAM_DISK])
		sluice_list_put_u64(object, "disk", attributes[SLUICE_A_STREAM_DISK]);
	return json_array_append_new(context, object) == 0 ? 0 : -ENOMEM;
}

/* The object of this id in the list, NULL if there is none. */
static json_t *find(const json_t *list, const sluice_guid uuid)
{
	char text[SLUICE_GUID_TEXT];
	size_t number;
	json_t *object;

	sluice_guid_format(uuid, text);
	json_array_foreach(list, number, object)
	{
		if (!strcmp(json_string_value(json_object_get(object, "id")), text))
			return object;
	}
	return NULL;
}

/* Adds the module's streams, or its word on those the daemon has told of. 0 or a negative errno. */
static int add_module_streams(json_t *list)
{
	struct sluice_kernel_stream *streams = NULL;
	struct sluice_kernel_route *routes = NULL;
	struct sluice_kernel *kernel = NULL;
	size_t count = 0, route_count = 0, number;
	json_t *object;
	int error;

	error = sluice_kernel_open(&kernel);
	if (error)
		return error;
	error = sluice_kernel_routes(kernel, &routes, &route_count);
	if (!error)
		error = sluice_kernel_streams(kernel, &streams, &count);
	for (number = 0; number < count && !error; number++) {
		object = find(list, streams[number].uuid);
		if (!object) {
			object = json_object();
			json_object_set_new(object, "id", sluice_list_guid(streams[number].uuid));
			json_object_set_new(object, "source", json_string("kmod"));
			json_object_set_new(object, "cursors", json_array());
			json_array_append_new(list, object);
		}
		json_object_set_new(object, "route", sluice_list_guid(streams[number].route));
		json_object_set_new(object, "route_name",
				    json_string(sluice_kernel_route_name(routes, route_count,
									 streams[number].route)));
		put_state(object, &streams[number]);
	}
	if (error)
		fprintf(stderr, "sluicectl: %s\n", sluice_kernel_error(kernel));
	free(routes);
	free(streams);
	sluice_kernel_close(kernel);
	return error;
}

/* Adds to each cursor how many bytes of its stream the output has not got, in memory and on the
 * disk. */
static void put_behind(json_t *list)
{
	json_t *stream, *cursor;
	json_int_t head, acked;
	size_t index, place;

	json_array_foreach(list, index, stream)
	{
		head = json_integer_value(json_object_get(stream, "head"));
		json_array_foreach(json_object_get(stream, "cursors"), place, cursor)
		{
			acked = json_integer_value(json_object_get(cursor, "acked"));
			json_object_set_new(
				cursor, "behind",
				json_integer((head > acked ? head - acked : 0) +
					     json_integer_value(json_object_get(cursor, "disk"))));
		}
	}
}

json_t *sluice_list_daemon_streams(void)
{
	struct sluice_netlink *netlink = sluice_daemon_connect();
	json_t *list = json_array();

	if (!netlink || sluice_daemon_try_dump(netlink, SLUICE_CMD_STREAM_GET, on_stream, list)) {
		json_decref(list);
		list = NULL;
	}
	sluice_netlink_close(netlink);
	if (list)
		put_behind(list);
	return list;
}

json_t *sluice_list_streams(void)
{
	struct sluice_netlink *netlink = sluice_daemon_connect();
	json_t *list = json_array();
	int daemon, module;

	if (!netlink) {
		json_decref(list);
		return NULL;
	}
	daemon = sluice_daemon_try_dump(netlink, SLUICE_CMD_STREAM_GET, on_stream, list);
	if (daemon) {
		/* Without the daemon the rings go on being filled, and want to be seen. */
		json_array_clear(list);
		module = add_module_streams(list);
		if (module || daemon != -ECONNREFUSED)
			sluice_daemon_complain(netlink, daemon);
		if (module) {
			json_decref(list);
			list = NULL;
		}
	} else if (add_module_streams(list) == -ENOMEM) {
		json_decref(list);
		list = NULL;
	}
	sluice_netlink_close(netlink);
	if (list)
		put_behind(list);
	return list;
}
