// SPDX-License-Identifier: MIT
/*
 * Reading YAML nodes by tables of keys, see reader.h. The readers of plain values are in values.c.
 * Touches: nothing but memory.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "reader.h"
#include "suggest.h"

/* Nodes that are read at most, one behind an alias as often as it is used. 16,384 inputs have some
 * 400,000. */
#define VISITS_MAX 4000000U

#define KEYS_MAX 64U /* a table has no more keys: they are ticked off in a word of 64 bits */

struct sluice_config_place sluice_reader_place(const yaml_node_t *node)
{
	return (struct sluice_config_place){.line = node->start_mark.line + 1,
					    .column = node->start_mark.column + 1};
}

void sluice_reader_fault(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, const char *format, ...)
{
	struct sluice_config_place place = sluice_reader_place(node);
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (text)
		sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR, &place, "%s: %s",
				    key->path, text);
	else
		reader->out_of_memory = true;
	free(text);
}

const char *sluice_reader_kind(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_MAPPING_NODE:
		return "a mapping";
	case YAML_SEQUENCE_NODE:
		return "a list";
	default:
		return "a single value";
	}
}

/* Counts a node that is read; false when it is enough, after a finding that says so. */
static bool may_visit(struct sluice_reader *reader)
{
	/* Nobody reads the two thousandth fault. */
	if (reader->visits > VISITS_MAX || reader->findings->full)
		return false;
	if (++reader->visits <= VISITS_MAX)
		return true;
	sluice_findings_add(
		reader->findings, SLUICE_FINDING_ERROR, NULL,
		"aliases make this file larger than can be read: write less, or more files");
	return false;
}

/* The word by which `key` is written: the last part of its path. */
static const char *key_name(const struct sluice_key *key)
{
	const char *dot = strrchr(key->path, '.');

	return dot ? dot + 1 : key->path;
}

/* Writes the keys of `table`, comma-separated, to `text`. */
static void list_keys(const struct sluice_key_table *table, char *text, size_t size)
{
	size_t number, used = 0;

	text[0] = '\0';
	for (number = 0; number < table->count && used < size; number++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", number ? ", " : "",
					 key_name(&table->keys[number]));
}

/* A key that is not in the table. */
static void unknown_key(struct sluice_reader *reader, const struct sluice_key_table *table,
			const yaml_node_t *node)
{
	const char *word = (const char *)node->data.scalar.value, *nearest = NULL;
	struct sluice_config_place place = sluice_reader_place(node);
	unsigned int best = sluice_word_tolerance(word), distance;
	char quoted[SLUICE_QUOTE_TEXT], valid[512], meant[96] = "";
	size_t number;

	for (number = 0; number < table->count; number++) {
		distance = sluice_word_distance(word, key_name(&table->keys[number]), best);
		if (distance <= best && (!nearest || distance < best)) {
			best = distance;
			nearest = key_name(&table->keys[number]);
		}
	}
	if (nearest)
		snprintf(meant, sizeof(meant), ", did you mean \"%s\"?", nearest);
	list_keys(table, valid, sizeof(valid));
	sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR, &place,
			    "unknown key %s in %s%s (valid keys: %s)", sluice_quote(word, quoted),
			    table->what, meant, valid);
}

/* Finds the key that `node` names; NULL after a finding. */
static const struct sluice_key *find_key(struct sluice_reader *reader,
					 const struct sluice_key_table *table,
					 const yaml_node_t *node)
{
	struct sluice_config_place place = sluice_reader_place(node);
	const char *word;
	size_t number;

	if (node->type != YAML_SCALAR_NODE) {
		sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR, &place,
				    "%s stands where the name of a key is expected",
				    sluice_reader_kind(node));
		return NULL;
	}
	word = (const char *)node->data.scalar.value;
	for (number = 0; number < table->count; number++)
		if (strlen(word) == node->data.scalar.length &&
		    !strcasecmp(word, key_name(&table->keys[number])))
			return &table->keys[number];
	unknown_key(reader, table, node);
	return NULL;
}

/* Is the key `name` of the table among those seen? */
static bool is_seen(const struct sluice_key_table *table, const char *name, uint64_t seen)
{
	size_t number;

	for (number = 0; name && number < table->count; number++)
		if (!strcmp(key_name(&table->keys[number]), name))
			return seen & (1ULL << number);
	return false;
}

/* Required keys that were not there. */
static void report_missing(struct sluice_reader *reader, const struct sluice_key_table *table,
			   const yaml_node_t *node, uint64_t seen)
{
	struct sluice_config_place place = sluice_reader_place(node);
	size_t number;

	for (number = 0; number < table->count; number++)
		if (table->keys[number].required && !(seen & (1ULL << number)) &&
		    !is_seen(table, table->keys[number].unless, seen))
			sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR, &place,
					    "%s needs the key \"%s\"", table->what,
					    key_name(&table->keys[number]));
}

