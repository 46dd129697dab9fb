/* SPDX-License-Identifier: MIT */
/*
 * Memory ordering in one place: the few forms in which threads, processes and the kernel share
 * words. Under every reader and writer of a ring and under the counters of the workers. Touches:
 * the word it is given. @threadsafe
 */
#ifndef SLUICE_BARRIER_H
#define SLUICE_BARRIER_H

/* Sees everything that was written before the sluice_store_release() whose value it reads. */
#define sluice_load_acquire(word) __atomic_load_n((word), __ATOMIC_ACQUIRE)
/* Lets whoever reads the value with acquire see everything written before. */
#define sluice_store_release(word, value) __atomic_store_n((word), (value), __ATOMIC_RELEASE)

/* Whole words, no order: counters and flags that carry nothing with them. */
#define sluice_load_relaxed(word) __atomic_load_n((word), __ATOMIC_RELAXED)
#define sluice_store_relaxed(word, value) __atomic_store_n((word), (value), __ATOMIC_RELAXED)

/* Adds to a counter that only this thread writes and others read: no locked instruction. */
#define sluice_count(word, more) sluice_store_relaxed((word), sluice_load_relaxed(word) + (more))

#endif /* SLUICE_BARRIER_H */
