// SPDX-License-Identifier: MIT
/*
 * Which streams there are and where they live; see source.h. For the control thread. Touches:
 * memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "source.h"

struct sluice_placed_stream *sluice_stream_table_find(const struct sluice_stream_table *table,
						      const sluice_guid route,
						      enum sluice_source kind, uint32_t cpu)
{
	for_each_placed_stream (placed, table) {
		const struct sluice_stream *stream = placed->stream;

		if (!sluice_load_relaxed(&stream->hung) && stream->kind == kind &&
		    stream->cpu == cpu && sluice_guid_equal(stream->route, route))
			return placed;
	}
	return NULL;
}

int sluice_stream_table_add(struct sluice_stream_table *table, struct sluice_stream *stream,
			    struct sluice_worker *worker)
{
	size_t larger = table->room ? 2 * table->room : 16;
	struct sluice_placed_stream *list;

	if (table->count == table->room) {
		list = reallocarray(table->list, larger, sizeof(*list));
		if (!list)
			return -ENOMEM;
		table->list = list;
		table->room = larger;
	}
	table->list[table->count++] =
		(struct sluice_placed_stream){.stream = stream, .worker = worker};
	return 0;
}

void sluice_stream_table_remove(struct sluice_stream_table *table, size_t place)
{
	if (place >= table->count)
		return;
	memmove(&table->list[place], &table->list[place + 1],
		(table->count - place - 1) * sizeof(*table->list));
	table->count--;
}

sluice_guid *sluice_route_outputs(const struct sluice_config *config,
				  const struct sluice_config_route *route)
{
	sluice_guid *guids = calloc(route->output_count ? route->output_count : 1, sizeof(*guids));
	size_t number;

	for (number = 0; guids && number < route->output_count; number++)
		sluice_guid_copy(guids[number], config->outputs[route->outputs[number]].id);
	return guids;
}

/* Is there a cursor of output `guid` in the ring? */
static bool has_cursor(const struct sluice_ring *ring, const sluice_guid guid)
{
	size_t slot;

	for (slot = 0; slot < SLUICE_RING_CURSORS; slot++)
		if (sluice_guid_equal(ring->consumer->cursor[slot].output, guid))
			return true;
	return false;
}

sluice_guid *sluice_cursor_outputs(const struct sluice_source_plan *plan,
				   const struct sluice_ring *ring, size_t *count)
{
	size_t number, all, kept = 0;
	sluice_guid *guids = sluice_identity_cursors(plan->identity, plan->config, &all);

	*count = 0;
	if (!guids || !ring->consumer)
		return guids;
	for (number = 0; number < all; number++)
		if (has_cursor(ring, guids[number]))
			memmove(guids[kept++], guids[number], SLUICE_GUID_SIZE);
	*count = kept;
	return guids;
}
