// SPDX-License-Identifier: MIT
/*
 * What waits for each output; see report_waiting.h. A row of `show outputs` that says 0 while
 * gigabytes lie on the disk is worse than none. Touches: rings, read only while others move them;
 * the store, held for a moment.
 */
#include <string.h>
#include "../spool/disk_side.h"
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
static void look_at_disk(const struct sluice_stream *stream, const sluice_guid id,
			 struct look *look)
{
	look->log = sluice_disk_side_log(stream);
	look->bytes = 0;
	look->oldest_ns = 0;
	(void)sluice_spool_backlog(look->spool, look->log, id, add_run, look);
	if (look->bytes)
		(void)sluice_spool_frames(look->spool, look->log, false, find_frame, look);
}

/* Adds what waits to what waited already. */
static void add_waiting(struct sluice_engine_waiting *sum, const struct sluice_engine_waiting *more)
{
	sum->memory += more->memory;
	sum->disk += more->disk;
	if (more->oldest_ns && (!sum->oldest_ns || more->oldest_ns < sum->oldest_ns))
		sum->oldest_ns = more->oldest_ns;
}

/* Adds what waits for `id` to the pictures of the output that gets it, if one does, and of the
 * destination, if one alone does. */
static void add_to_output(const struct sluice_engine *engine, struct sluice_engine_report *report,
			  const sluice_guid id, const struct sluice_engine_waiting *waiting)
{
	const struct sluice_config *config = engine->config;
	struct sluice_engine_output *output;
	size_t number, place = 0, destination;

	id = sluice_identity_heir(&engine->identity, id);
	for (number = 0; id && number < config->output_count; number++) {
		place += number && !sluice_config_is_twin(config, number);
		if (sluice_guid_equal(config->outputs[number].id, id))
			break;
	}
	if (!id || number == config->output_count)
		return;
	output = &report->outputs[place];
	add_waiting(&output->waiting, waiting);
	for (destination = 0; destination < output->destination_count; destination++)
		if (output->destinations[destination].output == number &&
		    output->destinations[destination].is_alone)
			add_waiting(&output->destinations[destination].waiting, waiting);
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
		struct sluice_engine_waiting waiting = {0}, memory = {0};

		if (spool && stream->side) {
			look_at_disk(stream, cursor->output, &look);
			cursor->disk = look.bytes;
			waiting.disk = look.bytes;
			waiting.oldest_ns = look.bytes ? look.oldest_ns : 0;
		}
		if (cursor->acked < picture->head) {
			memory.memory = picture->head - cursor->acked;
			memory.oldest_ns = sluice_ring_time(&stream->ring, cursor->acked);
		}
		add_waiting(&waiting, &memory);
		add_to_output(engine, report, cursor->output, &waiting);
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
