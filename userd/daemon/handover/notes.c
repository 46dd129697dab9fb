// SPDX-License-Identifier: MIT
/*
 * What a predecessor said; see notes.h. Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "notes.h"

static char *notes; /* each line with an end of its own; an empty one is the last */

void sluice_notes_forget(void)
{
	free(notes);
	notes = NULL;
}

int sluice_notes_keep(const char *text)
{
	size_t length = text ? strlen(text) : 0;
	char *at;

	sluice_notes_forget();
	notes = malloc(length + 2);
	if (!notes)
		return -ENOMEM;
	if (length)
		memcpy(notes, text, length);
	notes[length] = notes[length + 1] = '\0';
	for (at = notes; *at; at++)
		if (*at == '\n')
			*at = '\0';
	return 0;
}

/* Does the line begin so? */
static int begins(const char *line, const char *word, const char *key)
{
	size_t first = strlen(word), second = strlen(key);

	return !strncmp(line, word, first) && line[first] == ' ' &&
	       !strncmp(line + first + 1, key, second) && line[first + 1 + second] == ' ';
}

const char *sluice_notes_next(const char *after, const char *word, const char *key)
{
	const char *line = after ? after + strlen(after) + 1 : notes;

	for (; line && *line; line += strlen(line) + 1)
		if (begins(line, word, key))
			return line;
	return NULL;
}
