// SPDX-License-Identifier: MIT
/*
 * The part of an input with `receive: calls` that runs in the kernel, in the softirq that brings a
 * datagram to the socket: it counts, and keeps all, until the input is shut. What is for many comes
 * to the socket of every worker, and only one keeps it. Touches: the page, which the daemon has
 * mapped.
 *
 * Datagrams that came together are one packet here (UDP_GRO), and if the socket has no room for it, the kernel counts one
 * drop (__udp_enqueue_schedule_skb(), net/ipv4/udp.c). How many more they were nobody knows but this program.
 */
#include <linux/bpf.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include "count.h"
#include "many.h"
#include "segments.h"

struct sluice_count page;

/* The filter. @context softirq */
SEC("socket")
int count(struct __sk_buff *skb)
{
	__u32 segments = sluice_segments(skb);

	if (!page.takes_many && sluice_is_for_many(skb)) {
		__sync_fetch_and_add(&page.refused_packets, 1);
		return 0;
	}
	if (page.is_shut) {
		__sync_fetch_and_add(&page.refused, segments);
		__sync_fetch_and_add(&page.refused_packets, 1);
		return 0;
	}
	if (segments > 1)
		__sync_fetch_and_add(&page.beyond, segments - 1);
	return 0x7fffffff; /* of its bytes */
}

/* Beside the one in the first line, one that the kernel knows. */
char licence[] SEC("license") = "Dual MIT/GPL";
