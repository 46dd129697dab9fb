// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: making and freeing them, and everything about them that does not happen for every
 * datagram: a tail that moved, losses and the GAP records that tell of them, waking the consumer.
 *
 * Between the hook (hook.c), which stores, and the device (dev.c), through which the consumer maps
 * and polls. Touches the ring it is given and nothing else.
 */
#define pr_fmt(fmt) "sluice: " fmt

#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include <linux/uuid.h>
#include <linux/vmalloc.h>
#include "ring.h"
#include "sluice.h"
#include "trace.h"

/* How long the timer waits for room for a GAP: it starts here and doubles up to the most. */
#define RETRY_FIRST_NS (1 * NSEC_PER_MSEC)
#define RETRY_MOST_NS (1 * NSEC_PER_SEC)

/* Bytes of the boundary index of a ring of @size bytes, in whole pages. */
static u64 index_bytes(u64 size)
{
	return PAGE_ALIGN((size >> SLUICE_RING_BOUNDARY_SHIFT) *
			  sizeof(struct sluice_ring_boundary));
}

/**
 * sluice_ring_pages_needed() - memory that one ring takes
 * @size: bytes of data
 *
 * Return: pages.
 * Context: any.
 */
u64 sluice_ring_pages_needed(u64 size)
{
	return (2 * SLUICE_RING_PAGE + index_bytes(size) + size) >> PAGE_SHIFT;
}

/* True if a record or several of @bytes bytes in all fit between head and tail. Lock held. */
static bool ring_has_room(const struct sluice_ring *ring, u64 bytes)
{
	return ring->head + bytes - ring->tail <= ring->room;
}

/*
 * Writes GAP records for everything that @tally lost. Returns false if they did not all fit; the
 * rest stays pending. Lock held.
 */
static bool tell_one(struct sluice_ring *ring, struct sluice_tally_cpu *tally)
{
	struct sluice_ring_producer *producer = ring->producer;
	unsigned int cause;

	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++) {
		struct sluice_loss *loss = &tally->untold[cause];
		struct sluice_record *record;
		struct sluice_record_gap *gap;

		if (!loss->datagrams)
			continue;
		if (!ring_has_room(ring, SLUICE_GAP_SPAN))
			return false;
		record = (struct sluice_record *)(ring->data + (ring->head & ring->mask));
		gap = (struct sluice_record_gap *)(record + 1);
		record->length = cpu_to_le32(SLUICE_GAP_SPAN);
		record->type = SLUICE_RECORD_GAP;
		record->flags = 0;
		record->input = cpu_to_le16(tally->tally->input);
		record->time_ns = cpu_to_le64(ktime_get_real_ns());
		gap->datagrams = cpu_to_le64(loss->datagrams);
		gap->bytes = cpu_to_le64(loss->bytes);
		gap->cause = cpu_to_le32(cause);
		gap->reserved = 0;
		sluice_ring_publish(ring, ring->head + SLUICE_GAP_SPAN);
		WRITE_ONCE(producer->gaps, producer->gaps + 1);
		WRITE_ONCE(producer->gap_datagrams, producer->gap_datagrams + loss->datagrams);
		trace_sluice_gap(ring, tally->tally->input, cause, loss->datagrams);
		loss->datagrams = 0;
		loss->bytes = 0;
	}
	list_del_init(&tally->link);
	ring->untold--;
	sluice_tally_put(tally->tally);
	return true;
}

/*
 * Writes the pending GAPs: @first's, if it has any, then those of up to @others rules more. Returns
 * false if there was no room. Lock held.
 */
static bool tell(struct sluice_ring *ring, struct sluice_tally_cpu *first, unsigned int others)
{
	if (first && !list_empty(&first->link) && !tell_one(ring, first))
		return false;
	while (others-- && !list_empty(&ring->gaps)) {
		if (!tell_one(ring, list_first_entry(&ring->gaps, struct sluice_tally_cpu, link)))
			return false;
	}
	return true;
}

/* Takes over the consumer's @tail if it is believable, else counts it: false. Lock held. */
static bool ring_believes(struct sluice_ring *ring, u64 tail)
{
	if (tail == ring->tail)
		return true;
	if (tail % SLUICE_RECORD_ALIGN || tail > ring->head || tail < ring->tail) {
		WRITE_ONCE(ring->bad_tails, ring->bad_tails + 1);
		return false;
	}
	ring->tail = tail;
	if (ring->overflow && ring->head - tail <= (ring->mask + 1) / 2) {
		ring->overflow = false;
		sluice_event_note(ring, SLUICE_EVENT_ROOM);
	}
	if (unlikely(ring->alarm))
		sluice_ring_alarm_look(ring);
	return true;
}

