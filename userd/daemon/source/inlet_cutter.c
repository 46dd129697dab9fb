// SPDX-License-Identifier: MIT
/*
 * Cutting a byte stream into records; see inlet_cutter.h. Touches: its buffer.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "inlet_cutter.h"

/* What is read in one go at most, and so what a connection holds while it has something. */
#define BUFFER (64U << 10)
/* Room for what stands in front of a record: "4294967295 ". */
#define HEAD 16U
/* A length beyond this one is a fault, not a record that is too long. */
#define LENGTH_MOST (256U << 20)

void sluice_inlet_cutter_begin(struct sluice_inlet_cutter *cutter, enum sluice_cutting framing,
			       size_t most)
{
	memset(cutter, 0, sizeof(*cutter));
	cutter->framing = framing;
	cutter->most = most;
}

void sluice_inlet_cutter_free(struct sluice_inlet_cutter *cutter)
{
	free(cutter->buffer);
	cutter->buffer = NULL;
	cutter->capacity = 0;
	cutter->begin = 0;
	cutter->end = 0;
	cutter->searched = 0;
}

uint8_t *sluice_inlet_cutter_room(struct sluice_inlet_cutter *cutter, size_t *room)
{
	if (!cutter->buffer) {
		cutter->capacity = cutter->most + HEAD + BUFFER;
		cutter->buffer = malloc(cutter->capacity);
		if (!cutter->buffer)
			return NULL;
	}
	/* Behind this there is always more room than a record and its head need. */
	if (cutter->begin) {
		memmove(cutter->buffer, cutter->buffer + cutter->begin,
			cutter->end - cutter->begin);
		cutter->end -= cutter->begin;
		cutter->begin = 0;
	}
	*room = cutter->capacity - cutter->end;
	return *room ? cutter->buffer + cutter->end : NULL;
}

void sluice_inlet_cutter_fed(struct sluice_inlet_cutter *cutter, size_t length)
{
	if (length <= cutter->capacity - cutter->end)
		cutter->end += length;
}

/* Passes over what is left of a record that was cut. */
static void pass_over(struct sluice_inlet_cutter *cutter)
{
	size_t available = cutter->end - cutter->begin;
	size_t part = cutter->left < available ? (size_t)cutter->left : available;
	const uint8_t *newline;

	cutter->begin += part;
	cutter->left -= part;
	if (!cutter->discards || !cutter->buffer)
		return;
	newline = memchr(cutter->buffer + cutter->begin, '\n', cutter->end - cutter->begin);
	cutter->discards = !newline;
	cutter->begin = newline ? (size_t)(newline - cutter->buffer) + 1 : cutter->end;
}

/* The next line. */
static int look_line(struct sluice_inlet_cutter *cutter, bool is_last,
		     struct sluice_inlet_item *item)
{
	const uint8_t *bytes = cutter->buffer + cutter->begin;
	size_t available = cutter->end - cutter->begin;
	const uint8_t *newline =
		memchr(bytes + cutter->searched, '\n', available - cutter->searched);
	size_t length = newline ? (size_t)(newline - bytes) : available;

	if (!newline)
		cutter->searched = available;
	if (!newline && !is_last && available <= cutter->most)
		return 0;
	item->is_cut = length > cutter->most;
	item->bytes = bytes;
	item->length = item->is_cut ? cutter->most : length;
	item->used = length + (newline ? 1 : 0);
	item->discards = !newline && !is_last;
	return 1;
}

/* The record behind a head of `head` bytes that says `length`. */
static int look_behind(const struct sluice_inlet_cutter *cutter, size_t head, uint64_t length,
		       struct sluice_inlet_item *item)
{
	size_t available = cutter->end - cutter->begin - head;
	size_t wanted = length < cutter->most ? (size_t)length : cutter->most;

	if (length > LENGTH_MOST)
		return -EPROTO;
	if (available < wanted)
		return 0;
	item->bytes = cutter->buffer + cutter->begin + head;
	item->length = wanted;
	item->used = head + wanted;
	item->left = length - wanted;
	item->is_cut = length > cutter->most;
	return 1;
}

/* The next octet-counted message (RFC 6587 section 3.4.1; "0 " is an empty one). */
static int look_message(const struct sluice_inlet_cutter *cutter, struct sluice_inlet_item *item)
{
	const uint8_t *bytes = cutter->buffer + cutter->begin;
	size_t available = cutter->end - cutter->begin, digits = 0;
	uint64_t length = 0;

	while (digits < available && bytes[digits] >= '0' && bytes[digits] <= '9') {
		length = length * 10 + (uint64_t)(bytes[digits++] - '0');
		if (length > LENGTH_MOST || (digits == 2 && bytes[0] == '0'))
			return -EPROTO;
	}
	if (digits == available)
		return 0;
	if (!digits || bytes[digits] != ' ')
		return -EPROTO;
	return look_behind(cutter, digits + 1, length, item);
}

/* The next record behind a length of 4 bytes, network byte order. */
static int look_length32(const struct sluice_inlet_cutter *cutter, struct sluice_inlet_item *item)
{
	uint32_t length;

	if (cutter->end - cutter->begin < sizeof(length))
		return 0;
	memcpy(&length, cutter->buffer + cutter->begin, sizeof(length));
	return look_behind(cutter, sizeof(length), be32toh(length), item);
}

int sluice_inlet_cutter_look(struct sluice_inlet_cutter *cutter, bool is_last,
			     struct sluice_inlet_item *item)
{
	if (!cutter || !item)
		return -EINVAL;
	pass_over(cutter);
	memset(item, 0, sizeof(*item));
	if (cutter->begin == cutter->end)
		return 0;
	switch (cutter->framing) {
	case SLUICE_CUTTING_NEWLINE:
		return look_line(cutter, is_last, item);
	case SLUICE_CUTTING_COUNTED:
		return look_message(cutter, item);
	case SLUICE_CUTTING_LENGTH32:
		return look_length32(cutter, item);
	}
	return -EINVAL;
}

void sluice_inlet_cutter_take(struct sluice_inlet_cutter *cutter,
			      const struct sluice_inlet_item *item)
{
	cutter->begin += item->used;
	cutter->left = item->left;
	cutter->discards = item->discards;
	cutter->searched = 0;
}

bool sluice_inlet_cutter_is_within(const struct sluice_inlet_cutter *cutter)
{
	return cutter->end > cutter->begin;
}
