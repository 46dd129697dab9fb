// SPDX-License-Identifier: MIT
/*
 * Priorities in GUIDs; see priority.h. Touches: nothing but memory.
 */
#include <stddef.h>
#include "priority.h"

#define VERSION_BYTE 6 /* its upper half (RFC 9562 section 4.2) */
#define VERSION_MARKED 0x80U
#define PRIORITY_BYTE 15

void sluice_priority_mark(sluice_guid guid, unsigned int priority)
{
	if (!guid || !priority || priority >= SLUICE_PRIORITIES)
		return;
	guid[VERSION_BYTE] = (uint8_t)((guid[VERSION_BYTE] & 0x0fU) | VERSION_MARKED);
	guid[PRIORITY_BYTE] =
		(uint8_t)((guid[PRIORITY_BYTE] & ~(SLUICE_PRIORITIES - 1U)) | priority);
}

unsigned int sluice_priority_of(const sluice_guid guid)
{
	if (!guid || (guid[VERSION_BYTE] & 0xf0U) != VERSION_MARKED)
		return 0;
	return guid[PRIORITY_BYTE] & (SLUICE_PRIORITIES - 1U);
}
