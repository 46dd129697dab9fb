// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "sluice_checksum": the sum that the hook makes in line agrees with the kernel's own.
 */
#include <kunit/test.h>
#include "../checksum.h"
#include "packet.h"

/* Fills the payload with @fill, puts the right checksum in, and then breaks single bits of it. */
static void try_sums(struct kunit *test, struct sk_buff *skb, const struct recipe *recipe, int fill)
{
	unsigned int offset = skb_transport_offset(skb), length = 8 + recipe->payload, place;
	struct udphdr *udp = (struct udphdr *)(skb->data + offset);
	u8 family = recipe->family;

	if (fill >= 0)
		memset(udp + 1, fill, recipe->payload);
	fill_checksum(skb, offset, udp, family);
	KUNIT_EXPECT_TRUE_MSG(test, checksum_matches(skb->data, udp, length, family),
			      "family %u, payload %u, fill %d", family, recipe->payload, fill);
	for (place = 0; place < length; place += place < 8 ? 1 : 7) {
		u8 *byte = (u8 *)udp + place, was = *byte;

		/* The length is what the caller says, and the header with it. */
		if (place == 4 || place == 5)
			continue;
		*byte ^= 1 << place % 8;
		KUNIT_EXPECT_FALSE_MSG(test, checksum_matches(skb->data, udp, length, family),
				       "family %u, payload %u, byte %u", family, recipe->payload,
				       place);
		*byte = was;
	}
}

/* Every length up to several blocks, with payloads that carry everywhere and nowhere. */
static void try_family(struct kunit *test, u8 family)
{
	struct recipe recipe = { .family = family, .udp_length = -1 };
	struct sk_buff *skb;

	for (; recipe.payload < 210; recipe.payload++) {
		skb = a_packet(test, &recipe);
		try_sums(test, skb, &recipe, -1);
		try_sums(test, skb, &recipe, 0xff);
		try_sums(test, skb, &recipe, 0);
		kfree_skb(skb);
	}
}

/* Over IPv4. */
static void ipv4_test(struct kunit *test)
{
	try_family(test, 4);
}

/* Over IPv6, whose addresses are longer. */
static void ipv6_test(struct kunit *test)
{
	try_family(test, 6);
}

static struct kunit_case cases[] = { KUNIT_CASE(ipv4_test), KUNIT_CASE(ipv6_test), {} };

static struct kunit_suite suite = { .name = "sluice_checksum", .test_cases = cases };

kunit_test_suite(suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tests of sluice's checksums");
