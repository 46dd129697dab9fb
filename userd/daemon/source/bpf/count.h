/* SPDX-License-Identifier: MIT */
/*
 * What count.bpf.c, in the kernel, and socket_count.c have in common: a line of counts for each
 * socket.
 */
#ifndef SLUICE_COUNT_H
#define SLUICE_COUNT_H

#include <linux/types.h>

/* Sockets that share a program and its maps. */
#define SLUICE_COUNT_SEATS 4096U

struct sluice_count {
	__u64 packets; /* that it let pass to the buffer; their checksums are right */
	__u64 beyond;  /* datagrams that came beyond the first of their packet */
	__u64 refused; /* datagrams that came since is_shut */
	/* What the program did not keep, as the socket counts it as dropped: those, and what is for
	 * many and somebody else's */
	__u64 refused_packets;
	__u32 is_shut;	  /* written by the daemon: nothing comes in any more */
	__u32 takes_many; /* written by the daemon: broadcast and multicast are this socket's */
} __attribute__((aligned(64)));

#endif /* SLUICE_COUNT_H */
