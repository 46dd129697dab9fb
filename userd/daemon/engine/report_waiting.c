// SPDX-License-Identifier: MIT
/*
 * What waits for each output; see report_waiting.h. A row of `show outputs` that says 0 while
 * gigabytes lie on the disk is worse than none. Touches: rings, read only while others move them.
 */
#include <string.h>
#include "../spool/disk_side.h"
#include "report_waiting.h"

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

/* Adds one stream. `disk`: NULL: there is none. */
static void add_stream(struct sluice_engine *engine, struct sluice_engine_report *report,
		       const struct sluice_stream *stream, struct sluice_engine_stream *picture,
		       const struct sluice_disk_picture *disk)
{
	const struct sluice_disk_waiting *there;
	size_t number;

	for (number = 0; number < picture->cursor_count; number++) {
		struct sluice_engine_cursor *cursor = &picture->cursors[number];
		struct sluice_engine_waiting waiting = {0}, memory = {0};

		there = stream->side
				? sluice_disk_picture_waiting(
					  disk, sluice_spool_log_name(sluice_disk_side_log(stream)),
					  cursor->output)
				: NULL;
		if (there) {
			cursor->disk = there->bytes;
			waiting.disk = there->bytes;
			waiting.oldest_ns = there->oldest_ns;
		}
		if (cursor->acked < picture->head) {
			memory.memory = picture->head - cursor->acked;
			memory.oldest_ns = sluice_ring_time(&stream->ring, cursor->acked);
		}
		add_waiting(&waiting, &memory);
		add_to_output(engine, report, cursor->output, &waiting);
	}
}

void sluice_report_waiting(struct sluice_engine *engine, const struct sluice_disk_picture *disk,
			   struct sluice_engine_report *report)
{
	size_t number;

	for (number = 0; number < report->stream_count; number++)
		add_stream(engine, report, engine->streams.list[number].stream,
			   &report->streams[number], disk);
}
