// SPDX-License-Identifier: MIT
/*
 * How times are spread: see histogram.h. Filled beside the data's path, read for reports. Touches:
 * memory, the stream it is given.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "histogram.h"

/* Buckets to a doubling: 2 to this power. */
#define HALF_BITS 10U
#define HALF (1ULL << HALF_BITS)
/* The last bucket is that of an hour: 42 bits, of which 11 are kept. */
#define BUCKETS (33 * HALF)
/* Lines of the .hgrm text for each halving of what is left to 100 %. */
#define TICKS 5U
#define NS_PER_US 1000.0

struct sluice_histogram {
	uint64_t count;
	uint64_t above;
	uint64_t largest;
	double sum;
	double squares;
	uint64_t bucket[BUCKETS];
};

/* The bucket of a value. @threadsafe */
static size_t bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < 2 * HALF)
		return (size_t)value;
	shift = 63U - (unsigned int)__builtin_clzll(value) - HALF_BITS;
	return shift * HALF + (value >> shift);
}

/* The largest value that belongs into a bucket. @threadsafe */
static uint64_t end_of(size_t bucket)
{
	unsigned int shift;

	if (bucket < 2 * HALF)
		return bucket;
	shift = (unsigned int)(bucket / HALF) - 1;
	return ((uint64_t)(bucket - shift * HALF + 1) << shift) - 1;
}

/* As histogram.h says. @context process */
struct sluice_histogram *sluice_histogram_new(void)
{
	return calloc(1, sizeof(struct sluice_histogram));
}

/* As histogram.h says. */
void sluice_histogram_free(struct sluice_histogram *histogram)
{
	free(histogram);
}

/* As histogram.h says. */
void sluice_histogram_clear(struct sluice_histogram *histogram)
{
	if (histogram)
		memset(histogram, 0, sizeof(*histogram));
}

/* As histogram.h says. */
void sluice_histogram_add(struct sluice_histogram *histogram, uint64_t value, uint64_t times)
{
	if (!histogram || times == 0)
		return;
	if (value > SLUICE_HISTOGRAM_MOST) {
		value = SLUICE_HISTOGRAM_MOST;
		histogram->above += times;
	}
	histogram->count += times;
	histogram->bucket[bucket_of(value)] += times;
	histogram->sum += (double)value * (double)times;
	histogram->squares += (double)value * (double)value * (double)times;
	if (value > histogram->largest)
		histogram->largest = value;
}

/* As histogram.h says. */
void sluice_histogram_merge(struct sluice_histogram *to, const struct sluice_histogram *from)
{
	size_t bucket;

	if (!to || !from)
		return;
	to->count += from->count;
	to->above += from->above;
	to->sum += from->sum;
	to->squares += from->squares;
	if (from->largest > to->largest)
		to->largest = from->largest;
	for (bucket = 0; bucket < BUCKETS; bucket++)
		to->bucket[bucket] += from->bucket[bucket];
}

/* As histogram.h says. */
uint64_t sluice_histogram_count(const struct sluice_histogram *histogram)
{
	return histogram ? histogram->count : 0;
}

/* As histogram.h says. */
uint64_t sluice_histogram_above(const struct sluice_histogram *histogram)
{
	return histogram ? histogram->above : 0;
}

/* As histogram.h says. */
uint64_t sluice_histogram_largest(const struct sluice_histogram *histogram)
{
	return histogram ? histogram->largest : 0;
}

/* The value below or at which `rank` values lie, and how many do in all in *below. */
static uint64_t value_at(const struct sluice_histogram *histogram, uint64_t rank, uint64_t *below)
{
	size_t bucket;

	*below = 0;
	for (bucket = 0; bucket < BUCKETS; bucket++) {
		*below += histogram->bucket[bucket];
		if (*below >= rank)
			break;
	}
	if (bucket == BUCKETS || end_of(bucket) > histogram->largest)
		return histogram->largest;
	return end_of(bucket);
}

/* How many values make up `share` of all; at least one. */
static uint64_t rank_of(const struct sluice_histogram *histogram, double share)
{
	double rank = ceil(share * (double)histogram->count - 1e-9);

	if (!(rank >= 1))
		return 1;
	return rank >= (double)histogram->count ? histogram->count : (uint64_t)rank;
}

/* As histogram.h says. */
uint64_t sluice_histogram_quantile(const struct sluice_histogram *histogram, double share)
{
	uint64_t below;

	if (!histogram || histogram->count == 0)
		return 0;
	return value_at(histogram, rank_of(histogram, share), &below);
}

/* As histogram.h says. */
double sluice_histogram_mean(const struct sluice_histogram *histogram)
{
	return histogram && histogram->count ? histogram->sum / (double)histogram->count : 0;
}

/* The standard deviation, from the exact values. 0 if there is none. */
static double deviation(const struct sluice_histogram *histogram)
{
	double mean = sluice_histogram_mean(histogram);
	double variance;

	if (!histogram || histogram->count == 0)
		return 0;
	variance = histogram->squares / (double)histogram->count - mean * mean;
	return variance > 0 ? sqrt(variance) : 0;
}

/* As histogram.h says. */
void sluice_histogram_write(const struct sluice_histogram *histogram, FILE *to)
{
	double left = 1;
	uint64_t below = 0;
	unsigned int tick;

	if (!histogram || !to)
		return;
	fprintf(to, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	/* Each round takes half of what was left, until nothing is. */
	while (histogram->count && below < histogram->count) {
		for (tick = 0; tick < TICKS && below < histogram->count; tick++) {
			double beyond = left * (1 - tick / (2.0 * TICKS));
			uint64_t value =
				value_at(histogram, rank_of(histogram, 1 - beyond), &below);

			if (below < histogram->count)
				fprintf(to, "%12.3f %1.12f %10" PRIu64 " %14.2f\n",
					(double)value / NS_PER_US, 1 - beyond, below, 1 / beyond);
		}
		left /= 2;
	}
	if (histogram->count)
		fprintf(to, "%12.3f %1.12f %10" PRIu64 "\n", (double)histogram->largest / NS_PER_US,
			1.0, histogram->count);
	fprintf(to, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
		sluice_histogram_mean(histogram) / NS_PER_US, deviation(histogram) / NS_PER_US);
	fprintf(to, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n",
		(double)histogram->largest / NS_PER_US, histogram->count);
	fprintf(to, "#[Buckets = %12u, SubBuckets     = %12u]\n",
		(unsigned int)(BUCKETS / HALF) - 1, (unsigned int)(2 * HALF));
}
