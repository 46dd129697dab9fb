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
#include "draining.h"
#include "print.h"
#include "guid.h"
#include "size.h"

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
static int print_json(const struct sluice_change_result *result, json_t *draining)
{
	const char *state = result->waits	  ? "waits"
			    : result->is_dry	  ? "not applied"
			    : result->is_accepted ? "accepted"
						  : "in force";
	json_t *list = json_array(), *object;
	size_t number;
	int error = 0;

	for (number = 0; number < result->count && !error; number++)
		if (json_array_append_new(list, object_of(&result->list[number])))
			error = -ENOMEM;
	object = json_pack("{s:o, s:I, s:s, s:O}", "changes", list, "revision",
			   (json_int_t)result->revision, "state", state, "draining", draining);
	if (!error)
		error = sluice_print_json(object);
	json_decref(object);
	return error;
}

/* Says what became of it. */
static void print_state(const struct sluice_change_result *result)
{
	uint64_t number = result->revision;

	if (!result->count)
		printf("nothing to change: revision %" PRIu64 " is in force\n", number);
	else if (result->waits)
		printf("waits for `sluicectl commit`: revision %" PRIu64 " stays in force\n",
		       number);
	else if (result->is_dry)
		printf("not applied: revision %" PRIu64 " stays in force\n", number);
	else if (result->is_accepted)
		printf("accepted, and not in force yet: revision %" PRIu64
		       " is; `sluicectl history` and `events` tell what becomes of it\n",
		       number);
	else
		printf("revision %" PRIu64 " is in force\n", number);
}

/* Says what outputs get still of before. */
static void print_draining(const json_t *list)
{
	char bytes[SLUICE_SIZE_TEXT];
	size_t number;
	json_t *line;

	json_array_foreach(list, number, line)
	{
		json_int_t rings = json_integer_value(json_object_get(line, "rings"));
		const char *name = json_string_value(json_object_get(line, "output"));

		sluice_size_format((uint64_t)json_integer_value(json_object_get(line, "bytes")),
				   bytes);
		printf("output %s drains: %s that came before are on their way to it, in %" PRIu64
		       " ring%s\n",
		       *name ? name : "that is gone", bytes, (uint64_t)rings,
		       rings == 1 ? "" : "s");
	}
}

int sluice_change_print(const struct sluice_change_result *result, bool as_json)
{
	bool was_done = result->count && !result->waits && !result->is_dry && !result->is_accepted;
	json_t *draining = was_done ? sluice_draining_list() : json_array();
	size_t number;
	int error = 0;

	if (as_json) {
		error = print_json(result, draining);
	} else {
		for (number = 0; number < result->count; number++)
			put_line(&result->list[number]);
		print_state(result);
		print_draining(draining);
	}
	json_decref(draining);
	return fflush(stdout) == 0 && !ferror(stdout) ? error : -EIO;
}
