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

/* So many in a delay, over time, come alone: with the usual 2 ms one in 500 us. */
#define SHARE 4U
/*
 * So many may come together before that: what gathered while the network, the sender or the
 * machine was kept waiting is no load, and what comes next must not wait for it.
 */
#define BURST 16U
/*
 * A load is forgotten after the time of so many, or of twice as many where it ended between looks.
 */
#define MEMORY 16U

/*
 * Does the record that came just now come alone? A bucket that leaks SHARE records in a delay. Sets
 * the figures. ring->lock held.
 */
static bool note_first(struct sluice_ring *ring)
{
	u64 now = ktime_get_mono_fast_ns(), each = ring->delay_ns / SHARE;
	u64 before = ring->sequence - 1;

	/* Those before it came since the last look, however long that was. */
	ring->lone_from_ns += min_t(u64, before - ring->lone_sequence, MEMORY) * each;
	ring->lone_sequence = before;
	ring->lone_from_ns = clamp(ring->lone_from_ns, now - min(now, BURST * each),
				   now + MEMORY * each);
	return ring->lone_from_ns <= now;
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
