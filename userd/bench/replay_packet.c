// SPDX-License-Identifier: MIT
/*
 * The UDP datagram in a captured packet: see replay_packet.h. Under replay.h. Touches: the bytes it
 * is given.
 */
#include <stdbool.h>
#include "replay_packet.h"

/* https://www.tcpdump.org/linktypes.html; 12, 14 and 108 are what libpcap makes of RAW and LOOP. */
#define LINK_NULL 0U
#define LINK_ETHERNET 1U
#define LINK_RAW_DLT 12U
#define LINK_RAW_BSD 14U
#define LINK_RAW 101U
#define LINK_LOOP 108U
#define LINK_SLL 113U
#define LINK_IPV4 228U
#define LINK_IPV6 229U
#define LINK_SLL2 276U

#define TYPE_IPV4 0x0800U
#define TYPE_IPV6 0x86ddU
#define TYPE_VLAN 0x8100U
#define TYPE_VLAN_OUTER 0x88a8U
#define TYPE_VLAN_OLD 0x9100U

#define PROTOCOL_UDP 17U
#define UDP_HEADER 8U
#define IPV4_HEADER 20U
#define IPV6_HEADER 40U

/* The rest of a packet. */
struct rest {
	const uint8_t *bytes;
	size_t captured; /* that are there */
	size_t length;	 /* that there were; at least `captured` */
};

/* The 16-bit number at `bytes`, in network order. */
static uint16_t number16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Are the first `size` bytes there? If not, *kind says why. */
static bool has(const struct rest *rest, size_t size, enum sluice_replay_kind *kind)
{
	if (rest->captured >= size)
		return true;
	*kind = rest->length >= size ? SLUICE_REPLAY_CUT : SLUICE_REPLAY_DAMAGED;
	return false;
}

/* Takes `size` bytes, which are there, off the front. */
static void drop(struct rest *rest, size_t size)
{
	rest->bytes += size;
	rest->captured -= size;
	rest->length -= size;
}

/* Ends the rest after `length` bytes of what there were, which is no more than that. */
static void end_at(struct rest *rest, size_t length)
{
	rest->length = length;
	if (rest->captured > length)
		rest->captured = length;
}

/* Past the header of a link of type `link`; *type: the EtherType of what follows, 0: that is IPv4
 * or IPv6 and says so itself. False: *kind. */
static bool pass_link(struct rest *rest, uint32_t link, unsigned int *type,
		      enum sluice_replay_kind *kind)
{
	size_t header = 0, place = 0;

	*type = 0;
	switch (link) {
	case LINK_RAW_DLT:
	case LINK_RAW_BSD:
	case LINK_RAW:
	case LINK_IPV4:
	case LINK_IPV6:
		return true;
	case LINK_NULL:
	case LINK_LOOP:
		/* An address family, of which each system has its own number for IPv6. */
		header = 4;
		break;
	case LINK_ETHERNET:
		header = 14;
		place = 12;
		break;
	case LINK_SLL:
		header = 16;
		place = 14;
		break;
	case LINK_SLL2:
		header = 20;
		break;
	default:
		*kind = SLUICE_REPLAY_LINK;
		return false;
	}
	if (!has(rest, header, kind))
		return false;
	if (link != LINK_NULL && link != LINK_LOOP)
		*type = number16(rest->bytes + place);
	drop(rest, header);
	while (*type == TYPE_VLAN || *type == TYPE_VLAN_OUTER || *type == TYPE_VLAN_OLD) {
		if (!has(rest, 4, kind))
			return false;
		*type = number16(rest->bytes + 2);
		drop(rest, 4);
	}
	return true;
}

/* Past the header of IPv4. False: *kind. */
static bool pass_ipv4(struct rest *rest, enum sluice_replay_kind *kind)
{
	size_t header, whole;

	if (!has(rest, IPV4_HEADER, kind))
		return false;
	header = (size_t)(rest->bytes[0] & 0xf) * 4;
	whole = number16(rest->bytes + 2);
	/* 0: the card was to cut it in pieces, all that was captured is one. */
	if (whole == 0)
		whole = rest->length;
	*kind = SLUICE_REPLAY_DAMAGED;
	if (header < IPV4_HEADER || whole < header || whole > rest->length)
		return false;
	/* More fragments follow, or it is not the first. */
	*kind = SLUICE_REPLAY_FRAGMENT;
	if (number16(rest->bytes + 6) & 0x3fff)
		return false;
	*kind = SLUICE_REPLAY_NOT_UDP;
	if (rest->bytes[9] != PROTOCOL_UDP)
		return false;
	end_at(rest, whole);
	if (!has(rest, header, kind))
		return false;
	drop(rest, header);
	return true;
}

