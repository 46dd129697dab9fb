/* SPDX-License-Identifier: MIT */
/*
 * Lines of a session: bytes become lines of bounded length, and a line becomes words. Touches:
 * nothing but memory. All of it @threadsafe for different lines.
 */
#ifndef SLUICE_CTL_LINE_H
#define SLUICE_CTL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define SLUICE_LINE_MAX 8192U /* bytes of a line, without what ends it */
#define SLUICE_WORDS_MAX 256U /* words of a line */

/* A line that is being read. Zeroed: an empty one. */
struct sluice_line {
	char bytes[SLUICE_LINE_MAX + 1];
	size_t length;
	bool is_skipped;   /* it is longer than the limit: the rest is thrown away */
	bool after_return; /* the line before ended in CR: an LF or NUL that follows belongs to it
			    */
};

enum sluice_line_event {
	SLUICE_LINE_MORE,     /* it is not at its end yet */
	SLUICE_LINE_READY,    /* `bytes` is the line, ended by a NUL */
	SLUICE_LINE_TOO_LONG, /* it was at its end, and longer than SLUICE_LINE_MAX */
};

/*
 * Takes the next byte. LF, CR, CR LF and CR NUL end a line; other NULs are passed over, backspace
 * and DEL take a character back. After READY the line stays in `bytes` until the next call, before
 * which the caller says sluice_line_clear().
 */
enum sluice_line_event sluice_line_put(struct sluice_line *line, char byte);

/* Forgets what there is of it, and overwrites it: it may be a password. */
void sluice_line_clear(struct sluice_line *line);

/*
 * Splits `text` into words in place, as a shell does: blanks and tabs separate; '...' is taken as
 * it is; in "..." and outside of quotes \ takes the next character as it is. A # where a word could
 * begin ends the line. Fills `words`, behind which comes a NULL. The number of words, or -EINVAL
 * and *why, a sentence. @owner the words point into `text`
 */
int sluice_line_split(char *text, char *words[SLUICE_WORDS_MAX + 1], const char **why);

#endif /* SLUICE_CTL_LINE_H */
