// SPDX-License-Identifier: MIT
/*
 * Marks; see spool_marks.h. Touches: memory.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sluice/record.h>
#include "record.h"
#include "spool_marks.h"

/* How many of the latest marks are looked through for one that goes on: as many inputs can
 * alternate without costing a mark per datagram. */
#define LATEST 64U

#define GAP_LENGTH ((uint32_t)(sizeof(struct sluice_record) + sizeof(struct sluice_record_gap)))
_Static_assert(SLUICE_SPOOL_LOSSES_ROOM == SLUICE_SPOOL_LOSSES_MOST * (size_t)GAP_LENGTH,
	       "a GAP each");

/* The mark goes on at `at` with one datagram more. False: it does not. */
static bool goes_on(struct sluice_spool_mark *mark, uint32_t at)
{
	uint32_t start = le32toh(mark->start), step = le32toh(mark->step),
		 count = le32toh(mark->count);

	if (count == UINT32_MAX || at <= start)
		return false;
	if (count == 1)
		mark->step = htole32(at - start);
	else if (!step || (uint64_t)step * count != at - start)
		return false;
	mark->count = htole32(count + 1);
	return true;
}

/* Puts `mark` among the first `*kept`: to those of its input and cause, spread evenly, or as a new
 * one. */
static void blend(struct sluice_spool_mark *list, size_t *kept,
		  const struct sluice_spool_mark *mark)
{
	uint64_t start, end, count;
	size_t place;

	for (place = 0; place < *kept; place++)
		if (list[place].input == mark->input && list[place].cause == mark->cause)
			break;
	if (place == *kept) {
		list[(*kept)++] = *mark;
		return;
	}
	count = (uint64_t)le32toh(list[place].count) + le32toh(mark->count);
	if (count > UINT32_MAX) {
		list[(*kept)++] = *mark;
		return;
	}
	start = le32toh(list[place].start);
	end = le32toh(mark->start) + (uint64_t)le32toh(mark->step) * (le32toh(mark->count) - 1ULL);
	list[place].count = htole32((uint32_t)count);
	list[place].step = htole32(end > start ? (uint32_t)((end - start) / (count - 1)) : 0);
}

/* Makes room: the older half becomes one mark per input and cause. */
static void coarsen(struct sluice_spool_marks *marks)
{
	size_t half = marks->count / 2, kept = 0, place;

	for (place = 0; place < half; place++) {
		struct sluice_spool_mark mark = marks->list[place];

		blend(marks->list, &kept, &mark);
	}
	memmove(&marks->list[kept], &marks->list[half],
		(marks->count - half) * sizeof(*marks->list));
	marks->count -= half - kept;
}

/* Appends a mark. */
static void append(struct sluice_spool_marks *marks, const struct sluice_spool_mark *mark)
{
	struct sluice_spool_mark *last = &marks->list[SLUICE_SPOOL_MARKS - 1], other = *mark;
	size_t kept = 1;

	if (marks->count == SLUICE_SPOOL_MARKS)
		coarsen(marks);
	if (marks->count < SLUICE_SPOOL_MARKS) {
		marks->list[marks->count++] = *mark;
		return;
	}
	/* More inputs than marks: from now on they are told under the input of the last one. */
	other.input = last->input;
	other.cause = last->cause;
	if ((uint64_t)le32toh(last->count) + le32toh(other.count) <= UINT32_MAX)
		blend(last, &kept, &other);
}

/* The latest mark of an input and cause; NULL: none lately. */
static struct sluice_spool_mark *latest(struct sluice_spool_marks *marks,
					const struct sluice_spool_mark *like)
{
	size_t place, first = marks->count > LATEST ? marks->count - LATEST : 0;

	for (place = marks->count; place > first; place--) {
		struct sluice_spool_mark *mark = &marks->list[place - 1];

		if (mark->input == like->input && mark->cause == like->cause)
			return mark;
	}
	return NULL;
}

