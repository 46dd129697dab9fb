// SPDX-License-Identifier: MIT
/*
 * Which output of a configuration goes on with which of those that are remembered; see identity.h.
 * In the control thread. Touches: the configuration's GUIDs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../../lib/guid.h"
#include "identity_inner.h"

struct sluice_group *sluice_groups_list(const struct sluice_config *config, size_t *count)
{
	struct sluice_group *groups = calloc(config->output_count + 1, sizeof(*groups));
	size_t number;

	*count = 0;
	for (number = 0; groups && number < config->output_count; number++) {
		if (!sluice_config_is_twin(config, number))
			groups[(*count)++].first = number;
		groups[*count - 1].end = number + 1;
	}
	return groups;
}

/* Does a group go on with it already, or with what is left of the same output? */
static bool is_claimed(const struct sluice_group *groups, size_t count,
		       const struct sluice_known_output *known)
{
	size_t number;

	for (number = 0; number < count; number++)
		if (groups[number].known &&
		    sluice_guid_equal(groups[number].known->group, known->group))
			return true;
	return false;
}

/*
 * What is remembered of the same output latest: of one that lost lanes under an earlier name, or
 * before, these are remembered by themselves, behind those in force.
 */
static const struct sluice_known_output *latest_of(const struct sluice_identity *identity,
						   const struct sluice_known_output *known)
{
	size_t number;

	for (number = 0; number < identity->count; number++)
		if (sluice_guid_equal(identity->outputs[number].group, known->group))
			return &identity->outputs[number];
	return known;
}

size_t sluice_lane_affinity(const struct sluice_known_lane *lane,
			    const struct sluice_config_output *output)
{
	size_t number, place, common = 0;

	for (number = 0; number < output->to_count; number++)
		for (place = 0; place < lane->to_count; place++)
			common += !strcasecmp(output->to[number].text, lane->to[place]);
	return common;
}

/* The same for all lanes of both. */
static size_t affinity(const struct sluice_config *config, const struct sluice_group *group,
		       const struct sluice_known_output *known)
{
	size_t number, lane, common = 0;

	for (number = group->first; number < group->end; number++)
		for (lane = 0; lane < known->lane_count; lane++)
			common +=
				sluice_lane_affinity(&known->lanes[lane], &config->outputs[number]);
	return common;
}

/*
 * Finds for each group what it goes on with: `id` first, then the name, then what it is
 * connected to.
 */
static void match_groups(const struct sluice_identity *identity, const struct sluice_config *config,
			 struct sluice_group *groups, size_t count)
{
	const struct sluice_config_output *output;
	const struct sluice_known_output *known;
	size_t number, place, common, most;
	unsigned int in_force;

	for (number = 0; number < count; number++) {
		output = &config->outputs[groups[number].first];
		for (place = 0; output->has_id && place < identity->count && !groups[number].known;
		     place++)
			if (sluice_guid_equal(identity->outputs[place].group, output->group) &&
			    !is_claimed(groups, count, &identity->outputs[place]))
				groups[number].known = &identity->outputs[place];
	}
	/* Those that were in force before those of the past. */
	for (in_force = 2; in_force-- > 0;) {
		for (number = 0; number < count; number++) {
			output = &config->outputs[groups[number].first];
			for (place = 0; place < identity->count && !groups[number].known; place++) {
				known = &identity->outputs[place];
				if (known->in_force == in_force &&
				    !strcmp(known->name, output->name) &&
				    !is_claimed(groups, count, known))
					groups[number].known = latest_of(identity, known);
			}
		}
	}
	for (number = 0; number < count; number++) {
		if (groups[number].known)
			continue;
		most = 0;
		for (place = 0; place < identity->count; place++) {
			known = &identity->outputs[place];
			if (!known->in_force || is_claimed(groups, count, known))
				continue;
			common = affinity(config, &groups[number], known);
			if (common > most) {
				most = common;
				groups[number].known = known;
			}
		}
	}
}

/* Does somebody have `guid`, of what is remembered or of the groups before `upto`? */
static bool is_taken(const struct sluice_identity *identity, const struct sluice_config *config,
		     size_t upto, const sluice_guid guid)
{
	const struct sluice_known_output *known;
	size_t number, lane;

	for (number = 0; number < identity->count; number++) {
		known = &identity->outputs[number];
		if (sluice_guid_equal(known->group, guid))
			return true;
		for (lane = 0; lane < known->lane_count; lane++)
			if (sluice_guid_equal(known->lanes[lane].id, guid))
				return true;
	}
	for (number = 0; number < identity->alias_count; number++)
		if (sluice_guid_equal(identity->aliases[number].old, guid))
			return true;
	for (number = 0; number < upto; number++)
		if (sluice_guid_equal(config->outputs[number].group, guid) ||
		    sluice_guid_equal(config->outputs[number].id, guid))
			return true;
	return false;
}

