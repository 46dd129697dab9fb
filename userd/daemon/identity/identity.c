// SPDX-License-Identifier: MIT
/*
 * Which output is which from one configuration to the next; see identity.h. In the control thread.
 * Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/guid.h"
#include "identity_inner.h"
#include "../../config/sentence.h"

/* Frees what is in a lane. */
static void lane_free(struct sluice_known_lane *lane)
{
	size_t number;

	for (number = 0; number < lane->to_count; number++)
		free(lane->to[number]);
	free(lane->to);
}

/* Frees what is in an output. */
static void output_free(struct sluice_known_output *output)
{
	size_t number;

	for (number = 0; number < output->lane_count; number++)
		lane_free(&output->lanes[number]);
	free(output->lanes);
}

void sluice_identity_free(struct sluice_identity *identity)
{
	size_t number;

	if (!identity)
		return;
	for (number = 0; number < identity->count; number++)
		output_free(&identity->outputs[number]);
	free(identity->outputs);
	free(identity->aliases);
	sluice_identity_free_inputs(identity);
	sluice_names_free(&identity->memory);
	sluice_names_free(&identity->disks);
	sluice_names_free(&identity->relays);
	sluice_names_free(&identity->rings);
	sluice_names_free(&identity->lives);
	memset(identity, 0, sizeof(*identity));
}

/* Copies a list of destinations. 0 or -ENOMEM. */
static int copy_destinations(struct sluice_known_lane *lane, char *const *to, size_t count)
{
	lane->to = calloc(count + 1, sizeof(char *));
	if (!lane->to)
		return -ENOMEM;
	for (; lane->to_count < count; lane->to_count++) {
		lane->to[lane->to_count] = strdup(to[lane->to_count]);
		if (!lane->to[lane->to_count])
			return -ENOMEM;
	}
	return 0;
}

/* Remembers an output of a configuration. 0 or -ENOMEM. */
static int remember(struct sluice_identity *next, const struct sluice_config *config,
		    const struct sluice_group *group)
{
	struct sluice_known_output *known = &next->outputs[next->count];
	const struct sluice_config_output *output = &config->outputs[group->first];
	size_t number, place;

	memset(known, 0, sizeof(*known));
	sluice_guid_copy(known->group, output->group);
	memcpy(known->name, output->name, sizeof(known->name));
	known->in_force = true;
	known->lanes = calloc(group->end - group->first, sizeof(*known->lanes));
	if (!known->lanes)
		return -ENOMEM;
	next->count++;
	for (number = group->first; number < group->end; number++) {
		struct sluice_known_lane *lane = &known->lanes[known->lane_count++];

		output = &config->outputs[number];
		sluice_guid_copy(lane->id, output->id);
		lane->to = calloc(output->to_count + 1, sizeof(char *));
		if (!lane->to)
			return -ENOMEM;
		for (place = 0; place < output->to_count; place++) {
			lane->to[place] = strdup(output->to[place].text);
			if (!lane->to[place])
				return -ENOMEM;
			lane->to_count++;
		}
	}
	return 0;
}

/* Is `id` a lane of the configuration? */
static bool is_lane(const struct sluice_config *config, const sluice_guid id)
{
	size_t number;

	for (number = 0; number < config->output_count; number++)
		if (sluice_guid_equal(config->outputs[number].id, id))
			return true;
	return false;
}

/* Remembers of `past` the lanes that `config` has no more. 0 or -ENOMEM. */
static int remember_past(struct sluice_identity *next, const struct sluice_config *config,
			 const struct sluice_known_output *past)
{
	struct sluice_known_output *known = &next->outputs[next->count];
	size_t number;
	int result = 0;

	*known = (struct sluice_known_output){0};
	sluice_guid_copy(known->group, past->group);
	memcpy(known->name, past->name, sizeof(known->name));
	known->lanes = calloc(past->lane_count + 1, sizeof(*known->lanes));
	if (!known->lanes)
		return -ENOMEM;
	for (number = 0; number < past->lane_count && !result; number++) {
		struct sluice_known_lane *lane = &known->lanes[known->lane_count];

		if (is_lane(config, past->lanes[number].id))
			continue;
		sluice_guid_copy(lane->id, past->lanes[number].id);
		known->lane_count++;
		result = copy_destinations(lane, past->lanes[number].to,
					   past->lanes[number].to_count);
	}
	if (known->lane_count)
		next->count++;
	else
		free(known->lanes);
	return result;
}

