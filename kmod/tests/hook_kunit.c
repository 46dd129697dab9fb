// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "sluice_hook": packets made by hand go through the hook: lying lengths, checksums,
 * super-packets, scattered data, extension headers, both verdicts.
 *
 * Contains hook.c, xdp.c, match.c and ring.c, so that it tests the same lines as run in the module,
 * beside the module. No hook is registered: the suite calls it.
 */
#define pr_fmt(fmt) "sluice: " fmt
#include <kunit/test.h>
#define SLUICE_WITHOUT_TRACE
#include "../match.c"
#include "../match_change.c"
#include "../event.c"
#include "../ring_alarm.c"
#include "../ring_lone.c"
#include "../ring.c"
#include "../tally.c"
#include "../hook.c"
#include "../xdp.c"
#include "packet.h"
#include "table.h"
#include "hook_bed.h"
#include "frame.h"

/*
 * Every size around the steps of the copy, linear and scattered, both families: stored exactly,
 * stolen.
 */
static void sizes_test(struct kunit *test)
{
	static const unsigned int scattered[] = { 0, 1, 7, 100 };
	struct fixture *fixture = test->priv;
	unsigned int size, place;

	for (size = 0; size < 2100; size += size < 80 || size > 2040 ? 1 : 61) {
		for (place = 0; place < ARRAY_SIZE(scattered); place++) {
			struct recipe recipe = { .family = place % 2 ? 6 : 4,
						 .payload = size,
						 .udp_length = -1,
						 .linear = scattered[place] };

			if (scattered[place] && scattered[place] >= size)
				continue;
			KUNIT_ASSERT_EQ(test, receive(fixture, a_packet(test, &recipe),
						      recipe.family), (unsigned int)NF_STOLEN);
			expect_data(test, 0, size);
		}
	}
	KUNIT_EXPECT_NULL(test, next(fixture));
}

/* The largest datagrams. */
static void largest_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe v4 = { .family = 4, .payload = 65507, .udp_length = -1 };
	struct recipe v6 = { .family = 6, .payload = 65527, .udp_length = -1, .linear = 1000 };

	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &v4), 4), (unsigned int)NF_STOLEN);
	expect_data(test, 0, 65507);
	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &v6), 6), (unsigned int)NF_STOLEN);
	expect_data(test, 0, 65527);
}

/*
 * Lengths that lie: too small, too large, 0. Stolen ones are dropped, others pass; none is in the
 * ring.
 */
static void lying_length_test(struct kunit *test)
{
	static const int lengths[] = { 0, 1, 7, 109, 65535 };
	struct fixture *fixture = test->priv;
	unsigned int place, family;
	u64 count = 0;

	for (family = 4; family <= 6; family += 2) {
		for (place = 0; place < ARRAY_SIZE(lengths); place++) {
			struct recipe recipe = { .family = family,
						 .payload = 100,
						 .udp_length = lengths[place] };

			fixture->rule->verdict = SLUICE_VERDICT_STEAL;
			KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), family),
					(unsigned int)NF_DROP);
			fixture->rule->verdict = SLUICE_VERDICT_COPY;
			KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), family),
					(unsigned int)NF_ACCEPT);
			count += 2;
			KUNIT_EXPECT_EQ(test, lost(fixture, SLUICE_LOST_BAD_LENGTH), count);
		}
	}
	KUNIT_EXPECT_EQ(test, fixture->ring->producer->stored, 0ULL);
}

/* A UDP length that is shorter than the packet is the truth: the rest is not payload. */
static void short_length_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	unsigned int family;

	for (family = 4; family <= 6; family += 2) {
		struct recipe recipe = { .family = family, .payload = 100, .udp_length = 8 + 61 };

		KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), family),
				(unsigned int)NF_STOLEN);
		/* The loss of the turn before is told of first. */
		if (family == 6)
			KUNIT_ASSERT_NOT_NULL(test, next(fixture));
		expect_data(test, 0, 61);
		recipe.bad_checksum = true;
		KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), family),
				(unsigned int)NF_DROP);
		KUNIT_EXPECT_EQ(test, lost(fixture, SLUICE_LOST_BAD_CHECKSUM), (u64)family / 2 - 1);
	}
}

