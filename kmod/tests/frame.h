/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames made by hand, as XDP programs get them, and the cases of the suite sluice_hook about them.
 * For hook_kunit.c, which contains xdp.c. Touches: only what it makes.
 */
#ifndef SLUICE_KMOD_TESTS_FRAME_H
#define SLUICE_KMOD_TESTS_FRAME_H

#include <linux/etherdevice.h>
#include <net/xdp.h>

static const u8 station[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };

/* What is wrong with a frame, for the stack to see to. */
enum frame_wrong {
	FRAME_RIGHT,
	FRAME_TAGGED,	 /* a VLAN's tag is in it */
	FRAME_OTHERS,	 /* for another station */
	FRAME_BROADCAST, /* for all */
	FRAME_FRAGMENT,	 /* a piece of an IPv4 packet */
	FRAME_OPTIONS,	 /* an IPv4 header of six words */
	FRAME_HEADER,	 /* its IPv4 header's checksum is wrong */
	FRAME_CUT,	 /* its last byte is missing */
	FRAME_SHORT,	 /* not even headers */
	FRAME_WRONGS,
};

/*
 * Shows the module the frame of a packet, in memory of exactly its size and @behind bytes of what
 * Ethernet fills up with, so that KASAN sees who reads beyond. Returns XDP_DROP or XDP_PASS.
 */
static u32 frame_take(struct kunit *test, const struct recipe *recipe, enum frame_wrong wrong,
		      unsigned int behind)
{
	struct fixture *fixture = test->priv;
	struct sk_buff *skb = a_packet(test, recipe);
	unsigned int size = ETH_HLEN + skb->len + behind;
	struct xdp_rxq_info queue = { .dev = fixture->device };
	struct xdp_buff frame = { .rxq = &queue };
	u8 *bytes = kunit_kzalloc(test, size, GFP_KERNEL);
	struct ethhdr *ethernet = (struct ethhdr *)bytes;
	struct iphdr *ip = (struct iphdr *)(ethernet + 1);
	u32 verdict;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	ether_addr_copy(ethernet->h_dest, station);
	ethernet->h_proto = skb->protocol;
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, ip, skb->len), 0);
	switch (wrong) {
	case FRAME_TAGGED:
		ethernet->h_proto = htons(ETH_P_8021Q);
		break;
	case FRAME_OTHERS:
		ethernet->h_dest[5]++;
		break;
	case FRAME_BROADCAST:
		eth_broadcast_addr(ethernet->h_dest);
		break;
	case FRAME_FRAGMENT:
		ip->frag_off = htons(IP_MF);
		ip_send_check(ip);
		break;
	case FRAME_OPTIONS:
		ip->ihl = 6;
		ip_send_check(ip);
		break;
	case FRAME_HEADER:
		ip->check++;
		break;
	case FRAME_CUT:
		size--;
		break;
	case FRAME_SHORT:
		size = ETH_HLEN + 4;
		break;
	default:
		break;
	}
	frame.data = bytes;
	frame.data_end = bytes + size;
	rcu_read_lock();
	local_bh_disable();
	verdict = sluice_xdp_frame(fixture->sn, &frame);
	local_bh_enable();
	rcu_read_unlock();
	kfree_skb(skb);
	kunit_kfree(test, bytes);
	return verdict;
}

/* Makes the one rule one at XDP of the one interface. */
static void frame_prepare(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	fixture->rule->hook = SLUICE_HOOK_XDP;
	fixture->rule->conditions = SLUICE_IF_INTERFACE;
	fixture->rule->ifindex = fixture->device->ifindex;
	fixture->sn->hook_rules[SLUICE_HOOK_XDP] = 1;
	fixture->device->dev_addr = station;
}

