/* SPDX-License-Identifier: MIT */
/*
 * The native wire format: frames of a fixed 64-byte header and a payload, little-endian, over TCP.
 * A DATA frame carries a span of a stream unchanged. The application-level ACK, not TCP's, moves a
 * cursor.
 *
 *   relay                                             receiver
 *     │ HELLO  output GUID, ranges: streams and cursors │
 *     │ ──────────────────────────────────────────────► │
 *     │            HELLO ranges the receiver has already│
 *     │ ◄────────────────────────────────────────────── │
 *     │ DATA stream, epoch, offset, count, floor, span  │
 *     │ ──────────────────────────────────────────────► │
 *     │                     ACK ranges received/durable │
 *     │ ◄────────────────────────────────────────────── │
 *     │ HEARTBEAT when idle; the receiver answers each  │
 *
 * A span that was not acknowledged when its connection broke is sent again, on any connection of
 * the same output, whole. The receiver keeps, per (output GUID, stream, epoch), the ranges it has,
 * and acknowledges but does not deliver again what it has. It may forget what lies below `floor`.
 * A receiver that says in its HELLO that it can may get the span of a DATA frame compressed.
 * Touches: nothing but memory.
 */
#ifndef SLUICE_FRAME_H
#define SLUICE_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <endian.h>
#include <linux/types.h>

#define SLUICE_FRAME_MAGIC 0x31554c53U /* "SLU1" on the wire */
#define SLUICE_FRAME_VERSION 1U
#define SLUICE_FRAME_HEADER 64U
#define SLUICE_FRAME_HEADER_MAX 1024U	    /* the longest header that a reader waits for */
#define SLUICE_FRAME_PAYLOAD_MAX (8U << 20) /* a reader refuses more: its buffer is bounded */

enum sluice_frame_type {
	SLUICE_FRAME_HELLO = 1,
	SLUICE_FRAME_DATA = 2,
	SLUICE_FRAME_ACK = 3,
	SLUICE_FRAME_HEARTBEAT = 4,
	SLUICE_FRAME_PATH = 5,
	SLUICE_FRAME_DATA_ZSTD = 6, /* DATA, its payload compressed (RFC 8878) */
};

/* What a receiver says in its HELLO that it can take, in `offset`. */
#define SLUICE_FRAME_F_ZSTD 0x01U /* SLUICE_FRAME_DATA_ZSTD */

/**
 * struct sluice_frame - header of a frame, as it is on the wire
 * @magic:         SLUICE_FRAME_MAGIC
 * @type:          enum sluice_frame_type; a reader skips types it does not know
 * @version:       SLUICE_FRAME_VERSION; a reader closes the connection on another one
 * @header_length: bytes of this header, at least 64; a reader skips what lies beyond what it knows
 * @length:        bytes of payload that follow
 * @count:         DATA: records in the payload, PAD records not counted (as the ring's sequence
 * does not). HELLO, ACK: ranges in the payload
 * @stream:        DATA: UUID of the stream. HELLO from the relay: GUID of the output
 * @epoch:         DATA: epoch of the stream
 * @offset:        DATA: stream offset of the first payload byte. HELLO from the receiver:
 * SLUICE_FRAME_F_*, what it can take
 * @floor:         DATA: everything of this stream before it has been acknowledged to the relay
 * @payload_crc:   CRC32C of the payload, 0 if there is none
 * @header_crc:    CRC32C of the header_length bytes with this field 0
 */
struct sluice_frame {
	__le32 magic;
	__u8 type;
	__u8 version;
	__le16 header_length;
	__le32 length;
	__le32 count;
	__u8 stream[16];
	__le64 epoch;
	__le64 offset;
	__le64 floor;
	__le32 payload_crc;
	__le32 header_crc;
};

/**
 * struct sluice_frame_lost - header of a DATA frame that tells of a loss and is shorter than what
 * was lost
 * @frame: as above; header_length is 72
 * @blank: so many bytes of stream behind the payload hold nothing, and never will: they count as
 * received with it
 */