/* A header that is cut off. */
static void short_header_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	unsigned int left;

	for (left = 0; left < 8; left++) {
		struct recipe recipe = { .family = 4, .udp_length = -1 };
		struct sk_buff *skb = a_packet(test, &recipe);

		skb_trim(skb, 20 + left);
		KUNIT_EXPECT_EQ(test, receive(fixture, skb, 4),
				(unsigned int)(left < 4 ? NF_ACCEPT : NF_DROP));
	}
	KUNIT_EXPECT_EQ(test, lost(fixture, SLUICE_LOST_BAD_LENGTH), 4ULL);
}

/*
 * Checksums: wrong ones are lost, kept and marked, or not looked at; none is right for IPv4 only.
 */
static void checksum_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe wrong = { .family = 4, .payload = 50, .udp_length = -1 };
	struct recipe none = wrong;
	const struct sluice_record *record;

	wrong.bad_checksum = true;
	none.no_checksum = true;
	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &wrong), 4), (unsigned int)NF_DROP);
	KUNIT_EXPECT_EQ(test, lost(fixture, SLUICE_LOST_BAD_CHECKSUM), 1ULL);
	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &none), 4), (unsigned int)NF_STOLEN);
	record = next(fixture);
	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_EXPECT_EQ(test, (int)record->type, SLUICE_RECORD_GAP);
	expect_data(test, 0, 50);

	none.family = 6;
	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &none), 6), (unsigned int)NF_DROP);
	KUNIT_EXPECT_EQ(test, lost(fixture, SLUICE_LOST_BAD_CHECKSUM), 2ULL);

	fixture->rule->flags = SLUICE_RULE_F_KEEP_BADCSUM;
	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &wrong), 4), (unsigned int)NF_STOLEN);
	KUNIT_ASSERT_NOT_NULL(test, next(fixture)); /* the GAP */
	record = expect_data(test, 0, 50);
	KUNIT_EXPECT_EQ(test, (int)record->flags, SLUICE_RECORD_F_BADCSUM);

	fixture->rule->flags = SLUICE_RULE_F_NO_CHECKSUM;
	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &wrong), 4), (unsigned int)NF_STOLEN);
	record = expect_data(test, 0, 50);
	KUNIT_EXPECT_EQ(test, (int)record->flags, 0);
}

/*
 * Without a checksum: good over IPv4, wrong over IPv6 (RFC 8200 section 8.1), also when the card
 * calls the packet good, as it does with what it finds nothing wrong in. In one piece and in two.
 */
static void card_without_checksum_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe recipe = { .payload = 50, .udp_length = -1, .no_checksum = true };
	unsigned int turn, lost_before = 0;
	struct sk_buff *skb;

	for (turn = 0; turn < 4; turn++) {
		recipe.family = turn % 2 ? 6 : 4;
		recipe.linear = turn < 2 ? 0 : 10;
		skb = a_packet(test, &recipe);
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		KUNIT_EXPECT_EQ(test, receive(fixture, skb, recipe.family),
				(unsigned int)(turn % 2 ? NF_DROP : NF_STOLEN));
		lost_before += turn % 2;
		KUNIT_EXPECT_EQ(test, lost(fixture, SLUICE_LOST_BAD_CHECKSUM), (u64)lost_before);
	}

	/* Who does not look takes it, who keeps the wrong ones gets it marked. */
	recipe.family = 6;
	fixture->cursor = READ_ONCE(fixture->ring->producer->head);
	fixture->rule->flags = SLUICE_RULE_F_NO_CHECKSUM;
	skb = a_packet(test, &recipe);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	KUNIT_EXPECT_EQ(test, receive(fixture, skb, 6), (unsigned int)NF_STOLEN);
	fixture->rule->flags = SLUICE_RULE_F_KEEP_BADCSUM;
	skb = a_packet(test, &recipe);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	KUNIT_EXPECT_EQ(test, receive(fixture, skb, 6), (unsigned int)NF_STOLEN);
	KUNIT_EXPECT_EQ(test, lost(fixture, SLUICE_LOST_BAD_CHECKSUM), (u64)lost_before);
	KUNIT_ASSERT_NOT_NULL(test, next(fixture)); /* the GAP of the last loss */
	KUNIT_EXPECT_EQ(test, (int)expect_data(test, 0, 50)->flags, 0);
	KUNIT_EXPECT_EQ(test, (int)expect_data(test, 0, 50)->flags, SLUICE_RECORD_F_BADCSUM);
}

