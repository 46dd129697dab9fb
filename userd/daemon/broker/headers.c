// SPDX-License-Identifier: MIT
/*
 * What the headers of a message tell; see headers.h. Touches: nothing.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "../../lib/lost.h"
#include "headers.h"

_Static_assert(SLUICE_HEADER_TEXT > SLUICE_NAME_MAX, "a name fits");

void sluice_headers_add(struct sluice_headers *headers, const char *key, const char *value)
{
	struct sluice_header *header;

	if (headers->count >= SLUICE_HEADERS_MOST || strlen(value) >= SLUICE_HEADER_TEXT)
		return;
	header = &headers->list[headers->count++];
	header->key = key;
	memcpy(header->value, value, strlen(value) + 1);
}

void sluice_headers_add_number(struct sluice_headers *headers, const char *key, uint64_t number)
{
	char text[SLUICE_HEADER_TEXT];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	sluice_headers_add(headers, key, text);
}

void sluice_headers_peer(uint8_t family, const uint8_t *address, uint16_t port,
			 char text[SLUICE_HEADER_TEXT])
{
	char host[INET6_ADDRSTRLEN];

	text[0] = '\0';
	if (inet_ntop(family == 4 ? AF_INET : AF_INET6, address, host, sizeof(host)))
		snprintf(text, SLUICE_HEADER_TEXT, family == 4 ? "%s:%u" : "[%s]:%u", host, port);
}

/* Adds what a GAP tells. */
static void add_gap(struct sluice_headers *headers, const struct sluice_record_view *view)
{
	struct sluice_record_gap gap = {0};

	if (view->payload_length >= sizeof(gap))
		memcpy(&gap, view->payload, sizeof(gap));
	sluice_headers_add_number(headers, "Sluice-Lost", le64toh(gap.datagrams));
	sluice_headers_add_number(headers, "Sluice-Lost-Bytes", le64toh(gap.bytes));
	sluice_headers_add(headers, "Sluice-Cause", sluice_lost_name(le32toh(gap.cause)));
}

/* Adds what a datagram's record tells. */
static void add_datagram(struct sluice_headers *headers, const struct sluice_record_view *view)
{
	const struct sluice_record_address *address = view->address;
	char text[SLUICE_HEADER_TEXT];

	if (!address)
		return;
	sluice_headers_peer(address->family, address->source, le16toh(address->source_port), text);
	if (*text)
		sluice_headers_add(headers, "Sluice-Source", text);
	sluice_headers_peer(address->family, address->destination,
			    le16toh(address->destination_port), text);
	if (*text)
		sluice_headers_add(headers, "Sluice-Destination", text);
}

void sluice_headers_make(struct sluice_headers *headers, const struct sluice_flight *flight,
			 bool is_span, const char *name, const struct sluice_record_view *view)
{
	headers->count = 0;
	sluice_headers_add(headers, "Sluice-Kind",
			   flight->is_gap ? "gap"
			   : is_span	  ? "span"
					  : "datagram");
	sluice_headers_add(headers, "Sluice-Input", name);
	sluice_headers_add_number(headers, "Sluice-Offset", flight->offset);
	sluice_headers_add_number(headers, "Sluice-End", flight->end);
	sluice_headers_add_number(headers, "Sluice-Time", view->time_ns);
	if (flight->is_gap)
		add_gap(headers, view);
	else if (is_span)
		sluice_headers_add_number(headers, "Sluice-Datagrams", flight->datagrams);
	else
		add_datagram(headers, view);
}
