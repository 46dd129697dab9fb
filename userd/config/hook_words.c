// SPDX-License-Identifier: MIT
/*
 * Words of a command; see hook_words.h.
 */
#include <stdlib.h>
#include <string.h>
#include "hook_words.h"

char **sluice_hook_words(const char *text, const char **why)
{
	size_t length = strlen(text), most = length / 2 + 2, count = 0;
	/* Each word has a blank in front of it, but the first. */
	char **words = calloc(1, most * sizeof(*words) + length + 1);
	char *to = words ? (char *)(words + most) : NULL, quote = '\0';

	*why = NULL;
	while (words && *text) {
		text += strspn(text, " \t");
		if (!*text)
			break;
		words[count++] = to;
		for (; *text && (quote || !strchr(" \t", *text)); text++) {
			if (*text == quote)
				quote = '\0';
			else if (!quote && (*text == '"' || *text == '\''))
				quote = *text;
			else
				*to++ = *text;
		}
		*to++ = '\0';
	}
	if (quote)
		*why = "a quotation mark has no other that ends it";
	else if (words && !count)
		*why = "there is no command in it";
	else if (words && words[0][0] != '/')
		*why = "a command is written with its whole path, beginning with /";
	if (*why) {
		free(words);
		return NULL;
	}
	return words;
}
