/* SPDX-License-Identifier: MIT */
/*
 * What follows from a configuration on this machine; see derive.c. For the control thread.
 */
#ifndef SLUICE_DERIVE_H
#define SLUICE_DERIVE_H

#include "inner.h"

/* Works out routes and sources. 0, or a negative errno with a sentence. @owner caller: sluice_derived_free() */
int sluice_derive(const struct sluice_config *config, struct sluice_derived *derived, char **error);

/*
 * A route that comes back while its rings of before, in `streams`, are not empty gets another name, and so rings of its own:
 * what came in since then lies in others, and would be overtaken. 0 or a negative errno. @context process
 */
int sluice_derived_rename(struct sluice_derived *derived,
			  const struct sluice_stream_table *streams);

#endif /* SLUICE_DERIVE_H */
