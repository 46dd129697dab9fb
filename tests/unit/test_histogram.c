// SPDX-License-Identifier: MIT
/*
 * The histogram: three digits from a nanosecond to an hour, quantiles against a sorted list, merged
 * ones like one, and the text that plotters read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "bench/histogram.h"

#define HOUR 3600000000000ULL
#define VALUES 20000U

/* Orders numbers. */
static int compare(const void *one, const void *other)
{
	uint64_t left = *(const uint64_t *)one;
	uint64_t right = *(const uint64_t *)other;

	return left < right ? -1 : left > right;
}

/* A single value is given back to a thousandth, and never too small. */
static void values_keep_three_digits(void **state)
{
	struct sluice_histogram *histogram = sluice_histogram_new();
	uint64_t value;

	(void)state;
	assert_non_null(histogram);
	for (value = 1; value <= HOUR; value += 1 + value / 7) {
		uint64_t got;

		sluice_histogram_clear(histogram);
		sluice_histogram_add(histogram, value, 1);
		sluice_histogram_add(histogram, HOUR, 1);
		got = sluice_histogram_quantile(histogram, 0.5);
		assert_true(got >= value);
		assert_true(got - value <= value / 1000);
		assert_int_equal(sluice_histogram_largest(histogram), HOUR);
	}
	sluice_histogram_free(histogram);
}

/* What is above an hour is an hour, and told. */
static void beyond_an_hour(void **state)
{
	struct sluice_histogram *histogram = sluice_histogram_new();

	(void)state;
	sluice_histogram_add(histogram, UINT64_MAX, 3);
	sluice_histogram_add(histogram, HOUR, 1);
	assert_int_equal(sluice_histogram_count(histogram), 4);
	assert_int_equal(sluice_histogram_above(histogram), 3);
	assert_int_equal(sluice_histogram_quantile(histogram, 1), HOUR);
	sluice_histogram_free(histogram);
}

/* Quantiles of random values are those of the sorted list, whether noted in one or in two. */
static void quantiles_of_merged_halves(void **state)
{
	static const double shares[] = {0, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
	struct sluice_histogram *half[2] = {sluice_histogram_new(), sluice_histogram_new()};
	static uint64_t sorted[VALUES];
	double sum = 0;
	size_t index;

	(void)state;
	srandom(19);
	for (index = 0; index < VALUES; index++) {
		sorted[index] = (uint64_t)random() >> (random() % 31);
		sum += (double)sorted[index];
		sluice_histogram_add(half[index % 2], sorted[index], 1);
	}
	qsort(sorted, VALUES, sizeof(*sorted), compare);
	sluice_histogram_merge(half[0], half[1]);
	assert_int_equal(sluice_histogram_count(half[0]), VALUES);
	assert_true(sluice_histogram_mean(half[0]) == sum / VALUES);
	for (index = 0; index < sizeof(shares) / sizeof(shares[0]); index++) {
		size_t rank = (size_t)(shares[index] * VALUES + 0.9999);
		uint64_t wanted = sorted[rank > 0 ? rank - 1 : 0];
		uint64_t got = sluice_histogram_quantile(half[0], shares[index]);

		assert_true(got >= wanted);
		assert_true(got - wanted <= wanted / 1000);
	}
	sluice_histogram_free(half[0]);
	sluice_histogram_free(half[1]);
}

/* The text: rising percentiles and counts, the last line all of them, the foot with the sums. */
static void text_for_plotters(void **state)
{
	struct sluice_histogram *histogram = sluice_histogram_new();
	double before = -1;
	unsigned long long counted = 0;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	char *line;
	uint64_t value;
	int lines = 0;

	(void)state;
	for (value = 1; value <= 1000; value++)
		sluice_histogram_add(histogram, value * 1000, 1);
	sluice_histogram_write(histogram, to);
	fclose(to);
	assert_non_null(strstr(text, "Value     Percentile TotalCount 1/(1-Percentile)"));
	assert_non_null(strstr(text, "Max     =     1000.000, Total count    =         1000"));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		double percentile;
		unsigned long long number;
		char *rest;
		char *end;

		(void)strtod(line, &end);
		percentile = strtod(end, &end);
		number = strtoull(end, &rest, 10);
		if (rest == end)
			continue;
		counted = number;
		assert_true(percentile > before);
		assert_true((double)counted >= percentile * 1000 - 1e-6);
		before = percentile;
		lines++;
	}
	assert_true(lines > 20);
	assert_true(before == 1.0);
	assert_int_equal(counted, 1000);
	free(text);
	sluice_histogram_free(histogram);
}

/* An empty one and none at all do no harm. */
static void nothing(void **state)
{
	struct sluice_histogram *histogram = sluice_histogram_new();

	(void)state;
	assert_int_equal(sluice_histogram_quantile(histogram, 0.5), 0);
	assert_int_equal(sluice_histogram_largest(histogram), 0);
	sluice_histogram_add(NULL, 1, 1);
	sluice_histogram_merge(histogram, NULL);
	assert_int_equal(sluice_histogram_count(NULL), 0);
	sluice_histogram_free(histogram);
	sluice_histogram_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_keep_three_digits),
		cmocka_unit_test(beyond_an_hour),
		cmocka_unit_test(quantiles_of_merged_halves),
		cmocka_unit_test(text_for_plotters),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
