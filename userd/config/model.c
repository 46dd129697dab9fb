// SPDX-License-Identifier: MIT
/*
 * Making the model out of a checked draft, freeing both, and the model as text. Touches: nothing
 * but memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "address.h"
#include "draft.h"
#include "guid.h"

/* Frees what an input of the model holds. */
static void input_free(struct sluice_config_input *input)
{
	size_t number;

	for (number = 0; number < input->file_count; number++)
		free(input->files[number]);
	free(input->files);
	free(input->inlet.listen.text);
	free(input->inlet.allow);
	free(input->inlet.deny);
	free(input->ports);
	free(input->outputs);
}

/* Frees what an output of the model holds. */
static void output_free(struct sluice_config_output *output)
{
	size_t number;

	for (number = 0; number < output->to_count; number++) {
		free(output->to[number].text);
		free(output->to[number].host);
	}
	free(output->to);
	free(output->broker.subject);
	free(output->broker.stream);
	free(output->broker.topic);
	free(output->broker.user);
	free(output->broker.password_file);
	free(output->broker.token_file);
	free(output->broker.credentials);
}

/* Frees what it holds, not itself. */
static void control_free(struct sluice_config_control *control)
{
	free(control->telnet.text);
	free(control->http.text);
	free(control->shell);
	free(control->password_file);
	memset(control, 0, sizeof(*control));
}

void sluice_config_free(struct sluice_config *config)
{
	size_t number;

	if (!config)
		return;
	for (number = 0; number < config->input_count; number++)
		input_free(&config->inputs[number]);
	for (number = 0; number < config->output_count; number++)
		output_free(&config->outputs[number]);
	for (number = 0; number < config->forward_count; number++)
		sluice_forward_free(&config->forwards[number]);
	free(config->inputs);
	free(config->outputs);
	free(config->forwards);
	for (number = 0; number < SLUICE_EVENT_HOOKS; number++)
		free(config->hooks[number].command);
	free(config->log.path);
	control_free(&config->control);
	free(config->store.memory_path);
	free(config->store.disk_path);
	free(config->relay);
	free(config->control_group);
	free(config->path);
	free(config->home);
	free(config->text);
	free(config);
}

void sluice_draft_free(struct sluice_draft *draft)
{
	size_t number, word;

	if (!draft)
		return;
	for (number = 0; number < draft->input_count; number++) {
		struct sluice_draft_input *input = &draft->inputs[number];

		for (word = 0; word < input->output_count; word++)
			free(input->outputs[word].text);
		free(input->outputs);
		free(input->name.text);
		free(input->id.text);
		input_free(&input->input);
	}
	for (number = 0; number < draft->output_count; number++) {
		free(draft->outputs[number].name.text);
		free(draft->outputs[number].id.text);
		sluice_broker_free(&draft->outputs[number]);
		output_free(&draft->outputs[number].output);
	}
	for (number = 0; number < draft->forward_count; number++) {
		free(draft->forwards[number].name.text);
		free(draft->forwards[number].id.text);
		sluice_forward_free(&draft->forwards[number].forward);
	}
	for (number = 0; number < SLUICE_EVENT_HOOKS; number++)
		free(draft->hooks[number].text);
	free(draft->inputs);
	free(draft->outputs);
	free(draft->forwards);
	free(draft->relay_word.text);
	free(draft->control_group.text);
	free(draft->memory_path.text);
	control_free(&draft->control);
	free(draft->disk_path.text);
	free(draft->log.path);
	memset(draft, 0, sizeof(*draft));
}

/* Does the output need the addresses? A capture file without is a poor one. */
static bool needs_addresses(const struct sluice_config_output *output)
{
	return output->framing == SLUICE_FRAMING_PCAP || output->mode == SLUICE_MODE_HASH ||
	       output->prefix != SLUICE_LEAD_NONE || output->preserves ||
	       sluice_broker_is_kind(output->kind);
}

/* An output that needs the addresses makes its inputs keep them. */
static void imply_addresses(const struct sluice_draft *draft, struct sluice_config_input *input)
{
	size_t number;

	for (number = 0; number < input->output_count; number++)
		if (needs_addresses(&draft->outputs[input->outputs[number]].output))
			input->addresses = 1;
}

bool sluice_config_prefix_is_same(const struct sluice_config_prefix *one,
				  const struct sluice_config_prefix *other)
{
	return one->family == other->family &&
	       (one->family == AF_UNSPEC ||
		(one->length == other->length &&
		 !memcmp(one->address, other->address, sizeof(one->address))));
}

