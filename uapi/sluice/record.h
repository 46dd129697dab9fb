/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The record: how one datagram lies in a ring, in a spool segment and inside a native frame.
 *
 * Written once, by the capture engine, and never touched again. A stream is nothing but records
 * laid end to end; every record starts at an offset that is a multiple of SLUICE_RECORD_ALIGN and
 * takes sluice_record_span(length) bytes. All fields are little-endian, on every machine.
 *
 *   0        4     5      6      8                16
 *   +--------+-----+------+------+----------------+---------------+---------+---------+
 *   | length |type |flags |input | time_ns        | address block | payload | padding |
 *   +--------+-----+------+------+----------------+---------------+---------+---------+
 *                                                   only if F_ADDRESS         to 8 bytes
 */
#ifndef SLUICE_RECORD_H
#define SLUICE_RECORD_H

#include <linux/types.h>

/* Records start at multiples of this many bytes, so that a 64-bit field is never split. */
#define SLUICE_RECORD_ALIGN 8U

/* The largest UDP payload: 65,535 less 8 bytes of UDP and 20 of IPv4 header (RFC 768, RFC 791).
 * IPv6 without jumbograms carries up to 65,527 (RFC 8200: the payload length counts the UDP
 * header). */
#define SLUICE_PAYLOAD_MAX 65527U

/* What a record is. Readers skip types they do not know by `length`. */
enum sluice_record_type {
	SLUICE_RECORD_DATA = 1, /* a datagram */
	SLUICE_RECORD_GAP = 2, /* datagrams lost at this place; payload: struct sluice_record_gap */
	SLUICE_RECORD_PAD = 3, /* nothing: fills up to a boundary */
};

/* struct sluice_record.flags */
#define SLUICE_RECORD_F_ADDRESS 0x01  /* an address block follows the header */
#define SLUICE_RECORD_F_HWTIME 0x02   /* time_ns is of the network card's clock, not the kernel's */
#define SLUICE_RECORD_F_BADCSUM 0x04  /* the UDP checksum was wrong, and the input keeps such */
#define SLUICE_RECORD_F_SEQUENCE 0x08 /* the address block's `sequence` is filled in */
#define SLUICE_RECORD_F_CUT 0x10      /* the payload was longer; user-space sources only */

/**
 * struct sluice_record - header of a record
 * @length:  bytes of header, address block and payload, without the padding behind them
 * @type:    enum sluice_record_type
 * @flags:   SLUICE_RECORD_F_*
 * @input:   index of the input within the route (configuration gives it, see SLUICE_A_RULE_INPUT)
 * @time_ns: when the datagram was received, nanoseconds since 1970-01-01 UTC; of a GAP: when it was
 * written. With F_HWTIME in the scale that the card's clock is kept in: UTC, TAI (IEEE 1588), or
 * since it started
 */
struct sluice_record {
	__le32 length;
	__u8 type;
	__u8 flags;
	__le16 input;
	__le64 time_ns;
};

/**
 * struct sluice_record_address - where a datagram came from and went to (48 bytes)
 * @family:           4 or 6
 * @vlan_present:     1 if @vlan_tci holds a tag
 * @vlan_tci:         IEEE 802.1Q tag control information
 * @source_port:      UDP source port
 * @destination_port: UDP destination port
 * @interface:        ifindex the datagram came in by
 * @sequence:         low 32 bits of the number of records in the ring before this one
 * @source:           IPv6 address, or IPv4 in the first 4 bytes; network byte order
 * @destination:      likewise
 */
struct sluice_record_address {
	__u8 family;
	__u8 vlan_present;
	__le16 vlan_tci;
	__le16 source_port;
	__le16 destination_port;
	__le32 interface;
	__le32 sequence;
	__u8 source[16];
	__u8 destination[16];
};

/* Why a matched datagram is not in the stream. The names are the same in counters, netlink, JSON.
 */
enum sluice_lost_cause {
	SLUICE_LOST_RING_FULL = 0,    /* no room: the readers are behind */
	SLUICE_LOST_BAD_LENGTH = 1,   /* the UDP length field does not fit the packet */
	SLUICE_LOST_BAD_CHECKSUM = 2, /* the UDP checksum is wrong */
	SLUICE_LOST_BAD_TAIL = 3, /* the reader wrote an impossible tail: nothing can be stored */
	SLUICE_LOST_COPY = 4,	  /* the packet's bytes could not be read */
	SLUICE_LOST_NO_RING = 5,  /* the route has no ring for this CPU, or the guard was taken */
	SLUICE_LOST_SOCKET = 6,	  /* user-space source: the socket's buffer overflowed */
	SLUICE_LOST_DISK = 7,	  /* the spool was damaged */
	SLUICE_LOST_OLDEST = 8, /* stored, and given up for newer ones: memory and disk were full */
	SLUICE_LOST_CAUSES,	/* how many there are; readers size arrays by what they are given */
};

/**
 * struct sluice_record_gap - payload of a GAP record (24 bytes)
 * @datagrams: how many datagrams of the record's input were lost here
 * @bytes:     their payload bytes, 0 if not known
 * @cause:     enum sluice_lost_cause
 * @reserved:  0
 */
struct sluice_record_gap {
	__le64 datagrams;
	__le64 bytes;
	__le32 cause;
	__le32 reserved;
};

/* Bytes that a record of `length` takes in the stream, padding included. */
static inline __u64 sluice_record_span(__u32 length)
{
	return ((__u64)length + SLUICE_RECORD_ALIGN - 1) & ~((__u64)SLUICE_RECORD_ALIGN - 1);
}

#endif /* SLUICE_RECORD_H */
