// SPDX-License-Identifier: MIT
/*
 * sluicebench profile: one command each for where the time of a running daemon goes. Here: the
 * kinds by name, the command line, and which process it is. Touches: stdout, stderr, processes that
 * it starts.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../lib/size.h"
#include "command.h"
#include "profile_target.h"
#include "search_relay.h"

#define SECOND_US 1000000ULL
#define DEFAULT_US (10 * SECOND_US)
#define MOST_US (3600 * SECOND_US)
#define PID_MOST 4194304ULL /* proc(5): the most that kernel.pid_max can be */
#define LOOKS 300U	    /* so many tenths of a second a relay has to begin */
#define LOOK_NS 100000000L

/* A program that runs does not count its lines: says what does. Exit status. */
static int say_lines(struct sluice_profile *profile)
{
	(void)profile;
	fputs("sluicebench profile lines: a program counts its lines only if it was built to do "
	      "so; "
	      "in the sources, `make hotlines` builds a daemon that does, runs it under load and "
	      "lists them\n",
	      stderr);
	return SLUICE_BENCH_FAILURE;
}

/* A kind by name, and what it shows. */
static const struct kind {
	const char *name;
	int (*run)(struct sluice_profile *profile);
	const char *what;
} kinds[] = {
	{"cpu", sluice_profile_cpu, "time, cycles, instructions, misses, switches, of a datagram"},
	{"flame", sluice_profile_flame, "where it is while it runs: a flame graph (SVG)"},
	{"offcpu", sluice_profile_offcpu, "how long its threads do not run, and where"},
	{"syscalls", sluice_profile_syscalls, "system calls by name, of a datagram"},
	{"heap", sluice_profile_heap, "allocations by thread; status 1 if worker threads make any"},
	{"lines", say_lines, "the source lines that run most often: says how to get them"},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* SIGINT and SIGTERM end the measurement: sleeping is interrupted. @context signal */
static void on_signal(int number)
{
	(void)number;
}

/* Prints how it is used. */
static void usage(FILE *to)
{
	size_t index;

	fputs("usage: sluicebench profile KIND [OPTION...]\n\n"
	      "Shows where the time of a running sluiced goes, under the load that it has. "
	      "Kinds:\n\n",
	      to);
	for (index = 0; index < KINDS; index++)
		fprintf(to, "  %-10s%s\n", kinds[index].name, kinds[index].what);
	fputs("\n  --pid N             the daemon; default: the only sluiced that runs\n"
	      "  --relay COMMAND     starts the relay by the shell, and ends it at the end\n"
	      "  --for TIME          how long, up to 3600s (default 10s)\n"
	      "  --counters COMMAND  tells how many datagrams came, as JSON\n"
	      "                      (default: sluicectl show inputs -j)\n"
	      "  --out FILE          the picture of flame (default flame.svg)\n",
	      to);
}

/* Says what is wrong with the command line. Returns the exit status. */
static int wrong(const char *option, const char *text, const char *form)
{
	fprintf(stderr, "sluicebench profile: %s '%s' %s\n", option, text, form);
	return SLUICE_BENCH_USAGE;
}

/* Finds the daemon, or starts it and waits until it tells what came. Exit status. */
static int find(struct sluice_profile *profile, const char *command)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};
	unsigned int look;
	uint64_t came;
	int status;

	if (!command && profile->pid == 0) {
		profile->pid = sluice_profile_find();
		if (profile->pid > 0)
			return SLUICE_BENCH_OK;
		fputs(profile->pid ? "sluicebench profile: several sluiced run; say which by "
				     "--pid\n"
				   : "sluicebench profile: no sluiced runs; start it, or give "
				     "--pid or --relay\n",
		      stderr);
		return SLUICE_BENCH_FAILURE;
	}
	if (!command) {
		if (kill(profile->pid, 0) == 0 || errno == EPERM)
			return SLUICE_BENCH_OK;
		fprintf(stderr, "sluicebench profile: there is no process %d\n", profile->pid);
		return SLUICE_BENCH_FAILURE;
	}
	profile->relay = sluice_search_relay_start(command);
	for (look = 0; look < LOOKS && profile->relay > 0; look++) {
		nanosleep(&pause, NULL);
		if (sluice_search_relay_has_ended(profile->relay, &status)) {
			profile->relay = 0;
			break;
		}
		profile->pid = sluice_profile_find_in(profile->relay);
		if (sluice_profile_came(profile, &came) && came > 0)
			return SLUICE_BENCH_OK;
	}
	if (profile->relay > 0) {
		fputs("sluicebench profile: no datagram came in 30 s, or the relay does not tell; "
		      "going on\n",
		      stderr);
		return SLUICE_BENCH_OK;
	}
	fprintf(stderr, "sluicebench profile: --relay '%s' ended at once\n", command);
	return SLUICE_BENCH_FAILURE;
}

/* As command.h says. */
int sluice_bench_profile(int argc, char **argv)
{
	static const struct option table[] = {
		{"pid", required_argument, NULL, 'p'},
		{"relay", required_argument, NULL, 'R'},
		{"for", required_argument, NULL, 'f'},
		{"out", required_argument, NULL, 'o'},
		{"counters", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct sluice_profile profile = {.us = DEFAULT_US};
	struct sigaction action = {.sa_handler = on_signal};
	const struct kind *kind = NULL;
	const char *relay = NULL;
	int status = SLUICE_BENCH_OK;
	uint64_t number;
	size_t index;
	int option;

	optind = 1;
	while (!status && (option = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return SLUICE_BENCH_OK;
		}
		if (option == 'R')
			relay = optarg;
		else if (option == 'c')
			profile.counters = optarg;
		else if (option == 'o')
			profile.out = optarg;
		else if (option == 'p' && !sluice_number_parse(optarg, &number) && number > 0 &&
			 number <= PID_MOST)
			profile.pid = (pid_t)number;
		else if (option == 'p')
			status = wrong("--pid", optarg, "is no process id");
		else if (option != 'f')
			status = SLUICE_BENCH_USAGE;
		else if (sluice_duration_parse(optarg, &profile.us) || profile.us == 0 ||
			 profile.us > MOST_US)
			status = wrong("--for", optarg, "is no time up to 3600s, such as 10s");
	}
	if (status)
		return status;
	if (argc - optind != 1 || (relay && profile.pid)) {
		usage(stderr);
		return SLUICE_BENCH_USAGE;
	}
	for (index = 0; index < KINDS; index++)
		if (strcmp(kinds[index].name, argv[optind]) == 0)
			kind = &kinds[index];
	if (!kind)
		return wrong("kind", argv[optind],
			     "is not known; sluicebench profile --help lists them");
	profile.kind = kind->name;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = find(&profile, relay);
	if (!status)
		status = kind->run(&profile);
	sluice_search_relay_stop(profile.relay);
	return status;
}
