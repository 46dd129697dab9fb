// SPDX-License-Identifier: MIT
/*
 * Parts text into tokens; see import_lexer.h. Touches: nothing.
 */
#include "import_lexer.h"
#include <string.h>
#include "import.h"

#define SIGNS "(){}[];=,"

/* Goes on by a byte and counts lines. */
static void step(struct sluice_import_lexer *lexer)
{
	if (*lexer->at++ == '\n')
		lexer->line++;
}

void sluice_import_skip(struct sluice_import_lexer *lexer)
{
	bool in_block = false;

	while (lexer->at < lexer->end) {
		bool has_next = lexer->at + 1 < lexer->end;

		if (in_block) {
			if (*lexer->at == '*' && has_next && lexer->at[1] == '/') {
				in_block = false;
				lexer->at++;
			}
			step(lexer);
		} else if (*lexer->at == '#') {
			while (lexer->at < lexer->end && *lexer->at != '\n')
				lexer->at++;
		} else if (lexer->has_block_comments && *lexer->at == '/' && has_next &&
			   lexer->at[1] == '*') {
			in_block = true;
			lexer->at += 2;
		} else if (!*lexer->at || strchr(" \t\r\n", *lexer->at)) {
			step(lexer);
		} else {
			return;
		}
	}
}

struct sluice_import_token sluice_import_next(struct sluice_import_lexer *lexer)
{
	struct sluice_import_token token = {0};
	char quote;

	sluice_import_skip(lexer);
	token.line = lexer->line;
	token.text = lexer->at;
	if (lexer->at >= lexer->end)
		return token;
	if (*lexer->at == '"' || *lexer->at == '\'') {
		quote = *lexer->at++;
		token.kind = SLUICE_IMPORT_STRING;
		token.text = lexer->at;
		while (lexer->at < lexer->end && *lexer->at != quote) {
			if (*lexer->at == '\\' && lexer->at + 1 < lexer->end)
				step(lexer);
			step(lexer);
		}
		token.length = (size_t)(lexer->at - token.text);
		if (lexer->at < lexer->end)
			lexer->at++;
		return token;
	}
	token.kind = SLUICE_IMPORT_SIGN;
	if (!strchr(SIGNS, *lexer->at)) {
		token.kind = SLUICE_IMPORT_NAME;
		while (lexer->at < lexer->end && *lexer->at &&
		       !strchr(" \t\r\n\"'" SIGNS, *lexer->at))
			lexer->at++;
	} else {
		lexer->at++;
	}
	token.length = (size_t)(lexer->at - token.text);
	return token;
}

struct sluice_import_token sluice_import_rest(struct sluice_import_lexer *lexer)
{
	struct sluice_import_token token = {
		.kind = SLUICE_IMPORT_NAME, .text = lexer->at, .line = lexer->line};
	const char *stop = lexer->at < lexer->end
				   ? memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at))
				   : NULL;

	if (!stop)
		stop = lexer->end;
	token.length = (size_t)(stop - lexer->at);
	lexer->at = stop;
	return token;
}

void sluice_import_close(struct sluice_import_lexer *lexer)
{
	struct sluice_import_token token;
	size_t depth = 1;

	while (depth) {
		token = sluice_import_next(lexer);
		if (token.kind == SLUICE_IMPORT_END)
			return;
		if (token.kind != SLUICE_IMPORT_SIGN)
			continue;
		if (strchr("({[", token.text[0]))
			depth++;
		else if (strchr(")}]", token.text[0]))
			depth--;
	}
}

bool sluice_import_is(const struct sluice_import_token *token, const char *text)
{
	return token->kind != SLUICE_IMPORT_END && token->length == strlen(text) &&
	       !strncasecmp(token->text, text, token->length);
}

void sluice_import_take(char *value, const struct sluice_import_token *token)
{
	sluice_import_copy(value, token->kind == SLUICE_IMPORT_END ? "" : token->text,
			   token->length);
}
