/* SPDX-License-Identifier: MIT */
/*
 * A daemon without a file: what `sluiced --relay` and the options that belong to it stand for.
 * Touches: stdout, stderr.
 */
#ifndef SLUICE_DIRECT_H
#define SLUICE_DIRECT_H

#include "../config/check.h"
#include "options.h"

/* What such a configuration is called instead of the path of a file. */
#define SLUICE_DIRECT_NAME "the command line"

/*
 * The configuration of the options' --relay, held against this machine as `view` says. What is
 * wrong is printed, by option: on stdout for --check, else on stderr. NULL: there are errors, and
 * *status is what to exit with. What it leaves for a successor is called after the relay, so that
 * the next start with the same words goes on with it. @owner caller: sluice_config_free() @context
 * process
 */
struct sluice_config *sluice_direct_load(const struct sluice_options *options,
					 enum sluice_host_view view, int *status);

/* --print: the file that --relay stands for, on stdout. Returns the status to exit with; a fault
 * is told. @context process */
int sluice_direct_print(const struct sluice_options *options);

#endif /* SLUICE_DIRECT_H */
