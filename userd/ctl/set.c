// SPDX-License-Identifier: MIT
/*
 * `sluicectl set`: changes keys of one input, output or of the whole, live. Touches: a netlink
 * socket, stdout, stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "change.h"
#include "command.h"

/* Does a word say how a piece is called from then on? */
static bool is_naming(const char *word)
{
	return !strncasecmp(word, "name=", 5) || !strncasecmp(word, "id=", 3);
}

int sluice_ctl_set_words(struct sluice_config_text *text, const char *piece, char **words,
			 int count, char **error)
{
	int number, round, result = 0;
	char *key;

	/* What the piece is called comes last: until then it is found by what it was called. */
	for (round = 0; round < 2; round++)
		for (number = 0; number < count && !result; number++) {
			const char *equals = strchr(words[number], '=');

			if (is_naming(words[number]) != (round == 1))
				continue;
			key = strndup(words[number], (size_t)(equals - words[number]));
			result = key ? sluice_edit_set(text, piece, key, equals + 1, error)
				     : -ENOMEM;
			free(key);
		}
	return result;
}

bool sluice_ctl_are_pairs(char **words, int count)
{
	int number;

	for (number = 0; number < count; number++)
		if (!strchr(words[number], '=') || words[number][0] == '=')
			return false;
	return count > 0;
}

/* struct sluice_change.edit */
static int edit(const struct sluice_change *change, struct sluice_config_text *text, char **error)
{
	const char *piece = strchr(change->argv[1], '=') ? NULL : change->argv[1];
	int first = piece ? 2 : 1;

	/* As in `get`: the whole. */
	if (piece && !strcmp(piece, "."))
		piece = NULL;
	return sluice_ctl_set_words(text, piece, change->argv + first, change->argc - first, error);
}

int sluice_ctl_set(int argc, char **argv)
{
	struct sluice_change change = {.edit = edit};
	int first;

	if (!sluice_change_options(&change, argc, argv))
		return SLUICE_CTL_USAGE;
	first = change.argc > 1 && strchr(change.argv[1], '=') ? 1 : 2;
	if (!sluice_ctl_are_pairs(change.argv + first, change.argc - first)) {
		fputs("usage: sluicectl set [NAME|GUID|.] KEY=VALUE... [--dry-run] [--no-wait] "
		      "[--if-revision N] "
		      "[-j]\n       KEY= takes a key out, so that its default holds\n",
		      stderr);
		return SLUICE_CTL_USAGE;
	}
	return sluice_change_make(&change);
}
