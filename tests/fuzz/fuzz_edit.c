// SPDX-License-Identifier: MIT
/*
 * Fuzzing of changes to one piece of a text, as `sluicectl set`, `add`, `del`, `enable` and
 * `disable` make them: whatever the text and the words are, there is a new text or a sentence, and
 * never a crash or a leak; what is not done leaves the text as it was, and what is done to a text
 * that is YAML leaves YAML. For libFuzzer, `make fuzz`. A line says what is done, the rest is the
 * text:
 *
 *   set PIECE KEY VALUE     add input|output NAME     del PIECE     on|off PIECE [DESTINATION]
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "config/edit.h"
#include "config/pieces.h"

/* Stops the fuzzer when `kept` is false. */
static void promise(int kept)
{
	if (!kept)
		abort();
}

/* Is it YAML? */
static int is_yaml(const char *bytes, size_t length)
{
	struct sluice_pieces pieces = {0};
	char *error = NULL;
	int result = sluice_pieces_read(bytes, length, &pieces, &error);

	sluice_pieces_free(&pieces);
	free(error);
	return result == 0;
}

/* Does what the words say. 0 or a negative errno; 1: they say nothing. */
static int act(struct sluice_config_text *text, char **words, char **error)
{
	const char *piece = words[1] && *words[1] && strcmp(words[1], "-") != 0 ? words[1] : NULL;

	if (!words[0])
		return 1;
	if (!strcmp(words[0], "set") && words[2])
		return sluice_edit_set(text, piece, words[2], words[3] ? words[3] : "", error);
	if (!strcmp(words[0], "add") && words[2])
		return sluice_edit_add(
			text, !strcmp(words[1], "input") ? SLUICE_PIECE_INPUT : SLUICE_PIECE_OUTPUT,
			words[2], error);
	if (!strcmp(words[0], "del") && piece)
		return sluice_edit_delete(text, piece, error);
	if ((!strcmp(words[0], "on") || !strcmp(words[0], "off")) && piece)
		return sluice_edit_enable(text, piece, words[2], words[0][1] == 'n', error);
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = memchr(data, '\n', size);
	size_t head = newline ? (size_t)(newline - data) : size, length;
	struct sluice_config_text text = {0};
	char *line, *words[4] = {NULL}, *place, *before, *error = NULL;
	int was_yaml, result, word;

	line = strndup((const char *)data, head);
	length = newline ? size - head - 1 : 0;
	text.bytes = malloc(length + 1);
	before = malloc(length + 1);
	if (!line || !text.bytes || !before)
		abort();
	memcpy(text.bytes, newline ? newline + 1 : data, length);
	text.bytes[length] = '\0';
	memcpy(before, text.bytes, length + 1);
	text.length = length;
	place = line;
	/* The last one may have blanks in it. */
	for (word = 0; word < 4 && place; word++)
		words[word] = word < 3 ? strsep(&place, " ") : place;
	was_yaml = is_yaml(text.bytes, text.length);
	result = act(&text, words, &error);
	promise(result <= 0 || !error);
	if (result < 0) {
		promise(result == -ENOENT || result == -EINVAL || result == -ENOMEM);
		promise(error || result == -ENOMEM);
		promise(text.length == length && !memcmp(text.bytes, before, length));
	} else if (!result && was_yaml) {
		promise(is_yaml(text.bytes, text.length));
	}
	free(text.bytes);
	free(before);
	free(line);
	free(error);
	return 0;
}
