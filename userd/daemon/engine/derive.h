/* SPDX-License-Identifier: MIT */
/*
 * What follows from a configuration on this machine; see derive.c. For the control thread.
 */
#ifndef SLUICE_DERIVE_H
#define SLUICE_DERIVE_H

#include "inner.h"

/* Works out routes and sources. 0, or a negative errno with a sentence. @owner caller:
 * sluice_derived_free() */
int sluice_derive(const struct sluice_config *config, struct sluice_derived *derived, char **error);

/*
 * Gives routes other names, and so rings of their own, whose rings of before cannot be filled
 * again. Either they are being emptied: what came in since then lies in others, and would be
 * overtaken. Or something waits in them for an output that `config` does not have: it would hold
 * what comes for the others. 0 or a negative errno. @context process
 */
int sluice_derived_rename(struct sluice_derived *derived, const struct sluice_engine *engine,
			  const struct sluice_config *config);

/* Does a source fill `stream` by the configuration that `derived` follows from? @threadsafe */
bool sluice_derived_fills(const struct sluice_derived *derived, const struct sluice_config *config,
			  const struct sluice_stream *stream);

#endif /* SLUICE_DERIVE_H */
