// SPDX-License-Identifier: MIT
/*
 * What the module's half of a datagram's way costs, from what the module measured of one datagram
 * in many and one wake in some, taken for all of them. Beside what the daemon tells of itself
 * (list_daemon.c). Touches: a netlink socket.
 */
#include <errno.h>
#include <stdlib.h>
#include "guid.h"
#include "kernel.h"
#include "list.h"
#include "netlink.h"

/* Adds a line of `name` to `list`: `sum` ns for `measured` of `all`, of which `datagrams` are the
 * datagrams with `bytes`. 0 or -ENOMEM. @context process */
static int add_line(json_t *list, const char *name, const char *stage, uint64_t sum,
		    uint64_t measured, uint64_t all, const struct sluice_counters *counters)
{
	uint64_t time_ns, stored = counters->stored;
	json_t *line;

	if (!measured || !all)
		return 0;
	time_ns = (uint64_t)((unsigned __int128)sum * all / measured);
	/* The share is of the daemon's processor time, which this is no part of. */
	line = json_pack("{s:s, s:s, s:s, s:I, s:i, s:I, s:I, s:I}", "of", "module", "name", name,
			 "stage", stage, "cpu_time", (json_int_t)time_ns, "share", 0, "datagrams",
			 (json_int_t)stored, "each", (json_int_t)(stored ? time_ns / stored : 0),
			 "bytes", (json_int_t)counters->stored_bytes);
	return json_array_append_new(list, line) ? -ENOMEM : 0;
}

/* Adds the lines of a route, whose rings are among `streams`. 0 or -ENOMEM. @context process */
static int add_route(json_t *list, const struct sluice_kernel_route *route,
		     const struct sluice_kernel_stream *streams, size_t count)
{
	struct sluice_kernel_stream sum = {0};
	size_t number;

	for (number = 0; number < count; number++) {
		const struct sluice_kernel_stream *stream = &streams[number];

		if (!sluice_guid_equal(stream->route, route->guid))
			continue;
		sum.counters.stored += stream->counters.stored;
		sum.counters.stored_bytes += stream->counters.stored_bytes;
		sum.wakes += stream->wakes;
		sum.measured += stream->measured;
		sum.match_ns += stream->match_ns;
		sum.store_ns += stream->store_ns;
		sum.wakes_measured += stream->wakes_measured;
		sum.wake_ns += stream->wake_ns;
	}
	if (add_line(list, route->name, "match", sum.match_ns, sum.measured, sum.counters.stored,
		     &sum.counters) ||
	    add_line(list, route->name, "store", sum.store_ns, sum.measured, sum.counters.stored,
		     &sum.counters) ||
	    add_line(list, route->name, "wake", sum.wake_ns, sum.wakes_measured, sum.wakes,
		     &sum.counters))
		return -ENOMEM;
	return 0;
}

int sluice_list_add_module_costs(json_t *list)
{
	struct sluice_kernel_stream *streams = NULL;
	struct sluice_kernel_route *routes = NULL;
	size_t count = 0, route_count = 0, number;
	struct sluice_kernel *kernel = NULL;
	int error = 0;

	/* Without the module, or the right to ask it, there are none. */
	if (sluice_kernel_open(&kernel))
		return 0;
	if (!sluice_kernel_routes(kernel, &routes, &route_count) &&
	    !sluice_kernel_streams(kernel, &streams, &count))
		for (number = 0; number < route_count && !error; number++)
			error = add_route(list, &routes[number], streams, count);
	free(routes);
	free(streams);
	sluice_kernel_close(kernel);
	return error;
}
