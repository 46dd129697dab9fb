// SPDX-License-Identifier: GPL-2.0
/*
 * The hook: looks at each received UDP datagram, finds its rule, checks it, and copies it into the
 * ring of this CPU. The hot path of the whole product.
 *
 * prerouting: NF_INET_PRE_ROUTING, before raw (-300) and conntrack (-200), so that a stolen
 * datagram costs neither. Twice: just before the reassembly of fragments (-400) for what arrived
 * whole, so that reassembly is not even asked about it, and after it for what it put together. It
 * sees what is forwarded as well as what is for this host: a rule takes what it describes, and one
 * that should take only the host's own datagrams names their destination address.
 *
 * ingress: of an interface, before IP, see ingress.c. What it leaves, prerouting takes.
 *
 * local-in: NF_INET_LOCAL_IN, behind the firewall's filter (0) and the security modules (225),
 * before conntrack confirms (last). It sees what is for this host and allowed, all of it whole.
 *
 * take() is the way of nearly all datagrams: in softirq, linear, not joined by GRO, with a good
 * checksum. take_odd() is the way of all others and knows every case.
 *
 * Runs in softirq; after an NFQUEUE verdict or from tun also in process context; on PREEMPT_RT
 * preemptible.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include "checksum.h"
#include "sluice.h"
#include "store.h"

/* Before and after reassembly, and before NF_IP_PRI_RAW (-300); IPv6 alike. */
#define PRIORITY_WHOLE (NF_IP_PRI_CONNTRACK_DEFRAG - 1)
#define PRIORITY_REASSEMBLED (NF_IP_PRI_RAW - 50)
/* Behind all that may refuse a packet, before NF_IP_PRI_CONNTRACK_HELPER (300); IPv6 alike. */
#define PRIORITY_LOCAL (NF_IP_PRI_SELINUX_LAST + 25)

/* True if what GSO cuts is inside a UDP tunnel. */
static bool is_tunnel(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_type & (SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM);
}

/*
 * True if what GSO cuts is the payload of the UDP datagram itself (not IP fragments, not a tunnel's
 * inside).
 */
static bool is_super_packet(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4) &&
	       !is_tunnel(skb);
}

/*
 * True if the UDP checksum is right or need not be looked at; as conntrack does,
 * nf_conntrack_proto_udp.c.
 */
static noinline bool checksum_is_right(struct sk_buff *skb, unsigned int udp_offset,
				       const struct udphdr *udp, u8 family)
{
	unsigned int length = ntohs(udp->len);
	__wsum sum;

	/* GRO verified each datagram before it joined them, and a local sender's are right. */
	if (is_super_packet(skb))
		return true;
	/* No checksum: allowed for IPv4 (RFC 768), not for IPv6 (RFC 8200 section 8.1). */
	if (!udp->check)
		return family == 4;
	if (length == skb->len - udp_offset) {
		if (family == 4)
			return !nf_ip_checksum(skb, NF_INET_PRE_ROUTING, udp_offset, IPPROTO_UDP);
		return !nf_ip6_checksum(skb, NF_INET_PRE_ROUTING, udp_offset, IPPROTO_UDP);
	}
	/* There is more behind the datagram, and these sum to the end of the packet. */
	sum = skb_checksum(skb, udp_offset, length, 0);
	if (family == 4)
		return !csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, length,
					  IPPROTO_UDP, sum);
	return !csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, length, IPPROTO_UDP,
				sum);
}

/* When the packet was received. */
static __always_inline u64 time_of(const struct sk_buff *skb)
{
	ktime_t received = skb_tstamp(skb);

	return received ? ktime_to_ns(received) : ktime_get_real_ns();
}

/*
 * Checks and stores one packet of any kind whose UDP header is @udp, at @udp_offset. Returns
 * true if it was stored.
 */
