// SPDX-License-Identifier: MIT
/*
 * sluicectl: the tool that checks configurations, gives them to the daemon, and shows what module
 * and daemon do. Here: the table of commands, help and version. Touches: stdout, stderr.
 */
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "daemon.h"

/* A command: how it is used, and what runs it; NULL: named, not there yet. */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *what;
};

/* In the table, and made out of it. */
static int command_help(int argc, char **argv);
static int command_version(int argc, char **argv);

static const struct command commands[] = {
	{"init", sluice_ctl_init, "[--port PORTS] [--to HOST:PORT] [--receiver WHO] [...]",
	 "write a first configuration"},
	{"check", sluice_ctl_check, "FILE... [-j]", "list every fault of a configuration file"},
	{"keys", sluice_ctl_keys, "[KEY] [-j]",
	 "what a configuration may hold: values, defaults, when a change is in force"},
	{"apply", sluice_ctl_apply, "FILE [--adopt OLD=NEW] [--drop OLD]",
	 "give a configuration to the running daemon"},
	{"show", sluice_ctl_show,
	 "inputs|outputs|streams|store|orphans|daemon|rules|routes|fields [-j]",
	 "what is there, as a table or as JSON"},
	{"del", sluice_ctl_delete, "rule|route ID|NAME|all",
	 "take a rule or route out of the module"},
	{"tap", sluice_ctl_tap, "[ROUTE] [--output FILE] [--backlog] [--count N] [--interfaces]",
	 "look at live rings: pcapng to stdout or a file"},
	{"spool", sluice_ctl_spool, "list|check|export|repair DIRECTORY ...",
	 "what lies in the store on a disk, without the daemon"},
	{"probe", sluice_ctl_probe, "OUTPUT [--count N] | --check FILE [--run ID] [-j]",
	 "send marked datagrams through an output; find them at its receiver"},
	{"import", sluice_ctl_import, "rinetd|rsyslog|syslog-ng|socat FILE | socat -- ARGUMENT...",
	 "a configuration out of another program's"},
	{"version", command_version, "", "version and date"},
	{"help", command_help, "", "this list"},
	{"get", NULL, "", "read one piece of the configuration"},
	{"set", NULL, "", "change one piece of the configuration"},
	{"events", NULL, "", "follow what happens"},
	{"top", NULL, "", "watch it on the terminal"},
	{"doctor", NULL, "", "what about this host would cost datagrams"},
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
static int command_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	help(stdout);
	return SLUICE_CTL_OK;
}

/* `sluicectl version` */
static int command_version(int argc, char **argv)
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
	fprintf(stderr, "sluicectl: there is no command \"%s\"; sluicectl help lists them\n", name);
	return SLUICE_CTL_USAGE;
}
