// SPDX-License-Identifier: MIT
/*
 * What lies where in the spool, and which output needs it; see spool.h. In memory, made anew at
 * every start from the lists in the segments. Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "spool_inner.h"

struct sluice_spool_log *sluice_spool_index_log(struct sluice_spool *spool,
						const struct sluice_spool_name *name)
{
	struct sluice_spool_log **larger, *log;
	size_t number;

	for (number = 0; number < spool->log_count; number++) {
		log = spool->logs[number];
		if (log->name.epoch == name->epoch &&
		    sluice_guid_equal(log->name.stream, name->stream))
			return log;
	}
	if (spool->log_count == spool->log_room) {
		size_t room = spool->log_room ? 2 * spool->log_room : 16;

		/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
		larger = reallocarray(spool->logs, room, sizeof(*larger));
		if (!larger)
			return NULL;
		spool->logs = larger;
		spool->log_room = room;
	}
	log = calloc(1, sizeof(*log));
	if (!log)
		return NULL;
	log->name = *name;
	spool->logs[spool->log_count++] = log;
	return log;
}

/* Frees a log. */
static void log_free(struct sluice_spool_log *log)
{
	size_t number;

	for (number = 0; number < log->output_count; number++)
		sluice_ranges_free(&log->outputs[number].acked);
	free(log->list);
	free(log);
}

void sluice_spool_index_free(struct sluice_spool *spool)
{
	size_t number;

	for (number = 0; number < spool->log_count; number++)
		log_free(spool->logs[number]);
	free(spool->logs);
	spool->logs = NULL;
	spool->log_count = 0;
}

struct sluice_spool_log *sluice_spool_get(struct sluice_spool *spool,
					  const struct sluice_spool_name *name)
{
	struct sluice_spool_log *log;

	if (!spool || !name)
		return NULL;
	log = sluice_spool_index_log(spool, name);
	if (log) {
		/* A log that was found on the disk may come from a route that is called otherwise
		 * now. */
		log->name = *name;
		log->holders++;
	}
	return log;
}

/*
 * What was acknowledged of frames before `offset` that are no more need not be remembered. The last
 * checkpoint still says it, maybe of bytes that are written later: the next commit needs a new one.
 */
static void forget(struct sluice_spool *spool, struct sluice_spool_log *log, uint64_t offset)
{
	size_t reader;

	for (reader = 0; reader < log->output_count; reader++) {
		spool->must_checkpoint |= log->outputs[reader].acked.count > 0;
		sluice_ranges_forget(&log->outputs[reader].acked, offset);
	}
}

/* Frees logs that nobody holds and that have no frames. */
static void sweep(struct sluice_spool *spool)
{
	size_t number = 0;

	while (number < spool->log_count) {
		struct sluice_spool_log *log = spool->logs[number];

		if (log->holders || log->count) {
			number++;
			continue;
		}
		forget(spool, log, UINT64_MAX);
		log_free(log);
		spool->logs[number] = spool->logs[--spool->log_count];
	}
}

void sluice_spool_put(struct sluice_spool *spool, struct sluice_spool_log *log)
{
	if (!spool || !log || !log->holders)
		return;
	log->holders--;
	sweep(spool);
}

int sluice_spool_logs(struct sluice_spool *spool,
		      int (*each)(void *context, struct sluice_spool_log *log), void *context)
{
	size_t number;
	int result = 0;

	if (!spool || !each)
		return -EINVAL;
	for (number = 0; !result && number < spool->log_count; number++)
		result = each(context, spool->logs[number]);
	return result;
}

const struct sluice_spool_name *sluice_spool_log_name(const struct sluice_spool_log *log)
{
	return &log->name;
}

uint64_t sluice_spool_log_bytes(const struct sluice_spool_log *log)
{
	return log->bytes;
}

