/* SPDX-License-Identifier: MIT */
/*
 * For the programs in the kernel: how many datagrams a packet is. Touches: nothing else.
 */
#ifndef SLUICE_SEGMENTS_H
#define SLUICE_SEGMENTS_H

#include <linux/bpf.h>
#include <linux/udp.h>

/*
 * Datagrams of one sender that came together (GRO) and are handed over as one: all of gso_size
 * bytes, but the last may have less. gso_segs would say it, but may be 0 in what a virtual network
 * card brings (virtio_net_hdr_to_skb()).
 */
static inline __attribute__((always_inline)) __u32 sluice_segments(const struct __sk_buff *skb)
{
	__u32 size = skb->gso_size, length = skb->len;

	if (!size || length <= sizeof(struct udphdr))
		return 1;
	return (length - sizeof(struct udphdr) + size - 1) / size;
}

#endif /* SLUICE_SEGMENTS_H */
