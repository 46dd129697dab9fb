// SPDX-License-Identifier: MIT
/*
 * Streams that only drained and are empty go; see inner.h. In the control thread; what lives in
 * workers by call. Touches: streams; what their source keeps of them outside.
 */
#include <errno.h>
#include "crew.h"
#include "inner.h"

/* How long a worker may take until it begins to look whether a stream is empty. */
#define REAP_NS (200 * SLUICE_NS_PER_MS)

/* What reap asks a worker. */
struct reap_call {
	struct sluice_stream *stream;
};

/* Worker call: takes a stream that is empty out of the loop. Returns 1 if it was. */
static int leave_if_empty(struct sluice_worker *worker, void *argument)
{
	struct sluice_stream *stream = ((struct reap_call *)argument)->stream;

	if (sluice_stream_remaining(stream) || sluice_stream_on_disk(stream))
		return 0;
	for_each_feeder (feeder, stream)
		if (feeder->output)
			sluice_output_remove_feeder(feeder->output, feeder);
	(void)sluice_stream_release(stream, worker->now);
	sluice_stream_leave(stream);
	return 1;
}

void sluice_engine_reap(struct sluice_engine *engine)
{
	size_t number = 0, intake;

	while (number < engine->streams.count) {
		struct sluice_placed_stream *placed = &engine->streams.list[number];
		struct sluice_stream *stream = placed->stream;
		struct reap_call call = {.stream = stream};
		int result;

		result = stream->draining ? sluice_worker_call_within(
						    placed->worker, leave_if_empty, &call, REAP_NS)
					  : 0;
		/* Another time: whoever asks for a picture is not kept waiting. */
		if (result == -ETIMEDOUT)
			return;
		if (result <= 0) {
			number++;
			continue;
		}
		intake = sluice_intake_of(stream->kind);
		(void)sluice_intake_classes[intake]->retire(engine->intakes[intake], stream);
		sluice_stream_table_remove(&engine->streams, number);
		sluice_stream_destroy(stream);
		sluice_ring_list_note(engine, false);
	}
	sluice_crew_reduce(engine);
}