/**
 * sluice_ring_tail_is_right() - take over the consumer's tail as it is now, if it is believable
 * @ring: the ring
 *
 * Return: false, and it is counted, if it is not.
 * Context: bottom halves off, ring->lock held.
 */
bool sluice_ring_tail_is_right(struct sluice_ring *ring)
{
	/* pairs with the consumer's release of tail: it has read what is written over next */
	return ring_believes(ring, smp_load_acquire(&ring->consumer->tail));
}

/* Tells of losses before the next record. Returns what sluice_ring_refresh() does. Lock held. */
static noinline int ring_catch_up(struct sluice_ring *ring, struct sluice_tally_cpu *tally)
{
	if (!tell(ring, tally, SLUICE_GAPS_AT_ONCE))
		return SLUICE_LOST_RING_FULL;
	if (ring->retry_ns) {
		/* The timer sleeps long because there was no room. There is: start it anew. */
		ring->retry_ns = 0;
		ring->armed = !ring->watchers;
	}
	return -1;
}

/**
 * sluice_ring_refresh() - look at a tail that moved, and tell of losses before the next record
 * @ring:  the ring
 * @tally: counters of the rule that wants to store
 * @tail:  what the consumer's page says
 *
 * Return: -1 if storing may go on, else the enum sluice_lost_cause that forbids it.
 * Context: bottom halves off, ring->lock held.
 */
int sluice_ring_refresh(struct sluice_ring *ring, struct sluice_tally_cpu *tally, u64 tail)
{
	/* While the ring is full this is all that happens. */
	if (likely(tail == ring->tail) && !ring_has_room(ring, SLUICE_GAP_SPAN))
		return SLUICE_LOST_RING_FULL;
	if (!ring_believes(ring, tail))
		return SLUICE_LOST_BAD_TAIL;
	if (ring->untold)
		return ring_catch_up(ring, tally);
	return -1;
}

/* What a first loss needs: a place in the list of what is untold, event, timer. Lock held. */
static noinline void ring_note_loss(struct sluice_ring *ring, struct sluice_tally_cpu *tally,
				    enum sluice_lost_cause cause)
{
	if (list_empty(&tally->link)) {
		refcount_inc(&tally->tally->references);
		list_add_tail(&tally->link, &ring->gaps);
		ring->untold++;
	}
	if (cause == SLUICE_LOST_RING_FULL && !ring->overflow) {
		ring->overflow = true;
		sluice_event_note(ring, SLUICE_EVENT_OVERFLOW);
		sluice_ring_alarm_look(ring);
	}
	if (!ring->armed)
		sluice_ring_arm(ring);
}

/**
 * sluice_ring_lose() - count datagrams that cannot be stored; the consumer will learn of it
 * @ring:      the ring they should have gone to
 * @tally:     counters of their rule on this CPU
 * @cause:     why
 * @datagrams: how many
 * @bytes:     their payload, 0 if not known
 * Cheaper than storing. Context: bottom halves off, on the ring's CPU, ring->lock held.
 */
void sluice_ring_lose(struct sluice_ring *ring, struct sluice_tally_cpu *tally,
		      enum sluice_lost_cause cause, u64 datagrams, u64 bytes)
{
	struct sluice_ring_producer *producer = ring->producer;

	trace_sluice_lost(ring, tally->tally->input, cause, datagrams);
	WRITE_ONCE(tally->counts.lost[cause], tally->counts.lost[cause] + datagrams);
	WRITE_ONCE(producer->lost[cause], producer->lost[cause] + datagrams);
	tally->untold[cause].datagrams += datagrams;
	tally->untold[cause].bytes += bytes;
	if (unlikely(!ring->armed || !ring->overflow || list_empty(&tally->link)))
		ring_note_loss(ring, tally, cause);
}

/**
 * sluice_ring_index() - note the record boundary for each block that begins inside or behind a
 * record
 * @ring:     the ring
 * @head:     where the record begins
 * @next:     where it ends: the first boundary at or after the start of these blocks
 * @sequence: records before @next
 *
 * A record is at most 65,591 bytes, so it enters one or two blocks of 65,536.
 *
 * Context: bottom halves off, ring->lock held, before head is published.
 */
