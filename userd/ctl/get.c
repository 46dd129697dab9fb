// SPDX-License-Identifier: MIT
/*
 * `sluicectl get`: what the running configuration says of one input, output or of the whole.
 * Touches: a netlink socket, stdout, stderr.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../config/keys_list.h"
#include "../config/pieces.h"
#include "command.h"
#include "guid.h"
#include "origin.h"
#include "print.h"
#include "running.h"

/* What is asked for. */
struct question {
	const char *piece; /* NULL: what there is */
	const char *key;   /* NULL: all of it */
	bool as_json;
};

/* What it is answered from. */
struct source {
	struct sluice_pieces pieces;
	struct sluice_origins origins; /* empty where they are not shown */
};

/* Adds a key that takes a value to the list. 0 or -ENOMEM. */
static int add_key(json_t *list, const struct source *source, const struct sluice_piece_item *item,
		   const struct sluice_key *key)
{
	const struct sluice_pieces *pieces = &source->pieces;
	enum sluice_piece_kind kind = item ? item->kind : SLUICE_PIECE_CONFIGURATION;
	const char *word = sluice_piece_key(kind, key);
	const struct sluice_piece *piece = sluice_pieces_find(pieces, item, word);
	json_t *object;

	object = json_pack("{s:s, s:s, s:b, s:I, s:s, s:o}", "key", word, "value",
			   piece ? piece->value : sluice_key_absent(key), "written", piece != NULL,
			   "line", (json_int_t)(piece ? piece->place.line : 0), "change",
			   sluice_key_change_text(key), "origin",
			   sluice_origin_of(&source->origins, item, word));
	return object && !json_array_append_new(list, object) ? 0 : -ENOMEM;
}

/* Adds the keys of a table that are wanted; NULL: all. 0 or -ENOMEM. */
static int add_keys(json_t *list, const struct source *source, const struct sluice_piece_item *item,
		    const struct sluice_key_table *table, const struct sluice_key *wanted)
{
	size_t number;
	int error = 0;

	for (number = 0; number < table->count && !error; number++) {
		const struct sluice_key *key = &table->keys[number];

		if (key->table)
			error = add_keys(list, source, item, key->table, wanted);
		else if (!key->unsupported && (!wanted || wanted == key) && (item || !key->items))
			error = add_key(list, source, item, key);
	}
	return error;
}

/* Adds what inputs and outputs there are. 0 or -ENOMEM. */
static int add_items(json_t *list, const struct sluice_pieces *pieces)
{
	const struct sluice_piece *first, *second;
	char guid[SLUICE_GUID_TEXT];
	size_t number;
	json_t *object;

	for (number = 0; number < pieces->item_count; number++) {
		const struct sluice_piece_item *item = &pieces->items[number];
		bool is_input = item->kind == SLUICE_PIECE_INPUT;
		bool is_output = item->kind == SLUICE_PIECE_OUTPUT;
		const char *one = is_input ? "port" : "to";
		const char *other = is_input ? "outputs" : is_output ? "framing" : "listen";

		first = sluice_pieces_find(pieces, item, one);
		second = sluice_pieces_find(pieces, item, other);
		object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "kind",
				   sluice_piece_word(item->kind), "name", item->name, "id",
				   sluice_guid_format(item->id, guid), one,
				   first ? first->value : "", other,
				   second      ? second->value
				   : is_output ? "native"
					       : "",
				   "line", (json_int_t)item->place.line);
		if (!object || json_array_append_new(list, object))
			return -ENOMEM;
	}
	return 0;
}

/* Prints it as lines. */
static void print_lines(const struct question *question, const json_t *list)
{
	char origin[256];
	json_t *object;
	size_t place;

	json_array_foreach(list, place, object)
	{
		const char *first = json_string_value(json_object_get(object, "port"));
		const char *value = json_string_value(json_object_get(object, "value"));
		bool is_written = json_is_true(json_object_get(object, "written"));

		if (!question->piece) {
			printf("%-6s %-20s %s  %s\n",
			       json_string_value(json_object_get(object, "kind")),
			       json_string_value(json_object_get(object, "name")),
			       json_string_value(json_object_get(object, "id")),
			       first ? first : json_string_value(json_object_get(object, "to")));
		} else if (question->key) {
			puts(value);
		} else {
			sluice_origin_text(json_object_get(object, "origin"), origin,
					   sizeof(origin));
			printf("%-18s %s%s%s%s%s\n",
			       json_string_value(json_object_get(object, "key")), value,
			       is_written ? "" : " (default)", *origin ? " (" : "", origin,
			       *origin ? ")" : "");
		}
	}
}

/* Answers. Returns the exit status, having said what is wrong. */
static int answer(const struct question *question, const struct source *source)
{
	const struct sluice_pieces *pieces = &source->pieces;
	const struct sluice_piece_item *item = NULL;
	const struct sluice_key *key = NULL;
	bool is_whole = question->piece && !strcmp(question->piece, ".");
	json_t *list = json_array();
	char *error = NULL;
	enum sluice_piece_kind kind;
	int result = 0;

	if (question->piece && !is_whole) {
		item = sluice_pieces_item(pieces, question->piece, &error);
		if (!item)
			result = -ENOENT;
	}
	kind = item ? item->kind : SLUICE_PIECE_CONFIGURATION;
	if (!result && question->key) {
		key = sluice_piece_find_key(kind, question->key, &error);
		if (!key)
			result = -EINVAL;
	}
	if (!result)
		result = question->piece
				 ? add_keys(list, source, item, sluice_piece_table(kind), key)
				 : add_items(list, pieces);
	if (result)
		fprintf(stderr, "sluicectl: %s\n", error ? error : strerror(-result));
	else if (question->as_json)
		result = sluice_print(list, true, NULL, 0);
	else
		print_lines(question, list);
	free(error);
	json_decref(list);
	return result ? SLUICE_CTL_FINDINGS : SLUICE_CTL_OK;
}

/* Where values come from is asked for only where it is shown: each revision that is kept is read.
 */
static bool shows_origins(const struct question *question)
{
	return question->piece && (question->as_json || !question->key);
}

int sluice_ctl_get(int argc, char **argv)
{
	struct question question = {0};
	struct sluice_running running;
	struct sluice_netlink *netlink;
	struct source source = {0};
	int word, status = SLUICE_CTL_REFUSED;

	for (word = 1; word < argc; word++) {
		if (!strcmp(argv[word], "-j") || !strcmp(argv[word], "--json")) {
			question.as_json = true;
		} else if (argv[word][0] != '-' && !question.piece) {
			question.piece = argv[word];
		} else if (argv[word][0] != '-' && !question.key) {
			question.key = argv[word];
		} else {
			fputs("usage: sluicectl get [NAME|GUID|. [KEY]] [-j]\n", stderr);
			return SLUICE_CTL_USAGE;
		}
	}
	netlink = sluice_daemon_connect();
	if (!netlink)
		return SLUICE_CTL_REFUSED;
	if (!sluice_running_get(netlink, 0, &running)) {
		if (!sluice_pieces_read(running.text.bytes, running.text.length, &source.pieces,
					NULL) &&
		    (!shows_origins(&question) || !sluice_origins_read(netlink, &source.origins)))
			status = answer(&question, &source);
		sluice_origins_free(&source.origins);
		sluice_pieces_free(&source.pieces);
	}
	sluice_running_free(&running);
	sluice_netlink_close(netlink);
	return status;
}
