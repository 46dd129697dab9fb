/* SPDX-License-Identifier: MIT */
/*
 * Writes records as a pcapng capture (draft-ietf-opsawg-pcapng) that Wireshark's family of tools
 * opens: for whoever takes datagrams out of a ring or a spool to look at them. libpcap writes the
 * older format only, which has no place for losses. Touches: the stream it is given.
 *
 * The link type is LINKTYPE_RAW: an IP header, as the record's address block says, and a UDP header
 * are made up before each payload. A record without an address block gets addresses that are
 * reserved for documentation, 192.0.2.1 to 192.0.2.2 (RFC 5737), or 2001:db8::1 to 2001:db8::2 (RFC
 * 3849) where it is too long for IPv4, and ports 0. A comment at each packet tells its input, and
 * what else the record says and IP has no field for. A GAP is told of by the packet behind it
 * (epb_dropcount and a comment) and by an interface statistics block.
 */
#ifndef SLUICE_LIB_PCAPNG_H
#define SLUICE_LIB_PCAPNG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "record.h"

struct sluice_pcapng; /* one capture being written */

/*
 * Begins a capture on `to`, which the caller keeps and closes after sluice_pcapng_end();
 * `application` names the writing program. `only`: the name of the capture's one interface, which
 * all streams share, because libpcap 1.10 refuses a file with two of link type RAW; NULL: each
 * stream is an interface. 0, -EINVAL, -ENOMEM, or -EIO. @owner caller: sluice_pcapng_end()
 */
int sluice_pcapng_begin(struct sluice_pcapng **capture, FILE *to, const char *application,
			const char *only);

/* Adds a stream: its number goes to *number. Where the capture has one interface its name stands in
 * the comments of its packets, else it is an interface. 0, -EINVAL, -ENOMEM, -EIO. */
int sluice_pcapng_stream(struct sluice_pcapng *capture, const char *name, const char *description,
			 uint32_t *number);

/* Writes one record of stream `number`; types other than DATA and GAP are left out. 0, -EINVAL,
 * -EIO. */
int sluice_pcapng_record(struct sluice_pcapng *capture, uint32_t number,
			 const struct sluice_record_view *record);

/* Tells of `records` of stream `number` that the writer itself came too late for, at `time_ns`.
 * 0, -EINVAL, -EIO. */
int sluice_pcapng_missed(struct sluice_pcapng *capture, uint32_t number, uint64_t records,
			 uint64_t time_ns);

/* Writes the totals of each interface, flushes, and frees. NULL is allowed. 0 or -EIO. */
int sluice_pcapng_end(struct sluice_pcapng *capture);

#endif /* SLUICE_LIB_PCAPNG_H */
