// SPDX-License-Identifier: MIT
/*
 * sluicebench search: at what rate does a relay lose nothing (the Manager of RFC 9971). The tester
 * alone, then the sustained rate, the longest burst, the times. What is measured is tester.c's,
 * what follows from it search_goal.c's. Touches: stderr, and what the tester, the relay and the
 * file of results touch.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include "../lib/clock.h"
#include "../lib/size.h"
#include "command.h"
#include "search.h"
#include "relay_counters.h"
#include "search_relay.h"

/* The tester alone: it is tried at nine tenths of what came, then of that, so often. */
#define MAX_LOAD_TRIES 25U
#define MAX_LOAD_SHARE 0.9
/* The shortest burst, how much longer each is, how close the longest is known, how many seconds of
 * the tester's rate the longest is at most. */
#define BURST_FIRST 64U
#define BURST_CLOSE 0.05
#define BURST_SECONDS 4U
#define BURST_LIMIT_SECONDS 3600.0
/* Below this, how fast what waited came out says nothing. */
#define DRAIN_LEAST 100U
#define DRAIN_SHARE 10U
/* At no load: so many a second. */
#define NO_LOAD 100U
/* A trial takes this longer than its traffic, for the estimate of the time left. */
#define TRIAL_PAUSE 0.2
#define BURST_ESTIMATE 8.0
#define BAR 24

/* A search at work. */
struct search {
	struct sluice_search_options options;
	struct sluice_search_found found;
	struct sluice_tester *tester;
	pid_t relay;
	uint64_t start;
	size_t before; /* trials that were there already */
	bool on_a_line;
};

/* Quantiles of the table of times. */
static const double shares[SLUICE_SEARCH_TIMES] = {0.5, 0.9, 0.99, 0.999, 0.9999, 1};

static volatile sig_atomic_t stop;

/* SIGINT and SIGTERM end it; what was found is printed. @context signal */
static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Seconds that are still to come, as far as can be said. */
static double time_left(const struct search *search, size_t latencies)
{
	const struct sluice_search_options *options = &search->options;
	struct sluice_search_trials trials = sluice_search_trials_of(&search->found);
	struct sluice_search_limits limits = sluice_search_limits_of(options, &search->found);
	double left = 0;

	if (search->found.max_load)
		left = sluice_search_left(options->goals, options->goal_count, &trials, &limits) *
		       (1 + TRIAL_PAUSE);
	if (options->repeats > search->found.bursts)
		left += BURST_ESTIMATE * (double)(options->repeats - search->found.bursts);
	return left +
	       2 * (options->latency_seconds + 1) * (double)(SLUICE_SEARCH_LATENCIES - latencies);
}

/* Says what is being done, with a bar and the time left. */
static void tell(struct search *search, const char *what)
{
	double spent = (double)(sluice_now() - search->start);
	double left = time_left(search, search->found.latencies) * 1e9;
	char text[SLUICE_SIZE_TEXT];
	int share = (int)(spent / (spent + left + 1) * BAR);
	bool terminal = isatty(STDERR_FILENO);

	if (search->options.quiet)
		return;
	fprintf(stderr, "%ssearch: [%.*s%.*s] about %s left: %s%s", terminal ? "\r\033[K" : "",
		share, "########################", BAR - share, "........................",
		sluice_duration_say((uint64_t)left, text), what, terminal ? "" : "\n");
	fflush(stderr);
	search->on_a_line = terminal;
}

/* Ends the line of the progress. */
static void end_line(struct search *search)
{
	if (search->on_a_line)
		fputc('\n', stderr);
	search->on_a_line = false;
}

/* Says why a search cannot go on. Returns the exit status. */
static int failed(struct search *search, const char *what, int error)
{
	end_line(search);
	if (error == -EINTR)
		fprintf(stderr, "sluicebench search: ended before it was done%s%s\n",
			search->options.resume ? "; the same command goes on from "
					       : "; with --resume FILE it could go on",
			search->options.resume ? search->options.resume : "");
	else
		fprintf(stderr, "sluicebench search: %s: %s\n", what, strerror(-error));
	return SLUICE_BENCH_FAILURE;
}

/* Runs a trial; an ended relay ends the search. 0 or a negative errno. */
static int run_trial(struct search *search, const struct sluice_tester_order *order,
		     struct sluice_tester_result *result)
{
	int status = 0;

	if (sluice_search_relay_has_ended(search->relay, &status)) {
		search->relay = 0;
		return -ESRCH;
	}
	return sluice_tester_trial(search->tester, order, result);
}

/* Finds Max Load: the highest load at which the tester alone loses nothing. 0 or a negative errno.
 */
