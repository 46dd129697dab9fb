// SPDX-License-Identifier: GPL-2.0
/*
 * Routes: making, changing and deleting the sets of per-CPU rings.
 *
 * Called by netlink.c, by main.c when a namespace goes, and by CPU hotplug. Touches the namespace's
 * list of routes and their rings.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "sluice.h"

/* Frees a route and gives back its rings, which no hook can reach any more. */
static void route_free(struct sluice_route *route)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct sluice_ring *ring = *per_cpu_ptr(route->rings, cpu);

		if (!ring)
			continue;
		sluice_ring_close(ring);
		sluice_ring_abandon(ring);
		sluice_ring_put(ring);
	}
	free_percpu(route->rings);
	kfree(route);
}

/* struct sluice_ring.gone: gives back what it was charged. Who has it open holds the namespace. */
static void ring_gone(struct sluice_ring *ring)
{
	sluice_quota_give(ring->net, sluice_ring_pages_needed(ring->mask + 1));
}

/* Makes the ring of one CPU. 0, -ENOMEM, -EINTR, or -EDQUOT: the namespace may not have so much. */
static int route_add_ring(struct sluice_net *sn, struct sluice_route *route, unsigned int cpu)
{
	unsigned long pages = sluice_ring_pages_needed(route->ring_size);
	struct sluice_ring *ring;

	if (!sluice_quota_take(sn, pages))
		return -EDQUOT;
	ring = sluice_ring_create(route->ring_size, cpu);
	if (IS_ERR(ring)) {
		sluice_quota_give(sn, pages);
		return PTR_ERR(ring);
	}
	sluice_ring_event_begin(ring, sn);
	ring->gone = ring_gone;
	memcpy(ring->route_guid, route->guid, sizeof(ring->route_guid));
	strscpy(ring->route_name, route->name, sizeof(ring->route_name));
	sluice_ring_pace(ring, route->watermark, route->delay_us);
	sluice_ring_set_prompt(ring, route->prompt);
	sluice_ring_alarm_set(ring, route->alarm);
	/* pairs with the dependent loads of readers; the CPU itself may begin to store at once */
	smp_store_release(per_cpu_ptr(route->rings, cpu), ring);
	return 0;
}

/**
 * sluice_route_find() - find a route
 * @sn:   its namespace
 * @guid: its GUID
 *
 * Return: the route, valid while the lock is held, or NULL.
 * Context: process, sn->change or sn->lock held.
 */
struct sluice_route *sluice_route_find(struct sluice_net *sn, const u8 *guid)
{
	struct sluice_route *route;
	unsigned long number;

	xa_for_each(&sn->routes, number, route) {
		if (!memcmp(route->guid, guid, sizeof(route->guid)))
			return route;
	}
	return NULL;
}

/**
 * sluice_route_fits() - whether the rings of a route would fit the memory that is free now
 * @ring_size: bytes of data of each ring
 * @needed:    out: MiB that they take, rounded up
 * @available: out: MiB that could be had
 *
 * Return: true if they do.
 * Context: process.
 */
bool sluice_route_fits(u64 ring_size, u64 *needed, u64 *available)
{
	u64 pages = sluice_ring_pages_needed(ring_size) * num_online_cpus();
	long free = si_mem_available();

	*needed = DIV_ROUND_UP(pages, SZ_1M >> PAGE_SHIFT);
	*available = max(free, 0L) / (SZ_1M >> PAGE_SHIFT);
	return free > 0 && pages < (u64)free;
}

/**
 * sluice_route_make() - make a route with a ring for each CPU that is online
 * @sn:     the namespace
 * @wanted: GUID, name, ring size, watermark, delay and alarm
 *
 * Return: the route, owned by the namespace; ERR_PTR: -ENOMEM, -EINTR, -EDQUOT.
 * Context: process, sn->change held.
 */
struct sluice_route *sluice_route_make(struct sluice_net *sn, const struct sluice_route *wanted)
{
	struct sluice_route *route = kzalloc(sizeof(*route), GFP_KERNEL_ACCOUNT);
	unsigned int cpu;
	int error;

	if (!route)
		return ERR_PTR(-ENOMEM);
	*route = *wanted;
	route->rules = 0;
	route->rings = alloc_percpu_gfp(struct sluice_ring *, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!route->rings) {
		kfree(route);
		return ERR_PTR(-ENOMEM);
	}
	/*
	 * No CPU comes or goes between the loop and the route's being found by
	 * sluice_route_cpu_prepare().
	 */
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		error = route_add_ring(sn, route, cpu);
		if (error)
			goto fail;
	}
	mutex_lock(&sn->lock);
	error = xa_alloc_cyclic(&sn->routes, &route->number, route, xa_limit_31b, &sn->next_route,
				GFP_KERNEL_ACCOUNT);
	if (error >= 0) {
		sn->route_count++;
		sn->generation++;
	}
	mutex_unlock(&sn->lock);
	if (error < 0)
		goto fail;
	cpus_read_unlock();
	return route;

