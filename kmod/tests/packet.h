/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets made by hand, as they come to the hook, for the suite sluice_hook. Touches: only what
 * it makes.
 */
#ifndef SLUICE_KMOD_TESTS_PACKET_H
#define SLUICE_KMOD_TESTS_PACKET_H

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

/* Where all test packets go to. */
#define PORT 5000

/* The payload of all test packets: byte @place of it. */
static u8 pattern(unsigned int place)
{
	return place * 7 + place / 256;
}

/* What a packet is made of. */
struct recipe {
	u8 family;
	unsigned int payload;	/* bytes of payload that are there */
	int udp_length;		/* what the header says; -1: the truth */
	unsigned int extra;	/* bytes of IPv6 extension headers */
	unsigned int linear;	/* bytes of the payload in the linear part; the rest in a page */
	unsigned int gso_size;
	unsigned int gso_type;
	bool no_checksum;
	bool bad_checksum;
};

/* Puts the UDP checksum of the datagram as @udp->len says into it. */
static void fill_checksum(struct sk_buff *skb, unsigned int offset, struct udphdr *udp, u8 family)
{
	unsigned int length = min_t(unsigned int, ntohs(udp->len), skb->len - offset);
	__wsum sum;

	udp->check = 0;
	sum = skb_checksum(skb, offset, length, 0);
	if (family == 4)
		udp->check = csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, length,
					       IPPROTO_UDP, sum);
	else
		udp->check = csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, length,
					     IPPROTO_UDP, sum);
}

/* Makes the packet, as it comes to the hook. */
static struct sk_buff *a_packet(struct kunit *test, const struct recipe *recipe)
{
	unsigned int ip_size = recipe->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	unsigned int offset = ip_size + recipe->extra;
	unsigned int linear = recipe->linear ? recipe->linear : recipe->payload;
	struct sk_buff *skb = alloc_skb(offset + 8 + linear + 64, GFP_KERNEL);
	struct udphdr *udp;
	unsigned int place;
	u8 *payload;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, 64);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_put_zero(skb, offset);
	skb_set_transport_header(skb, offset);
	udp = skb_put_zero(skb, sizeof(*udp));
	payload = skb_put(skb, linear);
	for (place = 0; place < linear; place++)
		payload[place] = pattern(place);
	if (recipe->payload > linear) {
		unsigned int rest = recipe->payload - linear;
		struct page *page = alloc_pages(GFP_KERNEL, get_order(rest));

		KUNIT_ASSERT_NOT_NULL(test, page);
		for (place = 0; place < rest; place++)
			((u8 *)page_address(page))[place] = pattern(linear + place);
		skb_add_rx_frag(skb, 0, page, 0, rest, rest);
	}
	if (recipe->family == 4) {
		struct iphdr *ip = ip_hdr(skb);

		skb->protocol = htons(ETH_P_IP);
		ip->version = 4;
		ip->ihl = 5;
		ip->protocol = IPPROTO_UDP;
		ip->tot_len = htons(skb->len);
		ip->saddr = htonl(0x0a090002);
		ip->daddr = htonl(0x0a090001);
		ip_send_check(ip);
	} else {
		struct ipv6hdr *ip = ipv6_hdr(skb);

		skb->protocol = htons(ETH_P_IPV6);
		ip->version = 6;
		ip->nexthdr = recipe->extra ? IPPROTO_DSTOPTS : IPPROTO_UDP;
		ip->payload_len = htons(skb->len - ip_size);
		ip->saddr.s6_addr[15] = 2;
		ip->daddr.s6_addr[15] = 1;
		if (recipe->extra) {
			u8 *options = skb_network_header(skb) + ip_size;

			/* RFC 8200 section 4.6: next header, length, PadN over the rest */
			options[0] = IPPROTO_UDP;
			options[1] = recipe->extra / 8 - 1;
			options[2] = 1;
			options[3] = recipe->extra - 4;
		}
	}
	udp->source = htons(1234);
	udp->dest = htons(PORT);
	udp->len = htons(recipe->udp_length < 0 ? (int)(sizeof(*udp) + recipe->payload) :
						  recipe->udp_length);
	if (recipe->gso_size) {
		skb_shinfo(skb)->gso_size = recipe->gso_size;
		skb_shinfo(skb)->gso_type = recipe->gso_type;
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = offsetof(struct udphdr, check);
	} else if (!recipe->no_checksum) {
		fill_checksum(skb, offset, udp, recipe->family);
		if (recipe->bad_checksum)
			udp->check = htons(ntohs(udp->check) ^ 0x0101);
	}
	return skb;
}

#endif /* SLUICE_KMOD_TESTS_PACKET_H */
