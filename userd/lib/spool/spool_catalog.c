// SPDX-License-Identifier: MIT
/*
 * The catalog behind a checkpoint: which frames the store held that somebody needed. At the start
 * what it lists and no segment has is known as lost, with its number: a segment that is gone, cut,
 * empty, foreign, or whose frames have lost their heads. See spool.h. Touches: memory only.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sluice/record.h>
#include "frame.h"
#include "log.h"
#include "spool_inner.h"

/* A catalog that is being made, in the room behind the entries of a slot. */
struct making {
	const struct sluice_spool *spool;
	sluice_guid *outputs;
	struct sluice_spool_catalog_stream *streams;
	struct sluice_spool_catalog_run *runs;
	size_t output_count, stream_count, run_count;
	size_t room; /* runs that fit */
};

/* The place of a GUID in the table, which grows if it is not there. False: the table is full. */
static bool find_output(struct making *making, const sluice_guid guid, size_t *place)
{
	for (*place = 0; *place < making->output_count; ++*place)
		if (sluice_guid_equal(making->outputs[*place], guid))
			return true;
	if (*place == SLUICE_SPOOL_CATALOG_OUTPUTS)
		return false;
	sluice_guid_copy(making->outputs[making->output_count++], guid);
	return true;
}

/* A log's bits, by the table of the catalog. False: one has no place in it. */
static bool translate(struct making *making, const struct sluice_spool_log *log, uint64_t needs,
		      uint64_t *bits)
{
	size_t reader, place;

	*bits = 0;
	for (reader = 0; reader < log->output_count; reader++) {
		if (!(needs & (1ULL << reader)))
			continue;
		if (!find_output(making, log->outputs[reader].guid, &place))
			return false;
		*bits |= 1ULL << place;
	}
	return true;
}

/* Does the extent go on where the run ends, so that one entry serves for both? */
static bool goes_on(const struct sluice_spool_catalog_run *run,
		    const struct sluice_spool_catalog_run *next)
{
	return run->serial == next->serial && run->outputs == next->outputs &&
	       run->stream == next->stream && run->end == next->start &&
	       le64toh(next->end) - le64toh(run->start) <= SLUICE_SPOOL_GAPS_SPAN &&
	       (uint64_t)le32toh(run->count) + le32toh(next->count) <= UINT32_MAX;
}

/* Lists what somebody needs; `merge`: frames side by side together. False: it does not fit. */
static bool fill(struct making *making, bool merge)
{
	size_t number, place, stream = 0;

	making->run_count = 0;
	for (number = 0; number < making->spool->log_count; number++) {
		const struct sluice_spool_log *log = making->spool->logs[number];
		bool is_listed = false;

		for (place = 0; place < log->count; place++) {
			const struct sluice_spool_extent *extent = &log->list[place];
			struct sluice_spool_catalog_run
				run =
					{
						.serial = htole64(
							making->spool->segments[extent->segment]
								.serial),
						.start = htole64(extent->start),
						.end = htole64(extent->end),
						.count = htole32(extent->count),
						.stream = htole16((uint16_t)stream),
						.type = extent->type,
					},
				*last;
			uint64_t bits;

			if (!extent->needs || extent->is_pending || extent->is_superseded ||
			    !translate(making, log, extent->needs, &bits))
				continue;
			run.outputs = htole64(bits);
			last = is_listed && making->run_count ? &making->runs[making->run_count - 1]
							      : NULL;
			is_listed = true;
			if (merge && last && goes_on(last, &run)) {
				last->end = run.end;
				last->count = htole32(le32toh(last->count) + le32toh(run.count));
				last->type = SLUICE_SPOOL_GAPS;
				continue;
			}
			if (!making->runs || making->run_count == making->room)
				return false;
			making->runs[making->run_count++] = run;
		}
		stream++;
	}
	return true;
}

/* The CRC of a whole catalog of `bytes` bytes, whose own field counts as 0. */
static uint32_t crc_of(const struct sluice_spool_catalog *catalog, size_t bytes)
{
	struct sluice_spool_catalog copy = *catalog;

	copy.crc = 0;
	return sluice_crc32c(sluice_crc32c(0, &copy, sizeof(copy)), catalog + 1,
			     bytes - sizeof(copy));
}

