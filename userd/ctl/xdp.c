// SPDX-License-Identifier: MIT
/*
 * `sluicectl xdp`: has the program of `hook: xdp` be at interfaces before there are rules, and stay
 * when they go, since attaching it resets many cards; or ends that. Takes root, as the kernel shows
 * a module's types to nobody else: so the service attaches it before its daemon starts. Touches:
 * lib/hook_xdp.h, a configuration, stdout, stderr.
 */
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../config/check.h"
#include "../lib/hook_xdp.h"
#include "command.h"

#define WHY 320U

/* Prepares one interface. Returns the exit status, having said what came of it. */
static int prepare(const char *interface)
{
	char why[WHY] = "";
	bool attached = false;

	if (sluice_hook_xdp_prepare(interface, &attached, why, sizeof(why))) {
		fprintf(stderr, "sluicectl: %s is not prepared: %s\n", interface, why);
		return SLUICE_CTL_REFUSED;
	}
	if (attached)
		printf("%s: the program is attached, and stays until `sluicectl xdp release %s`; "
		       "if the card resets by that, its link is back in some seconds\n",
		       interface, interface);
	else
		printf("%s: the program is there, and stays until `sluicectl xdp release %s`\n",
		       interface, interface);
	return SLUICE_CTL_OK;
}

/* Releases one interface, or all (NULL). Returns the exit status, having said what came of it. */
static int release(const char *interface)
{
	struct sluice_hook_xdp_state state;
	char why[WHY] = "";

	if (sluice_hook_xdp_release(interface, &state, why, sizeof(why))) {
		fprintf(stderr, "sluicectl: %s\n", why);
		return SLUICE_CTL_REFUSED;
	}
	printf("%s: %s\n", interface ? interface : "all interfaces",
	       state.is_wanted ? "the program goes with the last rule that names it"
			       : "the program goes unless a rule or a daemon has it");
	return SLUICE_CTL_OK;
}

/* Prepares the interfaces of the inputs with `hook: xdp` in a file. Returns the exit status. */
static int prepare_for(const char *path)
{
	struct sluice_config *config = NULL;
	struct sluice_findings findings = {0};
	int status = SLUICE_CTL_OK;
	size_t number, before;

	/* What is wrong with the file is for the daemon to say, which reads it next. */
	if (sluice_config_load(path, &config, &findings) || !config) {
		fprintf(stderr,
			"sluicectl: %s cannot be read or has faults: `sluicectl check %s`\n", path,
			path);
		sluice_findings_free(&findings);
		return SLUICE_CTL_FINDINGS;
	}
	for (number = 0; number < config->input_count; number++) {
		const struct sluice_config_input *input = &config->inputs[number];

		if (input->hook != SLUICE_HOOK_XDP)
			continue;
		for (before = 0; before < number; before++)
			if (config->inputs[before].hook == SLUICE_HOOK_XDP &&
			    !strcmp(config->inputs[before].interface, input->interface))
				break;
		if (before == number && prepare(input->interface))
			status = SLUICE_CTL_REFUSED;
	}
	sluice_config_free(config);
	sluice_findings_free(&findings);
	return status;
}

int sluice_ctl_xdp(int argc, char **argv)
{
	bool prepares = argc > 1 && !strcmp(argv[1], "prepare");
	int word, status = SLUICE_CTL_OK, result;

	/* What is wrong is said here, and how to mend it. */
	libbpf_set_print(NULL);
	if (argc == 4 && prepares && !strcmp(argv[2], "--config"))
		return prepare_for(argv[3]);
	if (argc < 3 || (!prepares && strcmp(argv[1], "release") != 0) || argv[2][0] == '-') {
		fputs("usage: sluicectl xdp prepare|release INTERFACE...\n"
		      "       sluicectl xdp prepare --config FILE\n"
		      "       sluicectl xdp release all\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	if (!prepares && argc == 3 && !strcmp(argv[2], "all"))
		return release(NULL);
	for (word = 2; word < argc; word++) {
		result = prepares ? prepare(argv[word]) : release(argv[word]);
		status = result ? result : status;
	}
	return status;
}