/* Adds an alias; one that is there of the same cursor is replaced. 0 or -ENOMEM. */
static int add_alias(struct sluice_identity *identity, const sluice_guid old, const uint8_t *heir)
{
	struct sluice_alias *aliases;
	size_t number;

	for (number = 0; number < identity->alias_count; number++)
		if (sluice_guid_equal(identity->aliases[number].old, old))
			break;
	if (number == identity->alias_count) {
		aliases = reallocarray(identity->aliases, number + 1, sizeof(*aliases));
		if (!aliases)
			return -ENOMEM;
		identity->aliases = aliases;
		identity->alias_count++;
	}
	memset(&identity->aliases[number], 0, sizeof(*identity->aliases));
	sluice_guid_copy(identity->aliases[number].old, old);
	if (heir)
		sluice_guid_copy(identity->aliases[number].heir, heir);
	return 0;
}

/* Did the output that is called `group`, or has the lane `id`, have these lanes? */
static bool is_the_same(const struct sluice_known_output *known,
			const struct sluice_config_output *output)
{
	size_t lane;

	for (lane = 0; lane < known->lane_count; lane++)
		if (sluice_guid_equal(known->lanes[lane].id, output->id))
			return true;
	return sluice_guid_equal(known->group, output->group);
}

/* What the lanes of an output waited for goes to the one that follows all of them. 0 or -ENOMEM. */
static int join_lanes(struct sluice_identity *next, const struct sluice_identity *identity,
		      const struct sluice_config *config, const struct sluice_group *group)
{
	const struct sluice_config_output *output = &config->outputs[group->first];
	size_t number, place;
	int result = 0;

	if (output->mode == SLUICE_MODE_DUPLICATE)
		return 0;
	for (number = 0; number < identity->count; number++) {
		const struct sluice_known_output *known = &identity->outputs[number];

		if (!is_the_same(known, output))
			continue;
		for (place = 0; place < known->lane_count && !result; place++)
			if (!is_lane(config, known->lanes[place].id))
				result = add_alias(next, known->lanes[place].id, output->id);
	}
	return result;
}

/* Keeps the aliases that are still needed. */
static int keep_aliases(struct sluice_identity *next, const struct sluice_identity *identity,
			const struct sluice_config *config)
{
	size_t number;
	int result = 0;

	for (number = 0; number < identity->alias_count && !result; number++)
		if (!is_lane(config, identity->aliases[number].old))
			result = add_alias(next, identity->aliases[number].old,
					   identity->aliases[number].heir);
	return result;
}

/* Is it called so, by name or by GUID? */
static bool is_called(const struct sluice_known_output *known, const char *name)
{
	sluice_guid guid;
	size_t lane;

	if (sluice_guid_parse(name, guid))
		return !strcmp(known->name, name);
	if (sluice_guid_equal(known->group, guid))
		return true;
	for (lane = 0; lane < known->lane_count; lane++)
		if (sluice_guid_equal(known->lanes[lane].id, guid))
			return true;
	return false;
}

/* The lane of `config` that gets what waits for others. NULL: there is no such output. */
static const uint8_t *heir_called(const struct sluice_config *config, const char *name)
{
	sluice_guid guid;
	bool is_guid = !sluice_guid_parse(name, guid);
	size_t number;

	for (number = 0; number < config->output_count; number++)
		if (is_guid ? sluice_guid_equal(config->outputs[number].group, guid) ||
				      sluice_guid_equal(config->outputs[number].id, guid)
			    : !strcmp(config->outputs[number].name, name))
			return config->outputs[number].id;
	return NULL;
}

