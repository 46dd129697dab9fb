/* SPDX-License-Identifier: MIT */
/*
 * Changes one piece of a configuration's text: comments and every line that is not meant stay byte
 * for byte. Values are not checked here: whoever edits has the whole checked afterwards (check.h).
 * Touches: nothing but memory. All of it @threadsafe.
 *
 * Each takes the text, and on success puts a changed one in its place; on failure the text stays,
 * the result is -ENOENT (there is no such piece), -EINVAL (it cannot be done) or -ENOMEM, and
 * *error is a sentence, or NULL for want of memory (@owner caller: free()). A piece is named as
 * sluice_pieces_item() takes it; NULL: the configuration as a whole.
 */
#ifndef SLUICE_CONFIG_EDIT_H
#define SLUICE_CONFIG_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include "keys_find.h"

/* @owner whoever has it: free(bytes) */
struct sluice_config_text {
	char *bytes;
	size_t length;
};

/* Sets a key; "" takes it out, so that its default holds. A value is a word as a shell gives it, a
 * list as "a,b" or YAML in brackets. An output that gets another name gets it in the inputs, too.
 */
int sluice_edit_set(struct sluice_config_text *text, const char *piece, const char *key,
		    const char *value, char **error);

/* Adds an input or output with nothing but a name, behind the others. */
int sluice_edit_add(struct sluice_config_text *text, enum sluice_piece_kind kind, const char *name,
		    char **error);

/* Takes one out. */
int sluice_edit_delete(struct sluice_config_text *text, const char *piece, char **error);

/* Switches on or off: an output's destination as it is written, or NULL: all of them; an input. */
int sluice_edit_enable(struct sluice_config_text *text, const char *piece, const char *destination,
		       bool is_enabled, char **error);

/* A value as YAML, fit to stand anywhere: quoted where it has to be. NULL: control characters are
 * in it, as *error says, or no memory. @owner caller: free() */
char *sluice_edit_value(const char *value, bool is_list, char **error);

#endif /* SLUICE_CONFIG_EDIT_H */
