// SPDX-License-Identifier: MIT
/*
 * The keys of `control`, beside keys.c: what is told of, and to whom. Those of hooks are made of
 * the table of events. Touches: nothing but memory.
 */
#include <stdlib.h>
#include "../lib/event.h"
#include "draft.h"
#include "hook_words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRAFT(member) offsetof(struct sluice_draft, member)
#define SECOND 1000000ULL

/* A command. [struct sluice_word] */
static void read_hook(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object)
{
	const char *text = sluice_reader_scalar(reader, key, node), *why = NULL;
	char **words;

	if (!text)
		return;
	words = sluice_hook_words(text, &why);
	if (why)
		sluice_reader_fault(reader, key, node, "%s", why);
	else if (!words)
		reader->out_of_memory = true;
	else
		sluice_read_word(reader, key, node, object);
	free(words);
}

#define HOOK(name, number, meaning)                                    \
	{.path = "control.hooks." name,                                \
	 .does = "a command for: " meaning,                            \
	 .otherwise = "none",                                          \
	 .form = "a command with its whole path, its words behind it", \
	 .read = read_hook,                                            \
	 .offset = DRAFT(hooks[number])},
#define EVENT_CLASS(class, name, meaning) HOOK(name, SLUICE_EVENT_CLASS_##class, meaning)
#define EVENT(number, class, name, severity, meaning) \
	HOOK(name, SLUICE_EVENT_CLASSES + SLUICE_EVENT_##number, meaning)
#define EVENT_SAME(...)
static const struct sluice_key hook_keys[] = {
#include "../lib/event_rows.h"
};
#undef EVENT_CLASS
#undef EVENT
#undef EVENT_SAME

static const struct sluice_key_table hook_table = {"control.hooks", "control.hooks", hook_keys,
						   COUNT(hook_keys)};

static const struct sluice_choice readers[] = {
	{"group", SLUICE_READERS_GROUP, false},
	{"all", SLUICE_READERS_ALL, false},
	{NULL, 0, false},
};

static const struct sluice_key control_keys[] = {
	{.path = "control.group",
	 .does = "members of this group may look and change, as root may",
	 .otherwise = "none",
	 .read = sluice_read_word,
	 .offset = DRAFT(control_group)},
	{.path = "control.read",
	 .does = "who may look: root, the daemon's user and that group, or all users",
	 .fallback = "group",
	 .read = sluice_read_choice,
	 .offset = DRAFT(readers),
	 .choices = readers},
	{.path = "control.events",
	 .does = "how many events are kept for who reads slowly",
	 .fallback = "512",
	 .read = sluice_read_size,
	 .form = "a number from 16 to 65536",
	 .offset = DRAFT(events_kept),
	 .minimum = 16,
	 .maximum = 65536},
	{.path = "control.hooks",
	 .does = "commands that are run on events",
	 .read = sluice_read_nested,
	 .table = &hook_table},
	{.path = "control.hook-limit",
	 .does = "a command that takes longer is killed",
	 .fallback = "30s",
	 .read = sluice_read_duration,
	 .offset = DRAFT(hook_limit_us),
	 .minimum = 1 * SECOND,
	 .maximum = 3600 * SECOND},
};

const struct sluice_key_table sluice_control_table = {"control", "control", control_keys,
						      COUNT(control_keys)};