/* The card's time is stored and marked where a rule asks for it and the card gave one. */
static void time_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe recipe = { .family = 4, .payload = 40, .udp_length = -1 };
	u64 time_ns = ktime_get_real_ns() - 30 * NSEC_PER_SEC;
	const struct sluice_record *record;
	unsigned int flags, part;

	/* Whole, and cut: the datagrams of a super-packet have the time of the first. */
	for (flags = 0; flags < 32; flags++) {
		bool gave = flags & 16, super = flags & 4;
		unsigned int wanted = 0;
		struct sk_buff *skb;

		fixture->rule->flags = flags & (SLUICE_RULE_F_HWTIME | SLUICE_RULE_F_ADDRESS);
		recipe.gso_size = super ? 24 : 0;
		recipe.gso_type = super ? SKB_GSO_UDP_L4 : 0;
		skb = a_packet(test, &recipe);
		skb_hwtstamps(skb)->hwtstamp = ns_to_ktime(gave ? time_ns : 0);
		KUNIT_EXPECT_EQ(test, receive(fixture, skb, 4), (unsigned int)NF_STOLEN);
		if (gave && (fixture->rule->flags & SLUICE_RULE_F_HWTIME))
			wanted |= SLUICE_RECORD_F_HWTIME;
		if (fixture->rule->flags & SLUICE_RULE_F_ADDRESS)
			wanted |= SLUICE_RECORD_F_ADDRESS | SLUICE_RECORD_F_SEQUENCE;
		for (part = 0; part < (super ? 2 : 1); part++) {
			record = super ? expect_data(test, part * 24, part ? 16 : 24) :
					 expect_data(test, 0, 40);
			KUNIT_EXPECT_EQ(test, (unsigned int)record->flags, wanted);
			if (wanted & SLUICE_RECORD_F_HWTIME)
				KUNIT_EXPECT_EQ(test, le64_to_cpu(record->time_ns), time_ns);
			else
				KUNIT_EXPECT_GT(test, le64_to_cpu(record->time_ns), time_ns);
		}
	}
}

/* At local-in only the rule that is there is found, for linear packets and for scattered ones. */
static void local_in_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe recipe = { .payload = 50, .udp_length = -1 };
	struct sluice_rule *late = kunit_kzalloc(test, struct_size(late, ranges, 1), GFP_KERNEL);
	unsigned int family, turn;

	KUNIT_ASSERT_NOT_NULL(test, late);
	memcpy(late, fixture->rule, struct_size(late, ranges, 1));
	late->hook = SLUICE_HOOK_LOCAL_IN;
	fixture->state.hook = NF_INET_LOCAL_IN;
	for (turn = 0; turn < 4; turn++) {
		family = turn % 2 ? 6 : 4;
		recipe.family = family;
		recipe.linear = turn < 2 ? 0 : 10;
		KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), family),
				(unsigned int)NF_ACCEPT);
	}
	KUNIT_EXPECT_NULL(test, next(fixture));

	KUNIT_ASSERT_EQ(test, sluice_match_change(&fixture->sn->match, fixture->rule, late), 0);
	for (turn = 0; turn < 4; turn++) {
		family = turn % 2 ? 6 : 4;
		recipe.family = family;
		recipe.linear = turn < 2 ? 0 : 10;
		KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), family),
				(unsigned int)NF_STOLEN);
		expect_data(test, 0, 50);
	}
	fixture->state.hook = NF_INET_PRE_ROUTING;
	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), 6),
			(unsigned int)NF_ACCEPT);
	KUNIT_EXPECT_NULL(test, next(fixture));
}

/* Super-packets are cut back into what they were made of, the last one shorter. */
static void cut_test(struct kunit *test)
{
	static const struct {
		unsigned int payload, size;
	} cases[] = { { 1000, 100 }, { 1001, 100 }, { 1099, 100 }, { 100, 100 }, { 99, 100 },
		      { 65000, 1472 }, { 3, 1 }, { 0, 100 } };
	struct fixture *fixture = test->priv;
	unsigned int place;

	for (place = 0; place < ARRAY_SIZE(cases); place++) {
		struct recipe recipe = { .family = place % 2 ? 6 : 4,
					 .payload = cases[place].payload,
					 .udp_length = -1,
					 .linear = place % 3 == 1,
					 .gso_size = cases[place].size,
					 .gso_type = SKB_GSO_UDP_L4 };
		unsigned int done = 0;

		KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), recipe.family),
				(unsigned int)NF_STOLEN);
		do {
			unsigned int length = min(cases[place].payload - done, cases[place].size);

			expect_data(test, done, length);
			done += length;
		} while (done < cases[place].payload);
		KUNIT_EXPECT_NULL(test, next(fixture));
	}
}

