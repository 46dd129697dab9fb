/* SPDX-License-Identifier: MIT */
/*
 * What identity.c (what is remembered), identity_match.c (which output goes on with which) and
 * identity_inputs.c (numbers of inputs) share. For these only.
 */
#ifndef SLUICE_IDENTITY_INNER_H
#define SLUICE_IDENTITY_INNER_H

#include <string.h>
#include "identity.h"

/* An output of a configuration as the user knows it: a run of lanes. */
struct sluice_group {
	size_t first, end;			 /* in config->outputs */
	const struct sluice_known_output *known; /* it goes on with; NULL: it is new */
};

/* The groups of `config`; *count: how many. NULL: no memory. @owner caller: free() */
struct sluice_group *sluice_groups_list(const struct sluice_config *config, size_t *count);

/* How many of the lane's destinations the output has, as written. */
size_t sluice_lane_affinity(const struct sluice_known_lane *lane,
			    const struct sluice_config_output *output);

/*
 * Makes in *next the numbers of the inputs of `config`: those that `identity` remembers, also of
 * one that takes the same datagrams under another name; new ones get numbers that nobody has. 0 or
 * -ENOMEM; what was made is the caller's in any case.
 */
int sluice_identity_follow_inputs(struct sluice_identity *next,
				  const struct sluice_identity *identity,
				  const struct sluice_config *config);

/* Frees them. */
void sluice_identity_free_inputs(struct sluice_identity *identity);

#endif /* SLUICE_IDENTITY_INNER_H */
