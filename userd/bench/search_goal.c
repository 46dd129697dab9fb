// SPDX-License-Identifier: MIT
/*
 * The logic of a search for rates: see search_goal.h. Between the trials: reads their results,
 * names the next. Touches: nothing but memory.
 */
#include <math.h>
#include <string.h>
#include "search_goal.h"

/* What sums of durations may differ by though they mean the same. */
#define SAME_SECONDS 1e-9
/* How much wider each further step is, while only one of the bounds is known. */
#define STRIDE 4.0
/* Steps that are reckoned with when nothing is known of a goal. */
#define STEPS_UNKNOWN 6.0

/* Durations of the trials at one load, by kind, in seconds. */
struct sums {
	double full_low;
	double full_high;
	double short_low;
	double short_high;
};

/* As search_goal.h says. @threadsafe */
double sluice_search_full_length(const struct sluice_search_goal *goal, uint64_t load)
{
	double least = 0;

	if (goal->loss_ratio > 0 && load > 0)
		least = 1 / (goal->loss_ratio * (double)load);
	return least > goal->seconds ? least : goal->seconds;
}

/* The duration sum at a load: never less than one full-length trial. */
static double duration_sum(const struct sluice_search_goal *goal, uint64_t load)
{
	double least = sluice_search_full_length(goal, load);

	return least > goal->sum_seconds ? least : goal->sum_seconds;
}

/* Share of a trial's datagrams that were lost; 0 .. 1. */
static double loss_of(const struct sluice_search_trial *trial)
{
	if (trial->intended == 0)
		return 0;
	if (trial->lost >= trial->intended)
		return 1;
	return (double)trial->lost / (double)trial->intended;
}

/* Is a trial of this load one that counts? */
static bool is_at(const struct sluice_search_trial *trial, uint64_t load)
{
	return !trial->warm_up && trial->load == load;
}

/* Is a trial long enough for the goal? */
static bool is_full(const struct sluice_search_goal *goal, const struct sluice_search_trial *trial)
{
	return trial->seconds + SAME_SECONDS >= sluice_search_full_length(goal, trial->load);
}

/* Has a trial lost more than the goal bears? */
static bool is_high(const struct sluice_search_goal *goal, const struct sluice_search_trial *trial)
{
	return loss_of(trial) > goal->loss_ratio;
}

/* Adds up the trials at a load. */
static struct sums sum_up(const struct sluice_search_goal *goal,
			  const struct sluice_search_trials *trials, uint64_t load)
{
	struct sums sums = {0};
	size_t index;

	for (index = 0; index < trials->count; index++) {
		const struct sluice_search_trial *trial = &trials->trial[index];
		bool high;

		if (!is_at(trial, load))
			continue;
		high = is_high(goal, trial);
		if (is_full(goal, trial))
			*(high ? &sums.full_high : &sums.full_low) += trial->seconds;
		else
			*(high ? &sums.short_high : &sums.short_low) += trial->seconds;
	}
	return sums;
}

/* As search_goal.h says; RFC 9971, appendix A. @threadsafe */
enum sluice_search_class sluice_search_classify(const struct sluice_search_goal *goal,
						const struct sluice_search_trials *trials,
						uint64_t load)
{
	struct sums sums = sum_up(goal, trials, load);
	/* Short trials only count against a load, as far as good short ones do not outweigh them.
	 */
	double balancing = sums.short_low * goal->exceed_ratio / (1 - goal->exceed_ratio);
	double excess = sums.short_high > balancing ? sums.short_high - balancing : 0;
	double high = sums.full_high + excess;
	double whole = duration_sum(goal, load);
	double allowed;

	if (sums.full_low + high > whole)
		whole = sums.full_low + high;
	allowed = whole * goal->exceed_ratio + SAME_SECONDS;
	if (high > allowed)
		return SLUICE_SEARCH_UPPER;
	return whole - sums.full_low > allowed ? SLUICE_SEARCH_UNDECIDED : SLUICE_SEARCH_LOWER;
}

/* As search_goal.h says. @threadsafe */
struct sluice_search_bounds sluice_search_bounds(const struct sluice_search_goal *goal,
						 const struct sluice_search_trials *trials)
{
	struct sluice_search_bounds bounds = {0};
	size_t index;

	for (index = 0; index < trials->count; index++) {
		uint64_t load = trials->trial[index].load;

		if ((bounds.upper == 0 || load < bounds.upper) &&
		    sluice_search_classify(goal, trials, load) == SLUICE_SEARCH_UPPER)
			bounds.upper = load;
	}
	/* Good trials above an upper bound are a fluke (loss inversion). */
	for (index = 0; index < trials->count; index++) {
		uint64_t load = trials->trial[index].load;

		if (load > bounds.lower && (bounds.upper == 0 || load < bounds.upper) &&
		    sluice_search_classify(goal, trials, load) == SLUICE_SEARCH_LOWER)
			bounds.lower = load;
	}
	return bounds;
}

