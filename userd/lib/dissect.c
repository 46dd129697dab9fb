// SPDX-License-Identifier: MIT
/*
 * From a captured frame to the UDP datagram in it; see dissect.h. Touches: the bytes it is given.
 */
#include <string.h>
#include "dissect.h"

/* Link types (the list of the Tcpdump group). */
#define LINK_NULL 0U
#define LINK_ETHERNET 1U
#define LINK_RAW_OLD 12U
#define LINK_RAW_BSD 14U
#define LINK_RAW 101U
#define LINK_LOOP 108U
#define LINK_COOKED 113U
#define LINK_IPV4 228U
#define LINK_IPV6 229U
#define LINK_COOKED_2 276U

#define ETHERNET_HEADER 14U
#define COOKED_HEADER 16U
#define COOKED_2_HEADER 20U
#define TYPE_IPV4 0x0800U
#define TYPE_IPV6 0x86ddU
#define TYPE_VLAN 0x8100U
#define TYPE_VLAN_OUTER 0x88a8U
#define TYPE_VLAN_OLD 0x9100U
/* Of more tags, or extension headers, in a row nobody has heard. */
#define TAGS_MOST 8U
#define HEADERS_MOST 16U

#define PROTOCOL_UDP 17U
#define UDP_HEADER 8U
#define IPV4_HEADER 20U
#define IPV6_HEADER 40U
#define HEADER_HOP 0U
#define HEADER_ROUTING 43U
#define HEADER_FRAGMENT 44U
#define HEADER_AUTHENTICATION 51U
#define HEADER_OPTIONS 60U
#define HEADER_MOBILITY 135U
#define HEADER_HOST_IDENTITY 139U
#define HEADER_SHIM 140U

/* What is left of a frame. */
struct rest {
	const uint8_t *at;
	size_t size;	/* bytes that are there */
	size_t missing; /* bytes that the capture did not take, behind these */
};

