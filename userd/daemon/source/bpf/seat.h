/* SPDX-License-Identifier: MIT */
/*
 * What receive.bpf.c, in the kernel, and socket_bpf.c have in common of each socket.
 */
#ifndef SLUICE_SOCKET_SEAT_H
#define SLUICE_SOCKET_SEAT_H

#include <linux/types.h>

/* Sockets that one worker may have, twice as many as there are ports: a live change opens the new
 * ones beside the old. */
#define SLUICE_SOCKET_SEATS (1U << 17)

/* Of so many packets that were copied, chance has one timed. A prime: whatever step the kernel's
 * clock goes in, it meets each remainder. */
#define SLUICE_SOCKET_SPENT 61U

/*
 * What a socket counts, and what it is told, by its seat. The daemon has all of them mapped.
 * `accounted`: what of the socket's own count of drops is none that we need to count: emptied
 * packets, and packets that are in `refused`.
 */
struct sluice_socket_seat_page {
	__u64 accounted;
	__u64 refused;	  /* datagrams for which there was no room, or that came too late */
	__u32 is_shut;	  /* written by the daemon: nothing comes in any more */
	__u32 takes_many; /* written by the daemon: what is for many, which comes to the socket of
			     every worker, is this one's */
	__u32 is_full;	  /* written by the daemon: what came before waits for room */
	__u32 spent;	  /* nanoseconds, modulo 2^32, that the program took for one packet in
			   * SLUICE_SOCKET_SPENT */
};

#endif /* SLUICE_SOCKET_SEAT_H */
