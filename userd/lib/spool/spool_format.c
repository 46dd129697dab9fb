// SPDX-License-Identifier: MIT
/*
 * Heads of the spool's files: made and checked; see spool_format.h. Touches: memory it is given.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sluice/record.h>
#include "frame.h"
#include "record.h"
#include "spool_format.h"

#define GAP_LENGTH ((uint32_t)(sizeof(struct sluice_record) + sizeof(struct sluice_record_gap)))

/* What magic, version and CRC say of a head; `crc` is what it should be. */
static int judge(__le32 magic, uint32_t wanted, uint32_t version, uint32_t crc, __le32 found)
{
	if (le32toh(magic) != wanted)
		return -EPROTO;
	if (crc != le32toh(found))
		return -EBADMSG;
	return version == SLUICE_SPOOL_VERSION ? 0 : -EPROTONOSUPPORT;
}

void sluice_spool_store_seal(struct sluice_spool_store *store)
{
	store->magic = htole32(SLUICE_SPOOL_STORE_MAGIC);
	store->version = htole32(SLUICE_SPOOL_VERSION);
	store->crc = htole32(sluice_crc32c(0, store, offsetof(struct sluice_spool_store, crc)));
}

int sluice_spool_store_check(const struct sluice_spool_store *store)
{
	return judge(store->magic, SLUICE_SPOOL_STORE_MAGIC, le32toh(store->version),
		     sluice_crc32c(0, store, offsetof(struct sluice_spool_store, crc)), store->crc);
}

void sluice_spool_slot_seal(struct sluice_spool_slot *slot,
			    const struct sluice_spool_entry *entries)
{
	slot->magic = htole32(SLUICE_SPOOL_SLOT_MAGIC);
	slot->version = htole32(SLUICE_SPOOL_VERSION);
	slot->entries_crc =
		htole32(sluice_crc32c(0, entries, le32toh(slot->count) * sizeof(*entries)));
	slot->crc = htole32(sluice_crc32c(0, slot, offsetof(struct sluice_spool_slot, crc)));
}

int sluice_spool_slot_check(const struct sluice_spool_slot *slot)
{
	int error =
		judge(slot->magic, SLUICE_SPOOL_SLOT_MAGIC, le32toh(slot->version),
		      sluice_crc32c(0, slot, offsetof(struct sluice_spool_slot, crc)), slot->crc);

	if (!error && le32toh(slot->count) > SLUICE_SPOOL_ENTRIES)
		return -EPROTO;
	return error;
}

void sluice_spool_segment_seal(struct sluice_spool_segment_head *segment)
{
	segment->magic = htole32(SLUICE_SPOOL_SEGMENT_MAGIC);
	segment->version = htole32(SLUICE_SPOOL_VERSION);
	segment->crc =
		htole32(sluice_crc32c(0, segment, offsetof(struct sluice_spool_segment_head, crc)));
}

int sluice_spool_segment_check(const struct sluice_spool_segment_head *segment)
{
	return judge(segment->magic, SLUICE_SPOOL_SEGMENT_MAGIC, le32toh(segment->version),
		     sluice_crc32c(0, segment, offsetof(struct sluice_spool_segment_head, crc)),
		     segment->crc);
}

/* The CRC of a frame's head, whose own field counts as 0. */
static uint32_t frame_crc(const struct sluice_spool_frame_head *frame)
{
	struct sluice_spool_frame_head copy = *frame;
	uint32_t crc;

	copy.crc = 0;
	crc = sluice_crc32c(0, &copy, sizeof(copy));
	return sluice_crc32c(crc, frame + 1, le16toh(frame->head_length) - sizeof(copy));
}

void sluice_spool_frame_seal(struct sluice_spool_frame_head *frame)
{
	frame->magic = htole32(SLUICE_SPOOL_FRAME_MAGIC);
	frame->version = SLUICE_SPOOL_VERSION;
	frame->head_length =
		htole16((uint16_t)(sizeof(*frame) + (size_t)16 * le32toh(frame->outputs)));
	frame->crc = htole32(frame_crc(frame));
}

int sluice_spool_frame_check(const struct sluice_spool_frame_head *frame, size_t available)
{
	uint64_t offset, span;
	int error;

	if (available < sizeof(*frame) || le32toh(frame->magic) != SLUICE_SPOOL_FRAME_MAGIC)
		return -EPROTO;
	if (le16toh(frame->head_length) < sizeof(*frame) || le16toh(frame->head_length) > available)
		return -EBADMSG;
	error = judge(frame->magic, SLUICE_SPOOL_FRAME_MAGIC, frame->version, frame_crc(frame),
		      frame->crc);
	if (error)
		return error;
	offset = le64toh(frame->offset);
	span = le64toh(frame->span);
	if (le32toh(frame->outputs) > SLUICE_SPOOL_OUTPUTS ||
	    le16toh(frame->head_length) != sizeof(*frame) + (size_t)16 * le32toh(frame->outputs) ||
	    offset + span < offset || (offset | span) % SLUICE_RECORD_ALIGN)
		return -EPROTO;
	if (frame->type == SLUICE_SPOOL_LIST)
		return 0;
	if (!span || le32toh(frame->length) > SLUICE_SPOOL_PAYLOAD_MAX ||
	    span > SLUICE_SPOOL_GAPS_SPAN)
		return -EPROTO;
	if (frame->type == SLUICE_SPOOL_GAPS)
		return le32toh(frame->length) % sizeof(struct sluice_spool_mark) ? -EPROTO : 0;
	return span == le32toh(frame->length) ? 0 : -EPROTO;
}

void sluice_spool_write_pad(uint8_t *bytes, uint64_t span, uint64_t time_ns)
{
	const uint64_t most =
		32768; /* a reader takes no record longer than the longest datagram's */
	uint64_t step;

	memset(bytes, 0, span);
	while (span >= sizeof(struct sluice_record)) {
		/* What is left must hold a header again, or nothing. */
		step = span <= most + sizeof(struct sluice_record) ? span : most;
		sluice_record_write(bytes, (uint32_t)step, SLUICE_RECORD_PAD, 0, 0, time_ns);
		bytes += step;
		span -= step;
	}
}

uint32_t sluice_spool_write_gap(uint8_t *bytes, uint64_t span, uint64_t datagrams, uint64_t time_ns)
{
	struct sluice_record_gap gap = {.datagrams = htole64(datagrams),
					.cause = htole32(SLUICE_LOST_DISK)};
	uint64_t length = sluice_record_span(GAP_LENGTH);

	if (!datagrams || span < length ||
	    (span > length && span - length < sizeof(struct sluice_record))) {
		sluice_spool_write_pad(bytes, span, time_ns);
		return 0;
	}
	sluice_record_write(bytes, GAP_LENGTH, SLUICE_RECORD_GAP, 0, 0, time_ns);
	memcpy(bytes + sizeof(struct sluice_record), &gap, sizeof(gap));
	sluice_spool_write_pad(bytes + length, span - length, time_ns);
	return 1;
}
