// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "sluice_ring": storing, the end of the ring, losses and their GAPs, a hostile tail,
 * the boundary index, wake-ups.
 *
 * Contains ring.c, so that it tests the same lines as run in the module, beside the module.
 */
#define pr_fmt(fmt) "sluice: " fmt
#include <kunit/test.h>
#define SLUICE_WITHOUT_TRACE
#include "../event.c"
#include "../ring_alarm.c"
#include "../ring_lone.c"
#include "../ring.c"
#include "../tally.c"
#include "ring_bed.h"

/*
 * Stored, in order, with the right header, over many turns of the ring, whatever the alignment at
 * its end.
 */
static void wrap_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	u32 length, turn;

	for (turn = 0; turn < 3; turn++) {
		for (length = 0; length < 1500; length += 1 + turn) {
			const struct sluice_record *record;
			const u8 *payload;
			u32 place;

			KUNIT_ASSERT_TRUE(test, store(fixture, length, length));
			record = next(fixture);
			KUNIT_ASSERT_NOT_NULL(test, record);
			KUNIT_ASSERT_EQ(test, le32_to_cpu(record->length), 16 + length);
			payload = (const u8 *)(record + 1);
			for (place = 0; place < length; place++)
				if (payload[place] != (u8)length)
					KUNIT_FAIL(test, "length %u byte %u", length, place);
			KUNIT_ASSERT_NULL(test, next(fixture));
			release(fixture);
		}
	}
	KUNIT_EXPECT_GT(test, fixture->ring->producer->head, (u64)3 * SIZE);
	KUNIT_EXPECT_EQ(test, fixture->ring->producer->sequence_begun,
			fixture->ring->producer->sequence_done);
	KUNIT_EXPECT_EQ(test, fixture->ring->producer->sequence_done,
			fixture->counters->counts.stored);
}

/* What is at the end of the ring is whole behind it: the pages come twice. */
static void twice_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	u64 place;

	while (fixture->ring->head < SIZE) {
		KUNIT_ASSERT_TRUE(test, store(fixture, 5000, 0xa5));
		drain(fixture);
	}
	for (place = 0; place < SIZE; place += 997)
		KUNIT_ASSERT_EQ(test, fixture->ring->data[place],
				fixture->ring->data[SIZE + place]);
}

/* A record that leaves exactly the 8 reserved bytes fits; one of 8 bytes more does not. */
static void brim_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	fill_up(test, fixture, 72);
	KUNIT_EXPECT_FALSE(test, store(fixture, 57, 2)); /* 73 bytes: 80 with padding */
	KUNIT_EXPECT_EQ(test, fixture->counters->counts.lost[SLUICE_LOST_RING_FULL], 1ULL);
	KUNIT_EXPECT_EQ(test, fixture->ring->producer->lost[SLUICE_LOST_RING_FULL], 1ULL);
}

/* The same with the record that fits. */
static void brim_fits_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct sluice_ring *ring = fixture->ring;

	fill_up(test, fixture, 72);
	KUNIT_EXPECT_TRUE(test, store(fixture, 56, 2)); /* exactly 72 */
	KUNIT_EXPECT_EQ(test, ring->head, ring->tail + SIZE - 8);
	KUNIT_EXPECT_FALSE(test, store(fixture, 0, 2));
	KUNIT_EXPECT_EQ(test, ring->head, ring->tail + SIZE - 8);
}

/* The largest and the smallest datagram. */
static void sizes_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	static const u32 lengths[] = { SLUICE_PAYLOAD_MAX, 0, 65507, 1 };
	unsigned int place;

	for (place = 0; place < ARRAY_SIZE(lengths); place++) {
		const struct sluice_record *record;

		KUNIT_ASSERT_TRUE(test, store(fixture, lengths[place], 3));
		record = next(fixture);
		KUNIT_ASSERT_NOT_NULL(test, record);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(record->length), 16 + lengths[place]);
		release(fixture);
	}
	KUNIT_EXPECT_EQ(test, fixture->counters->counts.stored_bytes,
			(u64)SLUICE_PAYLOAD_MAX + 65507 + 1);
}

