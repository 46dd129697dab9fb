/* SPDX-License-Identifier: MIT */
/*
 * What one sendmmsg(2) sends: from the records of segments to messages. Datagrams of the same size
 * that follow each other are one message that the kernel cuts (UDP_SEGMENT), where it can; every
 * other one is a message of its own. Payloads stay where they lie. Between feeders and a socket, in
 * one worker. Touches: nothing but memory.
 */
#ifndef SLUICE_UDP_BATCH_H
#define SLUICE_UDP_BATCH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "../link/framing.h"

struct sluice_connection;
struct sluice_feeder;

/* Messages of one call, the datagrams in them, and those that the kernel cuts out of one
 * (UDP_MAX_SEGMENTS). */
#define SLUICE_UDP_MESSAGES 64U
#define SLUICE_UDP_PARTS 1024U
#define SLUICE_UDP_CUT 64U
/* Bytes of a message that the kernel cuts: with headers of IP less than 64 KiB. */
#define SLUICE_UDP_CUT_BYTES 65000U

/* What became of records. */
struct sluice_udp_count {
	uint64_t datagrams, bytes; /* that are sent */
	uint64_t gaps, truncated;
	struct sluice_unsent unsent;
};

/* A segment, and how much of it is with the kernel. */
struct sluice_udp_load {
	struct sluice_feeder *feeder;
	uint64_t id;
	const uint8_t *span; /* pinned */
	size_t length;
	size_t at;		      /* what is before is sent, or is not to be sent */
	uint64_t records;	      /* records before that */
	struct sluice_udp_count rest; /* of records behind the last datagram that is sent */
};

/* What the way to the collector takes. */
struct sluice_udp_way {
	int family;
	bool cuts;	     /* the kernel cuts messages */
	size_t segment_most; /* datagrams up to this long are cut out of a message; 0: none */
	bool preserves;	     /* datagrams keep their source address */
};

struct sluice_udp_message {
	size_t load, end;  /* of `load`, what it goes up to */
	uint64_t records;  /* records of it before that */
	size_t part, size; /* bytes of a datagram of it, but for the last, and of all of it */
	bool is_closed;	   /* no other datagram fits */
	uint8_t source[16];
	struct sluice_udp_count count; /* records since the message before */
};

union sluice_udp_control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
};

struct sluice_udp_batch {
	/* Where it goes on */
	size_t load, at;
	uint64_t records;
	struct sluice_udp_count passed; /* records since the last datagram that is in a message */
	size_t plain_load, plain_upto;	/* of that load, datagrams before this go alone */

	size_t count, used; /* messages, and parts of them */
	struct mmsghdr messages[SLUICE_UDP_MESSAGES];
	struct iovec parts[SLUICE_UDP_PARTS];
	union sluice_udp_control controls[SLUICE_UDP_MESSAGES];
	struct sluice_udp_message notes[SLUICE_UDP_MESSAGES];
};

/* Begins with the first of the loads, or again where load `load` says it is. */
void sluice_udp_batch_begin(struct sluice_udp_batch *batch);
void sluice_udp_batch_rewind(struct sluice_udp_batch *batch, const struct sluice_udp_load *loads,
			     size_t load);

/*
 * Puts into the batch what comes next of `count` loads: as much as goes in one call. None: there is
 * no datagram any more; `rest` of those loads that it is through with is filled in. *broken: a load
 * that holds something that is no record, whose rest is passed over; `count`: none does.
 */
void sluice_udp_batch_fill(struct sluice_udp_batch *batch, struct sluice_udp_load *loads,
			   size_t count, const struct sluice_form *form,
			   const struct sluice_udp_way *way, size_t *broken);

#endif /* SLUICE_UDP_BATCH_H */
