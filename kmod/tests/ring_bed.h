/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suite sluice_ring works with: one ring, and a producer and a consumer of it. For
 * ring_kunit.c, which contains the module's files before it. Touches: only what it makes.
 */
#ifndef SLUICE_KMOD_TESTS_RING_BED_H
#define SLUICE_KMOD_TESTS_RING_BED_H

#define SIZE SLUICE_RING_SIZE_MIN

struct workqueue_struct *sluice_workqueue; /* of the module; nothing is queued */

/* What a test works with. */
struct fixture {
	struct sluice_ring *ring;
	struct sluice_tally *tally;
	struct sluice_tally_cpu *counters;
	u64 cursor; /* how far the test has read */
};

/* Makes the ring and counters of a test. */
static int fixture_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->ring = sluice_ring_create(SIZE, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fixture->ring);
	fixture->tally = sluice_tally_create(7);
	KUNIT_ASSERT_NOT_NULL(test, fixture->tally);
	fixture->counters = per_cpu_ptr(fixture->tally->cpu, 0);
	test->priv = fixture;
	return 0;
}

/* Frees them. */
static void fixture_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	if (!fixture)
		return;
	sluice_ring_close(fixture->ring);
	KUNIT_EXPECT_EQ(test, refcount_read(&fixture->tally->references), 1U);
	sluice_ring_put(fixture->ring);
	sluice_tally_put(fixture->tally);
}

/*
 * Stores a payload of @length bytes of value @fill, as the hook does. Returns true, or false: lost
 * and counted.
 */
static bool store(struct fixture *fixture, u32 length, u8 fill)
{
	u32 whole = sizeof(struct sluice_record) + length;
	enum sluice_lost_cause cause = SLUICE_LOST_CAUSES;
	struct sluice_record *record;

	spin_lock_bh(&fixture->ring->lock);
	record = (struct sluice_record *)sluice_ring_reserve(fixture->ring, fixture->counters,
							     whole, &cause);
	if (record) {
		record->length = cpu_to_le32(whole);
		record->type = SLUICE_RECORD_DATA;
		record->flags = 0;
		record->input = cpu_to_le16(7);
		memset(record + 1, fill, sluice_record_span(length));
		sluice_ring_commit(fixture->ring, fixture->counters, whole, length);
	} else {
		sluice_ring_lose(fixture->ring, fixture->counters, cause, 1, length);
	}
	spin_unlock_bh(&fixture->ring->lock);
	return record;
}

/* The record at the cursor, and moves the cursor behind it; NULL at head. Like a consumer. */
static const struct sluice_record *next(struct fixture *fixture)
{
	const struct sluice_record *record;

	if (fixture->cursor == fixture->ring->producer->head)
		return NULL;
	record = (const struct sluice_record *)(fixture->ring->data +
						(fixture->cursor & fixture->ring->mask));
	fixture->cursor += sluice_record_span(le32_to_cpu(record->length));
	return record;
}

/* Frees everything before the cursor. */
static void release(struct fixture *fixture)
{
	/* pairs with the producer's acquire of tail */
	smp_store_release(&fixture->ring->consumer->tail, fixture->cursor);
}

/* Reads everything and frees it. */
static void drain(struct fixture *fixture)
{
	while (next(fixture))
		;
	release(fixture);
}

/* Fills the ring until only @left bytes of room remain, with records of 8-byte steps. */
static void fill_up(struct kunit *test, struct fixture *fixture, u64 left)
{
	struct sluice_ring *ring = fixture->ring;
	u64 free;

	while ((free = ring->room - (ring->head - ring->tail)) > left) {
		u64 span = min_t(u64, free - left, 4096);

		/* What remains must be at least a header. */
		if (free - left - span && free - left - span < sizeof(struct sluice_record))
			span -= sizeof(struct sluice_record);
		KUNIT_ASSERT_TRUE(test, store(fixture, span - sizeof(struct sluice_record), 1));
	}
	KUNIT_ASSERT_EQ(test, free, left);
}

#endif /* SLUICE_KMOD_TESTS_RING_BED_H */
