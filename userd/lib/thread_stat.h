/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of a thread of this process. Touches: /proc/self/task, which is no disk.
 */
#ifndef SLUICE_LIB_THREAD_STAT_H
#define SLUICE_LIB_THREAD_STAT_H

#include <stdint.h>
#include "thread.h"

struct sluice_thread_stat {
	char run;	      /* as proc(5) has it: R, S, D, T, ...; '?': it does not say */
	unsigned int cpu;     /* on which it ran last */
	const char *policy;   /* "other", "fifo", ...; a constant; "?" */
	uint64_t cpu_time_ns; /* that it has used */
	/* /proc/PID/schedstat: for how long it was ready and had to wait until it ran, and how
	 * often it ran; a wait that goes on is not in it. 0: the kernel does not count that. */
	uint64_t delay_ns, slices;
};

/* Asks; what cannot be had is as above, or 0. Register's lock held, so that the thread is there.
 * @threadsafe */
void sluice_thread_stat(const struct sluice_thread *thread, struct sluice_thread_stat *stat);

#endif /* SLUICE_LIB_THREAD_STAT_H */
