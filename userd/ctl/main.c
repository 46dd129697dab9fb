// SPDX-License-Identifier: MIT
/*
 * sluicectl: the tool that checks configurations, gives them to the daemon, and shows what module
 * and daemon do. Here: the rows of the table of commands, and the command line. Touches: stdout,
 * stderr.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "../config/suggest.h"
#include "command.h"
#include "daemon.h"
#include "door.h"
#include "instances.h"
#include "table.h"

#define COMMAND(name, function, access, arguments, what) \
	{name, sluice_ctl_##function, SLUICE_CTL_##access, arguments, what},
#define PLANNED(name, what) {name, NULL, SLUICE_CTL_LOOKS, "", what},

static const struct sluice_ctl_command commands[] = {
#include "command_rows.h"
};

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
	const char *meant = sluice_table_nearest(name);
	char quoted[SLUICE_QUOTE_TEXT];

	fprintf(stderr, "sluicectl: there is no command %s", sluice_quote(name, quoted));
	if (meant)
		fprintf(stderr, ", did you mean \"%s\"?\n", meant);
	else
		fputs("; sluicectl help lists them\n", stderr);
	return SLUICE_CTL_USAGE;
}

/* Is it asked what the command takes, as with any other tool: `COMMAND --help`, or `COMMAND -h`? */
static bool asks_for_help(int argc, char **argv)
{
	int word;

	for (word = 2; word < argc && strcmp(argv[word], "--") != 0; word++)
		if (!strcmp(argv[word], "--help"))
			return true;
	return argc == 3 && !strcmp(argv[2], "-h");
}

int main(int argc, char **argv)
{
	const struct sluice_ctl_command *command;
	const char *name;

	sluice_table_use(commands, sizeof(commands) / sizeof(commands[0]));
	if (argc < 2) {
		sluice_table_print(stderr);
		return SLUICE_CTL_USAGE;
	}
	if (argc > 3 && (!strcmp(argv[1], "-S") || !strcmp(argv[1], "--socket"))) {
		sluice_daemon_use(argv[2]);
		argc -= 2;
		argv += 2;
	} else if (argc > 3 && (!strcmp(argv[1], "-n") || !strcmp(argv[1], "--name"))) {
		if (sluice_instances_use(argv[2]))
			return SLUICE_CTL_REFUSED;
		argc -= 2;
		argv += 2;
	}
	/* Not in the table: nobody but sluiced has a use for it. */
	if (!strcmp(argv[1], "--door"))
		return sluice_door_run(argc - 1, argv + 1);
	move_options(argc, argv);
	name = argv[1];
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	else if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		name = "version";
	command = sluice_table_find(name);
	if (!command)
		return refuse(name);
	if (asks_for_help(argc, argv)) {
		sluice_command_print(command, stdout);
		return SLUICE_CTL_OK;
	}
	if (command->run)
		return command->run(argc - 1, argv + 1);
	fprintf(stderr, "sluicectl: %s: not supported yet\n", name);
	return SLUICE_CTL_USAGE;
}
