// SPDX-License-Identifier: MIT
/*
 * Feeders for destinations that a duplicating output got or lost while its streams go on, and for
 * outputs that are gone and of which the operator said what shall become of what waits; see
 * inner.h. In a worker, by call of change.c. Touches: the worker's streams.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "inner.h"

/* The route of the plan that `stream` belongs to, or NULL. */
static const struct sluice_config_route *route_of(const struct sluice_source_plan *plan,
						  const struct sluice_stream *stream)
{
	size_t number;

	for (number = 0; number < plan->route_count; number++)
		if (sluice_guid_equal(plan->routes[number].id, stream->route))
			return &plan->routes[number];
	return NULL;
}

/* Gives a stream that is being emptied feeders for the cursors in it that somebody sees to now. 0
 * or a negative errno. */
static int take_cursors(const struct sluice_source_plan *plan, struct sluice_stream *stream)
{
	sluice_guid *guids;
	size_t number, count;
	int result = 0;

	guids = sluice_cursor_outputs(plan, &stream->ring, &count);
	if (!guids)
		return -ENOMEM;
	for (number = 0; number < count && !result; number++)
		if (!sluice_stream_feeder(stream, guids[number]))
			result = sluice_stream_add_feeder(stream, guids[number]);
	free(guids);
	return result;
}

int sluice_lanes_add(struct sluice_engine *engine, const struct sluice_config *config,
		     const struct sluice_source_plan *plan, const struct sluice_worker *worker)
{
	size_t place;
	int result;

	for_each_placed_stream (placed, &engine->streams) {
		struct sluice_stream *stream = placed->stream;
		const struct sluice_config_route *route = route_of(plan, stream);

		if (placed->worker != worker)
			continue;
		if (!route) {
			result = stream->draining ? take_cursors(plan, stream) : 0;
			if (result)
				return result;
			continue;
		}
		for (place = 0; place < route->output_count; place++) {
			const uint8_t *guid = config->outputs[route->outputs[place]].id;

			if (sluice_stream_feeder(stream, guid))
				continue;
			result = sluice_stream_add_feeder(stream, guid);
			if (result)
				return result;
		}
	}
	return 0;
}

void sluice_lanes_drop(struct sluice_engine *engine, const struct sluice_worker *worker)
{
	size_t place;

	for_each_placed_stream (placed, &engine->streams) {
		struct sluice_stream *stream = placed->stream;

		if (placed->worker != worker)
			continue;
		for (place = stream->feeder_count; place-- > 0;) {
			if (stream->feeders[place]->output)
				continue;
			if (stream->draining)
				sluice_stream_leave_feeder(stream, stream->outputs[place]);
			else
				sluice_stream_drop_feeder(stream, stream->outputs[place]);
		}
	}
}
