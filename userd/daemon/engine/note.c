// SPDX-License-Identifier: MIT
/*
 * Which outputs there are, noted for whoever starts after us, as often as it takes. See inner.h. In
 * the control thread. Touches: what identity_file.c writes, the alarm about it.
 */
#include "../identity/identity_file.h"
#include "inner.h"

void sluice_engine_note(struct sluice_engine *engine, const struct sluice_identity *identity,
			const struct sluice_config *config)
{
	bool is_known = engine->unnoted.is_raised;

	sluice_alarm_noting(&engine->unnoted, sluice_identity_save(identity, config, is_known));
}

bool sluice_engine_note_again(struct sluice_engine *engine)
{
	if (!engine->unnoted.is_raised || !engine->config)
		return false;
	sluice_engine_note(engine, &engine->identity, engine->config);
	return engine->unnoted.is_raised;
}