static int find_max_load(struct search *search)
{
	const struct sluice_search_options *options = &search->options;
	double seconds = options->goals[0].seconds;
	struct sluice_tester_order order = {.bare = true, .seconds = seconds};
	struct sluice_tester_result result;
	unsigned int attempt;
	char text[96];
	int error;

	tell(search, "the tester alone, as fast as it can");
	error = run_trial(search, &order, &result);
	if (error)
		return error;
	search->found.offered = (uint64_t)((double)result.sent / result.seconds);
	order.load = (uint64_t)((double)result.received / result.seconds);
	if (options->most && options->most < order.load) {
		order.load = options->most;
		search->found.capped = true;
	}
	if (order.load == 0)
		return -ENODATA;
	for (attempt = 0; attempt < MAX_LOAD_TRIES; attempt++) {
		snprintf(text, sizeof(text), "the tester alone at %" PRIu64 " a second",
			 order.load);
		tell(search, text);
		error = run_trial(search, &order, &result);
		if (error)
			return error;
		if (result.lost == 0 || order.load <= options->least)
			break;
		search->found.capped = false;
		order.load = (uint64_t)((double)order.load * MAX_LOAD_SHARE);
	}
	search->found.max_load = order.load > options->least ? order.load : options->least;
	return sluice_search_file_max(options, &search->found);
}

/* Runs a trial of the sustained rate and keeps it. 0 or a negative errno. */
static int measure(struct search *search, uint64_t load, double seconds, bool warm_up)
{
	struct sluice_tester_order order = {.load = load, .seconds = seconds};
	struct sluice_search_entry entry = {
		.trial = {.load = load, .seconds = seconds, .warm_up = warm_up}};
	struct sluice_tester_result result;
	char text[96];
	int error;

	snprintf(text, sizeof(text), "trial %zu%s, %" PRIu64 " a second for %.3g s",
		 search->found.count + 1, warm_up ? " (warm-up)" : "", load, seconds);
	tell(search, text);
	error = run_trial(search, &order, &result);
	if (error)
		return error;
	entry.trial.intended = result.intended;
	entry.trial.lost = result.lost;
	memcpy(entry.place, result.place, sizeof(entry.place));
	memcpy(entry.cpu, result.cpu, sizeof(entry.cpu));
	error = sluice_search_found_add(&search->found, &entry);
	return error ? error : sluice_search_file_trial(&search->options, &entry);
}

/* Finds the sustained rates. 0 or a negative errno. */
static int find_rates(struct search *search)
{
	const struct sluice_search_options *options = &search->options;
	struct sluice_search_limits limits = sluice_search_limits_of(options, &search->found);
	struct sluice_search_trials trials = sluice_search_trials_of(&search->found);
	struct sluice_search_step step;
	int error = 0;

	if (trials.count == 0)
		error = measure(search, limits.most, options->goals[0].seconds, true);
	while (!error) {
		trials = sluice_search_trials_of(&search->found);
		if (!sluice_search_next(options->goals, options->goal_count, &trials, &limits,
					&step))
			break;
		error = measure(search, step.load, step.seconds, false);
	}
	return error;
}

/* What the relay's threads use at the first goal's lower bound. 0 or a negative errno. */
static int find_threads(struct search *search)
{
	struct sluice_search_trials trials = sluice_search_trials_of(&search->found);
	struct sluice_search_threads *used = &search->found.used;
	struct sluice_tester_order order = {.seconds = search->options.goals[0].seconds};
	pid_t process = search->relay > 0 ? search->relay : search->options.pid;
	struct sluice_relay_threads *before;
	struct sluice_tester_result result;
	uint64_t start = sluice_now();
	int error;

	order.load = sluice_search_bounds(&search->options.goals[0], &trials).lower;
	if (process <= 0 || order.load == 0)
		return 0;
	before = calloc(1, sizeof(*before));
	if (!before)
		return -ENOMEM;
	tell(search, "what the relay's threads use");
	sluice_relay_threads_read(before, process);
	error = run_trial(search, &order, &result);
	sluice_relay_threads_read(&used->threads, process);
	sluice_relay_threads_since(&used->threads, before);
	free(before);
	if (error)
		return error;
	used->load = order.load;
	used->delivered = result.received;
	used->seconds = (double)(sluice_now() - start) / 1e9;
	memcpy(used->cpu, result.cpu, sizeof(result.cpu));
	return 0;
}

/* Looks whether --counters can be had now that the relay runs. Exit status. */
static int try_counters(struct search *search)
{
	uint64_t lost[SLUICE_LOST_CAUSES];
	int error = sluice_relay_counters_read(search->options.setup.counters, lost);

	return error ? failed(search,
			      "the output of --counters is not that of 'sluicectl show "
			      "inputs -j'",
			      error)
		     : SLUICE_BENCH_OK;
}

