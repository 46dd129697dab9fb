// SPDX-License-Identifier: MIT
/*
 * The part of an input with `receive: calls` that runs in the kernel, in the softirq that brings
 * a datagram to the socket: it counts, and keeps all, until the input is shut. What is for many
 * comes to the socket of every worker, and only one keeps it. Many sockets share the program and
 * its maps; a socket is found by its cookie. Touches: the sockets' counts, which the daemon has
 * mapped.
 *
 * Datagrams that came together are one packet here (UDP_GRO), and if the socket has no room for
 * it, the kernel counts one drop (__udp_enqueue_schedule_skb(), net/ipv4/udp.c). How many more
 * they were nobody knows but this program.
 */
#include <linux/bpf.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include "count.h"
#include "many.h"
#include "segments.h"

#define ALL_OF_IT 0x7fffffff

/* Seats by socket cookie. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SLUICE_COUNT_SEATS);
	__type(key, __u64);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SLUICE_COUNT_SEATS);
	__type(key, __u32);
	__type(value, struct sluice_count);
} counts SEC(".maps");

/* The filter. @context softirq */
SEC("socket")
int count(struct __sk_buff *skb)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	__u32 segments = sluice_segments(skb), *seat;
	struct sluice_count *count;

	/* Not found: it is being closed, and nobody asks for it any more. */
	seat = bpf_map_lookup_elem(&sockets, &cookie);
	if (!seat)
		return ALL_OF_IT;
	count = bpf_map_lookup_elem(&counts, seat);
	if (!count)
		return ALL_OF_IT;
	if (!count->takes_many && sluice_is_for_many(skb)) {
		__sync_fetch_and_add(&count->refused_packets, 1);
		return 0;
	}
	if (count->is_shut) {
		__sync_fetch_and_add(&count->refused, segments);
		__sync_fetch_and_add(&count->refused_packets, 1);
		return 0;
	}
	__sync_fetch_and_add(&count->packets, 1);
	if (segments > 1)
		__sync_fetch_and_add(&count->beyond, segments - 1);
	return ALL_OF_IT;
}

/* Beside the one in the first line, one that the kernel knows. */
char licence[] SEC("license") = "Dual MIT/GPL";