void sluice_spool_catalog_write(const struct sluice_spool *spool, void *memory, size_t bytes)
{
	const size_t fixed = sizeof(struct sluice_spool_catalog) +
			     SLUICE_SPOOL_CATALOG_OUTPUTS * sizeof(sluice_guid);
	struct sluice_spool_catalog *catalog = memory;
	struct making making = {.spool = spool};
	uint32_t flags = 0;
	size_t number;

	if (bytes < fixed + spool->log_count * sizeof(*making.streams))
		return;
	making.outputs = (void *)(catalog + 1);
	making.streams = (void *)(making.outputs + SLUICE_SPOOL_CATALOG_OUTPUTS);
	for (number = 0; number < spool->log_count && number < UINT16_MAX; number++) {
		const struct sluice_spool_name *name = &spool->logs[number]->name;
		struct sluice_spool_catalog_stream *stream = &making.streams[making.stream_count++];

		sluice_guid_copy(stream->stream, name->stream);
		sluice_guid_copy(stream->route, name->route);
		stream->epoch = htole64(name->epoch);
		stream->cpu = htole32(name->cpu);
	}
	making.runs = (void *)(making.streams + making.stream_count);
	making.room = (bytes - fixed - making.stream_count * sizeof(*making.streams)) /
		      sizeof(*making.runs);
	if (!fill(&making, false) && !fill(&making, true))
		flags = SLUICE_SPOOL_CATALOG_PARTIAL;
	catalog->magic = htole32(SLUICE_SPOOL_CATALOG_MAGIC);
	catalog->version = htole32(SLUICE_SPOOL_VERSION);
	catalog->flags = htole32(flags);
	catalog->streams = htole32((uint32_t)making.stream_count);
	catalog->runs = htole32((uint32_t)making.run_count);
	catalog->outputs = htole32((uint32_t)making.output_count);
	catalog->reserved = 0;
	catalog->crc =
		htole32(crc_of(catalog, (size_t)((uint8_t *)(making.runs + making.run_count) -
						 (uint8_t *)memory)));
}

/* Was the segment with this serial given back? Then all that it held was acknowledged, whatever the
 * checkpoint says. */
static bool is_given_back(const struct sluice_spool *spool, uint64_t serial)
{
	size_t place;

	for (place = 0; place < spool->segment_count; place++)
		if (spool->segments[place].size && spool->segments[place].serial == serial &&
		    spool->segments[place].use == SLUICE_SPOOL_IS_FREE)
			return true;
	return false;
}

/* The place that stands for a segment of which something is missing. 0 or -ENOMEM. */
static int stand_in(struct sluice_spool *spool, uint64_t serial, size_t *place)
{
	int error;

	for (*place = 0; *place < spool->segment_count; ++*place)
		if (spool->segments[*place].is_lost && spool->segments[*place].serial == serial)
			return 0;
	error = sluice_spool_segment_add(spool, UINT32_MAX, 0, place);
	if (error)
		return error;
	spool->segments[*place].serial = serial;
	spool->segments[*place].is_lost = true;
	spool->segments[*place].use = SLUICE_SPOOL_IS_SEALED;
	return 0;
}

/* One run of a catalog, in the host's order. */
struct entry {
	struct sluice_spool_log *log;
	uint64_t serial, start, end, count;
	uint8_t type;
	sluice_guid outputs[SLUICE_SPOOL_CATALOG_OUTPUTS];
	size_t output_count;
};

/* Where the first piece of [at, end) that no frame has begins, and where it ends. False: there is
 * none. *found: records of the frames that were passed. */
static bool next_hole(struct sluice_spool *spool, const struct entry *entry, uint64_t at,
		      struct sluice_range *hole, uint64_t *found)
{
	const struct sluice_spool_extent *extent;

	while (at < entry->end) {
		extent = sluice_spool_index_find(spool, entry->log, at);
		if (!extent) {
			hole->start = at;
			hole->end = sluice_spool_index_next(entry->log, at);
			if (hole->end > entry->end)
				hole->end = entry->end;
			return true;
		}
		*found += extent->count;
		at = extent->end;
	}
	return false;
}

/* Enters what is missing of a run as frames that are known to be bad. 0 or a negative errno. */
static int miss(struct sluice_spool *spool, const struct entry *entry)
{
	uint64_t at, bytes = 0, found = 0, missing, unused = 0, part;
	struct sluice_range hole;
	size_t place;
	int error;

	for (at = entry->start; next_hole(spool, entry, at, &hole, &found); at = hole.end)
		bytes += hole.end - hole.start;
	if (!bytes || is_given_back(spool, entry->serial))
		return 0;
	missing = found < entry->count ? entry->count - found : 0;
	error = stand_in(spool, entry->serial, &place);
	for (at = entry->start; !error && next_hole(spool, entry, at, &hole, &unused);
	     at = hole.end) {
		struct sluice_spool_extent extent = {.start = hole.start,
						     .end = hole.end,
						     .segment = (uint32_t)place,
						     .type = entry->type,
						     .is_known_bad = true};

		/* Several pieces: each its part, the last one the rest. */
		part = (uint64_t)((double)missing * (double)(hole.end - hole.start) /
				  (double)bytes);
		if (hole.end - hole.start == bytes || part > missing)
			part = missing;
		bytes -= hole.end - hole.start;
		missing -= part;
		extent.count = (uint32_t)part;
		if (hole.end - hole.start > SLUICE_SPOOL_PAYLOAD_MAX)
			extent.type = SLUICE_SPOOL_GAPS;
		if (extent.type == SLUICE_SPOOL_DATA)
			extent.length = (uint32_t)(hole.end - hole.start);
		error = sluice_spool_index_add(spool, entry->log, &extent,
					       (const sluice_guid *)entry->outputs,
					       entry->output_count);
	}
	return error;
}

