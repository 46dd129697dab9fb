// SPDX-License-Identifier: MIT
/*
 * The sources, and memberships in multicast groups, follow the interfaces and addresses of the
 * machine. In the control thread. Touches: the sources, the groups.
 */
#include "inner.h"

bool sluice_engine_follow_links(struct sluice_engine *engine)
{
	struct sluice_source_plan plan;
	bool waits = false;
	size_t number;

	if (!engine || !engine->config)
		return false;
	plan = (struct sluice_source_plan){
		.config = engine->config,
		.identity = &engine->identity,
		.routes = engine->derived.routes,
		.route_count = engine->derived.route_count,
		.kinds = engine->derived.kinds,
		.route_of = engine->derived.route_of,
		.spread = engine->derived.spread,
	};
	for (number = 0; number < SLUICE_INTAKES; number++)
		if (engine->intakes[number] && sluice_intake_classes[number]->follow)
			waits |= sluice_intake_classes[number]->follow(engine->intakes[number],
								       &plan);
	waits |= sluice_membership_follow(&engine->memberships, engine->config);
	return sluice_engine_note_again(engine) || waits;
}