fail:
	cpus_read_unlock();
	route_free(route);
	return ERR_PTR(error);
}

/**
 * sluice_route_change() - give a route another name, pace or alarm
 * @sn:     its namespace
 * @route:  the route
 * @wanted: name, watermark, delay, prompt and alarm
 *
 * Context: process, sn->change held.
 */
void sluice_route_change(struct sluice_net *sn, struct sluice_route *route,
			 const struct sluice_route *wanted)
{
	unsigned int cpu;

	mutex_lock(&sn->lock);
	strscpy(route->name, wanted->name, sizeof(route->name));
	route->watermark = wanted->watermark;
	route->delay_us = wanted->delay_us;
	route->prompt = wanted->prompt;
	route->alarm = wanted->alarm;
	for_each_possible_cpu(cpu) {
		struct sluice_ring *ring = *per_cpu_ptr(route->rings, cpu);

		if (!ring)
			continue;
		strscpy(ring->route_name, route->name, sizeof(ring->route_name));
		sluice_ring_pace(ring, route->watermark, route->delay_us);
		sluice_ring_set_prompt(ring, route->prompt);
		sluice_ring_alarm_set(ring, route->alarm);
	}
	sn->generation++;
	mutex_unlock(&sn->lock);
}

/**
 * sluice_route_delete() - delete a route; who has its rings mapped keeps them
 * @sn:    its namespace
 * @route: the route
 *
 * Return: 0, or -EBUSY while rules point to it.
 * Context: process, sleeps, sn->change held.
 */
int sluice_route_delete(struct sluice_net *sn, struct sluice_route *route)
{
	if (route->rules)
		return -EBUSY;
	mutex_lock(&sn->lock);
	xa_erase(&sn->routes, route->number);
	sn->route_count--;
	sn->generation++;
	mutex_unlock(&sn->lock);
	/* A hook may still be storing for a rule that was deleted a moment ago. */
	synchronize_net();
	route_free(route);
	return 0;
}

/**
 * sluice_route_delete_all() - delete all routes of a namespace that has no rules
 * @sn: the namespace
 *
 * Context: process, sleeps, sn->change held.
 */
void sluice_route_delete_all(struct sluice_net *sn)
{
	struct sluice_route *route;
	unsigned long number;

	xa_for_each(&sn->routes, number, route)
		WARN_ON_ONCE(sluice_route_delete(sn, route));
}

/**
 * sluice_route_ring() - find a ring
 * @sn:   the namespace
 * @guid: GUID of the route
 * @cpu:  whose ring of it
 *
 * Return: the ring with a reference for the caller to sluice_ring_put(); ERR_PTR: -ENOENT no such
 * route, -ENXIO it has no ring for that CPU.
 * Context: process.
 */
struct sluice_ring *sluice_route_ring(struct sluice_net *sn, const u8 *guid, u32 cpu)
{
	struct sluice_ring *ring = ERR_PTR(-ENOENT);
	struct sluice_route *route;

	mutex_lock(&sn->lock);
	route = sluice_route_find(sn, guid);
	if (route) {
		ring = ERR_PTR(-ENXIO);
		if (cpu < nr_cpu_ids && cpu_possible(cpu) && *per_cpu_ptr(route->rings, cpu)) {
			ring = *per_cpu_ptr(route->rings, cpu);
			refcount_inc(&ring->references);
		}
	}
	mutex_unlock(&sn->lock);
	return ring;
}

/**
 * sluice_route_cpu_prepare() - a CPU is about to come up: give it its rings
 * @cpu: the CPU
 *
 * A CPU that gets none still comes up; what it receives is counted as lost (NO_RING).
 *
 * Return: 0.
 * Context: process, CPU hotplug lock held for writing.
 */
int sluice_route_cpu_prepare(unsigned int cpu)
{
	struct sluice_route *route;
	struct sluice_net *sn;
	unsigned long number;

	mutex_lock(&sluice_nets_lock);
	list_for_each_entry(sn, &sluice_nets, list) {
		mutex_lock(&sn->lock);
		xa_for_each(&sn->routes, number, route) {
			if (*per_cpu_ptr(route->rings, cpu))
				continue;
			if (route_add_ring(sn, route, cpu))
				pr_warn("no memory for the ring of route %pUb (%s) on CPU %u: its datagrams will be lost\n",
					route->guid, route->name, cpu);
		}
		mutex_unlock(&sn->lock);
	}
	mutex_unlock(&sluice_nets_lock);
	return 0;
}
