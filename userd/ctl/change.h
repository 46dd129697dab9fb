/* SPDX-License-Identifier: MIT */
/*
 * One change of the running configuration, as set, add, del, enable and disable make it: the text
 * that runs is fetched, edited and checked here, and given back to the daemon, which takes it if
 * nobody was faster. Touches: a netlink socket, stdout, stderr.
 */
#ifndef SLUICE_CTL_CHANGE_H
#define SLUICE_CTL_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../config/edit.h"
#include "../config/pieces.h"

/* A change. */
struct sluice_change {
	int argc;
	char **argv; /* the command, what it is about; options are taken out */
	bool as_json, is_dry, no_wait;
	uint64_t if_revision; /* 0: whatever is in force */
	uint32_t within;      /* seconds until it goes unless confirmed; 0: it stays */
	char *wishes[64];     /* --adopt OLD=NEW, --drop OLD */
	size_t wish_count;
	/* Edits the text. 0 or a negative errno, and *error (sluice_edit_...()). */
	int (*edit)(const struct sluice_change *change, struct sluice_config_text *text,
		    char **error);
};

/* Reads the options out of a command line: --dry-run, -j, --no-wait, --if-revision N, --adopt,
 * --drop. False: one is wrong, as was said. */
bool sluice_change_options(struct sluice_change *change, int argc, char **argv);

/* Makes it, and prints what it changed. Returns the exit status. */
int sluice_change_make(const struct sluice_change *change);

/* What came of a change, to be printed. */
struct sluice_change_result {
	const struct sluice_difference *list;
	size_t count;
	uint64_t revision; /* that is in force now */
	bool is_dry;	   /* nothing was done */
	bool waits;	   /* nothing was done: it waits for `commit` */
	bool is_accepted;  /* it is not in force yet; `revision` is */
};

/* Prints it as lines or as one JSON object. 0 or a negative errno. */
int sluice_change_print(const struct sluice_change_result *result, bool as_json);

/* Checks a text as the daemon will, as one that is to run. Returns the exit status, having said
 * what is wrong. */
int sluice_change_check(const char *name, const struct sluice_config_text *text);

/* Prints the errors of a check that are not those of places: the command line has no lines. */
void sluice_change_complain(const struct sluice_findings *findings);

#endif /* SLUICE_CTL_CHANGE_H */
