// SPDX-License-Identifier: MIT
/*
 * Causes of losses; see lost.h. Touches: nothing.
 */
#include <sluice/counters.h>
#include <sluice/record.h>
#include "lost.h"

const char *sluice_lost_name(size_t cause)
{
#define ROW(NAME, name, ...) [SLUICE_LOST_##NAME] = #name,
	static const char *const names[SLUICE_LOST_CAUSES] = {SLUICE_LOST_COUNTERS(ROW)};
#undef ROW

	return cause < SLUICE_LOST_CAUSES ? names[cause] : "?";
}
