/* SPDX-License-Identifier: MIT */
/*
 * The marked datagrams of `sluicectl probe`: what is in them is known from their mark, so that each
 * byte can be compared wherever a receiver wrote it.
 *
 *   head    "<14>Nov 29 07:06:09 host sluicectl: "   a receiver may take it apart; nothing is
 *           compared
 *   mark    "sluice-probe run=1a2b3c4d n=00007/00100 f=01 at=036 len=00200/01400 k=p via=newline
 *           crc=89abcdef "
 *   filler  "=3c4d.00007@00131=abcdef" ...           run, number and the place of the first '=' in
 *           the datagram, a multiple of 24
 *   end     "."
 *
 * `at` is the place of the mark in the datagram, `len` the datagram's length and that of the
 * longest of the run, f the flow (source port) by which it went, k what kind of bytes: p printable;
 * n nasty: the head begins with a digit, as a count would, and the letters in the filler are LF,
 * NUL, CR and others that end or spoil a message somewhere. The CRC is CRC32C of the mark up to "
 * crc=" and of everything behind the mark. Touches: nothing but memory. All of it @threadsafe.
 */
#ifndef SLUICE_CTL_PROBE_MARK_H
#define SLUICE_CTL_PROBE_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLUICE_PROBE_WORD "sluice-probe run=" /* what every mark begins with */
#define SLUICE_PROBE_COUNT_MAX 99999U	      /* what five digits say */
#define SLUICE_PROBE_FLOWS_MAX 99U
#define SLUICE_PROBE_SIZE_MAX 65507U /* the largest datagram over IPv4 */
#define SLUICE_PROBE_MARK_MAX 160U   /* bytes of a mark at most */
#define SLUICE_PROBE_VIA_MAX 24U     /* bytes of a framing's name, NUL included */
#define SLUICE_PROBE_GROUP 24U	     /* bytes of a group of the filler */
#define SLUICE_PROBE_GROUP_MARK 18U  /* of them, before the letters */

/* What a mark says. */
struct sluice_probe_mark {
	uint32_t run;
	uint32_t number; /* 1 .. count */
	uint32_t count;
	uint32_t flow;	 /* 0 .. SLUICE_PROBE_FLOWS_MAX */
	uint32_t at;	 /* 0 .. 999 */
	uint32_t length; /* of the datagram */
	uint32_t most;	 /* of the longest datagram of the run */
	bool nasty;
	char via[SLUICE_PROBE_VIA_MAX]; /* framing of the output; "-": not known */
};

/* The least length of a datagram with this mark, whose own `length` is not looked at. */
size_t sluice_probe_least(const struct sluice_probe_mark *mark);

/* Writes what of a datagram is known from its mark: the bytes from mark->at to mark->length. `room`
 * is that of `body`. Bytes written; 0: the mark is not possible (numbers, lengths), or there is no
 * room. */
size_t sluice_probe_body(const struct sluice_probe_mark *mark, uint8_t *body, size_t room);

/* Reads the mark at `bytes`, which begin with SLUICE_PROBE_WORD. 0; -EAGAIN: they end, or change,
 * before the mark does; -EBADMSG: it is whole, and not as it was sent. */
int sluice_probe_read(const uint8_t *bytes, size_t length, struct sluice_probe_mark *mark);

/* Reads the marker of a group of the filler at `bytes`, which begin with '='. False: it is none. */
bool sluice_probe_group(const uint8_t *bytes, size_t length, uint32_t *run, uint32_t *number,
			uint32_t *place);

/* What became of bytes that were compared. */
struct sluice_probe_match {
	size_t matched;	 /* of the expected ones */
	size_t taken;	 /* of those found: more where a receiver writes a byte as several */
	size_t escaped;	 /* bytes that were written otherwise, and can be told (#012, \n) */
	size_t replaced; /* bytes in whose place something else is */
};

/* Compares what was expected with what was found, from their beginnings on. */
void sluice_probe_compare(const uint8_t *expected, size_t length, const uint8_t *found,
			  size_t found_length, struct sluice_probe_match *match);

#endif /* SLUICE_CTL_PROBE_MARK_H */
