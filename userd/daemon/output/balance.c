// SPDX-License-Identifier: MIT
/*
 * Who gets the next segment: in turn by weight, or who will be through with it first. Between an
 * output and its connections, in one worker. Touches: the connections' accounts.
 */
#include "output.h"

/* A rate is taken over no less than this, and a new one counts for a quarter. */
#define RATE_NS (20 * SLUICE_NS_PER_MS)
#define RATE_SHARE 4U

/* What is chosen for. */
struct choice {
	uint64_t now;
	uint64_t *due;	/* see sluice_output_choose() */
	bool is_return; /* the segment came back from a lost connection */
	bool is_safe;	/* there is a destination without doubt */
};

/*
 * Did it get something last time, acknowledged nothing until it was lost, and nothing since? Then
 * it may be a black hole: it has to prove itself with one segment at a time, and with none that
 * waited long enough already.
 */
static bool is_doubtful(const struct sluice_connection *connection)
{
	return connection->attempt.was_useless &&
	       connection->carrier.done == connection->start.done;
}

/* Can `connection` take a segment now? If only its rate says no, *due becomes when it will. */
static inline bool can_take(const struct sluice_connection *connection, const struct choice *choice)
{
	uint64_t when, now = choice->now, *due = choice->due;

	if (connection->writing.busy || !sluice_connection_takes_part(connection) ||
	    !sluice_connection_is_able(connection))
		return false;
	if (choice->is_safe && is_doubtful(connection) &&
	    (choice->is_return || connection->carrier.segments))
		return false;
	when = sluice_pacer_due(connection->role.pacer);
	if (when <= now)
		return true;
	if (*due <= now || when < *due)
		*due = when;
	return false;
}

/*
 * Measures how fast a connection gets rid of what it carries, while it has something to get rid of:
 * what a destination does that is never busy says only that it can do as much.
 */
static void measure(struct sluice_connection *connection, uint64_t now)
{
	uint64_t drained = connection->load.given - connection->carrier.bytes, rate;
	uint64_t passed = now - connection->load.drained_at;

	rate = (uint64_t)((double)(drained - connection->load.drained) * SLUICE_NS_PER_S /
			  (double)passed);
	if (connection->carrier.segments)
		connection->load.rate = connection->load.rate
						? connection->load.rate -
							  connection->load.rate / RATE_SHARE +
							  rate / RATE_SHARE
						: rate;
	else if (rate > connection->load.rate)
		connection->load.rate = rate;
	connection->load.drained = drained;
	connection->load.drained_at = now;
}

/* Smooth weighted round-robin: everybody gains its weight, the one who has most goes and pays for
 * all. */
static struct sluice_connection *next_in_turn(struct sluice_output *output,
					      const struct choice *choice)
{
	struct sluice_connection *best = NULL;
	int64_t all = 0;

	for_each_connection (connection, &output->group) {
		if (!can_take(connection, choice))
			continue;
		connection->load.turn += connection->role.weight;
		all += connection->role.weight;
		if (!best || connection->load.turn > best->load.turn)
			best = connection;
	}
	if (best)
		best->load.turn -= all;
	return best;
}

/* How long `connection` would take to be through with another `bytes`, in some unit; `fastest`: the
 * rate of one that was never measured. */
static double cost(const struct sluice_connection *connection, size_t bytes, uint64_t fastest)
{
	uint64_t rate = connection->load.rate ? connection->load.rate : fastest;

	return (double)(connection->carrier.bytes + bytes) /
	       ((double)(rate ? rate : 1) * connection->role.weight);
}

/* The one that will be through first. Where nobody is behind they take turns. */
static struct sluice_connection *least_behind(struct sluice_output *output,
					      const struct choice *choice)
{
	struct sluice_connection *best = NULL;
	bool is_idle = true;
	uint64_t fastest = 0;

	for_each_connection (connection, &output->group) {
		if (!sluice_connection_takes_part(connection))
			continue;
		if (choice->now - connection->load.drained_at >= RATE_NS)
			measure(connection, choice->now);
		is_idle &= !connection->carrier.segments;
		if (connection->load.rate > fastest)
			fastest = connection->load.rate;
	}
	if (is_idle)
		return next_in_turn(output, choice);
	for_each_connection (connection, &output->group) {
		if (can_take(connection, choice) &&
		    (!best || cost(connection, output->group.batch_bytes, fastest) <
				      cost(best, output->group.batch_bytes, fastest)))
			best = connection;
	}
	return best;
}

struct sluice_connection *sluice_output_choose(struct sluice_output *output, bool is_return,
					       uint64_t now, uint64_t *due)
{
	struct choice choice = {.now = now, .is_return = is_return};
	size_t number;

	choice.due = due;
	for (number = 0; number < output->group.connection_count && !choice.is_safe; number++)
		choice.is_safe = sluice_connection_takes_part(output->group.connections[number]) &&
				 !is_doubtful(output->group.connections[number]);
	return output->mode == SLUICE_MODE_BALANCE ? least_behind(output, &choice)
						   : next_in_turn(output, &choice);
}
