// SPDX-License-Identifier: MIT
/*
 * Switching inputs and destinations on and off; see edit.h. A destination that is written as
 * HOST:PORT becomes a mapping, and that again when it is switched on. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "edit_node.h"
#include "sentence.h"
#include "suggest.h"

/* Does a destination's node stand for `wanted`? NULL: each does. */
static bool is_wanted(struct sluice_edit *edit, const yaml_node_t *node, const char *wanted)
{
	const yaml_node_pair_t *pair = sluice_edit_pair(edit, node, "address");

	if (pair)
		node = sluice_edit_node(edit, pair->value);
	return !wanted || (node && node->type == YAML_SCALAR_NODE &&
			   !strcasecmp((const char *)node->data.scalar.value, wanted));
}

/* Switches a destination that is a mapping. */
static void switch_mapping(struct sluice_edit *edit, const yaml_node_t *node, bool is_enabled)
{
	const yaml_node_pair_t *address = sluice_edit_pair(edit, node, "address");
	const yaml_node_pair_t *pair = sluice_edit_pair(edit, node, "enabled");
	size_t pairs = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	const yaml_node_t *host;
	size_t from, to;

	if (!is_enabled && pair) {
		sluice_edit_replace(edit, pair, "off");
	} else if (!is_enabled) {
		sluice_edit_insert(edit, node, "enabled", "off");
	} else if (pair && address && pairs == 2 &&
		   node->data.mapping.style == YAML_FLOW_MAPPING_STYLE) {
		/* As it was before it was switched off. */
		host = sluice_edit_node(edit, address->value);
		from = sluice_edit_start(edit, host);
		to = sluice_edit_stop(edit, host);
		sluice_splice(&edit->splices, sluice_edit_start(edit, node),
			      sluice_edit_stop(edit, node), "%.*s", (int)(to - from),
			      edit->text->bytes + from);
	} else if (pair && pairs > 1) {
		sluice_edit_remove(edit, node, pair);
	}
}

/* Switches one destination. 0 or -ENOMEM. */
static int switch_destination(struct sluice_edit *edit, const yaml_node_t *node, bool is_enabled)
{
	char *address;

	if (node->type == YAML_MAPPING_NODE) {
		switch_mapping(edit, node, is_enabled);
		return 0;
	}
	if (is_enabled || node->type != YAML_SCALAR_NODE)
		return 0;
	address = sluice_edit_value((const char *)node->data.scalar.value, false, edit->error);
	if (!address)
		return -ENOMEM;
	sluice_splice(&edit->splices, sluice_edit_start(edit, node), sluice_edit_stop(edit, node),
		      "{address: %s, enabled: off}", address);
	free(address);
	return 0;
}

/* Switches what `wanted` names of an output's destinations. 0, -ENOENT with its sentence, or
 * -ENOMEM. */
static int switch_output(struct sluice_edit *edit, const struct sluice_piece_item *item,
			 const yaml_node_t *output, const char *wanted, bool is_enabled)
{
	const yaml_node_pair_t *pair = sluice_edit_pair(edit, output, "to");
	const yaml_node_t *node = pair ? sluice_edit_node(edit, pair->value) : NULL;
	const yaml_node_item_t *entry = pair ? &pair->value : NULL, *end = entry ? entry + 1 : NULL;
	const struct sluice_piece *written;
	char quoted[SLUICE_QUOTE_TEXT];
	size_t found = 0;
	int result = 0;

	if (node && node->type == YAML_SEQUENCE_NODE) {
		entry = node->data.sequence.items.start;
		end = node->data.sequence.items.top;
	}
	for (; entry < end && !result; entry++) {
		node = sluice_edit_node(edit, *entry);
		if (!node || !is_wanted(edit, node, wanted))
			continue;
		found++;
		result = switch_destination(edit, node, is_enabled);
	}
	if (found || result)
		return result;
	/* A text may have two lists of outputs, of which this node is in the other one. */
	written = sluice_pieces_find(&edit->pieces, item, "to");
	sluice_say(edit->error, "output \"%s\" has no destination %s%s%s", item->name,
		   sluice_quote(wanted, quoted), written ? "; it has " : "",
		   written ? written->value : "");
	return -ENOENT;
}

int sluice_edit_enable(struct sluice_config_text *text, const char *piece, const char *destination,
		       bool is_enabled, char **error)
{
	const struct sluice_piece_item *item;
	struct sluice_edit_meant meant = {.kind = SLUICE_PIECE_OUTPUT, .word = "to"};
	struct sluice_edit edit;
	yaml_node_t *node;
	bool is_output;
	int result;

	if (!text || !text->bytes || !piece)
		return -EINVAL;
	result = sluice_edit_begin(&edit, text, error);
	if (!result)
		result = sluice_edit_find(&edit, piece, &item, &node);
	if (result) {
		sluice_edit_end(&edit);
		return result;
	}
	is_output = item->kind == SLUICE_PIECE_OUTPUT;
	if (!is_output && destination) {
		sluice_say(error, "%s \"%s\" has no destinations: name it alone",
			   sluice_piece_word(item->kind), item->name);
		result = -EINVAL;
	} else if (is_output) {
		result = switch_output(&edit, item, node, destination, is_enabled);
		meant.before = meant.after = item->item;
		if (!result)
			result = sluice_edit_finish(&edit, text, &meant);
	}
	sluice_edit_end(&edit);
	if (!is_output && !result)
		result = sluice_edit_set(text, piece, "enabled", is_enabled ? "" : "off", error);
	return result;
}
