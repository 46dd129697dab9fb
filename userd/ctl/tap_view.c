// SPDX-License-Identifier: MIT
/*
 * Reading a ring that others fill and empty, without a lock; see tap_view.h and "Reading" in
 * docs/ring-format.md. Touches: the mapping.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "barrier.h"
#include "tap_view.h"

/* How far before the place that would be overwritten next a record still counts as whole: what the
 * producer has written and not published yet. */
#define MARGIN (2ULL * SLUICE_RECORD_SPAN_MAX)
#define LOCATE_TRIES 100U

int sluice_tap_view_seek(struct sluice_tap_view *view, bool backlog)
{
	unsigned int tries;
	uint64_t offset;

	for (tries = 0; tries < LOCATE_TRIES; tries++) {
		offset = backlog ? sluice_ring_tail(&view->ring) : sluice_ring_head(&view->ring);
		if (sluice_ring_locate(&view->ring, offset, &view->sequence) == 0) {
			view->offset = offset;
			return 0;
		}
	}
	return -EAGAIN;
}

/* True if what was copied from `offset` before this call cannot have been written over. The fence
 * orders the copy before the loads. */
static bool is_intact(const struct sluice_ring *ring, uint64_t offset)
{
	uint64_t size = ring->mask + 1;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return sluice_ring_tail(ring) <= offset || sluice_ring_head(ring) + MARGIN <= offset + size;
}

/* Copies the record at the view's place. Its span, or 0 if it was overwritten before we were done.
 */
static size_t copy_record(const struct sluice_tap_view *view, uint8_t *copy, uint64_t head)
{
	const uint8_t *bytes = sluice_ring_at(&view->ring, view->offset);
	size_t step;

	/* Before a byte is believed: far behind, the place has long been another record's. */
	if (!is_intact(&view->ring, view->offset))
		return 0;
	step = sluice_record_step(bytes, (size_t)(head - view->offset));
	if (step == 0 || step > SLUICE_RECORD_SPAN_MAX)
		return 0;
	memcpy(copy, bytes, step);
	return is_intact(&view->ring, view->offset) ? step : 0;
}

int sluice_tap_view_next(struct sluice_tap_view *view, uint8_t *copy,
			 struct sluice_record_view *record, uint64_t *missed)
{
	uint64_t head, before;
	size_t step;
	int error;

	if (!view || !copy || !record || !missed)
		return -EINVAL;
	head = sluice_ring_head(&view->ring);
	if (view->offset >= head)
		return SLUICE_TAP_NOTHING;
	step = copy_record(view, copy, head);
	/* Read again: the length that was copied is the one that counts. */
	if (step && sluice_record_read(copy, step, record) == 0 && record->span == step) {
		view->offset += step;
		view->sequence++;
		return SLUICE_TAP_RECORD;
	}
	before = view->sequence;
	error = sluice_tap_view_seek(view, false);
	if (error)
		return error;
	*missed = view->sequence > before ? view->sequence - before : 0;
	return SLUICE_TAP_MISSED;
}

void sluice_tap_view_close(struct sluice_tap_view *view)
{
	if (!view || !view->is_open)
		return;
	sluice_ring_destroy(&view->ring);
	if (view->fd >= 0)
		close(view->fd);
	view->fd = -1;
	view->is_open = false;
}