void sluice_ring_index(struct sluice_ring *ring, u64 head, u64 next, u64 sequence)
{
	u64 block = (head >> SLUICE_RING_BOUNDARY_SHIFT) + 1;

	for (; block <= next >> SLUICE_RING_BOUNDARY_SHIFT; block++) {
		struct sluice_ring_boundary *entry = &ring->index[block & ring->index_mask];

		WRITE_ONCE(entry->offset, next);
		WRITE_ONCE(entry->sequence, sequence);
	}
}

/* Wakes the consumer, and notes what that took. ring->lock held. */
static noinline void wake_measured(struct sluice_ring *ring)
{
	u64 before = local_clock(), begun = local_clock(), done;

	wake_up_interruptible_poll(&ring->wait, EPOLLIN | EPOLLRDNORM);
	done = local_clock();
	WRITE_ONCE(ring->cost.wake_ns,
		   ring->cost.wake_ns + sluice_measured(begun, done, begun - before));
	WRITE_ONCE(ring->cost.wakes, ring->cost.wakes + 1);
}

/**
 * sluice_ring_announce() - tell the consumer how far the ring is filled, and wake it if it sleeps
 * @ring: the ring
 *
 * Context: bottom halves off, ring->lock held.
 */
void sluice_ring_announce(struct sluice_ring *ring)
{
	unsigned int class = fls64(ring->sequence - ring->announced_sequence);
	u64 head = ring->head;

	sluice_ring_alarm_look(ring);
	class = min(class, SLUICE_BATCH_CLASSES - 1U);
	WRITE_ONCE(ring->batches[class], ring->batches[class] + 1);
	ring->announced_sequence = ring->sequence;
	ring->announced = head;
	WRITE_ONCE(ring->producer->announced, head);
	/*
	 * wq_has_sleeper() is a full barrier; it pairs with the one in sluice_poll(): either we see
	 * the sleeper in the queue, or it sees the new announced after it queued itself.
	 */
	if (!wq_has_sleeper(&ring->wait))
		return;
	trace_sluice_wake(ring, head);
	if (ring->producer->wakes % SLUICE_MEASURE_WAKES)
		wake_up_interruptible_poll(&ring->wait, EPOLLIN | EPOLLRDNORM);
	else
		wake_measured(ring);
	WRITE_ONCE(ring->producer->wakes, ring->producer->wakes + 1);
}

/**
 * sluice_ring_arm() - start the timer that announces what is there and tells of losses
 * @ring: the ring
 *
 * Context: bottom halves off, ring->lock held.
 */
void sluice_ring_arm(struct sluice_ring *ring)
{
	ring->armed = true;
	hrtimer_start(&ring->timer, ns_to_ktime(ring->delay_ns ?: RETRY_FIRST_NS),
		      HRTIMER_MODE_REL_PINNED_SOFT);
}

/*
 * The delay is over. Goes on only while losses wait for room and somebody watches who could make
 * it. It is started anew rather than forwarded: an attach may have started it meanwhile.
 */
static enum hrtimer_restart ring_timer(struct hrtimer *timer)
{
	struct sluice_ring *ring = container_of(timer, struct sluice_ring, timer);

	spin_lock(&ring->lock);
	WRITE_ONCE(ring->timer_fires, ring->timer_fires + 1);
	if (ring->untold && sluice_ring_tail_is_right(ring))
		tell(ring, NULL, UINT_MAX);
	sluice_ring_alarm_look(ring);
	/*
	 * One that has seen everything already (it polls by itself) need not be woken; whoever
	 * looks on beside it may be asleep.
	 */
	if (ring->head != ring->announced) {
		if (!ring->lookers && READ_ONCE(ring->consumer->seen) >= ring->head) {
			ring->announced = ring->head;
			ring->announced_sequence = ring->sequence;
			WRITE_ONCE(ring->producer->announced, ring->head);
		} else {
			sluice_ring_announce(ring);
		}
	}
	ring->armed = !ring->watchers;
	if (!ring->untold) {
		ring->retry_ns = 0;
	} else if (ring->watchers) {
		ring->retry_ns = clamp_t(u64, max(ring->retry_ns * 2, ring->delay_ns),
					 RETRY_FIRST_NS, RETRY_MOST_NS);
		ring->armed = true;
		hrtimer_start(timer, ns_to_ktime(ring->retry_ns), HRTIMER_MODE_REL_PINNED_SOFT);
	}
	spin_unlock(&ring->lock);
	return HRTIMER_NORESTART;
}

/**
 * sluice_ring_settle() - tell of pending losses now if there is room, for a consumer that is about
 * to sleep
 * @ring: the ring
 *
 * Context: process.
 */
