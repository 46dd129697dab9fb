// SPDX-License-Identifier: MIT
/*
 * sluicebench profile cpu: what the daemon takes of the processors, of a datagram: time, cycles,
 * instructions, misses, switches, migrations. By perf stat; what the machine has no counter for is
 * said. Touches: the daemon (by that tool), stdout, stderr.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "profile_target.h"
#include "profile_tool.h"

static const char events[] =
	"task-clock,cycles,instructions,cache-misses,branch-misses,dTLB-load-misses,"
	"context-switches,cpu-migrations,page-faults";
#define TASK_CLOCK "task-clock"
#define FIELDS 3U
#define MISSING_TEXT 256U
#define NS_PER_MS 1e6

/* Cuts a line of `perf stat -x,` (number, unit, event, ...). False: it is none. */
static bool cut(char *line, const char *field[FIELDS])
{
	size_t index;

	if (line[0] == '#' || line[0] == '\n')
		return false;
	for (index = 0; index < FIELDS; index++) {
		field[index] = strsep(&line, ",");
		if (!field[index])
			return false;
	}
	return true;
}

/* Prints perf's figures. Exit status. */
static int print(const struct sluice_profile *profile, FILE *figures)
{
	char missing[MISSING_TEXT] = "";
	const char *field[FIELDS];
	char line[512];
	char per[32];
	uint64_t busy_ns = 0;
	size_t length = 0;
	bool any = false;

	rewind(figures);
	sluice_profile_head(profile, "processors");
	printf("%-24s %16s %14s\n", "event", "number", "a datagram");
	while (fgets(line, sizeof(line), figures)) {
		uint64_t number;

		if (!cut(line, field))
			continue;
		if (field[0][0] == '<') {
			if (length < sizeof(missing))
				length +=
					(size_t)snprintf(missing + length, sizeof(missing) - length,
							 "%s%s", length ? ", " : "", field[2]);
			continue;
		}
		number = (uint64_t)strtod(field[0], NULL);
		if (strncmp(field[2], TASK_CLOCK, strlen(TASK_CLOCK)) == 0) {
			number = (uint64_t)(strtod(field[0], NULL) * NS_PER_MS);
			busy_ns = number;
			field[2] = "nanoseconds it ran";
		}
		any = true;
		printf("%-24s %16" PRIu64 " %14s\n", field[2], number,
		       sluice_profile_per(profile, number, per, sizeof(per)));
	}
	if (length)
		printf("\nThis machine has no counters for %s: a virtual one has them only if its "
		       "host lends them.\n",
		       missing);
	if (!any)
		return SLUICE_BENCH_FAILURE;
	printf("\nRESULT kind=cpu datagrams=%" PRIu64 " cpu_ns=%" PRIu64 " ns_per_datagram=%s\n",
	       profile->datagrams, busy_ns, sluice_profile_per(profile, busy_ns, per, sizeof(per)));
	return SLUICE_BENCH_OK;
}

/* As profile.h says. @context process */
int sluice_profile_cpu(struct sluice_profile *profile)
{
	char pid[16];
	const char *const words[] = {"perf", "stat", "-x,", "-e", events, "-p", pid, NULL};
	struct sluice_profile_tool tool;
	int status;

	if (!sluice_profile_tool_there(words[0])) {
		fputs("sluicebench profile cpu: this machine has no perf; install the package "
		      "linux-perf\n",
		      stderr);
		return SLUICE_BENCH_FAILURE;
	}
	snprintf(pid, sizeof(pid), "%d", profile->pid);
	if (sluice_profile_tool_count(profile, &tool, words))
		return SLUICE_BENCH_FAILURE;
	status = print(profile, tool.complaints);
	sluice_profile_tool_end(&tool, SIGINT);
	if (status)
		fputs("sluicebench profile cpu: perf counts nothing here; who is not root may "
		      "count only own processes (kernel.perf_event_paranoid)\n",
		      stderr);
	return status;
}