/* Expects a GAP record at the cursor. */
static void expect_gap(struct kunit *test, struct fixture *fixture, enum sluice_lost_cause cause,
		       u64 datagrams, u64 bytes)
{
	const struct sluice_record *record = next(fixture);
	const struct sluice_record_gap *gap = (const struct sluice_record_gap *)(record + 1);

	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_ASSERT_EQ(test, (int)record->type, SLUICE_RECORD_GAP);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(record->length), (u32)SLUICE_GAP_SPAN);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(record->input), 7);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(gap->cause), (u32)cause);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(gap->datagrams), datagrams);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(gap->bytes), bytes);
}

/* What was lost is told once, at its place: before the next record that is stored. */
static void gap_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct sluice_ring_producer *producer = fixture->ring->producer;

	fill_up(test, fixture, 64);
	KUNIT_EXPECT_FALSE(test, store(fixture, 100, 4));
	KUNIT_EXPECT_EQ(test, fixture->ring->untold, 1U);
	/* 64 bytes are room for the GAP of the first, but not for it and a record. */
	KUNIT_EXPECT_FALSE(test, store(fixture, 200, 4));
	KUNIT_EXPECT_EQ(test, producer->gaps, 1ULL);
	/* 24 are not even room for a GAP, and nothing is stored before it. */
	KUNIT_EXPECT_FALSE(test, store(fixture, 0, 4));
	KUNIT_EXPECT_EQ(test, producer->gaps, 1ULL);
	drain(fixture);
	KUNIT_EXPECT_TRUE(test, store(fixture, 5, 5));
	expect_gap(test, fixture, SLUICE_LOST_RING_FULL, 2, 200);
	KUNIT_ASSERT_NOT_NULL(test, next(fixture));
	KUNIT_EXPECT_NULL(test, next(fixture));
	KUNIT_EXPECT_EQ(test, producer->gap_datagrams, 3ULL);
	KUNIT_EXPECT_EQ(test, fixture->ring->untold, 0U);
	KUNIT_EXPECT_EQ(test, fixture->ring->producer->sequence_done,
			fixture->counters->counts.stored + 2);
}

/* Each cause has its GAP. */
static void causes_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	spin_lock_bh(&fixture->ring->lock);
	sluice_ring_lose(fixture->ring, fixture->counters, SLUICE_LOST_BAD_CHECKSUM, 1, 10);
	sluice_ring_lose(fixture->ring, fixture->counters, SLUICE_LOST_BAD_LENGTH, 1, 0);
	sluice_ring_lose(fixture->ring, fixture->counters, SLUICE_LOST_BAD_CHECKSUM, 1, 20);
	spin_unlock_bh(&fixture->ring->lock);
	KUNIT_EXPECT_TRUE(test, store(fixture, 5, 5));
	expect_gap(test, fixture, SLUICE_LOST_BAD_LENGTH, 1, 0);
	expect_gap(test, fixture, SLUICE_LOST_BAD_CHECKSUM, 2, 30);
	KUNIT_ASSERT_NOT_NULL(test, next(fixture));
	KUNIT_EXPECT_NULL(test, next(fixture));
}

/* When traffic has stopped, the timer tells. */
static void timer_gap_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	unsigned int waited;

	sluice_ring_pace(fixture->ring, 4096, 1000);
	sluice_ring_watch(fixture->ring, true);
	spin_lock_bh(&fixture->ring->lock);
	sluice_ring_lose(fixture->ring, fixture->counters, SLUICE_LOST_BAD_LENGTH, 2, 0);
	spin_unlock_bh(&fixture->ring->lock);
	for (waited = 0; waited < 1000 && !READ_ONCE(fixture->ring->producer->head); waited++)
		usleep_range(1000, 2000);
	expect_gap(test, fixture, SLUICE_LOST_BAD_LENGTH, 2, 0);
	KUNIT_EXPECT_EQ(test, READ_ONCE(fixture->ring->producer->announced), fixture->cursor);
	sluice_ring_unwatch(fixture->ring, true);
}

