// SPDX-License-Identifier: MIT
/*
 * What a search has found so far, kept in a file so that it can go on after an interruption: see
 * search.h. A line of what was asked for, then one for each thing that was found; what follows from
 * them is computed again. Touches: that file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../lib/frame.h"
#include "search.h"

#define LINE 1024U

/* As search.h says. @context process */
int sluice_search_found_add(struct sluice_search_found *found,
			    const struct sluice_search_entry *entry)
{
	struct sluice_search_entry *entries = found->entry;
	struct sluice_search_trial *trials = found->trial;

	/* Full exactly when the count is 0 or a power of two. */
	if ((found->count & (found->count - 1)) == 0) {
		size_t room = found->count ? found->count * 2 : 1;

		entries = realloc(entries, room * sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		found->entry = entries;
		trials = realloc(trials, room * sizeof(*trials));
		if (!trials)
			return -ENOMEM;
		found->trial = trials;
	}
	entries[found->count] = *entry;
	trials[found->count++] = entry->trial;
	return 0;
}

/* As search.h says. */
void sluice_search_found_free(struct sluice_search_found *found)
{
	free(found->entry);
	free(found->trial);
	found->entry = NULL;
	found->trial = NULL;
	found->count = 0;
}

/* What was asked for, as one line: a file is of this search if its first line is this one. */
static void describe(const struct sluice_search_options *options, char text[LINE])
{
	const struct sluice_search_goal *goal = &options->goals[0];
	uint32_t relay = 0;
	size_t length;
	size_t index;

	/* A command may be longer than a line, and hold line ends. */
	if (options->relay)
		relay = sluice_crc32c(0, options->relay, strlen(options->relay));
	snprintf(text, LINE,
		 "sluicebench-search 2 to=%s listen=%s size=%s flows=%zu trial=%g sum=%g exceed=%g "
		 "width=%g grace=%" PRIu64 " settle=%" PRIu64 " late=%" PRIu64
		 " realtime=%d max=%" PRIu64 " min=%" PRIu64 " relay=%08" PRIx32 " loss=",
		 options->to, options->listen, options->size, options->setup.route.sources,
		 goal->seconds, goal->sum_seconds, goal->exceed_ratio, goal->width,
		 options->setup.grace_ns, options->setup.settle_ns, options->setup.late_ns,
		 options->setup.realtime, options->most, options->least, relay);
	for (index = 0; index < options->goal_count; index++) {
		length = strlen(text);
		snprintf(text + length, LINE - length, "%s%g", index ? "," : "",
			 options->goals[index].loss_ratio);
	}
}

/* Reads `count` numbers from *text on, and moves it behind them. False: there are fewer. */
static bool read_numbers(char **text, uint64_t *number, size_t count)
{
	size_t index;

	for (index = 0; index < count; index++) {
		char *end;

		number[index] = strtoull(*text, &end, 10);
		if (end == *text)
			return false;
		*text = end;
	}
	return true;
}

/* How many fields there were is checked; what overflows is no counter. NOLINTBEGIN(cert-err34-c) */

/* Reads one line into what was found. 0, -EPROTO, -ENOMEM. */
static int take_line(struct sluice_search_found *found, char *text)
{
	struct sluice_search_entry entry = {0};
	struct sluice_search_burst burst = {0};
	int place = 0;
	int flag;

	if (sscanf(text, "max %" SCNu64 " %" SCNu64 " %d", &found->offered, &found->max_load,
		   &flag) == 3) {
		found->capped = flag != 0;
		return 0;
	}
	if (sscanf(text, "burst %" SCNu64 " %d %lf %lf", &burst.length, &flag, &burst.offered,
		   &burst.drain) == 4) {
		burst.at_least = flag != 0;
		if (found->bursts < SLUICE_SEARCH_REPEATS)
			found->burst[found->bursts++] = burst;
		return 0;
	}
	if (sscanf(text, "trial %" SCNu64 " %lf %" SCNu64 " %" SCNu64 " %d %n", &entry.trial.load,
		   &entry.trial.seconds, &entry.trial.intended, &entry.trial.lost, &flag,
		   &place) != 5 ||
	    place == 0)
		return -EPROTO;
	entry.trial.warm_up = flag != 0;
	text += place;
	if (!read_numbers(&text, entry.place, SLUICE_TESTER_PLACES) ||
	    !read_numbers(&text, entry.cpu, SLUICE_BENCH_CPU_KINDS))
		return -EPROTO;
	return sluice_search_found_add(found, &entry);
}

/* NOLINTEND(cert-err34-c) */

/* As search.h says. @context process */
int sluice_search_file_read(const struct sluice_search_options *options,
			    struct sluice_search_found *found, unsigned int *line)
{
	char wanted[LINE];
	char text[LINE];
	FILE *file;
	int error = 0;

	*line = 0;
	if (!options->resume)
		return 0;
	describe(options, wanted);
	file = fopen(options->resume, "r+e");
	if (!file && errno == ENOENT) {
		file = fopen(options->resume, "we");
		if (!file)
			return -errno;
		fprintf(file, "%s\n", wanted);
		return fclose(file) ? -errno : 0;
	}
	if (!file)
		return -errno;
	while (!error && fgets(text, sizeof(text), file)) {
		size_t length = strlen(text);

		++*line;
		/* A line that was being written when it was killed is not there. */
		if (length == 0 || text[length - 1] != '\n') {
			if (fseek(file, -(long)length, SEEK_CUR) == 0 &&
			    ftruncate(fileno(file), ftell(file)))
				error = -errno;
			break;
		}
		text[length - 1] = '\0';
		if (*line > 1)
			error = take_line(found, text);
		else if (strncmp(text, "sluicebench-search ", 19) != 0)
			error = -EPROTO;
		else if (strcmp(text, wanted) != 0)
			error = -ESTALE;
	}
	if (!error && *line == 0)
		error = -EPROTO;
	found->resumed = !error && found->max_load > 0;
	fclose(file);
	return error;
}

/* Appends a line. 0 or a negative errno. */
static int append(const struct sluice_search_options *options, const char *text)
{
	FILE *file;

	if (!options->resume)
		return 0;
	file = fopen(options->resume, "ae");
	if (!file)
		return -errno;
	fprintf(file, "%s\n", text);
	return fclose(file) ? -errno : 0;
}

/* As search.h says. @context process */
int sluice_search_file_max(const struct sluice_search_options *options,
			   const struct sluice_search_found *found)
{
	char text[LINE];

	snprintf(text, sizeof(text), "max %" PRIu64 " %" PRIu64 " %d", found->offered,
		 found->max_load, found->capped);
	return append(options, text);
}

/* As search.h says. @context process */
int sluice_search_file_trial(const struct sluice_search_options *options,
			     const struct sluice_search_entry *entry)
{
	char text[LINE];
	size_t length;
	size_t index;

	snprintf(text, sizeof(text), "trial %" PRIu64 " %.9g %" PRIu64 " %" PRIu64 " %d",
		 entry->trial.load, entry->trial.seconds, entry->trial.intended, entry->trial.lost,
		 entry->trial.warm_up);
	for (index = 0; index < SLUICE_TESTER_PLACES; index++) {
		length = strlen(text);
		snprintf(text + length, sizeof(text) - length, " %" PRIu64, entry->place[index]);
	}
	for (index = 0; index < SLUICE_BENCH_CPU_KINDS; index++) {
		length = strlen(text);
		snprintf(text + length, sizeof(text) - length, " %" PRIu64, entry->cpu[index]);
	}
	return append(options, text);
}

/* As search.h says. @context process */
int sluice_search_file_burst(const struct sluice_search_options *options,
			     const struct sluice_search_burst *burst)
{
	char text[LINE];

	snprintf(text, sizeof(text), "burst %" PRIu64 " %d %.9g %.9g", burst->length,
		 burst->at_least, burst->offered, burst->drain);
	return append(options, text);
}