size_t sluice_config_lanes(const struct sluice_config_output *output)
{
	size_t number, count = 0;

	if (output->mode != SLUICE_MODE_DUPLICATE)
		return 1;
	for (number = 0; number < output->to_count; number++)
		count += output->to[number].enabled != 0;
	return count ? count : 1;
}

/*
 * Makes an output of the model for each destination of a duplicating one; `lanes` has room for
 * them. Their GUIDs follow from the output's and the destination's, so that cursors are found
 * again. If none is enabled, the first stands for the output, with its cursor, and waits. 0 or
 * -ENOMEM.
 */
static int split(struct sluice_config_output *output, struct sluice_config_output *lanes)
{
	size_t number, made = 0, wanted = sluice_config_lanes(output);
	struct sluice_config_destination *to;
	char name[SLUICE_GUID_SIZE + 512];

	for (number = 0; number < output->to_count && made < wanted; number++) {
		struct sluice_config_destination *from = &output->to[number];
		int length;

		if (!from->enabled && number + 1 < output->to_count)
			continue;
		to = calloc(1, sizeof(*to));
		if (!to)
			return -ENOMEM;
		lanes[made] = *output;
		memcpy(name, output->group, sizeof(output->group));
		length = snprintf(name + SLUICE_GUID_SIZE, sizeof(name) - SLUICE_GUID_SIZE, "%s",
				  from->text);
		if (length >= (int)(sizeof(name) - SLUICE_GUID_SIZE))
			length = (int)(sizeof(name) - SLUICE_GUID_SIZE) - 1;
		sluice_guid_derive("lane", name, SLUICE_GUID_SIZE + (size_t)length, lanes[made].id);
		*to = *from;
		memset(from, 0, sizeof(*from));
		lanes[made].to = to;
		lanes[made].to_count = 1;
		made++;
	}
	output_free(output);
	memset(output, 0, sizeof(*output));
	return 0;
}

/* Moves the outputs of `draft` to `config`; first[number] is where output `number` begins there,
 * and first[count] the end. 0 or -ENOMEM. */
static int take_outputs(struct sluice_draft *draft, struct sluice_config *config, size_t *first)
{
	size_t number, total = 0;

	for (number = 0; number < draft->output_count; number++)
		total += sluice_config_lanes(&draft->outputs[number].output);
	config->outputs = calloc(total + 1, sizeof(*config->outputs));
	if (!config->outputs)
		return -ENOMEM;
	for (number = 0; number < draft->output_count; number++) {
		struct sluice_config_output *output = &draft->outputs[number].output;
		size_t lanes = sluice_config_lanes(output);

		first[number] = config->output_count;
		sluice_guid_copy(output->group, output->id);
		output->has_id = draft->outputs[number].id.text != NULL;
		if (output->mode == SLUICE_MODE_DUPLICATE && output->to_count) {
			if (split(output, &config->outputs[config->output_count]))
				return -ENOMEM;
		} else {
			config->outputs[config->output_count] = *output;
			memset(output, 0, sizeof(*output));
		}
		config->output_count += lanes;
	}
	first[number] = config->output_count;
	return 0;
}

