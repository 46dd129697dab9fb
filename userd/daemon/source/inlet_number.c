// SPDX-License-Identifier: MIT
/*
 * Which rings inlets have, by number; see inlet.h. Touches: nothing. All @threadsafe
 */
#include "inlet.h"

/* Beyond every worker, CPU and handle of the capture source. */
#define NUMBER_FIRST (1U << 30)
#define NUMBER_HASH 0x3ffffffU

uint32_t sluice_inlet_number(const sluice_guid input, size_t thread)
{
	uint32_t hash = 2166136261U; /* FNV-1a (Noll) */
	size_t place;

	for (place = 0; place < sizeof(sluice_guid); place++)
		hash = (hash ^ input[place]) * 16777619U;
	return NUMBER_FIRST + (hash & NUMBER_HASH) * SLUICE_INLET_THREADS + (uint32_t)thread;
}

size_t sluice_inlet_width(const struct sluice_config *config,
			  const struct sluice_config_input *input, size_t workers)
{
	size_t goal = sluice_config_goal(config, workers);

	/* What one relay sends may come by any of its connections, so one thread has them all. */
	if (input->source == SLUICE_SOURCE_SLUICE)
		return 1;
	return goal < SLUICE_INLET_THREADS ? goal : SLUICE_INLET_THREADS;
}

bool sluice_inlet_awaits(const struct sluice_source_plan *plan, const sluice_guid route,
			 uint32_t number)
{
	size_t input, thread;

	if (number < NUMBER_FIRST)
		return false;
	for (input = 0; input < plan->config->input_count; input++) {
		if (!sluice_config_is_inlet(&plan->config->inputs[input]) ||
		    !sluice_guid_equal(plan->routes[plan->route_of[input]].id, route))
			continue;
		for (thread = 0; thread < SLUICE_INLET_THREADS; thread++)
			if (sluice_inlet_number(plan->config->inputs[input].id, thread) == number)
				return true;
	}
	return false;
}