/* Makes another GUID out of one until nobody has it. 0 or a negative errno. */
static int make_unique(const struct sluice_identity *identity, const struct sluice_config *config,
		       size_t upto, const char *kind, sluice_guid guid)
{
	int result = 0;

	while (!result && is_taken(identity, config, upto, guid))
		result = sluice_guid_derive(kind, guid, SLUICE_GUID_SIZE, guid);
	return result;
}

/* A new output gets GUIDs that nobody has. */
static int name_new(const struct sluice_identity *identity, struct sluice_config *config,
		    const struct sluice_group *group)
{
	struct sluice_config_output *first = &config->outputs[group->first];
	sluice_guid guid;
	size_t number;
	int result = 0;

	sluice_guid_copy(guid, first->group);
	if (!first->has_id)
		result = make_unique(identity, config, group->first, "output", guid);
	for (number = group->first; !result && number < group->end; number++) {
		struct sluice_config_output *output = &config->outputs[number];
		bool is_alone = sluice_guid_equal(output->id, output->group);

		sluice_guid_copy(output->group, guid);
		if (is_alone)
			sluice_guid_copy(output->id, guid);
		/* One that is written as `id` may be what another lane has, too. */
		result = make_unique(identity, config, number, "lane", output->id);
	}
	return result;
}

/* Is the lane that of an output of the group already? */
static bool is_given(const struct sluice_config *config, const struct sluice_group *group,
		     const bool *settled, const struct sluice_known_lane *lane)
{
	size_t number;

	for (number = group->first; number < group->end; number++)
		if (settled[number - group->first] &&
		    sluice_guid_equal(config->outputs[number].id, lane->id))
			return true;
	return false;
}

/*
 * Gives lanes of `known` to outputs of the group that have none. `strict`: those that have a
 * destination in common.
 */
static void give_lanes(struct sluice_config *config, const struct sluice_group *group,
		       bool *settled, const struct sluice_known_output *known, bool strict)
{
	struct sluice_config_output *output;
	size_t number, lane;

	for (number = group->first; number < group->end; number++) {
		output = &config->outputs[number];
		for (lane = 0; lane < known->lane_count && !settled[number - group->first];
		     lane++) {
			if (is_given(config, group, settled, &known->lanes[lane]) ||
			    (strict && !sluice_lane_affinity(&known->lanes[lane], output)))
				continue;
			sluice_guid_copy(output->id, known->lanes[lane].id);
			settled[number - group->first] = true;
		}
	}
}

/* Gives the lanes of a group those of the output that it goes on with; the rest are new. */
static int name_lanes(const struct sluice_identity *identity, struct sluice_config *config,
		      const struct sluice_group *group)
{
	bool *settled = calloc(group->end - group->first + 1, sizeof(*settled));
	size_t number;
	int result = settled ? 0 : -ENOMEM;

	/* Those that have a destination in common, of now or before; then in their order. */
	if (settled)
		give_lanes(config, group, settled, group->known, true);
	for (number = 0; settled && number < identity->count; number++)
		if (sluice_guid_equal(identity->outputs[number].group, group->known->group))
			give_lanes(config, group, settled, &identity->outputs[number], true);
	if (settled)
		give_lanes(config, group, settled, group->known, false);
	for (number = group->first; !result && number < group->end; number++)
		if (!settled[number - group->first])
			result = make_unique(identity, config, number, "lane",
					     config->outputs[number].id);
	free(settled);
	return result;
}

int sluice_identity_resolve(const struct sluice_identity *identity, struct sluice_config *config)
{
	struct sluice_group *groups;
	size_t number, lane, count;
	int result = 0;

	if (!identity || !config)
		return -EINVAL;
	groups = sluice_groups_list(config, &count);
	if (!groups)
		return -ENOMEM;
	match_groups(identity, config, groups, count);
	for (number = 0; number < count; number++) {
		struct sluice_group *group = &groups[number];

		if (!group->known)
			continue;
		/*
		 * An `id` that is written is the user's word; otherwise the output keeps the one
		 * it has.
		 */
		for (lane = group->first; lane < group->end; lane++)
			if (!config->outputs[lane].has_id)
				sluice_guid_copy(config->outputs[lane].group, group->known->group);
	}
	for (number = 0; !result && number < count; number++)
		result = groups[number].known ? name_lanes(identity, config, &groups[number])
					      : name_new(identity, config, &groups[number]);
	free(groups);
	return result;
}