/* Makes an input's list of outputs one of the model's. 0 or -ENOMEM. */
static int renumber(struct sluice_config_input *input, const size_t *first)
{
	size_t number, place, count = 0, *list;

	for (number = 0; number < input->output_count; number++)
		count += first[input->outputs[number] + 1] - first[input->outputs[number]];
	list = calloc(count ? count : 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	count = 0;
	for (number = 0; number < input->output_count; number++)
		for (place = first[input->outputs[number]];
		     place < first[input->outputs[number] + 1]; place++)
			list[count++] = place;
	free(input->outputs);
	input->outputs = list;
	input->output_count = count;
	return 0;
}

/* Moves the forwards of `draft` that are switched on to `config`. 0 or -ENOMEM. */
static int take_forwards(struct sluice_draft *draft, struct sluice_config *config)
{
	size_t number;

	config->forwards = calloc(draft->forward_count + 1, sizeof(*config->forwards));
	if (!config->forwards)
		return -ENOMEM;
	for (number = 0; number < draft->forward_count; number++) {
		struct sluice_config_forward *forward = &draft->forwards[number].forward;

		if (!forward->enabled)
			continue;
		config->forwards[config->forward_count++] = *forward;
		memset(forward, 0, sizeof(*forward));
	}
	return 0;
}

int sluice_draft_finish(struct sluice_draft *draft, const char *path, struct sluice_config **config)
{
	struct sluice_config *fresh = calloc(1, sizeof(*fresh));
	size_t *first = calloc(draft->output_count + 1, sizeof(*first));
	size_t number;

	if (!fresh || !first)
		goto memory;
	fresh->path = strdup(path);
	fresh->relay = strdup(draft->relay);
	fresh->inputs = calloc(draft->input_count + 1, sizeof(*fresh->inputs));
	if (!fresh->path || !fresh->relay || !fresh->inputs)
		goto memory;
	/* What moves to the model is taken out of the draft, so that each is freed by one of them.
	 */
	for (number = 0; number < draft->input_count; number++) {
		struct sluice_draft_input *from = &draft->inputs[number];
		struct sluice_config_input *input = &fresh->inputs[fresh->input_count];

		/* One that is switched off is in the file only. */
		if (!from->input.enabled)
			continue;
		imply_addresses(draft, &from->input);
		*input = from->input;
		input->port_place = from->port_place;
		input->source_place = from->source_place;
		input->inlet.listen.place = from->listen_place;
		memset(&from->input, 0, sizeof(from->input));
		fresh->input_count++;
	}
	if (take_outputs(draft, fresh, first) || take_forwards(draft, fresh))
		goto memory;
	for (number = 0; number < fresh->input_count; number++)
		if (renumber(&fresh->inputs[number], first))
			goto memory;
	fresh->store = draft->store;
	/* The word's memory goes over to the model. */
	fresh->store.memory_path = draft->memory_path.text;
	fresh->store.memory_path_place = draft->memory_path.place;
	draft->memory_path.text = NULL;
	fresh->store.disk_path = draft->disk_path.text;
	fresh->store.disk_path_place = draft->disk_path.place;
	draft->disk_path.text = NULL;
	fresh->log = draft->log;
	draft->log.path = NULL;
	fresh->control = draft->control;
	memset(&draft->control, 0, sizeof(draft->control));
	fresh->stop_limit_us = draft->stop_limit_us;
	fresh->stop_connections_us = draft->stop_connections_us;
	fresh->watchdog_limit_us = draft->watchdog_limit_us;
	fresh->watchdog_action = (enum sluice_watchdog_action)draft->watchdog_action;
	fresh->socket_ring = draft->socket_ring;
	fresh->events_kept = draft->events_kept;
	fresh->control_group = draft->control_group.text;
	fresh->control_group_place = draft->control_group.place;
	draft->control_group.text = NULL;
	fresh->readers = draft->readers;
	fresh->hook_limit_us = draft->hook_limit_us;
	for (number = 0; number < SLUICE_EVENT_HOOKS; number++) {
		fresh->hooks[number].command = draft->hooks[number].text;
		fresh->hooks[number].place = draft->hooks[number].place;
		draft->hooks[number].text = NULL;
	}
	fresh->socket_readers = draft->socket_readers;
	fresh->worker_count = draft->worker_count;
	fresh->worker_place = draft->worker_place;
	fresh->threads = draft->threads;
	sluice_config_set_goal(fresh, 0);
	free(first);
	*config = fresh;
	return 0;

memory:
	free(first);
	sluice_config_free(fresh);
	return -ENOMEM;
}

/* Writes " to 10.9.0.1" or the like, or nothing for an address that is not given. */
static void print_prefix(FILE *stream, const char *preposition,
			 const struct sluice_config_prefix *prefix)
{
	struct sluice_prefix shown = {.family = prefix->family, .length = prefix->length};
	char text[SLUICE_PREFIX_TEXT];

	if (prefix->family == AF_UNSPEC)
		return;
	memcpy(shown.address, prefix->address, sizeof(shown.address));
	fprintf(stream, " %s %s", preposition, sluice_prefix_format(&shown, text));
}

char *sluice_config_input_match(const struct sluice_config_input *input)
{
	const struct sluice_port_range *range;
	char *text = NULL;
	size_t number, length;
	FILE *stream;

	if (!input)
		return NULL;
	stream = open_memstream(&text, &length);
	if (!stream)
		return NULL;
	for (number = 0; number < input->port_count; number++) {
		range = &input->ports[number];
		fprintf(stream, "%s%u", number ? "," : "", range->first);
		if (range->last != range->first)
			fprintf(stream, "-%u", range->last);
	}
	print_prefix(stream, "to", &input->address);
	print_prefix(stream, "from", &input->from);
	if (input->interface[0])
		fprintf(stream, " on %s", input->interface);
	if (input->inlet.listen.text)
		fprintf(stream, "tcp %s", input->inlet.listen.text);
	if (input->file_count)
		fprintf(stream, " in %s%s", input->files[0], input->file_count > 1 ? ", ..." : "");
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}
