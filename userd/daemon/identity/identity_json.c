// SPDX-License-Identifier: MIT
/*
 * What the daemon remembers of its outputs and inputs, as JSON, see identity_file.c. Touches:
 * nothing (libjansson).
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../lib/frame.h"
#include "../../lib/guid.h"
#include "identity_json.h"

bool sluice_identity_checksum(const json_t *root, uint32_t *sum)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)root);
	char *text;

	(void)json_object_del(copy, "checksum");
	text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	if (text)
		*sum = sluice_crc32c(0, text, strlen(text));
	free(text);
	return text != NULL;
}

/* A GUID as JSON. */
static json_t *guid_json(const sluice_guid guid)
{
	char text[SLUICE_GUID_TEXT];

	return json_string(sluice_guid_format(guid, text));
}

/* One output as JSON. */
static json_t *output_json(const struct sluice_known_output *output)
{
	json_t *lanes = json_array(), *to;
	size_t number, place;

	for (number = 0; number < output->lane_count; number++) {
		const struct sluice_known_lane *lane = &output->lanes[number];

		to = json_array();
		for (place = 0; place < lane->to_count; place++)
			json_array_append_new(to, json_string(lane->to[place]));
		json_array_append_new(lanes,
				      json_pack("{s:o, s:o}", "id", guid_json(lane->id), "to", to));
	}
	return json_pack("{s:o, s:s, s:b, s:o}", "id", guid_json(output->group), "name",
			 output->name, "in_force", output->in_force, "lanes", lanes);
}

/* The numbers of inputs as JSON. */
static json_t *inputs_json(const struct sluice_identity *identity)
{
	json_t *list = json_array();
	size_t number;

	for (number = 0; number < identity->input_count; number++) {
		const struct sluice_known_input *input = &identity->inputs[number];

		json_array_append_new(list,
				      json_pack("{s:o, s:i, s:s, s:b}", "id", guid_json(input->id),
						"number", input->number, "match", input->match,
						"in_force", input->in_force));
	}
	return list;
}

/* A list of texts as JSON. */
static json_t *names_json(const struct sluice_names *names)
{
	json_t *list = json_array();
	size_t number;

	for (number = 0; number < names->count; number++)
		json_array_append_new(list, json_string(names->list[number]));
	return list;
}

json_t *sluice_identity_json(const struct sluice_identity *identity,
			     const struct sluice_config *config, const char *home)
{
	json_t *outputs = json_array(), *aliases = json_array(), *root;
	struct timespec now;
	size_t number;
	uint32_t sum;

	clock_gettime(CLOCK_REALTIME, &now);
	for (number = 0; number < identity->count; number++)
		json_array_append_new(outputs, output_json(&identity->outputs[number]));
	for (number = 0; number < identity->alias_count; number++)
		json_array_append_new(aliases,
				      json_pack("{s:o, s:o}", "old",
						guid_json(identity->aliases[number].old), "heir",
						guid_json(identity->aliases[number].heir)));
	root = json_pack("{s:i, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
			 SLUICE_IDENTITY_VERSION, "serial",
			 (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec, "relay",
			 config->relay ? config->relay : "", "config", home, "outputs", outputs,
			 "aliases", aliases, "inputs", inputs_json(identity), "memory",
			 names_json(&identity->memory), "disks", names_json(&identity->disks),
			 "relays", names_json(&identity->relays));
	if (root && identity->rings.count)
		json_object_set_new(root, "rings", names_json(&identity->rings));
	if (root && identity->lives.count)
		json_object_set_new(root, "lives", names_json(&identity->lives));
	if (root && sluice_identity_checksum(root, &sum))
		json_object_set_new(root, "checksum", json_integer(sum));
	return root;
}
