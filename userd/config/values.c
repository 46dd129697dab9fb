// SPDX-License-Identifier: MIT
/*
 * Readers for plain values: sizes, durations, percentages, rates, choices, words. See reader.h.
 * Touches: nothing but memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "reader.h"
#include "size.h"
#include "suggest.h"

const struct sluice_choice sluice_switches[] = {{"off", 0, false},
						{"on", 1, false},
						{"false", 0, false},
						{"true", 1, false},
						{NULL, 0, false}};

/* Writes `value` as people would. */
typedef char *(*value_format)(uint64_t value, char text[SLUICE_SIZE_TEXT]);

/* Holds `value` against the key's limits; false after a finding. */
static bool in_range(struct sluice_reader *reader, const struct sluice_key *key,
		     const yaml_node_t *node, uint64_t value, value_format format)
{
	char least[SLUICE_SIZE_TEXT], most[SLUICE_SIZE_TEXT], quoted[SLUICE_QUOTE_TEXT];

	if (value >= key->minimum && value <= key->maximum)
		return true;
	sluice_reader_fault(reader, key, node, "%s is out of range: from %s to %s",
			    sluice_quote((const char *)node->data.scalar.value, quoted),
			    format(key->minimum, least), format(key->maximum, most));
	return false;
}

/* A text that could not be read as a quantity. */
static void no_quantity(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, const char *text, int error, const char *form)
{
	char quoted[SLUICE_QUOTE_TEXT];

	if (error == -ERANGE)
		sluice_reader_fault(reader, key, node, "%s is too large: write %s",
				    sluice_quote(text, quoted), form);
	else
		sluice_reader_fault(reader, key, node, "%s cannot be read: write %s",
				    sluice_quote(text, quoted), form);
}

void sluice_read_size(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	uint64_t bytes;
	size_t size;
	int error;

	if (!text)
		return;
	error = sluice_size_parse(text, &bytes);
	if (error) {
		no_quantity(reader, key, node, text, error, SLUICE_SIZE_FORM);
		return;
	}
	if (!in_range(reader, key, node, bytes, sluice_size_format))
		return;
	size = (size_t)bytes;
	memcpy((char *)object + key->offset, &size, sizeof(size));
}

void sluice_read_duration(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	uint64_t microseconds;
	int error;

	if (!text)
		return;
	error = sluice_duration_parse(text, &microseconds);
	if (error)
		no_quantity(reader, key, node, text, error, SLUICE_DURATION_FORM);
	else if (in_range(reader, key, node, microseconds, sluice_duration_format))
		memcpy((char *)object + key->offset, &microseconds, sizeof(microseconds));
}

void sluice_read_delay(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	const uint64_t by_load = SLUICE_DELAY_AUTO;
	uint64_t microseconds;
	int error;

	if (!text)
		return;
	if (!strcasecmp(text, "auto")) {
		memcpy((char *)object + key->offset, &by_load, sizeof(by_load));
		return;
	}
	error = sluice_duration_parse(text, &microseconds);
	if (error)
		no_quantity(reader, key, node, text, error, "auto, or " SLUICE_DURATION_FORM);
	else if (in_range(reader, key, node, microseconds, sluice_duration_format))
		memcpy((char *)object + key->offset, &microseconds, sizeof(microseconds));
}

void sluice_read_percent(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	unsigned int percent;
	int error;

	if (!text)
		return;
	error = sluice_percent_parse(text, &percent);
	if (error)
		no_quantity(reader, key, node, text, error, SLUICE_PERCENT_FORM);
	else
		memcpy((char *)object + key->offset, &percent, sizeof(percent));
}

void sluice_read_rate(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	uint64_t bits;
	int error;

	if (!text)
		return;
	error = sluice_rate_parse(text, &bits);
	if (error)
		no_quantity(reader, key, node, text, error, SLUICE_RATE_FORM);
	else
		memcpy((char *)object + key->offset, &bits, sizeof(bits));
}

void sluice_choices_list(const struct sluice_choice *choices, char *text, size_t size)
{
	const char *separator = "";
	size_t used = 0;

	text[0] = '\0';
	for (; choices->name && used < size; choices++) {
		if (choices->unsupported)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s", separator,
					 choices->name);
		separator = ", ";
	}
}

/* The choice that is nearest to `word`, NULL if none is near. */
static const struct sluice_choice *nearest_choice(const struct sluice_choice *choices,
						  const char *word)
{
	unsigned int best = sluice_word_tolerance(word), distance;
	const struct sluice_choice *nearest = NULL;

	for (; choices->name; choices++) {
		distance = sluice_word_distance(word, choices->name, best);
		if (distance <= best && (!nearest || distance < best)) {
			best = distance;
			nearest = choices;
		}
	}
	return nearest;
}

void sluice_read_choice(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	const struct sluice_choice *choice, *nearest;
	char quoted[SLUICE_QUOTE_TEXT], valid[256], meant[96] = "";

	if (!text)
		return;
	sluice_choices_list(key->choices, valid, sizeof(valid));
	for (choice = key->choices; choice->name; choice++)
		if (!strcasecmp(text, choice->name))
			break;
	if (choice->name) {
		if (choice->unsupported)
			sluice_reader_fault(reader, key, node,
					    "%s: not supported yet (valid values: %s)",
					    choice->name, valid);
		memcpy((char *)object + key->offset, &choice->value, sizeof(choice->value));
		return;
	}
	nearest = nearest_choice(key->choices, text);
	if (nearest)
		snprintf(meant, sizeof(meant), ", did you mean \"%s\"?", nearest->name);
	sluice_reader_fault(reader, key, node, "%s is not a valid value%s (valid values: %s)",
			    sluice_quote(text, quoted), meant, valid);
}

void sluice_read_word(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);

	if (text)
		sluice_reader_keep(reader, node, text,
				   (struct sluice_word *)(void *)((char *)object + key->offset));
}

const char *sluice_choice_name(const struct sluice_choice *choices, int value)
{
	for (; choices->name; choices++)
		if (choices->value == value)
			return choices->name;
	return "?";
}

void sluice_read_count(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node);
	char quoted[SLUICE_QUOTE_TEXT];
	uint64_t number;
	size_t count;

	if (!text)
		return;
	if (!strcasecmp(text, "auto")) {
		number = 0;
	} else if (sluice_number_parse(text, &number) || number < key->minimum ||
		   number > key->maximum) {
		sluice_reader_fault(reader, key, node,
				    "%s is not a valid value (valid values: auto, or a number from "
				    "%llu to %llu)",
				    sluice_quote(text, quoted), (unsigned long long)key->minimum,
				    (unsigned long long)key->maximum);
		return;
	}
	count = (size_t)number;
	memcpy((char *)object + key->offset, &count, sizeof(count));
}
