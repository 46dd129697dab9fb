/* SPDX-License-Identifier: MIT */
/*
 * The spool as it lies on the disk; docs/spool-format.md tells it in words. Everything
 * little-endian, every structure begins at a multiple of 4 KiB and is covered by a CRC32C. Under
 * spool*.c and sluicectl spool. Touches: memory only.
 *
 *   DIRECTORY/checkpoint        block 0: store; then two slots, written in turn
 *   DIRECTORY/segment-000000    block 0: segment; then frames; at the end of a sealed one a frame
 *                               that lists them
 */
#ifndef SLUICE_LIB_SPOOL_FORMAT_H
#define SLUICE_LIB_SPOOL_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "disk.h"

#define SLUICE_SPOOL_VERSION 1U
#define SLUICE_SPOOL_STORE_MAGIC 0x50535453U   /* "STSP" */
#define SLUICE_SPOOL_SLOT_MAGIC 0x504b4843U    /* "CHKP" */
#define SLUICE_SPOOL_SEGMENT_MAGIC 0x4d474553U /* "SEGM" */
#define SLUICE_SPOOL_FRAME_MAGIC 0x4d415246U   /* "FRAM" */
#define SLUICE_SPOOL_CATALOG_MAGIC 0x4c544143U /* "CATL" */

/* Bytes of one checkpoint slot: 2,338 entries. */
#define SLUICE_SPOOL_SLOT (128U << 10)
/* The longest payload of a data frame: a span of 256 KiB, or the one longest record. */
#define SLUICE_SPOOL_PAYLOAD_MAX (320U << 10)
/* Bytes of stream that a frame of marks stands for at most. */
#define SLUICE_SPOOL_GAPS_SPAN (1ULL << 30)
/* Outputs that one frame can wait for: a cursor each in the ring (ring.h). */
#define SLUICE_SPOOL_OUTPUTS 62U

/**
 * struct sluice_spool_store - block 0 of the checkpoint file
 * @magic: SLUICE_SPOOL_STORE_MAGIC
 * @version: SLUICE_SPOOL_VERSION
 * @store: UUID of the store: what does not carry it does not belong to it
 * @reserved: 0
 * @crc: CRC32C of the bytes before
 */
struct sluice_spool_store {
	__le32 magic;
	__le32 version;
	__u8 store[16];
	__le32 reserved;
	__le32 crc;
};

/**
 * struct sluice_spool_slot - head of a checkpoint slot
 * @magic: SLUICE_SPOOL_SLOT_MAGIC
 * @version: SLUICE_SPOOL_VERSION
 * @store: as above
 * @generation: the higher of two valid slots counts
 * @serial: segments were begun so far
 * @count: entries that follow
 * @entries_crc: CRC32C of them
 * @reserved: 0
 * @crc: CRC32C of the bytes before
 */
struct sluice_spool_slot {
	__le32 magic;
	__le32 version;
	__u8 store[16];
	__le64 generation;
	__le64 serial;
	__le32 count;
	__le32 entries_crc;
	__le32 reserved;
	__le32 crc;
};

/* One entry: this output has acknowledged [start, end) of this stream. */
struct sluice_spool_entry {
	__u8 stream[16];
	__u8 output[16];
	__le64 epoch;
	__le64 start;
	__le64 end;
};

/* Outputs that the frames in a catalog can wait for, all together. */
#define SLUICE_SPOOL_CATALOG_OUTPUTS 64U
/* Not all frames found room. */
#define SLUICE_SPOOL_CATALOG_PARTIAL 1U

/**
 * struct sluice_spool_catalog - behind the entries of a slot, where there is room: what the store
 * held that somebody needed; then SLUICE_SPOOL_CATALOG_OUTPUTS GUIDs, streams, runs
 * @magic: SLUICE_SPOOL_CATALOG_MAGIC; a slot of an older version has zeros here
 * @version: SLUICE_SPOOL_VERSION
 * @flags: SLUICE_SPOOL_CATALOG_PARTIAL
 * @outputs: how many of the GUIDs are some output's
 * @streams: how many streams follow
 * @runs: and runs
 * @reserved: 0
 * @crc: CRC32C of all of it, with this field 0
 */
struct sluice_spool_catalog {
	__le32 magic;
	__le32 version;
	__le32 flags;
	__le32 outputs;
	__le32 streams;
	__le32 runs;
	__le32 reserved;
	__le32 crc;
};

/* A stream of a catalog; fields as in struct sluice_spool_frame_head. */
struct sluice_spool_catalog_stream {
	__u8 stream[16];
	__u8 route[16];
	__le64 epoch;
	__le32 cpu;
	__le32 reserved;
};

/**
 * struct sluice_spool_catalog_run - a frame; or, where they do not fit one by one, several side by
 * side
 * @serial: of its segment
 * @start: first byte of the stream
 * @end: the byte after the last
 * @outputs: bit n: the n-th GUID waited for it
 * @count: as in its head; the sum if they are several
 * @stream: number of the stream
 * @type: enum sluice_spool_frame_type; several frames: SLUICE_SPOOL_GAPS
 * @reserved: 0
 */
struct sluice_spool_catalog_run {
	__le64 serial;
	__le64 start;
	__le64 end;
	__le64 outputs;
	__le32 count;
	__le16 stream;
	__u8 type;
	__u8 reserved;
};

enum sluice_spool_state {
	SLUICE_SPOOL_FREE = 0,
	SLUICE_SPOOL_ACTIVE = 1, /* frames are being written; or it was never sealed */
	SLUICE_SPOOL_SEALED = 2, /* `list` tells where the list of frames is */
};

