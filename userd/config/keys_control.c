// SPDX-License-Identifier: MIT
/*
 * The keys of `control`, beside keys.c: what is told of, and to whom. Touches: nothing but memory.
 */
#include "draft.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRAFT(member) offsetof(struct sluice_draft, member)

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
};

const struct sluice_key_table sluice_control_table = {"control", "control", control_keys,
						      COUNT(control_keys)};