void sluice_spool_marks_add(struct sluice_spool_marks *marks, uint32_t at, uint32_t datagrams,
			    uint16_t input, enum sluice_lost_cause cause)
{
	struct sluice_spool_mark mark = {.start = htole32(at),
					 .count = htole32(datagrams),
					 .input = htole16(input),
					 .cause = htole16((uint16_t)cause)};
	struct sluice_spool_mark *known = datagrams == 1 ? latest(marks, &mark) : NULL;

	if (datagrams && !(known && goes_on(known, at)))
		append(marks, &mark);
}

void sluice_spool_marks_take(struct sluice_spool_marks *marks, const struct sluice_spool_mark *list,
			     size_t count, uint32_t shift)
{
	size_t number;

	for (number = 0; number < count; number++) {
		struct sluice_spool_mark mark = list[number], *known = latest(marks, &mark);
		uint32_t start = le32toh(mark.start) + shift;
		uint64_t sum;

		mark.start = htole32(start);
		if (mark.count == htole32(1) && known && goes_on(known, start))
			continue;
		sum = known ? (uint64_t)le32toh(known->count) + le32toh(mark.count) : 0;
		/* The same distances, and the first of these is the next of those: one mark. */
		if (known && known->step && known->step == mark.step && sum <= UINT32_MAX &&
		    start > le32toh(known->start) &&
		    (uint64_t)le32toh(known->step) * le32toh(known->count) ==
			    start - le32toh(known->start))
			known->count = htole32((uint32_t)sum);
		else
			append(marks, &mark);
	}
}

/* How many of a mark began before `end`. */
static uint64_t before(const struct sluice_spool_mark *mark, uint32_t end)
{
	uint64_t start = le32toh(mark->start), step = le32toh(mark->step),
		 count = le32toh(mark->count), reached;

	if (end <= start)
		return 0;
	if (!step)
		return count;
	reached = (end - start + step - 1) / step;
	return reached < count ? reached : count;
}

uint64_t sluice_spool_mark_count(const struct sluice_spool_mark *mark, uint32_t start, uint32_t end)
{
	return start < end ? before(mark, end) - before(mark, start) : 0;
}

/* What is told of one input, for one cause. */
struct loss {
	uint16_t input, cause;
	uint64_t datagrams;
};

/* Adds to the losses of an input and cause; what has no place goes to the last one. */
static void put(struct loss *losses, size_t *known, size_t most,
		const struct sluice_spool_mark *mark, uint64_t datagrams)
{
	uint16_t input = le16toh(mark->input), cause = le16toh(mark->cause);
	size_t place;

	for (place = 0; place < *known; place++)
		if (losses[place].input == input && losses[place].cause == cause)
			break;
	if (place == *known && *known < most)
		losses[(*known)++] = (struct loss){.input = input, .cause = cause};
	else if (place == *known)
		place = most - 1;
	losses[place].datagrams += datagrams;
}

size_t sluice_spool_write_losses(const struct sluice_spool_mark *list, size_t count, uint32_t start,
				 uint32_t end, uint64_t time_ns, uint8_t *bytes, uint32_t *records)
{
	static _Thread_local struct loss losses[SLUICE_SPOOL_LOSSES_MOST];
	uint64_t room = start < end ? (uint64_t)(end - start) * SLUICE_RECORD_ALIGN : 0, datagrams;
	size_t most = room / GAP_LENGTH < SLUICE_SPOOL_LOSSES_MOST ? (size_t)(room / GAP_LENGTH)
								   : SLUICE_SPOOL_LOSSES_MOST;
	size_t known = 0, place;

	*records = 0;
	for (place = 0; most && place < count; place++) {
		datagrams = sluice_spool_mark_count(&list[place], start, end);
		if (datagrams)
			put(losses, &known, most, &list[place], datagrams);
	}
	for (place = 0; place < known; place++) {
		struct sluice_record_gap gap = {.datagrams = htole64(losses[place].datagrams),
						.cause = htole32(losses[place].cause)};

		sluice_record_write(bytes, GAP_LENGTH, SLUICE_RECORD_GAP, 0, losses[place].input,
				    time_ns);
		memcpy(bytes + sizeof(struct sluice_record), &gap, sizeof(gap));
		bytes += GAP_LENGTH;
	}
	*records = (uint32_t)known;
	return known * GAP_LENGTH;
}
