// SPDX-License-Identifier: MIT
/*
 * Values of the command line as YAML; see edit.h. Touches: nothing but memory.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "edit.h"
#include "sentence.h"
#include "suggest.h"

/* Can `length` bytes stand without quotes, within brackets, too (YAML 1.1, 5.3 and 9.1.3)? Says no
 * too often rather than too seldom. */
static bool is_plain(const char *word, size_t length)
{
	size_t at;

	if (!length || word[length - 1] == ':' || !(isalnum((unsigned char)*word) || *word == '/'))
		return false;
	if ((length == strlen("null") && !strncasecmp(word, "null", length)))
		return false;
	for (at = 0; at < length; at++)
		if (!isalnum((unsigned char)word[at]) && !strchr("_./:+%@-", word[at]))
			return false;
	return true;
}

/* Writes a word, quoted where that is needed. */
static void put_word(FILE *stream, const char *word, size_t length)
{
	size_t at;

	if (is_plain(word, length)) {
		fwrite(word, 1, length, stream);
		return;
	}
	fputc('"', stream);
	for (at = 0; at < length; at++) {
		if (word[at] == '"' || word[at] == '\\')
			fputc('\\', stream);
		fputc(word[at], stream);
	}
	fputc('"', stream);
}

/* Is it written as a list or mapping of YAML? */
static bool is_bracketed(const char *value)
{
	size_t length = strlen(value);

	return length >= 2 && ((value[0] == '[' && value[length - 1] == ']') ||
			       (value[0] == '{' && value[length - 1] == '}'));
}

/* Writes "a,b" as a list. */
static void put_list(FILE *stream, const char *value)
{
	const char *end;

	fputc('[', stream);
	for (;; value = end + 1) {
		value += strspn(value, " ");
		end = strchrnul(value, ',');
		put_word(stream, value, (size_t)(end - value));
		if (!*end)
			break;
		fputs(", ", stream);
	}
	fputc(']', stream);
}

char *sluice_edit_value(const char *value, bool is_list, char **error)
{
	char *text = NULL, quoted[SLUICE_QUOTE_TEXT];
	size_t length;
	FILE *stream;

	if (sluice_has_control(value)) {
		sluice_say(error, "%s: control characters have no place in a value",
			   sluice_quote(value, quoted));
		return NULL;
	}
	if (is_bracketed(value))
		return strdup(value);
	stream = open_memstream(&text, &length);
	if (!stream)
		return NULL;
	if (is_list && strchr(value, ','))
		put_list(stream, value);
	else
		put_word(stream, value, strlen(value));
	if (!fclose(stream))
		return text;
	free(text);
	return NULL;
}
