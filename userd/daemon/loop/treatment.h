/* SPDX-License-Identifier: MIT */
/*
 * The threads of the daemon, by class, and how they run: policy, priority, CPUs. A thread says when
 * it begins and when it ends; what `threads` of the configuration says of its class is in force
 * from then on, and again whenever that changes.
 *
 * Touches: scheduling and names of the daemon's threads.
 */
#ifndef SLUICE_TREATMENT_H
#define SLUICE_TREATMENT_H

#include <sched.h>
#include "../../config/model.h"

/*
 * In a thread, first: it is one of `class`, of workers the one with `number` (others 0). Gives it
 * the name, the policy and the CPUs of its class; what cannot be had is told in the log, and the
 * thread runs as it is.
 * @context the thread itself
 */
void sluice_treatment_begin(enum sluice_thread_class class, unsigned int number);

/* In the same thread, last: nobody changes it any more. */
void sluice_treatment_end(void);

/*
 * From now on threads run as `settings` says, those that are there at once. What cannot be had is
 * told in the log.
 * @context process @threadsafe
 */
void sluice_threads_set(const struct sluice_config_threads *settings);

/* The CPUs that workers may have by `settings`, in *set: those of threads.worker.cpus, as far as
 * this process may use them, else all that it may. Returns how many, at least 1. @threadsafe */
size_t sluice_threads_worker_cpus(const struct sluice_config_threads *settings, cpu_set_t *set);

/* The CPU of worker `number`: those in turn. @threadsafe */
int sluice_threads_cpu_of(const struct sluice_config_threads *settings, size_t number);

/* Percent of its CPU that a worker may look for data with. @threadsafe */
unsigned int sluice_threads_busy_poll(void);

#endif /* SLUICE_TREATMENT_H */
