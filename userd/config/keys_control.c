// SPDX-License-Identifier: MIT
/*
 * The keys of `control`, beside keys.c: what is told of, and to whom. Touches: nothing but memory.
 */
#include "draft.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRAFT(member) offsetof(struct sluice_draft, member)

static const struct sluice_key control_keys[] = {
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
