// SPDX-License-Identifier: GPL-2.0
/*
 * The alarm of a ring: raised when it is filled beyond a mark, over when it was emptied enough.
 *
 * ring.c calls when a fill changed, route.c sets the mark; what changed is noted in event.c.
 * Touches the ring it is given.
 */
#include <linux/minmax.h>
#include "ring.h"
#include "sluice.h"

/* An alarm is over so many percent of the ring below its mark, or at half of the mark. */
#define ALARM_HYSTERESIS 10U

/**
 * sluice_ring_alarm_look() - raise or end the alarm of a ring, as it is filled now
 * @ring: the ring
 *
 * Called whenever the consumer is told of something, and when the tail moved while there is an
 * alarm: never for a datagram as such.
 *
 * Context: bottom halves off, ring->lock held.
 */
void sluice_ring_alarm_look(struct sluice_ring *ring)
{
	u64 used = ring->head - ring->tail;
	bool alarm = ring->alarm ? used > ring->alarm_over : used >= ring->alarm_mark;

	/* A datagram may be too large for what is left below the mark. */
	if (unlikely(ring->overflow) && ring->alarm_mark != U64_MAX)
		alarm = true;
	if (likely(alarm == ring->alarm))
		return;
	ring->alarm = alarm;
	sluice_event_note(ring, alarm ? SLUICE_EVENT_ALARM : SLUICE_EVENT_ALARM_OVER);
}

/**
 * sluice_ring_alarm_set() - set the mark of a ring's alarm
 * @ring:    the ring
 * @percent: of its size, up to 100; 0: no alarm
 *
 * Context: process.
 */
void sluice_ring_alarm_set(struct sluice_ring *ring, u8 percent)
{
	u64 size = ring->mask + 1;
	/* In halves of a percent: a small mark is left behind at half of it. */
	unsigned int over = percent > 2 * ALARM_HYSTERESIS ? 2 * (percent - ALARM_HYSTERESIS) :
							     percent;

	spin_lock_bh(&ring->lock);
	/* No ring is ever quite full, and none is filled to U64_MAX. */
	ring->alarm_mark = percent ? min(size / 100 * percent, ring->room / 100 * 99) : U64_MAX;
	ring->alarm_over = percent ? size / 200 * over : U64_MAX;
	sluice_ring_alarm_look(ring);
	spin_unlock_bh(&ring->lock);
}
