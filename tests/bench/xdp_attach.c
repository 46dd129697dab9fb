// SPDX-License-Identifier: MIT
/*
 * xdp_attach INTERFACE: has the program of `hook: xdp` be at an interface, as the daemon does, for
 * a rule that somebody has set. Prints "attached" or "there already"; on failure one sentence, and
 * exits 1. Touches: what lib/hook_xdp.h says.
 */
#include <stdio.h>
#include "../../userd/lib/hook_xdp.h"

/* See the head of the file. */
int main(int argc, char **argv)
{
	struct sluice_hook_xdp_program *program = NULL;
	char why[320] = "say which interface";
	bool attached = false;
	int error = argc == 2 ? sluice_hook_xdp_load(&program, why, sizeof(why)) : -1;

	if (!error)
		error = sluice_hook_xdp_attach(program, argv[1], &attached, why, sizeof(why));
	sluice_hook_xdp_unload(program);
	puts(error ? why : attached ? "attached" : "there already");
	return error ? 1 : 0;
}
