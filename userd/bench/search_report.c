// SPDX-License-Identifier: MIT
/*
 * What a search has found, for people and for programs: see search.h. After everything else.
 * Touches: stdout.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <jansson.h>
#include "search.h"

/* What follows from the trials for one goal. */
struct verdict {
	struct sluice_search_bounds bounds;
	double throughput;
	struct sluice_search_spread spread;
	bool regular;	   /* both bounds are there, and close */
	uint64_t intended; /* at the upper bound, over all of its trials */
	uint64_t place[SLUICE_TESTER_PLACES];
	uint64_t cpu[SLUICE_BENCH_CPU_KINDS]; /* at the lower bound */
};

/* What the repeats of the longest burst say together. */
struct bursts {
	double mean;
	double deviation;
	uint64_t least;
	uint64_t most;
	size_t at_least;
	double offered; /* mean */
	double drain;	/* mean of those that have one; 0: none has */
	size_t drains;
};

/* Draws the conclusions for a goal. */
static struct verdict conclude(const struct sluice_search_options *options,
			       const struct sluice_search_found *found,
			       const struct sluice_search_goal *goal)
{
	struct sluice_search_trials trials = sluice_search_trials_of(found);
	struct sluice_search_limits limits = sluice_search_limits_of(options, found);
	struct verdict verdict = {.bounds = sluice_search_bounds(goal, &trials)};
	size_t index;
	size_t place;

	verdict.regular = verdict.bounds.lower && verdict.bounds.upper &&
			  sluice_search_is_done(goal, &trials, &limits);
	if (verdict.bounds.lower) {
		verdict.throughput = sluice_search_throughput(goal, &trials, verdict.bounds.lower);
		verdict.spread = sluice_search_spread(goal, &trials, verdict.bounds.lower);
	}
	for (index = 0; index < found->count; index++) {
		const struct sluice_search_entry *entry = &found->entry[index];

		if (entry->trial.warm_up)
			continue;
		if (entry->trial.load == verdict.bounds.upper) {
			verdict.intended += entry->trial.intended;
			for (place = 0; place < SLUICE_TESTER_PLACES; place++)
				verdict.place[place] += entry->place[place];
		}
		if (entry->trial.load == verdict.bounds.lower)
			for (place = 0; place < SLUICE_BENCH_CPU_KINDS; place++)
				verdict.cpu[place] += entry->cpu[place];
	}
	return verdict;
}

/* Puts the repeats together. */
static struct bursts gather(const struct sluice_search_found *found)
{
	struct bursts bursts = {0};
	double squares = 0;
	size_t index;

	for (index = 0; index < found->bursts; index++) {
		const struct sluice_search_burst *burst = &found->burst[index];

		bursts.mean += (double)burst->length;
		squares += (double)burst->length * (double)burst->length;
		bursts.offered += burst->offered;
		if (index == 0 || burst->length < bursts.least)
			bursts.least = burst->length;
		if (burst->length > bursts.most)
			bursts.most = burst->length;
		bursts.at_least += burst->at_least ? 1 : 0;
		bursts.drain += burst->drain;
		bursts.drains += burst->drain > 0 ? 1 : 0;
	}
	if (found->bursts) {
		bursts.mean /= (double)found->bursts;
		bursts.offered /= (double)found->bursts;
		squares = squares / (double)found->bursts - bursts.mean * bursts.mean;
		bursts.deviation = squares > 0 ? sqrt(squares) : 0;
	}
	if (bursts.drains)
		bursts.drain /= (double)bursts.drains;
	return bursts;
}

/* What the relay can hold of a burst, in seconds, less what it passes on meanwhile (RFC 9004,
 * corrected DUT buffer time). */
static double buffer_seconds(const struct bursts *bursts, double rate)
{
	if (bursts->offered <= 0 || rate >= bursts->offered)
		return 0;
	return bursts->mean / bursts->offered * (1 - rate / bursts->offered);
}

