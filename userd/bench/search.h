/* SPDX-License-Identifier: MIT */
/*
 * What the parts of `sluicebench search` share: what was asked for, and what was found so far.
 * Touches: nothing.
 */
#ifndef SLUICE_BENCH_SEARCH_H
#define SLUICE_BENCH_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "relay_threads.h"
#include "search_goal.h"
#include "tester.h"

#define SLUICE_SEARCH_REPEATS 100U /* most repeats of the longest burst */
#define SLUICE_SEARCH_LATENCIES 4U /* loads at which times are measured */
#define SLUICE_SEARCH_TIMES 6U	   /* quantiles of each */

/* What the command line says. Strings point into argv. */
struct sluice_search_options {
	struct sluice_tester_setup setup;
	struct sluice_search_goal goals[SLUICE_SEARCH_GOALS];
	size_t goal_count;
	const char *to;
	const char *size; /* as it was said */
	const char *listen;
	const char *relay;	/* command that runs the relay; NULL: it runs */
	pid_t pid;		/* process of one that runs; 0: not said */
	const char *resume;	/* file of what was found; NULL: none */
	const char *hgrm;	/* what the files of distributions begin with; NULL: none */
	uint64_t most;		/* no load above; 0: as the tester can */
	uint64_t least;		/* no load below */
	uint64_t wait_ns;	/* for the relay to pass the first datagram */
	size_t repeats;		/* of the longest burst; 0: not looked for */
	double latency_seconds; /* per load; 0: not measured */
	bool json;
	bool quiet;
};

/* A trial with all that is told of it; `trial` first, so that the logic can read the list. */
struct sluice_search_entry {
	struct sluice_search_trial trial;
	uint64_t place[SLUICE_TESTER_PLACES];
	uint64_t cpu[SLUICE_BENCH_CPU_KINDS];
};

/* One repeat of the longest burst. */
struct sluice_search_burst {
	uint64_t length; /* datagrams that went through without loss */
	bool at_least;	 /* none was long enough to be lost */
	double offered;	 /* how fast they were sent, datagrams a second */
	double drain;	 /* how fast what then waited came out; 0: too little waited */
};

/* Times at one load, in nanoseconds: p50, p90, p99, p99.9, p99.99, largest. */
struct sluice_search_latency {
	const char *name;
	uint64_t load;
	uint64_t count;			      /* received */
	uint64_t lost;			      /* of them not received */
	uint64_t time[SLUICE_SEARCH_TIMES];   /* from the intended sending to receipt */
	uint64_t sender[SLUICE_SEARCH_TIMES]; /* of that: how late the sender was */
	uint64_t bare[SLUICE_SEARCH_TIMES];   /* the same as `time` without the relay */
};

/* What the relay's threads used in a trial at the first goal's lower bound. */
struct sluice_search_threads {
	uint64_t load;			      /* 0: not measured */
	uint64_t delivered;		      /* datagrams */
	double seconds;			      /* from the first to the end of the pause */
	uint64_t cpu[SLUICE_BENCH_CPU_KINDS]; /* of the machine */
	struct sluice_relay_threads threads;
};

/* What was found. */
struct sluice_search_found {
	uint64_t offered;  /* tester alone: as fast as it sends, datagrams a second */
	uint64_t max_load; /* tester alone: the highest load without loss, or --max-rate */
	bool capped;	   /* --max-rate is lower than what the tester can */
	struct sluice_search_entry *entry; /* @owner found */
	size_t count;
	struct sluice_search_trial *trial; /* @owner found; the same, for the logic */
	struct sluice_search_burst burst[SLUICE_SEARCH_REPEATS];
	size_t bursts;
	struct sluice_search_latency latency[SLUICE_SEARCH_LATENCIES];
	size_t latencies;
	struct sluice_search_threads used;
	double seconds; /* that it took */
	bool resumed;
};

/* The trials as the logic wants them. */
static inline struct sluice_search_trials
sluice_search_trials_of(const struct sluice_search_found *found)
{
	struct sluice_search_trials trials = {.trial = found->trial, .count = found->count};

	return trials;
}

/* The limits of the loads. */
static inline struct sluice_search_limits
sluice_search_limits_of(const struct sluice_search_options *options,
			const struct sluice_search_found *found)
{
	struct sluice_search_limits limits = {.least = options->least, .most = found->max_load};

	if (limits.least > limits.most)
		limits.least = limits.most;
	return limits;
}

/* Reads the command line. -1: go on; else it has been answered, and this is the exit status. */
int sluice_search_options_read(struct sluice_search_options *options, int argc, char **argv);

/* Adds a trial. 0 or -ENOMEM. */
int sluice_search_found_add(struct sluice_search_found *found,
			    const struct sluice_search_entry *entry);
void sluice_search_found_free(struct sluice_search_found *found);

/* The file of what was found. Reading fills in `found`; a file that is not there is none. 0 or a
 * negative errno; -EPROTO: it is none, -ESTALE: of another search, *line says where. */
int sluice_search_file_read(const struct sluice_search_options *options,
			    struct sluice_search_found *found, unsigned int *line);
/* Each appends what was found; 0 or a negative errno. Without a file: nothing, 0. */
int sluice_search_file_max(const struct sluice_search_options *options,
			   const struct sluice_search_found *found);
int sluice_search_file_trial(const struct sluice_search_options *options,
			     const struct sluice_search_entry *entry);
int sluice_search_file_burst(const struct sluice_search_options *options,
			     const struct sluice_search_burst *burst);

/* Prints what was found, for people (the last line: RESULT) or as one JSON object. */
void sluice_search_report_text(const struct sluice_search_options *options,
			       const struct sluice_search_found *found);
/* The part about the relay's threads: for people, and as an object (NULL: not measured). @owner
 * caller */
void sluice_search_report_threads(const struct sluice_search_threads *used);
struct json_t *sluice_search_json_threads(const struct sluice_search_threads *used);
void sluice_search_report_json(const struct sluice_search_options *options,
			       const struct sluice_search_found *found);

#endif /* SLUICE_BENCH_SEARCH_H */
