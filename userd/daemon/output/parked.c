// SPDX-License-Identifier: MIT
/*
 * Segments that wait at the connection they belong to (mode `hash`): many short ones go out in one
 * write. Between an output and a connection, in one worker. Touches: the connection, the feeders it
 * carries segments of.
 */
#include <errno.h>
#include "output.h"
#include "tcp.h"

void sluice_connection_park(struct sluice_connection *connection, struct sluice_feeder *feeder,
			    uint64_t id)
{
	connection->parked[connection->parked_next++ % SLUICE_PARKED] =
		(struct sluice_parked){.feeder = feeder, .id = id};
}

bool sluice_connection_send_parked(struct sluice_connection *connection, size_t bytes, uint64_t now)
{
	uint64_t before = connection->parked_first;
	const struct sluice_segment *segment;

	while (connection->parked_first < connection->parked_next &&
	       connection->protocol->has_room(connection)) {
		struct sluice_parked *parked =
			&connection->parked[connection->parked_first % SLUICE_PARKED];

		segment = sluice_feeder_segment(parked->feeder, parked->id);
		if (segment && connection->staged &&
		    connection->staged + sluice_segment_bytes(segment) > bytes)
			break;
		if (segment &&
		    !connection->protocol->takes_more(connection, sluice_segment_bytes(segment)))
			break;
		connection->parked_first++;
		/* One that went back for want of memory would come again at once: after a pause. */
		if (segment && connection->protocol->load(connection, parked->feeder, parked->id,
							  false, now) == -ENOMEM) {
			sluice_connection_starve(connection, now);
			return true;
		}
	}
	sluice_connection_begin(connection, now);
	return connection->parked_first > before;
}

void sluice_connection_unpark(struct sluice_connection *connection, struct sluice_feeder *feeder)
{
	uint64_t place, kept = connection->parked_first;

	for (place = connection->parked_first; place < connection->parked_next; place++) {
		struct sluice_parked parked = connection->parked[place % SLUICE_PARKED];
		const struct sluice_segment *segment =
			sluice_feeder_segment(parked.feeder, parked.id);

		if (feeder && parked.feeder != feeder)
			connection->parked[kept++ % SLUICE_PARKED] = parked;
		else if (segment)
			sluice_feeder_return(parked.feeder, parked.id, segment->start,
					     segment->count);
	}
	connection->parked_next = kept;
}
