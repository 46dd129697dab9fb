// SPDX-License-Identifier: MIT
/*
 * sluicebench profile heap: calls of the C library's allocator by thread, and where they come from.
 * Worker threads carry the datagrams and must make none under a steady load. By uprobes of
 * bpftrace. Touches: the daemon (by that tool), /proc, stdout, stderr.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "profile_target.h"
#include "profile_tool.h"

#define SCRIPT 4096U
#define PATH_TEXT 512U
#define PLACES 5U /* that are shown */
#define PER_TEXT 32U

/* What allocates; and what frees. */
static const char *const functions[] = {"malloc",	  "calloc",   "realloc", "aligned_alloc",
					"posix_memalign", "memalign", "free"};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))
#define FREE (FUNCTIONS - 1)

/* Writes the path by which we see the C library that the process has mapped. False: none. */
static bool find_library(pid_t pid, char *path, size_t size)
{
	char line[PATH_TEXT];
	bool found = false;
	FILE *maps;

	snprintf(line, sizeof(line), "/proc/%d/maps", pid);
	maps = fopen(line, "re");
	while (maps && !found && fgets(line, sizeof(line), maps)) {
		const char *name = strchr(line, '/');

		line[strcspn(line, "\n")] = '\0';
		if (!name || !strstr(name, "/libc.so."))
			continue;
		found = (size_t)snprintf(path, size, "/proc/%d/root%s", pid, name) < size;
	}
	if (maps)
		fclose(maps);
	return found;
}

/* The thread in a key of a map: "THREAD,STACK" (first), or "FUNCTION,THREAD" with its place in
 * functions[]. */
static pid_t thread_of(const char *key, bool first)
{
	const char *comma = strchr(key, ',');

	return (pid_t)strtol(first || !comma ? key : comma + 1, NULL, 10);
}

/* Prints allocations and frees by thread. What workers allocated goes to *by_workers. */
static void print_threads(const struct sluice_profile *profile, const json_t *map,
			  uint64_t *by_workers, uint64_t *sum)
{
	char name[SLUICE_PROFILE_NAME];
	char per[PER_TEXT];
	size_t count;
	size_t index;
	struct sluice_profile_row *rows = sluice_profile_rows(map, &count);

	printf("%-18s %-16s %12s %14s\n", "thread", "function", "calls", "a datagram");
	for (index = 0; index < count; index++) {
		pid_t thread = thread_of(rows[index].key, false);
		size_t function = strtoul(rows[index].key, NULL, 10);

		if (function >= FUNCTIONS)
			continue;
		sluice_profile_thread(profile->pid, thread, name);
		printf("%-18s %-16s %12" PRIu64 " %14s\n", name, functions[function],
		       rows[index].number,
		       sluice_profile_per(profile, rows[index].number, per, sizeof(per)));
		if (function == FREE)
			continue;
		*sum += rows[index].number;
		if (sluice_profile_is_worker(name))
			*by_workers += rows[index].number;
	}
	free(rows);
}

/* Prints the places from which the most calls came, workers' first. */
static void print_places(const struct sluice_profile *profile, const json_t *map, bool workers)
{
	char name[SLUICE_PROFILE_NAME];
	unsigned int shown = 0;
	size_t count;
	size_t index;
	struct sluice_profile_row *rows = sluice_profile_rows(map, &count);

	for (index = 0; index < count && shown < PLACES; index++) {
		const char *stack = strchr(rows[index].key, ',');

		sluice_profile_thread(profile->pid, thread_of(rows[index].key, true), name);
		if (!stack || sluice_profile_is_worker(name) != workers)
			continue;
		printf("\n%s, %" PRIu64 " calls:%s", name, rows[index].number, stack + 1);
		shown++;
	}
	free(rows);
}

/* Prints what was counted, and judges. Exit status. */
static int print(const struct sluice_profile *profile, const json_t *maps)
{
	uint64_t by_workers = 0;
	uint64_t sum = 0;
	char per[PER_TEXT];

	sluice_profile_head(profile, "calls of the allocator");
	print_threads(profile, json_object_get(maps, "@call"), &by_workers, &sum);
	print_places(profile, json_object_get(maps, "@place"), true);
	print_places(profile, json_object_get(maps, "@place"), false);
	printf("\nRESULT kind=heap datagrams=%" PRIu64 " allocations=%" PRIu64
	       " by_workers=%" PRIu64 " by_workers_per_datagram=%s\n",
	       profile->datagrams, sum, by_workers,
	       sluice_profile_per(profile, by_workers, per, sizeof(per)));
	if (by_workers) {
		fflush(stdout);
		fputs("sluicebench profile heap: worker threads allocate; the stacks above say "
		      "where\n",
		      stderr);
		return SLUICE_BENCH_WRONG;
	}
	if (profile->datagrams)
		return SLUICE_BENCH_OK;
	fflush(stdout);
	fputs("sluicebench profile heap: no datagram came, or nobody told, so this shows nothing; "
	      "try under a load\n",
	      stderr);
	return SLUICE_BENCH_FAILURE;
}

/* As profile.h says. @context process */
int sluice_profile_heap(struct sluice_profile *profile)
{
	char library[PATH_TEXT];
	char script[SCRIPT];
	size_t length = 0;
	size_t index;
	json_t *maps;
	int status;

	if (!find_library(profile->pid, library, sizeof(library))) {
		fprintf(stderr,
			"sluicebench profile heap: process %d has no libc.so that we may see; be "
			"root\n",
			profile->pid);
		return SLUICE_BENCH_FAILURE;
	}
	for (index = 0; index < FUNCTIONS && length < sizeof(script); index++)
		length += (size_t)snprintf(
			script + length, sizeof(script) - length,
			"uprobe:%s:%s /pid == %d && @on/ { @call[%zu, tid] = count(); "
			"@place[tid, ustack(8)] = count(); } ",
			library, functions[index], profile->pid, index);
	maps = sluice_profile_trace(profile, script);
	if (!maps)
		return SLUICE_BENCH_FAILURE;
	status = print(profile, maps);
	json_decref(maps);
	return status;
}