int sluice_spool_index_reader(struct sluice_spool_log *log, const sluice_guid output, bool make)
{
	size_t number;

	for (number = 0; number < log->output_count; number++)
		if (sluice_guid_equal(log->outputs[number].guid, output))
			return (int)number;
	if (!make)
		return -ENOENT;
	if (number == SLUICE_SPOOL_LOG_OUTPUTS)
		return -E2BIG;
	memset(&log->outputs[number], 0, sizeof(log->outputs[number]));
	sluice_guid_copy(log->outputs[number].guid, output);
	log->output_count++;
	return (int)number;
}

/* The first extent that begins behind `offset`. */
static size_t behind(const struct sluice_spool_log *log, uint64_t offset)
{
	size_t low = 0, high = log->count, middle;

	if (high && log->list[high - 1].start <= offset)
		return high;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (log->list[middle].start > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t sluice_spool_index_next(const struct sluice_spool_log *log, uint64_t offset)
{
	size_t place = behind(log, offset);

	return place < log->count ? log->list[place].start : UINT64_MAX;
}

/* The first extent that can reach beyond `offset`: none is longer than the longest. */
static size_t reaching(const struct sluice_spool_log *log, uint64_t offset)
{
	return offset > log->longest ? behind(log, offset - log->longest - 1) : 0;
}

/* The bytes of stream that an extent holds: none, if it only tells what was there. */
static uint64_t bytes_of(const struct sluice_spool_extent *extent)
{
	return extent->type == SLUICE_SPOOL_DATA ? extent->end - extent->start : 0;
}

/* Puts an extent that somebody needs on the accounts. */
static void enlist(struct sluice_spool *spool, struct sluice_spool_log *log,
		   const struct sluice_spool_extent *extent)
{
	uint64_t bytes = bytes_of(extent);

	spool->segments[extent->segment].live++;
	spool->figures.frames++;
	spool->figures.bytes += bytes;
	spool->figures.records += bytes ? extent->count : 0;
	log->bytes += bytes;
}

/* Takes it off them again. */
static void strike(struct sluice_spool *spool, struct sluice_spool_log *log,
		   const struct sluice_spool_extent *extent)
{
	uint64_t bytes = bytes_of(extent);

	spool->segments[extent->segment].live--;
	spool->figures.frames--;
	spool->figures.bytes -= bytes;
	spool->figures.records -= bytes ? extent->count : 0;
	log->bytes -= bytes;
}

/* Nobody needs the extent any more. */
static void retire(struct sluice_spool *spool, struct sluice_spool_log *log,
		   struct sluice_spool_extent *extent)
{
	extent->needs = 0;
	if (extent->is_pending)
		return;
	strike(spool, log, extent);
	spool->figures.drained += bytes_of(extent);
	spool->settle(spool, extent->segment);
}

/*
 * Takes [start, end) out of what is known as acknowledged: a frame that is written now is needed,
 * whatever was said of an older one with the same bytes. 0: it was not; 1: it was; -ENOMEM.
 */
static int unlearn(struct sluice_ranges *acked, uint64_t start, uint64_t end)
{
	struct sluice_ranges rest = {0};
	size_t number;
	int error = 0;

	for (number = 0; number < acked->count; number++)
		if (acked->list[number].start < end && acked->list[number].end > start)
			break;
	if (number == acked->count)
		return 0;
	for (number = 0; !error && number < acked->count; number++) {
		const struct sluice_range *range = &acked->list[number];

		error = sluice_ranges_add(&rest, range->start,
					  range->end < start	 ? range->end
					  : range->start < start ? start
								 : range->start);
		if (!error && range->end > end)
			error = sluice_ranges_add(&rest, range->start > end ? range->start : end,
						  range->end);
	}
	if (error) {
		sluice_ranges_free(&rest);
		return error;
	}
	sluice_ranges_free(acked);
	*acked = rest;
	return 1;
}

int sluice_spool_index_add(struct sluice_spool *spool, struct sluice_spool_log *log,
			   const struct sluice_spool_extent *extent, const sluice_guid *outputs,
			   size_t output_count)
{
	struct sluice_spool_extent *larger, *fresh;
	uint64_t needs = 0;
	size_t number, place;
	int reader;

	if (log->count == log->room) {
		size_t room = log->room ? 2 * log->room : 64;

		larger = reallocarray(log->list, room, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		log->list = larger;
		log->room = room;
	}
	for (number = 0; number < output_count; number++) {
		reader = sluice_spool_index_reader(log, outputs[number], true);
		if (reader < 0)
			return reader;
		needs |= 1ULL << reader;
		/* Marks stand for what is there already, acknowledged in part or not. */
		if (extent->is_pending && extent->type == SLUICE_SPOOL_DATA) {
			int error =
				unlearn(&log->outputs[reader].acked, extent->start, extent->end);

			if (error < 0)
				return error;
			spool->must_checkpoint |= error > 0;
		}
	}
	place = behind(log, extent->start);
	fresh = &log->list[place];
	memmove(fresh + 1, fresh, (log->count - place) * sizeof(*fresh));
	log->count++;
	*fresh = *extent;
	fresh->needs = needs;
	log->pending += extent->is_pending;
	if (extent->end - extent->start > log->longest)
		log->longest = extent->end - extent->start;
	if (needs && !fresh->is_pending)
		enlist(spool, log, fresh);
	return 0;
}

void sluice_spool_index_publish(struct sluice_spool *spool)
{
	size_t number, place;

	for (number = 0; number < spool->log_count; number++) {
		struct sluice_spool_log *log = spool->logs[number];

		/* Pending ones are the latest, but not necessarily the last by offset. */
		for (place = log->count; log->pending && place-- > 0;) {
			struct sluice_spool_extent *extent = &log->list[place];

			if (!extent->is_pending)
				continue;
			extent->is_pending = false;
			spool->is_unlisted = true;
			log->pending--;
			spool->figures.spooled += bytes_of(extent);
			if (extent->needs)
				enlist(spool, log, extent);
			else
				spool->figures.drained += bytes_of(extent);
		}
	}
}

void sluice_spool_index_remove(struct sluice_spool *spool, size_t segment, bool only_pending)
{
	size_t number, place, kept;

	for (number = 0; number < spool->log_count; number++) {
		struct sluice_spool_log *log = spool->logs[number];

		for (place = kept = 0; place < log->count; place++) {
			struct sluice_spool_extent *extent = &log->list[place];

			if (extent->segment == segment && (!only_pending || extent->is_pending)) {
				log->pending -= extent->is_pending;
				if (!extent->is_pending && extent->needs)
					strike(spool, log, extent);
				continue;
			}
			log->list[kept++] = *extent;
		}
		if (kept == log->count)
			continue;
		log->count = kept;
		forget(spool, log, kept ? log->list[0].start : UINT64_MAX);
	}
	sweep(spool);
}

void sluice_spool_index_supersede(struct sluice_spool *spool, bool really)
{
	size_t number, place;

	for (number = 0; number < spool->log_count; number++) {
		struct sluice_spool_log *log = spool->logs[number];

		for (place = 0; place < log->count; place++) {
			struct sluice_spool_extent *extent = &log->list[place];

			/* Those that nobody needs were superseded earlier. */
			if (!extent->is_superseded || !extent->needs)
				continue;
			extent->is_superseded = really;
			if (!really)
				continue;
			strike(spool, log, extent);
			extent->needs = 0;
		}
	}
}

struct sluice_spool_extent *sluice_spool_index_find(struct sluice_spool *spool,
						    struct sluice_spool_log *log, uint64_t offset)
{
	struct sluice_spool_extent *best = NULL;
	size_t place, last = behind(log, offset);

	/* Frames may overlap: one that is not damaged or superseded, and of those the newest. */
	for (place = reaching(log, offset); place < last; place++) {
		struct sluice_spool_extent *extent = &log->list[place];

		if (extent->end <= offset || extent->is_pending || extent->is_superseded)
			continue;
		if (!best || best->is_known_bad ||
		    (!extent->is_known_bad && spool->segments[extent->segment].serial >
						      spool->segments[best->segment].serial))
			best = extent;
	}
	return best;
}

/* Applies log->outputs[number].acked to all extents that overlap [start, end). */
static void apply(struct sluice_spool *spool, struct sluice_spool_log *log, size_t number,
		  uint64_t start, uint64_t end)
{
	const struct sluice_ranges *acked = &log->outputs[number].acked;
	uint64_t bit = 1ULL << number;
	size_t place;

	for (place = reaching(log, start); place < log->count && log->list[place].start < end;
	     place++) {
		struct sluice_spool_extent *extent = &log->list[place];

		if (!(extent->needs & bit) ||
		    !sluice_ranges_covers(acked, extent->start, extent->end))
			continue;
		if (extent->needs == bit)
			retire(spool, log, extent);
		extent->needs &= ~bit;
	}
}

int sluice_spool_acknowledge(struct sluice_spool *spool, struct sluice_spool_log *log,
			     const sluice_guid output, uint64_t start, uint64_t end)
{
	int reader, error;

	if (!spool || !log || !output || start > end)
		return -EINVAL;
	reader = sluice_spool_index_reader(log, output, false);
	if (reader < 0 || start == end)
		return 0; /* no frame waits for it */
	error = sluice_ranges_add(&log->outputs[reader].acked, start, end);
	if (error)
		return error;
	spool->dirty = true;
	spool->is_noted = false;
	apply(spool, log, (size_t)reader, start, end);
	return 0;
}

int sluice_spool_backlog(struct sluice_spool *spool, struct sluice_spool_log *log,
			 const sluice_guid output,
			 int (*each)(void *context, uint64_t start, uint64_t end, uint64_t serial),
			 void *context)
{
	uint64_t told = 0, start;
	struct sluice_range hole;
	size_t place;
	int reader, result = 0;

	if (!spool || !log || !output || !each)
		return -EINVAL;
	reader = sluice_spool_index_reader(log, output, false);
	if (reader < 0)
		return 0;
	for (place = 0; place < log->count; place++) {
		const struct sluice_spool_extent *extent = &log->list[place];

		if (!(extent->needs & (1ULL << reader)))
			continue;
		/* Where frames overlap a byte is told once. */
		start = extent->start > told ? extent->start : told;
		while (!result &&
		       sluice_ranges_hole(&log->outputs[reader].acked, start, extent->end, &hole)) {
			/* What was given up counts as oldest, wherever its marks lie. */
			result = each(context, hole.start, hole.end,
				      extent->type == SLUICE_SPOOL_DATA
					      ? spool->segments[extent->segment].serial
					      : 0);
			start = hole.end;
		}
		if (result)
			return result;
		if (extent->end > told)
			told = extent->end;
	}
	return 0;
}

int sluice_spool_waiting(struct sluice_spool *spool, struct sluice_spool_log *log,
			 int (*each)(void *context, const sluice_guid output), void *context)
{
	uint64_t needs = 0;
	size_t number;
	int result = 0;

	if (!spool || !log || !each)
		return -EINVAL;
	for (number = 0; number < log->count; number++)
		needs |= log->list[number].needs;
	for (number = 0; !result && number < log->output_count; number++)
		if (needs & (1ULL << number))
			result = each(context, log->outputs[number].guid);
	return result;
}

int sluice_spool_frames(struct sluice_spool *spool, struct sluice_spool_log *log, bool all,
			int (*each)(void *context, const struct sluice_spool_frame *frame),
			void *context)
{
	size_t place;
	int result = 0;

	if (!spool || !log || !each)
		return -EINVAL;
	for (place = 0; !result && place < log->count; place++) {
		const struct sluice_spool_extent *extent = &log->list[place];
		struct sluice_spool_frame frame = {
			.offset = extent->start,
			.span = extent->end - extent->start,
			.count = extent->count,
			.length = extent->length,
			.type = extent->type,
			.is_damaged = extent->is_known_bad,
			.serial = spool->segments[extent->segment].serial,
		};

		if (all || extent->needs)
			result = each(context, &frame);
	}
	return result;
}
