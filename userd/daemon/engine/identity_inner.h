/* SPDX-License-Identifier: MIT */
/*
 * What identity.c (what is remembered) and identity_match.c (which output goes on with which) share.
 * For these two only.
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

/* Are they the same? */
static inline bool sluice_guids_are_equal(const uint8_t one[SLUICE_GUID_SIZE],
					  const uint8_t other[SLUICE_GUID_SIZE])
{
	return !memcmp(one, other, SLUICE_GUID_SIZE);
}

/* The groups of `config`; *count: how many. NULL: no memory. @owner caller: free() */
struct sluice_group *sluice_groups_list(const struct sluice_config *config, size_t *count);

/* How many of the lane's destinations the output has, as written. */
size_t sluice_lane_affinity(const struct sluice_known_lane *lane,
			    const struct sluice_config_output *output);

#endif /* SLUICE_IDENTITY_INNER_H */
