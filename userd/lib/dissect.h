/* SPDX-License-Identifier: MIT */
/*
 * From a captured frame to the UDP datagram in it: link layer, VLAN tags, IPv4 with options, IPv6
 * with extension headers, UDP. Whatever the bytes are, none beyond the frame is read. Between
 * captures and who wants datagrams. Touches: the bytes it is given. All of it @threadsafe.
 */
#ifndef SLUICE_LIB_DISSECT_H
#define SLUICE_LIB_DISSECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sluice_dissected_kind {
	SLUICE_DISSECTED_OTHER,	   /* no UDP, or nothing that is known */
	SLUICE_DISSECTED_DATAGRAM, /* payload and length are the datagram's */
	SLUICE_DISSECTED_FRAGMENT, /* payload and length are the fragment's, see fragments.h */
	SLUICE_DISSECTED_CUT,	   /* UDP, and the capture did not take all of it */
	SLUICE_DISSECTED_BAD,	   /* UDP, and its lengths do not fit */
};

struct sluice_dissected {
	enum sluice_dissected_kind kind;
	uint8_t family; /* 4 or 6 */
	bool has_vlan;
	bool has_ports; /* of CUT and BAD they may not be there */
	uint16_t vlan;	/* the outer tag's control information */
	uint16_t source_port, destination_port;
	uint8_t source[16], destination[16]; /* network byte order, IPv4 in the first 4 */
	const uint8_t *payload;
	uint32_t length;
	/* Of a FRAGMENT */
	uint32_t id;
	uint32_t offset;  /* of its bytes in what was cut */
	uint8_t protocol; /* of what was cut: the header that it begins with */
	bool is_last;
};

/* Is this link type one of those that are known? @threadsafe */
bool sluice_dissect_knows(uint32_t link);

/* Looks at a frame of which `captured` bytes of `length` are there. */
void sluice_dissect(uint32_t link, const uint8_t *bytes, size_t captured, size_t length,
		    struct sluice_dissected *result);

/* The same with what an IP packet carries, put together from fragments: `protocol` says what it
 * begins with; family and addresses in *result are set. */
void sluice_dissect_carried(uint8_t protocol, const uint8_t *bytes, size_t length,
			    struct sluice_dissected *result);

#endif /* SLUICE_LIB_DISSECT_H */
