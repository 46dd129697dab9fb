// SPDX-License-Identifier: MIT
/*
 * Frame headers: sealing one that is to be sent, judging one that was received. Both ends of a
 * native connection use it, between the TCP socket and the stream's bytes. Touches: nothing but the
 * bytes it is handed.
 */
#include <errno.h>
#include <string.h>
#include "frame.h"

/* CRC32C of a whole header as if its header_crc were 0. `length` bytes, at least 64. @threadsafe */
static uint32_t header_crc(const uint8_t *header, size_t length)
{
	static const uint8_t zero[sizeof(((struct sluice_frame *)0)->header_crc)];
	const size_t before = offsetof(struct sluice_frame, header_crc);
	const size_t after = before + sizeof(zero);
	uint32_t crc;

	crc = sluice_crc32c(0, header, before);
	crc = sluice_crc32c(crc, zero, sizeof(zero));
	return sluice_crc32c(crc, header + after, length - after);
}

/* Fills in what all headers have; `length` bytes of it are there. */
static void seal(struct sluice_frame *frame, size_t length)
{
	frame->magic = htole32(SLUICE_FRAME_MAGIC);
	frame->version = SLUICE_FRAME_VERSION;
	frame->header_length = htole16((uint16_t)length);
	frame->header_crc = htole32(header_crc((const uint8_t *)frame, length));
}

/* As frame.h says. NULL: nothing happens. @threadsafe */
void sluice_frame_seal(struct sluice_frame *frame)
{
	if (frame)
		seal(frame, sizeof(*frame));
}

/* As frame.h says. NULL: 0. @threadsafe */
size_t sluice_frame_seal_lost(struct sluice_frame_lost *frame, uint64_t blank)
{
	size_t length = blank ? sizeof(*frame) : sizeof(frame->frame);

	if (!frame)
		return 0;
	frame->blank = htole64(blank);
	seal(&frame->frame, length);
	return length;
}

/* As frame.h says. NULL: 0. @threadsafe */
size_t sluice_frame_seal_zstd(struct sluice_frame_zstd *frame, uint64_t blank, uint32_t whole)
{
	if (!frame)
		return 0;
	frame->lost.blank = htole64(blank);
	frame->whole = htole32(whole);
	frame->reserved = 0;
	seal(&frame->lost.frame, sizeof(*frame));
	return sizeof(*frame);
}

/* As frame.h says. @threadsafe */
uint64_t sluice_frame_blank(const void *bytes)
{
	struct sluice_frame_lost frame;

	memcpy(&frame.frame, bytes, sizeof(frame.frame));
	if ((frame.frame.type != SLUICE_FRAME_DATA && frame.frame.type != SLUICE_FRAME_DATA_ZSTD) ||
	    le16toh(frame.frame.header_length) < sizeof(frame))
		return 0;
	memcpy(&frame, bytes, sizeof(frame));
	return le64toh(frame.blank);
}

/* As frame.h says. @threadsafe */
uint32_t sluice_frame_whole(const void *bytes)
{
	struct sluice_frame_zstd frame;
	uint32_t whole;

	memcpy(&frame.lost.frame, bytes, sizeof(frame.lost.frame));
	if (le16toh(frame.lost.frame.header_length) < sizeof(frame))
		return 0;
	memcpy(&frame, bytes, sizeof(frame));
	whole = le32toh(frame.whole);
	return whole <= SLUICE_FRAME_PAYLOAD_MAX ? whole : 0;
}

/*
 * As frame.h says, and -EINVAL for NULL. `bytes` need not be aligned. The magic is judged as soon
 * as its 4 bytes are there; a length is believed only within bounds, so that a wrong one cannot
 * make the reader wait for ever. @threadsafe
 */
int sluice_frame_check(const void *bytes, size_t available)
{
	struct sluice_frame frame;
	uint16_t header_length;
	uint32_t magic;

	if (!bytes)
		return -EINVAL;
	if (available < sizeof(magic))
		return -EAGAIN;
	memcpy(&magic, bytes, sizeof(magic));
	if (le32toh(magic) != SLUICE_FRAME_MAGIC)
		return -EPROTO;
	if (available < sizeof(frame))
		return -EAGAIN;
	memcpy(&frame, bytes, sizeof(frame));
	if (frame.version != SLUICE_FRAME_VERSION)
		return -EPROTONOSUPPORT;
	header_length = le16toh(frame.header_length);
	if (header_length < SLUICE_FRAME_HEADER || header_length > SLUICE_FRAME_HEADER_MAX)
		return -EPROTO;
	if (le32toh(frame.length) > SLUICE_FRAME_PAYLOAD_MAX)
		return -EPROTO;
	if (available < header_length)
		return -EAGAIN;
	if (le32toh(frame.header_crc) != header_crc(bytes, header_length))
		return -EBADMSG;
	return 0;
}