/* Nobody watches: the timer is never started, though there are losses. */
static void no_watcher_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	sluice_ring_pace(fixture->ring, 4096, 1000);
	fill_up(test, fixture, 0);
	KUNIT_EXPECT_FALSE(test, store(fixture, 16, 4));
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&fixture->ring->timer));
	usleep_range(5000, 6000);
	KUNIT_EXPECT_EQ(test, fixture->ring->timer_fires, 0ULL);
	/* It comes to be told by attaching, and room. */
	drain(fixture);
	sluice_ring_watch(fixture->ring, true);
	expect_gap(test, fixture, SLUICE_LOST_RING_FULL, 1, 16);
	sluice_ring_unwatch(fixture->ring, true);
}

/*
 * While the ring stays full and somebody watches, the timer waits longer and longer, and then is
 * quick again.
 */
static void retry_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	u64 fires;

	sluice_ring_pace(fixture->ring, 4096, 1000);
	sluice_ring_watch(fixture->ring, true);
	fill_up(test, fixture, 0);
	KUNIT_EXPECT_FALSE(test, store(fixture, 16, 4));
	msleep(200);
	fires = READ_ONCE(fixture->ring->timer_fires);
	KUNIT_EXPECT_GT(test, fires, 1ULL);
	KUNIT_EXPECT_LT(test, fires, 20ULL);
	drain(fixture);
	KUNIT_EXPECT_TRUE(test, store(fixture, 16, 4));
	KUNIT_EXPECT_EQ(test, fixture->ring->retry_ns, 0ULL);
	expect_gap(test, fixture, SLUICE_LOST_RING_FULL, 1, 16);
	msleep(50);
	KUNIT_EXPECT_EQ(test, READ_ONCE(fixture->ring->producer->announced),
			fixture->ring->producer->head);
	sluice_ring_unwatch(fixture->ring, true);
}

/* A settling consumer is told at once. */
static void settle_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	fill_up(test, fixture, 0);
	KUNIT_EXPECT_FALSE(test, store(fixture, 16, 4));
	sluice_ring_settle(fixture->ring);
	KUNIT_EXPECT_EQ(test, fixture->ring->untold, 1U);
	drain(fixture);
	sluice_ring_settle(fixture->ring);
	expect_gap(test, fixture, SLUICE_LOST_RING_FULL, 1, 16);
}

/* Impossible tails store nothing, count, and end when the tail is right again. */
static void hostile_tail_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct sluice_ring *ring = fixture->ring;
	u64 lost = 0, head;
	unsigned int place;

	KUNIT_ASSERT_TRUE(test, store(fixture, 100, 1));
	KUNIT_ASSERT_TRUE(test, store(fixture, 100, 1));
	drain(fixture);
	KUNIT_ASSERT_TRUE(test, store(fixture, 100, 1));
	head = ring->head;
	for (place = 0; place < 8; place++) {
		const u64 tails[] = { head + 8, head + 1, head - 4, U64_MAX, 0, 8,
				      fixture->cursor - 8, BIT_ULL(63) };

		WRITE_ONCE(ring->consumer->tail, tails[place]);
		KUNIT_EXPECT_FALSE_MSG(test, store(fixture, 10, 2), "tail %llu", tails[place]);
		KUNIT_EXPECT_EQ(test, ring->head, head);
		KUNIT_EXPECT_EQ(test, fixture->counters->counts.lost[SLUICE_LOST_BAD_TAIL], ++lost);
	}
	KUNIT_EXPECT_EQ(test, ring->bad_tails, lost);
	release(fixture);
	KUNIT_EXPECT_TRUE(test, store(fixture, 10, 2));
	KUNIT_ASSERT_NOT_NULL(test, next(fixture));
	expect_gap(test, fixture, SLUICE_LOST_BAD_TAIL, lost, lost * 10);
}