/* Two bytes in network byte order. */
static uint16_t half(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Four bytes in network byte order. */
static uint32_t word(const uint8_t *bytes)
{
	return (uint32_t)half(bytes) << 16 | half(bytes + 2);
}

bool sluice_dissect_knows(uint32_t link)
{
	switch (link) {
	case LINK_NULL:
	case LINK_ETHERNET:
	case LINK_RAW_OLD:
	case LINK_RAW_BSD:
	case LINK_RAW:
	case LINK_LOOP:
	case LINK_COOKED:
	case LINK_IPV4:
	case LINK_IPV6:
	case LINK_COOKED_2:
		return true;
	default:
		return false;
	}
}

/* Goes on by `size` bytes. False: they are not there. */
static bool take(struct rest *rest, size_t size)
{
	if (rest->size < size)
		return false;
	rest->at += size;
	rest->size -= size;
	return true;
}

/* Something is too short: because the capture cut it, or because it is wrong. */
static void tell_short(const struct rest *rest, struct sluice_dissected *result)
{
	result->kind = rest->missing ? SLUICE_DISSECTED_CUT : SLUICE_DISSECTED_BAD;
}

/* A UDP header and what follows it. */
static void read_udp(struct rest rest, struct sluice_dissected *result)
{
	uint32_t length;

	if (rest.size >= 4) {
		result->source_port = half(rest.at);
		result->destination_port = half(rest.at + 2);
		result->has_ports = true;
	}
	if (rest.size < UDP_HEADER) {
		tell_short(&rest, result);
		return;
	}
	length = half(rest.at + 4);
	if (length < UDP_HEADER || length > rest.size + rest.missing) {
		result->kind = SLUICE_DISSECTED_BAD;
		return;
	}
	if (length > rest.size) {
		result->kind = SLUICE_DISSECTED_CUT;
		return;
	}
	/* What is behind it is padding. */
	result->kind = SLUICE_DISSECTED_DATAGRAM;
	result->payload = rest.at + UDP_HEADER;
	result->length = length - UDP_HEADER;
}

/* Is this an extension header of IPv6 that is passed over, and how long is it? 0: no. -1: it is
 * not there as a whole. */
static int extension_length(uint8_t protocol, const struct rest *rest)
{
	int length;

	switch (protocol) {
	case HEADER_HOP:
	case HEADER_ROUTING:
	case HEADER_OPTIONS:
	case HEADER_MOBILITY:
	case HEADER_HOST_IDENTITY:
	case HEADER_SHIM:
		length = rest->size < 2 ? -1 : (rest->at[1] + 1) * 8;
		break;
	case HEADER_AUTHENTICATION:
		length = rest->size < 2 ? -1 : (rest->at[1] + 2) * 4;
		break;
	default:
		return 0;
	}
	return length > 0 && (size_t)length <= rest->size ? length : -1;
}

/* A fragment; rest: what it carries. */
static void read_fragment(const struct rest *rest, uint8_t protocol, uint32_t id, uint32_t offset,
			  bool is_last, struct sluice_dissected *result)
{
	struct rest copy = *rest;

	/* What is none of UDP for certain is not put together. */
	result->kind = SLUICE_DISSECTED_OTHER;
	if (result->family == 4 && protocol != PROTOCOL_UDP)
		return;
	if (!offset && protocol == PROTOCOL_UDP && copy.size >= 4) {
		result->source_port = half(copy.at);
		result->destination_port = half(copy.at + 2);
		result->has_ports = true;
	}
	result->kind = rest->missing ? SLUICE_DISSECTED_CUT : SLUICE_DISSECTED_FRAGMENT;
	result->payload = rest->at;
	result->length = (uint32_t)rest->size;
	result->id = id;
	result->offset = offset;
	result->protocol = protocol;
	result->is_last = is_last;
	if (!is_last && rest->size % 8 && !rest->missing)
		result->kind = SLUICE_DISSECTED_BAD;
}

/* What an IP packet carries. */
static void read_carried(struct rest rest, uint8_t protocol, struct sluice_dissected *result)
{
	unsigned int count;
	uint8_t next;
	int length;

	for (count = 0; count < HEADERS_MOST; count++) {
		if (protocol == PROTOCOL_UDP) {
			read_udp(rest, result);
			return;
		}
		if (result->family != 6)
			return;
		if (protocol == HEADER_FRAGMENT) {
			uint16_t place;
			uint32_t id;

			if (rest.size < 8)
				return;
			next = rest.at[0];
			place = half(rest.at + 2);
			id = word(rest.at + 4);
			(void)take(&rest, 8);
			/* One that is all there is, RFC 6946. */
			if (place & 0xfff9U) {
				read_fragment(&rest, next, id, place & 0xfff8U, !(place & 1U),
					      result);
				return;
			}
			protocol = next;
			continue;
		}
		length = extension_length(protocol, &rest);
		if (length <= 0)
			return;
		protocol = rest.at[0];
		(void)take(&rest, (size_t)length);
	}
}

/* Cuts `rest` down to `size` bytes: what is behind is padding. False: so many there were never. */
static bool trim(struct rest *rest, size_t size)
{
	if (size > rest->size + rest->missing)
		return false;
	if (size <= rest->size) {
		rest->size = size;
		rest->missing = 0;
	} else {
		rest->missing = size - rest->size;
	}
	return true;
}

/* An IPv4 packet. */
static void read_ipv4(struct rest rest, struct sluice_dissected *result)
{
	const uint8_t *header = rest.at;
	size_t length, whole;
	uint16_t place;

	if (rest.size < IPV4_HEADER || header[0] >> 4 != 4)
		return;
	length = (size_t)(header[0] & 0xfU) * 4;
	whole = half(header + 2);
	if (length < IPV4_HEADER || rest.size < length)
		return;
	result->family = 4;
	memcpy(result->source, header + 12, 4);
	memcpy(result->destination, header + 16, 4);
	if (whole < length || !trim(&rest, whole)) {
		/* Whose it would be is told all the same. */
		if (header[9] == PROTOCOL_UDP) {
			(void)take(&rest, length);
			if (!(half(header + 6) & 0x1fffU))
				read_udp(rest, result);
			result->kind = SLUICE_DISSECTED_BAD;
		}
		return;
	}
	if (!take(&rest, length))
		return;
	place = half(header + 6);
	if (place & 0x3fffU)
		read_fragment(&rest, header[9], half(header + 4), (place & 0x1fffU) * 8U,
			      !(place & 0x2000U), result);
	else
		read_carried(rest, header[9], result);
}

/* An IPv6 packet. */
static void read_ipv6(struct rest rest, struct sluice_dissected *result)
{
	const uint8_t *header = rest.at;

	if (rest.size < IPV6_HEADER || header[0] >> 4 != 6)
		return;
	result->family = 6;
	memcpy(result->source, header + 8, 16);
	memcpy(result->destination, header + 24, 16);
	if (!take(&rest, IPV6_HEADER) || !trim(&rest, half(header + 4))) {
		if (header[6] == PROTOCOL_UDP) {
			read_udp(rest, result);
			result->kind = SLUICE_DISSECTED_BAD;
		}
		return;
	}
	read_carried(rest, header[6], result);
}

/* An IP packet of either version. */
static void read_ip(const struct rest *rest, struct sluice_dissected *result)
{
	if (!rest->size)
		return;
	if (rest->at[0] >> 4 == 4)
		read_ipv4(*rest, result);
	else
		read_ipv6(*rest, result);
}

/* What an EtherType says, tags included. */
static void read_type(struct rest rest, unsigned int type, struct sluice_dissected *result)
{
	unsigned int count;

	for (count = 0; count < TAGS_MOST; count++) {
		if (type == TYPE_IPV4)
			read_ipv4(rest, result);
		else if (type == TYPE_IPV6)
			read_ipv6(rest, result);
		if (type != TYPE_VLAN && type != TYPE_VLAN_OUTER && type != TYPE_VLAN_OLD)
			return;
		if (rest.size < 4)
			return;
		if (!result->has_vlan)
			result->vlan = half(rest.at);
		result->has_vlan = true;
		type = half(rest.at + 2);
		(void)take(&rest, 4);
	}
}

void sluice_dissect(uint32_t link, const uint8_t *bytes, size_t captured, size_t length,
		    struct sluice_dissected *result)
{
	struct rest rest = {.at = bytes,
			    .size = captured,
			    .missing = length > captured ? length - captured : 0};
	const uint8_t *head = bytes;

	if (!result)
		return;
	memset(result, 0, sizeof(*result));
	if (!bytes)
		return;
	switch (link) {
	case LINK_ETHERNET:
		if (take(&rest, ETHERNET_HEADER))
			read_type(rest, half(head + 12), result);
		break;
	case LINK_COOKED:
		if (take(&rest, COOKED_HEADER))
			read_type(rest, half(head + 14), result);
		break;
	case LINK_COOKED_2:
		if (take(&rest, COOKED_2_HEADER))
			read_type(rest, half(head), result);
		break;
	case LINK_NULL:
	case LINK_LOOP:
		/* A number for the family, which is another one on each system: the packet says it
		 * better. */
		if (take(&rest, 4))
			read_ip(&rest, result);
		break;
	case LINK_RAW:
	case LINK_RAW_OLD:
	case LINK_RAW_BSD:
		read_ip(&rest, result);
		break;
	case LINK_IPV4:
		read_ipv4(rest, result);
		break;
	case LINK_IPV6:
		read_ipv6(rest, result);
		break;
	default:
		break;
	}
}

void sluice_dissect_carried(uint8_t protocol, const uint8_t *bytes, size_t length,
			    struct sluice_dissected *result)
{
	const struct rest rest = {.at = bytes, .size = length};

	if (!result)
		return;
	result->kind = SLUICE_DISSECTED_OTHER;
	result->has_ports = false;
	if (bytes)
		read_carried(rest, protocol, result);
}
