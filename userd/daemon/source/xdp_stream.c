// SPDX-License-Identifier: MIT
/*
 * The streams that the lanes of the AF_XDP source fill; see xdp.h. For the control thread. Touches:
 * memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uuid/uuid.h>
#include "../../config/sentence.h"
#include "xdp.h"

/* What a worker is asked to make: a ring on its own node. */
struct ring_order {
	struct sluice_ring ring;
	size_t size;
	uint32_t number;
};

/* Worker call: makes the ring; its pages are first touched here. */
static int make_ring(struct sluice_worker *worker, void *argument)
{
	struct ring_order *order = argument;
	struct timespec now;
	uuid_t stream;

	(void)worker;
	uuid_generate_random(stream);
	clock_gettime(CLOCK_REALTIME, &now);
	return sluice_ring_create(&order->ring, order->size, stream,
				  (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec,
				  order->number);
}

/* Makes the stream of a route for a lane. 0, or a negative errno with a sentence. */
static int make_stream(const struct sluice_source_context *context,
		       const struct sluice_source_plan *plan,
		       const struct sluice_config_route *route, uint32_t number,
		       struct sluice_stream_table *fresh, char **error)
{
	size_t workers = sluice_config_reached(
		route->reach, sluice_config_goal(plan->config, context->worker_count));
	struct sluice_worker *worker = context->workers[(number - SLUICE_XDP_FIRST) % workers];
	sluice_guid *outputs = sluice_route_outputs(plan->config, route);
	struct ring_order order = {.size = route->ring_size, .number = number};
	struct sluice_stream *stream = NULL;
	int result = outputs ? sluice_worker_call(worker, make_ring, &order) : -ENOMEM;

	if (!result) {
		result = sluice_stream_create(&order.ring, -1, route, (const sluice_guid *)outputs,
					      route->output_count, SLUICE_SOURCE_XDP, number,
					      &stream);
		if (result)
			sluice_ring_destroy(&order.ring);
	}
	if (!result)
		result = sluice_stream_add_bell(stream);
	if (!result)
		result = sluice_stream_table_add(fresh, stream, worker);
	if (result) {
		sluice_stream_destroy(stream);
		sluice_say(error,
			   "route `%s`: no ring of %zu bytes for AF_XDP: %s; make "
			   "`store.memory.size` smaller",
			   route->name, route->ring_size, strerror(-result));
	}
	free(outputs);
	return result;
}

struct sluice_stream *sluice_xdp_stream(const struct sluice_source_context *context,
					const struct sluice_source_plan *plan,
					const struct sluice_config_route *route, uint32_t number,
					struct sluice_stream_table *fresh, char **error)
{
	struct sluice_placed_stream *placed =
		sluice_stream_table_find(context->streams, route->id, SLUICE_SOURCE_XDP, number);

	if (!placed)
		placed = sluice_stream_table_find(fresh, route->id, SLUICE_SOURCE_XDP, number);
	if (!placed && !make_stream(context, plan, route, number, fresh, error))
		placed = sluice_stream_table_find(fresh, route->id, SLUICE_SOURCE_XDP, number);
	return placed ? placed->stream : NULL;
}