/* Every size around the steps of the copy: stored exactly, with and without filling. */
static void frame_sizes_test(struct kunit *test)
{
	unsigned int size;

	frame_prepare(test);
	for (size = 0; size <= 1472; size += size < 80 || size > 1440 ? 1 : 61) {
		struct recipe recipe = { .family = 4, .payload = size, .udp_length = -1 };

		KUNIT_ASSERT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT,
						 size < 18 ? 18 - size : 0), (u32)XDP_DROP);
		expect_data(test, 0, size);
	}
	KUNIT_EXPECT_NULL(test, next(test->priv));
}

/* What is for the stack passes, and nothing of it is stored or counted. */
static void frame_passes_test(struct kunit *test)
{
	struct recipe recipe = { .family = 4, .payload = 100, .udp_length = -1 };
	struct fixture *fixture = test->priv;
	unsigned int cause, wrong;

	frame_prepare(test);
	for (wrong = FRAME_RIGHT + 1; wrong < FRAME_WRONGS; wrong++)
		KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, wrong, 0), (u32)XDP_PASS);
	recipe.bad_checksum = true;
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_PASS);
	recipe.bad_checksum = false;
	recipe.udp_length = 7;
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_PASS);
	recipe.udp_length = 109;
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_PASS);
	recipe.udp_length = -1;
	/* IPv6 on an interface without IPv6. */
	recipe.family = 6;
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_PASS);
	recipe.family = 4;
	/* Of another interface, of another hook, or wanting the card's time. */
	fixture->rule->ifindex++;
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_PASS);
	fixture->rule->ifindex--;
	fixture->rule->hook = SLUICE_HOOK_INGRESS;
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_PASS);
	fixture->rule->hook = SLUICE_HOOK_XDP;
	fixture->rule->flags = SLUICE_RULE_F_HWTIME;
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_PASS);
	fixture->rule->flags = 0;
	/* An interface that others look at takes VLAN tags off. */
	fixture->device->promiscuity = 1;
	fixture->device->features = NETIF_F_HW_VLAN_CTAG_RX;
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_PASS);
	fixture->device->promiscuity = 0;
	KUNIT_EXPECT_NULL(test, next(fixture));
	KUNIT_EXPECT_EQ(test, fixture->ring->producer->stored, 0ULL);
	for (cause = 0; cause < SLUICE_LOST_CAUSES; cause++)
		KUNIT_EXPECT_EQ(test, lost(fixture, cause), 0ULL);
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_DROP);
	expect_data(test, 0, 100);
}

/* `checksum: off` takes a wrong one, addresses are those of the frame, a full ring counts. */
static void frame_rule_test(struct kunit *test)
{
	struct recipe recipe = { .family = 4, .payload = 100, .udp_length = -1,
				 .bad_checksum = true };
	const struct sluice_record_address *address;
	struct fixture *fixture = test->priv;
	const struct sluice_record *record;
	u64 taken = 1;

	frame_prepare(test);
	fixture->rule->flags = SLUICE_RULE_F_NO_CHECKSUM | SLUICE_RULE_F_ADDRESS;
	KUNIT_EXPECT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_DROP);
	record = expect_data(test, 0, 100);
	address = (const struct sluice_record_address *)(record + 1);
	KUNIT_EXPECT_EQ(test, (int)address->family, 4);
	KUNIT_EXPECT_EQ(test, (int)address->vlan_present, 0);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(address->source_port), (u16)1234);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(address->destination_port), (u16)PORT);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(address->interface), (u32)fixture->device->ifindex);
	KUNIT_EXPECT_EQ(test, (int)address->source[3], 2);
	KUNIT_EXPECT_EQ(test, (int)address->destination[3], 1);
	recipe.payload = 1400;
	for (; !lost(fixture, SLUICE_LOST_RING_FULL) && taken < 2000; taken++)
		KUNIT_ASSERT_EQ(test, frame_take(test, &recipe, FRAME_RIGHT, 0), (u32)XDP_DROP);
	KUNIT_EXPECT_EQ(test, fixture->ring->producer->stored + 1, taken);
	KUNIT_EXPECT_EQ(test, lost(fixture, SLUICE_LOST_RING_FULL), 1ULL);
}

#endif /* SLUICE_KMOD_TESTS_FRAME_H */
