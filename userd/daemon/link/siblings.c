// SPDX-License-Identifier: MIT
/*
 * What a connection is to the others of its output: whether standbys are needed, whether another
 * could stand in for it, whether it keeps the others waiting. In the connection's worker. Touches:
 * the connection's account.
 */
#include "connection.h"

bool sluice_group_needs_standbys(const struct sluice_group *group)
{
	for_each_connection (other, group) {
		/* One that is only just being connected to is not down yet. */
		if (!other->role.standby && !other->role.disabled &&
		    (other->state == SLUICE_TCP_READY && !other->unproven
			     ? !other->trial.until
			     : !other->attempt.complained))
			return false;
	}
	return true;
}

bool sluice_connection_is_replaceable(const struct sluice_connection *connection)
{
	const struct sluice_group *group = connection->group;

	for_each_connection (other, group)
		if (other != connection && !other->counters.slow &&
		    sluice_connection_takes_part(other))
			return true;
	return false;
}

bool sluice_connection_holds_back(struct sluice_connection *connection, uint64_t now)
{
	const struct sluice_group *group = connection->group;
	const struct sluice_segment *oldest;
	bool is_needed = false;
	size_t number;

	if (connection->carrier.done != connection->progress.done ||
	    !connection->carrier.segments) {
		connection->progress.done = connection->carrier.done;
		connection->progress.at = now;
	}
	if (now - connection->progress.at < SLUICE_STALL_NS)
		return false;
	for (number = 0; number < group->feeder_count && !is_needed; number++) {
		const struct sluice_feeder *feeder = group->feeders[number];
		uint64_t size = feeder->ring->mask + 1;

		/* What is on the disk holds nobody back. */
		if (!sluice_feeder_is_first(feeder))
			continue;
		oldest = sluice_feeder_segment(feeder, feeder->first);
		is_needed = oldest && oldest->carrier == &connection->carrier &&
			    sluice_ring_head(feeder->ring) - oldest->start > size / 4 * 3;
	}
	if (!is_needed && group->blocker != connection)
		return false;
	for_each_connection (other, group)
		if (other != connection && other->state == SLUICE_TCP_READY &&
		    now - other->progress.at < 2 * SLUICE_STALL_NS)
			return true;
	return false;
}
