/* SPDX-License-Identifier: MIT */
/*
 * One key of a configuration by its name as people write it: "port" of an input, "batch.bytes" of
 * an output, "store.drain" of the whole. Touches: nothing but memory. All of it @threadsafe.
 */
#ifndef SLUICE_CONFIG_KEYS_FIND_H
#define SLUICE_CONFIG_KEYS_FIND_H

#include "reader.h"

/* What a key belongs to. */
enum sluice_piece_kind {
	SLUICE_PIECE_CONFIGURATION, /* the whole */
	SLUICE_PIECE_INPUT,
	SLUICE_PIECE_OUTPUT,
	SLUICE_PIECE_FORWARD,
};

/* "configuration", "input", "output", "forward"; constants. */
const char *sluice_piece_word(enum sluice_piece_kind kind);

/* "", "inputs", "outputs", "forwards": the list that its items are in. */
const char *sluice_piece_list(enum sluice_piece_kind kind);

/* The keys of a kind. */
const struct sluice_key_table *sluice_piece_table(enum sluice_piece_kind kind);

/* The key as it is written within its kind: "batch.bytes" of outputs.batch.bytes. */
const char *sluice_piece_key(enum sluice_piece_kind kind, const struct sluice_key *key);

/* May the key's value be a list of single values? */
bool sluice_key_is_list(const struct sluice_key *key);

/* Finds a key that takes a value. NULL: there is none; then *error is a sentence that names the
 * nearest one, or NULL for want of memory (@owner caller: free()). */
const struct sluice_key *sluice_piece_find_key(enum sluice_piece_kind kind, const char *word,
					       char **error);

/* What holds where the key is not written, in words: its default, what that depends on, "none". */
const char *sluice_key_absent(const struct sluice_key *key);

#endif /* SLUICE_CONFIG_KEYS_FIND_H */