/* Sends one burst. 1: nothing was lost; 0: something was; or a negative errno. */
static int try_burst(struct search *search, uint64_t length, struct sluice_search_burst *burst)
{
	struct sluice_tester_order order = {.burst = length, .seconds = BURST_LIMIT_SECONDS};
	struct sluice_tester_result result;
	char text[96];
	int error;

	snprintf(text, sizeof(text), "burst %zu of %zu: %" PRIu64 " at once",
		 search->found.bursts + 1, search->options.repeats, length);
	tell(search, text);
	error = run_trial(search, &order, &result);
	if (error)
		return error;
	if (result.received < result.sent)
		return 0;
	burst->length = length;
	burst->offered = (double)result.sent / result.seconds;
	burst->drain = 0;
	if (result.waiting >= DRAIN_LEAST && result.waiting * DRAIN_SHARE >= length &&
	    result.drain_seconds > 0)
		burst->drain = (double)result.waiting / result.drain_seconds;
	return 1;
}

/* One repeat of the longest burst: doubled until something is lost, then between. 0 or a negative
 * errno. */
static int find_burst(struct search *search, struct sluice_search_burst *burst)
{
	uint64_t limit = search->found.offered * BURST_SECONDS;
	uint64_t length = BURST_FIRST;
	uint64_t lossy = 0;
	int passed;

	if (search->found.bursts)
		length = search->found.burst[search->found.bursts - 1].length / 4;
	length = length > BURST_FIRST ? length : BURST_FIRST;
	while (!lossy) {
		passed = try_burst(search, length, burst);
		if (passed < 0)
			return passed;
		if (!passed)
			lossy = length;
		else if (length >= limit)
			break;
		length = length * 2 < limit ? length * 2 : limit;
	}
	burst->at_least = !lossy;
	while (lossy && lossy - burst->length > 1 &&
	       (double)(lossy - burst->length) > BURST_CLOSE * (double)lossy) {
		length = burst->length + (lossy - burst->length) / 2;
		passed = try_burst(search, length, burst);
		if (passed < 0)
			return passed;
		if (!passed)
			lossy = length;
	}
	return 0;
}

/* Finds the longest burst, as often as is asked. 0 or a negative errno. */
static int find_bursts(struct search *search)
{
	struct sluice_search_found *found = &search->found;

	while (found->bursts < search->options.repeats) {
		struct sluice_search_burst burst = {0};
		int error = find_burst(search, &burst);

		if (!error)
			error = sluice_search_file_burst(&search->options, &burst);
		if (error)
			return error;
		found->burst[found->bursts++] = burst;
	}
	return 0;
}

/* Takes the quantiles of a histogram. */
static void take_times(const struct sluice_histogram *histogram, uint64_t *time)
{
	size_t index;

	for (index = 0; index < SLUICE_SEARCH_TIMES; index++)
		time[index] = sluice_histogram_quantile(histogram, shares[index]);
}

/* Writes a distribution to its file. 0 or a negative errno. */
static int write_distribution(const struct search *search, const char *name)
{
	char path[4096];
	FILE *file;

	if (!search->options.hgrm)
		return 0;
	if (snprintf(path, sizeof(path), "%s-%s.hgrm", search->options.hgrm, name) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "we");
	if (!file)
		return -errno;
	sluice_histogram_write(sluice_tester_latency(search->tester), file);
	return fclose(file) ? -errno : 0;
}

/* Measures times at one load, without and with the relay. 0 or a negative errno. */
static int find_latency(struct search *search, const char *name, uint64_t load)
{
	struct sluice_search_latency *row = &search->found.latency[search->found.latencies];
	struct sluice_tester_order order = {
		.bare = true, .load = load, .seconds = search->options.latency_seconds};
	struct sluice_tester_result result;
	char text[96];
	int error;

	snprintf(text, sizeof(text), "times at %" PRIu64 " a second", load);
	tell(search, text);
	error = run_trial(search, &order, &result);
	if (error)
		return error;
	take_times(sluice_tester_latency(search->tester), row->bare);
	order.bare = false;
	error = run_trial(search, &order, &result);
	if (error)
		return error;
	row->name = name;
	row->load = load;
	row->count = result.received;
	row->lost = result.intended - result.received;
	take_times(sluice_tester_latency(search->tester), row->time);
	take_times(sluice_tester_lateness(search->tester), row->sender);
	search->found.latencies++;
	return write_distribution(search, name);
}

/* Measures times at no load and at shares of the rate of the first goal. 0 or a negative errno. */
static int find_latencies(struct search *search)
{
	static const char *const names[SLUICE_SEARCH_LATENCIES] = {"none", "10", "50", "90"};
	static const uint64_t percent[SLUICE_SEARCH_LATENCIES] = {0, 10, 50, 90};
	struct sluice_search_trials trials = sluice_search_trials_of(&search->found);
	uint64_t rate = sluice_search_bounds(&search->options.goals[0], &trials).lower;
	size_t index;
	int error = 0;

	for (index = 0; search->options.latency_seconds > 0 && rate && !error &&
			index < SLUICE_SEARCH_LATENCIES;
	     index++) {
		uint64_t load = rate * percent[index] / 100;

		/* At no load, however low the rate is. */
		if (percent[index] == 0)
			load = rate / 100 < NO_LOAD ? rate / 100 : NO_LOAD;
		error = find_latency(search, names[index], load > 0 ? load : 1);
	}
	return error;
}

