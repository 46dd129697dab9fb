// SPDX-License-Identifier: MIT
/*
 * Causes of losses; see lost.h. Touches: nothing.
 */
#include <sluice/record.h>
#include "lost.h"

const char *sluice_lost_name(size_t cause)
{
	static const char *const names[SLUICE_LOST_CAUSES] = {
		[SLUICE_LOST_RING_FULL] = "ring_full",
		[SLUICE_LOST_BAD_LENGTH] = "bad_length",
		[SLUICE_LOST_BAD_CHECKSUM] = "bad_checksum",
		[SLUICE_LOST_BAD_TAIL] = "bad_tail",
		[SLUICE_LOST_COPY] = "copy",
		[SLUICE_LOST_NO_RING] = "no_ring",
		[SLUICE_LOST_SOCKET] = "socket",
		[SLUICE_LOST_DISK] = "disk",
		[SLUICE_LOST_OLDEST] = "dropped_oldest",
	};

	return cause < SLUICE_LOST_CAUSES ? names[cause] : "?";
}
