/* SPDX-License-Identifier: MIT */
/*
 * The logic of a search for rates: what a list of trials says of a load and of a goal, and which
 * trial comes next. Terms and rules are those of MLRsearch (RFC 9971): a search goal, full-length
 * and short trials, low-loss and high-loss ones, load classification (its appendix A), relevant
 * bounds, conditional throughput (appendix B), irregular goal results. Everything follows from the
 * trials, so that a search that is begun again with the same trials goes on where it was. Touches:
 * nothing but memory.
 */
#ifndef SLUICE_BENCH_SEARCH_GOAL_H
#define SLUICE_BENCH_SEARCH_GOAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLUICE_SEARCH_GOALS 8U

/* What is looked for. Ratios are 0 .. 1, times are seconds. */
struct sluice_search_goal {
	double loss_ratio;   /* Goal Loss Ratio: more is high-loss */
	double exceed_ratio; /* Goal Exceed Ratio: so much of the time may be high-loss; below 1 */
	double width;	     /* Goal Width: between the bounds, as share of the upper one */
	double seconds;	     /* Goal Final Trial Duration */
	double sum_seconds;  /* Goal Duration Sum */
};

/* What a trial has shown, as far as the logic is concerned. */
struct sluice_search_trial {
	uint64_t load;	   /* Trial Load: intended, datagrams a second */
	double seconds;	   /* Trial (Effective) Duration */
	uint64_t intended; /* datagrams that should have been sent and come */
	uint64_t lost;	   /* of them not forwarded, for whatever reason */
	bool warm_up;	   /* not looked at, but for a hint of where to begin */
};

/* All trials so far; the logic only reads them. */
struct sluice_search_trials {
	const struct sluice_search_trial *trial;
	size_t count;
};

enum sluice_search_class {
	SLUICE_SEARCH_UNDECIDED,
	SLUICE_SEARCH_LOWER, /* Lower Bound: the load meets the goal */
	SLUICE_SEARCH_UPPER, /* Upper Bound: it does not */
};

/* The two loads that a goal's result is between; 0: there is none. */
struct sluice_search_bounds {
	uint64_t lower; /* Relevant Lower Bound: the largest lower bound below `upper` */
	uint64_t upper; /* Relevant Upper Bound: the smallest upper bound */
};

/* How far loads may go, and what is known before. */
struct sluice_search_limits {
	uint64_t least; /* Min Load, at least 1 */
	uint64_t most;	/* Max Load */
};

/* What is to be measured next. */
struct sluice_search_step {
	uint64_t load;
	double seconds;
	size_t goal; /* the one in focus */
};

/* How the trials at one load came out for a goal. */
struct sluice_search_spread {
	size_t trials; /* full-length ones */
	size_t high;   /* of them high-loss */
	double least;  /* lowest and highest Trial Forwarding Rate of them, datagrams a second */
	double most;
};

/* How long a full-length trial at a load is: Goal Final Trial Duration, but at least so long that
 * the goal's loss ratio is one datagram. @threadsafe */
double sluice_search_full_length(const struct sluice_search_goal *goal, uint64_t load);

/* What the trials at a load say of it. @threadsafe */
enum sluice_search_class sluice_search_classify(const struct sluice_search_goal *goal,
						const struct sluice_search_trials *trials,
						uint64_t load);

/* The relevant bounds. @threadsafe */
struct sluice_search_bounds sluice_search_bounds(const struct sluice_search_goal *goal,
						 const struct sluice_search_trials *trials);

/* Conditional Throughput at a load, datagrams a second; 0 if there is no full-length trial.
 * @threadsafe */
double sluice_search_throughput(const struct sluice_search_goal *goal,
				const struct sluice_search_trials *trials, uint64_t load);

/* How the full-length trials at a load came out. @threadsafe */
struct sluice_search_spread sluice_search_spread(const struct sluice_search_goal *goal,
						 const struct sluice_search_trials *trials,
						 uint64_t load);

/* Has a goal its result: bounds that are close enough, or a limit that is passed? @threadsafe */
bool sluice_search_is_done(const struct sluice_search_goal *goal,
			   const struct sluice_search_trials *trials,
			   const struct sluice_search_limits *limits);

/* The next trial: of the goals that are not done, the one with the smallest load. False: all are
 * done. @threadsafe */
bool sluice_search_next(const struct sluice_search_goal *goals, size_t goal_count,
			const struct sluice_search_trials *trials,
			const struct sluice_search_limits *limits, struct sluice_search_step *step);

/* An estimate of how many seconds of trials are still to come. @threadsafe */
double sluice_search_left(const struct sluice_search_goal *goals, size_t goal_count,
			  const struct sluice_search_trials *trials,
			  const struct sluice_search_limits *limits);

/* Is a goal one that can be searched for? NULL, or what is wrong with it. @threadsafe */
const char *sluice_search_goal_fault(const struct sluice_search_goal *goal);

#endif /* SLUICE_BENCH_SEARCH_GOAL_H */
