/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The module's counters, a row each. Names in /proc/net/sluice, /proc/net/stat/sluice and debugfs,
 * places in netlink's STREAM_INSIDE, `sluicectl show kernel`, `sluicectl top`, metrics and the
 * tables in the documents are made from these rows. What is new goes to a table's end: programs
 * that are out there count on the places.
 *
 *   ROW(NAME, name, form, place, title, unit, normally, metric, meaning)
 *
 *   NAME      in C, as in SLUICE_R_OWNED and SLUICE_LOST_DISK
 *   name      everywhere else
 *   form      COUNTER: it only grows; GAUGE: it goes up and down; DELAY: a GAUGE of nanoseconds
 *   place     of its column in `sluicectl show kernel`, from left to right
 *   title     of that column; with "?" in front it is left out where all of it is 0
 *   unit      "": none
 *   normally  ZERO: it is 0 where all is well; ANY
 *   metric    its name in metrics, behind the one of its list
 *   meaning   a sentence, for documents
 */
#ifndef SLUICE_COUNTERS_H
#define SLUICE_COUNTERS_H

/* clang-format off */

/* What rules count, and with them a CPU. */
#define SLUICE_DATAGRAM_COUNTERS(ROW) \
	ROW(MATCHED, matched, COUNTER, 110, "MATCHED", "datagrams", ANY, "matched_datagrams", \
	    "those that rules matched: stored and lost ones") \
	ROW(STORED, stored, COUNTER, 120, "STORED", "datagrams", ANY, "stored_datagrams", \
	    "those that came into a ring") \
	ROW(STORED_BYTES, stored_bytes, COUNTER, 125, "BYTES", "bytes", ANY, "stored_bytes", \
	    "payload of those stored")

/* By cause (enum sluice_lost_cause of record.h), those that did not: `lost`. */
#define SLUICE_LOST_COUNTERS(ROW) \
	ROW(RING_FULL, ring_full, "no room: the readers are behind") \
	ROW(BAD_LENGTH, bad_length, "the UDP length field does not fit the packet") \
	ROW(BAD_CHECKSUM, bad_checksum, "the UDP checksum is wrong") \
	ROW(BAD_TAIL, bad_tail, "the reader wrote an impossible tail: nothing can be stored") \
	ROW(COPY, copy, "the packet's bytes could not be read") \
	ROW(NO_RING, no_ring, "the route has no ring for this CPU, or the guard was taken") \
	ROW(SOCKET, socket, "user-space source: the socket's buffer overflowed") \
	ROW(DISK, disk, "the spool was damaged") \
	ROW(OLDEST, dropped_oldest, \
	    "stored, and given up for newer ones: memory and disk were full")

/* What a CPU has before those, in a line of /proc/net/stat/sluice and in CPU_GET. */
#define SLUICE_CPU_RULE_COUNTERS(ROW) \
	ROW(ENTRIES, entries, GAUGE, 105, "RULES", "rules", ANY, "rules", \
	    "rules that there are; the same in each CPU's line")

/* And behind them. */
#define SLUICE_CPU_RING_COUNTERS(ROW) \
	ROW(GAPS, gaps, COUNTER, 131, "?GAPS", "records", ZERO, "gap_records", \
	    "that tell of losses, in the rings that there are") \
	ROW(WAKES, wakes, COUNTER, 133, "WAKES", "times", ANY, "wakes", \
	    "that readers of the rings that there are were woken")

