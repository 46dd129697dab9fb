// SPDX-License-Identifier: MIT
/*
 * Cutting a byte stream into frames and datagrams: see decoder.h. Touches: its buffer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sluice/record.h>
#include "decoder.h"

/* Room at first; more than the largest datagram with its framing. */
#define BUFFER_FIRST (256U << 10)
/* Less room than this at the end of the buffer is not worth a read. */
#define ROOM_LEAST (32U << 10)

/* As decoder.h says. */
void sluice_decoder_free(struct sluice_decoder *decoder)
{
	if (!decoder)
		return;
	sluice_inflater_free(&decoder->inflater);
	free(decoder->buffer);
	decoder->buffer = NULL;
	decoder->capacity = 0;
	decoder->begin = 0;
	decoder->end = 0;
}

/* Makes the buffer hold `wanted` bytes from `begin` on. 0 or -ENOMEM. */
static int reserve(struct sluice_decoder *decoder, size_t wanted)
{
	uint8_t *buffer;

	if (decoder->capacity - decoder->begin >= wanted)
		return 0;
	if (decoder->begin > 0) {
		memmove(decoder->buffer, decoder->buffer + decoder->begin,
			decoder->end - decoder->begin);
		decoder->end -= decoder->begin;
		decoder->begin = 0;
	}
	if (decoder->capacity >= wanted)
		return 0;
	buffer = realloc(decoder->buffer, wanted);
	if (!buffer)
		return -ENOMEM;
	decoder->buffer = buffer;
	decoder->capacity = wanted;
	return 0;
}

/* As decoder.h says. */
uint8_t *sluice_decoder_room(struct sluice_decoder *decoder, size_t *room)
{
	if (!decoder || !room)
		return NULL;
	if (decoder->begin == decoder->end) {
		decoder->begin = 0;
		decoder->end = 0;
	}
	if (decoder->capacity == 0 && reserve(decoder, BUFFER_FIRST))
		return NULL;
	if (decoder->capacity - decoder->end < ROOM_LEAST &&
	    reserve(decoder, decoder->end - decoder->begin + ROOM_LEAST))
		return NULL;
	*room = decoder->capacity - decoder->end;
	return decoder->buffer + decoder->end;
}

/* As decoder.h says. */
void sluice_decoder_fed(struct sluice_decoder *decoder, size_t length)
{
	if (decoder && length <= decoder->capacity - decoder->end)
		decoder->end += length;
}

/* As decoder.h says. */
bool sluice_decoder_is_within(const struct sluice_decoder *decoder)
{
	return decoder && (decoder->end > decoder->begin || decoder->skipping);
}

/* The payload of a compressed frame takes the place of what came, and its header becomes that of
 * the frame it stands for. 0, -EILSEQ, -ENOMEM. */
static int inflate_frame(struct sluice_decoder *decoder, const uint8_t *header,
			 struct sluice_decoder_item *item)
{
	uint32_t whole = sluice_frame_whole(header);
	int error = 0;

	if (!decoder->is_again)
		error = sluice_inflate(&decoder->inflater, item->bytes, item->length, whole);
	if (error)
		return error;
	item->bytes = decoder->inflater.bytes;
	item->length = whole;
	item->frame.type = SLUICE_FRAME_DATA;
	item->frame.length = htole32(whole);
	return 0;
}

/* Next native frame. */
static int next_frame(struct sluice_decoder *decoder, struct sluice_decoder_item *item)
{
	const uint8_t *bytes = decoder->buffer + decoder->begin;
	size_t available = decoder->end - decoder->begin;
	size_t header;
	int error = sluice_frame_check(bytes, available);

	if (error)
		return error == -EAGAIN ? 0 : error;
	memcpy(&item->frame, bytes, sizeof(item->frame));
	item->blank = sluice_frame_blank(bytes);
	header = le16toh(item->frame.header_length);
	item->length = le32toh(item->frame.length);
	if (available < header + item->length)
		return reserve(decoder, header + item->length);
	item->bytes = bytes + header;
	decoder->last = decoder->begin;
	decoder->begin += header + item->length;
	if (!decoder->is_again &&
	    le32toh(item->frame.payload_crc) != sluice_crc32c(0, item->bytes, item->length))
		return -EBADMSG;
	if (item->frame.type == SLUICE_FRAME_DATA_ZSTD)
		error = inflate_frame(decoder, bytes, item);
	decoder->is_again = false;
	return error ? error : 1;
}

