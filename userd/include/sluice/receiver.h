/* SPDX-License-Identifier: MIT */
/*
 * libsluice: the receiving end of `native` connections, for programs that take datagrams from a
 * relay without losing one and without seeing one twice. It speaks the wire format
 * (docs/wire-format.md) and does no input or output: the program owns its sockets, hands over the
 * bytes that came, is called for each datagram that is new, keeps it, says so, and sends the bytes
 * that are due. sluice_receiver(3) is the manual; userd/examples/receiver.c a whole program.
 *
 * Nothing in here is @threadsafe: a receiver and its links belong to one thread at a time.
 * Different receivers have nothing in common. Functions that return int return 0 or a negative
 * errno.
 */
#ifndef SLUICE_RECEIVER_H
#define SLUICE_RECEIVER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What has been received, over all connections. */
struct sluice_receiver;
/* One connection from a relay. */
struct sluice_receiver_link;

/* What a record tells. */
enum sluice_receiver_type {
	SLUICE_RECEIVER_DATAGRAM = 1,
	SLUICE_RECEIVER_GAP = 2, /* datagrams were lost here */
};

/* What is promised about the records that are acknowledged. */
enum sluice_receiver_promise {
	SLUICE_RECEIVER_RECEIVED = 0,
	SLUICE_RECEIVER_DURABLE = 1, /* they are on stable storage */
};

/* Where a datagram came from and went to. */
struct sluice_receiver_address {
	unsigned int family; /* 4 or 6 */
	int vlan;	     /* IEEE 802.1Q tag control information, -1: it had no tag */
	uint16_t source_port;
	uint16_t destination_port;
	uint32_t interface; /* number of the relay's interface that it came in by */
	uint8_t source[16]; /* network byte order; IPv4 in the first 4 bytes */
	uint8_t destination[16];
};

/* A record that is new. The pointers hold during the call only. */
struct sluice_receiver_record {
	enum sluice_receiver_type type;
	uint16_t input;	  /* number of the input within its route */
	uint64_t time_ns; /* when the relay received it, nanoseconds since 1970-01-01 UTC */
	/* Its name for ever: bytes [offset, end) of this stream, for this output. */
	const uint8_t *output; /* GUID, 16 bytes */
	const uint8_t *stream; /* UUID, 16 bytes */
	uint64_t epoch;
	uint64_t offset;
	uint64_t end;
	const struct sluice_receiver_address *address; /* NULL: the input does not record it */
	const void *payload;			       /* DATAGRAM */
	size_t length;				       /* bytes of payload, 0 to 65,527 */
	uint64_t lost;				       /* GAP: how many datagrams */
	uint64_t lost_bytes;			       /* GAP: their payload, 0: not known */
	uint32_t cause;				       /* GAP: as docs/wire-format.md lists them */
};

/* Bytes [start, end) of a stream that have been received for an output. */
struct sluice_receiver_range {
	uint8_t output[16];
	uint8_t stream[16];
	uint64_t epoch;
	uint64_t start;
	uint64_t end;
};

/* Counts since the receiver was opened. */
struct sluice_receiver_counts {
	uint64_t datagrams; /* handed to the program */
	uint64_t bytes;	    /* their payload */
	uint64_t repeated;  /* came again and were dropped */
	uint64_t gaps;	    /* GAP records handed to the program */
	uint64_t lost;	    /* datagrams that those tell of */
	uint64_t frames;    /* DATA frames that were right */
	uint64_t fresh;	    /* those with something new */
};

/*
 * Called for each new record, in the order of the connection. 0: it is taken. -EAGAIN: there is no
 * room for it now; sluice_receiver_fed() returns that and the link is as good as before: read
 * nothing, and call sluice_receiver_fed() with 0 bytes when there is room. Anything else, a
 * negative errno: it is not taken, and sluice_receiver_fed() returns that; the link must be closed,
 * and the relay sends the record again later. Must not call functions of the same receiver.
 */
typedef int sluice_receiver_take(void *context, const struct sluice_receiver_record *record);

/* Makes a receiver that has nothing. -EINVAL, -ENOMEM. @owner caller: sluice_receiver_close() */
int sluice_receiver_open(struct sluice_receiver **receiver, sluice_receiver_take *take,
			 void *context);

/* Frees it; its links must be closed before. NULL is allowed. */
void sluice_receiver_close(struct sluice_receiver *receiver);

/* Adds what an earlier life of the program has received and kept. -EINVAL (start behind end, not
 * multiples of 8), -ENOMEM, -ENOSPC: more than 65,536 streams. */
int sluice_receiver_restore(struct sluice_receiver *receiver,
			    const struct sluice_receiver_range *range);

/* Calls `each` for all that has been received: what the program must keep to go on after a restart.
 * Stops at and returns what `each` returns other than 0. */
int sluice_receiver_ranges(const struct sluice_receiver *receiver,
			   int (*each)(void *context, const struct sluice_receiver_range *range),
			   void *context);

/* Copies the counts. */
void sluice_receiver_count(const struct sluice_receiver *receiver,
			   struct sluice_receiver_counts *counts);

/* A new connection. -EINVAL, -ENOMEM. @owner caller: sluice_receiver_link_close() */
int sluice_receiver_link_open(struct sluice_receiver *receiver, struct sluice_receiver_link **link);

/* Forgets the connection; what came by it stays received. NULL is allowed. */
void sluice_receiver_link_close(struct sluice_receiver_link *link);

/* Where to read bytes of the connection to, and how many at most (at least one). NULL: no memory.
 */
void *sluice_receiver_room(struct sluice_receiver_link *link, size_t *room);

/*
 * So many bytes were read to there: calls the receiver's `take` for each new record that is whole
 * now. An error is final for the link: -EPROTO, -EPROTONOSUPPORT, -EBADMSG or -EILSEQ: what came is
 * not this format, of another version, damaged, or compressed and not what it says (see
 * sluice_receiver_fault()); -ENOMEM, -ENOSPC; -EINVAL:
 * more than there was room; or what `take` returned. Records before the error are received all the
 * same.
 */
int sluice_receiver_fed(struct sluice_receiver_link *link, size_t length);

/*
 * The program has kept, so that it outlives it, all that `take` was called for so far, by whichever
 * link: the relay may be told about what came by this one. What was acknowledged as received is
 * acknowledged once more when it is durable. What is due then is in sluice_receiver_output().
 * -EINVAL, -ENOMEM.
 */
int sluice_receiver_acknowledge(struct sluice_receiver_link *link,
				enum sluice_receiver_promise promise);

/* The bytes to send to the relay next; *length is 0 if there are none. They stay where they are
 * until sluice_receiver_sent(). -EINVAL, -ENOMEM. */
int sluice_receiver_output(struct sluice_receiver_link *link, const void **bytes, size_t *length);

/* So many of them were sent. */
void sluice_receiver_sent(struct sluice_receiver_link *link, size_t length);

/* What was wrong with what came, a sentence without its subject; NULL: nothing. */
const char *sluice_receiver_fault(const struct sluice_receiver_link *link);

#ifdef __cplusplus
}
#endif

#endif /* SLUICE_RECEIVER_H */
