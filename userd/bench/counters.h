/* SPDX-License-Identifier: MIT */
/*
 * What this machine has counted that may explain a loss: UDP sockets, the backlog of softirq,
 * network cards; and what its processors did. Touches: files of /proc and /sys.
 */
#ifndef SLUICE_BENCH_COUNTERS_H
#define SLUICE_BENCH_COUNTERS_H

#include <stdint.h>

/* What processors do; as in /proc/stat, some of it together. */
enum sluice_bench_cpu {
	SLUICE_BENCH_USER,
	SLUICE_BENCH_SYSTEM,
	SLUICE_BENCH_SOFTIRQ,
	SLUICE_BENCH_IDLE,
	SLUICE_BENCH_STEAL,
	SLUICE_BENCH_CPU_KINDS,
};

/* Since the machine runs, or the difference of two readings. */
struct sluice_bench_counters {
	uint64_t card;	    /* lost by network cards and their drivers, all together */
	uint64_t softnet;   /* dropped since the backlog was full (/proc/net/softnet_stat) */
	uint64_t sockets;   /* no room in a UDP socket (RcvbufErrors, MemErrors) */
	uint64_t no_ports;  /* to UDP ports that nobody had */
	uint64_t checksums; /* wrong UDP checksums */
	uint64_t cpu[SLUICE_BENCH_CPU_KINDS]; /* hundredths of a second of a processor */
};

/* The name of what processors do. A constant. @threadsafe */
const char *sluice_bench_cpu_name(enum sluice_bench_cpu kind);

/* Reads them; what cannot be read is 0. About a millisecond. @threadsafe */
void sluice_bench_counters_read(struct sluice_bench_counters *counters);

/* Subtracts `before`; a counter that went back gives 0. @threadsafe */
void sluice_bench_counters_since(struct sluice_bench_counters *counters,
				 const struct sluice_bench_counters *before);

#endif /* SLUICE_BENCH_COUNTERS_H */