struct sluice_frame_lost {
	struct sluice_frame frame;
	__le64 blank;
};

/**
 * struct sluice_frame_zstd - header of a SLUICE_FRAME_DATA_ZSTD
 * @lost:     as above, with `blank`, which may be 0; header_length is 80. `length` and
 * `payload_crc` are of the compressed bytes, all else as of the DATA frame that it stands for
 * @whole:    bytes of that frame's payload, at most SLUICE_FRAME_PAYLOAD_MAX
 * @reserved: 0
 */
struct sluice_frame_zstd {
	struct sluice_frame_lost lost;
	__le32 whole;
	__le32 reserved;
};

#define SLUICE_RANGE_F_DURABLE 0x01U /* the receiver has it on stable storage */

/**
 * struct sluice_frame_range - one entry of a HELLO or ACK payload, 48 bytes
 * @stream:   UUID
 * @epoch:    epoch
 * @start:    first byte
 * @end:      byte after the last; in the relay's HELLO 0, and start is its cursor
 * @flags:    SLUICE_RANGE_F_*
 * @reserved: 0
 */
struct sluice_frame_range {
	__u8 stream[16];
	__le64 epoch;
	__le64 start;
	__le64 end;
	__le32 flags;
	__le32 reserved;
};

/* Relays of a PATH at most: of more, loops are not seen. */
#define SLUICE_FRAME_RELAYS 128U

/**
 * struct sluice_frame_relay - one entry of a PATH payload, 80 bytes
 * @relay: UUID
 * @name:  for people; ends with a zero byte
 */
struct sluice_frame_relay {
	__u8 relay[16];
	char name[64];
};

_Static_assert(sizeof(struct sluice_frame_relay) == 80, "frame relay is 80 bytes");
_Static_assert(sizeof(struct sluice_frame) == SLUICE_FRAME_HEADER, "frame header is 64 bytes");
_Static_assert(sizeof(struct sluice_frame_lost) == 72, "no padding");
_Static_assert(sizeof(struct sluice_frame_zstd) == 80, "no padding");
_Static_assert(sizeof(struct sluice_frame_range) == 48, "frame range is 48 bytes");

/*
 * CRC32C (Castagnoli, RFC 3720 section 12.1: check value of "123456789" is 0xE3069283) by ISA-L.
 * `crc` is 0 to begin with, or what an earlier call returned for the bytes before. @threadsafe
 */
uint32_t sluice_crc32c(uint32_t crc, const void *data, size_t length);

/*
 * Fills in magic, version, header_length and header_crc; the caller has set the rest, payload_crc
 * included.
 * @threadsafe
 */
void sluice_frame_seal(struct sluice_frame *frame);

/* The same of a header with `blank`. If that is 0 it is a header of 64 bytes. Returns how long it
 * is. @threadsafe */
size_t sluice_frame_seal_lost(struct sluice_frame_lost *frame, uint64_t blank);

/* The same of a header of compressed bytes, of which `blank` and `whole` go with it. @threadsafe */
size_t sluice_frame_seal_zstd(struct sluice_frame_zstd *frame, uint64_t blank, uint32_t whole);

/* The blank of a header that sluice_frame_check() found right; 0: it has none. @threadsafe */
uint64_t sluice_frame_blank(const void *bytes);

/* Of such a header of compressed bytes: how many they are when they are not. 0: it does not say, or
 * more than a frame may have. @threadsafe */
uint32_t sluice_frame_whole(const void *bytes);

/*
 * Looks at the first bytes of a received frame. Returns 0 if the header is whole and right, -EAGAIN
 * if `available` is less than the header, -EPROTO for a wrong magic or a length beyond the limits,
 * -EPROTONOSUPPORT for another version, -EBADMSG for a wrong header CRC. @threadsafe
 */
int sluice_frame_check(const void *bytes, size_t available);

#endif /* SLUICE_FRAME_H */
