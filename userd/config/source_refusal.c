// SPDX-License-Identifier: MIT
/*
 * What is said of a key that the source of an input does not have. Part of draft.h. Touches:
 * nothing but memory.
 */
#include "draft.h"

void sluice_source_refuse(struct sluice_findings *findings, const struct sluice_config_place *place,
			  bool is_more, const char *key, const char *why)
{
	if (is_more)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, place,
				    "inputs.%s: %s: leave the key out, or take another source", key,
				    why);
}
