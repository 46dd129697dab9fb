// SPDX-License-Identifier: MIT
/*
 * Keys in words; see keys_list.h. Touches: nothing but memory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "draft.h"
#include "keys_list.h"
#include "size.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What readers without limits of their own take. */
static const struct {
	sluice_key_reader read;
	const char *form;
} forms[] = {
	{sluice_read_percent, SLUICE_PERCENT_FORM},
	{sluice_read_rate, SLUICE_RATE_FORM},
	{sluice_read_word, "a text"},
	{sluice_read_ports, "a number from 1 to 65535, a range of them, or a list of both"},
	{sluice_read_prefix, "an IPv4 or IPv6 address, or a prefix"},
	{sluice_read_one_address, "an IPv4 or IPv6 address"},
	{sluice_read_one_destination, "host:port"},
	{sluice_read_group, "the IPv4 or IPv6 address of a multicast group"},
	{sluice_read_interface, "the name of an interface"},
};

/* Writes "from 4k to 4m", with `format` for both ends; without a lower end "up to 1s". */
static void write_limits(const struct sluice_key *key, char *(*format)(uint64_t, char *),
			 const char *before, char values[SLUICE_KEY_VALUES])
{
	char from[SLUICE_SIZE_TEXT], to[SLUICE_SIZE_TEXT];

	if (key->minimum)
		snprintf(values, SLUICE_KEY_VALUES, "%sfrom %s to %s", before,
			 format(key->minimum, from), format(key->maximum, to));
	else
		snprintf(values, SLUICE_KEY_VALUES, "%sup to %s", before, format(key->maximum, to));
}

/* Writes what values a key takes. */
static void write_values(const struct sluice_key *key, char values[SLUICE_KEY_VALUES])
{
	size_t number;

	values[0] = '\0';
	if (key->form) {
		snprintf(values, SLUICE_KEY_VALUES, "%s", key->form);
	} else if (key->choices) {
		sluice_choices_list(key->choices, values, SLUICE_KEY_VALUES);
	} else if (key->read == sluice_read_size) {
		write_limits(key, sluice_size_format, "", values);
	} else if (key->read == sluice_read_duration) {
		write_limits(key, sluice_duration_format, "", values);
	} else if (key->read == sluice_read_delay) {
		write_limits(key, sluice_duration_format, "auto, or ", values);
	} else if (key->read == sluice_read_count) {
		snprintf(values, SLUICE_KEY_VALUES, "auto, or a number from %llu to %llu",
			 (unsigned long long)key->minimum, (unsigned long long)key->maximum);
	} else {
		for (number = 0; number < COUNT(forms); number++)
			if (forms[number].read == key->read)
				snprintf(values, SLUICE_KEY_VALUES, "%s", forms[number].form);
	}
}

const char *sluice_key_change_text(const struct sluice_key *key)
{
	switch (key->change) {
	case SLUICE_KEY_CONNECTIONS:
		return "live; the output's connections may be made anew";
	case SLUICE_KEY_RINGS:
		return "live; rings are replaced, what is in the old ones is delivered";
	case SLUICE_KEY_LATER:
		return "at the next start";
	case SLUICE_KEY_WORKERS:
		return "live; workers come or go, with their connections; the others go on";
	case SLUICE_KEY_LIVE:
		break;
	}
	return "live";
}

/* Calls `each` for the keys of `table` and of those below it. */
static int list_table(const struct sluice_key_table *table,
		      int (*each)(void *context, const struct sluice_key_facts *facts),
		      void *context)
{
	struct sluice_key_facts facts;
	int result = 0;
	size_t number;

	for (number = 0; !result && number < table->count; number++) {
		const struct sluice_key *key = &table->keys[number];

		if (key->unsupported)
			continue;
		if (key->table) {
			result = list_table(key->table, each, context);
			continue;
		}
		facts = (struct sluice_key_facts){
			.path = key->path,
			.fallback = key->fallback,
			.otherwise = key->otherwise,
			.does = key->does,
			.change = sluice_key_change_text(key),
			.is_required = key->required && !key->unless,
		};
		write_values(key, facts.values);
		result = each(context, &facts);
		if (!result && key->items)
			result = list_table(key->items, each, context);
	}
	return result;
}

int sluice_keys_list(int (*each)(void *context, const struct sluice_key_facts *facts),
		     void *context)
{
	return each ? list_table(&sluice_document_table, each, context) : -EINVAL;
}
