/* SPDX-License-Identifier: MIT */
/*
 * Words, strings and signs of the two languages that are written with braces: rsyslog's and
 * syslog-ng's. Touches: nothing.
 */
#ifndef SLUICE_CTL_IMPORT_LEXER_H
#define SLUICE_CTL_IMPORT_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum sluice_import_kind {
	SLUICE_IMPORT_END,
	SLUICE_IMPORT_NAME,   /* anything between blanks and signs */
	SLUICE_IMPORT_STRING, /* was in quotes */
	SLUICE_IMPORT_SIGN,   /* one of ( ) { } [ ] ; = , */
};

/* A piece of the text; of a string what is between its quotes, escapes as they stand. */
struct sluice_import_token {
	enum sluice_import_kind kind;
	const char *text;
	size_t length;
	size_t line;
};

/* Where reading is. */
struct sluice_import_lexer {
	const char *at, *end;
	size_t line;
	bool has_block_comments; /* slash and star; "#" begins one to the end of the line in both */
};

/* Goes past blanks and comments; at a token or the end afterwards. @threadsafe */
void sluice_import_skip(struct sluice_import_lexer *lexer);

/* The next token; END for ever at the end. A string without an end goes to the end of the text.
 * @threadsafe */
struct sluice_import_token sluice_import_next(struct sluice_import_lexer *lexer);

/* Goes past the rest of the line. Returns it without the newline. @threadsafe */
struct sluice_import_token sluice_import_rest(struct sluice_import_lexer *lexer);

/* Goes past what is up to the sign that closes an open one ("(", "{" or "["), which was read
 * already. @threadsafe */
void sluice_import_close(struct sluice_import_lexer *lexer);

/* Is the token that word or sign? Words without regard to case. @threadsafe */
bool sluice_import_is(const struct sluice_import_token *token, const char *text);

/* Copies a token into a value of SLUICE_IMPORT_WORD bytes; too long: it is empty. */
void sluice_import_take(char *value, const struct sluice_import_token *token);

#endif /* SLUICE_CTL_IMPORT_LEXER_H */
