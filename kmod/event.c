// SPDX-License-Identifier: GPL-2.0
/*
 * What a ring tells its listeners of: that it overflows, that it is filled beyond its alarm mark,
 * and that either is over. Noted where the ring is written to, sent from a workqueue.
 *
 * Between ring.c, which calls when a fill changed, and netlink_stream.c, which sends. Touches the
 * ring it is given.
 */
#include <linux/minmax.h>
#include <linux/workqueue.h>
#include "ring.h"
#include "sluice.h"

/* An alarm is over so many percent of the ring below its mark, or at half of the mark. */
#define ALARM_HYSTERESIS 10U

/**
 * sluice_event_note() - ask for an event to be sent from process context
 * @ring:  the ring
 * @event: what happened to it
 *
 * Context: bottom halves off, ring->lock held.
 */
void sluice_event_note(struct sluice_ring *ring, enum sluice_event event)
{
	if (!ring->net || ring->dead)
		return;
	ring->events |= BIT(event);
	mod_delayed_work(sluice_workqueue, &ring->event_work, 0);
}

/**
 * sluice_event_level() - raise or end the alarm of a ring, as it is filled now
 * @ring: the ring
 *
 * Called whenever the consumer is told of something, and when the tail moved while there is an
 * alarm: never for a datagram as such.
 *
 * Context: bottom halves off, ring->lock held.
 */
void sluice_event_level(struct sluice_ring *ring)
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
 * sluice_event_alarm() - set the mark of a ring's alarm
 * @ring:    the ring
 * @percent: of its size, up to 100; 0: no alarm
 *
 * Context: process.
 */
void sluice_event_alarm(struct sluice_ring *ring, u8 percent)
{
	u64 size = ring->mask + 1;
	/* In halves of a percent: a small mark is left behind at half of it. */
	unsigned int over = percent > 2 * ALARM_HYSTERESIS ? 2 * (percent - ALARM_HYSTERESIS) :
							     percent;

	spin_lock_bh(&ring->lock);
	/* No ring is ever quite full, and none is filled to U64_MAX. */
	ring->alarm_mark = percent ? min(size / 100 * percent, ring->room / 100 * 99) : U64_MAX;
	ring->alarm_over = percent ? size / 200 * over : U64_MAX;
	sluice_event_level(ring);
	spin_unlock_bh(&ring->lock);
}

/* Tells of @event and of its end, @over, as far as noted in @events; last of what is true @now. */
static void tell_pair(struct sluice_ring *ring, unsigned long events, bool now,
		      enum sluice_event event, enum sluice_event over)
{
	if (now && events & BIT(over))
		sluice_netlink_stream_event(ring, over);
	if (events & BIT(event))
		sluice_netlink_stream_event(ring, event);
	if (!now && events & BIT(over))
		sluice_netlink_stream_event(ring, over);
}

/**
 * sluice_event_work() - send the events that were noted
 * @work: in the ring
 *
 * While there is an alarm it runs every second: a consumer that makes room when nothing arrives any
 * more tells nobody.
 *
 * Context: workqueue.
 */
void sluice_event_work(struct work_struct *work)
{
	struct sluice_ring *ring =
		container_of(to_delayed_work(work), struct sluice_ring, event_work);
	bool overflow, alarm;
	unsigned long events;

	spin_lock_bh(&ring->lock);
	if (ring->alarm && sluice_ring_tail_is_right(ring))
		sluice_event_level(ring);
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
