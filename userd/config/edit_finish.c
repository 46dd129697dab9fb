// SPDX-License-Identifier: MIT
/*
 * The end of an edit; see edit_node.h. What comes out is read again and held against what was
 * there: nothing but the piece that was meant may be another. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "edit_node.h"
#include "sentence.h"

/* Is the value one that the edit may change? */
static bool is_meant(const struct sluice_edit_meant *meant, const struct sluice_piece *piece,
		     size_t item)
{
	if (meant->with_names && piece->kind == SLUICE_PIECE_INPUT &&
	    !strcmp(piece->word, "outputs"))
		return true;
	return piece->kind == meant->kind && piece->item == item &&
	       (!meant->word || !strcasecmp(piece->word, meant->word));
}

/* The next value that the edit may not change, from `number` on; NULL: there is none. */
static const struct sluice_piece *next_other(const struct sluice_pieces *pieces, size_t *number,
					     const struct sluice_edit_meant *meant, size_t item)
{
	for (; *number < pieces->count; (*number)++)
		if (!is_meant(meant, &pieces->list[*number], item))
			return &pieces->list[(*number)++];
	return NULL;
}

/* Is everything that was not meant as it was? */
static bool is_rest_same(const struct sluice_pieces *before, const struct sluice_pieces *after,
			 const struct sluice_edit_meant *meant)
{
	const struct sluice_piece *one, *other;
	size_t number = 0, at = 0;

	for (;;) {
		one = next_other(before, &number, meant, meant->before);
		other = next_other(after, &at, meant, meant->after);
		if (!one || !other)
			return !one && !other;
		if (one->kind != other->kind || strcmp(one->word, other->word) != 0 ||
		    strcmp(one->value, other->value) != 0)
			return false;
	}
}

int sluice_edit_finish(struct sluice_edit *edit, struct sluice_config_text *text,
		       const struct sluice_edit_meant *meant)
{
	struct sluice_pieces pieces = {0};
	struct sluice_config_text fresh;
	char *why = NULL;
	int result = sluice_splices_apply(&edit->splices, text->bytes, text->length, &fresh.bytes,
					  &fresh.length);

	if (result == -ENOMEM)
		return result;
	if (!result) {
		result = sluice_pieces_read(fresh.bytes, fresh.length, &pieces, &why);
		if (!result && !is_rest_same(&edit->pieces, &pieces, meant))
			result = -EINVAL;
		if (result)
			free(fresh.bytes);
	}
	if (!result) {
		free(text->bytes);
		*text = fresh;
	} else if (result != -ENOMEM) {
		sluice_say(edit->error,
			   "the value does not fit where it stands%s%s: change the file and "
			   "`apply` it",
			   why ? ": " : "", why ? why : "");
	}
	sluice_pieces_free(&pieces);
	free(why);
	return result;
}

int sluice_edit_find(struct sluice_edit *edit, const char *piece,
		     const struct sluice_piece_item **item, yaml_node_t **node)
{
	*item = piece ? sluice_pieces_item(&edit->pieces, piece, edit->error) : NULL;
	if (piece && !*item)
		return -ENOENT;
	*node = sluice_edit_item(edit, *item);
	if (*node)
		return 0;
	sluice_say(edit->error, "%s is no mapping of keys and values",
		   piece ? piece : "the configuration");
	return -ENOENT;
}
