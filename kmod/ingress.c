// SPDX-License-Identifier: GPL-2.0
/*
 * Ingress: the hook of an interface, before IP has seen the packet. For rules with
 * SLUICE_HOOK_INGRESS, each of which names its interface.
 *
 * It takes only what ip_rcv() and ipv6_rcv() would let through as it stands, which it therefore has
 * to check as they do. All else is left to the stack, and the same rule takes it at prerouting:
 * fragments when they were put together, extension headers, and whatever comes while the hook is
 * not there. What is taken here is stolen and never comes to prerouting, so none is taken twice.
 *
 * Called by hook_set.c, of which it is a row, after each change of rules and of interfaces. Touches
 * hooks of interfaces, with RTNL held.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/limits.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include "sluice.h"

/**
 * struct sluice_ingress - the hook of one interface
 * @list:     in sluice_net.ingresses
 * @rcu:      frees it: who lists hooks looks at @function
 * @function: as registered, for this interface
 */
struct sluice_ingress {
	struct list_head list;
	struct rcu_head rcu;
	struct nf_hook_ops function;
};

/* Takes in an IPv4 datagram that is whole and that ip_rcv() would not refuse. */
static unsigned int ingress_ipv4(const struct sluice_net *sn, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	unsigned int header, total;
	const struct iphdr *ip;

	if (!pskb_may_pull(skb, sizeof(*ip)))
		return NF_ACCEPT;
	ip = ip_hdr(skb);
	header = ip->ihl * 4;
	total = ntohs(ip->tot_len);
	if (ip->protocol != IPPROTO_UDP || ip->version != 4 || header < sizeof(*ip) ||
	    ip_is_fragment(ip) || total < header + sizeof(struct udphdr) || skb->len < total ||
	    !pskb_may_pull(skb, header + sizeof(struct udphdr)))
		return NF_ACCEPT;
	ip = ip_hdr(skb);
	/* Behind a short datagram there is what fills up its Ethernet frame. */
	if (ip_fast_csum(ip, ip->ihl) || pskb_trim_rcsum(skb, total))
		return NF_ACCEPT;
	return sluice_hook_ingress(sn, skb, state, header, 4);
}

/* True if ipv6_rcv() may refuse a packet with such addresses: it has many rules about them. */
static bool addresses_are_special(const struct ipv6hdr *ip)
{
	return ipv6_addr_is_multicast(&ip->saddr) || ipv6_addr_is_multicast(&ip->daddr) ||
	       ipv6_addr_loopback(&ip->saddr) || ipv6_addr_loopback(&ip->daddr);
}

/* Likewise IPv6, if UDP follows at once. */
static unsigned int ingress_ipv6(const struct sluice_net *sn, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	const unsigned int header = sizeof(struct ipv6hdr);
	const struct inet6_dev *settings = __in6_dev_get(skb->dev);
	const struct ipv6hdr *ip;
	unsigned int total;

	if (!settings || READ_ONCE(settings->cnf.disable_ipv6) ||
	    !pskb_may_pull(skb, header + sizeof(struct udphdr)))
		return NF_ACCEPT;
	ip = ipv6_hdr(skb);
	total = header + ntohs(ip->payload_len);
	if (ip->nexthdr != IPPROTO_UDP || ip->version != 6 || skb->len < total ||
	    total < header + sizeof(struct udphdr) || addresses_are_special(ip) ||
	    pskb_trim_rcsum(skb, total))
		return NF_ACCEPT;
	return sluice_hook_ingress(sn, skb, state, header, 6);
}

/* The hook. */
static unsigned int hook_ingress(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	/*
	 * For another station, or for a bridge, a bond or a VLAN, whose own interface it comes in
	 * by then; a tag that says only a priority (VLAN 0) is none. What others hold too is not
	 * ours to trim.
	 */
	if (skb->pkt_type == PACKET_OTHERHOST || rcu_access_pointer(skb->dev->rx_handler) ||
	    (skb_vlan_tag_present(skb) && skb_vlan_tag_get_id(skb)) || skb_shared(skb))
		return NF_ACCEPT;
	if (skb->protocol == htons(ETH_P_IP))
		return ingress_ipv4(priv, skb, state);
	/*
	 * ip6_rcv_core() may refuse what was sent to many stations but to one address
	 * (drop_unicast_in_l2_multicast), and what was sent to several is not taken here anyway.
	 */
	if (skb->protocol == htons(ETH_P_IPV6) && skb->pkt_type != PACKET_MULTICAST &&
	    skb->pkt_type != PACKET_BROADCAST)
		return ingress_ipv6(priv, skb, state);
	return NF_ACCEPT;
}

