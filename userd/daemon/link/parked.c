// SPDX-License-Identifier: MIT
/*
 * Segments that wait at the connection they belong to (mode `hash`): many short ones go out in one
 * write (writer.c). Between an output and a connection, in one worker. Touches: the connection, the
 * feeders it carries segments of.
 */
#include "connection.h"

void sluice_connection_park(struct sluice_connection *connection, struct sluice_feeder *feeder,
			    uint64_t id)
{
	connection->parking.list[connection->parking.next++ % SLUICE_PARKED] =
		(struct sluice_parked){.feeder = feeder, .id = id};
}

void sluice_connection_unpark(struct sluice_connection *connection, struct sluice_feeder *feeder)
{
	uint64_t place, kept = connection->parking.first;

	for (place = connection->parking.first; place < connection->parking.next; place++) {
		struct sluice_parked parked = connection->parking.list[place % SLUICE_PARKED];
		const struct sluice_segment *segment =
			sluice_feeder_segment(parked.feeder, parked.id);

		if (feeder && parked.feeder != feeder)
			connection->parking.list[kept++ % SLUICE_PARKED] = parked;
		else if (segment)
			sluice_feeder_return(parked.feeder, parked.id, segment->start,
					     segment->count);
	}
	connection->parking.next = kept;
}
