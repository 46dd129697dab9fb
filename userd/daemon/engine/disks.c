// SPDX-License-Identifier: MIT
/*
 * Streams get their disk side, in a change of configuration (change.c); of a store that was just
 * opened what only the disk knows becomes a stream too. In the control thread. Touches: streams
 * that are in no worker yet; the store, held for a moment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../spool/disk_side.h"
#include "inner.h"
#include "../../config/sentence.h"

/* What adoption has in hand. */
struct adopting {
	struct sluice_engine *engine;
	struct sluice_stream_table *fresh;
	size_t reach; /* workers that deliver */
};

/* Does a stream of the table that goes on with what the store has feed the output from it? */
static bool feeds(const struct sluice_stream_table *table, const struct sluice_spool_name *name,
		  const sluice_guid output)
{
	const struct sluice_ring_producer *producer;

	for_each_placed_stream (placed, table) {
		producer = placed->stream->ring.producer;
		if (producer->epoch == name->epoch &&
		    sluice_guid_equal(producer->stream, name->stream) &&
		    sluice_stream_feeder(placed->stream, output))
			return true;
	}
	return false;
}

/* Does the output get what the store has of a stream by way of that? */
static bool is_served(void *context, const struct sluice_spool_name *name, const sluice_guid output)
{
	const struct adopting *adopting = context;

	return feeds(adopting->fresh, name, output) ||
	       feeds(&adopting->engine->streams, name, output);
}

/* An orphan of the store joins the fresh streams. */
static int take_orphan(void *context, struct sluice_stream *stream)
{
	const struct adopting *adopting = context;
	struct sluice_engine *engine = adopting->engine;

	return sluice_stream_table_add(adopting->fresh, stream,
				       engine->workers[stream->cpu % adopting->reach]);
}

int sluice_engine_add_disk(struct sluice_engine *engine, struct sluice_spooler *spooler,
			   const struct sluice_source_plan *plan, struct sluice_stream_table *fresh,
			   char **error)
{
	struct adopting adopting = {.engine = engine,
				    .fresh = fresh,
				    .reach =
					    sluice_config_reached(sluice_config_reach(plan->config),
								  engine->worker_count)};
	sluice_guid *outputs;
	size_t number, count;
	int result;

	outputs = sluice_identity_cursors(plan->identity, plan->config, &count);
	if (!outputs)
		return -ENOMEM;
	result = sluice_disk_side_adopt(spooler, (const sluice_guid *)outputs, count,
					spooler != engine->spooler, is_served, take_orphan,
					&adopting);
	free(outputs);
	for (number = 0; !result && number < fresh->count; number++)
		result = sluice_disk_side_create(fresh->list[number].stream, spooler,
						 fresh->list[number].worker->number);
	if (result)
		sluice_say(error, "the store on the disk cannot be used: %s", strerror(-result));
	return result;
}
