/* SPDX-License-Identifier: MIT */
/*
 * A tool that measures (bpftrace, perf, strace) for a time, and what it then prints. Touches:
 * processes that it starts, a temporary file of theirs, a mount in their own namespace.
 */
#ifndef SLUICE_BENCH_PROFILE_TOOL_H
#define SLUICE_BENCH_PROFILE_TOOL_H

#include <stdio.h>
#include <jansson.h>
#include "profile.h"

/* A tool that runs; all of it is the tool's until sluice_profile_tool_end(). */
struct sluice_profile_tool {
	pid_t pid;
	FILE *output;	  /* what it prints */
	FILE *complaints; /* what it says on stderr */
};

/* Is there such a program in PATH? @context process */
bool sluice_profile_tool_there(const char *name);

/* Starts a program, whose words end with NULL. 0, or a negative errno. @context process */
int sluice_profile_tool_start(struct sluice_profile_tool *tool, const char *const words[]);

/* Signals it (0: no signal), waits for its end, closes what it printed. What it complained of goes
 * to stderr if it failed. Its status as of waitpid(2). @context process */
int sluice_profile_tool_end(struct sluice_profile_tool *tool, int number);

/* Waits as long as the profile says, counts what comes meanwhile, and keeps both in it. A signal to
 * us ends it early. @context process */
void sluice_profile_measure(struct sluice_profile *profile);

/* Starts a program that counts until SIGINT, measures, and ends it; what it prints is thrown away,
 * its figures are in `complaints`. 0: sluice_profile_tool_end() is still to be called; or a
 * negative errno. @context process */
int sluice_profile_tool_count(struct sluice_profile *profile, struct sluice_profile_tool *tool,
			      const char *const words[]);

/*
 * Runs a script of bpftrace, whose probes count while @on is not 0, and measures while it does.
 * The maps at its end, by name; NULL: it could not, and stderr has a sentence why. @owner the
 * caller (json_decref). @context process
 */
json_t *sluice_profile_trace(struct sluice_profile *profile, const char *script);

/* One line of a map: its key and its number. */
struct sluice_profile_row {
	const char *key; /* the map's */
	uint64_t number;
};

/* The lines of a map, the largest number first, `count` of them. NULL: none. @owner the caller
 * (free). @threadsafe */
struct sluice_profile_row *sluice_profile_rows(const json_t *map, size_t *count);

#endif /* SLUICE_BENCH_PROFILE_TOOL_H */