static bool capture(const struct sluice_rule *rule, struct sk_buff *skb,
		    const struct nf_hook_state *state, unsigned int udp_offset,
		    const struct udphdr *udp, u8 family)
{
	unsigned int length = ntohs(udp->len);
	struct hook_packet packet = {
		.skb = skb,
		.in = state->in,
		.rule = rule,
		.time_ns = time_of(skb),
		.payload = udp_offset + sizeof(*udp),
		.udp = udp,
		.family = family,
	};
	int cause = -1;

	if (unlikely(length < sizeof(*udp) || length > skb->len - udp_offset)) {
		cause = SLUICE_LOST_BAD_LENGTH;
	} else {
		/* One that is still to be filled in is never 0. */
		bool lacks = family == 6 && !udp->check && skb->ip_summed != CHECKSUM_PARTIAL;

		packet.length = length - sizeof(*udp);
		if ((lacks || !skb_csum_unnecessary(skb)) &&
		    !(rule->flags & SLUICE_RULE_F_NO_CHECKSUM) &&
		    unlikely(!checksum_is_right(skb, udp_offset, udp, family))) {
			if (rule->flags & SLUICE_RULE_F_KEEP_BADCSUM)
				packet.flags |= SLUICE_RECORD_F_BADCSUM;
			else
				cause = SLUICE_LOST_BAD_CHECKSUM;
		}
	}
	return store(&packet, cause, is_super_packet(skb));
}

/*
 * Takes in a GSO packet that is not simply a row of UDP payloads, for example a tunnel whose inside
 * was joined by GRO: has it cut by the stack and takes in the pieces. Returns true if all were
 * stored.
 */
static noinline bool capture_segmented(const struct sluice_rule *rule, struct sk_buff *skb,
				       const struct nf_hook_state *state, unsigned int udp_offset,
				       u8 family)
{
	/* Cutting moves these, and the packet may go on. */
	u16 mac_header = skb->mac_header;
	u16 mac_len = skb->mac_len;
	struct sk_buff *piece, *next, *pieces = skb_gso_segment(skb, 0);
	bool all = true;

	skb->mac_header = mac_header;
	skb->mac_len = mac_len;
	if (IS_ERR_OR_NULL(pieces)) {
		struct hook_packet packet = { .skb = skb, .rule = rule };

		return store(&packet, SLUICE_LOST_COPY, false);
	}
	skb_list_walk_safe(pieces, piece, next) {
		struct udphdr copy;
		const struct udphdr *udp;

		skb_mark_not_on_list(piece);
		udp = skb_header_pointer(piece, udp_offset, sizeof(copy), &copy);
		if (udp)
			all &= capture(rule, piece, state, udp_offset, udp, family);
		consume_skb(piece);
	}
	return all;
}

/*
 * True if the packet is for another station: it is here only because a bridge passes it on.
 * Others of the kind (PACKET_OTHERHOST) do not come as far as the hook, ip_rcv_core() drops
 * them.
 */
static __always_inline bool is_for_others(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *bridge = nf_bridge_info_get(skb);

	return unlikely(bridge) && bridge->pkt_otherhost;
#else
	return false;
#endif
}

/* The rule of a datagram to @port (host byte order), or NULL. */
static noinline const struct sluice_rule *rule_of(const struct sluice_net *sn,
						  const struct sk_buff *skb,
						  const struct nf_hook_state *state, u16 port,
						  u8 family)
{
	const struct sluice_ends ends = {
		.source = family == 4 ? &ip_hdr(skb)->saddr : ipv6_hdr(skb)->saddr.s6_addr32,
		.destination = family == 4 ? &ip_hdr(skb)->daddr : ipv6_hdr(skb)->daddr.s6_addr32,
		.family = family,
		.hook = state->hook == NF_INET_LOCAL_IN ? SLUICE_HOOK_LOCAL_IN :
							  SLUICE_HOOK_PREROUTING,
		.ifindex = state->in->ifindex,
	};

	return sluice_match_find(&sn->match, port, &ends);
}

/* What becomes of a packet of the rule's that was @stored. */
static __always_inline unsigned int verdict_of(const struct sluice_rule *rule, struct sk_buff *skb,
					       bool stored)
{
	if (rule->verdict == SLUICE_VERDICT_COPY)
		return NF_ACCEPT;
	if (unlikely(!stored))
		return NF_DROP; /* really lost: drop monitors shall see it */
	consume_skb(skb);
	return NF_STOLEN;
}