/* Past one extension header of IPv6, of type *next, which becomes that of what follows. False:
 * *kind. */
static bool pass_extension(struct rest *rest, unsigned int *next, enum sluice_replay_kind *kind)
{
	size_t size;

	if (!has(rest, 8, kind))
		return false;
	switch (*next) {
	case 0:	 /* hop by hop */
	case 43: /* routing */
	case 60: /* destination */
		size = ((size_t)rest->bytes[1] + 1) * 8;
		break;
	case 51: /* authentication */
		size = ((size_t)rest->bytes[1] + 2) * 4;
		break;
	case 44: /* fragment; one that is all of its packet is none (RFC 6946) */
		size = 8;
		*kind = SLUICE_REPLAY_FRAGMENT;
		if (number16(rest->bytes + 2) & 0xfff9)
			return false;
		break;
	default:
		*kind = SLUICE_REPLAY_NOT_UDP;
		return false;
	}
	*next = rest->bytes[0];
	if (!has(rest, size, kind))
		return false;
	drop(rest, size);
	return true;
}

/* Past the headers of IPv6. False: *kind. */
static bool pass_ipv6(struct rest *rest, enum sluice_replay_kind *kind)
{
	unsigned int next;
	size_t whole;

	if (!has(rest, IPV6_HEADER, kind))
		return false;
	whole = number16(rest->bytes + 4);
	next = rest->bytes[6];
	drop(rest, IPV6_HEADER);
	/* 0: as with IPv4, or a jumbogram, which no datagram of ours can be. */
	if (whole == 0)
		whole = rest->length;
	*kind = SLUICE_REPLAY_DAMAGED;
	if (whole > rest->length)
		return false;
	end_at(rest, whole);
	while (next != PROTOCOL_UDP)
		if (!pass_extension(rest, &next, kind))
			return false;
	return true;
}

/* As replay_packet.h says. */
enum sluice_replay_kind sluice_replay_packet(uint32_t link, const uint8_t *bytes, size_t captured,
					     size_t length, struct sluice_replay_datagram *datagram)
{
	enum sluice_replay_kind kind = SLUICE_REPLAY_DAMAGED;
	struct rest rest = {bytes, captured, length > captured ? length : captured};
	unsigned int type, version;
	size_t whole;

	if (!bytes || !datagram || !pass_link(&rest, link, &type, &kind) || !has(&rest, 1, &kind))
		return kind;
	version = rest.bytes[0] >> 4;
	if ((type && type != TYPE_IPV4 && type != TYPE_IPV6) || (version != 4 && version != 6))
		return SLUICE_REPLAY_NOT_IP;
	if (version == 4 ? !pass_ipv4(&rest, &kind) : !pass_ipv6(&rest, &kind))
		return kind;
	if (!has(&rest, UDP_HEADER, &kind))
		return kind;
	whole = number16(rest.bytes + 4);
	if (whole < UDP_HEADER || whole > rest.length)
		return SLUICE_REPLAY_DAMAGED;
	if (whole > rest.captured)
		return SLUICE_REPLAY_CUT;
	*datagram = (struct sluice_replay_datagram){
		.payload = rest.bytes + UDP_HEADER,
		.length = (uint32_t)(whole - UDP_HEADER),
		.source = number16(rest.bytes),
		.destination = number16(rest.bytes + 2),
	};
	return SLUICE_REPLAY_DATAGRAM;
}

static const struct {
	const char *word, *key;
} kinds[] = {
	[SLUICE_REPLAY_DATAGRAM] = {"datagrams", "datagrams"},
	[SLUICE_REPLAY_FRAGMENT] = {"fragments", "fragments"},
	[SLUICE_REPLAY_NOT_IP] = {"not IP", "not_ip"},
	[SLUICE_REPLAY_NOT_UDP] = {"not UDP", "not_udp"},
	[SLUICE_REPLAY_CUT] = {"cut off", "cut_off"},
	[SLUICE_REPLAY_DAMAGED] = {"damaged", "damaged"},
	[SLUICE_REPLAY_LINK] = {"of an unknown link type", "unknown_link"},
};

/* As replay_packet.h says. */
const char *sluice_replay_kind_word(enum sluice_replay_kind kind)
{
	return (size_t)kind < SLUICE_REPLAY_KINDS ? kinds[kind].word : "?";
}

/* As replay_packet.h says. */
const char *sluice_replay_kind_key(enum sluice_replay_kind kind)
{
	return (size_t)kind < SLUICE_REPLAY_KINDS ? kinds[kind].key : "?";
}