/* Reads a run out of a catalog. 0; -EPROTO: it cannot be right; -ENOMEM. */
static int read_run(struct sluice_spool *spool, const struct sluice_spool_catalog *catalog,
		    const struct sluice_spool_catalog_run *run, struct entry *entry)
{
	const sluice_guid *outputs = (const void *)(catalog + 1);
	const struct sluice_spool_catalog_stream *streams =
		(const void *)(outputs + SLUICE_SPOOL_CATALOG_OUTPUTS);
	struct sluice_spool_name name;
	size_t number;

	entry->serial = le64toh(run->serial);
	entry->start = le64toh(run->start);
	entry->end = le64toh(run->end);
	entry->count = le32toh(run->count);
	entry->type = run->type;
	entry->output_count = 0;
	if (entry->start >= entry->end || entry->end - entry->start > SLUICE_SPOOL_GAPS_SPAN ||
	    (entry->start | entry->end) % SLUICE_RECORD_ALIGN ||
	    le16toh(run->stream) >= le32toh(catalog->streams) ||
	    (run->type != SLUICE_SPOOL_DATA && run->type != SLUICE_SPOOL_GAPS))
		return -EPROTO;
	for (number = 0; number < le32toh(catalog->outputs); number++)
		if (le64toh(run->outputs) & (1ULL << number))
			sluice_guid_copy(entry->outputs[entry->output_count++], outputs[number]);
	streams += le16toh(run->stream);
	sluice_guid_copy(name.stream, streams->stream);
	sluice_guid_copy(name.route, streams->route);
	name.epoch = le64toh(streams->epoch);
	name.cpu = le32toh(streams->cpu);
	entry->log = sluice_spool_index_log(spool, &name);
	return entry->log ? 0 : -ENOMEM;
}

/* Is there a catalog, whole? */
static bool is_whole(const struct sluice_spool_catalog *catalog, size_t bytes)
{
	uint64_t wanted = sizeof(*catalog) + SLUICE_SPOOL_CATALOG_OUTPUTS * sizeof(sluice_guid);

	if (bytes < wanted || le32toh(catalog->magic) != SLUICE_SPOOL_CATALOG_MAGIC ||
	    le32toh(catalog->version) != SLUICE_SPOOL_VERSION ||
	    le32toh(catalog->outputs) > SLUICE_SPOOL_CATALOG_OUTPUTS)
		return false;
	wanted += le32toh(catalog->streams) * sizeof(struct sluice_spool_catalog_stream) +
		  le32toh(catalog->runs) * sizeof(struct sluice_spool_catalog_run);
	return wanted <= bytes && crc_of(catalog, wanted) == le32toh(catalog->crc);
}

int sluice_spool_catalog_compare(struct sluice_spool *spool, const void *memory, size_t bytes)
{
	const struct sluice_spool_catalog *catalog = memory;
	const struct sluice_spool_catalog_run *runs;
	struct entry entry;
	size_t number;
	int error = 0;

	if (!is_whole(catalog, bytes))
		return 0;
	runs = (const void *)((const uint8_t *)(catalog + 1) +
			      SLUICE_SPOOL_CATALOG_OUTPUTS * sizeof(sluice_guid) +
			      le32toh(catalog->streams) *
				      sizeof(struct sluice_spool_catalog_stream));
	for (number = 0; !error && number < le32toh(catalog->runs); number++) {
		error = read_run(spool, catalog, &runs[number], &entry);
		if (!error)
			error = miss(spool, &entry);
		else if (error == -EPROTO)
			error = 0;
	}
	return error;
}

