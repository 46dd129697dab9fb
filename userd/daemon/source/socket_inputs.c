// SPDX-License-Identifier: MIT
/*
 * The inputs of the socket source: their counters, and what each waits for. For the control thread.
 * Touches: memory; asks the system for interfaces and addresses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/size.h"
#include "socket.h"
#include "socket_intake.h"

struct sluice_socket_input *sluice_socket_input_of(struct sluice_intake *intake,
						   const sluice_guid guid)
{
	struct sluice_socket_input *input = intake->found;

	/* A picture asks five times for each, in the order in which they were made. */
	if (input && sluice_guid_equal(input->guid, guid))
		return input;
	input = input ? input->next : NULL;
	if (!input || !sluice_guid_equal(input->guid, guid))
		for (input = intake->inputs; input && !sluice_guid_equal(input->guid, guid);)
			input = input->next;
	if (input)
		intake->found = input;
	return input;
}

/* Makes counters for so many `workers`; those that there are stay where they are, as sockets count
 * in them. 0 or -ENOMEM. */
static int extend_counters(struct sluice_socket_input *input, size_t workers)
{
	struct sluice_socket_counters **list, *fresh;

	if (workers <= input->counter_count)
		return 0;
	list = reallocarray(input->counters, workers, sizeof(struct sluice_socket_counters *));
	if (!list)
		return -ENOMEM;
	input->counters = list;
	while (input->counter_count < workers) {
		fresh = aligned_alloc(64, sizeof(*fresh));
		if (!fresh)
			return -ENOMEM;
		memset(fresh, 0, sizeof(*fresh));
		list[input->counter_count++] = fresh;
	}
	return 0;
}

struct sluice_socket_input *sluice_socket_input_get(struct sluice_intake *intake,
						    const sluice_guid guid, size_t workers,
						    uint16_t index)
{
	struct sluice_socket_input *input = sluice_socket_input_of(intake, guid), **end;

	if (input)
		return extend_counters(input, workers) ? NULL : input;
	input = calloc(1, sizeof(*input));
	if (!input)
		return NULL;
	if (extend_counters(input, workers)) {
		sluice_socket_input_free(input);
		return NULL;
	}
	sluice_guid_copy(input->guid, guid);
	input->index = index;
	for (end = intake->last ? &intake->last->next : &intake->inputs; *end; end = &(*end)->next)
		;
	*end = intake->last = input;
	return input;
}

void sluice_socket_input_free(struct sluice_socket_input *input)
{
	size_t number;

	if (!input)
		return;
	for (number = 0; number < input->counter_count; number++)
		free(input->counters[number]);
	free(input->counters);
	free(input->before);
	free(input);
}

/* Adds one worker's counters to others. */
static void add_counters(struct sluice_socket_counters *sum,
			 const struct sluice_socket_counters *part)
{
	sum->stored += sluice_load_relaxed(&part->stored);
	sum->stored_bytes += sluice_load_relaxed(&part->stored_bytes);
	sum->lost += sluice_load_relaxed(&part->lost);
	sum->lost_full += sluice_load_relaxed(&part->lost_full);
	sum->bad_checksum += sluice_load_relaxed(&part->bad_checksum);
	sum->unmatched += sluice_load_relaxed(&part->unmatched);
}

void sluice_socket_input_leave(struct sluice_socket_input *first,
			       const struct sluice_socket_input *input)
{
	struct sluice_socket_input *heir;
	size_t number;

	for (heir = first; heir; heir = heir->next)
		if (heir != input && heir->wanted && heir->index == input->index)
			break;
	if (!heir)
		return;
	if (!heir->before) {
		heir->before = aligned_alloc(64, sizeof(*heir->before));
		if (!heir->before) {
			sluice_warning("out of memory: `%s` begins to count anew", heir->name);
			return;
		}
		memset(heir->before, 0, sizeof(*heir->before));
	}
	for (number = 0; number < input->counter_count; number++)
		add_counters(heir->before, input->counters[number]);
	if (input->before)
		add_counters(heir->before, input->before);
}

uint64_t sluice_socket_input_sum(const struct sluice_socket_input *input,
				 struct sluice_counters *counters)
{
	struct sluice_socket_counters sum = {0};
	size_t number;

	memset(counters, 0, sizeof(*counters));
	for (number = 0; number < input->counter_count; number++)
		add_counters(&sum, input->counters[number]);
	if (input->before)
		add_counters(&sum, input->before);
	counters->stored = sum.stored;
	counters->stored_bytes = sum.stored_bytes;
	counters->lost[SLUICE_LOST_SOCKET] = sum.lost;
	counters->lost[SLUICE_LOST_RING_FULL] = sum.lost_full;
	counters->lost[SLUICE_LOST_BAD_CHECKSUM] = sum.bad_checksum;
	counters->matched = counters->stored + counters->lost[SLUICE_LOST_SOCKET] +
			    counters->lost[SLUICE_LOST_RING_FULL] +
			    counters->lost[SLUICE_LOST_BAD_CHECKSUM];
	return sum.unmatched;
}

void sluice_socket_input_wait(struct sluice_socket_input *input, enum sluice_socket_wait wait,
			      const char *format, ...)
{
	va_list list;

	if (input->next_state.wait)
		return;
	input->next_state.wait = wait;
	va_start(list, format);
	vsnprintf(input->next_state.text, sizeof(input->next_state.text), format, list);
	va_end(list);
}

void sluice_socket_input_look(struct sluice_socket_input *input,
			      const struct sluice_config_input *config)
{
	char text[INET6_ADDRSTRLEN] = "?";
	struct sluice_port_key key;

	memset(&input->next_state, 0, sizeof(input->next_state));
	sluice_port_describe(config, config->ports[0].first, &key);
	input->next_state.index = key.index;
	inet_ntop(key.family, key.address, text, sizeof(text));
	if (config->interface[0] && !key.index)
		sluice_socket_input_wait(input, SLUICE_WAITS_FOR_INTERFACE,
					 "waiting for interface %s", config->interface);
	else if (!sluice_port_has_its_address(&key))
		sluice_socket_input_wait(input, SLUICE_WAITS_FOR_ADDRESS, "waiting for address %s",
					 text);
}

void sluice_socket_input_settle(struct sluice_socket_input *input)
{
	bool is_new = strcmp(input->state.text, input->next_state.text) != 0;
	char lasted[SLUICE_SIZE_TEXT];

	if (input->next_state.wait && !input->state.wait)
		input->waits_since = sluice_now();
	if (is_new && input->next_state.wait)
		sluice_warning_about(SLUICE_ABOUT(.input = input->name),
				     "input `%s`: %s; nothing comes in there until then",
				     input->name, input->next_state.text);
	else if (is_new)
		sluice_notice_about(SLUICE_ABOUT(.input = input->name),
				    "input `%s`: it was %s for %s, and receives now", input->name,
				    input->state.text,
				    sluice_duration_say(sluice_now() - input->waits_since, lasted));
	else if (input->state.index && input->next_state.index &&
		 input->state.index != input->next_state.index)
		sluice_notice_about(
			SLUICE_ABOUT(.input = input->name),
			"input `%s`: its interface is another one of the same name now; "
			"its sockets were opened anew",
			input->name);
	input->state = input->next_state;
}

bool sluice_socket_input_is_settled(struct sluice_socket_input *input,
				    const struct sluice_config_input *config)
{
	sluice_socket_input_look(input, config);
	return input->state.wait != SLUICE_WAITS_FOR_SOCKET &&
	       input->state.wait == input->next_state.wait &&
	       input->state.index == input->next_state.index;
}