/*
 * The output of `config` as which one that was called `name` goes on: it was renamed, or was away
 * and comes back by its id under another name. NULL: it does not.
 */
static const struct sluice_config_output *goes_on_as(const struct sluice_identity *identity,
						     const struct sluice_config *config,
						     const char *name)
{
	const struct sluice_known_output *known;
	size_t number, output, in_force;

	for (in_force = 2; in_force-- > 0;) {
		for (number = 0; number < identity->count; number++) {
			known = &identity->outputs[number];
			if (known->in_force != in_force || !is_called(known, name))
				continue;
			for (output = 0; output < config->output_count; output++)
				if (is_the_same(known, &config->outputs[output]))
					return &config->outputs[output];
		}
	}
	return NULL;
}

/*
 * Does what the operator said: aliases for all lanes of the output that goes. `identity` is what
 * was remembered before.
 */
static int grant(struct sluice_identity *next, const struct sluice_identity *identity,
		 const struct sluice_config *config, const struct sluice_wish *wish, char **error)
{
	const struct sluice_config_output *renamed;
	const struct sluice_known_output *known;
	const uint8_t *heir = NULL, *stays;
	sluice_guid guid;
	size_t number, lane, found = 0;
	int result = 0;

	if (wish->heir) {
		heir = heir_called(config, wish->heir);
		if (!heir) {
			sluice_say(error,
				   "`--adopt %s=%s`: the configuration has no output `%s` that "
				   "could take over what waits",
				   wish->old, wish->heir, wish->heir);
			return -ENOENT;
		}
	}
	stays = heir_called(config, wish->old);
	renamed = goes_on_as(identity, config, wish->old);
	for (number = 0; number < next->count && !result; number++) {
		known = &next->outputs[number];
		if (known->in_force || !is_called(known, wish->old))
			continue;
		for (lane = 0; lane < known->lane_count && !result; lane++) {
			/* Of one that goes on: the destinations that it has no more. */
			if ((stays || renamed) &&
			    sluice_identity_is_cared_for(next, config, known->lanes[lane].id))
				continue;
			result = add_alias(next, known->lanes[lane].id, heir);
			found++;
		}
	}
	if (result || found)
		return result;
	if (stays) {
		sluice_say(error,
			   "output `%s` is in the configuration: what waits for it is delivered; "
			   "take it out first",
			   wish->old);
		return -EINVAL;
	}
	if (renamed && heir && sluice_guid_equal(renamed->id, heir))
		return 0;
	if (renamed) {
		sluice_say(error,
			   "output `%s` goes on as `%s`, which has its id or a destination of it: "
			   "what waits is delivered there; leave out `--%s`",
			   wish->old, renamed->name, heir ? "adopt" : "drop");
		return -EINVAL;
	}
	/* A GUID that stands in a ring or on the disk, and that nobody remembers. */
	if (!sluice_guid_parse(wish->old, guid))
		return add_alias(next, guid, heir);
	sluice_say(
		error,
		"no earlier configuration had an output `%s`; `sluicectl show orphans` lists for "
		"whom something waits",
		wish->old);
	return -ENOENT;
}

/* Where rings and frames lie, and what they are marked with. 0 or -ENOMEM. */
static int follow_places(struct sluice_identity *next, const struct sluice_identity *identity,
			 const struct sluice_config *config)
{
	int result = sluice_names_add(&next->memory, config->store.memory_path);
	size_t number;

	for (number = 0; number < identity->rings.count && !result; number++)
		result = sluice_names_append(&next->rings, identity->rings.list[number]);
	for (number = 0; number < identity->lives.count && !result; number++)
		result = sluice_names_append(&next->lives, identity->lives.list[number]);
	if (!result)
		result = sluice_names_add_all(&next->memory, &identity->memory);
	if (!result)
		result = sluice_names_add(&next->disks, config->store.disk_path);
	if (!result)
		result = sluice_names_add_all(&next->disks, &identity->disks);
	if (!result)
		result = sluice_names_add(&next->relays, config->relay);
	return result ? result : sluice_names_add_all(&next->relays, &identity->relays);
}

