// SPDX-License-Identifier: MIT
/*
 * What daemon and module tell at one time; see figures.h. Touches: netlink sockets, stderr.
 */
#include <string.h>
#include <unistd.h>
#include "figures.h"
#include "list.h"

/* Is the module loaded? Nobody is asked, and nothing is said, where it is not. */
static bool module_is_loaded(void)
{
	return access("/sys/module/sluice", F_OK) == 0;
}

/* Asks the module. */
static void ask_module(struct sluice_figures *figures)
{
	json_t *list = sluice_list_kernel(), *kernel = json_array_get(list, 0);

	figures->rules = json_incref(json_object_get(kernel, "rules"));
	figures->rings = json_incref(json_object_get(kernel, "rings"));
	figures->cpus = json_incref(json_object_get(kernel, "cpus"));
	json_decref(list);
}

bool sluice_figures_ask(struct sluice_figures *figures)
{
	memset(figures, 0, sizeof(*figures));
	figures->daemon = sluice_list_daemon();
	if (figures->daemon)
		figures->inputs = sluice_list_inputs();
	if (figures->inputs)
		figures->outputs = sluice_list_outputs();
	if (figures->outputs)
		figures->store = sluice_list_store();
	if (!figures->store) {
		sluice_figures_free(figures);
		return false;
	}
	/* Another version of the daemon may not have them; what there is, is told. */
	figures->forwards = sluice_list_forwards();
	figures->threads = sluice_list_threads();
	figures->costs = sluice_list_costs();
	figures->orphans = sluice_list_orphans();
	figures->streams = sluice_list_daemon_streams();
	if (module_is_loaded())
		ask_module(figures);
	return true;
}

void sluice_figures_free(struct sluice_figures *figures)
{
	if (!figures)
		return;
	json_decref(figures->daemon);
	json_decref(figures->inputs);
	json_decref(figures->outputs);
	json_decref(figures->forwards);
	json_decref(figures->store);
	json_decref(figures->threads);
	json_decref(figures->costs);
	json_decref(figures->streams);
	json_decref(figures->orphans);
	json_decref(figures->rules);
	json_decref(figures->rings);
	json_decref(figures->cpus);
	memset(figures, 0, sizeof(*figures));
}
