// SPDX-License-Identifier: MIT
/*
 * Changing one piece of a configuration's text; see edit.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "edit_node.h"
#include "sentence.h"
#include "suggest.h"

#define LEAF_TEXT 64 /* bytes of a part of a key's name */

/* The first part of "batch.bytes"; returns what is behind the point, NULL: nothing. */
static const char *first_part(const char *word, char part[LEAF_TEXT])
{
	size_t length = strcspn(word, ".");

	snprintf(part, LEAF_TEXT, "%.*s", (int)length, word);
	return word[length] ? word + length + 1 : NULL;
}

/* Writes {bytes: VALUE} for "bytes", VALUE for NULL. NULL: no memory. @owner caller */
static char *wrap(const char *word, const char *value)
{
	char part[LEAF_TEXT], *inner, *text;

	if (!word)
		return strdup(value);
	inner = wrap(first_part(word, part), value);
	if (!inner || asprintf(&text, "{%s: %s}", part, inner) < 0)
		text = NULL;
	free(inner);
	return text;
}

/* Sets `word` of a mapping to a value of YAML. 0 or -ENOMEM. */
static int set_value(struct sluice_edit *edit, const yaml_node_t *mapping, const char *word,
		     const char *value)
{
	const char *rest = word;
	yaml_node_pair_t *pair;
	char part[LEAF_TEXT], *text;
	yaml_node_t *node;

	for (;;) {
		rest = first_part(rest, part);
		pair = sluice_edit_pair(edit, mapping, part);
		node = pair ? sluice_edit_node(edit, pair->value) : NULL;
		if (!rest || !node || node->type != YAML_MAPPING_NODE)
			break;
		mapping = node;
	}
	text = wrap(rest, value);
	if (!text)
		return -ENOMEM;
	if (pair)
		sluice_edit_replace(edit, pair, text);
	else
		sluice_edit_insert(edit, mapping, part, text);
	free(text);
	return 0;
}

/* Takes `word` out of a mapping, and mappings that would have nothing left with it. */
static void unset_value(struct sluice_edit *edit, const yaml_node_t *mapping, const char *word)
{
	const yaml_node_t *from = mapping;
	yaml_node_pair_t *pair, *victim = NULL;
	char part[LEAF_TEXT];

	do {
		word = first_part(word, part);
		pair = sluice_edit_pair(edit, mapping, part);
		if (!pair)
			return;
		if (!victim ||
		    mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start > 1) {
			victim = pair;
			from = mapping;
		}
		mapping = sluice_edit_node(edit, pair->value);
	} while (word && mapping && mapping->type == YAML_MAPPING_NODE);
	sluice_edit_remove(edit, from, victim);
}

/* Puts `name` in the place of the output's old one wherever inputs name it. */
static void rename_in_inputs(struct sluice_edit *edit, const char *old, const char *name)
{
	const yaml_node_t *list = sluice_edit_list(edit, SLUICE_PIECE_INPUT);
	const yaml_node_item_t *item, *word, *end;
	yaml_node_t *node;
	yaml_node_pair_t *pair;

	for (item = list ? list->data.sequence.items.start : NULL;
	     item && item < list->data.sequence.items.top; item++) {
		pair = sluice_edit_pair(edit, sluice_edit_node(edit, *item), "outputs");
		if (!pair)
			continue;
		node = sluice_edit_node(edit, pair->value);
		word = &pair->value;
		end = word + 1;
		if (node && node->type == YAML_SEQUENCE_NODE) {
			word = node->data.sequence.items.start;
			end = node->data.sequence.items.top;
		}
		for (; word < end; word++) {
			node = sluice_edit_node(edit, *word);
			if (node && node->type == YAML_SCALAR_NODE &&
			    !strcmp((const char *)node->data.scalar.value, old))
				sluice_splice(&edit->splices, sluice_edit_start(edit, node),
					      sluice_edit_stop(edit, node), "%s", name);
		}
	}
}

/* Is another item of the kind called `name` already? Says so. */
static bool is_taken(const struct sluice_edit *edit, enum sluice_piece_kind kind, size_t but,
		     const char *name)
{
	char quoted[SLUICE_QUOTE_TEXT];
	size_t number;

	for (number = 0; number < edit->pieces.item_count; number++) {
		const struct sluice_piece_item *item = &edit->pieces.items[number];

		if (item->kind != kind || item->item == but || strcmp(item->name, name) != 0)
			continue;
		sluice_say(edit->error, "%ss.name: %s is taken already (line %zu): take another",
			   sluice_piece_word(kind), sluice_quote(name, quoted), item->place.line);
		return true;
	}
	return false;
}

/* Sets a key that is known; `value` is YAML, NULL: takes it out. 0 or a negative errno with its
 * sentence. */
static int set_key(struct sluice_edit *edit, struct sluice_config_text *text,
		   const struct sluice_piece_item *item, const yaml_node_t *node,
		   const struct sluice_key *key, const char *value)
{
	enum sluice_piece_kind kind = item ? item->kind : SLUICE_PIECE_CONFIGURATION;
	struct sluice_edit_meant meant = {.kind = kind, .word = sluice_piece_key(kind, key)};
	int result = 0;

	meant.before = meant.after = item ? item->item : 0;
	if (!value) {
		if (!sluice_pieces_find(&edit->pieces, item, meant.word))
			return 0;
		if (key->required) {
			sluice_say(edit->error, "%s: %s needs the key \"%s\"", key->path,
				   sluice_piece_table(kind)->what, meant.word);
			return -EINVAL;
		}
		unset_value(edit, node, meant.word);
	} else {
		result = set_value(edit, node, meant.word, value);
		meant.with_names =
			kind == SLUICE_PIECE_OUTPUT && !strcmp(meant.word, "name") && *item->name;
		if (meant.with_names)
			rename_in_inputs(edit, item->name, value);
	}
	return result ? result : sluice_edit_finish(edit, text, &meant);
}

