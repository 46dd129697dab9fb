/* SPDX-License-Identifier: MIT */
/*
 * What follows from a configuration on this machine; see derive.c. For the control thread.
 */
#ifndef SLUICE_DERIVE_H
#define SLUICE_DERIVE_H

#include "inner.h"

/* Works out routes and sources. 0, or a negative errno with a sentence. @owner caller: sluice_derived_free() */
int sluice_derive(const struct sluice_config *config, struct sluice_derived *derived, char **error);

#endif /* SLUICE_DERIVE_H */
