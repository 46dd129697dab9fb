// SPDX-License-Identifier: MIT
/*
 * `sluicectl health`: is anything wrong? One line and the exit status, for load balancers and
 * monitors. Touches: a netlink socket, stdout, stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "list.h"
#include "print.h"
#include "verdict.h"

/* Prints what is wrong as one line or one object; where nothing is, the line has what the daemon
 * has to do more than usual. 0 or not. */
static int print(const json_t *problems, const json_t *daemon, bool as_json)
{
	char *load;
	json_t *object, *one;
	size_t number;
	int error;

	if (as_json) {
		object = json_pack("{s:b, s:O}", "healthy", json_array_size(problems) == 0,
				   "problems", problems);
		error = sluice_print_json(object);
		json_decref(object);
		return error;
	}
	if (!json_array_size(problems)) {
		load = sluice_verdict_load(json_array_get(daemon, 0));
		printf("healthy%s%s", load && *load ? "; " : "", load ? load : "");
		free(load);
	}
	json_array_foreach(problems, number, one)
	{
		printf("%s%s", number ? "; " : "", json_string_value(one));
	}
	putchar('\n');
	return fflush(stdout) ? -1 : 0;
}

int sluice_ctl_health(int argc, char **argv)
{
	json_t *daemon, *inputs = NULL, *outputs = NULL, *store = NULL, *problems = NULL;
	bool as_json = argc == 2 && (!strcmp(argv[1], "-j") || !strcmp(argv[1], "--json"));
	int status = SLUICE_CTL_FINDINGS;

	if (argc > 1 && !as_json) {
		fputs("usage: sluicectl health [-j]\n", stderr);
		return SLUICE_CTL_USAGE;
	}
	daemon = sluice_list_daemon();
	if (daemon)
		inputs = sluice_list_inputs();
	if (inputs)
		outputs = sluice_list_outputs();
	if (outputs)
		store = sluice_list_store();
	if (store) {
		const struct sluice_verdict_lists now = {daemon, inputs, outputs, store};

		problems = sluice_verdict_problems(&now);
	}
	/* Whatever could not be asked was said. */
	if (problems && !print(problems, daemon, as_json) && !json_array_size(problems))
		status = SLUICE_CTL_OK;
	json_decref(problems);
	json_decref(store);
	json_decref(outputs);
	json_decref(inputs);
	json_decref(daemon);
	return status;
}