void sluice_ring_settle(struct sluice_ring *ring)
{
	if (!READ_ONCE(ring->untold))
		return;
	spin_lock_bh(&ring->lock);
	if (sluice_ring_tail_is_right(ring))
		tell(ring, NULL, UINT_MAX);
	if (ring->head != ring->announced)
		sluice_ring_announce(ring);
	spin_unlock_bh(&ring->lock);
}

/**
 * sluice_ring_watch() - somebody attached: from now on announce
 * @ring:   the ring
 * @owning: it is the consumer, and the only one; otherwise it looks on
 *
 * A tail that a former owner left impossible is put right, so that the next one starts sanely.
 *
 * Context: process.
 */
void sluice_ring_watch(struct sluice_ring *ring, bool owning)
{
	spin_lock_bh(&ring->lock);
	ring->watchers++;
	ring->lookers += !owning;
	if (owning && !sluice_ring_tail_is_right(ring))
		WRITE_ONCE(ring->consumer->tail, ring->tail);
	if (!ring->dead) {
		if (sluice_ring_tail_is_right(ring))
			tell(ring, NULL, UINT_MAX);
		ring->retry_ns = 0;
		ring->armed = false;
		if (ring->untold)
			sluice_ring_arm(ring);
		if (ring->head != ring->announced)
			sluice_ring_announce(ring);
	}
	spin_unlock_bh(&ring->lock);
}

/**
 * sluice_ring_unwatch() - somebody left; after the last one no timer is started any more
 * @ring:   the ring
 * @owning: what it was said to be when it came
 *
 * Context: process.
 */
void sluice_ring_unwatch(struct sluice_ring *ring, bool owning)
{
	spin_lock_bh(&ring->lock);
	ring->watchers--;
	ring->lookers -= !owning;
	if (!ring->watchers)
		ring->armed = true;
	spin_unlock_bh(&ring->lock);
}

/**
 * sluice_ring_pace() - set when the consumer is woken
 * @ring:      the ring
 * @watermark: bytes that wake it at once
 * @delay_us:  microseconds after which it is woken for less; 0: at once
 *
 * Context: process.
 */
void sluice_ring_pace(struct sluice_ring *ring, u32 watermark, u32 delay_us)
{
	spin_lock_bh(&ring->lock);
	ring->delay_ns = (u64)delay_us * NSEC_PER_USEC;
	WRITE_ONCE(ring->watermark, delay_us ? watermark : 1);
	spin_unlock_bh(&ring->lock);
}

/* Frees the pages and what knows them. */
static void ring_free_pages(struct sluice_ring *ring)
{
	unsigned long page;

	for (page = 0; page < ring->unique_count; page++)
		__free_page(ring->pages[page]);
	kvfree(ring->pages);
}

/* Allocates the pages on the CPU's node. 0, -ENOMEM or -EINTR; frees nothing on failure. */
static int ring_allocate_pages(struct sluice_ring *ring, u64 size)
{
	const gfp_t flags = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;
	unsigned long data_pages = size >> PAGE_SHIFT;
	unsigned long unique = sluice_ring_pages_needed(size);
	unsigned long page;

	ring->page_count = unique + data_pages;
	ring->pages = kvcalloc(ring->page_count, sizeof(*ring->pages),
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!ring->pages)
		return -ENOMEM;
	for (page = 0; page < unique; page++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		ring->pages[page] = alloc_pages_node(cpu_to_node(ring->cpu), flags, 0);
		if (!ring->pages[page])
			return -ENOMEM;
		ring->unique_count++;
		if (page >= unique - data_pages)
			ring->pages[page + data_pages] = ring->pages[page];
		cond_resched();
	}
	return 0;
}

/* Fills in the producer page, once. */
static void ring_describe(struct sluice_ring *ring, u64 size)
{
	struct sluice_ring_producer *producer = ring->producer;

	producer->magic = SLUICE_RING_MAGIC;
	producer->version = SLUICE_RING_VERSION;
	producer->size = size;
	generate_random_uuid(producer->stream);
	producer->epoch = ktime_get_real_ns();
	producer->index_offset = 2 * SLUICE_RING_PAGE;
	producer->data_offset = 2 * SLUICE_RING_PAGE + index_bytes(size);
	producer->index_entries = size >> SLUICE_RING_BOUNDARY_SHIFT;
	producer->cpu = ring->cpu;
}

/**
 * sluice_ring_create() - make a ring
 * @size: bytes of data, a power of two within the limits of ring.h
 * @cpu:  whose datagrams will be in it; the memory is on its node
 *
 * Return: the ring with one reference, for the caller to sluice_ring_close() and sluice_ring_put();
 * or ERR_PTR: -EINVAL wrong size, -ENOMEM, -EINTR if the caller is being killed.
 * Context: process, sleeps.
 */
