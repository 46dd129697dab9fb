// SPDX-License-Identifier: GPL-2.0
/*
 * Events of rings: noted where a ring is written to, told to a listener from process context.
 *
 * The listener registers itself (netlink_stream.c does), so nothing here knows of netlink. What is
 * noted here is told by ring_event.c. Touches the ring it is given.
 */
#include <linux/rwsem.h>
#include <linux/workqueue.h>
#include "ring.h"
#include "sluice.h"

static DECLARE_RWSEM(listener_lock);
static sluice_event_listener *listener; /* NULL: nobody listens; under listener_lock */

/**
 * sluice_event_listen() - say who is told of events from now on
 * @function: called in process context, may sleep; NULL: nobody, and when this returns the one
 *            before does not run any more
 *
 * Context: process, sleeps.
 */
void sluice_event_listen(sluice_event_listener *function)
{
	down_write(&listener_lock);
	listener = function;
	up_write(&listener_lock);
}

/**
 * sluice_event_tell() - tell the listener now what happened to a ring
 * @ring:  the ring; its namespace lives
 * @event: what
 *
 * Context: process, sleeps.
 */
void sluice_event_tell(struct sluice_ring *ring, enum sluice_event event)
{
	down_read(&listener_lock);
	if (listener)
		listener(ring, event);
	up_read(&listener_lock);
}

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
