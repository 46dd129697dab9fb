// SPDX-License-Identifier: MIT
/*
 * IP fragments, put together; see fragments.h. Touches: memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fragments.h"

/* The longest packet that can be, and its parts of eight bytes. */
#define WHOLE 65536U
#define UNITS (WHOLE / 8U)

/* A datagram that is being put together. */
struct puzzle {
	bool is_used;
	uint8_t family, protocol;
	uint8_t source[16], destination[16];
	uint32_t id;
	uint8_t first_protocol; /* what the first one says that it begins with */
	uint64_t time_ns;	/* of the first that came */
	uint64_t order;
	uint32_t have;	/* bytes */
	uint32_t whole; /* bytes; 0: not known yet */
	uint32_t reach; /* behind the last byte that came */
	uint8_t there[UNITS / 8U];
	uint8_t bytes[WHOLE];
};

struct sluice_fragments {
	struct puzzle *puzzles[SLUICE_FRAGMENTS_MOST]; /* NULL: not needed so far */
	uint64_t order;
	uint64_t incomplete;
};

struct sluice_fragments *sluice_fragments_new(void)
{
	return calloc(1, sizeof(struct sluice_fragments));
}

void sluice_fragments_free(struct sluice_fragments *fragments)
{
	size_t number;

	if (!fragments)
		return;
	for (number = 0; number < SLUICE_FRAGMENTS_MOST; number++)
		free(fragments->puzzles[number]);
	free(fragments);
}

/* Is the fragment one of this puzzle's? IPv6 does not say what it is in each (RFC 8200). */
static bool fits(const struct puzzle *puzzle, const struct sluice_dissected *piece)
{
	return puzzle->is_used && puzzle->id == piece->id && puzzle->family == piece->family &&
	       (piece->family == 6 || puzzle->protocol == piece->protocol) &&
	       !memcmp(puzzle->source, piece->source, sizeof(puzzle->source)) &&
	       !memcmp(puzzle->destination, piece->destination, sizeof(puzzle->destination));
}

/* Gives a puzzle up. */
static void give_up(struct sluice_fragments *fragments, struct puzzle *puzzle)
{
	puzzle->is_used = false;
	fragments->incomplete++;
}

/* The puzzle of a fragment: found, or begun in the place of the oldest. NULL: no memory. */
static struct puzzle *find(struct sluice_fragments *fragments, const struct sluice_dissected *piece,
			   uint64_t time_ns)
{
	struct puzzle **free_place = NULL, *oldest = NULL, *puzzle;
	size_t number;

	for (number = 0; number < SLUICE_FRAGMENTS_MOST; number++) {
		puzzle = fragments->puzzles[number];
		if (puzzle && puzzle->is_used && time_ns > puzzle->time_ns &&
		    time_ns - puzzle->time_ns > SLUICE_FRAGMENTS_NS)
			give_up(fragments, puzzle);
		if (puzzle && fits(puzzle, piece))
			return puzzle;
		if ((!puzzle || !puzzle->is_used) && (!free_place || (puzzle && !*free_place)))
			free_place = &fragments->puzzles[number];
		else if (puzzle && puzzle->is_used && (!oldest || puzzle->order < oldest->order))
			oldest = puzzle;
	}
	if (free_place && !*free_place)
		*free_place = malloc(sizeof(**free_place));
	puzzle = free_place ? *free_place : oldest;
	if (!puzzle)
		return NULL;
	if (!free_place)
		give_up(fragments, puzzle);
	/* Not the bytes. */
	memset(puzzle, 0, offsetof(struct puzzle, bytes));
	puzzle->is_used = true;
	puzzle->family = piece->family;
	puzzle->protocol = piece->protocol;
	puzzle->first_protocol = piece->protocol;
	memcpy(puzzle->source, piece->source, sizeof(puzzle->source));
	memcpy(puzzle->destination, piece->destination, sizeof(puzzle->destination));
	puzzle->id = piece->id;
	puzzle->time_ns = time_ns;
	puzzle->order = ++fragments->order;
	return puzzle;
}

/* How many of the units from `first` to before `end` are there? */
static uint32_t count_there(const struct puzzle *puzzle, uint32_t first, uint32_t end)
{
	uint32_t unit, count = 0;

	for (unit = first; unit < end; unit++)
		count += puzzle->there[unit / 8] >> unit % 8 & 1U;
	return count;
}

/* Puts a fragment into its place. 0; 1: it is there already; -EPROTO: it does not fit. */
static int put(struct puzzle *puzzle, const struct sluice_dissected *piece)
{
	uint32_t end = piece->offset + piece->length, first = piece->offset / 8,
		 last = (end + 7) / 8, unit, there;

	if (end >= WHOLE || !piece->length || (puzzle->whole && end > puzzle->whole) ||
	    (piece->is_last && (puzzle->reach > end || (puzzle->whole && puzzle->whole != end))))
		return -EPROTO;
	there = count_there(puzzle, first, last);
	if (there == last - first &&
	    !memcmp(puzzle->bytes + piece->offset, piece->payload, piece->length))
		return 1;
	if (there)
		return -EPROTO;
	for (unit = first; unit < last; unit++)
		puzzle->there[unit / 8] |= (uint8_t)(1U << unit % 8);
	memcpy(puzzle->bytes + piece->offset, piece->payload, piece->length);
	puzzle->have += piece->length;
	if (end > puzzle->reach)
		puzzle->reach = end;
	if (piece->is_last)
		puzzle->whole = end;
	if (!piece->offset)
		puzzle->first_protocol = piece->protocol;
	return 0;
}

int sluice_fragments_take(struct sluice_fragments *fragments, struct sluice_dissected *piece,
			  uint64_t time_ns)
{
	struct puzzle *puzzle;
	int result;

	if (!fragments || !piece || piece->kind != SLUICE_DISSECTED_FRAGMENT)
		return -EINVAL;
	puzzle = find(fragments, piece, time_ns);
	if (!puzzle)
		return -ENOMEM;
	result = put(puzzle, piece);
	if (result < 0) {
		give_up(fragments, puzzle);
		return result;
	}
	if (result || !puzzle->whole || puzzle->have != puzzle->whole)
		return 0;
	puzzle->is_used = false;
	sluice_dissect_carried(puzzle->first_protocol, puzzle->bytes, puzzle->whole, piece);
	return 1;
}

uint64_t sluice_fragments_incomplete(const struct sluice_fragments *fragments, bool all)
{
	uint64_t count = fragments ? fragments->incomplete : 0;
	size_t number;

	for (number = 0; fragments && all && number < SLUICE_FRAGMENTS_MOST; number++)
		count += fragments->puzzles[number] && fragments->puzzles[number]->is_used;
	return count;
}
