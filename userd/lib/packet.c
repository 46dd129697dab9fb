// SPDX-License-Identifier: MIT
/*
 * Rebuilding the packet of a record; see packet.h. For the pcap framing and whoever else shows
 * records to capture readers. Touches: the bytes it is given.
 */
#include <endian.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <string.h>
#include "packet.h"

#define TTL 64U
/* The largest payload that IPv4 can carry: 65,535 less both headers (RFC 791, RFC 768). */
#define PAYLOAD_MAX_IPV4 (65535U - sizeof(struct iphdr) - sizeof(struct udphdr))

/* Was it IPv4? A record without addresses becomes IPv4 wherever that is long enough. */
static bool is_ipv4(const struct sluice_record_view *view)
{
	return (!view->address || view->address->family == 4) &&
	       view->payload_length <= PAYLOAD_MAX_IPV4;
}

/* Adds `length` bytes to an Internet checksum (RFC 1071); all but the last piece have an even
 * length. */
static uint64_t add_up(uint64_t sum, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	for (; length > 1; length -= 2, at += 2)
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all set */
		sum += (uint64_t)at[0] << 8 | at[1];
	return length ? sum + ((uint64_t)at[0] << 8) : sum;
}

/* Ends an Internet checksum; in network byte order. */
static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

size_t sluice_packet_length(const struct sluice_record_view *view)
{
	return (is_ipv4(view) ? sizeof(struct iphdr) : sizeof(struct ip6_hdr)) +
	       sizeof(struct udphdr) + view->payload_length;
}

/* The IPv4 header in front of `udp`. */
static void write_ipv4(const struct sluice_record_view *view, const struct udphdr *udp,
		       uint8_t *out)
{
	struct iphdr header = {.version = 4, .ihl = 5, .ttl = TTL, .protocol = IPPROTO_UDP};

	/* The checksum of UDP stays 0, which says that there is none (RFC 768). */
	header.tot_len = htons((uint16_t)(sizeof(header) + ntohs(udp->len)));
	if (view->address) {
		memcpy(&header.saddr, view->address->source, sizeof(header.saddr));
		memcpy(&header.daddr, view->address->destination, sizeof(header.daddr));
	}
	header.check = fold(add_up(0, &header, sizeof(header)));
	memcpy(out, &header, sizeof(header));
}

/* The IPv6 header in front of `udp`, whose checksum is a must there (RFC 8200 section 8.1). */
static void write_ipv6(const struct sluice_record_view *view, struct udphdr *udp, uint8_t *out)
{
	struct ip6_hdr header = {.ip6_flow = htonl(6U << 28),
				 .ip6_plen = udp->len,
				 .ip6_nxt = IPPROTO_UDP,
				 .ip6_hlim = TTL};
	uint64_t sum = IPPROTO_UDP + (uint64_t)ntohs(udp->len);

	if (view->address && view->address->family != 4) {
		memcpy(&header.ip6_src, view->address->source, sizeof(header.ip6_src));
		memcpy(&header.ip6_dst, view->address->destination, sizeof(header.ip6_dst));
	}
	sum = add_up(sum, &header.ip6_src, sizeof(header.ip6_src));
	sum = add_up(sum, &header.ip6_dst, sizeof(header.ip6_dst));
	sum = add_up(sum, udp, sizeof(*udp));
	udp->check = fold(add_up(sum, view->payload, view->payload_length));
	if (!udp->check)
		udp->check = 0xffff;
	memcpy(out, &header, sizeof(header));
}

uint8_t *sluice_packet_write(const struct sluice_record_view *view, uint8_t *out)
{
	struct udphdr udp = {.len = htons((uint16_t)(sizeof(udp) + view->payload_length))};

	if (view->address) {
		udp.source = htons(le16toh(view->address->source_port));
		udp.dest = htons(le16toh(view->address->destination_port));
	}
	if (is_ipv4(view)) {
		write_ipv4(view, &udp, out);
		out += sizeof(struct iphdr);
	} else {
		write_ipv6(view, &udp, out);
		out += sizeof(struct ip6_hdr);
	}
	memcpy(out, &udp, sizeof(udp));
	out += sizeof(udp);
	memcpy(out, view->payload, view->payload_length);
	return out + view->payload_length;
}
