/* SPDX-License-Identifier: MIT */
/*
 * Where a running daemon's time goes: what all kinds of `sluicebench profile` share, and the kinds.
 * Touches: processes, /proc, what each kind's file says.
 */
#ifndef SLUICE_BENCH_PROFILE_H
#define SLUICE_BENCH_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is profiled, and what came meanwhile. Strings point into argv. */
struct sluice_profile {
	const char *kind;
	pid_t pid;	      /* the daemon */
	uint64_t us;	      /* how long */
	const char *counters; /* command that tells what came; NULL: sluicectl */
	const char *out;      /* file of the picture; NULL: the default */
	uint64_t datagrams;   /* that came while it was measured, */
	bool counted;	      /* if that could be had */
	uint64_t ns;	      /* how long it was measured */
	pid_t relay;	      /* process group that we started; 0: none */
};

/*
 * A kind: measures for so long, prints a table and a RESULT line, or says in one sentence on stderr
 * what the machine lacks. Returns the exit status (enum sluice_bench_exit). @context process
 */
int sluice_profile_syscalls(struct sluice_profile *profile);
int sluice_profile_heap(struct sluice_profile *profile);
int sluice_profile_cpu(struct sluice_profile *profile);
int sluice_profile_flame(struct sluice_profile *profile);
int sluice_profile_offcpu(struct sluice_profile *profile);

#endif /* SLUICE_BENCH_PROFILE_H */
