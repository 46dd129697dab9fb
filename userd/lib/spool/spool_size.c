// SPDX-License-Identifier: MIT
/*
 * How many segments the spool has and how large they are: at the start, and when it gets another
 * size while it is in use; see spool.h. Touches: the files in the store's directory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "log.h"
#include "size.h"
#include "spool_inner.h"

/* Is there something in the segment that somebody needs, or may it be so? */
static bool is_in_use(const struct sluice_spool *spool, size_t place)
{
	const struct sluice_spool_segment *segment = &spool->segments[place];

	return segment->live || segment->use == SLUICE_SPOOL_IS_SEALED || place == spool->active;
}

/* Decides which segments stay: of the right size, first what is in use, so that the store takes no
 * more than it may as soon as that is possible. Returns how many do. */
static size_t choose(struct sluice_spool *spool, size_t wanted)
{
	size_t have = 0, place;
	unsigned int pass;

	for (pass = 0; pass < 2; pass++) {
		for (place = 0; place < spool->segment_count; place++) {
			struct sluice_spool_segment *segment = &spool->segments[place];

			if (!segment->size || is_in_use(spool, place) == (pass > 0))
				continue;
			segment->is_surplus =
				segment->size != spool->segment_size || have >= wanted;
			segment->is_extra &= segment->is_surplus;
			have += !segment->is_surplus;
		}
	}
	return have;
}

/* Settles all segments. */
static void settle_all(struct sluice_spool *spool)
{
	size_t place;

	for (place = 0; place < spool->segment_count; place++)
		sluice_spool_settle_segment(spool, place);
}

size_t sluice_spool_keep(struct sluice_spool *spool, size_t wanted)
{
	size_t place, have;

	settle_all(spool);
	have = choose(spool, wanted);
	for (place = 0; place < spool->segment_count; place++)
		if (spool->segments[place].size && spool->segments[place].is_surplus &&
		    !is_in_use(spool, place))
			spool->segments[place].use = SLUICE_SPOOL_IS_SEALED; /* to be removed */
	settle_all(spool);
	return have;
}

/* Segments of that size that there are. */
static size_t count(const struct sluice_spool *spool, uint64_t size)
{
	size_t place, have = 0;

	for (place = 0; place < spool->segment_count; place++)
		have += spool->segments[place].size == size;
	return have;
}

int sluice_spool_extend(struct sluice_spool *spool, uint64_t size, uint64_t segment, char **error)
{
	char bytes[SLUICE_SIZE_TEXT], room[SLUICE_SIZE_TEXT];
	struct statvfs disk = {0};
	int result;

	if (!spool || !error || segment < SLUICE_SPOOL_SEGMENT_MIN ||
	    segment > SLUICE_SPOOL_SEGMENT_MAX || segment % SLUICE_DISK_BLOCK ||
	    size / segment < SLUICE_SPOOL_SEGMENTS_MIN)
		return -EINVAL;
	if (count(spool, segment) >= size / segment)
		return 0;
	result = spool->look ? -EROFS
			     : sluice_spool_segment_make(
				       spool, sluice_spool_segment_fresh_number(spool, 0), segment);
	if (!result) {
		sluice_spool_sync_directory(spool);
		return 1;
	}
	(void)statvfs(spool->path, &disk);
	if (asprintf(error, "store.disk.size: %s do not fit into %s: %s; %s are free there",
		     sluice_size_format(size, bytes), spool->path, strerror(-result),
		     sluice_size_format((uint64_t)disk.f_bavail * disk.f_frsize, room)) < 0)
		*error = NULL;
	return result;
}

void sluice_spool_resize(struct sluice_spool *spool, uint64_t size, uint64_t segment)
{
	if (!spool || !segment || spool->look)
		return;
	spool->segment_size = segment;
	(void)sluice_spool_keep(spool, (size_t)(size / segment));
	/* One of another size is written to its end no more, so that it can go. */
	if (spool->active != SIZE_MAX && spool->segments[spool->active].is_surplus &&
	    !spool->is_pending)
		(void)sluice_spool_seal_segment(spool);
	sluice_spool_sync_directory(spool);
}
