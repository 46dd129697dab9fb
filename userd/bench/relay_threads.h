/* SPDX-License-Identifier: MIT */
/*
 * What the threads of a relay under test have used of the processors: of a process, and of those
 * that it started. Touches: files of /proc.
 */
#ifndef SLUICE_BENCH_RELAY_THREADS_H
#define SLUICE_BENCH_RELAY_THREADS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SLUICE_RELAY_THREADS 256U /* threads that are told apart */
#define SLUICE_RELAY_PROCESSES 64U

struct sluice_relay_thread {
	pid_t process;
	pid_t thread;
	char name[17];
	uint64_t run_ns; /* that it ran */
	uint64_t user;	 /* of that, hundredths of a second in user space, */
	uint64_t system; /* and in the kernel */
	uint64_t voluntary;
	uint64_t involuntary; /* switches */
};

struct sluice_relay_threads {
	struct sluice_relay_thread thread[SLUICE_RELAY_THREADS];
	size_t count;
};

/* Reads them, at most so many; a process that is not there has none. Milliseconds. @threadsafe */
void sluice_relay_threads_read(struct sluice_relay_threads *threads, pid_t process);

/* Subtracts `before`, thread by thread; one that was not there before began at 0. @threadsafe */
void sluice_relay_threads_since(struct sluice_relay_threads *threads,
				const struct sluice_relay_threads *before);

#endif /* SLUICE_BENCH_RELAY_THREADS_H */