/* What a ring has: a line of /proc/net/sluice/streams up to `wakes`, all of it in debugfs. */
#define SLUICE_RING_COUNTERS(ROW) \
	ROW(SIZE, size, GAUGE, 150, "SIZE", "bytes", ANY, "size_bytes", "of the ring") \
	ROW(HEAD, head, COUNTER, 160, "HEAD", "bytes", ANY, "head_bytes", \
	    "written since its epoch began") \
	ROW(TAIL, tail, COUNTER, 170, "TAIL", "bytes", ANY, "tail_bytes", \
	    "free again, as the module saw it when it stored last") \
	ROW(STORED, stored, COUNTER, 120, "STORED", "datagrams", ANY, "stored_datagrams", \
	    "those that came into it") \
	ROW(STORED_BYTES, stored_bytes, COUNTER, 125, "BYTES", "bytes", ANY, "stored_bytes", \
	    "payload of those stored") \
	ROW(GAPS, gaps, COUNTER, 131, "?GAPS", "records", ZERO, "gap_records", \
	    "that tell of losses") \
	ROW(WAKES, wakes, COUNTER, 133, "WAKES", "times", ANY, "wakes", \
	    "that its reader was woken") \
	ROW(OWNED, owned, GAUGE, 140, "OWNED", "", ANY, "owned", \
	    "1: a process reads it and moves its tail; in /proc yes or no") \
	ROW(SHARED_TAIL, shared_tail, GAUGE, 180, "SHARED TAIL", "bytes", ANY, \
	    "shared_tail_bytes", "free again, as its reader wrote it last") \
	ROW(SEEN, seen, GAUGE, 190, "SEEN", "bytes", ANY, "seen_bytes", \
	    "up to where its reader has looked") \
	ROW(ANNOUNCED, announced, COUNTER, 200, "ANNOUNCED", "bytes", ANY, "announced_bytes", \
	    "the head when its reader was told last") \
	ROW(SEQUENCE, sequence, COUNTER, 210, "RECORDS", "records", ANY, "written_records", \
	    "written since its epoch began") \
	ROW(WATERMARK, watermark, GAUGE, 220, "WATERMARK", "bytes", ANY, "watermark_bytes", \
	    "that wake its reader at once") \
	ROW(DELAY_NS, delay_ns, DELAY, 230, "DELAY", "nanoseconds", ANY, "delay_seconds", \
	    "after which it is woken for less") \
	ROW(TIMER_FIRES, timer_fires, COUNTER, 134, "TIMER", "times", ANY, "timer_fires", \
	    "that the timer woke it") \
	ROW(ARMED, armed, GAUGE, 240, "ARMED", "", ANY, "armed", \
	    "1: the timer runs, or nobody watches and none is wanted") \
	ROW(WATCHERS, watchers, GAUGE, 250, "WATCHERS", "files", ANY, "watchers", \
	    "that are attached to it") \
	ROW(GAPS_PENDING, gaps_pending, GAUGE, 132, "?UNTOLD", "rules", ZERO, "untold_rules", \
	    "that have losses of which no GAP record tells yet") \
	ROW(BAD_TAILS, bad_tails, COUNTER, 135, "?BAD TAILS", "times", ZERO, "bad_tails", \
	    "that the tail its reader wrote was found to be impossible") \
	ROW(OVERFLOW, overflow, GAUGE, 136, "?OVERFLOW", "", ZERO, "overflowing", \
	    "1: a datagram found no room, and less than half has become free since") \
	ROW(OWNER_NUMBER, owner_number, COUNTER, 260, "OWNERS", "times", ANY, "owners", \
	    "that a process came to read it")

/* Places in STREAM_INSIDE. */
#define SLUICE_COUNTER_ENTRY(NAME, ...) SLUICE_R_##NAME,
enum sluice_ring_counter {
	SLUICE_RING_COUNTERS(SLUICE_COUNTER_ENTRY)
	SLUICE_R_COUNT
};
#undef SLUICE_COUNTER_ENTRY

/* clang-format on */

/*
 * Places in STREAM_BATCHES: how often a reader was told of so many records at once, by class: none,
 * 1, 2 to 3, 4 to 7, ...; the last one has all that are more. A class is called by the least of it:
 * batch_4 in debugfs.
 */
#define SLUICE_BATCH_CLASSES 20

/* The least number of records of a class. */
#define SLUICE_BATCH_LEAST(class) ((class) ? 1ULL << ((class) - 1) : 0ULL)

#endif /* SLUICE_COUNTERS_H */
