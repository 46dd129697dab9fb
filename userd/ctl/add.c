// SPDX-License-Identifier: MIT
/*
 * `sluicectl add`: one more input, output or forward, live. Touches: a netlink socket, stdout,
 * stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../config/sentence.h"
#include "change.h"
#include "command.h"

/* The value of `name=` among the words; NULL: there is none. */
static const char *name_of(const struct sluice_change *change)
{
	int word;

	for (word = 2; word < change->argc; word++)
		if (!strncasecmp(change->argv[word], "name=", strlen("name=")))
			return change->argv[word] + strlen("name=");
	return NULL;
}

/* The kind that a word names; SLUICE_PIECE_CONFIGURATION: none that can be added. */
static enum sluice_piece_kind kind_of(const char *word)
{
	static const enum sluice_piece_kind kinds[] = {SLUICE_PIECE_INPUT, SLUICE_PIECE_OUTPUT,
						       SLUICE_PIECE_FORWARD};
	size_t number;

	for (number = 0; number < sizeof(kinds) / sizeof(kinds[0]); number++)
		if (!strcmp(word, sluice_piece_word(kinds[number])))
			return kinds[number];
	return SLUICE_PIECE_CONFIGURATION;
}

/* struct sluice_change.edit */
static int edit(const struct sluice_change *change, struct sluice_config_text *text, char **error)
{
	enum sluice_piece_kind kind = kind_of(change->argv[1]);
	const char *name = name_of(change);
	char *piece;
	int result;

	if (!name || !*name) {
		sluice_say(error, "%s needs the key \"name\": name=NAME",
			   sluice_piece_table(kind)->what);
		return -EINVAL;
	}
	result = sluice_edit_add(text, kind, name, error);
	if (result)
		return result;
	if (asprintf(&piece, "%s/%s", change->argv[1], name) < 0)
		return -ENOMEM;
	result = sluice_ctl_set_words(text, piece, change->argv + 2, change->argc - 2, error);
	free(piece);
	return result;
}

int sluice_ctl_add(int argc, char **argv)
{
	struct sluice_change change = {.edit = edit};

	if (!sluice_change_options(&change, argc, argv))
		return SLUICE_CTL_USAGE;
	if (change.argc < 3 || kind_of(change.argv[1]) == SLUICE_PIECE_CONFIGURATION ||
	    !sluice_ctl_are_pairs(change.argv + 2, change.argc - 2)) {
		fputs("usage: sluicectl add input|output|forward name=NAME KEY=VALUE... "
		      "[--dry-run] "
		      "[--no-wait] "
		      "[--if-revision N] [-j]\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	return sluice_change_make(&change);
}
