// SPDX-License-Identifier: MIT
/*
 * Has all that comes come, and gone? For who ends then (`sluiced --until-drained`); see engine.h.
 * In the foreman's thread. Touches: workers, by call.
 */
#include "../stream/ring_feeder.h"
#include "inner.h"

/* Worker call: how much waits in this worker, in *argument. */
static int add_waiting(struct sluice_worker *worker, void *argument)
{
	uint64_t *bytes = argument;

	for_each_stream (stream, worker)
		*bytes += sluice_stream_remaining(stream) + sluice_stream_on_disk(stream);
	return 0;
}

const char *sluice_engine_endless(const struct sluice_engine *engine)
{
	size_t number, kind;

	for (number = 0; engine && number < engine->config->input_count; number++) {
		kind = sluice_intake_of(engine->derived.kinds[number]);
		if (!sluice_intake_classes[kind]->is_ended ||
		    engine->config->inputs[number].interface[0])
			return engine->config->inputs[number].name;
	}
	return NULL;
}

bool sluice_engine_is_drained(struct sluice_engine *engine)
{
	uint64_t bytes = 0;
	size_t number, kind;

	if (!engine || sluice_engine_endless(engine))
		return false;
	for (number = 0; number < engine->config->input_count; number++) {
		kind = sluice_intake_of(engine->derived.kinds[number]);
		if (!engine->intakes[kind] ||
		    !sluice_intake_classes[kind]->is_ended(engine->intakes[kind]))
			return false;
	}
	/* Nothing comes any more: what is gone now is gone for good. */
	for_each_worker (worker, engine)
		if (sluice_worker_call_within(worker, add_waiting, &bytes,
					      SLUICE_WORKER_PATIENCE_NS))
			return false;
	return !bytes;
}