/* A super-packet made of a list of packets (rx-gro-list) is cut the same way. */
static void cut_list_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe recipe = { .family = 4,
				 .payload = 300,
				 .udp_length = 8 + 300 + 300 + 20,
				 .gso_size = 300,
				 .gso_type = SKB_GSO_UDP_L4 | SKB_GSO_FRAGLIST };
	static const unsigned int more[] = { 300, 20 };
	struct sk_buff *skb = a_packet(test, &recipe), **link = &skb_shinfo(skb)->frag_list;
	unsigned int place, at, done = 300;

	for (place = 0; place < ARRAY_SIZE(more); place++) {
		struct sk_buff *piece = alloc_skb(more[place] + 64, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, piece);
		skb_reserve(piece, 64);
		skb_put(piece, more[place]);
		for (at = 0; at < more[place]; at++)
			piece->data[at] = pattern(done + at);
		done += more[place];
		skb->len += piece->len;
		skb->data_len += piece->len;
		skb->truesize += piece->truesize;
		*link = piece;
		link = &piece->next;
	}
	KUNIT_EXPECT_EQ(test, receive(fixture, skb, 4), (unsigned int)NF_STOLEN);
	expect_data(test, 0, 300);
	expect_data(test, 300, 300);
	expect_data(test, 600, 20);
	KUNIT_EXPECT_NULL(test, next(fixture));
}

/* Of a super-packet that does not fit, what fits is stored and each other one counted. */
static void cut_full_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe fill = { .family = 4, .payload = 65000, .udp_length = -1 };
	struct recipe recipe = { .family = 4,
				 .payload = 65000,
				 .udp_length = -1,
				 .gso_size = 1000,
				 .gso_type = SKB_GSO_UDP_L4 };
	unsigned int place;
	u64 stored;

	for (place = 0; place < 16; place++)
		KUNIT_ASSERT_EQ(test, receive(fixture, a_packet(test, &fill), 4),
				(unsigned int)NF_STOLEN);
	stored = fixture->ring->producer->stored;
	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), 4), (unsigned int)NF_DROP);
	stored = fixture->ring->producer->stored - stored;
	KUNIT_EXPECT_GT(test, stored, 0ULL);
	KUNIT_EXPECT_EQ(test, stored + lost(fixture, SLUICE_LOST_RING_FULL), 65ULL);
}

/* IPv6 extension headers are stepped over. */
static void extension_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe recipe = { .family = 6, .payload = 77, .udp_length = -1, .extra = 24 };

	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), 6),
			(unsigned int)NF_STOLEN);
	expect_data(test, 0, 77);
}

/* The address block says where from and where to. */
static void address_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	unsigned int family;

	fixture->rule->flags = SLUICE_RULE_F_ADDRESS;
	for (family = 4; family <= 6; family += 2) {
		struct recipe recipe = { .family = family, .payload = 21, .udp_length = -1 };
		struct sk_buff *skb = a_packet(test, &recipe);
		const struct sluice_record_address *address;
		const struct sluice_record *record;

		if (family == 6)
			__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 0x2064);
		KUNIT_EXPECT_EQ(test, receive(fixture, skb, family), (unsigned int)NF_STOLEN);
		record = expect_data(test, 0, 21);
		KUNIT_EXPECT_EQ(test, (int)record->flags,
				SLUICE_RECORD_F_ADDRESS | SLUICE_RECORD_F_SEQUENCE);
		address = (const struct sluice_record_address *)(record + 1);
		KUNIT_EXPECT_EQ(test, (unsigned int)address->family, family);
		KUNIT_EXPECT_EQ(test, (int)address->vlan_present, family == 6);
		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(address->vlan_tci),
				family == 6 ? 0x2064 : 0);
		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(address->source_port), 1234);
		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(address->destination_port), PORT);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(address->interface), 42U);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(address->sequence), family / 2 - 2);
		KUNIT_EXPECT_EQ(test, (int)address->source[family == 4 ? 3 : 15], 2);
		KUNIT_EXPECT_EQ(test, (int)address->destination[family == 4 ? 3 : 15], 1);
	}
}

