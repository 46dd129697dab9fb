// SPDX-License-Identifier: MIT
/*
 * What a change changed, for people and machines; see change.h. Touches: stdout.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "../config/keys_list.h"
#include "change.h"
#include "print.h"
#include "guid.h"

/* What an item is called: "input telemetry". */
static const char *kind_of(const struct sluice_difference *difference)
{
	return sluice_piece_word(difference->item ? difference->item->kind
						  : SLUICE_PIECE_CONFIGURATION);
}

/* A value, or what holds where none is written. */
static void put_value(const struct sluice_difference *difference, const char *value)
{
	if (value)
		fputs(value, stdout);
	else
		printf("%s%s", difference->key ? sluice_key_absent(difference->key) : "none",
		       difference->key && difference->key->fallback ? " (default)" : "");
}

/* One line. */
static void put_line(const struct sluice_difference *difference)
{
	const struct sluice_piece_item *item = difference->item;
	const char *name = item ? item->name : "";
	char guid[SLUICE_GUID_TEXT];

	if (item && difference->what == SLUICE_DIFFERENCE_ADDED) {
		printf("%s %s: new, id %s\n", kind_of(difference), item->name,
		       sluice_guid_format(item->id, guid));
		return;
	}
	if (item && difference->what == SLUICE_DIFFERENCE_GONE) {
		printf("%s %s: gone\n", kind_of(difference), item->name);
		return;
	}
	/* A name of its own is told by the old one. */
	if (item && !strcmp(difference->word, "name") && difference->before)
		name = difference->before;
	printf("%s%s%s: ", name, item ? "." : "", difference->word);
	put_value(difference, difference->before);
	fputs(" -> ", stdout);
	put_value(difference, difference->after);
	if (difference->key)
		printf(" (%s)", sluice_key_change_text(difference->key));
	putchar('\n');
}

/* One difference as JSON. NULL: no memory. */
static json_t *object_of(const struct sluice_difference *difference)
{
	static const char *const whats[] = {"changed", "added", "gone"};
	const struct sluice_piece_item *item = difference->item;
	char guid[SLUICE_GUID_TEXT] = "";

	if (item)
		sluice_guid_format(item->id, guid);
	return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?}", "what",
			 whats[difference->what], "kind", kind_of(difference), "name",
			 item ? item->name : NULL, "id", item ? guid : NULL, "key",
			 difference->word, "old", difference->before, "new", difference->after,
			 "default", difference->key ? sluice_key_absent(difference->key) : NULL,
			 "effect",
			 difference->key ? sluice_key_change_text(difference->key) : NULL);
}

/* All of it as JSON. 0 or a negative errno. */
static int print_json(const struct sluice_change_result *result)
{
	const char *state = result->waits ? "waits" : result->is_dry ? "not applied" : "in force";
	json_t *list = json_array(), *object;
	size_t number;
	int error = 0;

	for (number = 0; number < result->count && !error; number++)
		if (json_array_append_new(list, object_of(&result->list[number])))
			error = -ENOMEM;
	object = json_pack("{s:o, s:I, s:s}", "changes", list, "revision",
			   (json_int_t)result->revision, "state", state);
	if (!error)
		error = sluice_print_json(object);
	json_decref(object);
	return error;
}

int sluice_change_print(const struct sluice_change_result *result, bool as_json)
{
	size_t number;
	int error = 0;

	if (as_json)
		error = print_json(result);
	else
		for (number = 0; number < result->count; number++)
			put_line(&result->list[number]);
	if (!as_json && !result->count)
		printf("nothing to change: revision %" PRIu64 " is in force\n", result->revision);
	else if (!as_json && result->waits)
		printf("waits for `sluicectl commit`: revision %" PRIu64 " stays in force\n",
		       result->revision);
	else if (!as_json)
		printf(result->is_dry ? "not applied: revision %" PRIu64 " stays in force\n"
				      : "revision %" PRIu64 " is in force\n",
		       result->revision);
	return fflush(stdout) == 0 && !ferror(stdout) ? error : -EIO;
}
