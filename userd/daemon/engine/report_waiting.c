// SPDX-License-Identifier: MIT
/*
 * What waits for each output; see report_waiting.h. A row of `show outputs` that says 0 while
 * gigabytes lie on the disk is worse than none. Touches: rings, read only while others move them;
 * the store, held for a moment.
 */
#include <string.h>
#include "../stream/shelf.h"
#include "report_waiting.h"

/* What a look into one log has in hand. */
struct look {
	struct sluice_spool *spool;
	struct sluice_spool_log *log;
	uint64_t bytes;
	uint64_t first;	    /* offset of the lowest byte that waits */
	uint64_t oldest_ns; /* when its frame was written; 0: not known */
};

/* Adds a run of bytes that an output needs. */
static int add_run(void *context, uint64_t start, uint64_t end, uint64_t serial)
{
	struct look *look = context;

	(void)serial;
	if (!look->bytes || start < look->first)
		look->first = start;
	look->bytes += end - start;
	return 0;
}

/* Finds the frame of the lowest byte. */
static int find_frame(void *context, const struct sluice_spool_frame *frame)
{
	struct look *look = context;

	if (look->first < frame->offset || look->first - frame->offset >= frame->span)
		return 0;
	look->oldest_ns = frame->time_ns;
	return 1;
}

/* What of a stream waits on the disk for an output. */
static void look_at_disk(const struct sluice_stream *stream, const uint8_t id[SLUICE_GUID_SIZE],
			 struct look *look)
{
	look->log = stream->shelf->log;
	look->bytes = 0;
	look->oldest_ns = 0;
	(void)sluice_spool_backlog(look->spool, look->log, id, add_run, look);
	if (look->bytes)
		(void)sluice_spool_frames(look->spool, look->log, false, find_frame, look);
}

/* The picture of the output that gets what waits for `id`. NULL: none does. */
static struct sluice_engine_output *output_of(const struct sluice_engine *engine,
					      struct sluice_engine_report *report,
					      const uint8_t id[SLUICE_GUID_SIZE])
{
	const struct sluice_config *config = engine->config;
	size_t number, place = 0;

	id = sluice_identity_heir(&engine->identity, id);
	for (number = 0; id && number < config->output_count; number++) {
		place += number && !sluice_config_is_twin(config, number);
		if (!memcmp(config->outputs[number].id, id, SLUICE_GUID_SIZE))
			return &report->outputs[place];
	}
	return NULL;
}

/* Adds what waits since `since_ns`. */
static void add_oldest(struct sluice_engine_output *output, uint64_t since_ns)
{
	if (since_ns && (!output->oldest_ns || since_ns < output->oldest_ns))
		output->oldest_ns = since_ns;
}

/* Adds one stream. `spool`: held, or NULL: there is no disk. */
static void add_stream(struct sluice_engine *engine, struct sluice_engine_report *report,
		       const struct sluice_stream *stream, struct sluice_engine_stream *picture,
		       struct sluice_spool *spool)
{
	struct look look = {.spool = spool};
	size_t number;

	for (number = 0; number < picture->cursor_count; number++) {
		struct sluice_engine_cursor *cursor = &picture->cursors[number];
		struct sluice_engine_output *output = output_of(engine, report, cursor->output);

		if (spool && stream->shelf) {
			look_at_disk(stream, cursor->output, &look);
			cursor->disk = look.bytes;
		}
		if (!output)
			continue;
		output->disk += cursor->disk;
		if (cursor->disk)
			add_oldest(output, look.oldest_ns);
		if (cursor->acked >= picture->head)
			continue;
		output->memory += picture->head - cursor->acked;
		add_oldest(output, sluice_ring_time(&stream->ring, cursor->acked));
	}
}

void sluice_report_waiting(struct sluice_engine *engine, struct sluice_engine_report *report)
{
	struct sluice_spool *spool = NULL;
	size_t number;

	if (engine->spooler)
		spool = sluice_spooler_lock(engine->spooler);
	for (number = 0; number < report->stream_count; number++)
		add_stream(engine, report, engine->streams.list[number].stream,
			   &report->streams[number], spool);
	if (engine->spooler)
		sluice_spooler_unlock(engine->spooler);
}
