// SPDX-License-Identifier: MIT
/*
 * YAML nodes and the bytes they are made of; see edit_node.h. libyaml tells where a node begins,
 * and where it ends if it is a single value or in brackets; what is written in lines ends where its
 * last part does, for libyaml's mark is behind the comments that follow. Touches: nothing but
 * memory.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include "document.h"
#include "edit_node.h"
#include "sentence.h"

/* Is there an alias (*NAME)? One value in two places cannot be changed in one. Says so. */
static bool has_alias(const struct sluice_config_text *text, char **error)
{
	bool found = false, ended = false;
	yaml_parser_t parser;
	yaml_event_t event;

	if (!yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text->bytes, text->length);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	while (!found && !ended && yaml_parser_parse(&parser, &event)) {
		found = event.type == YAML_ALIAS_EVENT;
		ended = event.type == YAML_STREAM_END_EVENT;
		if (found)
			sluice_say(error,
				   "the configuration has an alias (line %zu), one value in two "
				   "places: write it out, or change the file and `apply` it",
				   event.start_mark.line + 1);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return found;
}

int sluice_edit_begin(struct sluice_edit *edit, const struct sluice_config_text *text, char **error)
{
	struct sluice_findings findings = {0};
	int result;

	memset(edit, 0, sizeof(*edit));
	edit->text = text;
	edit->error = error;
	result = sluice_pieces_read(text->bytes, text->length, &edit->pieces, error);
	if (result)
		return result;
	if (has_alias(text, error))
		return -EINVAL;
	result = sluice_yaml_load(text->bytes, text->length, &edit->document, &findings);
	sluice_findings_free(&findings);
	edit->has_document = !result;
	return result;
}

void sluice_edit_end(struct sluice_edit *edit)
{
	if (edit->has_document)
		yaml_document_delete(&edit->document);
	sluice_pieces_free(&edit->pieces);
	sluice_splices_free(&edit->splices);
	edit->has_document = false;
}

yaml_node_t *sluice_edit_node(struct sluice_edit *edit, int number)
{
	return yaml_document_get_node(&edit->document, number);
}

yaml_node_pair_t *sluice_edit_pair(struct sluice_edit *edit, const yaml_node_t *mapping,
				   const char *word)
{
	yaml_node_pair_t *pair;

	if (!mapping || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *key = sluice_edit_node(edit, pair->key);

		if (key && key->type == YAML_SCALAR_NODE &&
		    !strcasecmp((const char *)key->data.scalar.value, word))
			return pair;
	}
	return NULL;
}

yaml_node_t *sluice_edit_list(struct sluice_edit *edit, enum sluice_piece_kind kind)
{
	const yaml_node_pair_t *pair = sluice_edit_pair(
		edit, yaml_document_get_root_node(&edit->document), sluice_piece_list(kind));
	yaml_node_t *list = pair ? sluice_edit_node(edit, pair->value) : NULL;

	return list && list->type == YAML_SEQUENCE_NODE ? list : NULL;
}

yaml_node_t *sluice_edit_item(struct sluice_edit *edit, const struct sluice_piece_item *item)
{
	yaml_node_t *node = item ? sluice_edit_list(edit, item->kind)
				 : yaml_document_get_root_node(&edit->document);

	if (item && node)
		node = sluice_edit_node(edit, node->data.sequence.items.start[item->item]);
	return node && node->type == YAML_MAPPING_NODE ? node : NULL;
}

/* The byte that a mark of libyaml's stands for. */
static size_t offset_of(const struct sluice_edit *edit, const yaml_mark_t *mark)
{
	return sluice_splice_offset(edit->text->bytes, edit->text->length, mark->index);
}

/* Is it written in brackets? */
static bool is_flow(const yaml_node_t *node)
{
	return (node->type == YAML_MAPPING_NODE &&
		node->data.mapping.style == YAML_FLOW_MAPPING_STYLE) ||
	       (node->type == YAML_SEQUENCE_NODE &&
		node->data.sequence.style == YAML_FLOW_SEQUENCE_STYLE);
}

size_t sluice_edit_start(struct sluice_edit *edit, const yaml_node_t *node)
{
	return offset_of(edit, &node->start_mark);
}

size_t sluice_edit_stop(struct sluice_edit *edit, const yaml_node_t *node)
{
	const char *text = edit->text->bytes;
	size_t end;

	/* Texts are at most some 30 deep (document.c). */
	while (node->type != YAML_SCALAR_NODE && !is_flow(node)) {
		if (node->type == YAML_MAPPING_NODE)
			node = sluice_edit_node(edit, node->data.mapping.pairs.top[-1].value);
		else
			node = sluice_edit_node(edit, node->data.sequence.items.top[-1]);
	}
	end = offset_of(edit, &node->end_mark);
	/* What is written behind | or > ends with lines of its own. */
	while (node->type == YAML_SCALAR_NODE &&
	       (node->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
		node->data.scalar.style == YAML_FOLDED_SCALAR_STYLE) &&
	       end && strchr(" \t\r\n", text[end - 1]))
		end--;
	return end;
}

void sluice_edit_replace(struct sluice_edit *edit, const yaml_node_pair_t *pair, const char *value)
{
	const yaml_node_t *key = sluice_edit_node(edit, pair->key);
	const yaml_node_t *node = sluice_edit_node(edit, pair->value);
	const char *text = edit->text->bytes;
	size_t from = sluice_edit_start(edit, node), to = sluice_edit_stop(edit, node), colon;

	if (node->type == YAML_SCALAR_NODE || is_flow(node)) {
		sluice_splice(&edit->splices, from, to, "%s%s", from == to ? " " : "", value);
		return;
	}
	/* A list in lines: the line of the key stays, with its comment. */
	colon = offset_of(edit, &key->end_mark);
	while (colon < from && text[colon] != ':')
		colon++;
	sluice_splice(&edit->splices, colon + 1, colon + 1, " %s", value);
	sluice_splice(&edit->splices, sluice_splice_line_end(text, edit->text->length, colon),
		      sluice_splice_line_end(text, edit->text->length, to), "%s", "");
}

/* Adds a line behind what `node` holds: `column` spaces and what follows. */
static void add_line(struct sluice_edit *edit, const yaml_node_t *node, size_t column,
		     const char *before, const char *word, const char *value)
{
	const char *text = edit->text->bytes;
	size_t length = edit->text->length;
	size_t at = sluice_splice_line_end(text, length, sluice_edit_stop(edit, node));

	sluice_splice(&edit->splices, at, at, "%s%*s%s%s: %s", sluice_splice_newline(text, length),
		      (int)column, "", before, word, value);
}

void sluice_edit_insert(struct sluice_edit *edit, const yaml_node_t *mapping, const char *word,
			const char *value)
{
	const yaml_node_pair_t *last = mapping->data.mapping.pairs.top - 1;
	bool is_empty = mapping->data.mapping.pairs.start == mapping->data.mapping.pairs.top;
	size_t at;

	if (is_empty) {
		at = sluice_edit_stop(edit, mapping) - 1;
		sluice_splice(&edit->splices, at, at, "%s: %s", word, value);
	} else if (is_flow(mapping)) {
		at = sluice_edit_stop(edit, sluice_edit_node(edit, last->value));
		sluice_splice(&edit->splices, at, at, ", %s: %s", word, value);
	} else {
		add_line(edit, mapping, sluice_edit_node(edit, last->key)->start_mark.column, "",
			 word, value);
	}
}

/* Takes [from, to) out of brackets, with a comma: `next` is where the one behind begins, `before`
 * where the one before ends, 0: there is none. */
static void remove_flow(struct sluice_edit *edit, size_t before, size_t from, size_t to,
			size_t next)
{
	if (next)
		to = next;
	else if (before)
		from = before;
	sluice_splice(&edit->splices, from, to, "%s", "");
}

void sluice_edit_remove(struct sluice_edit *edit, const yaml_node_t *mapping,
			const yaml_node_pair_t *pair)
{
	const char *text = edit->text->bytes;
	size_t length = edit->text->length, from, to, next = 0, before = 0, line;

	from = sluice_edit_start(edit, sluice_edit_node(edit, pair->key));
	to = sluice_edit_stop(edit, sluice_edit_node(edit, pair->value));
	if (pair + 1 < mapping->data.mapping.pairs.top)
		next = sluice_edit_start(edit, sluice_edit_node(edit, pair[1].key));
	if (pair > mapping->data.mapping.pairs.start)
		before = sluice_edit_stop(edit, sluice_edit_node(edit, pair[-1].value));
	if (is_flow(mapping)) {
		remove_flow(edit, before, from, to, next);
		return;
	}
	line = sluice_splice_line_begin(text, from);
	if (strspn(text + line, " ") >= from - line) {
		sluice_splice(&edit->splices, line, sluice_splice_next_line(text, length, to), "%s",
			      "");
		return;
	}
	/* It stands behind the dash of its item: the next one goes there, unless comments are
	 * between. */
	if (next &&
	    sluice_splice_line_begin(text, next) == sluice_splice_next_line(text, length, to))
		sluice_splice(&edit->splices, from, next, "%s", "");
	else
		sluice_splice(&edit->splices, from, sluice_splice_line_end(text, length, to), "%s",
			      "");
}

void sluice_edit_append(struct sluice_edit *edit, const yaml_node_t *list, const char *word,
			const char *value)
{
	bool is_empty = list->data.sequence.items.start == list->data.sequence.items.top;
	size_t at;

	if (!is_flow(list)) {
		add_line(edit, list, list->start_mark.column, "- ", word, value);
		return;
	}
	at = is_empty ? sluice_edit_stop(edit, list) - 1
		      : sluice_edit_stop(edit,
					 sluice_edit_node(edit, list->data.sequence.items.top[-1]));
	sluice_splice(&edit->splices, at, at, "%s{%s: %s}", is_empty ? "" : ", ", word, value);
}

/* Where the line of an entry's dash begins: `from` is where what is behind the dash begins. */
static size_t dash_line(struct sluice_edit *edit, const yaml_node_t *list, size_t from)
{
	const char *text = edit->text->bytes;
	size_t line = sluice_splice_line_begin(text, from), column = list->start_mark.column;

	/* It may stand alone, with comments behind it. */
	while (line && !(strspn(text + line, " ") == column && text[line + column] == '-'))
		line = sluice_splice_line_begin(text, line - 1);
	return line;
}

void sluice_edit_take_out(struct sluice_edit *edit, const yaml_node_t *list, size_t entry)
{
	const yaml_node_item_t *item = list->data.sequence.items.start + entry;
	const yaml_node_t *node = sluice_edit_node(edit, *item);
	size_t from = sluice_edit_start(edit, node), to = sluice_edit_stop(edit, node), next = 0;
	size_t before = 0;

	if (!is_flow(list)) {
		sluice_splice(&edit->splices, dash_line(edit, list, from),
			      sluice_splice_next_line(edit->text->bytes, edit->text->length, to),
			      "%s", "");
		return;
	}
	if (item + 1 < list->data.sequence.items.top)
		next = sluice_edit_start(edit, sluice_edit_node(edit, item[1]));
	if (entry)
		before = sluice_edit_stop(edit, sluice_edit_node(edit, item[-1]));
	remove_flow(edit, before, from, to, next);
}
