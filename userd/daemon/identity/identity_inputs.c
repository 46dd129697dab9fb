// SPDX-License-Identifier: MIT
/*
 * Which number an input's records have, from one configuration to the next; see identity.h. What
 * lies in a ring or on the disk outlives the daemon, and is counted by that number. In the control
 * thread. Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "identity_inner.h"

/* A record has 16 bits for it. */
#define NUMBERS 65536U

void sluice_identity_free_inputs(struct sluice_identity *identity)
{
	size_t number;

	for (number = 0; number < identity->input_count; number++)
		free(identity->inputs[number].match);
	free(identity->inputs);
	identity->inputs = NULL;
	identity->input_count = 0;
}

/* The one called `id`; `guess` is a place where it may be. NULL: none. */
static const struct sluice_known_input *find(const struct sluice_identity *identity,
					     const sluice_guid id, size_t guess)
{
	size_t number;

	if (guess < identity->input_count && sluice_guid_equal(identity->inputs[guess].id, id))
		return &identity->inputs[guess];
	for (number = 0; number < identity->input_count; number++)
		if (sluice_guid_equal(identity->inputs[number].id, id))
			return &identity->inputs[number];
	return NULL;
}

/* One that was in force and is no more among `next`, and took the same datagrams. NULL: none. */
static const struct sluice_known_input *find_renamed(const struct sluice_identity *next,
						     const struct sluice_identity *identity,
						     const char *match)
{
	size_t number;

	if (!match)
		return NULL;
	for (number = 0; number < identity->input_count; number++)
		if (identity->inputs[number].in_force &&
		    !strcmp(identity->inputs[number].match, match) &&
		    !find(next, identity->inputs[number].id, number))
			return &identity->inputs[number];
	return NULL;
}

/* Adds one to *next, which has room. 0 or -ENOMEM. */
static int add(struct sluice_identity *next, const sluice_guid id, const char *match, bool in_force)
{
	struct sluice_known_input *input = &next->inputs[next->input_count];

	sluice_guid_copy(input->id, id);
	input->in_force = in_force;
	input->match = strdup(match);
	if (!input->match)
		return -ENOMEM;
	next->input_count++;
	return 0;
}

/* The inputs of `config`, without numbers. 0 or -ENOMEM. */
static int add_all(struct sluice_identity *next, const struct sluice_config *config)
{
	size_t number;
	char *match;
	int result = 0;

	for (number = 0; number < config->input_count && !result; number++) {
		match = sluice_config_input_match(&config->inputs[number]);
		result = match ? add(next, config->inputs[number].id, match, true) : -ENOMEM;
		free(match);
	}
	return result;
}

/*
 * Numbers that are remembered go on; `used` has them then, and `fresh` the inputs without one.
 * Those that are gone are kept, the latest first. 0 or -ENOMEM.
 */
static int go_on(struct sluice_identity *next, const struct sluice_identity *identity, bool *used,
		 bool *fresh)
{
	size_t number, count = next->input_count;
	int result = 0;

	for (number = 0; number < count; number++) {
		struct sluice_known_input *input = &next->inputs[number];
		const struct sluice_known_input *known = find(identity, input->id, number);

		if (!known)
			known = find_renamed(next, identity, input->match);
		fresh[number] = !known || used[known->number];
		if (fresh[number])
			continue;
		input->number = known->number;
		used[known->number] = true;
	}
	for (number = 0; number < identity->input_count && !result; number++) {
		const struct sluice_known_input *past = &identity->inputs[number];

		if (used[past->number] || next->input_count >= count + SLUICE_IDENTITY_PAST)
			continue;
		result = add(next, past->id, past->match, false);
		if (result)
			break;
		next->inputs[next->input_count - 1].number = past->number;
		used[past->number] = true;
	}
	return result;
}

int sluice_identity_follow_inputs(struct sluice_identity *next,
				  const struct sluice_identity *identity,
				  const struct sluice_config *config)
{
	size_t number, free_number = 0;
	bool *used = calloc(NUMBERS, sizeof(*used));
	bool *fresh = calloc(config->input_count + 1, sizeof(*fresh));
	int result = -ENOMEM;

	next->inputs =
		calloc(config->input_count + SLUICE_IDENTITY_PAST + 1, sizeof(*next->inputs));
	if (!used || !fresh || !next->inputs)
		goto free;
	result = add_all(next, config);
	if (!result)
		result = go_on(next, identity, used, fresh);
	/* A configuration has fewer inputs than there are numbers, by more than are kept. */
	for (number = 0; number < config->input_count && !result; number++) {
		if (!fresh[number])
			continue;
		while (free_number < NUMBERS - 1 && used[free_number])
			free_number++;
		next->inputs[number].number = (uint16_t)free_number;
		used[free_number] = true;
	}
free:
	free(fresh);
	free(used);
	return result;
}

int sluice_identity_number(const struct sluice_identity *identity, const sluice_guid id,
			   uint16_t *number)
{
	const struct sluice_known_input *input = identity ? find(identity, id, SIZE_MAX) : NULL;

	if (!input || !number)
		return -ENOENT;
	*number = input->number;
	return 0;
}
