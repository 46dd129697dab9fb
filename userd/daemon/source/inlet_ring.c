// SPDX-License-Identifier: MIT
/*
 * Rings of inlets: one for each of an inlet's threads, in a file that outlives this process where
 * there can be one, as those of sockets and beside them (socket_keep.c); see inlet.h. For the
 * control thread, by call. Touches: memory, those files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uuid/uuid.h>
#include "../../config/sentence.h"
#include "../../lib/log.h"
#include "inlet.h"
#include "socket.h"

/* What a worker is asked to make: a ring on its own node. */
struct ring_order {
	struct sluice_ring ring;
	size_t size;
	const char *path; /* of a file that outlives us; NULL: none */
	uint64_t least;	  /* epoch of the ring that an earlier daemon had there */
	bool found;
};

/* Worker call: makes the ring; its pages are first touched here. */
static int make_ring(struct sluice_worker *worker, void *argument)
{
	struct ring_order *order = argument;
	struct timespec now;
	uint64_t epoch;
	uuid_t stream;
	int error;

	uuid_generate_random(stream);
	clock_gettime(CLOCK_REALTIME, &now);
	epoch = (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
	if (order->path) {
		error = sluice_ring_keep_since(&order->ring, order->path, order->size, stream,
					       epoch, (uint32_t)worker->cpu, order->least,
					       &order->found);
		if (!error)
			return 0;
		sluice_warning_about(
			SLUICE_ABOUT(.path = order->path, .error = strerrorname_np(-error)),
			"%s: %s; this ring does not outlive this process", order->path,
			strerror(-error));
	}
	return sluice_ring_create(&order->ring, order->size, stream, epoch, (uint32_t)worker->cpu);
}

/* Makes the stream. 0, or a negative errno with a sentence. */
static int make_stream(const struct sluice_source_context *context,
		       const struct sluice_source_plan *plan,
		       const struct sluice_config_route *route, enum sluice_source kind,
		       uint32_t number, struct sluice_stream_table *fresh, char **error)
{
	size_t workers = sluice_config_reached(
		route->reach, sluice_config_goal(plan->config, context->worker_count));
	struct sluice_worker *worker = context->workers[number % workers];
	sluice_guid *outputs = sluice_route_outputs(plan->config, route);
	struct sluice_stream *stream = NULL;
	/* First, because it may choose another directory. */
	int result = sluice_socket_ring_prepare(plan->config, error);
	char *path = sluice_socket_ring_path(plan->config, route->id, number);
	struct ring_order order = {.size = route->ring_size, .path = path};

	order.least = path ? sluice_socket_ring_epoch(plan->identity, path) : 0;
	if (!result)
		result = outputs ? sluice_worker_call(worker, make_ring, &order) : -ENOMEM;
	if (result)
		goto free;
	result = sluice_stream_create(&order.ring, -1, route, (const sluice_guid *)outputs,
				      route->output_count, kind, number, &stream);
	if (result) {
		sluice_ring_destroy(&order.ring);
		goto free;
	}
	result = sluice_stream_add_bell(stream);
	if (!result)
		result = sluice_stream_table_add(fresh, stream, worker);
	if (result)
		sluice_stream_destroy(stream);
free:
	free(outputs);
	free(path);
	if (result)
		sluice_say(error,
			   "route `%s`: no ring of %zu bytes: %s; make `store.memory.size` smaller",
			   route->name, route->ring_size, strerror(-result));
	return result;
}

struct sluice_stream *sluice_inlet_stream(const struct sluice_source_context *context,
					  const struct sluice_source_plan *plan, size_t input,
					  size_t thread, struct sluice_stream_table *fresh,
					  char **error)
{
	const struct sluice_config_route *route = &plan->routes[plan->route_of[input]];
	uint32_t number = sluice_inlet_number(plan->config->inputs[input].id, thread);
	enum sluice_source kind = plan->kinds[input];
	struct sluice_placed_stream *placed =
		sluice_stream_table_find(context->streams, route->id, kind, number);

	if (!placed)
		placed = sluice_stream_table_find(fresh, route->id, kind, number);
	if (!placed && !make_stream(context, plan, route, kind, number, fresh, error))
		placed = sluice_stream_table_find(fresh, route->id, kind, number);
	return placed ? placed->stream : NULL;
}
