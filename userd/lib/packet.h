/* SPDX-License-Identifier: MIT */
/*
 * The IP packet that a record once was, rebuilt for programs that read captures (pcap, pcapng with
 * link type RAW): IPv4 or IPv6 header, UDP header, payload. What the record does not tell
 * (addresses, if the input does not keep them) is zero. Touches: the bytes it is given. All of it
 * @threadsafe.
 */
#ifndef SLUICE_LIB_PACKET_H
#define SLUICE_LIB_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include "record.h"

/* LINKTYPE_RAW of the pcap formats: a packet begins with its IPv4 or IPv6 header. */
#define SLUICE_PACKET_LINKTYPE 101U
/* The longest packet: IPv6 header, UDP header, largest payload. */
#define SLUICE_PACKET_MAX (40U + 8U + SLUICE_PAYLOAD_MAX)

/* Bytes of the packet that the DATA record `view` was. */
size_t sluice_packet_length(const struct sluice_record_view *view);

/* Writes it to `out`, which has room for sluice_packet_length() bytes; returns where the next goes.
 */
uint8_t *sluice_packet_write(const struct sluice_record_view *view, uint8_t *out);

#endif /* SLUICE_LIB_PACKET_H */
