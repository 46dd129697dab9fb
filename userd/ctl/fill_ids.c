// SPDX-License-Identifier: MIT
/*
 * GUIDs into a file, see fill_ids.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../config/edit.h"
#include "../config/pieces.h"
#include "fill_ids.h"
#include "guid.h"
#include "whole_file.h"

/* Writes the GUID of one item into the text. 0 or a negative errno and *error. */
static int fill(struct sluice_config_text *text, const struct sluice_piece_item *item, char **error)
{
	const char *kind = sluice_piece_word(item->kind);
	char guid[SLUICE_GUID_TEXT], *piece = NULL;
	int result;

	if (asprintf(&piece, "%s/%s", kind, item->name) < 0)
		return -ENOMEM;
	sluice_guid_format(item->id, guid);
	result = sluice_edit_set(text, piece, "id", guid, error);
	free(piece);
	return result;
}

/* Writes all that are missing into the text. How many, or a negative errno and *error. */
static int fill_all(struct sluice_config_text *text, char **error)
{
	struct sluice_pieces pieces = {0};
	int result = sluice_pieces_read(text->bytes, text->length, &pieces, error), filled = 0;
	size_t number;

	for (number = 0; !result && number < pieces.item_count; number++) {
		const struct sluice_piece_item *item = &pieces.items[number];

		if (sluice_pieces_find(&pieces, item, "id"))
			continue;
		result = fill(text, item, error);
		filled++;
	}
	sluice_pieces_free(&pieces);
	return result ? result : filled;
}

int sluice_fill_ids(const char *path, const char *text, size_t length)
{
	struct sluice_config_text copy = {.bytes = malloc(length + 1), .length = length};
	char *error = NULL, *real = realpath(path, NULL);
	int result = -ENOMEM, filled;

	if (copy.bytes && real) {
		memcpy(copy.bytes, text, length);
		copy.bytes[length] = '\0';
		result = fill_all(&copy, &error);
	}
	filled = result;
	if (filled > 0)
		result = sluice_whole_file_replace(real, copy.bytes, copy.length);
	if (result < 0)
		fprintf(stderr, "sluicectl check: %s gets no GUIDs: %s\n", path,
			error ? error : strerror(-result));
	else
		printf("%s: %d GUID%s written\n", path, filled, filled == 1 ? "" : "s");
	free(error);
	free(real);
	free(copy.bytes);
	return result < 0 ? result : 0;
}
