// SPDX-License-Identifier: MIT
/*
 * Which sources there are, and what the engine asks all of them; see inner.h. Touches: nothing.
 */
#include "inner.h"

const struct sluice_source_class *const sluice_intake_classes[SLUICE_INTAKES] = {
#define SOURCE(word, NAME, class) [SLUICE_INTAKE_##NAME] = &sluice_source_##class,
#define PLANNED(word, NAME)
#include "../../config/source_rows.h"
#undef SOURCE
#undef PLANNED
};

size_t sluice_intake_of(enum sluice_source kind)
{
	size_t number;

	for (number = 0; number < SLUICE_INTAKES; number++)
		if (sluice_intake_classes[number]->kind == kind)
			break;
	return number;
}

bool sluice_intake_is_filled_by_worker(enum sluice_source kind)
{
	size_t number = sluice_intake_of(kind);

	return number < SLUICE_INTAKES && sluice_intake_classes[number]->is_filled_by_worker;
}

bool sluice_intake_is_open(const struct sluice_engine *engine, bool outlives)
{
	size_t number;

	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number] &&
		    sluice_intake_classes[number]->outlives_daemon == outlives)
			return true;
	return false;
}

bool sluice_intake_has_left(const struct sluice_engine *engine)
{
	size_t number;

	for (number = 0; number < SLUICE_INTAKES; number++)
		if (sluice_intake_classes[number]->has_left(engine->config, &engine->identity,
							    false))
			return true;
	return false;
}
