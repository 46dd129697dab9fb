/* SPDX-License-Identifier: MIT */
/*
 * What lies in the ring between receive.bpf.c, in the kernel, and socket_bpf.c: the only thing that
 * both know. Never on disk or on the wire, so its layout may change with every version.
 */
#ifndef SLUICE_SOCKET_ENTRY_H
#define SLUICE_SOCKET_ENTRY_H

#include <linux/types.h>
#include <linux/udp.h>

/* In front of each datagram, or those of one sender that came together. The UDP header is the last
 * member, so that header and payload are copied in one go. */
struct sluice_socket_entry {
	__u64 time_ns;	  /* CLOCK_MONOTONIC, when it came to the socket */
	__u64 ticket;	  /* of the socket: the lower half is its seat */
	__u32 length;	  /* of the UDP header and the payload */
	__u32 interface;  /* it came in by */
	__u32 segment;	  /* bytes of each datagram but the last; 0: there is one */
	__u8 family;	  /* 4 or 6 */
	__u8 is_for_many; /* broadcast or multicast */
	__u8 unused[2];
	__u8 addresses[32]; /* source and destination, as in the IP header: 4 or 16 bytes each */
	struct udphdr udp;
};

#endif /* SLUICE_SOCKET_ENTRY_H */
