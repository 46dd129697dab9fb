// SPDX-License-Identifier: GPL-2.0
/*
 * XDP: frames in the memory of an interface's driver, before there is a packet. For rules with
 * SLUICE_HOOK_XDP, each of which names its interface.
 *
 * As ingress.c does it takes only what ip_rcv() and ipv6_rcv() would let through as it stands, and
 * leaves the stack all else, which the same rule takes at prerouting: fragments, IP options,
 * extension headers, VLAN tags, what was sent to many stations, frames in several buffers, a
 * checksum that is not right, rules that want the card's time. What is taken here is dropped by
 * the program that asked and never comes to prerouting, so none is taken twice.
 *
 * Nobody tells here whether the card has found the checksum right, so it is summed, before the copy
 * and not with it: the bytes are at hand then, and what is wrong has not touched the ring.
 *
 * Called by xdp_program.c for a BPF program. Touches the ring and the counters of a rule.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/xdp.h>
#include "checksum.h"
#include "sluice.h"
#include "store.h"

/* A datagram that lies whole in a frame: its headers, and how long UDP and payload are. */
struct xdp_datagram {
	const void *network;
	const struct udphdr *udp;
	unsigned int length;
	u8 family;
};

/*
 * True if packets of the interface may be shown to the stack at another one: of a bridge or a bond,
 * or of a VLAN whose tag the card takes off before anybody sees it here. A card whose filter lets
 * all VLANs in shows those that nobody has.
 */
static __always_inline bool is_not_alone(const struct net_device *device)
{
	if (unlikely(rcu_access_pointer(device->rx_handler)))
		return true;
#if IS_ENABLED(CONFIG_VLAN_8021Q)
	if (unlikely(rcu_access_pointer(device->vlan_info)) &&
	    (device->features & NETIF_F_HW_VLAN_CTAG_RX))
		return true;
#endif
	return unlikely(device->promiscuity) && (device->features & NETIF_F_HW_VLAN_CTAG_RX);
}

/* The UDP part of @total bytes at @udp, its length checked. False: it lies about it. */
static __always_inline bool find_udp(struct xdp_datagram *datagram, const void *udp,
				     unsigned int total)
{
	datagram->udp = udp;
	datagram->length = ntohs(datagram->udp->len);
	return datagram->length >= sizeof(struct udphdr) && datagram->length <= total;
}

/* Finds a datagram in @room bytes of IPv4. False: this is for the stack. */
static __always_inline bool find_ipv4(struct xdp_datagram *datagram, const struct iphdr *ip,
				      unsigned long room)
{
	unsigned int total;

	if (room < sizeof(*ip) + sizeof(struct udphdr))
		return false;
	total = ntohs(ip->tot_len);
	/* Version 4 without options. */
	if (*(const u8 *)ip != 0x45 || ip->protocol != IPPROTO_UDP || ip_is_fragment(ip) ||
	    total < sizeof(*ip) + sizeof(struct udphdr) || total > room || ip_fast_csum(ip, 5))
		return false;
	datagram->network = ip;
	datagram->family = 4;
	return find_udp(datagram, ip + 1, total - sizeof(*ip));
}

/* True if ipv6_rcv() may refuse a packet with such addresses: it has many rules about them. */
static bool xdp_addresses_are_special(const struct ipv6hdr *ip)
{
	return ipv6_addr_is_multicast(&ip->saddr) || ipv6_addr_is_multicast(&ip->daddr) ||
	       ipv6_addr_loopback(&ip->saddr) || ipv6_addr_loopback(&ip->daddr);
}

/* Likewise IPv6, if UDP follows at once. */
static __always_inline bool find_ipv6(struct xdp_datagram *datagram, const struct ipv6hdr *ip,
				      unsigned long room, const struct net_device *device)
{
	const struct inet6_dev *settings = __in6_dev_get(device);
	unsigned int total;

	if (room < sizeof(*ip) + sizeof(struct udphdr) || !settings ||
	    READ_ONCE(settings->cnf.disable_ipv6))
		return false;
	total = ntohs(ip->payload_len);
	if (ip->version != 6 || ip->nexthdr != IPPROTO_UDP || total < sizeof(struct udphdr) ||
	    total > room - sizeof(*ip) || xdp_addresses_are_special(ip))
		return false;
	datagram->network = ip;
	datagram->family = 6;
	return find_udp(datagram, ip + 1, total);
}