/* A new owner finds the tail put right that the former left impossible. */
static void repair_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	KUNIT_ASSERT_TRUE(test, store(fixture, 100, 1));
	drain(fixture);
	KUNIT_ASSERT_TRUE(test, store(fixture, 100, 1));
	WRITE_ONCE(fixture->ring->consumer->tail, 12345);
	KUNIT_EXPECT_FALSE(test, store(fixture, 100, 1));
	sluice_ring_watch(fixture->ring, true);
	KUNIT_EXPECT_EQ(test, fixture->ring->consumer->tail, 120ULL);
	KUNIT_EXPECT_TRUE(test, store(fixture, 100, 1));
	sluice_ring_unwatch(fixture->ring, true);
}

/* For every block that lies between tail and head the index says where its first record begins. */
static void index_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct sluice_ring *ring = fixture->ring;
	u64 *boundaries, count = 0, block, record;
	static const u32 lengths[] = { 65507, 0, 1, 1472, 65520, 8972, 65527, 16, 65512 };

	boundaries = kvcalloc(20000, sizeof(*boundaries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, boundaries);
	for (record = 0; record < 3000; record++) {
		u32 length = lengths[(record * 7 + record / 13) % ARRAY_SIZE(lengths)];

		/* Free as little as possible: that is when the index is fullest. */
		while (ring->room - (ring->head - ring->consumer->tail) <
		       sluice_record_span(16 + length)) {
			KUNIT_ASSERT_NOT_NULL(test, next(fixture));
			release(fixture);
		}
		boundaries[count++] = ring->head;
		if (!store(fixture, length, 1)) {
			KUNIT_FAIL(test, "no room for record %llu", record);
			break;
		}
		/* Blocks that begin at or after tail and end at or before head. */
		for (block = DIV_ROUND_UP(ring->consumer->tail, 1 << SLUICE_RING_BOUNDARY_SHIFT);
		     (block + 1) << SLUICE_RING_BOUNDARY_SHIFT <= ring->head; block++) {
			const struct sluice_ring_boundary *entry =
				&ring->index[block & ring->index_mask];
			u64 start = block << SLUICE_RING_BOUNDARY_SHIFT;

			if (entry->offset < start || entry->sequence > count ||
			    (entry->sequence < count &&
			     boundaries[entry->sequence] != entry->offset) ||
			    (entry->sequence == count && entry->offset != ring->head) ||
			    (entry->sequence && boundaries[entry->sequence - 1] >= start))
				KUNIT_FAIL(test, "record %llu block %llu: %llu, %llu", record,
					   block, entry->offset, entry->sequence);
		}
	}
	kvfree(boundaries);
}

/* The consumer is announced to at the watermark, and by the timer for less; not for each record. */
static void announce_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct sluice_ring_producer *producer = fixture->ring->producer;
	unsigned int record, waited;

	sluice_ring_pace(fixture->ring, 1024, 1000000);
	sluice_ring_watch(fixture->ring, true);
	for (record = 0; record < 7; record++) {
		KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
		KUNIT_EXPECT_EQ(test, producer->announced, 0ULL);
	}
	KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
	KUNIT_EXPECT_EQ(test, producer->announced, 1024ULL);
	KUNIT_EXPECT_EQ(test, producer->wakes, 0ULL); /* nobody sleeps */
	sluice_ring_unwatch(fixture->ring, true);
	hrtimer_cancel(&fixture->ring->timer);

	sluice_ring_pace(fixture->ring, 1024, 2000);
	sluice_ring_watch(fixture->ring, true);
	KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
	KUNIT_EXPECT_EQ(test, producer->announced, 1024ULL);
	for (waited = 0; waited < 1000 && READ_ONCE(producer->announced) == 1024; waited++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, producer->announced, 1152ULL);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&fixture->ring->timer));

	/* Without a delay: each. */
	sluice_ring_pace(fixture->ring, 1024, 0);
	KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
	KUNIT_EXPECT_EQ(test, producer->announced, 1280ULL);
	sluice_ring_unwatch(fixture->ring, true);
}

/* So much time passes for what it knows about how many come. */
static void pass(struct sluice_ring *ring, u64 ns)
{
	ring->lone_from_ns -= ns;
}

/*
 * Where few come each is announced at once, also a handful that was held up on its way; where many
 * come, they wait for the delay or the watermark; and some delays after them one that comes alone
 * does not.
 */
