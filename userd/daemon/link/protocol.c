// SPDX-License-Identifier: MIT
/*
 * Which protocol speaks a framing: config/framing_rows.h says it. Above all of them: whoever makes
 * outputs asks, so that no connection needs to know what protocols there are. Touches: nothing.
 */
#include "connection.h"

const struct sluice_protocol *sluice_protocol_of(enum sluice_framing framing)
{
	static const struct sluice_protocol *const protocols[] = {
#define FRAMING(word, NAME, protocol, ...) [SLUICE_FRAMING_##NAME] = &sluice_protocol_##protocol,
#include "../../config/framing_rows.h"
#undef FRAMING
	};

	return protocols[framing];
}
