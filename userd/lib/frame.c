// SPDX-License-Identifier: MIT
/*
 * Frame headers: sealing one that is to be sent, judging one that was received. Both ends of a native connection use
 * it, between the TCP socket and the stream's bytes. Touches: nothing but the bytes it is handed.
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

/* As frame.h says. NULL: nothing happens. @threadsafe */
void sluice_frame_seal(struct sluice_frame *frame)
{
	if (!frame)
		return;
	frame->magic = htole32(SLUICE_FRAME_MAGIC);
	frame->version = SLUICE_FRAME_VERSION;
	frame->header_length = htole16(SLUICE_FRAME_HEADER);
	frame->header_crc = htole32(header_crc((const uint8_t *)frame, SLUICE_FRAME_HEADER));
}

/*
 * As frame.h says, and -EINVAL for NULL. `bytes` need not be aligned. The magic is judged as soon as its 4 bytes are
 * there; a length is believed only within bounds, so that a wrong one cannot make the reader wait for ever. @threadsafe
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
