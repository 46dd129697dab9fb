/* SPDX-License-Identifier: MIT */
/*
 * For the programs in the kernel: is a packet for many, that is, does the kernel give a copy of it
 * to every socket that is bound right? Touches: nothing else.
 */
#ifndef SLUICE_MANY_H
#define SLUICE_MANY_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stddef.h>

/*
 * Is an IPv4 packet to `to` (network byte order) for many? Multicast says so itself; of broadcasts
 * only the routing table knows all, but they come in broadcast frames, and what we send ourselves
 * comes back as PACKET_LOOPBACK. `lo` has no such frames.
 */
static inline __attribute__((always_inline)) int sluice_is_for_many4(const struct __sk_buff *skb,
								     __u32 to)
{
	return (to & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) || to == 0xffffffff ||
	       to == bpf_htonl(0x7fffffff) || skb->pkt_type == PACKET_BROADCAST ||
	       skb->pkt_type == PACKET_LOOPBACK;
}

/* The same for a packet of either family, of which nothing was read yet. */
static inline __attribute__((always_inline)) int sluice_is_for_many(struct __sk_buff *skb)
{
	__u32 to = 0;
	__u8 first = 0;

	if (skb->protocol != bpf_htons(ETH_P_IP)) {
		(void)bpf_skb_load_bytes_relative(skb, offsetof(struct ipv6hdr, daddr), &first,
						  sizeof(first), BPF_HDR_START_NET);
		return first == 0xff;
	}
	(void)bpf_skb_load_bytes_relative(skb, offsetof(struct iphdr, daddr), &to, sizeof(to),
					  BPF_HDR_START_NET);
	return sluice_is_for_many4(skb, to);
}

#endif /* SLUICE_MANY_H */
