// SPDX-License-Identifier: MIT
/*
 * What an output needs from the disk; see backlog.h. Touches: memory.
 */
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "backlog.h"

void sluice_backlog_clear(struct sluice_backlog *backlog)
{
	if (!backlog)
		return;
	sluice_ranges_free(&backlog->acked);
	free(backlog->runs);
	sluice_unheard_clear(&backlog->unheard);
	memset(backlog, 0, sizeof(*backlog));
}

/* Room for one more run. */
static bool grow(struct sluice_backlog *backlog)
{
	size_t room = backlog->run_room ? 2 * backlog->run_room : 16;
	struct sluice_run *larger;

	if (backlog->run_count < backlog->run_room)
		return true;
	larger = reallocarray(backlog->runs, room, sizeof(*larger));
	if (!larger)
		return false;
	backlog->runs = larger;
	backlog->run_room = room;
	return true;
}

/* Puts `run` at `place` of the list, which has room. */
static void insert(struct sluice_backlog *backlog, size_t place, const struct sluice_run *run)
{
	memmove(&backlog->runs[place + 1], &backlog->runs[place],
		(backlog->run_count - place) * sizeof(*backlog->runs));
	backlog->runs[place] = *run;
	backlog->run_count++;
}

/* Do both lie in one segment of the store, and was of both the same sent? Then they can be one run.
 */
static bool is_alike(const struct sluice_run *run, uint64_t serial, bool is_unsent)
{
	return run->serial == serial && run->is_unsent == is_unsent;
}

void sluice_backlog_add(struct sluice_backlog *backlog, uint64_t start, uint64_t end, bool first,
			bool is_unsent)
{
	struct sluice_run *runs = backlog->runs;
	uint64_t serial = backlog->serial;
	size_t place;

	if (start >= end)
		return;
	/* What came back is of the segment of the store that its neighbours are of. */
	for (place = 0; !first && place < backlog->run_count; place++)
		if (runs[place].end == start || runs[place].start == end)
			serial = runs[place].serial;
	for (place = backlog->run_count; place > 0; place--)
		if (runs[place - 1].serial < serial ||
		    (runs[place - 1].serial == serial && runs[place - 1].start < start))
			break;
	if (place > 0 && is_alike(&runs[place - 1], serial, is_unsent) &&
	    runs[place - 1].end == start) {
		runs[place - 1].end = end;
		return;
	}
	if (place < backlog->run_count && is_alike(&runs[place], serial, is_unsent) &&
	    runs[place].start == end) {
		runs[place].start = start;
		return;
	}
	if (!grow(backlog)) {
		/* It stays on the disk, unacknowledged: the next start finds it. */
		if (!backlog->is_starved)
			sluice_error(
				"out of memory for a list of what lies in the spool: a part of "
				"it is delivered after the next start only");
		backlog->is_starved = true;
		return;
	}
	insert(backlog, place,
	       &(struct sluice_run){
		       .serial = serial, .start = start, .end = end, .is_unsent = is_unsent});
}

void sluice_backlog_take_out(struct sluice_backlog *backlog, uint64_t start, uint64_t end)
{
	size_t place = 0;

	while (place < backlog->run_count) {
		struct sluice_run *run = &backlog->runs[place], rest;

		if (run->end <= start || run->start >= end) {
			place++;
			continue;
		}
		rest = *run;
		rest.start = end;
		if (run->start < start) {
			run->end = start;
			place++;
			if (rest.start < rest.end && grow(backlog))
				insert(backlog, place, &rest);
		} else if (rest.start < rest.end) {
			run->start = end;
			place++;
		} else {
			memmove(run, run + 1, (backlog->run_count - place - 1) * sizeof(*run));
			backlog->run_count--;
		}
	}
}

void sluice_backlog_acknowledge(struct sluice_backlog *backlog, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	/* Without memory it is sent again one day. */
	(void)sluice_ranges_add(&backlog->acked, start, end);
	if (backlog->is_told_soon)
		*backlog->is_told_soon = true;
}

void sluice_backlog_forget(struct sluice_backlog *backlog, uint64_t start, uint64_t end,
			   uint64_t floor)
{
	size_t place;

	if (end > floor)
		end = floor;
	for (place = 0; place < backlog->run_count; place++) {
		const struct sluice_run *run = &backlog->runs[place];

		if (run->start < end && run->end > start)
			sluice_backlog_acknowledge(backlog, run->start > start ? run->start : start,
						   run->end < end ? run->end : end);
	}
	sluice_backlog_take_out(backlog, start, end);
}

void sluice_backlog_change_hands(struct sluice_backlog *backlog)
{
	size_t place;

	for (place = 0; place < backlog->run_count; place++)
		backlog->runs[place].is_unsent = false;
}

bool sluice_backlog_can_have(const struct sluice_backlog *backlog, uint64_t start, uint64_t end)
{
	size_t place;

	for (place = 0; place < backlog->run_count; place++)
		if (backlog->runs[place].is_unsent && backlog->runs[place].start < end &&
		    backlog->runs[place].end > start)
			return false;
	return true;
}

const struct sluice_run *sluice_backlog_overlap(const struct sluice_backlog *backlog,
						uint64_t start, uint64_t end)
{
	const struct sluice_run *best = NULL;
	size_t place;

	for (place = 0; place < backlog->run_count; place++) {
		const struct sluice_run *run = &backlog->runs[place];

		if (run->start < end && run->end > start && (!best || run->start < best->start))
			best = run;
	}
	return best;
}

uint64_t sluice_backlog_least(const struct sluice_backlog *backlog)
{
	uint64_t least = UINT64_MAX;
	size_t place;

	for (place = 0; place < backlog->run_count; place++)
		if (backlog->runs[place].start < least)
			least = backlog->runs[place].start;
	return least;
}

uint64_t sluice_backlog_bytes(const struct sluice_backlog *backlog)
{
	uint64_t bytes = 0;
	size_t place;

	for (place = 0; place < backlog->run_count; place++)
		bytes += backlog->runs[place].end - backlog->runs[place].start;
	return bytes;
}
