// SPDX-License-Identifier: MIT
/*
 * Bytes, lines and words of a session; see line.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <string.h>
#include "line.h"

#define BACKSPACE 0x08
#define DELETE 0x7f

void sluice_line_clear(struct sluice_line *line)
{
	explicit_bzero(line->bytes, sizeof(line->bytes));
	line->length = 0;
	line->is_skipped = false;
}

/* Takes the last character back, in UTF-8 all of its bytes. */
static void take_back(struct sluice_line *line)
{
	while (line->length && ((unsigned char)line->bytes[line->length - 1] & 0xc0) == 0x80)
		line->length--;
	if (line->length)
		line->length--;
}

enum sluice_line_event sluice_line_put(struct sluice_line *line, char byte)
{
	bool follows = line->after_return && (byte == '\n' || byte == '\0');

	line->after_return = byte == '\r';
	if (follows || byte == '\0')
		return SLUICE_LINE_MORE;
	if (byte == '\n' || byte == '\r') {
		if (line->is_skipped)
			return SLUICE_LINE_TOO_LONG;
		line->bytes[line->length] = '\0';
		return SLUICE_LINE_READY;
	}
	if (line->is_skipped)
		return SLUICE_LINE_MORE;
	if (byte == BACKSPACE || byte == DELETE)
		take_back(line);
	else if (line->length < SLUICE_LINE_MAX)
		line->bytes[line->length++] = byte;
	else
		line->is_skipped = true;
	return SLUICE_LINE_MORE;
}

/* A character between words? */
static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/*
 * Reads one word at *from and writes it, without its quotes, at *to, which is not behind it. False
 * and *why: a quote is open at the end.
 */
static bool read_word(char **from, char **to, const char **why)
{
	char *at = *from, *end = *to, quote = '\0';

	for (; *at && (quote || !is_blank(*at)); at++) {
		if (quote && *at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '\'' || *at == '"')) {
			quote = *at;
		} else if (*at == '\\' && quote != '\'') {
			if (!at[1]) {
				*why = "the line ends in a backslash, which takes the next "
				       "character as it is: write two of them";
				return false;
			}
			*end++ = *++at;
		} else {
			*end++ = *at;
		}
	}
	if (quote) {
		*why = quote == '"' ? "a quote (\") is not closed" : "a quote (') is not closed";
		return false;
	}
	/* What ends the word is passed over before its place is written to. */
	*from = *at ? at + 1 : at;
	*end++ = '\0';
	*to = end;
	return true;
}

int sluice_line_split(char *text, char *words[SLUICE_WORDS_MAX + 1], const char **why)
{
	char *from = text, *to = text;
	size_t count = 0;

	if (!text || !words || !why)
		return -EINVAL;
	for (;;) {
		while (is_blank(*from))
			from++;
		if (!*from || *from == '#')
			break;
		if (count == SLUICE_WORDS_MAX) {
			*why = "the line has more than 256 words";
			return -EINVAL;
		}
		words[count++] = to;
		if (!read_word(&from, &to, why))
			return -EINVAL;
	}
	words[count] = NULL;
	return (int)count;
}
