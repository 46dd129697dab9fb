// SPDX-License-Identifier: MIT
/*
 * The part of `source: xdp` that runs in the kernel, in the driver or right behind it: what is for
 * a port of an input goes to the socket of its queue, everything else to the stack, as if nobody
 * were here. Touches: the maps, which the daemon has mapped.
 *
 * The stack gets what is no UDP for such a port; what has headers that are not looked through; and
 * of what is for such a port datagrams in fragments, those that no frame of the socket holds, and
 * those of a queue that no socket reads. The latter are counted by port and by why.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stddef.h>
#include "xdp.h"

/* Tags that are looked through, and extension headers of IPv6. */
#define TAGS_MOST 2
#define HEADERS_MOST 4
/* IPv4: what of frag_off says that this is a fragment, and that it is not the first. */
#define FRAGMENT_ANY 0x3fff
#define FRAGMENT_LATER 0x1fff

/* The daemon gives it as many places as the interface has queues. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

/* union sluice_xdp_port, by port. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLUICE_XDP_CLAIMS);
	__type(key, __u32);
	__type(value, struct sluice_xdp_claim);
} claims SEC(".maps");

/* Datagrams for a port that were left to the stack, by port. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} left SEC(".maps");

/* The same by enum sluice_xdp_left. */
__u64 left_why[SLUICE_XDP_LEFT_COUNT] __attribute__((aligned(64)));
/* The largest frame that a socket takes; the daemon sets it. */
__u32 frame_most = 3840;

/* A tag: IEEE 802.1Q. */
struct tag {
	__be16 control, next;
};

/* The head that the extension headers of IPv6 have in common (RFC 8200). */
struct extension {
	__u8 next, length, rest[2];
	__be32 more;
};

/* What was found of a packet. */
struct found {
	void *at; /* where what comes next begins */
	__u8 protocol;
	__u8 family;
	__u8 is_fragment; /* the first one */
	__u32 destination[4], source[4];
};

/* Looks through IPv4. True: a header of `protocol` follows. */
static __always_inline int look4(struct found *found, void *end)
{
	struct iphdr *ip = found->at;
	__u32 size;

	if ((void *)(ip + 1) > end || ip->version != 4)
		return 0;
	size = ip->ihl * 4U;
	if (size < sizeof(*ip))
		return 0;
	if (ip->frag_off & bpf_htons(FRAGMENT_ANY)) {
		if (ip->frag_off & bpf_htons(FRAGMENT_LATER))
			return 0;
		found->is_fragment = 1;
	}
	found->family = 4;
	found->protocol = ip->protocol;
	found->source[0] = ip->saddr;
	found->destination[0] = ip->daddr;
	found->at = (void *)ip + size;
	return 1;
}

/* Looks through IPv6 and its extension headers. True: a header of `protocol` follows. */
static __always_inline int look6(struct found *found, void *end)
{
	struct ipv6hdr *ip = found->at;
	void *at;
	__u8 next;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return 0;
	found->family = 6;
	__builtin_memcpy(found->source, &ip->saddr, sizeof(found->source));
	__builtin_memcpy(found->destination, &ip->daddr, sizeof(found->destination));
	next = ip->nexthdr;
	at = ip + 1;
#pragma unroll
	for (int count = 0; count < HEADERS_MOST; count++) {
		struct extension *head = at;

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT)
			break;
		if ((void *)(head + 1) > end)
			return 0;
		if (next == IPPROTO_FRAGMENT) {
			/* The place is in the upper 13 bits of what `rest` has. */
			if (head->rest[0] || (head->rest[1] & 0xf8))
				return 0;
			found->is_fragment = head->rest[1] & 1;
			at += sizeof(*head);
		} else {
			at += (head->length + (__u64)1) * 8;
		}
		next = head->next;
	}
	found->protocol = next;
	found->at = at;
	return 1;
}

/* Are the words the same under the mask? */
static __always_inline int is_in(const __u32 *address, const __u32 *wanted, const __u32 *mask)
{
	return !(((address[0] ^ wanted[0]) & mask[0]) | ((address[1] ^ wanted[1]) & mask[1]) |
		 ((address[2] ^ wanted[2]) & mask[2]) | ((address[3] ^ wanted[3]) & mask[3]));
}

/* Does one of the port's claims have these addresses? */
static __always_inline int is_claimed(union sluice_xdp_port port, const struct found *found)
{
	if (port.count == SLUICE_XDP_ALL)
		return 1;
	for (__u32 count = 0; count < SLUICE_XDP_SHARING; count++) {
		__u32 place = port.first + count;
		struct sluice_xdp_claim *claim;

		if (count >= port.count)
			break;
		claim = bpf_map_lookup_elem(&claims, &place);
		if (!claim)
			break;
		if ((!claim->family || claim->family == found->family) &&
		    is_in(found->destination, claim->destination, claim->destination_mask) &&
		    is_in(found->source, claim->source, claim->source_mask))
			return 1;
	}
	return 0;
}

/* Leaves a datagram for `port` to the stack, and counts it. */
static __always_inline int leave(__u32 port, enum sluice_xdp_left why)
{
	__u64 *count = bpf_map_lookup_elem(&left, &port);

	if (count)
		__sync_fetch_and_add(count, 1);
	__sync_fetch_and_add(&left_why[why], 1);
	return XDP_PASS;
}

/* @context softirq */
SEC("xdp")
int sluice_xdp(struct xdp_md *context)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	struct found found = {};
	struct ethhdr *ethernet = data;
	union sluice_xdp_port port;
	struct udphdr *udp;
	__be16 type;
	__u64 *word;
	__u32 number;

	if ((void *)(ethernet + 1) > end)
		return XDP_PASS;
	type = ethernet->h_proto;
	found.at = ethernet + 1;
#pragma unroll
	for (int count = 0; count < TAGS_MOST; count++) {
		struct tag *tag = found.at;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > end)
			return XDP_PASS;
		type = tag->next;
		found.at = tag + 1;
	}
	if (type == bpf_htons(ETH_P_IP) ? !look4(&found, end)
					: type != bpf_htons(ETH_P_IPV6) || !look6(&found, end))
		return XDP_PASS;
	udp = found.at;
	if (found.protocol != IPPROTO_UDP || (void *)(udp + 1) > end)
		return XDP_PASS;
	number = bpf_ntohs(udp->dest);
	word = bpf_map_lookup_elem(&ports, &number);
	if (!word)
		return XDP_PASS;
	port.word = *(volatile __u64 *)word;
	if (!port.count || !is_claimed(port, &found))
		return XDP_PASS;
	if (found.is_fragment)
		return leave(number, SLUICE_XDP_LEFT_FRAGMENT);
	if (end - data > *(volatile __u32 *)&frame_most)
		return leave(number, SLUICE_XDP_LEFT_LARGE);
	if (bpf_redirect_map(&sockets, context->rx_queue_index, XDP_PASS) != XDP_REDIRECT)
		return leave(number, SLUICE_XDP_LEFT_QUEUE);
	return XDP_REDIRECT;
}

/* Some of the helpers are only for programs under this licence, beside the one in the first line.
 */
char licence[] SEC("license") = "Dual MIT/GPL";
