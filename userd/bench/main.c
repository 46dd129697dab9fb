// SPDX-License-Identifier: MIT
/*
 * sluicebench: the sender and the third server of the three, and the search between them.
 * Here: the table of commands, help and version. Touches: stdout, stderr.
 */
#include <stdio.h>
#include <string.h>
#include "../lib/version.h"
#include "command.h"

/* A command: its line of the help, and what runs it. */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
};

static const struct command commands[] = {
	{"gen", sluice_bench_gen, "send numbered UDP datagrams at a set rate"},
	{"sink", sluice_bench_sink, "receive what a relay delivers over TCP, count and check it"},
	{"search", sluice_bench_search, "find the rates at which a relay loses nothing (RFC 9971)"},
	{"sweep", sluice_bench_sweep, "search over sizes, inputs, outputs, threads, ...; plots"},
	{"compare", sluice_bench_compare, "two reports of sweep: what changed beyond chance"},
	{"profile", sluice_bench_profile, "where the time of a running sluiced goes"},
	{"capture", sluice_bench_capture, "what a datagram costs by this capture method or that"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Prints the table of commands. */
static void help(FILE *to)
{
	size_t index;

	fputs("usage: sluicebench COMMAND [OPTION...]\n"
	      "       sluicebench COMMAND --help\n"
	      "       sluicebench --version\n\ncommands:\n",
	      to);
	for (index = 0; index < COMMANDS; index++)
		fprintf(to, "  %-9s%s\n", commands[index].name, commands[index].what);
	fputs("\nexit status: 0 all right, 1 something missing, repeated or damaged, 2 usage, 3 "
	      "could not run\n",
	      to);
}

int main(int argc, char **argv)
{
	char text[SLUICE_VERSION_TEXT];
	size_t index;

	if (argc < 2) {
		help(stderr);
		return SLUICE_BENCH_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		help(stdout);
		return SLUICE_BENCH_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		fputs(sluice_version_text("sluicebench", text), stdout);
		return SLUICE_BENCH_OK;
	}
	for (index = 0; index < COMMANDS; index++) {
		if (strcmp(argv[1], commands[index].name) != 0)
			continue;
		return commands[index].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "sluicebench: there is no command '%s'; sluicebench --help lists them\n",
		argv[1]);
	return SLUICE_BENCH_USAGE;
}
