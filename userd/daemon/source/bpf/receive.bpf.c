// SPDX-License-Identifier: MIT
/*
 * The part of an input with `receive: bpf` that runs in the kernel, in the softirq that brings a
 * datagram to the socket: behind the firewall, reassembly and the checksum. One ring, one program
 * and one set of maps serve all sockets of a worker; a socket is found by its cookie, because a
 * port may have several (an address each, an interface each, an old one beside the new one).
 * Touches: the ring and the sockets' counts, which the daemon has mapped.
 *
 *   filter    copies the datagram into the ring and leaves the socket an emptied packet, the
 *             UDP header. No room: refuses it, which the kernel counts as an error of UDP
 *             (InErrors), and that is what it is.
 *   verdict   drops the emptied packet, before anybody is woken for it.
 *
 * Why not the filter alone: what it refuses counts as an error, and every datagram would. Why not
 * the verdict alone: it sees no IP header; and where it looked for the interface, kernels before
 * the summer of 2026 would follow a pointer that is none (udp: clear skb->dev before running a
 * sockmap verdict). So it looks at nothing.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stddef.h>
#include "entry.h"
#include "many.h"
#include "seat.h"
#include "segments.h"

/* Both addresses of an IP header stand together. */
#define ADDRESSES4 8
#define ADDRESSES6 32
_Static_assert(offsetof(struct iphdr, daddr) == offsetof(struct iphdr, saddr) + ADDRESSES4 / 2, "");
_Static_assert(offsetof(struct ipv6hdr, daddr) == offsetof(struct ipv6hdr, saddr) + ADDRESSES6 / 2,
	       "");

/* The daemon gives it its size. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

/* Tickets by socket cookie. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SLUICE_SOCKET_SEATS);
	__type(key, __u64);
	__type(value, __u64);
} tickets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SLUICE_SOCKET_SEATS);
	__type(key, __u32);
	__type(value, struct sluice_socket_seat_page);
} seats SEC(".maps");

/* The sockets by seat, for the verdict. */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, SLUICE_SOCKET_SEATS);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

/* What all sockets have refused: while it stands still the daemon need not look at each. */
__u64 refused_in_all __attribute__((aligned(64)));

/*
 * Copies a packet of `length` bytes, UDP header included, to a place for up to `most`: the verifier
 * wants to know how large a place is (bpf_ringbuf_reserve()), so there are classes. Returns how
 * much the socket is to keep of it; 0: it could not be copied.
 */
static __always_inline int copy(struct __sk_buff *skb, __u64 ticket,
				struct sluice_socket_seat_page *seat, __u32 length,
				const __u32 most, __u64 begun)
{
	struct sluice_socket_entry *entry;
	long error;

	entry = bpf_ringbuf_reserve(&ring, sizeof(*entry) - sizeof(entry->udp) + most, 0);
	if (!entry)
		return 0;
	entry->ticket = ticket;
	entry->length = length;
	entry->segment = skb->gso_size;
	entry->interface = skb->ifindex;
	entry->time_ns = begun;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		entry->family = 4;
		error = bpf_skb_load_bytes_relative(skb, offsetof(struct iphdr, saddr),
						    entry->addresses, ADDRESSES4,
						    BPF_HDR_START_NET);
		entry->is_for_many =
			sluice_is_for_many4(skb, *(__u32 *)(entry->addresses + ADDRESSES4 / 2));
	} else {
		entry->family = 6;
		error = bpf_skb_load_bytes_relative(skb, offsetof(struct ipv6hdr, saddr),
						    entry->addresses, ADDRESSES6,
						    BPF_HDR_START_NET);
		entry->is_for_many = entry->addresses[ADDRESSES6 / 2] == 0xff;
	}
	/* Once more, here: between the caller's look and this the verifier may have lost sight of
	 * it. */
	asm volatile("" : "+r"(length));
	if (error || length < sizeof(entry->udp) || length > most ||
	    bpf_skb_load_bytes(skb, 0, &entry->udp, length)) {
		bpf_ringbuf_discard(entry, 0);
		return 0;
	}
	bpf_ringbuf_submit(entry, 0);
	/* As many as the socket will count (sk_drops_add(), include/net/sock.h). */
	__sync_fetch_and_add(&seat->accounted, skb->gso_segs ? skb->gso_segs : 1);
	return sizeof(struct udphdr);
}

/* See above. Returns how much the socket is to keep of the packet. @context softirq */
SEC("socket")
int filter(struct __sk_buff *skb)
{
	__u64 cookie = bpf_get_socket_cookie(skb), *ticket;
	struct sluice_socket_seat_page *seat;
	__u64 begun = bpf_ktime_get_ns();
	__u32 length = skb->len, number;
	int kept = 0;

	/* Not found: it is being closed, and nobody asks for it any more. */
	ticket = bpf_map_lookup_elem(&tickets, &cookie);
	if (!ticket)
		return 0;
	number = (__u32)*ticket;
	seat = bpf_map_lookup_elem(&seats, &number);
	if (!seat)
		return 0;
	if (!seat->takes_many && sluice_is_for_many(skb)) {
		__sync_fetch_and_add(&seat->accounted, 1);
		return 0;
	}
	if (length < sizeof(struct udphdr) || seat->is_shut || seat->is_full)
		kept = 0;
#define COPY_UP_TO(most) \
	else if (length <= (most)) kept = copy(skb, *ticket, seat, length, most, begun)
	COPY_UP_TO(128);
	COPY_UP_TO(256);
	COPY_UP_TO(384);
	COPY_UP_TO(512);
	COPY_UP_TO(768);
	COPY_UP_TO(1024);
	COPY_UP_TO(1536);
	COPY_UP_TO(2048);
	COPY_UP_TO(4096);
	COPY_UP_TO(8192);
	COPY_UP_TO(16384);
	COPY_UP_TO(32768);
	COPY_UP_TO(65535);
#undef COPY_UP_TO
	if (kept) {
		if (begun % SLUICE_SOCKET_SPENT == 0)
			__sync_fetch_and_add(&seat->spent, (__u32)(bpf_ktime_get_ns() - begun));
		return kept;
	}
	__sync_fetch_and_add(&seat->accounted, 1);
	__sync_fetch_and_add(&seat->refused, sluice_segments(skb));
	__sync_fetch_and_add(&refused_in_all, 1);
	return 0;
}

/* See above. @context softirq */
SEC("sk_skb")
int verdict(struct __sk_buff *skb)
{
	(void)skb;
	return SK_DROP;
}

/* Some of the helpers are only for programs under this licence, beside the one in the first line.
 */
char licence[] SEC("license") = "Dual MIT/GPL";
