// SPDX-License-Identifier: MIT
/*
 * Words for events; see event_words.h. Touches: stdout, stderr.
 */
#include <stdio.h>
#include <string.h>
#include "../config/suggest.h"
#include "../lib/event.h"
#include "event_words.h"
#include "print.h"

/* Adds the kinds that `word` names. False: none. */
static bool add(struct sluice_event_words *words, const char *word)
{
	uint64_t before = words->kinds;
	bool is_known = false;
	size_t row;

	for (row = 0; row < sluice_event_row_count; row++) {
		const struct sluice_event_row *kind = &sluice_event_rows[row];

		if (strcmp(word, kind->name) != 0 &&
		    strcmp(word, sluice_event_class_name(kind->class)) != 0)
			continue;
		words->kinds |= 1ULL << kind->kind;
		is_known = true;
	}
	return is_known || words->kinds != before;
}

/* The class or kind that is nearest to `word`; NULL: none is near. */
static const char *nearest(const char *word)
{
	unsigned int best = sluice_word_tolerance(word), distance;
	const char *found = NULL;
	size_t row;

	for (row = 0; row < sluice_event_row_count + SLUICE_EVENT_CLASSES; row++) {
		const char *name = row < sluice_event_row_count
					   ? sluice_event_rows[row].name
					   : sluice_event_class_name(row - sluice_event_row_count);

		distance = sluice_word_distance(word, name, best);
		if (distance <= best && (!found || distance < best)) {
			best = distance;
			found = name;
		}
	}
	return found;
}

bool sluice_event_words_add(struct sluice_event_words *words, const char *list)
{
	char word[64], quoted[SLUICE_QUOTE_TEXT];
	const char *meant;
	size_t length;

	do {
		length = strcspn(list, ",");
		snprintf(word, sizeof(word), "%.*s", (int)length, list);
		if (!add(words, word)) {
			meant = nearest(word);
			fprintf(stderr, "sluicectl: there is no class or kind of event %s%s%s%s\n",
				sluice_quote(word, quoted),
				meant ? ", did you mean \"" : "; sluicectl events --list",
				meant ? meant : " shows them", meant ? "\"?" : "");
			return false;
		}
		list += length;
	} while (*list++ == ',');
	return true;
}

bool sluice_event_words_have(const struct sluice_event_words *words, uint32_t kind)
{
	return !words->kinds || (kind < 64 && words->kinds & 1ULL << kind);
}

int sluice_event_words_list(bool as_json)
{
	static const struct sluice_print_column columns[] = {
		{"kind", "KIND"},     {"class", "CLASS"},     {"severity", "SEVERITY"},
		{"number", "NUMBER"}, {"meaning", "MEANING"},
	};
	json_t *list = json_array();
	size_t row;
	int error;

	for (row = 0; row < sluice_event_row_count; row++) {
		const struct sluice_event_row *kind = &sluice_event_rows[row];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:i, s:s}", "kind", kind->name, "class",
					sluice_event_class_name(kind->class), "severity",
					sluice_event_severity(kind->severity), "number",
					(int)kind->kind, "meaning", kind->meaning));
	}
	error = sluice_print(list, as_json, columns, sizeof(columns) / sizeof(columns[0]));
	json_decref(list);
	return error;
}
