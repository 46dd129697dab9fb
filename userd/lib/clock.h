/* SPDX-License-Identifier: MIT */
/*
 * The clock that everything goes by, and its units. Touches: nothing.
 */
#ifndef SLUICE_CLOCK_H
#define SLUICE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define SLUICE_NS_PER_US 1000ULL
#define SLUICE_NS_PER_MS 1000000ULL
#define SLUICE_NS_PER_S 1000000000ULL

/* CLOCK_MONOTONIC in nanoseconds. @threadsafe */
static inline uint64_t sluice_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* CLOCK_REALTIME in nanoseconds: to be shown, not to be reckoned with. @threadsafe */
static inline uint64_t sluice_wall_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * SLUICE_NS_PER_S + (uint64_t)now.tv_nsec;
}

#endif /* SLUICE_CLOCK_H */
