// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the first record since the consumer was told wakes it at once, or waits for others. Where
 * few come, nobody would share the wake, so to wait saves nothing; where many come one wake is to
 * serve many. Beside the ring (ring.c), called once a wake, never per datagram.
 * userd/daemon/source/socket_lone.h does the same for sockets. Touches the ring's figures of what
 * came lately.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include "ring.h"

/* No more than so many in a delay come alone; so many delays without a load, and it is over. */
#define LONE 3ULL
#define MEMORY 8ULL

/* Does the record that came just now come alone? Sets the figures. ring->lock held. */
static bool note_first(struct sluice_ring *ring)
{
	u64 now = ktime_get_mono_fast_ns(), passed = now - ring->lone_since_ns;
	u64 came = ring->sequence - ring->lone_sequence;

	if (passed < ring->delay_ns)
		return came <= LONE;
	ring->lone_since_ns = now;
	ring->lone_sequence = ring->sequence - 1;
	return passed >= MEMORY * ring->delay_ns ||
	       min(came, MEMORY * LONE) * ring->delay_ns <= LONE * passed;
}

/**
 * sluice_ring_first() - the first record since the consumer was told is stored
 * @ring: the ring
 *
 * Context: bottom halves off, ring->lock held.
 */
void sluice_ring_first(struct sluice_ring *ring)
{
	if (ring->prompt && note_first(ring))
		sluice_ring_announce(ring);
	else
		sluice_ring_arm(ring);
}

/**
 * sluice_ring_set_prompt() - set whether what comes alone wakes the consumer at once
 * @ring:   the ring
 * @prompt: it does; else it waits for the delay as all do
 *
 * Context: process.
 */
void sluice_ring_set_prompt(struct sluice_ring *ring, bool prompt)
{
	spin_lock_bh(&ring->lock);
	ring->prompt = prompt;
	spin_unlock_bh(&ring->lock);
}
