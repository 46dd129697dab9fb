// SPDX-License-Identifier: MIT
/*
 * Words for messages, see suggest.h. Touches: nothing but memory.
 */
#include <string.h>
#include "suggest.h"

#define WORD_MAX 63U  /* bytes; SLUICE_NAME_MAX */
#define QUOTE_MAX 60U /* bytes of a quoted word that are shown */

/* ASCII only: keys and values are, and names are compared byte for byte. */
static char lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

/* The least of three. */
static unsigned int least(unsigned int one, unsigned int two, unsigned int three)
{
	unsigned int result = one < two ? one : two;

	return result < three ? result : three;
}

unsigned int sluice_word_distance(const char *one, const char *other, unsigned int limit)
{
	/* Optimal string alignment: rows of the usual table, three of them alive. */
	unsigned int rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2],
					    *spare;
	size_t one_length, other_length, at, to;

	if (!one || !other)
		return limit + 1;
	one_length = strnlen(one, WORD_MAX + 1);
	other_length = strnlen(other, WORD_MAX + 1);
	if (one_length > WORD_MAX || other_length > WORD_MAX || one_length > other_length + limit ||
	    other_length > one_length + limit)
		return limit + 1;
	memset(rows, 0, sizeof(rows));
	for (to = 0; to <= other_length; to++)
		last[to] = (unsigned int)to;
	for (at = 1; at <= one_length; at++) {
		row[0] = (unsigned int)at;
		for (to = 1; to <= other_length; to++) {
			bool same = lower(one[at - 1]) == lower(other[to - 1]);

			row[to] =
				least(last[to] + 1, row[to - 1] + 1, last[to - 1] + (same ? 0 : 1));
			if (at > 1 && to > 1 && lower(one[at - 1]) == lower(other[to - 2]) &&
			    lower(one[at - 2]) == lower(other[to - 1]) &&
			    before[to - 2] + 1 < row[to])
				row[to] = before[to - 2] + 1;
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[other_length] > limit ? limit + 1 : last[other_length];
}

unsigned int sluice_word_tolerance(const char *word)
{
	size_t length = word ? strlen(word) : 0;

	return length <= 2 ? 1 : length <= 5 ? 2 : 3;
}

/* Bytes of the control character at `place`, 0 if it is none. */
static size_t control_bytes(const unsigned char *place)
{
	if (*place < 0x20 || *place == 0x7f)
		return 1;
	/* U+0080 to U+009F, which some terminals obey as well. */
	return place[0] == 0xc2 && place[1] >= 0x80 && place[1] <= 0x9f ? 2 : 0;
}

bool sluice_has_control(const char *word)
{
	const unsigned char *place = (const unsigned char *)word;

	for (; place && *place; place++)
		if (control_bytes(place))
			return true;
	return false;
}

const char *sluice_quote(const char *word, char text[SLUICE_QUOTE_TEXT])
{
	const unsigned char *place = (const unsigned char *)(word ? word : "");
	size_t used = 0, control;

	text[used++] = '"';
	while (*place) {
		/* Stop before a character begins, not within one. */
		if (used > QUOTE_MAX && (*place & 0xc0) != 0x80) {
			memcpy(text + used, "...", 3);
			used += 3;
			break;
		}
		/* Only what is no UTF-8 goes on so long without a character's beginning. */
		if (used > SLUICE_QUOTE_TEXT - 8)
			break;
		control = control_bytes(place);
		text[used++] = control ? '?' : (char)*place;
		place += control ? control : 1;
	}
	text[used++] = '"';
	text[used] = '\0';
	return text;
}
