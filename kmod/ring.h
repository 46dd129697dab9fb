/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's end of a ring: what the producer keeps to itself, and the few instructions that
 * store a record.
 *
 * The layout that user space sees is uapi/sluice/ring.h. Everything the producer decides by is
 * private (struct sluice_ring); of the shared pages it reads only the consumer's tail and seen, and
 * believes neither.
 *
 * Locking: everything below "written by every store" is under ring->lock, taken with bottom halves
 * off. Only the ring's own CPU stores, so the lock is uncontended but for the rare moments in which
 * the timer, poll() or an attach works on another CPU; and it makes PREEMPT_RT, where softirqs are
 * preempted, no special case.
 */
#ifndef SLUICE_KMOD_RING_H
#define SLUICE_KMOD_RING_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <sluice/counters.h>
#include <sluice/netlink.h>
#include <sluice/record.h>
#include <sluice/ring.h>

struct sluice_file;
struct sluice_net;
struct sluice_tally;

/* Bytes that a GAP record takes. */
#define SLUICE_GAP_SPAN (sizeof(struct sluice_record) + sizeof(struct sluice_record_gap))

/*
 * How many other rules' GAPs are written before one DATA record at most: a bound on the time one
 * datagram can take, and on how much of a small ring GAPs can fill, when thousands of rules lost
 * something.
 */
#define SLUICE_GAPS_AT_ONCE 32

/**
 * struct sluice_counts - what happened to the datagrams that a rule matched
 * @stored:       those in a ring
 * @stored_bytes: their payload
 * @lost:         those that are not, by enum sluice_lost_cause
 *
 * There is no counter of matched datagrams: matched is, by definition, stored + the sum of lost, so
 * the two can never disagree, whoever reads them at whatever moment. Aligned 64-bit words, one
 * writer each.
 */
struct sluice_counts {
	u64 stored;
	u64 stored_bytes;
	u64 lost[SLUICE_LOST_CAUSES];
};

/**
 * struct sluice_loss - losses of one cause that no GAP record tells of yet
 * @datagrams: how many
 * @bytes:     their payload, as far as it is known
 */
struct sluice_loss {
	u64 datagrams;
	u64 bytes;
};

/**
 * struct sluice_tally_cpu - what one rule counted on one CPU
 * @counts: written by that CPU only, bottom halves off
 * @untold: losses to be told, under the lock of the ring of that CPU
 * @link:   in ring->gaps while anything in @untold is not 0
 * @tally:  what this is part of
 */
struct sluice_tally_cpu {
	struct sluice_counts counts;
	struct sluice_loss untold[SLUICE_LOST_CAUSES];
	struct list_head link;
	struct sluice_tally *tally;
};

/**
 * struct sluice_tally - the counters of a rule; outlives it until every loss was told
 * @references: the rule (and its successors with the same route and input), and every ring that it
 *              is linked in
 * @cpu:        the counters
 * @input:      index in records
 * @list:       in sluice_net.tallies
 * @carry:      what earlier incarnations of the rule counted, with another route or input
 */
struct sluice_tally {
	refcount_t references;
	struct sluice_tally_cpu __percpu *cpu;
	u16 input;
	struct list_head list;
	struct sluice_counts carry;
};

/* One in so many is measured, a power of two: of the datagrams stored, and of the wakes. */
#define SLUICE_MEASURE_STORES 1024U
#define SLUICE_MEASURE_WAKES 16U

/**
 * struct sluice_ring_cost - what storing into a ring costs, in ns of local_clock(), what reading
 *                           the clock takes left out; written under the ring's lock
 * @stores:   datagrams that were measured
 * @match_ns: finding their rule
 * @store_ns: storing them, the wake included if one of them was followed by one
 * @wakes:    wakes that were measured
 * @wake_ns:  those
 */
struct sluice_ring_cost {
	u64 stores;
	u64 match_ns;
	u64 store_ns;
	u64 wakes;
	u64 wake_ns;
};