void sluice_read_mapping(struct sluice_reader *reader, const struct sluice_key_table *table,
			 const yaml_node_t *node, void *object)
{
	struct sluice_config_place place, first[KEYS_MAX];
	const yaml_node_t *key_node, *value;
	const struct sluice_key *key;
	const yaml_node_pair_t *pair;
	uint64_t seen = 0;
	size_t number;

	place = sluice_reader_place(node);
	if (node->type != YAML_MAPPING_NODE) {
		sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR, &place,
				    "%s must be a mapping of keys and values, not %s", table->what,
				    sluice_reader_kind(node));
		return;
	}
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		if (!may_visit(reader))
			return;
		key_node = yaml_document_get_node(reader->document, pair->key);
		value = yaml_document_get_node(reader->document, pair->value);
		if (!key_node || !value)
			continue;
		key = find_key(reader, table, key_node);
		if (!key)
			continue;
		number = (size_t)(key - table->keys);
		place = sluice_reader_place(key_node);
		if (seen & (1ULL << number)) {
			sluice_findings_add(
				reader->findings, SLUICE_FINDING_ERROR, &place,
				"%s: this key is here a second time (first in line %zu): keep one",
				key->path, first[number].line);
			continue;
		}
		seen |= 1ULL << number;
		first[number] = place;
		if (key->unsupported)
			sluice_findings_add(reader->findings, SLUICE_FINDING_ERROR, &place,
					    "%s: not supported yet", key->path);
		if (key->place) {
			place = sluice_reader_place(value);
			memcpy((char *)object + key->place, &place, sizeof(place));
		}
		key->read(reader, key, value, object);
	}
	report_missing(reader, table, node, seen);
}

void sluice_read_nested(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object)
{
	sluice_read_mapping(reader, key->table, node, object);
}

void sluice_read_fallbacks(struct sluice_reader *reader, const struct sluice_key_table *table,
			   void *object)
{
	yaml_node_t node = {.type = YAML_SCALAR_NODE, .data.scalar.style = YAML_PLAIN_SCALAR_STYLE};
	size_t number;

	for (number = 0; number < table->count; number++) {
		const struct sluice_key *key = &table->keys[number];

		if (key->table)
			sluice_read_fallbacks(reader, key->table, object);
		if (!key->fallback)
			continue;
		/* libyaml has no const; nobody writes to it. */
		node.data.scalar.value = (yaml_char_t *)(uintptr_t)key->fallback;
		node.data.scalar.length = strlen(key->fallback);
		key->read(reader, key, &node, object);
	}
}

const char *sluice_reader_scalar(struct sluice_reader *reader, const struct sluice_key *key,
				 const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE) {
		sluice_reader_fault(reader, key, node, "a single value is expected here, not %s",
				    sluice_reader_kind(node));
		return NULL;
	}
	text = (const char *)node->data.scalar.value;
	if (strlen(text) != node->data.scalar.length || sluice_has_control(text)) {
		sluice_reader_fault(reader, key, node, "control characters have no place here");
		return NULL;
	}
	/* A plain "~" or "null" is YAML's word for nothing. */
	if (!*text || (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		       (!strcmp(text, "~") || !strcasecmp(text, "null")))) {
		sluice_reader_fault(reader, key, node,
				    "no value is given: write one, or leave the key out");
		return NULL;
	}
	return text;
}

size_t sluice_reader_item_count(const yaml_node_t *node)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return 1;
	return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
}

bool sluice_reader_items(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, void *object, sluice_key_reader item)
{
	const yaml_node_item_t *entry;
	const yaml_node_t *value;

	if (node->type != YAML_SEQUENCE_NODE) {
		item(reader, key, node, object);
		return true;
	}
	if (sluice_reader_item_count(node) == 0) {
		sluice_reader_fault(reader, key, node, "the list is empty");
		return false;
	}
	for (entry = node->data.sequence.items.start; entry < node->data.sequence.items.top;
	     entry++) {
		if (!may_visit(reader))
			return true;
		value = yaml_document_get_node(reader->document, *entry);
		if (value)
			item(reader, key, value, object);
	}
	return true;
}

void sluice_reader_keep(struct sluice_reader *reader, const yaml_node_t *node, const char *text,
			struct sluice_word *word)
{
	word->place = sluice_reader_place(node);
	word->text = strdup(text);
	if (!word->text)
		reader->out_of_memory = true;
}
