// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas of network namespaces that belong to another user namespace than the initial one: whoever
 * may make such namespaces, and that is everybody on most systems, is administrator there. Rings
 * and rules are charged to the memory cgroup of who makes them; this holds also where nobody set a
 * limit.
 *
 * Called by route.c and rule.c. Touches the counters of the namespace and of all such together.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/user_namespace.h>
#include "sluice.h"

/* MiB; of all together 0: an eighth of the memory. */
static unsigned int ring_memory_max = 64;
static unsigned int ring_memory_max_all;

module_param(ring_memory_max, uint, 0644);
MODULE_PARM_DESC(ring_memory_max,
		 "MiB of rings in a network namespace of another user namespace than the initial one (64)");
module_param(ring_memory_max_all, uint, 0644);
MODULE_PARM_DESC(ring_memory_max_all,
		 "MiB of rings in all such namespaces together; 0: an eighth of the memory (0)");

/* Pages of rings in all such namespaces. */
static atomic_long_t all_pages = ATOMIC_LONG_INIT(0);

/* True if the namespace has quotas. */
static bool is_limited(const struct sluice_net *sn)
{
	return sn->net->user_ns != &init_user_ns;
}

/* Pages in @mib MiB. */
static long pages_of(unsigned int mib)
{
	return (long)mib << (20 - PAGE_SHIFT);
}

/* Pages that all such namespaces may have together. */
static long all_limit(void)
{
	unsigned int limit = READ_ONCE(ring_memory_max_all);

	return limit ? pages_of(limit) : totalram_pages() / 8;
}

/* Adds to a counter unless that would be more than @limit. False: it would. */
static bool take(atomic_long_t *counter, long pages, long limit)
{
	if (atomic_long_add_return(pages, counter) <= limit)
		return true;
	atomic_long_sub(pages, counter);
	return false;
}

/**
 * sluice_quota_take() - charge a ring to its namespace
 * @sn:    the namespace
 * @pages: of the ring
 *
 * Return: true, and the caller owes sluice_quota_give(); false: it may not have so much.
 * Context: process.
 */
bool sluice_quota_take(struct sluice_net *sn, unsigned long pages)
{
	if (!is_limited(sn))
		return true;
	if (!take(&sn->ring_pages, pages, pages_of(READ_ONCE(ring_memory_max))))
		return false;
	if (take(&all_pages, pages, all_limit()))
		return true;
	atomic_long_sub(pages, &sn->ring_pages);
	return false;
}

/**
 * sluice_quota_give() - undo sluice_quota_take()
 * @sn:    the namespace
 * @pages: as then
 *
 * Context: any.
 */
void sluice_quota_give(struct sluice_net *sn, unsigned long pages)
{
	if (!is_limited(sn))
		return;
	atomic_long_sub(pages, &sn->ring_pages);
	atomic_long_sub(pages, &all_pages);
}

/**
 * sluice_quota_state() - what a refusal tells
 * @sn:    the namespace
 * @state: out
 *
 * Context: any.
 */
void sluice_quota_state(struct sluice_net *sn, struct sluice_quota_state *state)
{
	const unsigned int shift = 20 - PAGE_SHIFT;

	state->limit = READ_ONCE(ring_memory_max);
	state->used = atomic_long_read(&sn->ring_pages) >> shift;
	state->limit_all = all_limit() >> shift;
	state->used_all = atomic_long_read(&all_pages) >> shift;
}

/**
 * sluice_quota_allows() - whether a namespace may have so many rules and ports
 * @sn:    the namespace
 * @rules: how many rules
 * @ports: ports of all rules, each of each counted: every one is a word in a list
 *
 * Return: true if it may.
 * Context: any.
 */
bool sluice_quota_allows(const struct sluice_net *sn, u64 rules, u64 ports)
{
	return !is_limited(sn) || (rules <= SLUICE_QUOTA_RULES && ports <= SLUICE_QUOTA_PORTS);
}