int sluice_edit_set(struct sluice_config_text *text, const char *piece, const char *key,
		    const char *value, char **error)
{
	const struct sluice_piece_item *item;
	const struct sluice_key *row;
	struct sluice_edit edit;
	char *yaml = NULL;
	yaml_node_t *node;
	int result;

	if (!text || !text->bytes || !key || !value)
		return -EINVAL;
	result = sluice_edit_begin(&edit, text, error);
	if (!result)
		result = sluice_edit_find(&edit, piece, &item, &node);
	if (result)
		goto end;
	result = -EINVAL;
	row = sluice_piece_find_key(item ? item->kind : SLUICE_PIECE_CONFIGURATION, key, error);
	if (!row)
		goto end;
	if (item && !strcmp(row->path + strlen(sluice_piece_list(item->kind)), ".name") &&
	    is_taken(&edit, item->kind, item->item, value))
		goto end;
	if (*value) {
		yaml = sluice_edit_value(value, sluice_key_is_list(row), error);
		if (!yaml)
			goto end;
	}
	result = set_key(&edit, text, item, node, row, yaml);
end:
	free(yaml);
	sluice_edit_end(&edit);
	return result;
}

int sluice_edit_add(struct sluice_config_text *text, enum sluice_piece_kind kind, const char *name,
		    char **error)
{
	struct sluice_edit_meant meant = {.kind = kind, .before = SLUICE_EDIT_NONE};
	const yaml_node_t *list;
	struct sluice_edit edit;
	char *yaml = NULL;
	int result;

	if (!text || !text->bytes || !name || kind == SLUICE_PIECE_CONFIGURATION)
		return -EINVAL;
	result = sluice_edit_begin(&edit, text, error);
	if (result)
		goto end;
	result = -EINVAL;
	list = sluice_edit_list(&edit, kind);
	if (!list) {
		sluice_say(error, "the configuration has no list \"%s\"", sluice_piece_list(kind));
		goto end;
	}
	if (is_taken(&edit, kind, SLUICE_EDIT_NONE, name))
		goto end;
	yaml = sluice_edit_value(name, false, error);
	if (!yaml)
		goto end;
	sluice_edit_append(&edit, list, "name", yaml);
	meant.after = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	result = sluice_edit_finish(&edit, text, &meant);
end:
	free(yaml);
	sluice_edit_end(&edit);
	return result;
}

/* Is `name` in an input's `outputs`? */
static bool names_output(const struct sluice_pieces *pieces, const struct sluice_piece_item *input,
			 const char *name)
{
	const struct sluice_piece *piece = sluice_pieces_find(pieces, input, "outputs");
	const char *at = piece ? piece->value : "";
	size_t length = strlen(name), word;

	/* Names have no commas, brackets are no part of them. */
	for (at += strspn(at, "[ ,"); *at; at += strspn(at, "[ ,]")) {
		word = strcspn(at, ",]");
		if (word == length && !strncmp(at, name, length))
			return true;
		at += word;
	}
	return false;
}

/* Does an input name the output `item`? Says which. */
static bool is_in_use(struct sluice_edit *edit, const struct sluice_piece_item *item)
{
	size_t number;

	for (number = 0; number < edit->pieces.item_count; number++) {
		const struct sluice_piece_item *input = &edit->pieces.items[number];

		if (input->kind != SLUICE_PIECE_INPUT ||
		    !names_output(&edit->pieces, input, item->name))
			continue;
		sluice_say(edit->error,
			   "input \"%s\" names output \"%s\": take it out of there first, with "
			   "`set %s outputs=OTHERS`, or delete the input",
			   input->name, item->name, input->name);
		return true;
	}
	return false;
}

int sluice_edit_delete(struct sluice_config_text *text, const char *piece, char **error)
{
	const struct sluice_piece_item *item;
	struct sluice_edit_meant meant = {.after = SLUICE_EDIT_NONE};
	const yaml_node_t *list;
	struct sluice_edit edit;
	yaml_node_t *node;
	int result;

	if (!text || !text->bytes || !piece)
		return -EINVAL;
	result = sluice_edit_begin(&edit, text, error);
	if (!result)
		result = sluice_edit_find(&edit, piece, &item, &node);
	if (result)
		goto end;
	list = sluice_edit_list(&edit, item->kind);
	result = -EINVAL;
	if (list->data.sequence.items.top - list->data.sequence.items.start == 1) {
		sluice_say(error, "\"%s\" is the only %s: a configuration has at least one",
			   item->name, sluice_piece_word(item->kind));
		goto end;
	}
	if (item->kind == SLUICE_PIECE_OUTPUT && is_in_use(&edit, item))
		goto end;
	meant.kind = item->kind;
	meant.before = item->item;
	sluice_edit_take_out(&edit, list, item->item);
	result = sluice_edit_finish(&edit, text, &meant);
end:
	sluice_edit_end(&edit);
	return result;
}
