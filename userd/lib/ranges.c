// SPDX-License-Identifier: MIT
/*
 * Sets of stream offsets as sorted ranges: see ranges.h. Stands beside the path of the data:
 * acknowledgements go through here, datagrams do not. Touches: memory only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ranges.h"

/* Ranges a set has room for when it gets its first one. */
#define SLUICE_RANGES_FIRST 8U

/* Index of the first range that ends at or after `offset` (count if none): the first one that
 * [offset, ...) can overlap or touch. Looks at the last range first, because streams grow at the
 * end. */
static size_t ranges_find(const struct sluice_ranges *set, uint64_t offset)
{
	size_t low = 0;
	size_t high = set->count;

	if (high == 0 || set->list[high - 1].end < offset)
		return high;
	if (high == 1 || set->list[high - 2].end < offset)
		return high - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->list[middle].end < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Makes room for one range more. 0 or -ENOMEM. */
static int ranges_grow(struct sluice_ranges *set)
{
	struct sluice_range *list;
	size_t capacity;

	if (set->count < set->capacity)
		return 0;
	capacity = set->capacity ? set->capacity : SLUICE_RANGES_FIRST / 2;
	if (capacity > SIZE_MAX / 2 / sizeof(*list))
		return -ENOMEM;
	capacity *= 2;
	list = realloc(set->list, capacity * sizeof(*list));
	if (!list)
		return -ENOMEM;
	set->list = list;
	set->capacity = capacity;
	return 0;
}

/* As ranges.h says. @context any, not @threadsafe */
void sluice_ranges_free(struct sluice_ranges *set)
{
	if (!set)
		return;
	free(set->list);
	memset(set, 0, sizeof(*set));
}

/* As ranges.h says. @context any, not @threadsafe */
int sluice_ranges_add(struct sluice_ranges *set, uint64_t start, uint64_t end)
{
	struct sluice_range *range;
	size_t first;
	size_t after;
	int error;

	if (!set || start > end)
		return -EINVAL;
	if (start == end)
		return 0;
	first = ranges_find(set, start);
	after = first;
	/* Ranges first .. after - 1 overlap the new one or touch it, and become one with it. */
	while (after < set->count && set->list[after].start <= end)
		after++;
	if (first == after) {
		error = ranges_grow(set);
		if (error)
			return error;
		range = set->list + first;
		memmove(range + 1, range, (set->count - first) * sizeof(*range));
		range->start = start;
		range->end = end;
		set->count++;
		return 0;
	}
	range = set->list + first;
	if (range->start > start)
		range->start = start;
	if (set->list[after - 1].end > end)
		end = set->list[after - 1].end;
	range->end = end;
	if (after - first > 1) {
		memmove(range + 1, set->list + after, (set->count - after) * sizeof(*range));
		set->count -= after - first - 1;
	}
	return 0;
}

/* As ranges.h says. @context any, not @threadsafe */
bool sluice_ranges_around(const struct sluice_ranges *set, uint64_t offset,
			  struct sluice_range *range)
{
	size_t index;

	if (!set || !range || offset == UINT64_MAX)
		return false;
	/* A range that ends right at `offset` does not contain it, hence + 1. */
	index = ranges_find(set, offset + 1);
	if (index == set->count || set->list[index].start > offset)
		return false;
	*range = set->list[index];
	return true;
}

/* As ranges.h says. @context any, not @threadsafe */
uint64_t sluice_ranges_reach(const struct sluice_ranges *set, uint64_t start)
{
	struct sluice_range range;

	return sluice_ranges_around(set, start, &range) ? range.end : start;
}

/* As ranges.h says. @context any, not @threadsafe */
bool sluice_ranges_covers(const struct sluice_ranges *set, uint64_t start, uint64_t end)
{
	if (start >= end)
		return true;
	return sluice_ranges_reach(set, start) >= end;
}

/* As ranges.h says. @context any, not @threadsafe */
bool sluice_ranges_hole(const struct sluice_ranges *set, uint64_t start, uint64_t end,
			struct sluice_range *hole)
{
	size_t index;

	if (!set || !hole)
		return false;
	start = sluice_ranges_reach(set, start);
	if (start >= end)
		return false;
	index = ranges_find(set, start + 1);
	hole->start = start;
	hole->end =
		index < set->count && set->list[index].start < end ? set->list[index].start : end;
	return true;
}

/* As ranges.h says. @context any, not @threadsafe */
void sluice_ranges_forget(struct sluice_ranges *set, uint64_t below)
{
	size_t index;

	if (!set || set->count == 0)
		return;
	/* Everything before `index` ends at or below `below`. */
	index = below == UINT64_MAX ? set->count : ranges_find(set, below + 1);
	if (index > 0) {
		memmove(set->list, set->list + index, (set->count - index) * sizeof(*set->list));
		set->count -= index;
	}
	if (set->count > 0 && set->list[0].start < below)
		set->list[0].start = below;
}

/* As ranges.h says. @context any, not @threadsafe */
uint64_t sluice_ranges_total(const struct sluice_ranges *set)
{
	uint64_t total = 0;
	size_t index;

	if (!set)
		return 0;
	for (index = 0; index < set->count; index++)
		total += set->list[index].end - set->list[index].start;
	return total;
}