/* What is none of ours passes untouched. */
static void others_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe recipe = { .family = 4, .payload = 21, .udp_length = -1 };
	struct sk_buff *skb;

	skb = a_packet(test, &recipe);
	udp_hdr(skb)->dest = htons(PORT + 1);
	KUNIT_EXPECT_EQ(test, receive(fixture, skb, 4), (unsigned int)NF_ACCEPT);
	skb = a_packet(test, &recipe);
	ip_hdr(skb)->protocol = IPPROTO_TCP;
	KUNIT_EXPECT_EQ(test, receive(fixture, skb, 4), (unsigned int)NF_ACCEPT);
	skb = a_packet(test, &recipe);
	ip_hdr(skb)->frag_off = htons(IP_MF);
	KUNIT_EXPECT_EQ(test, receive(fixture, skb, 4), (unsigned int)NF_ACCEPT);
	recipe.family = 6;
	skb = a_packet(test, &recipe);
	ipv6_hdr(skb)->nexthdr = IPPROTO_FRAGMENT;
	KUNIT_EXPECT_EQ(test, receive(fixture, skb, 6), (unsigned int)NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, fixture->ring->producer->head, 0ULL);
}

/* What was put together from fragments is taken in once, by the hook behind reassembly. */
static void reassembled_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	unsigned int family;

	for (family = 4; family <= 6; family += 2) {
		struct recipe recipe = { .family = family, .payload = 300, .udp_length = -1 };
		struct sk_buff *skb = a_packet(test, &recipe);
		unsigned int verdict;

		rcu_read_lock();
		/* Whole from the start: not for the second hook. */
		verdict = family == 4 ? hook_ipv4_reassembled(fixture->sn, skb, &fixture->state) :
					hook_ipv6_reassembled(fixture->sn, skb, &fixture->state);
		KUNIT_EXPECT_EQ(test, verdict, (unsigned int)NF_ACCEPT);
		if (family == 4)
			IPCB(skb)->frag_max_size = 1500;
		else
			IP6CB(skb)->frag_max_size = 1500;
		verdict = family == 4 ? hook_ipv4(fixture->sn, skb, &fixture->state) :
					hook_ipv6(fixture->sn, skb, &fixture->state);
		KUNIT_EXPECT_EQ(test, verdict, (unsigned int)NF_ACCEPT);
		KUNIT_EXPECT_NULL(test, next(fixture));
		verdict = family == 4 ? hook_ipv4_reassembled(fixture->sn, skb, &fixture->state) :
					hook_ipv6_reassembled(fixture->sn, skb, &fixture->state);
		rcu_read_unlock();
		KUNIT_EXPECT_EQ(test, verdict, (unsigned int)NF_STOLEN);
		expect_data(test, 0, 300);
		if (verdict != NF_STOLEN)
			kfree_skb(skb);
	}
	KUNIT_EXPECT_NULL(test, next(fixture));
}

/* A CPU without a ring counts. */
static void no_ring_test(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct recipe recipe = { .family = 4, .payload = 21, .udp_length = -1 };
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu_ptr(fixture->rings, cpu)[0] = NULL;
	KUNIT_EXPECT_EQ(test, receive(fixture, a_packet(test, &recipe), 4), (unsigned int)NF_DROP);
	KUNIT_EXPECT_EQ(test, lost(fixture, SLUICE_LOST_NO_RING), 1ULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sizes_test),	       KUNIT_CASE(largest_test),     KUNIT_CASE(lying_length_test),
	KUNIT_CASE(short_length_test), KUNIT_CASE(short_header_test), KUNIT_CASE(checksum_test),
	KUNIT_CASE(card_without_checksum_test),
	KUNIT_CASE(cut_test),	       KUNIT_CASE(cut_list_test),    KUNIT_CASE(cut_full_test),
	KUNIT_CASE(extension_test),    KUNIT_CASE(address_test),     KUNIT_CASE(others_test),
	KUNIT_CASE(reassembled_test),  KUNIT_CASE(no_ring_test),     KUNIT_CASE(local_in_test),
	KUNIT_CASE(time_test),	       KUNIT_CASE(frame_sizes_test), KUNIT_CASE(frame_passes_test),
	KUNIT_CASE(frame_rule_test),   {}
};

static struct kunit_suite suite = {
	.name = "sluice_hook",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of sluice's hook");