/* The rule at this hook that a datagram belongs to, or NULL. */
static __always_inline const struct sluice_rule *
xdp_rule_of(const struct sluice_net *sn, const struct xdp_datagram *datagram, int ifindex)
{
	u16 port = ntohs(datagram->udp->dest);
	unsigned long slot = sluice_match_slot(&sn->match, SLUICE_HOOK_XDP, port);
	const struct sluice_rule *rule = (const struct sluice_rule *)slot;

	if (!slot)
		return NULL;
	if (unlikely(!sluice_slot_is_of(slot, ifindex))) {
		const struct iphdr *ipv4 = datagram->network;
		const struct ipv6hdr *ipv6 = datagram->network;
		const struct sluice_ends ends = {
			.source = datagram->family == 4 ? &ipv4->saddr : ipv6->saddr.s6_addr32,
			.destination = datagram->family == 4 ? &ipv4->daddr :
							       ipv6->daddr.s6_addr32,
			.family = datagram->family,
			.hook = SLUICE_HOOK_XDP,
			.ifindex = ifindex,
		};

		rule = sluice_match_find(&sn->match, port, &ends);
	}
	if (!rule || rule->hook != SLUICE_HOOK_XDP || rule->flags & SLUICE_RULE_F_HWTIME)
		return NULL;
	return rule;
}

/* True if the datagram's checksum is right, or there is none where none is needed. */
static __always_inline bool xdp_checksum_is_right(const struct xdp_datagram *datagram)
{
	/* No checksum: allowed for IPv4 (RFC 768), not for IPv6 (RFC 8200 section 8.1). */
	if (!datagram->udp->check)
		return datagram->family == 4;
	return checksum_matches(datagram->network, datagram->udp, datagram->length,
				datagram->family);
}

/**
 * sluice_xdp_frame() - take in the datagram in a frame, if a rule wants it at XDP and it is plain
 * @sn:    the namespace of its interface
 * @frame: an Ethernet frame as the driver got it
 *
 * Return: XDP_DROP: it was taken (stored, or counted as lost, as matched is the sum of both);
 * XDP_PASS: it is for the stack, and nothing was done.
 * Context: softirq or bottom halves off; under RCU.
 */
u32 sluice_xdp_frame(const struct sluice_net *sn, struct xdp_buff *frame)
{
	const struct net_device *device = frame->rxq->dev;
	const struct ethhdr *ethernet = frame->data;
	unsigned long room = frame->data_end - frame->data;
	struct xdp_datagram datagram;
	const struct sluice_rule *rule;
	bool is_datagram = false;

	/* The table goes a grace period after the last rule was counted off (xdp_program.c). */
	if (!READ_ONCE(sn->hook_rules[SLUICE_HOOK_XDP]) || unlikely(!READ_ONCE(sn->match.slots)))
		return XDP_PASS;
	if (room < sizeof(*ethernet) || xdp_buff_has_frags(frame) || is_not_alone(device) ||
	    !ether_addr_equal(ethernet->h_dest, device->dev_addr))
		return XDP_PASS;
	room -= sizeof(*ethernet);
	if (ethernet->h_proto == htons(ETH_P_IP))
		is_datagram = find_ipv4(&datagram, (const struct iphdr *)(ethernet + 1), room);
	else if (ethernet->h_proto == htons(ETH_P_IPV6))
		is_datagram = find_ipv6(&datagram, (const struct ipv6hdr *)(ethernet + 1), room,
					device);
	if (!is_datagram)
		return XDP_PASS;
	rule = xdp_rule_of(sn, &datagram, device->ifindex);
	if (!rule)
		return XDP_PASS;
	if (!(rule->flags & SLUICE_RULE_F_NO_CHECKSUM) &&
	    unlikely(!xdp_checksum_is_right(&datagram)))
		return XDP_PASS;
	{
		const struct hook_packet packet = {
			.network = datagram.network,
			.in = device,
			.rule = rule,
			.time_ns = ktime_get_real_ns(),
			.length = datagram.length - sizeof(struct udphdr),
			.udp = datagram.udp,
			.linear = (const u8 *)(datagram.udp + 1),
			.family = datagram.family,
		};

		store_in_softirq(&packet, -1, false);
	}
	return XDP_DROP;
}