/* The result of one goal, for people. */
static void print_goal(const struct sluice_search_goal *goal, const struct verdict *verdict,
		       const struct sluice_search_found *found)
{
	double all = 0;
	size_t index;

	printf("\nloss ratio %g\n", goal->loss_ratio);
	if (verdict->bounds.lower == 0 && verdict->bounds.upper == 0) {
		printf("  rate          not known: the search was not brought to its end\n");
	} else if (verdict->bounds.lower == 0) {
		printf("  rate          none: too much was lost even at %" PRIu64
		       " a second, the lowest load tried\n",
		       verdict->bounds.upper);
	} else if (verdict->bounds.upper == 0) {
		printf("  rate          at least %.0f a second%s\n", verdict->throughput,
		       verdict->bounds.lower >= found->max_load
			       ? " (irregular: Max Load was passed)"
			       : " (the search was not brought to its end)");
	} else {
		printf("  rate          %.0f a second%s\n", verdict->throughput,
		       verdict->regular ? "" : " (the search was not brought to its end)");
		printf("  between       %" PRIu64 " (lower bound) and %" PRIu64
		       " (upper bound), %.2f %% apart\n",
		       verdict->bounds.lower, verdict->bounds.upper,
		       (double)(verdict->bounds.upper - verdict->bounds.lower) * 100 /
			       (double)verdict->bounds.upper);
	}
	if (verdict->bounds.lower) {
		printf("  at the lower  %zu of %zu trials lost more than that; forwarded %.0f to "
		       "%.0f a second\n",
		       verdict->spread.high, verdict->spread.trials, verdict->spread.least,
		       verdict->spread.most);
		printf("  processors   ");
		for (index = 0; index < SLUICE_BENCH_CPU_KINDS; index++)
			all += (double)verdict->cpu[index];
		for (index = 0; all > 0 && index < SLUICE_BENCH_CPU_KINDS; index++)
			printf("%s %s %.0f %%", index ? "," : "",
			       sluice_bench_cpu_name((enum sluice_bench_cpu)index),
			       (double)verdict->cpu[index] * 100 / all);
		printf(" (of this machine, the tester included)\n");
	}
	if (verdict->bounds.upper) {
		const char *comma = "";

		printf("  lost at the upper, of %" PRIu64 ": ", verdict->intended);
		for (index = 0; index < SLUICE_TESTER_PLACES; index++) {
			if (verdict->place[index] == 0 && index != SLUICE_TESTER_UNFOUND)
				continue;
			printf("%s%s %" PRIu64, comma,
			       sluice_tester_place_name((enum sluice_tester_place)index),
			       verdict->place[index]);
			comma = ", ";
		}
		printf("\n");
	}
}

/* A row of times, in microseconds. */
static void print_times(const char *what, uint64_t load, const uint64_t *time)
{
	size_t index;

	if (load)
		printf("  %-22s %10" PRIu64, what, load);
	else
		printf("  %-22s %10s", what, "");
	for (index = 0; index < SLUICE_SEARCH_TIMES; index++)
		printf(" %10.1f", (double)time[index] / 1e3);
	printf("\n");
}

/* The table of times. */
static void print_latencies(const struct sluice_search_found *found)
{
	char text[32];
	size_t index;

	if (found->latencies == 0)
		return;
	printf("\nfrom the intended time of sending to receipt, in microseconds\n");
	printf("  %-22s %10s %10s %10s %10s %10s %10s %10s\n", "load, % of the rate", "a second",
	       "p50", "p90", "p99", "p99.9", "p99.99", "max");
	for (index = 0; index < found->latencies; index++) {
		const struct sluice_search_latency *row = &found->latency[index];

		snprintf(text, sizeof(text), "%s", row->name);
		print_times(text, row->load, row->time);
		print_times("  of it, sender late", 0, row->sender);
		print_times("  the tester alone", 0, row->bare);
		if (row->lost)
			printf("  %-22s %10" PRIu64 " of them never came\n", "", row->lost);
	}
}

