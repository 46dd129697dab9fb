// SPDX-License-Identifier: MIT
/*
 * What is written in a configuration's text; see pieces.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "document.h"
#include "guid.h"
#include "pieces.h"
#include "sentence.h"
#include "suggest.h"

#define DEPTH_MAX 32U /* document.c lets no text be deeper */

/* Values below aliases are there again for each of them; see reader.c. */
#define PIECES_MAX 1000000U

/* A reading. */
struct reading {
	yaml_document_t *document;
	struct sluice_pieces *pieces;
};

/* Doubles an array that is full; false: no memory. */
static bool make_room(void **list, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 32;
	void *grown;

	if (*list && count < *room)
		return true;
	grown = reallocarray(*list, wanted, size);
	if (!grown)
		return false;
	*list = grown;
	*room = wanted;
	return true;
}

/* Writes a node as one line: a list of one as that one. */
static void render(yaml_document_t *document, const yaml_node_t *node, FILE *stream,
		   unsigned int depth)
{
	const yaml_node_pair_t *pair;
	const yaml_node_item_t *item;

	if (!node || depth > DEPTH_MAX)
		return;
	if (node->type == YAML_SCALAR_NODE) {
		fputs((const char *)node->data.scalar.value, stream);
	} else if (node->type == YAML_SEQUENCE_NODE) {
		item = node->data.sequence.items.start;
		if (!depth && node->data.sequence.items.top == item + 1) {
			render(document, yaml_document_get_node(document, *item), stream, 1);
			return;
		}
		fputc('[', stream);
		for (; item < node->data.sequence.items.top; item++) {
			render(document, yaml_document_get_node(document, *item), stream,
			       depth + 1);
			fputs(item + 1 < node->data.sequence.items.top ? ", " : "", stream);
		}
		fputc(']', stream);
	} else if (node->type == YAML_MAPPING_NODE) {
		fputc('{', stream);
		for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
		     pair++) {
			render(document, yaml_document_get_node(document, pair->key), stream,
			       depth + 1);
			fputs(": ", stream);
			render(document, yaml_document_get_node(document, pair->value), stream,
			       depth + 1);
			fputs(pair + 1 < node->data.mapping.pairs.top ? ", " : "", stream);
		}
		fputc('}', stream);
	}
}

/* Adds a value. 0 or a negative errno. */
static int add_piece(const struct reading *reading, struct sluice_piece piece, const char *prefix,
		     const char *word, const yaml_node_t *node)
{
	struct sluice_pieces *pieces = reading->pieces;
	size_t length;
	FILE *stream;

	if (pieces->count > PIECES_MAX)
		return -E2BIG;
	if (!make_room((void **)&pieces->list, pieces->count, &pieces->room, sizeof(piece)))
		return -ENOMEM;
	piece.value = NULL;
	if (asprintf(&piece.word, "%s%s%s", prefix, *prefix ? "." : "", word) < 0)
		return -ENOMEM;
	stream = open_memstream(&piece.value, &length);
	if (stream)
		render(reading->document, node, stream, 0);
	if (!stream || fclose(stream)) {
		free(piece.word);
		free(piece.value);
		return -ENOMEM;
	}
	piece.place = sluice_reader_place(node);
	pieces->list[pieces->count++] = piece;
	return 0;
}

/* The key of `table` that `word` names; NULL: there is none. */
static const struct sluice_key *key_of(const struct sluice_key_table *table, const char *word)
{
	const char *dot;
	size_t number;

	for (number = 0; table && number < table->count; number++) {
		dot = strrchr(table->keys[number].path, '.');
		if (!strcasecmp(word, dot ? dot + 1 : table->keys[number].path))
			return &table->keys[number];
	}
	return NULL;
}

static int read_list(const struct reading *reading, enum sluice_piece_kind kind,
		     const yaml_node_t *node);