struct sluice_ring *sluice_ring_create(u64 size, u32 cpu)
{
	struct sluice_ring *ring;
	u8 *base;
	int error;

	BUILD_BUG_ON(PAGE_SIZE != SLUICE_RING_PAGE);
	BUILD_BUG_ON(sizeof(struct sluice_ring_producer) > SLUICE_RING_PAGE);
	BUILD_BUG_ON(sizeof(struct sluice_ring_consumer) != SLUICE_RING_PAGE);
	BUILD_BUG_ON(SLUICE_GAP_SPAN % SLUICE_RECORD_ALIGN);
	/* What a store writes is in lines of its own. */
	BUILD_BUG_ON(offsetof(struct sluice_ring, lock) % SMP_CACHE_BYTES);
	BUILD_BUG_ON(offsetof(struct sluice_ring, gaps) % SMP_CACHE_BYTES);

	if (!is_power_of_2(size) || size < SLUICE_RING_SIZE_MIN || size > SLUICE_RING_SIZE_MAX)
		return ERR_PTR(-EINVAL);
	ring = kzalloc_node(sizeof(*ring), GFP_KERNEL_ACCOUNT, cpu_to_node(cpu));
	if (!ring)
		return ERR_PTR(-ENOMEM);
	ring->cpu = cpu;
	error = ring_allocate_pages(ring, size);
	if (error)
		goto free_pages;
	base = vmap(ring->pages, ring->page_count, VM_MAP, PAGE_KERNEL);
	if (!base) {
		error = -ENOMEM;
		goto free_pages;
	}
	ring->producer = (struct sluice_ring_producer *)base;
	ring->consumer = (struct sluice_ring_consumer *)(base + SLUICE_RING_PAGE);
	ring_describe(ring, size);
	ring->index = (struct sluice_ring_boundary *)(base + ring->producer->index_offset);
	ring->index_mask = ring->producer->index_entries - 1;
	ring->data = base + ring->producer->data_offset;
	ring->mask = size - 1;
	/* The last 8 bytes stay free: the blocks of head and tail never share an index entry. */
	ring->room = size - SLUICE_RECORD_ALIGN;
	ring->watermark = size / 2;
	ring->alarm_mark = U64_MAX;
	ring->armed = true; /* nobody watches yet */
	spin_lock_init(&ring->lock);
	INIT_LIST_HEAD(&ring->gaps);
	init_waitqueue_head(&ring->wait);
	refcount_set(&ring->references, 1);
	mutex_init(&ring->owner_lock);
	INIT_LIST_HEAD(&ring->waiters);
	hrtimer_setup(&ring->timer, ring_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_SOFT);
	return ring;

free_pages:
	ring_free_pages(ring);
	kfree(ring);
	return ERR_PTR(error);
}

/**
 * sluice_ring_close() - end a ring: nothing is stored any more; what is in it stays readable
 * @ring: the ring, which no hook can reach any more (a grace period has passed)
 *
 * Losses that no GAP could tell of are in the counters of the producer page. Wakes everybody.
 *
 * Context: process, sleeps.
 */
void sluice_ring_close(struct sluice_ring *ring)
{
	struct sluice_tally_cpu *tally, *next;

	spin_lock_bh(&ring->lock);
	if (sluice_ring_tail_is_right(ring))
		tell(ring, NULL, UINT_MAX);
	list_for_each_entry_safe(tally, next, &ring->gaps, link) {
		list_del_init(&tally->link);
		ring->untold--;
		sluice_tally_put(tally->tally);
	}
	ring->dead = true;
	ring->armed = true;
	sluice_ring_announce(ring);
	spin_unlock_bh(&ring->lock);
	hrtimer_cancel(&ring->timer);
	if (ring->net)
		cancel_delayed_work_sync(&ring->event_work);
	wake_up_poll(&ring->wait, EPOLLHUP);
}

/**
 * sluice_ring_put() - give back a reference to a ring; the last one frees it
 * @ring: the ring, closed before the last reference goes; NULL is allowed
 *
 * Context: process, sleeps.
 */
void sluice_ring_put(struct sluice_ring *ring)
{
	if (!ring || !refcount_dec_and_test(&ring->references))
		return;
	if (ring->gone)
		ring->gone(ring);
	put_pid(ring->owner_pid);
	vunmap(ring->producer);
	ring_free_pages(ring);
	kfree(ring);
}
