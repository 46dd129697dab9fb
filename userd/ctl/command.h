/* SPDX-License-Identifier: MIT */
/*
 * The commands of sluicectl as main.c's table knows them, and what they share. Touches: nothing.
 */
#ifndef SLUICE_CTL_COMMAND_H
#define SLUICE_CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "../config/check.h"

struct sluice_findings;

/* Exit statuses, the same for every command (documented in sluicectl.8). */
enum sluice_ctl_exit {
	SLUICE_CTL_OK = 0,
	SLUICE_CTL_FINDINGS =
		1, /* check, apply: the configuration has faults; probe: not all arrived */
	SLUICE_CTL_USAGE = 2,	/* the command line is wrong; nothing was done */
	SLUICE_CTL_REFUSED = 3, /* the module or the daemon refused, or cannot be reached */
};

/* What a command may be run in, beside a command line of its own (command_rows.h says of each). */
enum sluice_ctl_access {
	SLUICE_CTL_LOOKS,   /* every session: it changes nothing */
	SLUICE_CTL_CHANGES, /* sessions that may change something */
	SLUICE_CTL_LOCAL,   /* `sluicectl shell` only: it touches files of who calls it, or sends */
	SLUICE_CTL_ALONE,   /* no session */
};

/* Each takes its own arguments, argv[0] being the command's name, and returns the exit status. */
#define COMMAND(name, function, ...) int sluice_ctl_##function(int argc, char **argv);
#define PLANNED(...)
#include "command_rows.h"
#undef COMMAND
#undef PLANNED

/* `del NAME|GUID` (remove.c): what delete.c calls unless it is a rule or a route. */
int sluice_ctl_remove(int argc, char **argv);

/* Are all of the words KEY=VALUE, and is there one? (set.c) */
bool sluice_ctl_are_pairs(char **words, int count);

struct sluice_config_text;

/* Sets what such words say of a piece (set.c). 0 or a negative errno and *error. */
int sluice_ctl_set_words(struct sluice_config_text *text, const char *piece, char **words,
			 int count, char **error);

/* Checks a configuration against its own rules and, unless `view` is NULL, this host's; `findings`
 * is overwritten. 0 or a negative errno. */
int sluice_ctl_check_text(const char *name, const char *text, size_t length,
			  const enum sluice_host_view *view, struct sluice_findings *findings);

/* Prints findings, a line each, to `to`: stderr where stdout is for JSON. True: none of them is an
 * error. */
bool sluice_ctl_print_findings(FILE *to, const char *name, const struct sluice_findings *findings);

#endif /* SLUICE_CTL_COMMAND_H */
