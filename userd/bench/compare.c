// SPDX-License-Identifier: MIT
/*
 * sluicebench compare: two reports of `sluicebench sweep`, point by point, and whether all together
 * they differ by more than chance, by a sign test. Touches: those files, stdout, stderr.
 */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <jansson.h>
#include "command.h"
#include "compare.h"

#define PATH_TEXT 4096U
/* Below this probability that only chance did it, a difference is told of as one. */
#define CHANCE 0.05

/* As compare.h says. @threadsafe */
double sluice_sign_test(size_t up, size_t down)
{
	size_t least = up < down ? up : down;
	size_t total = up + down;
	double sum = 0;
	size_t count;

	/* Half of all outcomes of `total` fair coins: C(total, count) / 2^total, by logarithms. */
	for (count = 0; count <= least; count++)
		sum += exp(lgamma((double)total + 1) - lgamma((double)count + 1) -
			   lgamma((double)(total - count) + 1) - (double)total * log(2));
	return sum * 2 < 1 ? sum * 2 : 1;
}

/* Loads a report, or that of a folder. NULL: said why. @owner caller */
static json_t *load(const char *path)
{
	char inside[PATH_TEXT];
	struct stat what;
	json_error_t error;
	json_t *report;

	snprintf(inside, sizeof(inside), "%s", path);
	if (stat(path, &what) == 0 && S_ISDIR(what.st_mode))
		snprintf(inside, sizeof(inside), "%s/sweep.json", path);
	report = json_load_file(inside, 0, &error);
	if (report && json_is_array(json_object_get(report, "points")))
		return report;
	fprintf(stderr, "sluicebench compare: %s: %s\n", inside,
		report ? "is no report of sluicebench sweep" : error.text);
	json_decref(report);
	return NULL;
}

/* The entry of the same point and run. NULL: there is none. */
static const json_t *find(const json_t *points, const json_t *wanted)
{
	const json_t *entry;
	size_t index;

	json_array_foreach(points, index, entry)
	{
		if (json_equal(json_object_get(entry, "point"), json_object_get(wanted, "point")) &&
		    json_equal(json_object_get(entry, "run"), json_object_get(wanted, "run")))
			return entry;
	}
	return NULL;
}

/* A figure of a point: the rate of the first goal, or microseconds a datagram. */
static double figure(const json_t *entry, bool cost)
{
	const json_t *search = json_object_get(entry, "search");

	if (cost)
		return json_number_value(
			json_object_get(json_object_get(search, "relay_threads"), "cpu_us"));
	return json_number_value(
		json_object_get(json_array_get(json_object_get(search, "goals"), 0), "rate"));
}

/* Compares one figure of all points. Returns whether it differs beyond chance. */
static bool compare(const json_t *first, const json_t *second, bool cost)
{
	const char *name = cost ? "cpu_us" : "rate";
	const json_t *entry;
	size_t up = 0;
	size_t down = 0;
	size_t same = 0;
	double chance;
	double logs = 0;
	size_t index;

	printf("%s\n", cost ? "microseconds of the relay's processors a datagram"
			    : "datagrams a second without more than the goal's loss");
	json_array_foreach(first, index, entry)
	{
		const json_t *other = find(second, entry);
		double before = figure(entry, cost);
		double after = other ? figure(other, cost) : 0;
		char *point;

		if (!other || before <= 0 || after <= 0)
			continue;
		up += after > before;
		down += after < before;
		same += after == before;
		logs += log(after / before);
		point = json_dumps(json_object_get(entry, "point"), JSON_COMPACT);
		printf("  %-40s %14.3f %14.3f %+8.2f %%\n", point ? point : "?", before, after,
		       (after / before - 1) * 100);
		free(point);
	}
	chance = sluice_sign_test(up, down);
	printf("  %zu higher, %zu lower, %zu alike; by the sign test %s (chance alone: p=%.3g)\n",
	       up, down, same, chance < CHANCE ? "a difference" : "no difference that is shown",
	       chance);
	printf("RESULT part=compare what=%s pairs=%zu higher=%zu lower=%zu ratio=%.4f p=%.4g "
	       "differs=%s\n",
	       name, up + down + same, up, down,
	       up + down + same ? exp(logs / (double)(up + down + same)) : 1, chance,
	       chance < CHANCE ? "yes" : "no");
	return up + down + same > 0;
}

/* As command.h says. */
int sluice_bench_compare(int argc, char **argv)
{
	static const struct option table[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	json_t *first = NULL;
	json_t *second = NULL;
	int status = SLUICE_BENCH_FAILURE;
	int option;

	optind = 1;
	option = getopt_long(argc, argv, "h", table, NULL);
	if (option != -1 || argc - optind != 2) {
		fputs("usage: sluicebench compare A B\n\nTwo reports of sluicebench sweep (the "
		      "folder, or its sweep.json): what changed from A to B\nat each point, and "
		      "whether that is more than chance (sign test over all points and runs).\n",
		      option == 'h' ? stdout : stderr);
		return option == 'h' ? SLUICE_BENCH_OK : SLUICE_BENCH_USAGE;
	}
	first = load(argv[optind]);
	second = first ? load(argv[optind + 1]) : NULL;
	if (second) {
		const json_t *before = json_object_get(first, "points");
		const json_t *after = json_object_get(second, "points");

		/* With another relay elsewhere its cost is not known: the rate is. */
		status = compare(before, after, false) ? SLUICE_BENCH_OK : SLUICE_BENCH_WRONG;
		compare(before, after, true);
		if (status)
			fputs("sluicebench compare: the two have no point in common\n", stderr);
	}
	json_decref(first);
	json_decref(second);
	return status;
}
