/* SPDX-License-Identifier: MIT */
/*
 * Who sent a datagram, written in front of it (`outputs.prefix`), for receivers of plain framings
 * that need the sender's address: collectors of NetFlow, IPFIX and syslog tell exporters by it.
 * Below framing.c. Touches: memory it is given. All of it @threadsafe.
 *
 *   text      "192.0.2.7:514 ", "[2001:db8::7]:514 "; "- " where the record has no addresses
 *   proxy-v2  a header of the PROXY protocol, version 2 (haproxy's proxy-protocol.txt, 2.2): UDP
 *             over IPv4 or IPv6 with both addresses; LOCAL where the record has none
 */
#ifndef SLUICE_ORIGIN_H
#define SLUICE_ORIGIN_H

#include <stddef.h>
#include <stdint.h>
#include "../../lib/record.h"
#include "../../config/model.h"

/* The longest: the header of PROXY for IPv6, 16 bytes and 36. The longest text has 48: brackets, 39
 * bytes of address, colon, port, space. */
#define SLUICE_ORIGIN_MAX 52U

/* Writes it to `out`; returns its length, 0 for SLUICE_LEAD_NONE. */
size_t sluice_origin_write(enum sluice_lead prefix, const struct sluice_record_view *view,
			   uint8_t out[SLUICE_ORIGIN_MAX]);

#endif /* SLUICE_ORIGIN_H */