/* Reads a mapping: `prefix` is what stands before its keys. 0 or a negative errno. */
static int read_mapping(const struct reading *reading, struct sluice_piece piece,
			const struct sluice_key_table *table, const char *prefix,
			const yaml_node_t *node)
{
	const yaml_node_pair_t *pair;
	int error = 0;

	for (pair = node->data.mapping.pairs.start; !error && pair < node->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *name = yaml_document_get_node(reading->document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(reading->document, pair->value);
		const char *word, *canonical;

		if (!name || !value || name->type != YAML_SCALAR_NODE)
			continue;
		word = (const char *)name->data.scalar.value;
		piece.key = key_of(table, word);
		canonical = piece.key && strrchr(piece.key->path, '.')
				    ? strrchr(piece.key->path, '.') + 1
			    : piece.key ? piece.key->path
					: word;
		if (piece.kind == SLUICE_PIECE_CONFIGURATION && value->type == YAML_SEQUENCE_NODE &&
		    piece.key && piece.key->items)
			error = read_list(reading,
					  !strcmp(canonical, "inputs")	   ? SLUICE_PIECE_INPUT
					  : !strcmp(canonical, "forwards") ? SLUICE_PIECE_FORWARD
									   : SLUICE_PIECE_OUTPUT,
					  value);
		else if (piece.key && piece.key->table && value->type == YAML_MAPPING_NODE)
			error = read_mapping(reading, piece, piece.key->table,
					     sluice_piece_key(piece.kind, piece.key), value);
		else
			error = add_piece(reading, piece, prefix, canonical, value);
	}
	return error;
}

/* Notes item `number`: its name and GUID are among its values, read from `first` on. 0 or -ENOMEM.
 */
static int add_item(struct sluice_pieces *pieces, enum sluice_piece_kind kind, size_t number,
		    size_t first, const yaml_node_t *node)
{
	const struct sluice_piece *found;
	struct sluice_piece_item *item;

	if (!make_room((void **)&pieces->items, pieces->item_count, &pieces->item_room,
		       sizeof(*item)))
		return -ENOMEM;
	item = &pieces->items[pieces->item_count];
	*item = (struct sluice_piece_item){
		.kind = kind, .item = number, .first = first, .end = pieces->count};
	found = sluice_pieces_find(pieces, item, "name");
	item->name = strdup(found ? found->value : "");
	if (!item->name)
		return -ENOMEM;
	found = sluice_pieces_find(pieces, item, "id");
	if (!found || sluice_guid_parse(found->value, item->id))
		sluice_guid_derive(sluice_piece_word(kind), item->name, strlen(item->name),
				   item->id);
	item->place = sluice_reader_place(node);
	pieces->item_count++;
	return 0;
}

/* Reads `inputs`, `outputs` or `forwards`. 0 or a negative errno. */
static int read_list(const struct reading *reading, enum sluice_piece_kind kind,
		     const yaml_node_t *node)
{
	const yaml_node_item_t *item = node->data.sequence.items.start;
	size_t number, first;
	int error = 0;

	for (number = 0; !error && item < node->data.sequence.items.top; number++, item++) {
		const yaml_node_t *entry = yaml_document_get_node(reading->document, *item);

		if (!entry)
			continue;
		first = reading->pieces->count;
		if (entry->type == YAML_MAPPING_NODE)
			error = read_mapping(reading,
					     (struct sluice_piece){.kind = kind, .item = number},
					     sluice_piece_table(kind), "", entry);
		if (!error)
			error = add_item(reading->pieces, kind, number, first, entry);
	}
	return error;
}

int sluice_pieces_read(const char *text, size_t length, struct sluice_pieces *pieces, char **error)
{
	struct sluice_findings findings = {0};
	struct reading reading = {.pieces = pieces};
	yaml_document_t document;
	const yaml_node_t *root;
	int result;

	if (!text || !pieces)
		return -EINVAL;
	memset(pieces, 0, sizeof(*pieces));
	result = sluice_yaml_load(text, length, &document, &findings);
	if (result) {
		if (findings.count)
			sluice_say(error, "%zu:%zu: %s", findings.list[0].line,
				   findings.list[0].column, findings.list[0].text);
		sluice_findings_free(&findings);
		return result;
	}
	sluice_findings_free(&findings);
	reading.document = &document;
	root = yaml_document_get_root_node(&document);
	if (root && root->type == YAML_MAPPING_NODE)
		result = read_mapping(&reading, (struct sluice_piece){0},
				      sluice_piece_table(SLUICE_PIECE_CONFIGURATION), "", root);
	yaml_document_delete(&document);
	return result;
}

void sluice_pieces_free(struct sluice_pieces *pieces)
{
	size_t number;

	if (!pieces)
		return;
	for (number = 0; number < pieces->count; number++) {
		free(pieces->list[number].word);
		free(pieces->list[number].value);
	}
	for (number = 0; number < pieces->item_count; number++)
		free(pieces->items[number].name);
	free(pieces->list);
	free(pieces->items);
	memset(pieces, 0, sizeof(*pieces));
}

const struct sluice_piece *sluice_pieces_find(const struct sluice_pieces *pieces,
					      const struct sluice_piece_item *item,
					      const char *word)
{
	size_t number = item ? item->first : 0, end = item ? item->end : pieces->count;

	for (; number < end; number++) {
		const struct sluice_piece *piece = &pieces->list[number];

		if ((item || piece->kind == SLUICE_PIECE_CONFIGURATION) &&
		    !strcasecmp(piece->word, word))
			return piece;
	}
	return NULL;
}

/* Is it what `word` means: its name, or its GUID? */
static bool is_called(const struct sluice_piece_item *item, const char *word)
{
	uint8_t guid[16];

	return (*item->name && !strcmp(item->name, word)) ||
	       (!sluice_guid_parse(word, guid) && !memcmp(guid, item->id, sizeof(guid)));
}

/* Says that nothing is called `word`, and what may be meant: `what` is "input", "output" or both.
 */
static void no_item(const struct sluice_pieces *pieces, const char *word, const char *what,
		    char **error)
{
	unsigned int best = sluice_word_tolerance(word), distance;
	char quoted[SLUICE_QUOTE_TEXT], nearest_quoted[SLUICE_QUOTE_TEXT];
	const struct sluice_piece_item *nearest = NULL;
	size_t number;

	for (number = 0; number < pieces->item_count; number++) {
		if (!strstr(what, sluice_piece_word(pieces->items[number].kind)))
			continue;
		distance = sluice_word_distance(word, pieces->items[number].name, best);
		if (distance > best || (nearest && distance >= best))
			continue;
		best = distance;
		nearest = &pieces->items[number];
	}
	if (nearest)
		sluice_say(error, "there is no %s %s, did you mean %s?", what,
			   sluice_quote(word, quoted), sluice_quote(nearest->name, nearest_quoted));
	else
		sluice_say(error, "there is no %s %s: `sluicectl get` lists what there is", what,
			   sluice_quote(word, quoted));
}

const struct sluice_piece_item *sluice_pieces_item(const struct sluice_pieces *pieces,
						   const char *word, char **error)
{
	const struct sluice_piece_item *found = NULL;
	enum sluice_piece_kind wanted = SLUICE_PIECE_CONFIGURATION, kind;
	char quoted[SLUICE_QUOTE_TEXT];
	const char *name = word;
	size_t number;

	for (kind = SLUICE_PIECE_INPUT; kind <= SLUICE_PIECE_FORWARD; kind++) {
		size_t length = strlen(sluice_piece_word(kind));

		if (strncmp(word, sluice_piece_word(kind), length) != 0 || word[length] != '/')
			continue;
		wanted = kind;
		name = word + length + 1;
	}
	for (number = 0; number < pieces->item_count; number++) {
		const struct sluice_piece_item *item = &pieces->items[number];

		if ((wanted != SLUICE_PIECE_CONFIGURATION && item->kind != wanted) ||
		    !is_called(item, name))
			continue;
		if (found) {
			sluice_say(error, "%s is an %s and %s: say %s/%s or %s/%s",
				   sluice_quote(word, quoted), sluice_piece_word(found->kind),
				   sluice_piece_table(item->kind)->what,
				   sluice_piece_word(found->kind), name,
				   sluice_piece_word(item->kind), name);
			return NULL;
		}
		found = item;
	}
	if (!found)
		no_item(pieces, name,
			wanted != SLUICE_PIECE_CONFIGURATION ? sluice_piece_word(wanted)
							     : "input or output",
			error);
	return found;
}
