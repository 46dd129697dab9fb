// SPDX-License-Identifier: GPL-2.0
/*
 * Receive batching: while a rule asks for it, its interface joins UDP datagrams of a burst into one
 * super-packet (NETIF_F_GRO_UDP_FWD, ethtool's rx-udp-gro-forwarding), which the hook cuts back.
 *
 * The setting lies with the rule and not with the daemon, since rules outlive the daemon: whatever
 * becomes of that, the setting goes back when the rule, the interface, the namespace or the module
 * goes. Here is remembered on which interfaces it was us who turned it on.
 *
 * Called by rule.c after each change of rules and of interfaces. Touches features of interfaces,
 * with RTNL held.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "sluice.h"

/**
 * struct sluice_batch - an interface whose setting we changed
 * @list:    in sluice_net.batches
 * @ifindex: which one
 */
struct sluice_batch {
	struct list_head list;
	int ifindex;
};

/* The entry of an interface, or NULL: it is as others made it. RTNL held. */
static struct sluice_batch *batch_of(struct sluice_net *sn, const struct net_device *device)
{
	struct sluice_batch *batch;

	list_for_each_entry(batch, &sn->batches, list) {
		if (batch->ifindex == device->ifindex)
			return batch;
	}
	return NULL;
}

/*
 * True if batching pays on the interface: it does GRO. A burst gains several times what a datagram
 * loses that comes alone (docs/benchmarks.md), and where they come alone there is time.
 */
static bool pays(const struct net_device *device)
{
	return device->features & NETIF_F_GRO;
}

/* True if some rule wants the interface to batch. RTNL and sn->lock held. */
static bool is_wanted(struct sluice_net *sn, const struct net_device *device)
{
	struct sluice_rule *rule;
	unsigned long number;

	xa_for_each(&sn->rules, number, rule) {
		if (rule->batching == SLUICE_BATCHING_OFF || rule->ifindex != device->ifindex)
			continue;
		if (rule->batching == SLUICE_BATCHING_ON || pays(device))
			return true;
	}
	return false;
}

/* Puts the interface's setting back. RTNL held. */
static void batch_end(struct sluice_batch *batch, struct net_device *device)
{
	list_del(&batch->list);
	kfree(batch);
	/* One that is being unregistered takes the setting with it. */
	if (device->reg_state != NETREG_REGISTERED)
		return;
	device->wanted_features &= ~NETIF_F_GRO_UDP_FWD;
	netdev_update_features(device);
}

/* Turns the interface's setting on, unless it is. RTNL held. */
static void batch_begin(struct sluice_net *sn, struct net_device *device)
{
	struct sluice_batch *batch;

	if (device->wanted_features & NETIF_F_GRO_UDP_FWD)
		return; /* somebody's own wish, and to remain */
	batch = kzalloc(sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return; /* it works without, for more instructions */
	batch->ifindex = device->ifindex;
	list_add_tail(&batch->list, &sn->batches);
	device->wanted_features |= NETIF_F_GRO_UDP_FWD;
	netdev_update_features(device);
}

/**
 * sluice_batching_look() - make an interface's setting what the rules want
 * @sn:     its namespace
 * @device: the interface
 * @leaves: it is leaving the namespace: put the setting back
 *
 * Context: process, RTNL held; sn->lock not.
 */
void sluice_batching_look(struct sluice_net *sn, struct net_device *device, bool leaves)
{
	struct sluice_batch *batch = batch_of(sn, device);
	bool wanted;

	mutex_lock(&sn->lock);
	wanted = !leaves && is_wanted(sn, device);
	mutex_unlock(&sn->lock);
	if (batch && !wanted)
		batch_end(batch, device);
	else if (!batch && wanted)
		batch_begin(sn, device);
}

/**
 * sluice_batching_update() - make the settings of all interfaces what the rules want
 * @sn: the namespace
 *
 * Context: process, sleeps; sn->change held, neither RTNL nor sn->lock.
 */
void sluice_batching_update(struct sluice_net *sn)
{
	struct net_device *device;

	rtnl_lock();
	for_each_netdev(sn->net, device)
		sluice_batching_look(sn, device, false);
	rtnl_unlock();
}
