// SPDX-License-Identifier: MIT
/*
 * Segments whose frames nobody needs any more are free, or go; see spool_inner.h. Touches: the
 * files of segments, the checkpoint.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"
#include "spool_format.h"
#include "spool_inner.h"

/* A file that is more than the configuration wants, or whose size is another one, goes. Its place
 * stays. */
static void discard(struct sluice_spool *spool, size_t place)
{
	struct sluice_spool_segment *segment = &spool->segments[place];
	char *path = sluice_spool_segment_path(spool, segment->number);

	sluice_spool_segment_close(spool, place);
	if (path && unlink(path) && errno != ENOENT)
		sluice_warning_about(SLUICE_ABOUT(.path = path, .error = strerrorname_np(errno)),
				     "%s: cannot be removed: %s", path, strerror(errno));
	free(path);
	segment->size = 0; /* never chosen again */
}

/* Of a store that came to be smaller the first segment that nobody needs goes, and one that is too
 * many and in use takes its place. Else it would go on to take too much room for as long as those
 * are in use. */
static void exchange(struct sluice_spool *spool, struct sluice_spool_segment *segment)
{
	size_t place;

	for (place = 0; !segment->is_surplus && place < spool->segment_count; place++) {
		struct sluice_spool_segment *other = &spool->segments[place];

		if (!other->is_surplus || other->is_extra || other->size != segment->size)
			continue;
		segment->is_surplus = true;
		other->is_surplus = false;
	}
}

void sluice_spool_settle_segment(struct sluice_spool *spool, size_t place)
{
	struct sluice_spool_segment *segment = &spool->segments[place];

	if (spool->look || segment->live || segment->use != SLUICE_SPOOL_IS_SEALED ||
	    !segment->size)
		return;
	exchange(spool, segment);
	/* A file that goes is missed at the next start, unless the checkpoint knows that nobody
	 * needs it. */
	if (segment->is_surplus && spool->dirty && sluice_spool_checkpoint(spool))
		return;
	segment->use = SLUICE_SPOOL_IS_FREE;
	if (segment->is_surplus) {
		discard(spool, place);
		return;
	}
	/* Not synced: a checkpoint says the same; this is for the case that both its slots are
	 * lost. */
	(void)sluice_spool_segment_write_head(spool, place, SLUICE_SPOOL_FREE, 0);
}