void sluice_spool_catalog_report_missing(struct sluice_spool *spool)
{
	size_t number, place;

	for (number = 0; number < spool->log_count; number++) {
		const struct sluice_spool_log *log = spool->logs[number];
		uint64_t frames = 0, records = 0, bytes = 0;

		for (place = 0; place < log->count; place++) {
			const struct sluice_spool_extent *extent = &log->list[place];

			if (!extent->needs || !spool->segments[extent->segment].is_lost)
				continue;
			frames++;
			records += extent->count;
			bytes += extent->end - extent->start;
		}
		if (!frames)
			continue;
		spool->figures.missing_frames += frames;
		spool->figures.missing_records += records;
		spool->figures.damaged_frames += frames;
		spool->figures.damaged_records += records;
		sluice_error_about(
			SLUICE_ABOUT(.store = spool->path, .cpu = SLUICE_NUMBER(log->name.cpu),
				     .datagrams = SLUICE_NUMBER(records),
				     .bytes = SLUICE_NUMBER(bytes)),
			"spool %s: of a stream of CPU %u, %llu records (%llu bytes) are not "
			"there although the checkpoint lists them: they are lost; GAP records "
			"say so in their place",
			spool->path, log->name.cpu, (unsigned long long)records,
			(unsigned long long)bytes);
	}
}

/* What the output has of [start, end), or finds in the store; *found: records of the frames there.
 * 0 or -ENOMEM. */
static int list_had(struct sluice_spool_log *log, const sluice_guid output, uint64_t start,
		    uint64_t end, struct sluice_ranges *had, uint64_t *found)
{
	int reader = sluice_spool_index_reader(log, output, false), error = 0;
	size_t place;

	for (place = 0; !error && reader >= 0 && place < log->outputs[reader].acked.count; place++)
		error = sluice_ranges_add(had, log->outputs[reader].acked.list[place].start,
					  log->outputs[reader].acked.list[place].end);
	for (place = 0; !error && place < log->count; place++) {
		const struct sluice_spool_extent *extent = &log->list[place];

		if (extent->start >= end || extent->end <= start ||
		    (extent->is_known_bad && (reader < 0 || !(extent->needs & (1ULL << reader)))))
			continue;
		*found += sluice_ranges_covers(had, extent->start, extent->end) ? 0 : extent->count;
		error = sluice_ranges_add(had, extent->start, extent->end);
	}
	return error;
}

/* Is something of [start, end) in the set? */
static bool overlaps(const struct sluice_ranges *set, uint64_t start, uint64_t end)
{
	size_t place;

	for (place = 0; place < set->count; place++)
		if (set->list[place].start < end && set->list[place].end > start)
			return true;
	return false;
}

bool sluice_spool_miss(struct sluice_spool *spool, struct sluice_spool_log *log,
		       const sluice_guid output, uint64_t start, uint64_t end, uint64_t bytes,
		       uint64_t *records)
{
	uint64_t total = 0, found = 0, at, upto, left, part;
	bool is_acked = false;
	struct sluice_ranges had = {0};
	struct sluice_range hole;
	size_t place;
	int error;

	if (!spool || !log || !output || start >= end)
		return false;
	error = list_had(log, output, start, end, &had, &found);
	for (at = start; !error && sluice_ranges_hole(&had, at, end, &hole); at = hole.end)
		total += hole.end - hole.start;
	/* What it has of it by way of the ring has no number. */
	for (place = 0; place < log->output_count; place++)
		if (sluice_guid_equal(log->outputs[place].guid, output))
			is_acked = overlaps(&log->outputs[place].acked, start, end);
	if (error || total != bytes || !records || is_acked || *records < found ||
	    stand_in(spool, spool->serial, &place)) {
		sluice_ranges_free(&had);
		return false;
	}
	*records -= found;
	left = *records;
	for (at = start; !error && sluice_ranges_hole(&had, at, end, &hole); at = upto) {
		struct sluice_spool_extent extent = {.segment = (uint32_t)place,
						     .type = SLUICE_SPOOL_GAPS,
						     .is_known_bad = true};

		upto = hole.end - hole.start > SLUICE_SPOOL_GAPS_SPAN
			       ? hole.start + SLUICE_SPOOL_GAPS_SPAN
			       : hole.end;
		part = upto - hole.start == total
			       ? left
			       : (uint64_t)((double)left * (double)(upto - hole.start) /
					    (double)total);
		part = part < UINT32_MAX ? part : UINT32_MAX;
		total -= upto - hole.start;
		left -= part;
		extent.start = hole.start;
		extent.end = upto;
		extent.count = (uint32_t)part;
		error = sluice_spool_index_add(spool, log, &extent, (const sluice_guid *)output, 1);
		spool->figures.damaged_frames++;
		spool->figures.damaged_records += part;
	}
	spool->is_unlisted = true;
	sluice_ranges_free(&had);
	return !error;
}
