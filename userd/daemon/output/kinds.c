// SPDX-License-Identifier: MIT
/*
 * The table of kinds: config/kind_rows.h says what is in it. Above all of them: whoever makes
 * outputs asks, so that no output needs to know what kinds there are. Touches: nothing.
 */
#include "output.h"

const struct sluice_kind *sluice_kind_of(enum sluice_output_kind kind)
{
	static const struct sluice_kind *const kinds[] = {
#define KIND(word, NAME, table) [SLUICE_KIND_##NAME] = &sluice_kind_##table,
#include "../../config/kind_rows.h"
#undef KIND
	};

	return kinds[kind];
}