/* The part about bursts. */
static void print_bursts(const struct sluice_search_found *found, double rate)
{
	struct bursts bursts = gather(found);

	if (found->bursts == 0)
		return;
	printf("\nlongest burst without loss (RFC 9004), %zu repeats at %.0f a second\n",
	       found->bursts, bursts.offered);
	printf("  datagrams     %s%.0f on average, %" PRIu64 " to %" PRIu64
	       ", standard deviation %.0f\n",
	       bursts.at_least ? "at least " : "", bursts.mean, bursts.least, bursts.most,
	       bursts.deviation);
	printf("  buffer        %.6f s of that, corrected for what is passed on meanwhile\n",
	       buffer_seconds(&bursts, rate));
	if (bursts.drains)
		printf("drain rate      %.0f a second, of what waited when a burst ended (%zu "
		       "bursts)\n",
		       bursts.drain, bursts.drains);
	else
		printf("drain rate      not seen: too little waited when a burst ended\n");
}

/* As search.h says. */
void sluice_search_report_text(const struct sluice_search_options *options,
			       const struct sluice_search_found *found)
{
	const struct sluice_search_goal *first = &options->goals[0];
	struct verdict verdict = {0};
	struct bursts bursts = gather(found);
	double rate = 0;
	size_t index;

	printf("search          %s, delivering to %s; %s bytes, %zu source ports\n", options->to,
	       options->listen, options->size, options->setup.route.sources);
	printf("by              MLRsearch (RFC 9971); %zu trials%s, %.0f s\n", found->count,
	       found->resumed ? ", some of an earlier search" : "", found->seconds);
	printf("goals           Goal Final Trial Duration %g s and at least one datagram over the "
	       "loss ratio,\n"
	       "                Goal Duration Sum %g s, Goal Exceed Ratio %g %%, Goal Width %g %% "
	       "of the upper bound\n",
	       first->seconds, first->sum_seconds, first->exceed_ratio * 100, first->width * 100);
	printf("sustained       what came later than %g ms after the end is lost, and so is what "
	       "waits more at the end\n"
	       "                than at the beginning, if it is more than the width\n",
	       (double)options->setup.grace_ns / 1e6);
	if (options->setup.late_ns)
		printf("                the sender may be %g ms late at the end; what it has not "
		       "sent then "
		       "is lost%s\n",
		       (double)options->setup.late_ns / 1e6,
		       options->setup.realtime ? "; it goes before all other programs" : "");
	else
		printf("                the sender may be late by the width of a trial; what it "
		       "has not "
		       "sent then is lost%s\n",
		       options->setup.realtime ? "; it goes before all other programs" : "");
	printf("tester alone    sends %" PRIu64 " a second; Max Load %" PRIu64 "%s\n",
	       found->offered, found->max_load,
	       found->capped ? " (--max-rate; the tester loses nothing there)"
			     : " (where the tester alone loses nothing)");
	for (index = 0; index < options->goal_count; index++) {
		verdict = conclude(options, found, &options->goals[index]);
		if (index == 0)
			rate = verdict.throughput;
		print_goal(&options->goals[index], &verdict, found);
	}
	sluice_search_report_threads(&found->used);
	print_bursts(found, rate);
	print_latencies(found);
	printf("RESULT part=search max_load=%" PRIu64 " trials=%zu seconds=%.0f", found->max_load,
	       found->count, found->seconds);
	for (index = 0; index < options->goal_count; index++) {
		double ratio = options->goals[index].loss_ratio;

		verdict = conclude(options, found, &options->goals[index]);
		printf(" rate_%g=%.0f lower_%g=%" PRIu64 " upper_%g=%" PRIu64 " regular_%g=%s",
		       ratio, verdict.throughput, ratio, verdict.bounds.lower, ratio,
		       verdict.bounds.upper, ratio, verdict.regular ? "yes" : "no");
	}
	if (found->bursts)
		printf(" burst=%.0f burst_least=%" PRIu64 " burst_most=%" PRIu64
		       " burst_at_least=%s drain=%.0f",
		       bursts.mean, bursts.least, bursts.most, bursts.at_least ? "yes" : "no",
		       bursts.drain);
	printf("\n");
	fflush(stdout);
}