/* The smallest loss ratio above `above` (or, with `first`, of all) of the full-length trials at a
 * load; how long they are together in *seconds. Negative: there is none. */
static double next_loss(const struct sluice_search_goal *goal,
			const struct sluice_search_trials *trials, uint64_t load, double above,
			bool first, double *seconds)
{
	double found = -1;
	size_t index;

	*seconds = 0;
	for (index = 0; index < trials->count; index++) {
		const struct sluice_search_trial *trial = &trials->trial[index];
		double loss = loss_of(trial);

		if (!is_at(trial, load) || !is_full(goal, trial) || (!first && loss <= above))
			continue;
		if (found < 0 || loss < found) {
			found = loss;
			*seconds = 0;
		}
		if (loss <= found)
			*seconds += trial->seconds;
	}
	return found;
}

/* As search_goal.h says; RFC 9971, appendix B. @threadsafe */
double sluice_search_throughput(const struct sluice_search_goal *goal,
				const struct sluice_search_trials *trials, uint64_t load)
{
	struct sums sums = sum_up(goal, trials, load);
	double left = duration_sum(goal, load);
	double quantile = 1;
	double loss = 0;
	double seconds;
	bool first = true;

	if (sums.full_low + sums.full_high > left)
		left = sums.full_low + sums.full_high;
	left *= 1 - goal->exceed_ratio;
	while (first || left > SAME_SECONDS) {
		loss = next_loss(goal, trials, load, loss, first, &seconds);
		if (loss < 0) {
			/* Trials that were not made count as lost. */
			quantile = 1;
			break;
		}
		quantile = loss;
		left -= seconds;
		first = false;
	}
	return (double)load * (1 - quantile);
}

/* As search_goal.h says. @threadsafe */
struct sluice_search_spread sluice_search_spread(const struct sluice_search_goal *goal,
						 const struct sluice_search_trials *trials,
						 uint64_t load)
{
	struct sluice_search_spread spread = {0};
	size_t index;

	for (index = 0; index < trials->count; index++) {
		const struct sluice_search_trial *trial = &trials->trial[index];
		double rate;

		if (!is_at(trial, load) || !is_full(goal, trial))
			continue;
		rate = (double)load * (1 - loss_of(trial));
		if (spread.trials == 0 || rate < spread.least)
			spread.least = rate;
		if (rate > spread.most)
			spread.most = rate;
		spread.high += is_high(goal, trial) ? 1 : 0;
		spread.trials++;
	}
	return spread;
}

/* Are two bounds as close as the goal wants, or neighbours? */
static bool is_narrow(const struct sluice_search_goal *goal, struct sluice_search_bounds bounds)
{
	if (bounds.lower == 0 || bounds.upper == 0)
		return false;
	return bounds.upper - bounds.lower <= 1 ||
	       (double)(bounds.upper - bounds.lower) <=
		       goal->width * (double)bounds.upper * (1 + SAME_SECONDS);
}

/* As search_goal.h says. @threadsafe */
bool sluice_search_is_done(const struct sluice_search_goal *goal,
			   const struct sluice_search_trials *trials,
			   const struct sluice_search_limits *limits)
{
	struct sluice_search_bounds bounds = sluice_search_bounds(goal, trials);

	return is_narrow(goal, bounds) || (bounds.upper == 0 && bounds.lower >= limits->most) ||
	       (bounds.upper != 0 && bounds.upper <= limits->least);
}

/* A load between the limits. */
static uint64_t within(const struct sluice_search_limits *limits, double load)
{
	if (!(load > (double)limits->least))
		return limits->least;
	return load >= (double)limits->most ? limits->most : (uint64_t)(load + 0.5);
}

/* Where a search begins: what came through when too much was sent, or the highest load. */
static uint64_t first_load(const struct sluice_search_trials *trials,
			   const struct sluice_search_limits *limits)
{
	size_t index;

	for (index = 0; index < trials->count; index++)
		if (trials->trial[index].warm_up)
			return within(limits, (double)trials->trial[index].load *
						      (1 - loss_of(&trials->trial[index])));
	return limits->most;
}

/* How many different loads have the class. */
static unsigned int class_count(const struct sluice_search_goal *goal,
				const struct sluice_search_trials *trials,
				enum sluice_search_class class)
{
	unsigned int found = 0;
	size_t index;
	size_t other;

