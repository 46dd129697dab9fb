// SPDX-License-Identifier: MIT
/*
 * Streams for what only the store on the disk knows: their rings are gone. See disk_side.h. In the
 * control thread. Touches: the store, held for a moment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "disk_side.h"
#include "spooler.h"

/* What adoption has in hand. */
struct adoption {
	struct sluice_spool *spool;
	const sluice_guid *outputs;
	size_t output_count;
	bool tell;
	bool (*is_served)(void *context, const struct sluice_spool_name *name,
			  const sluice_guid output);
	void *context;
	struct orphan *list;
};

/* A log that no ring belongs to. */
struct orphan {
	struct orphan *next;
	struct sluice_spool_name name;
	uint64_t end;
	size_t count;
	sluice_guid outputs[SLUICE_SPOOL_LOG_OUTPUTS];
};

/* Which outputs of the configuration wait for the log? */
struct claim {
	const struct adoption *adoption;
	struct orphan *orphan;
	size_t strangers;
};

/* One output that waits. */
static int claim(void *context, const sluice_guid output)
{
	struct claim *claims = context;
	size_t number;

	for (number = 0; number < claims->adoption->output_count; number++) {
		if (!sluice_guid_equal(claims->adoption->outputs[number], output))
			continue;
		if (!claims->adoption->is_served(claims->adoption->context, &claims->orphan->name,
						 output))
			sluice_guid_copy(claims->orphan->outputs[claims->orphan->count++], output);
		return 0;
	}
	claims->strangers++;
	return 0;
}

/* How far a log reaches. */
static int reach(void *context, const struct sluice_spool_frame *frame)
{
	struct orphan *orphan = context;

	if (frame->offset + frame->span > orphan->end)
		orphan->end = frame->offset + frame->span;
	return 0;
}

/* Looks at one log of the store. */
static int consider(void *context, struct sluice_spool_log *log)
{
	struct adoption *adoption = context;
	const struct sluice_spool_name *name = sluice_spool_log_name(log);
	struct orphan *orphan;
	struct claim claims = {.adoption = adoption};

	orphan = calloc(1, sizeof(*orphan));
	if (!orphan)
		return -ENOMEM;
	orphan->name = *name;
	claims.orphan = orphan;
	(void)sluice_spool_waiting(adoption->spool, log, claim, &claims);
	(void)sluice_spool_frames(adoption->spool, log, false, reach, orphan);
	if (claims.strangers && adoption->tell)
		sluice_warning_about(
			SLUICE_ABOUT(.cpu = SLUICE_NUMBER(name->cpu)),
			"spool: frames of a stream of CPU %u wait for %zu outputs that the "
			"configuration does not have; they stay where they are (`sluicectl "
			"show orphans`)",
			name->cpu, claims.strangers);
	if (!orphan->count) {
		free(orphan);
		return 0;
	}
	orphan->next = adoption->list;
	adoption->list = orphan;
	return 0;
}

/* Makes the stream of an orphan: an empty ring that stands where the log ends. */
static int make_stream(const struct orphan *orphan, struct sluice_stream **stream)
{
	struct sluice_config_route route = {.name = "spool"};
	struct sluice_ring ring;
	size_t number;
	int error;

	sluice_guid_copy(route.id, orphan->name.route);
	error = sluice_ring_create(&ring, SLUICE_RING_SIZE_MIN, orphan->name.stream,
				   orphan->name.epoch, orphan->name.cpu);
	if (error)
		return error;
	sluice_ring_begin_at(&ring, orphan->end);
	error = sluice_stream_create(&ring, -1, &route, orphan->outputs, orphan->count,
				     SLUICE_SOURCE_SOCKET, orphan->name.cpu, stream);
	if (error) {
		sluice_ring_destroy(&ring);
		return error;
	}
	/* Its ring, which is lost, may have been longer than what the disk has, and was sent from.
	 */
	for (number = 0; number < (*stream)->feeder_count; number++)
		(*stream)->feeders[number]->sent = UINT64_MAX;
	/* No source fills it, and none finds it. */
	(*stream)->hung = true;
	(*stream)->draining = true;
	return 0;
}

int sluice_disk_side_adopt(struct sluice_spooler *spooler, const sluice_guid *outputs,
			   size_t output_count, bool tell,
			   bool (*is_served)(void *context, const struct sluice_spool_name *name,
					     const sluice_guid output),
			   int (*take)(void *context, struct sluice_stream *stream), void *context)
{
	struct adoption adoption = {.outputs = outputs,
				    .output_count = output_count,
				    .tell = tell,
				    .is_served = is_served,
				    .context = context};
	struct sluice_stream *stream;
	struct orphan *orphan;
	int error;

	adoption.spool = sluice_spooler_lock(spooler);
	error = sluice_spool_logs(adoption.spool, consider, &adoption);
	sluice_spooler_unlock(spooler);
	while ((orphan = adoption.list)) {
		adoption.list = orphan->next;
		if (!error)
			error = make_stream(orphan, &stream);
		if (!error) {
			error = take(context, stream);
			if (error)
				sluice_stream_destroy(stream);
		}
		free(orphan);
	}
	return error;
}
