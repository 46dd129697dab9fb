// SPDX-License-Identifier: MIT
/*
 * Which stream an output takes from next, where they have different priorities; see precedence.h.
 * In one worker. Touches: the output and what its workers share.
 */
#include "../stream/stream.h"
#include "output.h"

#define NOWHERE SIZE_MAX
/* While something more important waits in another worker we look so often whether it is our turn.
 */
#define LOOK_NS (2 * SLUICE_NS_PER_MS)
/* We wait no longer than this for it, whatever became of the other worker. */
#define PATIENCE_NS (100 * SLUICE_NS_PER_MS)
/* So long we leave our turn to another worker: no longer than what the rate lets us make up for
 * (link/pace.c). */
#define YIELD_NS (10 * SLUICE_NS_PER_MS)

/* The priority of the feeder at `place`, to be compared with SLUICE_PRECEDENCE_NONE. */
static int priority_at(const struct sluice_output *output, size_t place)
{
	return (int)sluice_output_priority_of(output->group.feeders[place]);
}

/* The next in turn from `from` on that has something, of a priority below `below`: of the highest
 * there is, or (`any`) whichever comes first. NOWHERE: none has. */
static size_t find(const struct sluice_output *output, size_t from, int below, bool any)
{
	size_t number, place, found = NOWHERE;
	int priority, best = SLUICE_PRECEDENCE_NONE;

	for (number = 0; number < output->group.feeder_count; number++) {
		place = (from + number) % output->group.feeder_count;
		priority = priority_at(output, place);
		if (priority >= below || priority <= best ||
		    !sluice_feeder_look(output->group.feeders[place]) ||
		    sluice_output_waits_for_older(output, output->group.feeders[place]))
			continue;
		found = place;
		best = priority;
		if (any)
			break;
	}
	return found;
}

/* The portion that shares are counted in. */
static size_t portion_of(const struct sluice_output *output)
{
	return sluice_pacer_portion(output->group.pacer, output->group.batch_bytes);
}

/* Is there a connection that could take something, now or soon? */
static bool is_connected(const struct sluice_output *output)
{
	for_each_connection (connection, &output->group)
		if (sluice_connection_takes_part(connection))
			return true;
	return false;
}

/* When the rates let something go, at the earliest; 0: there are none, or it may go. */
static uint64_t due_at(const struct sluice_output *output)
{
	uint64_t due = sluice_pacer_due(output->group.pacer), earliest = UINT64_MAX, when;

	for_each_connection (connection, &output->group) {
		if (!sluice_connection_takes_part(connection))
			continue;
		when = sluice_pacer_due(connection->role.pacer);
		if (when < earliest)
			earliest = when;
	}
	return earliest != UINT64_MAX && earliest > due ? earliest : due;
}

/*
 * What the shares are counted in. With a rate there is one for all workers, because what one sends
 * another cannot. Without one each has its own: how fast the others' connections are is no business
 * of ours, and nobody knows what is spare.
 */
static struct sluice_share *active_share(struct sluice_output *output)
{
	return output->due_at ? &output->precedence->share : &output->own;
}

/* The most important that waits among those we share a rate with, if there is one. */
static int most_of(const struct sluice_output *output)
{
	return output->due_at ? sluice_precedence_most(output->precedence) : output->told;
}

/* More important data waits in another worker: may we send all the same? Else *due is when to look
 * again. */
static bool may_interrupt(struct sluice_output *output, uint64_t now, uint64_t *due)
{
	int64_t lead = sluice_share_lead(&output->precedence->share);
	uint64_t at = output->due_at;

	/* As long as it moves it is well. Once it does not we go on until it does. */
	if (!output->deferred || lead > output->lead)
		output->deferred = now;
	output->lead = lead;
	if (sluice_share_owes(&output->precedence->share, portion_of(output)) ||
	    (now > output->deferred && now - output->deferred >= PATIENCE_NS))
		return true;
	/* While the rate holds all back nobody is late. */
	if (at > now)
		output->deferred = at;
	at = at > now ? at : now + LOOK_NS;
	if (*due <= now || at < *due)
		*due = at;
	return false;
}

struct sluice_feeder *sluice_output_pick(struct sluice_output *output, bool any, uint64_t now,
					 uint64_t *due)
{
	struct sluice_precedence *precedence = output->precedence;
	size_t place, lesser = NOWHERE;
	int best, most;

	place = find(output, output->next_feeder, SLUICE_PRIORITIES, any);
	if (place == NOWHERE)
		return NULL;
	output->picked = place;
	output->due_at = due_at(output);
	output->owing = false;
	if (any)
		return output->group.feeders[place];
	best = priority_at(output, place);
	sluice_precedence_tell(precedence, &output->told, best);
	most = most_of(output);
	if (most > best) {
		if (!may_interrupt(output, now, due))
			return NULL;
		lesser = find(output, output->next_lesser, most, true);
	} else {
		output->deferred = 0;
		if (sluice_share_owes(active_share(output), portion_of(output))) {
			lesser = find(output, output->next_lesser, best, true);
			output->owing =
				lesser == NOWHERE && sluice_precedence_has_below(precedence, best);
		}
	}
	if (lesser != NOWHERE)
		output->picked = lesser;
	return output->group.feeders[output->picked];
}

bool sluice_output_yields(struct sluice_output *output, uint64_t now, uint64_t *due)
{
	uint64_t at = output->due_at;

	/* Where there is no rate all can send at once. */
	if (!output->owing || !at) {
		output->yielded = 0;
		return false;
	}
	if (at > now)
		return false; /* it is nobody's turn yet */
	/* One that did not come is left alone for a while. */
	if (!output->yielded || now - output->yielded >= PATIENCE_NS)
		output->yielded = now;
	if (now - output->yielded >= YIELD_NS)
		return false;
	*due = output->yielded + YIELD_NS;
	return true;
}

void sluice_output_account(struct sluice_output *output, uint64_t bytes)
{
	int priority = priority_at(output, output->picked);
	bool is_lesser = priority < most_of(output);

	if (is_lesser)
		output->next_lesser = output->picked + 1;
	if (!is_lesser || !bytes)
		output->next_feeder = output->picked + 1;
	sluice_share_charge(active_share(output), is_lesser, bytes, portion_of(output));
	/* What it falls by our own doing is no sign that nobody else moves. */
	output->lead = sluice_share_lead(&output->precedence->share);
}

void sluice_output_announce(struct sluice_output *output)
{
	size_t place = NOWHERE;

	if (!output->paused && sluice_precedence_matters(output->precedence) &&
	    is_connected(output))
		place = find(output, output->next_feeder, SLUICE_PRIORITIES, false);
	sluice_precedence_tell(output->precedence, &output->told,
			       place == NOWHERE ? SLUICE_PRECEDENCE_NONE
						: priority_at(output, place));
}