	for (index = 0; index < trials->count; index++) {
		for (other = 0; other < index; other++)
			if (is_at(&trials->trial[other], trials->trial[index].load))
				break;
		if (other == index && !trials->trial[index].warm_up &&
		    sluice_search_classify(goal, trials, trials->trial[index].load) == class)
			found++;
	}
	return found;
}

/* The load that a goal wants to know of next. It is not done. */
static uint64_t candidate(const struct sluice_search_goal *goal,
			  const struct sluice_search_trials *trials,
			  const struct sluice_search_limits *limits)
{
	struct sluice_search_bounds bounds = sluice_search_bounds(goal, trials);
	double step = goal->width;
	uint64_t load = 0;
	unsigned int count;
	size_t index;

	/* What was begun is brought to its end, the smallest load first. */
	for (index = 0; index < trials->count; index++) {
		const struct sluice_search_trial *trial = &trials->trial[index];

		if (trial->warm_up || trial->load <= bounds.lower ||
		    (bounds.upper && trial->load >= bounds.upper) || (load && trial->load >= load))
			continue;
		if (sluice_search_classify(goal, trials, trial->load) == SLUICE_SEARCH_UNDECIDED)
			load = trial->load;
	}
	if (load)
		return load;
	if (!bounds.lower && !bounds.upper)
		return first_load(trials, limits);
	if (bounds.lower && bounds.upper) {
		load = (uint64_t)(sqrt((double)bounds.lower * (double)bounds.upper) + 0.5);
		if (load <= bounds.lower)
			load = bounds.lower + 1;
		return load < bounds.upper ? load : bounds.upper - 1;
	}
	count = class_count(goal, trials, bounds.lower ? SLUICE_SEARCH_LOWER : SLUICE_SEARCH_UPPER);
	while (--count > 0 && step < 1)
		step *= STRIDE;
	if (bounds.lower) {
		load = within(limits, (double)bounds.lower * (1 + step));
		return load > bounds.lower ? load : bounds.lower + 1;
	}
	load = within(limits, (double)bounds.upper / (1 + step));
	return load < bounds.upper ? load : bounds.upper - 1;
}

/* As search_goal.h says. @threadsafe */
bool sluice_search_next(const struct sluice_search_goal *goals, size_t goal_count,
			const struct sluice_search_trials *trials,
			const struct sluice_search_limits *limits, struct sluice_search_step *step)
{
	bool found = false;
	size_t goal;

	for (goal = 0; goal < goal_count; goal++) {
		uint64_t load;

		if (sluice_search_is_done(&goals[goal], trials, limits))
			continue;
		load = candidate(&goals[goal], trials, limits);
		if (found && load >= step->load)
			continue;
		step->load = load;
		step->seconds = sluice_search_full_length(&goals[goal], load);
		step->goal = goal;
		found = true;
	}
	return found;
}

/* As search_goal.h says. @threadsafe */
double sluice_search_left(const struct sluice_search_goal *goals, size_t goal_count,
			  const struct sluice_search_trials *trials,
			  const struct sluice_search_limits *limits)
{
	double left = 0;
	size_t goal;

	for (goal = 0; goal < goal_count; goal++) {
		struct sluice_search_bounds bounds = sluice_search_bounds(&goals[goal], trials);
		double steps = STEPS_UNKNOWN;
		uint64_t load;

		if (sluice_search_is_done(&goals[goal], trials, limits))
			continue;
		load = candidate(&goals[goal], trials, limits);
		if (bounds.lower && bounds.upper) {
			double distance = log((double)bounds.upper / (double)bounds.lower);

			steps = ceil(log2(distance / goals[goal].width));
			steps = steps > 1 ? steps : 1;
		}
		/* Bounds that are clear need about as much as the exceed ratio says. */
		left += steps * duration_sum(&goals[goal], load) *
			(1 - goals[goal].exceed_ratio / 2);
	}
	return left;
}

/* As search_goal.h says. @threadsafe */
const char *sluice_search_goal_fault(const struct sluice_search_goal *goal)
{
	if (!goal)
		return "there is none";
	if (!(goal->loss_ratio >= 0 && goal->loss_ratio < 1))
		return "the loss ratio is not from 0 to below 100 %";
	if (!(goal->exceed_ratio >= 0 && goal->exceed_ratio < 1))
		return "the exceed ratio is not from 0 to below 100 %";
	if (!(goal->seconds > 0) || !(goal->sum_seconds > 0))
		return "trials need time";
	if (!(goal->width > 0 && goal->width < 1))
		return "the width is not between 0 and 100 %";
	if (goal->width + SAME_SECONDS < goal->loss_ratio)
		return "the width is below the loss ratio (RFC 9971 recommends that it is not: a "
		       "goal of more loss could then show a lower rate)";
	return NULL;
}