static void lone_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct sluice_ring_producer *producer = fixture->ring->producer;
	unsigned int record, stall;
	u64 announced;

	sluice_ring_pace(fixture->ring, SIZE / 2, NSEC_PER_SEC / NSEC_PER_USEC);
	sluice_ring_set_prompt(fixture->ring, true);
	sluice_ring_watch(fixture->ring, true);
	/* Two in a delay, and now and then those of five delays together. */
	for (stall = 0; stall < 4; stall++) {
		for (record = 0; record < 10; record++) {
			KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
			KUNIT_EXPECT_EQ(test, producer->announced, fixture->ring->head);
			KUNIT_EXPECT_FALSE(test, hrtimer_active(&fixture->ring->timer));
		}
		pass(fixture->ring, 5 * NSEC_PER_SEC);
	}
	/* Many: some at once, then none. The test may be slower than it looks. */
	for (record = 0; record < 30; record++)
		KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
	announced = producer->announced;
	for (; record < 100; record++) {
		KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
		KUNIT_EXPECT_EQ(test, producer->announced, announced);
		KUNIT_EXPECT_TRUE(test, hrtimer_active(&fixture->ring->timer));
	}
	sluice_ring_unwatch(fixture->ring, true);
	hrtimer_cancel(&fixture->ring->timer);
	/* A steady load: the delay is over, and the next one comes at once. */
	sluice_ring_watch(fixture->ring, true);
	pass(fixture->ring, NSEC_PER_SEC);
	KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
	KUNIT_EXPECT_LT(test, producer->announced, fixture->ring->head);
	sluice_ring_unwatch(fixture->ring, true);
	hrtimer_cancel(&fixture->ring->timer);
	/* It is forgotten. */
	sluice_ring_watch(fixture->ring, true);
	pass(fixture->ring, 10ULL * NSEC_PER_SEC);
	KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
	KUNIT_EXPECT_EQ(test, producer->announced, fixture->ring->head);
	/* Unless that is wished each waits. */
	sluice_ring_set_prompt(fixture->ring, false);
	pass(fixture->ring, 10ULL * NSEC_PER_SEC);
	KUNIT_ASSERT_TRUE(test, store(fixture, 112, 1));
	KUNIT_EXPECT_LT(test, producer->announced, fixture->ring->head);
	sluice_ring_unwatch(fixture->ring, true);
	hrtimer_cancel(&fixture->ring->timer);
}

/*
 * The alarm comes at its mark, give or take a watermark, also while nobody is attached; it is over
 * well below it.
 */
static void alarm_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct sluice_ring *ring = fixture->ring;
	unsigned int turn;

	sluice_ring_pace(ring, 4096, 1000);
	sluice_ring_alarm_set(ring, 50);
	for (turn = 0; turn < 2; turn++) {
		while (ring->head - ring->tail + 1040 < SIZE / 2) {
			KUNIT_ASSERT_TRUE(test, store(fixture, 1024, 1));
			KUNIT_ASSERT_FALSE(test, ring->alarm);
		}
		while (ring->head - ring->tail < SIZE / 2 + 4096 + 1040)
			KUNIT_ASSERT_TRUE(test, store(fixture, 1024, 1));
		KUNIT_EXPECT_TRUE(test, ring->alarm);
		/* 45 percent is not little enough. */
		ring->consumer->tail = ring->head - SIZE / 100 * 45 / 1040 * 1040;
		KUNIT_ASSERT_TRUE(test, store(fixture, 1024, 1));
		KUNIT_EXPECT_TRUE(test, ring->alarm);
		ring->consumer->tail = ring->head - SIZE / 100 * 38 / 1040 * 1040;
		KUNIT_ASSERT_TRUE(test, store(fixture, 1024, 1));
		KUNIT_EXPECT_FALSE(test, ring->alarm);
	}
	/* A small mark is left behind at half of it. */
	sluice_ring_alarm_set(ring, 8);
	KUNIT_EXPECT_TRUE(test, ring->alarm);
	ring->consumer->tail = ring->head - SIZE / 100 * 6 / 1040 * 1040;
	KUNIT_ASSERT_TRUE(test, store(fixture, 1024, 1));
	KUNIT_EXPECT_TRUE(test, ring->alarm);
	ring->consumer->tail = ring->head - SIZE / 100 * 2 / 1040 * 1040;
	KUNIT_ASSERT_TRUE(test, store(fixture, 1024, 1));
	KUNIT_EXPECT_FALSE(test, ring->alarm);
	/* A full ring is beyond every mark, whatever the watermark. */
	sluice_ring_pace(ring, SIZE / 2, 1000);
	sluice_ring_alarm_set(ring, 90);
	while (store(fixture, 1024, 1))
		;
	KUNIT_EXPECT_TRUE(test, ring->alarm);
	sluice_ring_alarm_set(ring, 0);
	KUNIT_EXPECT_FALSE(test, ring->alarm);
	KUNIT_ASSERT_FALSE(test, store(fixture, 1024, 1));
	KUNIT_EXPECT_FALSE(test, ring->alarm);
}

