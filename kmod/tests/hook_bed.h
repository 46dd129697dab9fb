/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suite sluice_hook works with: one rule and a ring for every CPU, and what of a datagram
 * is to be found there afterwards. For hook_kunit.c, which contains the module's files before it.
 * Touches: only what it makes.
 */
#ifndef SLUICE_KMOD_TESTS_HOOK_BED_H
#define SLUICE_KMOD_TESTS_HOOK_BED_H

struct workqueue_struct *sluice_workqueue; /* of the module; nothing is queued */

/* What a test works with: one rule for PORT, one ring for every CPU. */
struct fixture {
	struct sluice_net *sn;
	struct sluice_rule *rule;
	struct sluice_tally *tally;
	struct sluice_ring *ring;
	struct sluice_ring * __percpu *rings;
	struct net_device *device;
	struct nf_hook_state state;
	u64 cursor;
};

/* Makes them. */
static int fixture_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	unsigned int cpu;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->sn = kunit_kzalloc(test, sizeof(*fixture->sn), GFP_KERNEL);
	fixture->device = kunit_kzalloc(test, sizeof(*fixture->device), GFP_KERNEL);
	fixture->rule = kunit_kzalloc(test, struct_size(fixture->rule, ranges, 1), GFP_KERNEL);
	fixture->tally = sluice_tally_create(3);
	fixture->ring = sluice_ring_create(SZ_1M, 0);
	fixture->rings = alloc_percpu(struct sluice_ring *);
	KUNIT_ASSERT_TRUE(test, fixture->sn && fixture->device && fixture->rule && fixture->tally);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fixture->ring);
	KUNIT_ASSERT_TRUE(test, fixture->rings);
	for_each_possible_cpu(cpu)
		per_cpu_ptr(fixture->rings, cpu)[0] = fixture->ring;
	KUNIT_ASSERT_EQ(test, sluice_match_init(&fixture->sn->match), 0);
	fixture->rule->ranges[0].first = PORT;
	fixture->rule->ranges[0].last = PORT;
	fixture->rule->range_count = 1;
	fixture->rule->input = 3;
	fixture->rule->sn = fixture->sn;
	fixture->rule->rings = fixture->rings;
	fixture->rule->counters = fixture->tally->cpu;
	KUNIT_ASSERT_EQ(test, sluice_match_change(&fixture->sn->match, NULL, fixture->rule), 0);
	fixture->device->ifindex = 42;
	fixture->state.in = fixture->device;
	fixture->state.hook = NF_INET_PRE_ROUTING;
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
	sluice_ring_put(fixture->ring);
	sluice_tally_put(fixture->tally);
	free_percpu(fixture->rings);
	sluice_match_free(&fixture->sn->match);
}

/* Sends a packet through the hook; frees what the hook left. Returns the verdict. */
static unsigned int receive(struct fixture *fixture, struct sk_buff *skb, u8 family)
{
	unsigned int verdict;

	rcu_read_lock();
	if (fixture->state.hook == NF_INET_LOCAL_IN)
		verdict = family == 4 ? hook_ipv4_local(fixture->sn, skb, &fixture->state) :
					hook_ipv6_local(fixture->sn, skb, &fixture->state);
	else
		verdict = family == 4 ? hook_ipv4(fixture->sn, skb, &fixture->state) :
					hook_ipv6(fixture->sn, skb, &fixture->state);
	rcu_read_unlock();
	if (verdict != NF_STOLEN)
		kfree_skb(skb);
	return verdict;
}

/* The next record, or NULL. */
static const struct sluice_record *next(struct fixture *fixture)
{
	const struct sluice_record *record;

	if (fixture->cursor == fixture->ring->producer->head)
		return NULL;
	record = (const struct sluice_record *)(fixture->ring->data +
						(fixture->cursor & fixture->ring->mask));
	fixture->cursor += sluice_record_span(le32_to_cpu(record->length));
	/* pairs with the producer's acquire of tail */
	smp_store_release(&fixture->ring->consumer->tail, fixture->cursor);
	return record;
}

/* Expects a DATA record with the pattern's bytes @from to @from + @length, and zeroes behind it. */
static const struct sluice_record *expect_data(struct kunit *test, unsigned int from,
					       unsigned int length)
{
	const struct sluice_record *record = next(test->priv);
	unsigned int header = 16, place;
	const u8 *payload;

	KUNIT_ASSERT_NOT_NULL(test, record);
	if (record->flags & SLUICE_RECORD_F_ADDRESS)
		header += sizeof(struct sluice_record_address);
	KUNIT_ASSERT_EQ(test, (int)record->type, SLUICE_RECORD_DATA);
	KUNIT_ASSERT_EQ(test, le32_to_cpu(record->length), header + length);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(record->input), 3);
	KUNIT_EXPECT_LT(test, ktime_get_real_ns() - le64_to_cpu(record->time_ns),
			60 * NSEC_PER_SEC);
	payload = (const u8 *)record + header;
	for (place = 0; place < length; place++) {
		if (payload[place] != pattern(from + place)) {
			KUNIT_FAIL(test, "byte %u of %u", place, length);
			break;
		}
	}
	for (; place % 8; place++)
		KUNIT_EXPECT_EQ(test, (int)payload[place], 0);
	return record;
}

/* How many datagrams were lost for @cause. */
static u64 lost(struct fixture *fixture, enum sluice_lost_cause cause)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(fixture->tally->cpu, cpu)->counts.lost[cause];
	return sum;
}

#endif /* SLUICE_KMOD_TESTS_HOOK_BED_H */
