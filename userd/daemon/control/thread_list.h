/* SPDX-License-Identifier: MIT */
/*
 * A picture of the process's threads, out of the register (lib/thread.h) and what the kernel says
 * of them. Waits for none of them. Touches: /proc/self/task.
 */
#ifndef SLUICE_CONTROL_THREAD_LIST_H
#define SLUICE_CONTROL_THREAD_LIST_H

#include <stddef.h>
#include <stdint.h>

/* A thread. Texts are constants, but for its name. Moments: nanoseconds since 1970. */
struct sluice_control_thread {
	char name[16];
	const char *kind, *state, *health, *policy;
	uint64_t since_ns, progress_ns;
	uint64_t rounds, time_ns;
	uint32_t cpu, tid;
};

/* Lists them; *list is NULL and *count 0 on failure, and where there are none. 0 or -ENOMEM.
 * @owner caller: free() @threadsafe */
int sluice_control_threads(struct sluice_control_thread **list, size_t *count);

#endif /* SLUICE_CONTROL_THREAD_LIST_H */
