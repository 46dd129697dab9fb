// SPDX-License-Identifier: MIT
/*
 * Which protocol speaks a framing. Above all of them: whoever makes outputs asks, so that no
 * connection needs to know what protocols there are. Touches: nothing.
 */
#include "connection.h"

const struct sluice_protocol *sluice_protocol_of(enum sluice_framing framing)
{
	switch (framing) {
	case SLUICE_FRAMING_NATIVE:
		return &sluice_protocol_native;
	case SLUICE_FRAMING_RELP:
		return &sluice_protocol_relp;
	default:
		return &sluice_protocol_plain;
	}
}