/* Takes in a packet of any kind for @rule. Its UDP header is in the linear part, at @udp_offset. */
static noinline unsigned int take_odd(const struct sluice_rule *rule, struct sk_buff *skb,
				      const struct nf_hook_state *state, unsigned int udp_offset,
				      u8 family)
{
	const struct udphdr *udp = (const struct udphdr *)(skb->data + udp_offset);
	bool stored;

	if (is_for_others(skb))
		return NF_ACCEPT;
	/*
	 * A copied packet passes prerouting again as the VRF's that its interface belongs to, and
	 * local-in only so.
	 */
	if (rule->verdict == SLUICE_VERDICT_COPY && netif_is_l3_master(state->in) &&
	    state->hook == NF_INET_PRE_ROUTING && !(rule->conditions & SLUICE_IF_INTERFACE))
		return NF_ACCEPT;
	if (skb_is_gso(skb) &&
	    (is_tunnel(skb) || !(skb_shinfo(skb)->gso_type & (SKB_GSO_UDP_L4 | SKB_GSO_UDP))))
		stored = capture_segmented(rule, skb, state, udp_offset, family);
	else
		stored = capture(rule, skb, state, udp_offset, udp, family);
	return verdict_of(rule, skb, stored);
}

/*
 * A UDP header that is not all there but shows its ports: its rule counts it. Returns the verdict.
 */
static unsigned int take_short(const struct sluice_net *sn, struct sk_buff *skb,
			       const struct nf_hook_state *state, unsigned int udp_offset,
			       u8 family)
{
	struct hook_packet packet = { .skb = skb };
	__be16 copy[2];
	const __be16 *ports = skb_header_pointer(skb, udp_offset, sizeof(copy), copy);

	if (!ports)
		return NF_ACCEPT;
	packet.rule = rule_of(sn, skb, state, ntohs(ports[1]), family);
	if (!packet.rule || is_for_others(skb))
		return NF_ACCEPT;
	store(&packet, SLUICE_LOST_BAD_LENGTH, false);
	return packet.rule->verdict == SLUICE_VERDICT_STEAL ? NF_DROP : NF_ACCEPT;
}

/* Takes in a packet of any kind, if there is a rule for it. Returns the verdict. */
static noinline unsigned int take_any(const struct sluice_net *sn, struct sk_buff *skb,
				      const struct nf_hook_state *state, unsigned int udp_offset,
				      u8 family)
{
	const struct sluice_rule *rule;
	const struct udphdr *udp;

	if (udp_offset + sizeof(*udp) > skb->len || !pskb_may_pull(skb, udp_offset + sizeof(*udp)))
		return take_short(sn, skb, state, udp_offset, family);
	udp = (const struct udphdr *)(skb->data + udp_offset);
	rule = rule_of(sn, skb, state, ntohs(udp->dest), family);
	return rule ? take_odd(rule, skb, state, udp_offset, family) : NF_ACCEPT;
}

/*
 * True if the checksum of @length linear bytes from @udp on is there and right, or known to be.
 * False: take_odd() has to look closer.
 */
static __always_inline bool checksum_is_plain(const struct sluice_rule *rule, struct sk_buff *skb,
					      const struct udphdr *udp, unsigned int length,
					      u8 family)
{
	/* IPv6 has one (RFC 8200 section 8.1). A card that finds none may call it good. */
	if (family == 6 && unlikely(!udp->check))
		return rule->flags & SLUICE_RULE_F_NO_CHECKSUM;
	if (likely(skb_csum_unnecessary(skb)) || (rule->flags & SLUICE_RULE_F_NO_CHECKSUM))
		return true;
	/* Of a copied packet the stack shall know that it is right: nf_ip_checksum() notes it. */
	if (skb->ip_summed != CHECKSUM_NONE || !udp->check || rule->verdict != SLUICE_VERDICT_STEAL)
		return false;
	return checksum_matches(skb->data, udp, length, family);
}

/*
 * Stores @length bytes that lie behind @udp in the linear part. Returns true if they were stored.
 */
