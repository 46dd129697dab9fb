// SPDX-License-Identifier: MIT
/*
 * Streams get their disk side, in a change of configuration (change.c); at the start what only the disk knows becomes a
 * stream too. In the control thread. Touches: streams that are in no worker yet; the store, held for a moment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../stream/shelf.h"
#include "inner.h"
#include "sentence.h"

/* What adoption has in hand. */
struct adopting {
	struct sluice_engine *engine;
	struct sluice_stream_table *fresh;
};

/* Is a ring there for what the store has? Then it goes on with that. */
static bool has_ring(void *context, const struct sluice_spool_name *name)
{
	const struct adopting *adopting = context;
	const struct sluice_ring_producer *producer;
	size_t number;

	for (number = 0; number < adopting->fresh->count; number++) {
		producer = adopting->fresh->list[number].stream->ring.producer;
		if (producer->epoch == name->epoch &&
		    !memcmp(producer->stream, name->stream, sizeof(name->stream)))
			return true;
	}
	return false;
}

/* An orphan of the store joins the fresh streams. */
static int take_orphan(void *context, struct sluice_stream *stream)
{
	const struct adopting *adopting = context;
	struct sluice_engine *engine = adopting->engine;

	return sluice_stream_table_add(adopting->fresh, stream,
				       engine->workers[stream->cpu % engine->worker_count]);
}

int sluice_engine_shelve(struct sluice_engine *engine, const struct sluice_config *config,
			 struct sluice_stream_table *fresh, char **error)
{
	struct adopting adopting = {.engine = engine, .fresh = fresh};
	uint8_t(*outputs)[SLUICE_GUID_SIZE];
	size_t number;
	int result = 0;

	outputs = calloc(config->output_count + 1, sizeof(*outputs));
	if (!outputs)
		return -ENOMEM;
	for (number = 0; number < config->output_count; number++)
		memcpy(outputs[number], config->outputs[number].id, SLUICE_GUID_SIZE);
	if (!engine->config)
		result = sluice_shelf_adopt(engine->spooler,
					    (const uint8_t(*)[SLUICE_GUID_SIZE])outputs,
					    config->output_count, has_ring, take_orphan, &adopting);
	free(outputs);
	for (number = 0; !result && number < fresh->count; number++)
		result = sluice_shelf_create(fresh->list[number].stream, engine->spooler,
					     fresh->list[number].worker->number);
	if (result)
		sluice_say(error, "the store on the disk cannot be used: %s", strerror(-result));
	return result;
}
