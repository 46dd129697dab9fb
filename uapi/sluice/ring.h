/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The ring: the newest part of a stream, shared between its one producer (the module, or a
 * user-space source) and its one consumer (a worker of the daemon). Readers without ownership map
 * it read-only.
 *
 * Offsets into a stream are 64-bit byte counts that start at 0 and never wrap; the byte at offset
 * `o` is at data[o & (size - 1)]. The data pages are mapped twice in a row, so a span is always
 * contiguous.
 *
 * File (of /dev/sluice after SLUICE_IOC_ATTACH, or of the memfd of a user-space source):
 *
 *   0                   producer page    read-only for the consumer     struct sluice_ring_producer
 *   SLUICE_RING_PAGE    consumer page    the only writable one          struct sluice_ring_consumer
 *   index_offset        boundary index   read-only                      struct sluice_ring_boundary
 *                       []
 *   data_offset         data             read-only                      size bytes
 *   data_offset + size  data once more   (kernel rings: part of the file; memfd: map data_offset
 *                       twice)
 *
 * Positions:      tail <= cursor of each output <= head < tail + size
 *
 * The producer leaves at least SLUICE_RECORD_ALIGN bytes free: in a ring full to the brim the index
 * entry of the block that begins at head would take the place of that of the block that begins at
 * tail.
 */
#ifndef SLUICE_RING_H
#define SLUICE_RING_H

#include <linux/types.h>
#include "record.h"

#define SLUICE_RING_MAGIC 0x4c534952U /* "RISL" read as little-endian */
#define SLUICE_RING_VERSION 1U
#define SLUICE_RING_PAGE 4096U

/* Sizes a ring may have: powers of two. The smallest holds one datagram of the largest size and a
 * GAP. */
#define SLUICE_RING_SIZE_MIN (256UL << 10)
#define SLUICE_RING_SIZE_MAX (4UL << 30)

/* Bytes of stream per entry of the boundary index (log2), and how many outputs can keep a cursor.
 */
#define SLUICE_RING_BOUNDARY_SHIFT 16U
#define SLUICE_RING_CURSORS 62U

/**
 * struct sluice_ring_producer - first page of the file: written by the producer only
 *
 * Line 0 never changes after the ring was made. Line 1 moves with every record: the producer writes
 * sequence_begun, then head (release), then sequence_done (release); a reader that reads
 * sequence_done (acquire), head (acquire), sequence_begun and finds both equal knows exactly how
 * many records lie before head. Line 2 moves when the producer wakes the consumer. Line 3 on are
 * counters.
 *
 * @magic:          SLUICE_RING_MAGIC
 * @version:        SLUICE_RING_VERSION
 * @size:           bytes of data, a power of two
 * @stream:         id of the stream
 * @epoch:          incarnation of the stream: offsets of different epochs have nothing to do with
 * each other
 * @data_offset:    where in the file the data begins
 * @index_offset:   where in the file the boundary index begins
 * @index_entries:  its entries: size >> SLUICE_RING_BOUNDARY_SHIFT
 * @cpu:            CPU whose datagrams are in here
 * @reserved0:      0
 * @head:           end of the last complete record
 * @sequence_begun: records begun, DATA and GAP alike
 * @sequence_done:  records completed
 * @announced:      head as it was when the consumer was last woken: poll() answers for this much
 * @stored:         DATA records stored
 * @stored_bytes:   their payload bytes
 * @gaps:           GAP records stored
 * @wakes:          how often the consumer was woken
 * @lost:           datagrams lost, by enum sluice_lost_cause
 * @gap_datagrams:  of the lost ones, how many have been told of by GAP records so far
 */
struct sluice_ring_producer {
	__u32 magic;
	__u32 version;
	__u64 size;
	__u8 stream[16];
	__u64 epoch;
	__u32 data_offset;
	__u32 index_offset;
	__u32 index_entries;
	__u32 cpu;
	__u64 reserved0;

	__u64 head __attribute__((aligned(64)));
	__u64 sequence_begun;
	__u64 sequence_done;
	__u64 stored;
	__u64 stored_bytes;
	__u64 gaps;

	__u64 announced __attribute__((aligned(64)));
	__u64 wakes;

	__u64 lost[16] __attribute__((aligned(64)));
	__u64 gap_datagrams;
};

/**
 * struct sluice_ring_cursor - how far one output has got, 64 bytes
 * @output: id of the output; all zero: the slot is free
 * @acked:  everything before this offset was acknowledged by the output's receivers
 * @taken:  everything before this offset was taken for sending at least once (statistics, not
 * trusted)
 * @reserved: 0
 */
struct sluice_ring_cursor {
	__u8 output[16];
	__u64 acked;
	__u64 taken;
	__u64 reserved[4];
};

/**
 * struct sluice_ring_consumer - second page of the file: written by the consumer only
 *
 * The producer trusts nothing in here: it reads tail once per record (acquire, pairs with the
 * consumer's release) and counts SLUICE_LOST_BAD_TAIL if it is misaligned, beyond head, or went
 * backwards.
 *
 * @tail:   everything before it may be overwritten: the least `acked` of all cursors
 * @seen:   the consumer has noticed everything before this offset: poll() stays silent until
 *          producer->announced is beyond it
 * @reserved: 0
 * @cursor: one slot per output, found by its id, so that a crash keeps every output's place
 */
struct sluice_ring_consumer {
	__u64 tail;
	__u64 seen;
	__u64 reserved[14];
	struct sluice_ring_cursor cursor[SLUICE_RING_CURSORS];
};

/**
 * struct sluice_ring_boundary - one entry of the boundary index
 *
 * Entry (n & (index_entries - 1)) describes block n, stream bytes [n << SHIFT, (n + 1) << SHIFT).
 * It is valid for every block that ends at or before head and starts at or after tail. With it a
 * consumer cuts a long backlog into spans of whole records without looking at the records.
 *
 * @offset:   first record boundary at or after the start of the block
 * @sequence: how many records lie before that boundary
 */
struct sluice_ring_boundary {
	__u64 offset;
	__u64 sequence;
};

#endif /* SLUICE_RING_H */
