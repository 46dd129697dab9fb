// SPDX-License-Identifier: MIT
/*
 * `sluicectl del rule|route`: takes rules and routes out of the module. Rules outlive the daemon on
 * purpose; this is how they end without unloading the module. Touches: a netlink socket, stderr.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "command.h"
#include "guid.h"
#include "kernel.h"

/* True if `wanted` is "all", this name or this id. */
static bool is_meant(const char *wanted, const char *name, const sluice_guid guid)
{
	char text[SLUICE_GUID_TEXT];

	return strcmp(wanted, "all") == 0 || strcmp(wanted, name) == 0 ||
	       strcasecmp(wanted, sluice_guid_format(guid, text)) == 0;
}

/* Deletes the rules that are meant; returns how many, or a negative errno. */
static int delete_rules(struct sluice_kernel *kernel, const char *wanted)
{
	struct sluice_kernel_rule *rules = NULL;
	size_t count = 0, index;
	int done = 0, error = sluice_kernel_rules(kernel, &rules, &count);

	for (index = 0; index < count && error == 0; index++) {
		if (!is_meant(wanted, rules[index].name, rules[index].guid))
			continue;
		error = sluice_kernel_rule_delete(kernel, rules[index].guid);
		done++;
	}
	free(rules);
	return error ? error : done;
}

/* Deletes the routes that are meant; returns how many, or a negative errno. */
static int delete_routes(struct sluice_kernel *kernel, const char *wanted)
{
	struct sluice_kernel_route *routes = NULL;
	size_t count = 0, index;
	int done = 0, error = sluice_kernel_routes(kernel, &routes, &count);

	for (index = 0; index < count && error == 0; index++) {
		if (!is_meant(wanted, routes[index].name, routes[index].guid))
			continue;
		error = sluice_kernel_route_delete(kernel, routes[index].guid);
		done++;
	}
	free(routes);
	return error ? error : done;
}

int sluice_ctl_delete(int argc, char **argv)
{
	struct sluice_kernel *kernel = NULL;
	int done;

	if (argc != 3 || (strcmp(argv[1], "rule") != 0 && strcmp(argv[1], "route") != 0))
		return sluice_ctl_remove(argc, argv);
	done = sluice_kernel_open(&kernel);
	if (done < 0) {
		fprintf(stderr, "sluicectl: %s\n",
			done == -ENOENT ? "the module is not loaded: modprobe sluice"
					: strerror(-done));
		return SLUICE_CTL_REFUSED;
	}
	done = strcmp(argv[1], "rule") == 0 ? delete_rules(kernel, argv[2])
					    : delete_routes(kernel, argv[2]);
	if (done < 0)
		fprintf(stderr, "sluicectl: %s\n", sluice_kernel_error(kernel));
	else if (done == 0 && strcmp(argv[2], "all") != 0)
		fprintf(stderr, "sluicectl: there is no %s '%s'; sluicectl show %ss lists them\n",
			argv[1], argv[2], argv[1]);
	sluice_kernel_close(kernel);
	return done < 0 || (done == 0 && strcmp(argv[2], "all") != 0) ? SLUICE_CTL_REFUSED
								      : SLUICE_CTL_OK;
}
