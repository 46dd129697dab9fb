// SPDX-License-Identifier: MIT
/*
 * `sluicectl enable`, `sluicectl disable`: switches an input, an output or one of its destinations
 * on or off. Touches: a netlink socket, stdout, stderr.
 */
#include <stdio.h>
#include <string.h>
#include "change.h"
#include "command.h"

/* struct sluice_change.edit */
static int edit(const struct sluice_change *change, struct sluice_config_text *text, char **error)
{
	return sluice_edit_enable(text, change->argv[1], change->argc > 2 ? change->argv[2] : NULL,
				  !strcmp(change->argv[0], "enable"), error);
}

int sluice_ctl_enable(int argc, char **argv)
{
	struct sluice_change change = {.edit = edit};

	if (!sluice_change_options(&change, argc, argv))
		return SLUICE_CTL_USAGE;
	if (change.argc != 2 && change.argc != 3) {
		fprintf(stderr,
			"usage: sluicectl %s NAME|GUID [HOST:PORT] [--dry-run] [--no-wait] "
			"[--if-revision N] "
			"[-j]\n",
			argv[0]);
		return SLUICE_CTL_USAGE;
	}
	return sluice_change_make(&change);
}
