/* SPDX-License-Identifier: MIT */
/*
 * What the XDP program of `source: xdp` and the daemon share. Between bpf/xdp.bpf.c and
 * source/xdp_*.c. Touches: nothing.
 */
#ifndef SLUICE_SOURCE_BPF_XDP_H
#define SLUICE_SOURCE_BPF_XDP_H

#include <linux/types.h>

/* Places for the addresses that inputs are bound to. Half of them are in force, the others those of
 * the change before or under way. */
#define SLUICE_XDP_CLAIMS 8192U
/* Inputs that share a port on one interface by their addresses. */
#define SLUICE_XDP_SHARING 32U

/* What takes a port, by its number in host byte order; written at once, so that a datagram finds
 * what was or what will be. */
union sluice_xdp_port {
	struct {
		__u16 count; /* 0: nothing; SLUICE_XDP_ALL: whatever the addresses */
		__u16 unused;
		__u32 first; /* of its claims */
	};
	__u64 word;
};
#define SLUICE_XDP_ALL 0xffffU

/* Addresses of an input, network byte order; the mask is made of whole words, so that it needs no
 * loop over bits. */
struct sluice_xdp_claim {
	__u32 family; /* 4 or 6; 0: both */
	__u32 destination[4], destination_mask[4];
	__u32 source[4], source_mask[4];
};

/* Why a datagram for an input's port was left to the stack. */
enum sluice_xdp_left {
	SLUICE_XDP_LEFT_FRAGMENT, /* counted by the first of its fragments, which has the port */
	SLUICE_XDP_LEFT_LARGE,	  /* no frame of the socket holds it */
	SLUICE_XDP_LEFT_QUEUE,	  /* no socket reads the queue that it came by */
	SLUICE_XDP_LEFT_COUNT,
};

#endif /* SLUICE_SOURCE_BPF_XDP_H */