static __always_inline bool store_plain(const struct sluice_rule *rule, struct sk_buff *skb,
					const struct nf_hook_state *state, unsigned int udp_offset,
					const struct udphdr *udp, unsigned int length, u8 family)
{
	/* Complete from the start: what is not would be zeroed first (-ftrivial-auto-var-init). */
	const struct hook_packet packet = {
		.skb = skb,
		.in = state->in,
		.rule = rule,
		.time_ns = time_of(skb),
		.payload = udp_offset + sizeof(*udp),
		.length = length,
		.udp = udp,
		.linear = (const u8 *)(udp + 1),
		.family = family,
	};

	return store_in_softirq(&packet, -1, false);
}

/*
 * What both families have in common: takes in a packet if there is a rule for it. @udp_offset: from
 * skb->data. @hook: state->hook in our words, a constant. Returns the verdict.
 */
static __always_inline unsigned int take(const struct sluice_net *sn, struct sk_buff *skb,
					 const struct nf_hook_state *state,
					 unsigned int udp_offset, u8 family,
					 const enum sluice_hook hook)
{
	unsigned int linear = skb_headlen(skb) - udp_offset - sizeof(struct udphdr);
	const struct sluice_rule *rule;
	const struct udphdr *udp;
	unsigned int length;
	unsigned long slot;

	if (unlikely((int)linear < 0))
		return take_any(sn, skb, state, udp_offset, family);
	udp = (const struct udphdr *)(skb->data + udp_offset);
	slot = sluice_match_slot(&sn->match, hook, ntohs(udp->dest));
	if (!slot)
		return NF_ACCEPT;
	if (hook == SLUICE_HOOK_INGRESS ? !sluice_slot_is_of(slot, state->in->ifindex) :
					  unlikely(sluice_slot_asks(slot))) {
		rule = rule_of(sn, skb, state, ntohs(udp->dest), family);
		if (!rule)
			return NF_ACCEPT;
	} else {
		rule = (const struct sluice_rule *)slot;
	}
	if (hook == SLUICE_HOOK_INGRESS && rule->hook != SLUICE_HOOK_INGRESS)
		return NF_ACCEPT;
	/* A length below that of the header becomes one that is not there. */
	length = (unsigned int)ntohs(udp->len) - sizeof(*udp);
	if (unlikely(length > linear || skb_is_gso(skb) || is_for_others(skb) ||
		     !softirq_count() ||
		     (rule->verdict == SLUICE_VERDICT_COPY && netif_is_l3_master(state->in)) ||
		     !checksum_is_plain(rule, skb, udp, length + sizeof(*udp), family)))
		return take_odd(rule, skb, state, udp_offset, family);
	return verdict_of(rule, skb,
			  store_plain(rule, skb, state, udp_offset, udp, length, family));
}

/**
 * sluice_hook_ingress() - take in a datagram at the hook of its interface, if a rule wants it there
 * @sn:         the interface's namespace
 * @skb:        a packet that IP would let through, its data at the network header
 * @state:      of the interface's hook
 * @udp_offset: where its UDP header is, from skb->data; all of that is in the linear part
 * @family:     4 or 6
 *
 * Return: the verdict.
 * Context: as the hooks; under RCU.
 */
unsigned int sluice_hook_ingress(const struct sluice_net *sn, struct sk_buff *skb,
				 const struct nf_hook_state *state, unsigned int udp_offset,
				 u8 family)
{
	if (family == 4)
		return take(sn, skb, state, udp_offset, 4, SLUICE_HOOK_INGRESS);
	return take(sn, skb, state, udp_offset, 6, SLUICE_HOOK_INGRESS);
}

/* The IPv4 hook before reassembly: takes in what is whole. */
static unsigned int hook_ipv4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);

	/*
	 * What was put together before it came here is left to the second hook, which sees it too.
	 */
	if (ip->protocol != IPPROTO_UDP ||
	    unlikely(ip_is_fragment(ip) || IPCB(skb)->frag_max_size))
		return NF_ACCEPT;
	return take(priv, skb, state, ip->ihl * 4, 4, SLUICE_HOOK_PREROUTING);
}

