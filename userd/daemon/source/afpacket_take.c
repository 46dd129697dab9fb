// SPDX-License-Identifier: MIT
/*
 * A packet becomes records; see afpacket.h. Touches: the producer's side of the lane's rings,
 * counters of inputs.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>
#include "../../lib/barrier.h"
#include "../../lib/checksum.h"
#include "../../lib/record.h"
#include "afpacket.h"

/* Since Linux 6.2; older headers do not have it. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define ETHERNET_HEADER 14U
#define IPV4_HEADER 20U
#define UDP_HEADER 8U
#define PROTOCOL_UDP 17U

/* A packet as it lies in the ring. */
struct frame {
	const uint8_t *bytes;
	uint64_t time_ns;
	uint32_t interface;
	uint32_t part; /* bytes of each datagram but the last, 0: it is one */
	bool is_good;  /* its checksum is right, or not made yet */
};

/* Two bytes in network byte order. */
static uint32_t half(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* What nearly all packets are: Ethernet, IPv4 without options, UDP, whole. False: it is something
 * else, and sluice_dissect() looks. */
static bool dissect_plain(const uint8_t *bytes, size_t captured, size_t length,
			  struct sluice_dissected *result)
{
	const uint8_t *header = bytes + ETHERNET_HEADER, *udp = header + IPV4_HEADER;
	uint32_t whole, size;

	if (captured < ETHERNET_HEADER + IPV4_HEADER + UDP_HEADER || captured < length ||
	    bytes[12] != 0x08 || bytes[13] || header[0] != 0x45 || header[9] != PROTOCOL_UDP ||
	    half(header + 6) & 0x3fffU)
		return false;
	whole = half(header + 2);
	size = half(udp + 4);
	if (whole + ETHERNET_HEADER > captured || size < UDP_HEADER || size + IPV4_HEADER > whole)
		return false;
	memset(result, 0, sizeof(*result));
	result->kind = SLUICE_DISSECTED_DATAGRAM;
	result->family = 4;
	result->has_ports = true;
	result->source_port = (uint16_t)half(udp);
	result->destination_port = (uint16_t)half(udp + 2);
	memcpy(result->source, header + 12, 4);
	memcpy(result->destination, header + 16, 4);
	result->payload = udp + UDP_HEADER;
	result->length = size - UDP_HEADER;
	return true;
}

/* Makes the address block of a datagram. */
static void write_addresses(uint8_t *out, const struct sluice_dissected *what, uint32_t interface)
{
	const struct sluice_record_address block = {
		.family = what->family,
		.vlan_present = what->has_vlan,
		.vlan_tci = htole16(what->vlan),
		.source_port = htole16(what->source_port),
		.destination_port = htole16(what->destination_port),
		.interface = htole32(interface),
	};
	struct sluice_record_address *to = (void *)out;

	memcpy(to, &block, sizeof(block));
	memcpy(to->source, what->source, sizeof(block.source));
	memcpy(to->destination, what->destination, sizeof(block.destination));
}

/* One of an input's is lost: it is counted, and a GAP will tell of it. (The builtin of
 * sluice_count() writes to `counter`, which a check does not see.) */
/* NOLINTBEGIN(readability-non-const-parameter) */
static void lose(struct sluice_afpacket_lane *lane, const struct sluice_pcap_claim *claim,
		 uint64_t *counter, enum sluice_lost_cause cause)
{
	struct sluice_pcap_ring *ring = &lane->table->rings[claim->ring];

	sluice_count(counter, 1);
	sluice_ring_lose(&ring->stream->ring, claim->input->index, cause, 1, 0);
	ring->is_untold = true;
}
/* NOLINTEND(readability-non-const-parameter) */

/* Makes `length` bytes a record, or counts that there is no room. */
static void store(struct sluice_afpacket_lane *lane, const struct sluice_pcap_claim *claim,
		  const struct sluice_dissected *what, const struct frame *frame, uint8_t flags,
		  const uint8_t *payload, uint32_t length)
{
	struct sluice_pcap_ring *ring = &lane->table->rings[claim->ring];
	struct sluice_pcap_input *input = claim->input;
	size_t head = sizeof(struct sluice_record) +
		      (claim->has_addresses ? sizeof(struct sluice_record_address) : 0);
	uint8_t *record = sluice_ring_reserve(&ring->stream->ring, (uint32_t)head + length);

	if (!record) {
		lose(lane, claim, &input->lost_full, SLUICE_LOST_RING_FULL);
		return;
	}
	if (claim->has_addresses) {
		flags |= SLUICE_RECORD_F_ADDRESS;
		write_addresses(record + sizeof(struct sluice_record), what, frame->interface);
	}
	sluice_record_write(record, (uint32_t)head + length, SLUICE_RECORD_DATA, flags,
			    input->index, frame->time_ns);
	memcpy(record + head, payload, length);
	sluice_ring_commit(&ring->stream->ring);
	sluice_count(&input->stored, 1);
	sluice_count(&input->stored_bytes, length);
	ring->unrung++;
}

/* Is the checksum of a datagram right? The UDP header lies in front of its payload. */
static bool is_right(const struct sluice_dissected *what, const struct frame *frame)
{
	if (frame->is_good || frame->part)
		return true;
	return sluice_checksum_udp(what->family, what->source, what->destination,
				   what->payload - UDP_HEADER, what->length + UDP_HEADER);
}

/* Does with a datagram, or with those that were joined, what is to be done. */
static void place(struct sluice_afpacket_lane *lane, const struct sluice_dissected *what,
		  const struct frame *frame)
{
	struct sluice_pcap_claim *claim =
		lane->table && what->has_ports ? sluice_pcap_table_find(lane->table, what) : NULL;
	uint32_t at = 0, part;
	uint8_t flags = 0;

	if (!claim) {
		sluice_count(what->kind == SLUICE_DISSECTED_CUT ? &lane->cut : &lane->others, 1);
		return;
	}
	if (what->kind == SLUICE_DISSECTED_CUT) {
		lose(lane, claim, &claim->input->snapped, SLUICE_LOST_COPY);
		return;
	}
	if (what->kind == SLUICE_DISSECTED_BAD) {
		lose(lane, claim, &claim->input->bad_length, SLUICE_LOST_BAD_LENGTH);
		return;
	}
	if (!(claim->checksum & SLUICE_RULE_F_NO_CHECKSUM) && !is_right(what, frame)) {
		if (!(claim->checksum & SLUICE_RULE_F_KEEP_BADCSUM)) {
			lose(lane, claim, &claim->input->bad_checksum, SLUICE_LOST_BAD_CHECKSUM);
			return;
		}
		flags = SLUICE_RECORD_F_BADCSUM;
	}
	/* An empty one is one, too. */
	do {
		part = what->length - at;
		if (frame->part && part > frame->part)
			part = frame->part;
		store(lane, claim, what, frame, flags, what->payload + at, part);
		at += part;
	} while (at < what->length);
	if (frame->part)
		sluice_count(&lane->joined, 1);
}

/* Puts fragments together. True: *what is something to be counted or stored. */
static bool settle_fragment(struct sluice_afpacket_lane *lane, struct sluice_dissected *what,
			    uint64_t time_ns)
{
	int result;

	if (!lane->fragments)
		lane->fragments = sluice_fragments_new();
	result = sluice_fragments_take(lane->fragments, what, time_ns);
	sluice_store_relaxed(&lane->incomplete,
			     sluice_fragments_incomplete(lane->fragments, false));
	return result == 1;
}

/* Takes any packet. Apart, so that those that are plain don't pay for its variables. */
__attribute__((noinline)) static void take_any(struct sluice_afpacket_lane *lane,
					       const struct tpacket3_hdr *packet)
{
	const struct sluice_afpacket_socket *socket = lane->socket;
	struct virtio_net_hdr joined = {0};
	struct sluice_dissected what;
	struct frame frame = {
		.bytes = (const uint8_t *)packet + packet->tp_mac,
		.time_ns = (uint64_t)packet->tp_sec * SLUICE_NS_PER_S + packet->tp_nsec,
		.interface = socket->interface,
		.is_good =
			(packet->tp_status & (TP_STATUS_CSUM_VALID | TP_STATUS_CSUMNOTREADY)) != 0,
	};

	if (socket->is_joining)
		memcpy(&joined, frame.bytes - sizeof(joined), sizeof(joined));
	if ((joined.gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == VIRTIO_NET_HDR_GSO_UDP_L4)
		frame.part = joined.gso_size;
	if (socket->link != 1 ||
	    !dissect_plain(frame.bytes, packet->tp_snaplen, packet->tp_len, &what))
		sluice_dissect(socket->link, frame.bytes, packet->tp_snaplen, packet->tp_len,
			       &what);
	/* The outer one, which is no longer in the packet. */
	if (packet->tp_status & TP_STATUS_VLAN_VALID) {
		what.has_vlan = true;
		what.vlan = (uint16_t)packet->hv1.tp_vlan_tci;
	}
	if (what.kind == SLUICE_DISSECTED_FRAGMENT) {
		/* Of a whole that is put together nobody has looked at the checksum. */
		frame.is_good = false;
		if (!settle_fragment(lane, &what, frame.time_ns))
			return;
	}
	if (what.kind == SLUICE_DISSECTED_OTHER || what.kind == SLUICE_DISSECTED_FRAGMENT) {
		sluice_count(&lane->others, 1);
		return;
	}
	place(lane, &what, &frame);
}

/* Four bytes in network byte order. */
static uint32_t word(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return be32toh(value);
}

/* Whose a port is, if nothing else has to be looked at. NULL: it has. */
static const struct sluice_pcap_claim *find_plain(const struct sluice_pcap_table *table,
						  uint32_t port)
{
	const struct sluice_pcap_place *place;
	const struct sluice_pcap_claim *claim;

	if (!table || !table->of_port[port])
		return NULL;
	place = &table->places[table->of_port[port] - 1];
	claim = &table->claims[place->claim];
	return claim->is_plain && !place->next ? claim : NULL;
}

/* What nearly all packets are, in one go: a right datagram of an input, as dissect_plain() means
 * it, alone in its packet, for which there is room. False: nothing was done. */
static bool take_plain(struct sluice_afpacket_lane *lane, const struct tpacket3_hdr *packet)
{
	const uint8_t *bytes = (const uint8_t *)packet + packet->tp_mac;
	const uint8_t *header = bytes + ETHERNET_HEADER, *udp = header + IPV4_HEADER;
	const struct sluice_pcap_claim *claim;
	struct sluice_pcap_input *input;
	struct sluice_pcap_ring *ring;
	uint32_t whole, size;

	/* Type, version and length of the header; then fragment, and protocol. */
	if (packet->tp_snaplen < ETHERNET_HEADER + IPV4_HEADER + UDP_HEADER ||
	    packet->tp_snaplen < packet->tp_len ||
	    bytes[offsetof(struct virtio_net_hdr, gso_type) - sizeof(struct virtio_net_hdr)] ||
	    (word(bytes + 12) & 0xffffff00U) != 0x08004500U ||
	    (word(header + 6) & 0x3fff00ffU) != PROTOCOL_UDP)
		return false;
	whole = half(header + 2);
	size = half(udp + 4);
	if (whole + ETHERNET_HEADER > packet->tp_snaplen || size < UDP_HEADER ||
	    size + IPV4_HEADER > whole)
		return false;
	claim = find_plain(lane->table, half(udp + 2));
	if (!claim)
		return false;
	if (!(packet->tp_status & (TP_STATUS_CSUM_VALID | TP_STATUS_CSUMNOTREADY)) &&
	    !(claim->checksum & SLUICE_RULE_F_NO_CHECKSUM) &&
	    !sluice_checksum_udp(4, header + 12, header + 16, udp, size))
		return false;
	ring = &lane->table->rings[claim->ring];
	input = claim->input;
	size -= UDP_HEADER;
	if (!sluice_ring_put(&ring->stream->ring, input->index,
			     (uint64_t)packet->tp_sec * SLUICE_NS_PER_S + packet->tp_nsec,
			     udp + UDP_HEADER, size))
		return false;
	sluice_count(&input->stored, 1);
	sluice_count(&input->stored_bytes, size);
	ring->unrung++;
	return true;
}

void sluice_afpacket_take(struct sluice_afpacket_lane *lane, const struct tpacket3_hdr *packet)
{
	if (!lane->socket->is_joining || !take_plain(lane, packet))
		take_any(lane, packet);
}