/**
 * struct sluice_ring - the producer's side of one ring
 * @data:          first byte of the data, mapped twice in a row
 * @producer:      page the consumer reads
 * @consumer:      page the consumer writes
 * @index:         boundary index
 * @mask:          size - 1
 * @room:          most bytes that may lie between tail and head
 * @watermark:     unannounced bytes that wake the consumer at once
 * @index_mask:    entries of the index - 1
 * @cpu:           whose datagrams are in here
 * @lock:          see above
 * @untold:        length of @gaps
 * @armed:         the timer will run, or nobody watches and none is wanted: do not start it
 * @overflow:      a datagram found no room, and less than half has become free since
 * @dead:          the route was deleted
 * @alarm:         it is filled beyond its mark, and has not been emptied enough since
 * @head:          end of the last record
 * @tail:          the last believable tail that the consumer wrote
 * @announced:     head when the consumer was last woken
 * @sequence:      records so far
 * @gaps:          struct sluice_tally_cpu with untold losses
 * @retry_ns:      how long the timer waits for room for GAPs; 0: it does not
 * @timer:         wakes the consumer for less than a watermark
 * @delay_ns:      after this long
 * @prompt:        what comes alone wakes it at once (ring_lone.c)
 * @lone_from_ns:  what comes from then on is alone; the longer ago, the more may come together
 * @lone_sequence: records that are in that
 * @timer_fires:   how often it did
 * @announced_sequence: records when the consumer was last told
 * @batches:       how often it was told of so many records at once, by class
 * @bad_tails:     how often the consumer's tail was found to be impossible
 * @cost:          what is measured of it
 * @watchers:      files attached
 * @lookers:       how many of them do not consume
 * @wait:          where they sleep
 * @references:    the route, and each file attached
 * @pages:         the file's pages in order, the data's twice
 * @page_count:    how many, and
 * @unique_count:  how many of them are different
 * @owner_lock:    over the following
 * @owner:         the file that consumes
 * @owner_number:  grows with each
 * @owner_pid:     the process that attached it
 * @waiters:       struct sluice_waiter, longest first
 * @events:        bit set of enum sluice_event to be sent, under the lock, by
 * @event_work:    this
 * @alarm_mark:    bytes from which on there is an alarm, and
 * @alarm_over:    down to which it lasts
 * @gone:          called before it is freed, or NULL
 * @net:           namespace of the route; NULL: nothing is told of it
 * @route_guid:    its route
 * @route_name:    likewise
 */
struct sluice_ring {
	/* read by every store */
	u8 *data;
	struct sluice_ring_producer *producer;
	struct sluice_ring_consumer *consumer;
	struct sluice_ring_boundary *index;
	u64 mask;
	u64 room;
	u64 watermark;
	u32 index_mask;
	u32 cpu;

	/* written by every store */
	spinlock_t lock ____cacheline_aligned;
	unsigned int untold;
	bool armed;
	bool overflow;
	bool dead;
	bool alarm;
	u64 head;
	u64 tail;
	u64 announced;
	u64 sequence;

	/* the rest */
	struct list_head gaps ____cacheline_aligned;
	u64 retry_ns;
	struct hrtimer timer;
	u64 delay_ns;
	bool prompt;
	u64 lone_from_ns;
	u64 lone_sequence;
	u64 timer_fires;
	u64 announced_sequence;
	u64 batches[SLUICE_BATCH_CLASSES];
	u64 bad_tails;
	struct sluice_ring_cost cost;
	unsigned int watchers;
	unsigned int lookers;
	wait_queue_head_t wait;
	refcount_t references;
	struct page **pages;
	unsigned long page_count;
	unsigned long unique_count;

	struct mutex owner_lock; /* over who consumes */
	struct sluice_file *owner;
	u64 owner_number;
	struct pid *owner_pid;
	struct list_head waiters;

	unsigned long events;
	struct delayed_work event_work;
	u64 alarm_mark;
	u64 alarm_over;
	void (*gone)(struct sluice_ring *ring);
	struct sluice_net *net;
	u8 route_guid[SLUICE_GUID_SIZE];
	char route_name[SLUICE_NAME_MAX + 1];
};

struct sluice_ring *sluice_ring_create(u64 size, u32 cpu);
void sluice_ring_close(struct sluice_ring *ring);
void sluice_ring_put(struct sluice_ring *ring);
void sluice_ring_pace(struct sluice_ring *ring, u32 watermark, u32 delay_us);
void sluice_ring_watch(struct sluice_ring *ring, bool owning);
void sluice_ring_unwatch(struct sluice_ring *ring, bool owning);
bool sluice_ring_tail_is_right(struct sluice_ring *ring);
void sluice_ring_settle(struct sluice_ring *ring);
int sluice_ring_refresh(struct sluice_ring *ring, struct sluice_tally_cpu *tally, u64 tail);
void sluice_ring_lose(struct sluice_ring *ring, struct sluice_tally_cpu *tally,
		      enum sluice_lost_cause cause, u64 datagrams, u64 bytes);