/**
 * struct sluice_spool_segment_head - block 0 of a segment
 * @magic: SLUICE_SPOOL_SEGMENT_MAGIC
 * @version: SLUICE_SPOOL_VERSION
 * @store: as above
 * @serial: which use of a segment this is, counted over the whole store: frames with another one
 * are stale
 * @size: bytes of the file
 * @list: position of the list frame, 0: none
 * @state: enum sluice_spool_state
 * @crc: CRC32C of the bytes before
 */
struct sluice_spool_segment_head {
	__le32 magic;
	__le32 version;
	__u8 store[16];
	__le64 serial;
	__le64 size;
	__le64 list;
	__le32 state;
	__le32 crc;
};

enum sluice_spool_frame_type {
	SLUICE_SPOOL_DATA = 1, /* payload: records, as they lay in the ring */
	SLUICE_SPOOL_GAPS = 2, /* payload: marks: what was given up of [offset, offset + span) */
	SLUICE_SPOOL_LIST = 3, /* payload: position (le64) and head of each frame of the segment */
};

/**
 * struct sluice_spool_frame_head - head of a frame, 128 bytes, GUIDs of the outputs that wait for
 * it behind it, then payload
 * @magic: SLUICE_SPOOL_FRAME_MAGIC
 * @type: enum sluice_spool_frame_type
 * @version: SLUICE_SPOOL_VERSION
 * @head_length: bytes before the payload: 128 + 16 * outputs
 * @length: bytes of payload
 * @count: records in it; LIST: frames
 * @store: as above
 * @stream: UUID
 * @route: GUID of the route the stream belongs to
 * @epoch: of the stream
 * @offset: of the first byte in the stream
 * @span: bytes of stream; the same as @length in DATA
 * @serial: the segment's
 * @time_ns: when it was written, since 1970
 * @reserved: 0
 * @outputs: how many GUIDs follow
 * @cpu: the stream's
 * @payload_crc: CRC32C of the payload
 * @crc: CRC32C of the head_length bytes with this field 0
 */
struct sluice_spool_frame_head {
	__le32 magic;
	__u8 type;
	__u8 version;
	__le16 head_length;
	__le32 length;
	__le32 count;
	__u8 store[16];
	__u8 stream[16];
	__u8 route[16];
	__le64 epoch;
	__le64 offset;
	__le64 span;
	__le64 serial;
	__le64 time_ns;
	__le64 reserved;
	__le32 outputs;
	__le32 cpu;
	__le32 payload_crc;
	__le32 crc;
};

/**
 * struct sluice_spool_mark - records that were given up, at equal distances: part of the payload of
 * a GAPS frame
 * @start: where the first one began, in units of 8 bytes behind the frame's offset
 * @step: from the beginning of one to that of the next, likewise; 0: all at @start
 * @count: how many datagrams
 * @input: whose
 * @cause: enum sluice_lost_cause: what was lost before keeps the one it had
 */
struct sluice_spool_mark {
	__le32 start;
	__le32 step;
	__le32 count;
	__le16 input;
	__le16 cause;
};

_Static_assert(sizeof(struct sluice_spool_catalog) == 32, "catalog head is 32 bytes");
_Static_assert(sizeof(struct sluice_spool_catalog_stream) == 48, "stream is 48 bytes");
_Static_assert(sizeof(struct sluice_spool_catalog_run) == 40, "run is 40 bytes");
_Static_assert(sizeof(struct sluice_spool_mark) == 16, "mark is 16 bytes");
_Static_assert(sizeof(struct sluice_spool_frame_head) == 128, "frame head is 128 bytes");
_Static_assert(sizeof(struct sluice_spool_entry) == 56, "entry is 56 bytes");
_Static_assert(sizeof(struct sluice_spool_slot) == 56, "slot head is 56 bytes");

#define SLUICE_SPOOL_ENTRIES \
	((SLUICE_SPOOL_SLOT - sizeof(struct sluice_spool_slot)) / sizeof(struct sluice_spool_entry))

/* Bytes that a frame takes on the disk. */
static inline uint64_t sluice_spool_frame_bytes(uint64_t head_length, uint64_t length)
{
	return (head_length + length + SLUICE_DISK_BLOCK - 1) & ~((uint64_t)SLUICE_DISK_BLOCK - 1);
}

/* Seal: fill in magic, version and CRC. Check: 0, -EBADMSG (CRC), -EPROTO (not one of these, or
 * impossible values), -EPROTONOSUPPORT (a newer version). Of a frame head `available` bytes can be
 * read. @threadsafe */
void sluice_spool_store_seal(struct sluice_spool_store *store);
int sluice_spool_store_check(const struct sluice_spool_store *store);
void sluice_spool_slot_seal(struct sluice_spool_slot *slot,
			    const struct sluice_spool_entry *entries);
int sluice_spool_slot_check(const struct sluice_spool_slot *slot);
void sluice_spool_segment_seal(struct sluice_spool_segment_head *segment);
int sluice_spool_segment_check(const struct sluice_spool_segment_head *segment);
void sluice_spool_frame_seal(struct sluice_spool_frame_head *frame);
int sluice_spool_frame_check(const struct sluice_spool_frame_head *frame, size_t available);

/*
 * Writes records that stand for `span` bytes of stream (a multiple of 8) whose content is lost: a
 * GAP that tells of `datagrams`, and PAD. Where 40 bytes are not there for a GAP, PAD alone.
 * `time_ns` as in records. Returns how many records were written, PAD not counted.
 */
uint32_t sluice_spool_write_gap(uint8_t *bytes, uint64_t span, uint64_t datagrams,
				uint64_t time_ns);
/* Likewise PAD alone. */
void sluice_spool_write_pad(uint8_t *bytes, uint64_t span, uint64_t time_ns);

#endif /* SLUICE_LIB_SPOOL_FORMAT_H */