/* As decoder.h says. */
void sluice_decoder_again(struct sluice_decoder *decoder)
{
	if (!decoder || decoder->framing != SLUICE_DECODER_NATIVE ||
	    decoder->last >= decoder->begin)
		return;
	decoder->begin = decoder->last;
	decoder->is_again = true;
}

/* Next line. */
static int next_line(struct sluice_decoder *decoder, struct sluice_decoder_item *item)
{
	const uint8_t *bytes = decoder->buffer + decoder->begin;
	size_t available = decoder->end - decoder->begin;
	const uint8_t *newline =
		memchr(bytes + decoder->searched, '\n', available - decoder->searched);
	bool was_skipping = decoder->skipping;

	if (!newline) {
		decoder->searched = available;
		if (available <= SLUICE_DECODER_LINE_MAX && !was_skipping)
			return 0;
		decoder->begin = decoder->end;
		decoder->searched = 0;
		decoder->skipping = true;
		return was_skipping ? 0 : -EMSGSIZE;
	}
	item->bytes = bytes;
	item->length = (size_t)(newline - bytes);
	decoder->begin += item->length + 1;
	decoder->searched = 0;
	decoder->skipping = false;
	if (was_skipping)
		return next_line(decoder, item);
	return item->length > SLUICE_DECODER_LINE_MAX ? -EMSGSIZE : 1;
}

/* Next octet-counted message. An empty datagram is "0 ", which RFC 6587 (MSG-LEN begins with a
 * digit that is not 0) does not know and which nothing else can mean. */
static int next_message(struct sluice_decoder *decoder, struct sluice_decoder_item *item)
{
	const uint8_t *bytes = decoder->buffer + decoder->begin;
	size_t available = decoder->end - decoder->begin;
	size_t length = 0;
	size_t digits = 0;

	while (digits < available && bytes[digits] >= '0' && bytes[digits] <= '9') {
		length = length * 10 + (size_t)(bytes[digits++] - '0');
		if (length > SLUICE_PAYLOAD_MAX || (digits == 2 && bytes[0] == '0'))
			return -EPROTO;
	}
	if (digits == available)
		return 0;
	if (digits == 0 || bytes[digits] != ' ')
		return -EPROTO;
	if (available - digits - 1 < length)
		return 0;
	item->bytes = bytes + digits + 1;
	item->length = length;
	decoder->begin += digits + 1 + length;
	return 1;
}

/* Next datagram behind a length of 4 bytes. */
static int next_length32(struct sluice_decoder *decoder, struct sluice_decoder_item *item)
{
	const uint8_t *bytes = decoder->buffer + decoder->begin;
	size_t available = decoder->end - decoder->begin;
	uint32_t length;

	if (available < sizeof(length))
		return 0;
	memcpy(&length, bytes, sizeof(length));
	length = be32toh(length);
	if (length > SLUICE_PAYLOAD_MAX)
		return -EPROTO;
	if (available - sizeof(length) < length)
		return 0;
	item->bytes = bytes + sizeof(length);
	item->length = length;
	decoder->begin += sizeof(length) + length;
	return 1;
}

/* As decoder.h says. */
int sluice_decoder_next(struct sluice_decoder *decoder, struct sluice_decoder_item *item)
{
	if (!decoder || !item)
		return -EINVAL;
	if (decoder->begin == decoder->end)
		return 0;
	switch (decoder->framing) {
	case SLUICE_DECODER_NATIVE:
		return next_frame(decoder, item);
	case SLUICE_DECODER_NEWLINE:
		return next_line(decoder, item);
	case SLUICE_DECODER_OCTET_COUNTED:
		return next_message(decoder, item);
	case SLUICE_DECODER_LENGTH32:
		return next_length32(decoder, item);
	}
	return -EINVAL;
}
