// SPDX-License-Identifier: GPL-2.0
/*
 * What is counted of rings and CPUs, as lists in the order of uapi/sluice/counters.h. Who shows
 * them: stats.c, netlink_stream.c and netlink_cpu.c. Reads everything, changes nothing.
 */
#include <linux/percpu.h>
#include <linux/xarray.h>
#include "sluice.h"

/* Where the rows of SLUICE_RING_COUNTERS are: one without does not compile. */
#define READ_SIZE(ring) ((ring)->mask + 1)
#define READ_HEAD(ring) READ_ONCE((ring)->head)
#define READ_TAIL(ring) READ_ONCE((ring)->tail)
#define READ_STORED(ring) READ_ONCE((ring)->producer->stored)
#define READ_STORED_BYTES(ring) READ_ONCE((ring)->producer->stored_bytes)
#define READ_GAPS(ring) READ_ONCE((ring)->producer->gaps)
#define READ_WAKES(ring) READ_ONCE((ring)->producer->wakes)
#define READ_OWNED(ring) (!!READ_ONCE((ring)->owner))
#define READ_SHARED_TAIL(ring) READ_ONCE((ring)->consumer->tail)
#define READ_SEEN(ring) READ_ONCE((ring)->consumer->seen)
#define READ_ANNOUNCED(ring) READ_ONCE((ring)->announced)
#define READ_SEQUENCE(ring) READ_ONCE((ring)->sequence)
#define READ_WATERMARK(ring) READ_ONCE((ring)->watermark)
#define READ_DELAY_NS(ring) READ_ONCE((ring)->delay_ns)
#define READ_TIMER_FIRES(ring) READ_ONCE((ring)->timer_fires)
#define READ_ARMED(ring) READ_ONCE((ring)->armed)
#define READ_WATCHERS(ring) READ_ONCE((ring)->watchers)
#define READ_GAPS_PENDING(ring) READ_ONCE((ring)->untold)
#define READ_BAD_TAILS(ring) READ_ONCE((ring)->bad_tails)
#define READ_OVERFLOW(ring) READ_ONCE((ring)->overflow)
#define READ_OWNER_NUMBER(ring) READ_ONCE((ring)->owner_number)

/**
 * sluice_figures_ring() - what there is to be told of a ring
 * @ring:    the ring; it lives as long as this runs
 * @figures: out: by enum sluice_ring_counter
 *
 * Each is read once, all of them not at one moment.
 *
 * Context: any.
 */
void sluice_figures_ring(const struct sluice_ring *ring, u64 figures[SLUICE_R_COUNT])
{
#define READ_ROW(NAME, ...) \
	[SLUICE_R_##NAME] = READ_##NAME(ring),
	const u64 read[SLUICE_R_COUNT] = { SLUICE_RING_COUNTERS(READ_ROW) };
#undef READ_ROW

	memcpy(figures, read, sizeof(read));
}

/**
 * sluice_figures_cpu() - what was counted on a CPU in a namespace
 * @sn:      the namespace
 * @cpu:     a possible CPU
 * @figures: out
 *
 * Context: process, sn->lock held.
 */
void sluice_figures_cpu(struct sluice_net *sn, unsigned int cpu, struct sluice_cpu_figures *figures)
{
	struct sluice_route *route;
	struct sluice_tally *tally;
	unsigned long number;

	figures->counts = *per_cpu_ptr(sn->retired, cpu);
	figures->entries = sn->rule_count;
	figures->gaps = 0;
	figures->wakes = 0;
	list_for_each_entry(tally, &sn->tallies, list)
		sluice_counts_add(&figures->counts, &per_cpu_ptr(tally->cpu, cpu)->counts);
	xa_for_each(&sn->routes, number, route) {
		const struct sluice_ring *ring = *per_cpu_ptr(route->rings, cpu);

		if (!ring)
			continue;
		figures->gaps += READ_ONCE(ring->producer->gaps);
		figures->wakes += READ_ONCE(ring->producer->wakes);
	}
}
