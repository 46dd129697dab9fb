// SPDX-License-Identifier: MIT
/*
 * `sluicectl del NAME`: takes an input or output out of the running configuration. Touches: a
 * netlink socket, stdout, stderr.
 */
#include <stdio.h>
#include <string.h>
#include "change.h"
#include "command.h"

/* struct sluice_change.edit */
static int edit(const struct sluice_change *change, struct sluice_config_text *text, char **error)
{
	return sluice_edit_delete(text, change->argv[1], error);
}

int sluice_ctl_remove(int argc, char **argv)
{
	struct sluice_change change = {.edit = edit};

	if (!sluice_change_options(&change, argc, argv))
		return SLUICE_CTL_USAGE;
	/* Without a name those are no inputs and outputs. */
	if (change.argc != 2 || !strcmp(change.argv[1], "rule") ||
	    !strcmp(change.argv[1], "route")) {
		fputs("usage: sluicectl del NAME|GUID [--adopt OLD=NEW] [--drop OLD] [--dry-run] "
		      "[--no-wait] "
		      "[--if-revision N] [-j]\n       sluicectl del rule|route ID|NAME|all\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	return sluice_change_make(&change);
}
