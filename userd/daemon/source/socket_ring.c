// SPDX-License-Identifier: MIT
/*
 * Rings of sockets: one for each route and worker, on the worker's own node, in a file that
 * outlives this process where there can be one; see socket.h. For the control thread, by call.
 * Touches: memory, and the files of socket_keep.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <uuid/uuid.h>
#include "../../lib/log.h"
#include "../../config/sentence.h"
#include "socket.h"

/* What a worker is asked to make: a ring on its own node. */
struct ring_order {
	struct sluice_ring ring;
	size_t size;
	const char *path; /* of a file that outlives us; NULL: none */
	bool found;
	uint64_t least; /* epoch of the ring that an earlier daemon had there */
	bool is_gone;	/* an earlier daemon had one there */
};

/* Worker call: makes the ring; its pages are first touched here. */
static int make_ring(struct sluice_worker *worker, void *argument)
{
	struct ring_order *order = argument;
	struct timespec now;
	uint64_t epoch;
	bool is_left = false;
	uuid_t stream;
	int error;

	uuid_generate_random(stream);
	clock_gettime(CLOCK_REALTIME, &now);
	epoch = (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
	if (order->path) {
		error = sluice_ring_keep_since(&order->ring, order->path, order->size, stream,
					       epoch, (uint32_t)worker->cpu, order->least,
					       &order->found);
		if (!error && order->is_gone && !order->ring.is_revived)
			sluice_ring_lose_unknown(&order->ring, 0, SLUICE_LOST_DISK);
		if (!error)
			return 0;
		is_left = error == -EPERM;
		sluice_warning_about(SLUICE_ABOUT(.worker = SLUICE_NUMBER(worker->number),
						  .path = order->path,
						  .error = strerrorname_np(-error)),
				     "%s: %s; the ring of worker %u does not outlive this process",
				     order->path, strerror(-error), worker->number);
	}
	/* Its place is another's; what was in it is told, if its twin is there. */
	if (is_left && !sluice_ring_revive_apart(&order->ring, order->path))
		return 0;
	error = sluice_ring_create(&order->ring, order->size, stream, epoch, (uint32_t)worker->cpu);
	if (!error && is_left) {
		sluice_error_about(
			SLUICE_ABOUT(.path = order->path),
			"%s: another user's, or others may write to it: an unknown number of "
			"datagrams that an earlier daemon may have left there is not "
			"delivered",
			order->path);
		sluice_ring_lose_unknown(&order->ring, 0, SLUICE_LOST_DISK);
	}
	return error;
}

int sluice_socket_make_stream(const struct sluice_source_context *context,
			      struct sluice_port_set *set, const struct sluice_source_plan *plan,
			      const struct sluice_config_route *route, size_t number,
			      struct sluice_stream_table *fresh, char **error)
{
	struct sluice_worker *worker = context->workers[number];
	sluice_guid *outputs = sluice_route_outputs(plan->config, route);
	struct sluice_stream *stream = NULL;
	struct stat state;
	uint64_t left;
	bool is_told;
	/* First, because it may choose another directory. */
	int result = sluice_socket_ring_prepare(plan->config, error);
	char *path = sluice_socket_ring_path(plan->config, route->id, worker->number);
	struct ring_order order = {.size = route->ring_size, .path = path};

	order.least = path ? sluice_socket_ring_epoch(plan->identity, path) : 0;
	/* What is there under another form tells of itself. */
	order.is_gone =
		path && sluice_names_has(&plan->identity->rings, path) && lstat(path, &state);

	is_told = result != 0;
	if (!result)
		result = outputs ? sluice_worker_call(worker, make_ring, &order) : -ENOMEM;
	if (result)
		goto free;
	left = sluice_ring_head(&order.ring) - sluice_ring_tail(&order.ring);
	if (order.found && left && !order.ring.is_revived)
		sluice_notice_about(
			SLUICE_ABOUT(.route = route->name, .worker = SLUICE_NUMBER(number),
				     .bytes = SLUICE_NUMBER(left)),
			"route `%s`, worker %zu: its ring is still there, with %llu bytes",
			route->name, number, (unsigned long long)left);
	result = sluice_stream_create(&order.ring, -1, route, (const sluice_guid *)outputs,
				      route->output_count, SLUICE_SOURCE_SOCKET, worker->number,
				      &stream);
	if (result) {
		sluice_ring_destroy(&order.ring);
		goto free;
	}
	stream->source = set;
	stream->refill = sluice_port_refill;
	result = sluice_stream_table_add(fresh, stream, worker);
	if (result)
		sluice_stream_destroy(stream);

free:
	free(outputs);
	free(path);
	if (result && !is_told)
		sluice_say(error,
			   "route `%s`: no ring of %zu bytes for worker %zu: %s; make "
			   "`store.memory.size` smaller",
			   route->name, route->ring_size, number, strerror(-result));
	return result;
}
