/* SPDX-License-Identifier: MIT */
/*
 * How times are spread: a log-linear histogram. Values up to 2,047 have a bucket each; from there
 * on every doubling has 1,024 buckets, so that a value is known to three digits, from a nanosecond
 * to an hour, in 270 KiB. Touches: memory, the stream it is given.
 */
#ifndef SLUICE_BENCH_HISTOGRAM_H
#define SLUICE_BENCH_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* An hour, in nanoseconds; what is above is counted as an hour, and in `above`. */
#define SLUICE_HISTOGRAM_MOST 3600000000000ULL

struct sluice_histogram;

/* An empty one. NULL: no memory. @owner caller: sluice_histogram_free() */
struct sluice_histogram *sluice_histogram_new(void);
void sluice_histogram_free(struct sluice_histogram *histogram);

/* Empties it. */
void sluice_histogram_clear(struct sluice_histogram *histogram);

/* Notes `times` occurrences of a value in nanoseconds. Not @threadsafe: one per thread, merged. */
void sluice_histogram_add(struct sluice_histogram *histogram, uint64_t value, uint64_t times);

/* Adds all of `from` to `to`. */
void sluice_histogram_merge(struct sluice_histogram *to, const struct sluice_histogram *from);

/* How many values there are, and how many of them were above an hour. */
uint64_t sluice_histogram_count(const struct sluice_histogram *histogram);
uint64_t sluice_histogram_above(const struct sluice_histogram *histogram);

/* The largest value, exactly (an hour at most); 0 if there is none. */
uint64_t sluice_histogram_largest(const struct sluice_histogram *histogram);

/* The value that `share` (0 .. 1) of all values do not exceed: the upper end of its bucket, never
 * more than the largest value. 0 if there is none. */
uint64_t sluice_histogram_quantile(const struct sluice_histogram *histogram, double share);

/* The mean, from the exact values. 0 if there is none. */
double sluice_histogram_mean(const struct sluice_histogram *histogram);

/* Writes the distribution by percentiles as plotters of HdrHistogram read it (.hgrm), in
 * microseconds. */
void sluice_histogram_write(const struct sluice_histogram *histogram, FILE *to);

#endif /* SLUICE_BENCH_HISTOGRAM_H */