/* The entry of an interface, or NULL: it has no hook of ours. RTNL held. */
static struct sluice_ingress *ingress_of(struct sluice_net *sn, const struct net_device *device)
{
	struct sluice_ingress *ingress;

	list_for_each_entry(ingress, &sn->ingresses, list) {
		if (ingress->function.dev == device)
			return ingress;
	}
	return NULL;
}

/* True if some rule wants the interface's hook. RTNL and sn->lock held. */
static bool is_wanted(struct sluice_net *sn, const struct net_device *device)
{
	struct sluice_rule *rule;
	unsigned long number;

	if (!sn->hook_rules[SLUICE_HOOK_INGRESS])
		return false;
	xa_for_each(&sn->rules, number, rule) {
		if (rule->hook == SLUICE_HOOK_INGRESS && rule->ifindex == device->ifindex)
			return true;
	}
	return false;
}

/* Takes the interface's hook away. RTNL held. */
static void ingress_end(struct sluice_net *sn, struct sluice_ingress *ingress)
{
	nf_unregister_net_hook(sn->net, &ingress->function);
	list_del(&ingress->list);
	kfree_rcu(ingress, rcu);
}

/* Registers it. RTNL held. */
static void ingress_begin(struct sluice_net *sn, struct net_device *device)
{
	struct sluice_ingress *ingress = kzalloc(sizeof(*ingress), GFP_KERNEL);
	int error = -ENOMEM;

	if (!ingress)
		goto warn;
	ingress->function.hook = hook_ingress;
	ingress->function.priv = sn;
	ingress->function.dev = device;
	ingress->function.pf = NFPROTO_NETDEV;
	ingress->function.hooknum = NF_NETDEV_INGRESS;
	ingress->function.priority = INT_MIN;
	error = nf_register_net_hook(sn->net, &ingress->function);
	if (error)
		goto warn;
	list_add_tail(&ingress->list, &sn->ingresses);
	return;

warn:
	kfree(ingress);
	pr_warn("the ingress hook of %s could not be registered (error %d): its datagrams are taken at prerouting\n",
		device->name, error);
}

/**
 * sluice_ingress_look() - have an interface's hook registered if the rules want it, and only then
 * @sn:     its namespace
 * @device: the interface
 * @leaves: it is leaving the namespace
 *
 * Return: true if a hook was taken away; it may run until a grace period is over.
 * Context: process, RTNL held; sn->lock not (registering takes the CPU hotplug lock).
 */
bool sluice_ingress_look(struct sluice_net *sn, struct net_device *device, bool leaves)
{
	struct sluice_ingress *ingress = ingress_of(sn, device);
	bool wanted;

	mutex_lock(&sn->lock);
	wanted = !leaves && is_wanted(sn, device);
	mutex_unlock(&sn->lock);
	if (!ingress && wanted)
		ingress_begin(sn, device);
	if (!ingress || wanted)
		return false;
	ingress_end(sn, ingress);
	return true;
}

/**
 * sluice_ingress_update() - make the hooks of all interfaces what the rules want
 * @sn: the namespace
 *
 * When it returns no hook is running that was taken away.
 *
 * Context: process, sleeps; sn->change held, neither RTNL nor sn->lock.
 */
void sluice_ingress_update(struct sluice_net *sn)
{
	struct net_device *device;
	bool any = false;

	rtnl_lock();
	for_each_netdev(sn->net, device)
		any |= sluice_ingress_look(sn, device, false);
	rtnl_unlock();
	if (any)
		synchronize_net();
}

/**
 * sluice_ingress_refuse() - whether a rule cannot be at ingress
 * @info:      the request
 * @attribute: the hook
 * @draft:     the rule, its verdict and interface read
 *
 * Return: 0, or a negative errno with a sentence.
 * Context: process.
 */
int sluice_ingress_refuse(struct genl_info *info, const struct nlattr *attribute,
			  const struct sluice_rule *draft)
{
	if (!draft->interface[0]) {
		sluice_refuse(info, attribute,
			      "rule \"%s\" wants the hook ingress but names no interface, which the hook is one of",
			      draft->name);
		return -EINVAL;
	}
	if (draft->verdict != SLUICE_VERDICT_STEAL) {
		sluice_refuse(info, attribute,
			      "rule \"%s\" wants the hook ingress to copy; what goes on through the stack is copied at prerouting for less",
			      draft->name);
		return -EINVAL;
	}
	if (!IS_ENABLED(CONFIG_NETFILTER_INGRESS)) {
		sluice_refuse(info, attribute,
			      "rule \"%s\" wants the hook ingress, which this kernel was built without (CONFIG_NETFILTER_INGRESS); use prerouting",
			      draft->name);
		return -EOPNOTSUPP;
	}
	return 0;
}
