/* SPDX-License-Identifier: MIT */
/*
 * A configuration's text while it is edited: its nodes, where they stand in it, and what is to be
 * exchanged. Under edit.c. Touches: nothing but memory.
 */
#ifndef SLUICE_CONFIG_EDIT_NODE_H
#define SLUICE_CONFIG_EDIT_NODE_H

#include <yaml.h>
#include "edit.h"
#include "pieces.h"
#include "splice.h"

/* @owner whoever began it: sluice_edit_end() */
struct sluice_edit {
	const struct sluice_config_text *text;
	yaml_document_t document;
	bool has_document;
	struct sluice_pieces pieces; /* what is written now */
	struct sluice_splices splices;
	char **error;
};

/* Reads the text. 0, or a negative errno with its sentence. @owner sluice_edit_end(), also on
 * failure */
int sluice_edit_begin(struct sluice_edit *edit, const struct sluice_config_text *text,
		      char **error);
void sluice_edit_end(struct sluice_edit *edit);

/* The node of a list's entry, or of a pair. NULL: there is none. */
yaml_node_t *sluice_edit_node(struct sluice_edit *edit, int number);
/* The list `inputs` or `outputs`; NULL: there is none. */
yaml_node_t *sluice_edit_list(struct sluice_edit *edit, enum sluice_piece_kind kind);
/* The mapping of an item; NULL being the whole. NULL: it is none. */
yaml_node_t *sluice_edit_item(struct sluice_edit *edit, const struct sluice_piece_item *item);
/* The pair of a mapping whose key is `word`; NULL: there is none. */
yaml_node_pair_t *sluice_edit_pair(struct sluice_edit *edit, const yaml_node_t *mapping,
				   const char *word);

/* Where in the text a node begins, and where what it holds ends. */
size_t sluice_edit_start(struct sluice_edit *edit, const yaml_node_t *node);
size_t sluice_edit_stop(struct sluice_edit *edit, const yaml_node_t *node);

/* Exchanges a pair's value; adds a pair; takes one out, which is not the only one; likewise
 * entries of lists. Values are YAML. */
void sluice_edit_replace(struct sluice_edit *edit, const yaml_node_pair_t *pair, const char *value);
void sluice_edit_insert(struct sluice_edit *edit, const yaml_node_t *mapping, const char *word,
			const char *value);
void sluice_edit_remove(struct sluice_edit *edit, const yaml_node_t *mapping,
			const yaml_node_pair_t *pair);
void sluice_edit_append(struct sluice_edit *edit, const yaml_node_t *list, const char *word,
			const char *value); /* a mapping with one pair */
void sluice_edit_take_out(struct sluice_edit *edit, const yaml_node_t *list, size_t entry);

/* An item that is in neither text. */
#define SLUICE_EDIT_NONE ((size_t)-1)

/* What an edit may change: a key of an item; the whole item if that is NULL. */
struct sluice_edit_meant {
	enum sluice_piece_kind kind;
	size_t before, after; /* which item that is in the text before and after */
	const char *word;
	bool with_names; /* an output's name, which stands in inputs, too */
};

/* Finds what `piece` names: *item is NULL for the whole. 0, or -ENOENT with its sentence. */
int sluice_edit_find(struct sluice_edit *edit, const char *piece,
		     const struct sluice_piece_item **item, yaml_node_t **node);

/* Makes the new text, looks whether it is what was meant, and puts it into its place. 0 or a
 * negative errno with its sentence. */
int sluice_edit_finish(struct sluice_edit *edit, struct sluice_config_text *text,
		       const struct sluice_edit_meant *meant);

#endif /* SLUICE_CONFIG_EDIT_NODE_H */