/* Times as an object, in nanoseconds. @owner caller */
static json_t *json_times(const uint64_t *time)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "p50_ns", (json_int_t)time[0], "p90_ns",
			 (json_int_t)time[1], "p99_ns", (json_int_t)time[2], "p99_9_ns",
			 (json_int_t)time[3], "p99_99_ns", (json_int_t)time[4], "max_ns",
			 (json_int_t)time[5]);
}

/* One goal as an object. @owner caller */
static json_t *json_goal(const struct sluice_search_options *options,
			 const struct sluice_search_found *found,
			 const struct sluice_search_goal *goal)
{
	struct verdict verdict = conclude(options, found, goal);
	json_t *places = json_object();
	json_t *cpu = json_object();
	size_t index;

	for (index = 0; index < SLUICE_TESTER_PLACES; index++)
		json_object_set_new(places,
				    sluice_tester_place_name((enum sluice_tester_place)index),
				    json_integer((json_int_t)verdict.place[index]));
	for (index = 0; index < SLUICE_BENCH_CPU_KINDS; index++)
		json_object_set_new(cpu, sluice_bench_cpu_name((enum sluice_bench_cpu)index),
				    json_integer((json_int_t)verdict.cpu[index] * 10));
	return json_pack(
		"{s:f,s:f,s:f,s:f,s:f,s:I,s:I,s:f,s:b,s:I,s:I,s:f,s:f,s:I,s:o,s:o}", "loss_ratio",
		goal->loss_ratio, "exceed_ratio", goal->exceed_ratio, "width", goal->width,
		"final_trial_seconds", goal->seconds, "duration_sum_seconds", goal->sum_seconds,
		"lower", (json_int_t)verdict.bounds.lower, "upper",
		(json_int_t)verdict.bounds.upper, "rate", verdict.throughput, "regular",
		(int)verdict.regular, "trials", (json_int_t)verdict.spread.trials, "lossy",
		(json_int_t)verdict.spread.high, "forwarded_least", verdict.spread.least,
		"forwarded_most", verdict.spread.most, "intended_at_upper",
		(json_int_t)verdict.intended, "lost_at_upper", places, "cpu_ms_at_lower", cpu);
}

/* As search.h says. */
void sluice_search_report_json(const struct sluice_search_options *options,
			       const struct sluice_search_found *found)
{
	json_t *goals = json_array();
	json_t *bursts = json_array();
	json_t *latencies = json_array();
	json_t *all;
	size_t index;

	for (index = 0; index < options->goal_count; index++)
		json_array_append_new(goals, json_goal(options, found, &options->goals[index]));
	for (index = 0; index < found->bursts; index++)
		json_array_append_new(bursts,
				      json_pack("{s:I,s:b,s:f,s:f}", "length",
						(json_int_t)found->burst[index].length, "at_least",
						(int)found->burst[index].at_least, "offered_pps",
						found->burst[index].offered, "drain_pps",
						found->burst[index].drain));
	for (index = 0; index < found->latencies; index++) {
		const struct sluice_search_latency *row = &found->latency[index];

		json_array_append_new(latencies, json_pack("{s:s,s:I,s:I,s:I,s:o,s:o,s:o}", "load",
							   row->name, "pps", (json_int_t)row->load,
							   "received", (json_int_t)row->count,
							   "lost", (json_int_t)row->lost, "latency",
							   json_times(row->time), "sender_late",
							   json_times(row->sender), "tester_alone",
							   json_times(row->bare)));
	}
	all = json_pack("{s:s,s:s,s:s,s:i,s:I,s:I,s:b,s:I,s:f,s:I,s:f,s:o,s:o,s:o}", "part",
			"search", "to", options->to, "listen", options->listen, "size",
			(int)options->setup.size, "offered_pps", (json_int_t)found->offered,
			"max_load", (json_int_t)found->max_load, "capped", (int)found->capped,
			"trials", (json_int_t)found->count, "seconds", found->seconds, "grace_ns",
			(json_int_t)options->setup.grace_ns, "flows",
			(double)options->setup.route.sources, "goals", goals, "bursts", bursts,
			"latencies", latencies);
	json_object_set_new(all, "relay_threads", sluice_search_json_threads(&found->used));
	if (all)
		json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
	printf("\n");
	fflush(stdout);
	json_decref(all);
}
