/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has counted of UDP in this network namespace, IPv4 and IPv6 together, since that
 * is there. Touches: files of /proc.
 */
#ifndef SLUICE_UDP_COUNTERS_H
#define SLUICE_UDP_COUNTERS_H

#include <stdint.h>

struct sluice_udp_counters {
	uint64_t no_ports;  /* datagrams to ports that nobody had bound (NoPorts) */
	uint64_t checksums; /* datagrams with a wrong checksum (InCsumErrors) */
	uint64_t overflows; /* packets for which a socket had no room (RcvbufErrors, MemErrors) */
};

/* Reads them; what a kernel does not have is 0. 0, or a negative errno if it says nothing of
 * IPv4's. About 100 µs. @threadsafe */
int sluice_udp_counters_read(struct sluice_udp_counters *counters);

#endif /* SLUICE_UDP_COUNTERS_H */
