/* SPDX-License-Identifier: MIT */
/*
 * The table of commands, for those who look a command up: the command line and sessions. main.c
 * makes it of command_rows.h and hands it over at the start, so that what a command calls and what
 * calls the command are no circle. Touches: its own variable; printing, the stream it is given.
 */
#ifndef SLUICE_CTL_TABLE_H
#define SLUICE_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "command.h"

/* A command: how it is used, and what runs it; NULL: named, not there yet. */
struct sluice_ctl_command {
	const char *name;
	int (*run)(int argc, char **argv);
	enum sluice_ctl_access access;
	const char *arguments;
	const char *what;
};

/* From now on these are the commands; the rows stay the caller's. @context process, before any
 * other call */
void sluice_table_use(const struct sluice_ctl_command *rows, size_t count);

/* Row `number`, from 0; NULL: there are no more. */
const struct sluice_ctl_command *sluice_table_row(size_t number);

/* The command of that name; NULL: there is none. */
const struct sluice_ctl_command *sluice_table_find(const char *name);

/* The name of a command that is there and may have been meant; NULL: none is near. */
const char *sluice_table_nearest(const char *name);

/* Does the command print JSON with -j? */
bool sluice_command_has_json(const struct sluice_ctl_command *command);

/* Prints a row of the list of commands. */
void sluice_command_print(const struct sluice_ctl_command *command, FILE *to);

/* Prints the whole list, and how the tool is called. */
void sluice_table_print(FILE *to);

#endif /* SLUICE_CTL_TABLE_H */
