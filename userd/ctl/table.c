// SPDX-License-Identifier: MIT
/*
 * The table of commands; see table.h. Also `sluicectl help`. Touches: stdout, stderr.
 */
#include <string.h>
#include "../config/suggest.h"
#include "table.h"

/* main.c's rows. */
static const struct sluice_ctl_command *commands;
static size_t command_count;

void sluice_table_use(const struct sluice_ctl_command *rows, size_t count)
{
	commands = rows;
	command_count = rows ? count : 0;
}

const struct sluice_ctl_command *sluice_table_row(size_t number)
{
	return number < command_count ? &commands[number] : NULL;
}

const struct sluice_ctl_command *sluice_table_find(const char *name)
{
	size_t number;

	for (number = 0; name && number < command_count; number++)
		if (!strcmp(name, commands[number].name))
			return &commands[number];
	return NULL;
}

const char *sluice_table_nearest(const char *name)
{
	unsigned int best, distance;
	const char *meant = NULL;
	size_t number;

	if (!name)
		return NULL;
	best = sluice_word_tolerance(name);
	for (number = 0; number < command_count; number++) {
		if (!commands[number].run)
			continue;
		distance = sluice_word_distance(name, commands[number].name, best);
		if (distance > best)
			continue;
		meant = commands[number].name;
		/* Only a nearer one is better. */
		if (distance == 0)
			break;
		best = distance - 1;
	}
	return meant;
}

bool sluice_command_has_json(const struct sluice_ctl_command *command)
{
	return command && strstr(command->arguments, "[-j]");
}

void sluice_command_print(const struct sluice_ctl_command *command, FILE *to)
{
	char usage[128];

	if (!command || !to)
		return;
	snprintf(usage, sizeof(usage), "%s %s", command->name, command->arguments);
	fprintf(to, "  %-74s %s%s\n", usage, command->what,
		command->run ? "" : " (not supported yet)");
}

void sluice_table_print(FILE *to)
{
	size_t number;

	fputs("usage: sluicectl [-n RELAY | -S SOCKET] COMMAND [ARGUMENT...]\n       sluicectl "
	      "--version\n\ncommands:\n",
	      to);
	for (number = 0; number < command_count; number++)
		sluice_command_print(&commands[number], to);
	fputs("\nexit status: 0 all right, 1 faults in the configuration or in what arrived, 2 "
	      "usage, 3 refused or "
	      "not reachable\n",
	      to);
}

/* `sluicectl help [COMMAND]` */
int sluice_ctl_help(int argc, char **argv)
{
	const struct sluice_ctl_command *command = argc == 2 ? sluice_table_find(argv[1]) : NULL;
	char quoted[SLUICE_QUOTE_TEXT];

	if (argc > 2) {
		fputs("usage: sluicectl help [COMMAND]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	if (command) {
		sluice_command_print(command, stdout);
	} else if (argc == 2) {
		fprintf(stderr, "sluicectl: there is no command %s; sluicectl help lists them\n",
			sluice_quote(argv[1], quoted));
		return SLUICE_CTL_USAGE;
	} else {
		sluice_table_print(stdout);
	}
	return SLUICE_CTL_OK;
}
