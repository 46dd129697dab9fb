// SPDX-License-Identifier: MIT
/*
 * What waits for room in a stream, see socket_bpf_hold.h. Beside the path of the data. Touches:
 * nothing but memory, which it takes in pieces and gives back as it is emptied.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "socket_bpf_hold.h"

/* Room for a few of the largest entries and for a thousand small ones; untouched pages cost
 * nothing. */
#define PIECE (256UL << 10)
/* An entry stands behind its size. */
#define HEAD 8UL

/* Memory for entries; those between `taken` and `used` are there. */
struct sluice_socket_hold_piece {
	TAILQ_ENTRY(sluice_socket_hold_piece) next;
	size_t used, taken;
	uint8_t bytes[PIECE] __attribute__((aligned(8)));
};

/* Bytes that an entry of `size` takes here. */
static size_t step_of(uint32_t size)
{
	return HEAD + ((size_t)size + 7) / 8 * 8;
}

struct sluice_socket_hold *sluice_socket_hold_create(const struct sluice_socket_input *input)
{
	struct sluice_socket_hold *hold = calloc(1, sizeof(*hold));

	if (!hold)
		return NULL;
	hold->input = input;
	TAILQ_INIT(&hold->pieces);
	return hold;
}

void sluice_socket_hold_free(struct sluice_socket_hold *hold)
{
	struct sluice_socket_hold_piece *piece;

	if (!hold)
		return;
	while ((piece = TAILQ_FIRST(&hold->pieces))) {
		TAILQ_REMOVE(&hold->pieces, piece, next);
		free(piece);
	}
	free(hold);
}

uint32_t sluice_socket_hold_size(const struct sluice_socket_entry *entry)
{
	return (uint32_t)(sizeof(*entry) - sizeof(entry->udp)) + entry->length;
}

/* A piece with room for `step` bytes, the last or a new one behind it. NULL: no memory. */
static struct sluice_socket_hold_piece *piece_for(struct sluice_socket_hold *hold, size_t step)
{
	struct sluice_socket_hold_piece *last =
		TAILQ_LAST(&hold->pieces, sluice_socket_hold_pieces);

	if (last && PIECE - last->used >= step)
		return last;
	last = malloc(sizeof(*last));
	if (!last)
		return NULL;
	last->used = last->taken = 0;
	TAILQ_INSERT_TAIL(&hold->pieces, last, next);
	return last;
}

int sluice_socket_hold_put(struct sluice_socket_hold *hold, const struct sluice_socket_entry *entry)
{
	uint32_t size = sluice_socket_hold_size(entry);
	size_t step = step_of(size);
	struct sluice_socket_hold_piece *piece = step <= PIECE ? piece_for(hold, step) : NULL;

	if (!piece)
		return -ENOMEM;
	memcpy(piece->bytes + piece->used, &size, sizeof(size));
	memcpy(piece->bytes + piece->used + HEAD, entry, size);
	piece->used += step;
	hold->bytes += step;
	return 0;
}

const struct sluice_socket_entry *sluice_socket_hold_first(const struct sluice_socket_hold *hold)
{
	const struct sluice_socket_hold_piece *piece = TAILQ_FIRST(&hold->pieces);

	return piece ? (const void *)(piece->bytes + piece->taken + HEAD) : NULL;
}

size_t sluice_socket_hold_drop(struct sluice_socket_hold *hold)
{
	struct sluice_socket_hold_piece *piece = TAILQ_FIRST(&hold->pieces);
	uint32_t size;
	size_t step;

	if (!piece)
		return 0;
	memcpy(&size, piece->bytes + piece->taken, sizeof(size));
	step = step_of(size);
	piece->taken += step;
	hold->bytes -= step;
	/* A piece in the list is never empty. */
	if (piece->taken == piece->used) {
		TAILQ_REMOVE(&hold->pieces, piece, next);
		free(piece);
	}
	return step;
}

uint32_t sluice_socket_entry_datagrams(const struct sluice_socket_entry *entry)
{
	uint32_t length = entry->length - (uint32_t)sizeof(entry->udp);

	return entry->segment && length > entry->segment
		       ? (length + entry->segment - 1) / entry->segment
		       : 1;
}

uint32_t sluice_socket_hold_datagrams(const struct sluice_socket_hold *hold)
{
	const struct sluice_socket_hold_piece *piece;
	uint32_t count = 0, size;
	size_t position;

	TAILQ_FOREACH(piece, &hold->pieces, next)
	for (position = piece->taken; position < piece->used; position += step_of(size)) {
		memcpy(&size, piece->bytes + position, sizeof(size));
		count += sluice_socket_entry_datagrams(
			(const void *)(piece->bytes + position + HEAD));
	}
	return count;
}