/* Waits until the relay passes something. Exit status. */
static int await_relay(struct search *search)
{
	const struct sluice_tester_order order = {.load = 10, .seconds = 0.1};
	uint64_t deadline = sluice_now() + search->options.wait_ns;
	struct sluice_tester_result result;
	int error;

	do {
		tell(search, "waiting for the relay to pass a datagram");
		error = run_trial(search, &order, &result);
		if (error)
			return failed(search,
				      error == -ESRCH ? "the command of --relay has ended"
						      : "a first datagram",
				      error);
		if (result.received > 0)
			return SLUICE_BENCH_OK;
	} while (sluice_now() < deadline);
	end_line(search);
	fprintf(stderr,
		"sluicebench search: nothing of what was sent to %s came to port %s: does the "
		"relay run, and is that where it delivers to?\n",
		search->options.to, search->options.listen);
	return SLUICE_BENCH_FAILURE;
}

/* Reads what an earlier search has found. Exit status. */
static int take_up(struct search *search)
{
	unsigned int line = 0;
	int error = sluice_search_file_read(&search->options, &search->found, &line);

	if (!error)
		return SLUICE_BENCH_OK;
	fprintf(stderr, "sluicebench search: --resume %s, line %u: %s\n", search->options.resume,
		line,
		error == -EPROTO   ? "is not of a search; give another file"
		: error == -ESTALE ? "was begun with other options; give them, or another file"
				   : strerror(-error));
	return SLUICE_BENCH_FAILURE;
}

/* Finds everything. Exit status. */
static int find_all(struct search *search)
{
	static const struct {
		int (*find)(struct search *search);
		const char *what;
	} parts[] = {
		{find_rates, "a trial"},
		{find_threads, "what its threads use"},
		{find_bursts, "a burst"},
		{find_latencies, "times"},
	};
	size_t index;
	int error = 0;
	int status;

	if (search->found.max_load == 0)
		error = find_max_load(search);
	if (error)
		return failed(search, "the tester alone", error);
	if (search->options.relay) {
		search->relay = sluice_search_relay_start(search->options.relay);
		if (search->relay < 0)
			return failed(search, "--relay", search->relay);
	}
	status = await_relay(search);
	if (!status)
		status = try_counters(search);
	for (index = 0; !status && index < sizeof(parts) / sizeof(parts[0]); index++) {
		error = parts[index].find(search);
		if (error)
			status = failed(search,
					error == -ESRCH ? "the command of --relay has ended"
							: parts[index].what,
					error);
	}
	return status;
}

/* Has every goal a rate that meets it? */
static bool has_rates(const struct search *search)
{
	struct sluice_search_trials trials = sluice_search_trials_of(&search->found);
	size_t index;

	for (index = 0; index < search->options.goal_count; index++)
		if (sluice_search_bounds(&search->options.goals[index], &trials).lower == 0)
			return false;
	return true;
}

/* Gets ready, searches, reports. Exit status. */
static int work(struct search *search)
{
	struct sigaction action = {.sa_handler = on_signal};
	const char *why = "";
	int status = take_up(search);
	int error;

	if (status)
		return status;
	error = sluice_tester_open(&search->tester, &search->options.setup, &stop, &why);
	if (error) {
		fprintf(stderr, "sluicebench search: %s: %s\n", why, strerror(-error));
		return SLUICE_BENCH_FAILURE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	search->start = sluice_now();
	status = find_all(search);
	end_line(search);
	search->found.seconds = (double)(sluice_now() - search->start) / 1e9;
	if (search->found.count == 0)
		return status;
	if (search->options.json)
		sluice_search_report_json(&search->options, &search->found);
	else
		sluice_search_report_text(&search->options, &search->found);
	return !status && !has_rates(search) ? SLUICE_BENCH_WRONG : status;
}

/* As command.h says. */
int sluice_bench_search(int argc, char **argv)
{
	struct search *search = calloc(1, sizeof(*search));
	int status;

	if (!search)
		return SLUICE_BENCH_FAILURE;
	stop = 0;
	status = sluice_search_options_read(&search->options, argc, argv);
	if (status < 0)
		status = work(search);
	sluice_search_relay_stop(search->relay);
	sluice_tester_close(search->tester);
	sluice_search_found_free(&search->found);
	free(search);
	return status;
}
