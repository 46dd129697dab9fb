/* SPDX-License-Identifier: MIT */
/*
 * The UDP datagram in a captured packet: through the header of its link, VLAN tags, and IPv4 or
 * IPv6 with its extension headers. Believes no length that the packet tells. Touches: the bytes it
 * is given. @threadsafe.
 */
#ifndef SLUICE_BENCH_REPLAY_PACKET_H
#define SLUICE_BENCH_REPLAY_PACKET_H

#include <stddef.h>
#include <stdint.h>

/* What a packet is to who replays datagrams. */
enum sluice_replay_kind {
	SLUICE_REPLAY_DATAGRAM,
	SLUICE_REPLAY_FRAGMENT,
	SLUICE_REPLAY_NOT_IP,
	SLUICE_REPLAY_NOT_UDP,
	SLUICE_REPLAY_CUT,     /* the capture kept only its beginning */
	SLUICE_REPLAY_DAMAGED, /* its lengths cannot be */
	SLUICE_REPLAY_LINK,    /* of a link type that is not known here */
	SLUICE_REPLAY_KINDS
};

struct sluice_replay_datagram {
	const uint8_t *payload; /* in the packet */
	uint32_t length;
	uint16_t source; /* port */
	uint16_t destination;
};

/*
 * Looks at a packet of `length` bytes, of which the first `captured` are there, of a link type of
 * the pcap formats (LINKTYPE_*; libpcap's DLT_* are taken, too). *datagram is filled in if it is
 * one.
 */
enum sluice_replay_kind sluice_replay_packet(uint32_t link, const uint8_t *bytes, size_t captured,
					     size_t length,
					     struct sluice_replay_datagram *datagram);

/* In a word or three, as counted: "fragments", "not UDP"; a constant. */
const char *sluice_replay_kind_word(enum sluice_replay_kind kind);
/* The same as the name of a field: "not_udp". */
const char *sluice_replay_kind_key(enum sluice_replay_kind kind);

#endif /* SLUICE_BENCH_REPLAY_PACKET_H */