/* Thousands of rules with losses do not keep a small ring from storing. */
static void many_gaps_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	enum { RULES = 1400, CAUSES = 5 }; /* 7,000 GAPs of 40 bytes: more than the ring is large */
	struct sluice_tally **tallies = kvcalloc(RULES, sizeof(*tallies), GFP_KERNEL);
	unsigned int place, cause, stored = 0, turn;

	KUNIT_ASSERT_NOT_NULL(test, tallies);
	for (place = 0; place < RULES; place++) {
		tallies[place] = sluice_tally_create(place);
		KUNIT_ASSERT_NOT_NULL(test, tallies[place]);
		spin_lock_bh(&fixture->ring->lock);
		for (cause = 0; cause < CAUSES; cause++)
			sluice_ring_lose(fixture->ring, per_cpu_ptr(tallies[place]->cpu, 0), cause,
					 1, 0);
		spin_unlock_bh(&fixture->ring->lock);
		/* The rule is deleted; the losses are told all the same. */
		sluice_tally_put(tallies[place]);
	}
	for (turn = 0; turn < RULES; turn++) {
		stored += store(fixture, 1000, 1);
		drain(fixture);
	}
	KUNIT_EXPECT_EQ(test, stored, (unsigned int)RULES);
	KUNIT_EXPECT_EQ(test, fixture->ring->producer->gap_datagrams, (u64)RULES * CAUSES);
	KUNIT_EXPECT_EQ(test, fixture->ring->untold, 0U);
	kvfree(tallies);
}

/* Sizes that a ring cannot have. */
static void bad_size_test(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, IS_ERR(sluice_ring_create(0, 0)));
	KUNIT_EXPECT_TRUE(test, IS_ERR(sluice_ring_create(SIZE / 2, 0)));
	KUNIT_EXPECT_TRUE(test, IS_ERR(sluice_ring_create(SIZE + 4096, 0)));
	KUNIT_EXPECT_TRUE(test, IS_ERR(sluice_ring_create(2 * SLUICE_RING_SIZE_MAX, 0)));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(wrap_test),	       KUNIT_CASE(twice_test),	     KUNIT_CASE(brim_test),
	KUNIT_CASE(brim_fits_test),    KUNIT_CASE(sizes_test),	     KUNIT_CASE(gap_test),
	KUNIT_CASE(causes_test),       KUNIT_CASE(timer_gap_test),   KUNIT_CASE(no_watcher_test),
	KUNIT_CASE(retry_test),	       KUNIT_CASE(settle_test),	     KUNIT_CASE(hostile_tail_test),
	KUNIT_CASE(repair_test),       KUNIT_CASE(index_test),	     KUNIT_CASE(announce_test),
	KUNIT_CASE(lone_test),	       KUNIT_CASE(alarm_test),
	KUNIT_CASE(many_gaps_test),    KUNIT_CASE(bad_size_test),    {}
};

static struct kunit_suite suite = {
	.name = "sluice_ring",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of sluice's rings");
