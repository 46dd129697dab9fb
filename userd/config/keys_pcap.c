// SPDX-License-Identifier: MIT
/*
 * What only inputs with `source: pcap` have: the captures that are read instead of an interface,
 * and how fast; and which keys of others they cannot have. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "draft.h"
#include "size.h"
#include "suggest.h"

/* Of one input. */
#define FILES_MAX 4096U
/* The fastest replay: a thousand times the recorded speed, in thousandths. */
#define FACTOR_MOST 1000000U

/* One entry of `inputs.file`; the array has room for it. [struct sluice_config_input] */
static void read_file(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	struct sluice_config_input *input = object;
	char quoted[SLUICE_QUOTE_TEXT];

	if (!text)
		return;
	if (*text != '/' && strcmp(text, "-") != 0) {
		sluice_reader_fault(reader, key, node,
				    "%s is no absolute path: the daemon's working folder is "
				    "another one; - is its standard input",
				    sluice_quote(text, quoted));
		return;
	}
	input->files[input->file_count] = strdup(text);
	if (input->files[input->file_count])
		input->file_count++;
	else
		reader->out_of_memory = true;
}

void sluice_read_files(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	struct sluice_config_input *input = (void *)((char *)object + key->offset);
	size_t count = sluice_reader_item_count(node);

	if (node->type == YAML_MAPPING_NODE) {
		sluice_reader_fault(reader, key, node,
				    "a path or a list of paths is expected here, not %s",
				    sluice_reader_kind(node));
		return;
	}
	if (count > FILES_MAX) {
		sluice_reader_fault(reader, key, node,
				    "%zu files; one input reads at most %u: name their directory",
				    count, FILES_MAX);
		return;
	}
	input->files = calloc(count ? count : 1, sizeof(*input->files));
	if (!input->files) {
		reader->out_of_memory = true;
		return;
	}
	sluice_reader_items(reader, key, node, input, read_file);
}

/* Reads "2", "0.25" or "1.5" up to `unit`, in thousandths. 0, -EINVAL, -ERANGE. */
static int parse_thousandths(const char *text, const char *unit, uint64_t most, uint64_t *result)
{
	uint64_t value = 0, scale = 1000;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (uint64_t)(*at - '0') * 1000;
		if (value > most)
			return -ERANGE;
	}
	if (at > text && *at == '.')
		for (at++; *at >= '0' && *at <= '9' && scale > 1; at++) {
			scale /= 10;
			value += (uint64_t)(*at - '0') * scale;
		}
	if (at == text || strcasecmp(at, unit) != 0)
		return -EINVAL;
	*result = value;
	return value && value <= most ? 0 : -ERANGE;
}

/* Reads "recorded", "max", "2x", "10kpps", "100mbit". 0, -EINVAL, -ERANGE; then *speed is as it
 * was. */
static int parse_speed(const char *text, struct sluice_config_speed *speed)
{
	static const struct {
		const char *unit;
		uint64_t factor;
	} rates[] = {{"pps", 1}, {"kpps", 1000}, {"mpps", 1000000}};
	uint64_t value;
	size_t number;
	int error;

	if (!text || !speed)
		return -EINVAL;
	if (!strcasecmp(text, "recorded") || !strcasecmp(text, "max")) {
		*speed = (struct sluice_config_speed){
			.kind = strcasecmp(text, "max") ? SLUICE_SPEED_FACTOR : SLUICE_SPEED_MAX,
			.value = 1000};
		return 0;
	}
	error = parse_thousandths(text, "x", FACTOR_MOST, &value);
	if (!error)
		*speed = (struct sluice_config_speed){SLUICE_SPEED_FACTOR, value};
	if (error != -EINVAL)
		return error;
	for (number = 0; number < sizeof(rates) / sizeof(rates[0]); number++) {
		error = parse_thousandths(text, rates[number].unit, UINT32_MAX, &value);
		if (error == -EINVAL)
			continue;
		value = value * rates[number].factor / 1000;
		if (!error && !value)
			error = -ERANGE;
		if (!error)
			*speed = (struct sluice_config_speed){SLUICE_SPEED_DATAGRAMS, value};
		return error;
	}
	error = sluice_rate_parse(text, &value);
	if (!error && !value)
		error = -ERANGE;
	if (!error)
		*speed = (struct sluice_config_speed){SLUICE_SPEED_BITS, value};
	return error;
}

void sluice_read_speed(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	struct sluice_config_speed *speed = (void *)((char *)object + key->offset);
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];

	if (text && parse_speed(text, speed))
		sluice_reader_fault(reader, key, node, "%s is not a valid value: write %s",
				    sluice_quote(text, quoted), SLUICE_SPEED_FORM);
}

/* Is the speed another one than what holds where none is written? */
static bool has_speed(const struct sluice_config_input *input)
{
	return input->speed.kind != SLUICE_SPEED_FACTOR || input->speed.value != 1000;
}

void sluice_pcap_check(const struct sluice_draft_input *draft, struct sluice_findings *findings)
{
	const struct sluice_config_input *input = &draft->input;

	if (input->source != SLUICE_SOURCE_PCAP) {
		if (input->file_place.line)
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &input->file_place,
					    "inputs.file: captures are read with source: pcap");
		if (has_speed(input))
			sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->speed_place,
					    "inputs.speed: it is how fast a capture is read: "
					    "it needs source: pcap, and inputs.file");
		return;
	}
	if (!input->file_place.line && !input->interface_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->source_place,
				    "inputs.source: pcap reads one interface, or captures: name it "
				    "with inputs.interface, or them with inputs.file");
	if (input->file_place.line && input->interface[0])
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &input->file_place,
				    "inputs.file: an input reads an interface or captures, not "
				    "both: leave one out, or make two inputs");
	if (has_speed(input) && !input->file_place.line)
		sluice_findings_add(findings, SLUICE_FINDING_ERROR, &draft->speed_place,
				    "inputs.speed: an interface has its own: the key needs "
				    "inputs.file");
	sluice_source_refuse(
		findings, &draft->hook_place, input->hook != SLUICE_HOOK_PREROUTING, "hook",
		"it is a place in the kernel's stack, and a capture is no part of that");
	sluice_source_refuse(findings, &draft->batching_place,
			     input->batching != SLUICE_BATCHING_OFF, "batching",
			     "it is for the module");
	sluice_source_refuse(findings, &input->receive_place, input->receive != SLUICE_RECEIVE_AUTO,
			     "receive", "it says how a socket is read");
	sluice_source_refuse(
		findings, &draft->checksum_place, input->checksum != 0, "checksum",
		"checksums of captures are not looked at, because a card may make them later");
	sluice_source_refuse(findings, &draft->time_place, input->time != 0, "time",
			     "a record has the capture's time");
}

/* Are the same files named, in the same order? */
static bool has_same_files(const struct sluice_config_input *one,
			   const struct sluice_config_input *other)
{
	size_t number;

	if (one->file_count != other->file_count)
		return false;
	for (number = 0; number < one->file_count; number++)
		if (strcmp(one->files[number], other->files[number]) != 0)
			return false;
	return true;
}

bool sluice_config_is_same_capture(const struct sluice_config_input *one,
				   const struct sluice_config_input *other)
{
	return !strcmp(one->interface, other->interface) && has_same_files(one, other);
}
