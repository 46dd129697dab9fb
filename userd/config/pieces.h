/* SPDX-License-Identifier: MIT */
/*
 * A configuration's text as a list of what is written in it: a value for each key of each input,
 * output and of the whole, with its place; and what two such lists differ in. For texts that were
 * checked; of others what can be read is there. Touches: nothing but memory.
 */
#ifndef SLUICE_CONFIG_PIECES_H
#define SLUICE_CONFIG_PIECES_H

#include <stddef.h>
#include <stdint.h>
#include "keys_find.h"

/* One value that is written. */
struct sluice_piece {
	enum sluice_piece_kind kind;
	size_t item;		      /* which one of its kind, from 0 */
	const struct sluice_key *key; /* NULL: one that there is not */
	char *word;		      /* the key as it is written within its kind: "batch.bytes" */
	char *value;		      /* a list of several as "[a, b]" */
	struct sluice_config_place place; /* of the value */
};

/* An input, output or forward. */
struct sluice_piece_item {
	enum sluice_piece_kind kind;
	size_t item;
	char *name;	   /* "" if it has none */
	uint8_t id[16];	   /* its GUID, derived from the name where none is written */
	size_t first, end; /* its values in the list */
	struct sluice_config_place place;
};

/* @owner whoever has it: sluice_pieces_free() */
struct sluice_pieces {
	struct sluice_piece *list; /* in the order of the text */
	size_t count, room;
	struct sluice_piece_item *items; /* likewise */
	size_t item_count, item_room;
};

/* Reads a text. 0; -EINVAL: it is no YAML, with a sentence in *error; -ENOMEM. @owner caller:
 * *pieces, also on failure; *error. @threadsafe */
int sluice_pieces_read(const char *text, size_t length, struct sluice_pieces *pieces, char **error);
void sluice_pieces_free(struct sluice_pieces *pieces);

/* The value of `word` of an item, NULL being the whole. NULL: it is not written. */
const struct sluice_piece *sluice_pieces_find(const struct sluice_pieces *pieces,
					      const struct sluice_piece_item *item,
					      const char *word);

/*
 * Finds the item that `word` names: a name, a GUID, input/NAME, output/NAME or forward/NAME. NULL:
 * there is none, or there are two; *error says so (@owner caller).
 */
const struct sluice_piece_item *sluice_pieces_item(const struct sluice_pieces *pieces,
						   const char *word, char **error);

/* What became of a value, or of an item. */
enum sluice_difference_what {
	SLUICE_DIFFERENCE_CHANGED, /* a value */
	SLUICE_DIFFERENCE_ADDED,   /* an item */
	SLUICE_DIFFERENCE_GONE,	   /* an item */
};

/* One difference. Texts belong to the lists that were compared, or are constants. */
struct sluice_difference {
	enum sluice_difference_what what;
	const struct sluice_piece_item *item; /* as it is called after, or was; NULL: the whole */
	const struct sluice_key *key;	      /* CHANGED: of this key; may be NULL */
	const char *word;		      /* and as it is written */
	const char *before, *after;	      /* CHANGED: values; NULL: not written */
};

/* What makes `after` of `before`; values that are written and those that hold without are the same.
 * 0 or -ENOMEM. @owner caller: free(*list) */
int sluice_pieces_compare(const struct sluice_pieces *before, const struct sluice_pieces *after,
			  struct sluice_difference **list, size_t *count);

#endif /* SLUICE_CONFIG_PIECES_H */
