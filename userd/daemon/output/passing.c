// SPDX-License-Identifier: MIT
/*
 * An output's connections go from one process to the next, with the segments that they carry; see
 * output.h. Between feeders and connections, in one worker. Touches: both, the parcel.
 */
#include <stddef.h>
#include "../handover/parcel.h"
#include "../link/connection.h"
#include "../stream/recall.h"
#include "output.h"

/* The number of who carries something among the connections that pass: those without a socket. */
static size_t number_of(void *context, const struct sluice_carrier *carrier)
{
	const struct sluice_output *output = context;
	size_t number;

	for (number = 0; number < output->group.connection_count; number++)
		if (&output->group.connections[number]->carrier == carrier)
			return number;
	return SLUICE_RECALL_NOBODY;
}

/* The connection that had that number. */
static struct sluice_carrier *carrier_of(void *context, size_t number)
{
	struct sluice_output *output = context;

	for_each_connection (connection, &output->group)
		if (connection->passing.is_held && connection->passing.place == number)
			return &connection->carrier;
	return NULL;
}

/* How many segments that can be told of a connection carries. */
static uint64_t tellable(const struct sluice_output *output,
			 const struct sluice_connection *connection)
{
	const struct sluice_segment *segment;
	uint64_t count = 0, id;

	for_each_feeder (feeder, &output->group) {
		if (!sluice_recall_is_possible(feeder))
			continue;
		for (id = feeder->first; id < feeder->next; id++) {
			segment = sluice_feeder_segment(feeder, id);
			count += segment && segment->state == SLUICE_SEGMENT_CARRIED &&
				 segment->carrier == &connection->carrier;
		}
	}
	return count;
}

/* Can it go with all that it carries, but for what waits at it and goes back? */
static bool can_pass(const struct sluice_output *output, const struct sluice_connection *connection,
		     const struct sluice_parcel *parcel)
{
	return sluice_connection_can_pass(connection, parcel->takes_rests) &&
	       (!connection->carrier.segments ||
		tellable(output, connection) == connection->carrier.segments);
}

bool sluice_output_can_pass(const struct sluice_output *output, const struct sluice_parcel *parcel)
{
	for_each_connection (connection, &output->group)
		if ((connection->carrier.segments || connection->writing.busy) &&
		    !can_pass(output, connection, parcel))
			return false;
	return true;
}

int sluice_output_give(struct sluice_output *output, struct sluice_parcel *parcel)
{
	const struct sluice_recall recall = {.number_of = number_of, .context = output};
	int result = 0;
	size_t number;

	sluice_output_put_back(output);
	/* First, so that what they give back is told as that. */
	for_each_connection (connection, &output->group) {
		sluice_worker_set_timer(output->group.worker, &connection->timer, 0);
		sluice_connection_unpark(connection, NULL);
		if (!parcel || !can_pass(output, connection, parcel))
			sluice_connection_close(connection);
	}
	for (number = 0; parcel && !result && number < output->group.connection_count; number++)
		if (output->group.connections[number]->fd >= 0)
			result = sluice_connection_give(output->group.connections[number], number,
							parcel);
	for_each_feeder (feeder, &output->group)
		if (parcel && !result && sluice_recall_is_possible(feeder))
			result = sluice_recall_tell(feeder, &recall, parcel);
	return result;
}

void sluice_output_go_on(struct sluice_output *output, uint64_t now)
{
	const struct sluice_recall recall = {.carrier_of = carrier_of, .context = output};
	bool is_held = false;

	for_each_connection (connection, &output->group)
		is_held |= connection->passing.is_held;
	if (!is_held)
		return;
	for_each_feeder (feeder, &output->group)
		sluice_recall_take(feeder, &recall);
	for_each_connection (connection, &output->group)
		sluice_connection_go_on(connection, now);
	output->paused = false;
	output->group.has_work = true;
}
