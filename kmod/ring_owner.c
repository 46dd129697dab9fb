// SPDX-License-Identifier: GPL-2.0
/*
 * Who consumes a ring: one open file at a time, and those who wait for it to leave.
 *
 * Between dev.c, whose files own, and event.c, which tells that an owner changed. Touches the
 * owner's part of the ring it is given.
 */
#include <linux/completion.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include "sluice.h"
#include "trace.h"

/**
 * struct sluice_waiter - somebody who waits for a ring
 * @list: in ring->waiters
 * @file: what will own it
 * @done: it does, or the ring is dead
 */
struct sluice_waiter {
	struct list_head list;
	struct sluice_file *file;
	struct completion done;
};

/* Makes @sf the owner; @pid is who asked, its reference goes to the ring. ring->owner_lock held. */
static void ring_give(struct sluice_ring *ring, struct sluice_file *sf, struct pid *pid)
{
	put_pid(ring->owner_pid);
	ring->owner_pid = pid;
	ring->owner = sf;
	if (sf)
		ring->owner_number++;
	trace_sluice_owner(ring, sf ? ring->owner_number : 0);
}

/*
 * Sleeps until the ring is ours, first come, first served. Returns 0, -ENOENT if the route was
 * deleted, or -ERESTARTSYS.
 */
static int ring_wait(struct sluice_ring *ring, struct sluice_file *sf)
{
	struct sluice_waiter waiter = { .file = sf };
	int error;

	init_completion(&waiter.done);
	list_add_tail(&waiter.list, &ring->waiters);
	mutex_unlock(&ring->owner_lock);
	error = wait_for_completion_interruptible(&waiter.done);
	mutex_lock(&ring->owner_lock);
	list_del(&waiter.list);
	if (ring->owner == sf) {
		/*
		 * Given to us, by the former owner's context: only we know our pid. A signal too
		 * late is none.
		 */
		put_pid(ring->owner_pid);
		ring->owner_pid = get_pid(task_tgid(current));
		return 0;
	}
	return error ?: -ENOENT;
}

/*
 * Tells the next waiter in line that the ring is its own; if there is none, nobody owns it.
 * owner_lock held.
 */
static void ring_pass_on(struct sluice_ring *ring)
{
	struct sluice_waiter *next = NULL, *waiter;

	list_for_each_entry(waiter, &ring->waiters, list) {
		if (!completion_done(&waiter->done)) {
			next = waiter;
			break;
		}
	}
	ring_give(ring, next ? next->file : NULL, NULL);
	if (next)
		complete(&next->done);
}

/**
 * sluice_ring_abandon() - the route of a ring was deleted: whoever waits for it stops
 * @ring: the ring, dead
 *
 * Context: process.
 */
void sluice_ring_abandon(struct sluice_ring *ring)
{
	struct sluice_waiter *waiter;

	mutex_lock(&ring->owner_lock);
	list_for_each_entry(waiter, &ring->waiters, list)
		complete(&waiter->done);
	mutex_unlock(&ring->owner_lock);
}

/**
 * sluice_ring_own() - make an open file the consumer of a ring
 * @ring: the ring
 * @sf:   the file
 * @wait: until whoever consumes it leaves, first come, first served
 *
 * Return: 0; -EBUSY somebody consumes it, -ENOENT its route was deleted, -ERESTARTSYS.
 * Context: process, sleeps.
 */
int sluice_ring_own(struct sluice_ring *ring, struct sluice_file *sf, bool wait)
{
	int error = 0;

	mutex_lock(&ring->owner_lock);
	if (READ_ONCE(ring->dead))
		error = -ENOENT;
	else if (!ring->owner)
		ring_give(ring, sf, get_pid(task_tgid(current)));
	else if (wait)
		error = ring_wait(ring, sf);
	else
		error = -EBUSY;
	mutex_unlock(&ring->owner_lock);
	return error;
}

/**
 * sluice_ring_disown() - give up consuming a ring; the next who waits consumes it
 * @ring: the ring
 * @sf:   the file that may consume it
 *
 * Context: process, sleeps.
 */
void sluice_ring_disown(struct sluice_ring *ring, struct sluice_file *sf)
{
	mutex_lock(&ring->owner_lock);
	if (ring->owner == sf)
		ring_pass_on(ring);
	mutex_unlock(&ring->owner_lock);
	sluice_event_tell(ring, SLUICE_EVENT_OWNER);
}