void sluice_ring_index(struct sluice_ring *ring, u64 head, u64 next, u64 sequence);
void sluice_ring_announce(struct sluice_ring *ring);
void sluice_ring_arm(struct sluice_ring *ring);
void sluice_ring_first(struct sluice_ring *ring);
void sluice_ring_set_prompt(struct sluice_ring *ring, bool prompt);
u64 sluice_ring_pages_needed(u64 size);

struct sluice_tally *sluice_tally_create(u16 input);
void sluice_tally_put(struct sluice_tally *tally);

/* How long something took that began at @begun, less what a reading of the clock takes. */
static inline u64 sluice_measured(u64 begun, u64 done, u64 reading)
{
	/* local_clock() may step back a little. */
	return (s64)(done - begun - reading) > 0 ? done - begun - reading : 0;
}

/* Makes everything up to @next visible to the consumer as one more record. Lock held. */
static __always_inline void sluice_ring_publish(struct sluice_ring *ring, u64 next)
{
	struct sluice_ring_producer *producer = ring->producer;
	u64 sequence = ring->sequence + 1;

	if (unlikely((ring->head ^ next) >> SLUICE_RING_BOUNDARY_SHIFT))
		sluice_ring_index(ring, ring->head, next, sequence);
	ring->head = next;
	ring->sequence = sequence;
	WRITE_ONCE(producer->sequence_begun, sequence);
	/*
	 * pairs with the reader's acquire of head: the record's bytes come first, and
	 * sequence_begun
	 */
	smp_store_release(&producer->head, next);
	/* pairs with the reader's acquire of sequence_done: head comes first */
	smp_store_release(&producer->sequence_done, sequence);
}

/*
 * Finds room for a record of @length bytes (header included). Returns where to write it, or NULL
 * with *@cause. What is written there is nothing until sluice_ring_commit(). Lock held.
 */
static __always_inline u8 *sluice_ring_reserve(struct sluice_ring *ring,
					       struct sluice_tally_cpu *tally, u32 length,
					       enum sluice_lost_cause *cause)
{
	/*
	 * pairs with the consumer's release of tail: it has done reading what is written over now
	 */
	u64 tail = smp_load_acquire(&ring->consumer->tail);

	if (unlikely(tail != ring->tail || ring->untold)) {
		int refused = sluice_ring_refresh(ring, tally, tail);

		if (unlikely(refused >= 0)) {
			*cause = refused;
			return NULL;
		}
	}
	if (unlikely(ring->head + sluice_record_span(length) - ring->tail > ring->room)) {
		*cause = SLUICE_LOST_RING_FULL;
		return NULL;
	}
	return ring->data + (ring->head & ring->mask);
}

/*
 * Completes the DATA record of @length bytes, @payload of them payload, that was reserved. Lock
 * held.
 */
static __always_inline void sluice_ring_commit(struct sluice_ring *ring,
					       struct sluice_tally_cpu *tally, u32 length,
					       u32 payload)
{
	struct sluice_ring_producer *producer = ring->producer;
	u64 next = ring->head + sluice_record_span(length);

	sluice_ring_publish(ring, next);
	WRITE_ONCE(producer->stored, producer->stored + 1);
	WRITE_ONCE(producer->stored_bytes, producer->stored_bytes + payload);
	WRITE_ONCE(tally->counts.stored, tally->counts.stored + 1);
	WRITE_ONCE(tally->counts.stored_bytes, tally->counts.stored_bytes + payload);

	/*
	 * Nobody is woken for a datagram: for a watermark, or by the timer that the first one
	 * started. Nor does that wait where few come (ring_lone.c).
	 */
	if (unlikely(next - ring->announced >= ring->watermark))
		sluice_ring_announce(ring);
	else if (unlikely(!ring->armed))
		sluice_ring_first(ring);
}

#endif /* SLUICE_KMOD_RING_H */
