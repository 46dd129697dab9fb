// SPDX-License-Identifier: GPL-2.0
/*
 * Tells of what was noted of a ring, from a workqueue: that it overflows, that it is filled beyond
 * its alarm mark, and that either is over.
 *
 * Between what notes (ring.c, ring_alarm.c) and who is told (event.c). Touches the ring it is
 * given.
 */
#include <linux/workqueue.h>
#include "ring.h"
#include "sluice.h"

/* Tells of @event and of its end, @over, as far as noted in @events; last of what is true @now. */
static void tell_pair(struct sluice_ring *ring, unsigned long events, bool now,
		      enum sluice_event event, enum sluice_event over)
{
	if (now && events & BIT(over))
		sluice_event_tell(ring, over);
	if (events & BIT(event))
		sluice_event_tell(ring, event);
	if (!now && events & BIT(over))
		sluice_event_tell(ring, over);
}

/*
 * Tells of the events that were noted. While there is an alarm it runs every second: a consumer
 * that makes room when nothing arrives any more tells nobody. Runs in a workqueue.
 */
static void ring_event_work(struct work_struct *work)
{
	struct sluice_ring *ring =
		container_of(to_delayed_work(work), struct sluice_ring, event_work);
	bool overflow, alarm;
	unsigned long events;

	spin_lock_bh(&ring->lock);
	if (ring->alarm && sluice_ring_tail_is_right(ring))
		sluice_ring_alarm_look(ring);
	events = ring->events;
	ring->events = 0;
	overflow = ring->overflow;
	alarm = ring->alarm;
	if (alarm && !ring->dead)
		queue_delayed_work(sluice_workqueue, &ring->event_work, HZ);
	spin_unlock_bh(&ring->lock);

	tell_pair(ring, events, overflow, SLUICE_EVENT_OVERFLOW, SLUICE_EVENT_ROOM);
	tell_pair(ring, events, alarm, SLUICE_EVENT_ALARM, SLUICE_EVENT_ALARM_OVER);
}

/**
 * sluice_ring_event_begin() - from now on tell of what is noted of a ring
 * @ring: the ring, not stored to yet
 * @sn:   its namespace
 *
 * Context: process.
 */
void sluice_ring_event_begin(struct sluice_ring *ring, struct sluice_net *sn)
{
	ring->net = sn;
	INIT_DELAYED_WORK(&ring->event_work, ring_event_work);
}
