/* SPDX-License-Identifier: MIT */
/*
 * What daemon and module tell at one time, together: the lists of list.h, for whoever shows all of
 * it (metrics.h, http.h). Touches: netlink sockets, stderr.
 */
#ifndef SLUICE_CTL_FIGURES_H
#define SLUICE_CTL_FIGURES_H

#include <jansson.h>
#include <stdbool.h>

/* Arrays; NULL: it could not be asked, or there is none. */
struct sluice_figures {
	json_t *daemon, *inputs, *outputs, *forwards, *store, *threads, *streams, *orphans, *costs;
	json_t *rules, *rings, *cpus; /* of the module */
};

/* Asks for all of it. False: there is no daemon, or it does not answer; all of it is NULL then, and
 * why was said on stderr. @owner caller: sluice_figures_free() @context process */
bool sluice_figures_ask(struct sluice_figures *figures);

/* Frees what they hold, and empties them. */
void sluice_figures_free(struct sluice_figures *figures);

#endif /* SLUICE_CTL_FIGURES_H */
