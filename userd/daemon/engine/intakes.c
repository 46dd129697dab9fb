// SPDX-License-Identifier: MIT
/*
 * Which sources there are, what the engine asks all of them, and their first steps in a change; see
 * inner.h. Touches: the sources.
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

bool sluice_source_plan_has(const struct sluice_source_plan *plan, enum sluice_source kind)
{
	size_t number;

	for (number = 0; number < plan->config->input_count; number++)
		if (plan->kinds[number] == kind)
			return true;
	return false;
}

int sluice_intake_open(struct sluice_engine *engine, size_t number, bool *opened, char **error)
{
	int result;

	if (engine->intakes[number])
		return 0;
	result = sluice_intake_classes[number]->open(&engine->context, &engine->intakes[number],
						     error);
	*opened = !result;
	return result;
}

int sluice_intakes_look(struct sluice_engine *engine, const struct sluice_source_plan *plan,
			size_t *spread, bool *opened, bool *begun, char **error)
{
	size_t number;
	int result;

	for (number = 0; number < SLUICE_INTAKES; number++) {
		const struct sluice_source_class *class = sluice_intake_classes[number];

		if (!class->look || !sluice_source_plan_has(plan, class->kind))
			continue;
		result = sluice_intake_open(engine, number, &opened[number], error);
		if (result)
			return result;
		begun[number] = true;
		result = class->look(engine->intakes[number], plan, spread, error);
		if (result)
			return result;
	}
	return 0;
}
