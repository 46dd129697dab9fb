// SPDX-License-Identifier: MIT
/*
 * sluicectl: the tool that checks configurations, gives them to the daemon, and shows what module
 * and daemon do. Here: the table of commands, help and version. Touches: stdout, stderr.
 */
#include <stdio.h>
#include <string.h>
#include "../config/suggest.h"
#include "command.h"
#include "daemon.h"

/* A command: how it is used, and what runs it; NULL: named, not there yet. */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *what;
};

#define COMMAND(name, function, arguments, what) {name, sluice_ctl_##function, arguments, what},
#define PLANNED(name, what) {name, NULL, "", what},

static const struct command commands[] = {
#include "command_rows.h"
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Prints the table of commands. */
static void help(FILE *to)
{
	size_t index;

	fputs("usage: sluicectl [-S SOCKET] COMMAND [ARGUMENT...]\n       sluicectl "
	      "--version\n\ncommands:\n",
	      to);
	for (index = 0; index < COMMANDS; index++) {
		char usage[96];

		snprintf(usage, sizeof(usage), "%s %s", commands[index].name,
			 commands[index].arguments);
		fprintf(to, "  %-74s %s%s\n", usage, commands[index].what,
			commands[index].run ? "" : " (not supported yet)");
	}
	fputs("\nexit status: 0 all right, 1 faults in the configuration or in what arrived, 2 "
	      "usage, 3 refused or "
	      "not reachable\n",
	      to);
}

/* `sluicectl help` */
int sluice_ctl_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	help(stdout);
	return SLUICE_CTL_OK;
}

/* `sluicectl version` */
int sluice_ctl_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("sluicectl %s (%s)\n", SLUICE_VERSION, SLUICE_DATE);
	return SLUICE_CTL_OK;
}

/* Moves options before the command ("sluicectl -j show rules") behind it, where the commands look
 * for theirs. */
static void move_options(int argc, char **argv)
{
	int word, first = 1;
	char *option;

	while (first < argc && (!strcmp(argv[first], "-j") || !strcmp(argv[first], "--json")))
		first++;
	/* Nothing but options, or none: nothing to move. */
	for (; first > 1 && first < argc; first--) {
		option = argv[1];
		for (word = 1; word + 1 < argc; word++)
			argv[word] = argv[word + 1];
		argv[argc - 1] = option;
	}
}

/* Says that there is no such command, and which was meant if one is near. Returns the exit status.
 */
static int refuse(const char *name)
{
	unsigned int best = sluice_word_tolerance(name), distance;
	const char *meant = NULL;
	char quoted[SLUICE_QUOTE_TEXT];
	size_t index;

	for (index = 0; index < COMMANDS; index++) {
		if (!commands[index].run)
			continue;
		distance = sluice_word_distance(name, commands[index].name, best);
		if (distance > best)
			continue;
		meant = commands[index].name;
		/* Only a nearer one is better. */
		if (distance == 0)
			break;
		best = distance - 1;
	}
	fprintf(stderr, "sluicectl: there is no command %s", sluice_quote(name, quoted));
	if (meant)
		fprintf(stderr, ", did you mean \"%s\"?\n", meant);
	else
		fputs("; sluicectl help lists them\n", stderr);
	return SLUICE_CTL_USAGE;
}

int main(int argc, char **argv)
{
	const char *name;
	size_t index;

	if (argc < 2) {
		help(stderr);
		return SLUICE_CTL_USAGE;
	}
	if (argc > 3 && (!strcmp(argv[1], "-S") || !strcmp(argv[1], "--socket"))) {
		sluice_daemon_use(argv[2]);
		argc -= 2;
		argv += 2;
	}
	move_options(argc, argv);
	name = argv[1];
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	else if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		name = "version";
	for (index = 0; index < COMMANDS; index++) {
		if (strcmp(name, commands[index].name) != 0)
			continue;
		if (commands[index].run)
			return commands[index].run(argc - 1, argv + 1);
		fprintf(stderr, "sluicectl: %s: not supported yet\n", name);
		return SLUICE_CTL_USAGE;
	}
	return refuse(name);
}