int sluice_identity_follow(const struct sluice_identity *identity,
			   const struct sluice_config *config, const struct sluice_wishes *wishes,
			   struct sluice_identity *next, char **error)
{
	struct sluice_group *groups;
	size_t number, count;
	int result = 0;

	if (!identity || !config || !next)
		return -EINVAL;
	memset(next, 0, sizeof(*next));
	groups = sluice_groups_list(config, &count);
	next->outputs = calloc(count + identity->count + 1, sizeof(*next->outputs));
	if (!groups || !next->outputs)
		result = -ENOMEM;
	for (number = 0; number < count && !result; number++)
		result = remember(next, config, &groups[number]);
	for (number = 0; number < identity->count && !result; number++)
		if (next->count < count + SLUICE_IDENTITY_PAST)
			result = remember_past(next, config, &identity->outputs[number]);
	if (!result)
		result = keep_aliases(next, identity, config);
	for (number = 0; number < count && !result; number++)
		result = join_lanes(next, identity, config, &groups[number]);
	for (number = 0; wishes && number < wishes->count && !result; number++)
		result = grant(next, identity, config, &wishes->list[number], error);
	if (!result)
		result = follow_places(next, identity, config);
	if (!result)
		result = sluice_identity_follow_inputs(next, identity, config);
	free(groups);
	if (result)
		sluice_identity_free(next);
	return result;
}

const uint8_t *sluice_identity_heir(const struct sluice_identity *identity, const sluice_guid id)
{
	size_t steps, number;

	/* As long a chain as there are aliases; a circle ends there, too. */
	for (steps = 0; steps < identity->alias_count; steps++) {
		for (number = 0; number < identity->alias_count; number++)
			if (sluice_guid_equal(identity->aliases[number].old, id))
				break;
		if (number == identity->alias_count)
			return id;
		id = identity->aliases[number].heir;
		if (sluice_guid_is_zero(id))
			return NULL;
	}
	return id;
}

bool sluice_identity_is_cared_for(const struct sluice_identity *identity,
				  const struct sluice_config *config, const sluice_guid id)
{
	const uint8_t *heir = sluice_identity_heir(identity, id);

	return !heir || is_lane(config, heir);
}

bool sluice_identity_has_in_common(const struct sluice_identity *identity,
				   const struct sluice_config *config)
{
	const struct sluice_known_output *known;
	size_t number, output, lane;

	for (number = 0; number < identity->count; number++) {
		known = &identity->outputs[number];
		for (output = 0; known->in_force && output < config->output_count; output++)
			for (lane = 0; lane < known->lane_count; lane++)
				if (!strcmp(known->name, config->outputs[output].name) ||
				    sluice_lane_affinity(&known->lanes[lane],
							 &config->outputs[output]))
					return true;
	}
	return false;
}

const char *sluice_identity_name(const struct sluice_identity *identity, const sluice_guid id)
{
	size_t number, lane;

	for (number = 0; number < identity->count; number++)
		for (lane = 0; lane < identity->outputs[number].lane_count; lane++)
			if (sluice_guid_equal(identity->outputs[number].lanes[lane].id, id))
				return identity->outputs[number].name;
	return NULL;
}

sluice_guid *sluice_identity_cursors(const struct sluice_identity *identity,
				     const struct sluice_config *config, size_t *count)
{
	sluice_guid *guids =
		calloc(config->output_count + identity->alias_count + 1, sizeof(*guids));
	size_t number;

	*count = 0;
	for (number = 0; guids && number < config->output_count; number++)
		sluice_guid_copy(guids[(*count)++], config->outputs[number].id);
	for (number = 0; guids && number < identity->alias_count; number++)
		if (sluice_identity_is_cared_for(identity, config, identity->aliases[number].old))
			sluice_guid_copy(guids[(*count)++], identity->aliases[number].old);
	return guids;
}