/* The IPv4 hook after reassembly: takes in what was put together, and nothing else. */
static unsigned int hook_ipv4_reassembled(void *priv, struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);

	/* What is still a fragment here will be reassembled by nobody we know. */
	if (likely(!IPCB(skb)->frag_max_size) || ip->protocol != IPPROTO_UDP || ip_is_fragment(ip))
		return NF_ACCEPT;
	return take_any(priv, skb, state, ip->ihl * 4, 4);
}

/*
 * Where the UDP header of an IPv6 packet is, from skb->data; negative: there is none, or not
 * whole.
 */
static noinline int udp_behind_extensions(const struct sk_buff *skb)
{
	u8 protocol = ipv6_hdr(skb)->nexthdr;
	__be16 fragment = 0;
	int offset = ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), &protocol, &fragment);

	return protocol == IPPROTO_UDP && !fragment ? offset : -1;
}

/* The IPv6 hook before reassembly. */
static unsigned int hook_ipv6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	int offset = sizeof(struct ipv6hdr);

	if (unlikely(IP6CB(skb)->frag_max_size))
		return NF_ACCEPT;
	if (unlikely(ipv6_hdr(skb)->nexthdr != IPPROTO_UDP)) {
		offset = udp_behind_extensions(skb);
		if (offset < 0)
			return NF_ACCEPT;
	}
	return take(priv, skb, state, offset, 6, SLUICE_HOOK_PREROUTING);
}

/* The IPv6 hook after reassembly. */
static unsigned int hook_ipv6_reassembled(void *priv, struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	int offset;

	if (likely(!IP6CB(skb)->frag_max_size))
		return NF_ACCEPT;
	offset = udp_behind_extensions(skb);
	return offset < 0 ? NF_ACCEPT : take_any(priv, skb, state, offset, 6);
}

/* The IPv4 hook at local-in, where everything is whole. */
static unsigned int hook_ipv4_local(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);

	if (ip->protocol != IPPROTO_UDP)
		return NF_ACCEPT;
	return take(priv, skb, state, ip->ihl * 4, 4, SLUICE_HOOK_LOCAL_IN);
}

/* The IPv6 hook at local-in; what is a fragment here was too when it came to reassembly. */
static unsigned int hook_ipv6_local(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	int offset = sizeof(struct ipv6hdr);

	if (unlikely(ipv6_hdr(skb)->nexthdr != IPPROTO_UDP)) {
		offset = udp_behind_extensions(skb);
		if (offset < 0)
			return NF_ACCEPT;
	}
	return take(priv, skb, state, offset, 6, SLUICE_HOOK_LOCAL_IN);
}

/* What hook_set.c registers in a namespace; the last has no function. */
const struct nf_hook_ops sluice_hook_prerouting[] = {
	{ .hook = hook_ipv4, .pf = NFPROTO_IPV4, .hooknum = NF_INET_PRE_ROUTING,
	  .priority = PRIORITY_WHOLE },
	{ .hook = hook_ipv4_reassembled, .pf = NFPROTO_IPV4, .hooknum = NF_INET_PRE_ROUTING,
	  .priority = PRIORITY_REASSEMBLED },
	{ .hook = hook_ipv6, .pf = NFPROTO_IPV6, .hooknum = NF_INET_PRE_ROUTING,
	  .priority = PRIORITY_WHOLE },
	{ .hook = hook_ipv6_reassembled, .pf = NFPROTO_IPV6, .hooknum = NF_INET_PRE_ROUTING,
	  .priority = PRIORITY_REASSEMBLED },
	{}
};

const struct nf_hook_ops sluice_hook_local_in[] = {
	{ .hook = hook_ipv4_local, .pf = NFPROTO_IPV4, .hooknum = NF_INET_LOCAL_IN,
	  .priority = PRIORITY_LOCAL },
	{ .hook = hook_ipv6_local, .pf = NFPROTO_IPV6, .hooknum = NF_INET_LOCAL_IN,
	  .priority = PRIORITY_LOCAL },
	{}
};
