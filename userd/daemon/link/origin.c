// SPDX-License-Identifier: MIT
/*
 * Who sent a datagram, in front of it; see origin.h. Touches: memory it is given.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "origin.h"

/* proxy-protocol.txt, 2.2: twelve bytes that no other protocol begins with. */
static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";

/* Version 2 in the upper half, the command in the lower: what the header says of is somebody else,
 * or the one who connected. */
#define VERSION_PROXY 0x21U
#define VERSION_LOCAL 0x20U
/* Address family in the upper half, datagrams in the lower. */
#define UDP_IPV4 0x12U
#define UDP_IPV6 0x22U

/* What every header of PROXY begins with. */
struct proxy_header {
	uint8_t signature[12];
	uint8_t version;
	uint8_t family;
	uint16_t length; /* of what follows, network byte order */
};

_Static_assert(sizeof(struct proxy_header) == 16, "proxy-protocol.txt, 2.2");

/* Bytes of an address of the record; 0: it has none. */
static size_t address_length(const struct sluice_record_view *view)
{
	if (!view->address)
		return 0;
	return view->address->family == 4 ? 4 : 16;
}

/* The header of PROXY. Returns its length. */
static size_t write_proxy(const struct sluice_record_view *view, uint8_t *out)
{
	struct proxy_header header = {.version = VERSION_LOCAL};
	size_t each = address_length(view), length = 2 * each;
	uint16_t ports[2];

	memcpy(header.signature, signature, sizeof(signature));
	if (each) {
		ports[0] = htons(le16toh(view->address->source_port));
		ports[1] = htons(le16toh(view->address->destination_port));
		memcpy(out + sizeof(header), view->address->source, each);
		memcpy(out + sizeof(header) + each, view->address->destination, each);
		memcpy(out + sizeof(header) + length, ports, sizeof(ports));
		length += sizeof(ports);
		header.version = VERSION_PROXY;
		header.family = each == 4 ? UDP_IPV4 : UDP_IPV6;
		header.length = htons((uint16_t)length);
	}
	memcpy(out, &header, sizeof(header));
	return sizeof(header) + length;
}

/* The text. Returns its length. */
static size_t write_text(const struct sluice_record_view *view, uint8_t *out)
{
	char address[INET6_ADDRSTRLEN], text[sizeof(address) + sizeof("[]:65535 ")] = "- ";
	bool is_ipv4 = address_length(view) == 4;
	int length = 2;

	if (address_length(view) && inet_ntop(is_ipv4 ? AF_INET : AF_INET6, view->address->source,
					      address, sizeof(address)))
		length = snprintf(text, sizeof(text), is_ipv4 ? "%s:%u " : "[%s]:%u ", address,
				  le16toh(view->address->source_port));
	if (length < 0 || (size_t)length > SLUICE_ORIGIN_MAX)
		return 0;
	memcpy(out, text, (size_t)length);
	return (size_t)length;
}

size_t sluice_origin_write(enum sluice_lead prefix, const struct sluice_record_view *view,
			   uint8_t out[SLUICE_ORIGIN_MAX])
{
	switch (prefix) {
	case SLUICE_LEAD_TEXT:
		return write_text(view, out);
	case SLUICE_LEAD_PROXY_V2:
		return write_proxy(view, out);
	default:
		return 0;
	}
}
