/* SPDX-License-Identifier: MIT */
/*
 * Datagrams of a UDP socket by way of eBPF: a program that runs when a datagram reaches the socket
 * copies it into a ring that the process has mapped (BPF_MAP_TYPE_RINGBUF, Linux 5.8), so that
 * taking it costs no system call.
 */
#ifndef SLUICE_BENCH_RECEIVING_BPF_H
#define SLUICE_BENCH_RECEIVING_BPF_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct receiving_bpf;

/* Who copies a datagram, and how the kernel gets rid of it then. */
enum receiving_bpf_way {
	/* A socket filter, which refuses what it has copied. The kernel counts that as an error
	   (InErrors). */
	RECEIVING_BPF_FILTER,
	/* The verdict of a sockmap, which drops what it has copied; it sees no IP header.
	   Linux 5.13. */
	RECEIVING_BPF_SOCKMAP,
	/* A socket filter copies and leaves nothing of the payload; the verdict drops it.
	   Linux 5.13. */
	RECEIVING_BPF_BOTH,
};

/*
 * Puts the programs on `fd`, a bound IPv4 UDP socket, which stays the caller's. Datagrams that the
 * ring has no room for go to the socket as ever (RECEIVING_BPF_FILTER), or are lost: then nobody
 * may read the socket. 0 or a negative errno, having said why. @owner caller:
 * receiving_bpf_close(*bpf)
 */
int receiving_bpf_open(struct receiving_bpf **bpf, int fd, enum receiving_bpf_way way);

/* Copies each datagram in the ring to `place`, which has room for the largest. Returns how many
 * there were. */
uint64_t receiving_bpf_take(struct receiving_bpf *bpf, uint8_t *place);

/*
 * Datagrams that were neither copied nor are in the socket: the socket counts the copied ones as
 * drops as well, so it is the difference. What is in the ring is taken, to `place`, and counts as
 * taken. Exact when nothing comes in at the time, less otherwise, never more. Modulo 2^32.
 */
uint32_t receiving_bpf_lost(struct receiving_bpf *bpf, uint8_t *place);

/* Source and destination of the last datagram taken. False if the way does not see them, or none
 * was. */
bool receiving_bpf_addresses(const struct receiving_bpf *bpf, struct sockaddr_in addresses[2]);

/* Takes the programs off the socket and frees the ring. NULL is allowed. */
void receiving_bpf_close(struct receiving_bpf *bpf);

#endif /* SLUICE_BENCH_RECEIVING_BPF_H */
