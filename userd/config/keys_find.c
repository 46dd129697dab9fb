// SPDX-License-Identifier: MIT
/*
 * One key by its name; see keys_find.h. Touches: nothing but memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "draft.h"
#include "keys_find.h"
#include "sentence.h"
#include "suggest.h"

#define VALID_TEXT 4096 /* bytes of a list of keys; all of them take half of it */

const char *sluice_piece_word(enum sluice_piece_kind kind)
{
	static const char *const words[] = {[SLUICE_PIECE_CONFIGURATION] = "configuration",
					    [SLUICE_PIECE_INPUT] = "input",
					    [SLUICE_PIECE_OUTPUT] = "output",
					    [SLUICE_PIECE_FORWARD] = "forward"};

	return words[kind];
}

const char *sluice_piece_list(enum sluice_piece_kind kind)
{
	static const char *const lists[] = {[SLUICE_PIECE_CONFIGURATION] = "",
					    [SLUICE_PIECE_INPUT] = "inputs",
					    [SLUICE_PIECE_OUTPUT] = "outputs",
					    [SLUICE_PIECE_FORWARD] = "forwards"};

	return lists[kind];
}

const struct sluice_key_table *sluice_piece_table(enum sluice_piece_kind kind)
{
	const struct sluice_key_table *all = &sluice_document_table;
	size_t number;

	for (number = 0; number < all->count; number++)
		if (!strcmp(all->keys[number].path, sluice_piece_list(kind)))
			return all->keys[number].items;
	return all;
}

const char *sluice_piece_key(enum sluice_piece_kind kind, const struct sluice_key *key)
{
	size_t length = strlen(sluice_piece_list(kind));

	return length ? key->path + length + 1 : key->path;
}

bool sluice_key_is_list(const struct sluice_key *key)
{
	return key->read == sluice_read_ports || (key->form && strstr(key->form, "list of"));
}

const char *sluice_key_absent(const struct sluice_key *key)
{
	return key->fallback ? key->fallback : key->otherwise ? key->otherwise : "none";
}

/* A search for a key, and what it has come across. */
struct search {
	enum sluice_piece_kind kind;
	const char *word;
	const struct sluice_key *found;
	const struct sluice_key *mapping; /* it names one of these */
	const char *nearest;
	unsigned int best; /* how near that is */
	char valid[VALID_TEXT];
	size_t used;
};

/* Looks through `table` and those below it. */
static void search_table(struct search *search, const struct sluice_key_table *table)
{
	size_t number;

	for (number = 0; number < table->count; number++) {
		const struct sluice_key *key = &table->keys[number];
		const char *name = sluice_piece_key(search->kind, key);
		unsigned int distance;

		if (!strcasecmp(name, search->word)) {
			if (key->table)
				search->mapping = key;
			else
				search->found = key;
		}
		if (key->table) {
			search_table(search, key->table);
			continue;
		}
		/* Its items are changed one by one. */
		if (search->kind == SLUICE_PIECE_CONFIGURATION && key->items)
			continue;
		distance = sluice_word_distance(search->word, name, search->best);
		if (distance <= search->best && (!search->nearest || distance < search->best)) {
			search->best = distance;
			search->nearest = name;
		}
		if (search->used < sizeof(search->valid))
			search->used += (size_t)snprintf(search->valid + search->used,
							 sizeof(search->valid) - search->used,
							 "%s%s", search->used ? ", " : "", name);
	}
}

/* Is `word` a key of the other kind of item? Says so in `meant`. */
static bool is_of_other(const struct search *search, char meant[96])
{
	struct search other = {.word = search->word};

	if (search->kind == SLUICE_PIECE_CONFIGURATION)
		return false;
	other.kind = search->kind == SLUICE_PIECE_INPUT ? SLUICE_PIECE_OUTPUT : SLUICE_PIECE_INPUT;
	search_table(&other, sluice_piece_table(other.kind));
	if (other.found)
		snprintf(meant, 96, ": it is one of %s", sluice_piece_table(other.kind)->what);
	return other.found != NULL;
}

/* The first key that takes a value, of those below `key`. */
static const struct sluice_key *first_below(const struct sluice_key *key)
{
	while (key->table && key->table->count)
		key = &key->table->keys[0];
	return key;
}

/* Says why `search` found nothing that can be set. */
static void complain(const struct search *search, const struct sluice_key_table *table,
		     char **error)
{
	char quoted[SLUICE_QUOTE_TEXT], meant[96] = "";

	if (!is_of_other(search, meant) && search->nearest)
		snprintf(meant, sizeof(meant), ", did you mean \"%s\"?", search->nearest);
	if (search->mapping && search->mapping->table->count)
		sluice_say(error,
			   "%s holds keys of its own: set one of them, for example %s (valid keys: "
			   "%s)",
			   search->mapping->path,
			   sluice_piece_key(search->kind, first_below(search->mapping)),
			   search->valid);
	else
		sluice_say(error, "unknown key %s in %s%s (valid keys: %s)",
			   sluice_quote(search->word, quoted), table->what, meant, search->valid);
}

const struct sluice_key *sluice_piece_find_key(enum sluice_piece_kind kind, const char *word,
					       char **error)
{
	const struct sluice_key_table *table = sluice_piece_table(kind);
	struct search search = {.kind = kind, .word = word ? word : ""};

	search.best = sluice_word_tolerance(search.word);
	search_table(&search, table);
	if (!search.found) {
		complain(&search, table, error);
		return NULL;
	}
	if (search.found->unsupported) {
		sluice_say(error, "%s: not supported yet", search.found->path);
		return NULL;
	}
	if (kind == SLUICE_PIECE_CONFIGURATION && search.found->items) {
		sluice_say(error,
			   "%s is a list: `add` and `del` change what is in it, `set NAME` one of "
			   "them",
			   search.found->path);
		return NULL;
	}
	return search.found;
}
