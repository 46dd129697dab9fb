// SPDX-License-Identifier: MIT
/*
 * Tells what inputs are called whose numbers stand in records (stream/input_names.h); see inner.h.
 * In the control thread. Touches: the sources, to ask them for the numbers.
 */
#include <stdio.h>
#include <stdlib.h>
#include "../stream/input_names.h"
#include "inner.h"

void sluice_name_inputs(struct sluice_engine *engine)
{
	const struct sluice_config *config = engine->config;
	struct sluice_input_name *list;
	size_t number, count = 0;

	for (number = 0; number < config->output_count; number++)
		if (config->outputs[number].kind == SLUICE_KIND_NATS ||
		    config->outputs[number].kind == SLUICE_KIND_KAFKA)
			break;
	/* Nobody asks. */
	if (number == config->output_count)
		return;
	list = calloc(config->input_count ? config->input_count : 1, sizeof(*list));
	if (!list)
		return;
	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number])
			(void)sluice_intake_classes[number]->measure(engine->intakes[number]);
	for (number = 0; number < config->input_count; number++) {
		size_t kind = sluice_intake_of(engine->derived.kinds[number]);
		struct sluice_counters counters;

		if (!engine->intakes[kind] ||
		    sluice_intake_classes[kind]->counters(engine->intakes[kind],
							  config->inputs[number].id, &counters,
							  &list[count].index))
			continue;
		list[count].kind = engine->derived.kinds[number];
		snprintf(list[count].name, sizeof(list[count].name), "%s",
			 config->inputs[number].name);
		count++;
	}
	(void)sluice_input_names_set(config->relay ? config->relay : "", list, count);
	free(list);
}
