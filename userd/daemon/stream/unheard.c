// SPDX-License-Identifier: MIT
/*
 * What was sent and may have arrived; see unheard.h. Few pieces at a time: what one connection
 * carried. Touches: memory.
 */
#include <stdlib.h>
#include <string.h>
#include "unheard.h"

void sluice_unheard_add(struct sluice_unheard *unheard, uint64_t start, uint64_t end,
			uint64_t count)
{
	size_t room = unheard->room ? unheard->room * 2 : 16;
	struct sluice_unheard_piece *grown;

	if (start >= end || !count)
		return;
	if (unheard->count == unheard->room) {
		grown = reallocarray(unheard->list, room, sizeof(*grown));
		if (!grown)
			return;
		unheard->list = grown;
		unheard->room = room;
	}
	unheard->list[unheard->count++] =
		(struct sluice_unheard_piece){.start = start, .end = end, .count = count};
}

/* The order does not matter: the last one takes the place. */
static void take_out(struct sluice_unheard *unheard, size_t place)
{
	unheard->list[place] = unheard->list[--unheard->count];
}

uint64_t sluice_unheard_acknowledge(struct sluice_unheard *unheard, uint64_t start, uint64_t end)
{
	uint64_t heard = 0;
	size_t place = 0;

	while (place < unheard->count) {
		const struct sluice_unheard_piece *piece = &unheard->list[place];

		if (piece->start < start || piece->end > end) {
			place++;
			continue;
		}
		heard += piece->count;
		take_out(unheard, place);
	}
	return heard;
}

bool sluice_unheard_again(struct sluice_unheard *unheard, uint64_t start, uint64_t end)
{
	bool found = false;
	size_t place = 0;

	while (place < unheard->count) {
		const struct sluice_unheard_piece *piece = &unheard->list[place];

		if (piece->start >= end || piece->end <= start) {
			place++;
			continue;
		}
		found = true;
		take_out(unheard, place);
	}
	return found;
}

void sluice_unheard_clear(struct sluice_unheard *unheard)
{
	if (!unheard)
		return;
	free(unheard->list);
	memset(unheard, 0, sizeof(*unheard));
}
