// SPDX-License-Identifier: MIT
/*
 * What of an output's streams goes before a younger one: rings that are being emptied. In one
 * worker. Touches: nothing.
 */
#include <string.h>
#include "../stream/stream.h"
#include "output.h"

bool sluice_output_has_older(const struct sluice_output *output, const struct sluice_feeder *feeder)
{
	const struct sluice_stream *stream = feeder->stream, *other;

	for_each_feeder (older, &output->group) {
		other = older->stream;
		/* An input that was made more important does not wait for what it left. What only
		 * the disk knows of is of either kind. */
		/* What its sockets got since then comes to those of this worker. */
		if (other->is_moved && other->draining && !stream->is_moved &&
		    other->priority >= stream->priority &&
		    !memcmp(other->route, stream->route, sizeof(stream->route)) &&
		    sluice_feeder_keeps_younger(older))
			return true;
		if (other->draining && (other->kind == stream->kind || other->hung) &&
		    other->cpu == stream->cpu && other->priority >= stream->priority &&
		    other->ring.producer->epoch < stream->ring.producer->epoch &&
		    sluice_feeder_keeps_younger(older))
			return true;
	}
	return false;
}
