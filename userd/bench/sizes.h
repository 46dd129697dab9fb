/* SPDX-License-Identifier: MIT */
/*
 * What people ask a bench for: datagram sizes ("64", "64-1400", "64,1400,9000-9100", "64:7,512:4",
 * "imix"), rates ("100mbit", "50kpps", "max"), lists of ports ("6000", "6000-6003,7000"). Off the
 * path of the data. Touches: nothing but memory.
 */
#ifndef SLUICE_BENCH_SIZES_H
#define SLUICE_BENCH_SIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLUICE_SIZES_MAX 64U	  /* items of a list of sizes */
#define SLUICE_PORT_LIST_MAX 256U /* items of a list of ports */

/* A list of sizes, taken in turn or, with weights, at random; an item that is a range gives a
 * random size in it. */
struct sluice_sizes {
	struct {
		uint32_t least;
		uint32_t most;
		uint32_t weight;
	} item[SLUICE_SIZES_MAX];
	size_t count;
	size_t next;
	uint64_t weights; /* their sum; 0: taken in turn */
	uint64_t random;  /* state of the generator; set it to a seed */
};

/* Reads a list, in which SIZE:WEIGHT makes it one that is drawn from, or "imix"; each size 0 ..
 * `limit`. 0, -EINVAL (not of this form), -ERANGE (too large), -E2BIG (too many). */
int sluice_sizes_parse(const char *text, uint32_t limit, struct sluice_sizes *sizes);

/* The next size. Not @threadsafe */
uint32_t sluice_sizes_next(struct sluice_sizes *sizes);

/* The smallest and the largest size that can come. @threadsafe */
uint32_t sluice_sizes_least(const struct sluice_sizes *sizes);
uint32_t sluice_sizes_most(const struct sluice_sizes *sizes);

/* A 64-bit random number from `state` (splitmix64). Not @threadsafe */
uint64_t sluice_random(uint64_t *state);

/* "100mbit", "50kpps", "2mpps", "700pps", "max" (rate 0). 0, -EINVAL, -ERANGE. */
int sluice_bench_rate_parse(const char *text, uint64_t *rate, bool *bits);

struct sluice_port_span {
	uint16_t first;
	uint16_t last;
};

/* "6000", "6000-6003,7000". 0, -EINVAL, -ERANGE, -E2BIG. */
int sluice_port_list_parse(const char *text, struct sluice_port_span *list, size_t *count);

#endif /* SLUICE_BENCH_SIZES_H */
