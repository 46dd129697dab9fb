/* SPDX-License-Identifier: MIT */
/*
 * What two daemons say to each other when one takes over from the other: packets of a local socket
 * (SOCK_SEQPACKET), each a head, a text of lines and, if it says so, descriptors (SCM_RIGHTS). Who
 * does not know a line, a word in it or a kind of descriptor passes over it, so that versions
 * understand each other. Touches: the socket.
 *
 *   new                                  old
 *    HELLO   who I am             ──►
 *                                 ◄──    OFFER    who I am; or REFUSED and a sentence
 *    TAKE                         ──►             outputs come to rest, sockets are emptied
 *                                 ◄──    GIVE     descriptors, several times
 *                                 ◄──    STATE    counters and what else is to go on, several times
 *                                 ◄──    END      how many descriptors those were
 *    READY   it moves data        ──►
 *                                 ◄──    COMMIT   and the old one leaves
 *
 * Either may say REFUSED and a sentence instead, or just end: before COMMIT the old one goes on.
 */
#ifndef SLUICE_HANDOVER_WIRE_H
#define SLUICE_HANDOVER_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define SLUICE_HANDOVER_MAGIC 0x4f484c53U /* "SLHO" */
/* The version of what is said, and the oldest one that is understood. 2: connections are passed,
 * and the new one leaves them alone until it has said READY. 3: also in the middle of a frame. */
#define SLUICE_HANDOVER_VERSION 3U
#define SLUICE_HANDOVER_LINKS 2U /* from which on that is so */
#define SLUICE_HANDOVER_RESTS 3U
#define SLUICE_HANDOVER_LEAST 1U
/* Bytes of a packet's text, and descriptors with it (the kernel's SCM_MAX_FD is 253). */
#define SLUICE_HANDOVER_TEXT 49152U
#define SLUICE_HANDOVER_FDS 200U

enum sluice_handover_word {
	SLUICE_HANDOVER_HELLO = 1,
	SLUICE_HANDOVER_OFFER,
	SLUICE_HANDOVER_TAKE,
	SLUICE_HANDOVER_GIVE,
	SLUICE_HANDOVER_STATE,
	SLUICE_HANDOVER_END,
	SLUICE_HANDOVER_READY,
	SLUICE_HANDOVER_COMMIT,
	SLUICE_HANDOVER_REFUSED,
};

/* The head, in the byte order of the machine, which both share. */
struct sluice_handover_head {
	uint32_t magic;
	uint16_t version, least;
	uint16_t word;	 /* enum sluice_handover_word */
	uint16_t count;	 /* of descriptors */
	uint32_t length; /* of the text, without an end */
};

/* A packet as it is in memory. */
struct sluice_handover_packet {
	struct sluice_handover_head head;
	int fds[SLUICE_HANDOVER_FDS];
	char text[SLUICE_HANDOVER_TEXT + 1]; /* with an end */
};

/* Sends a packet whose word, count, length, descriptors and text are there. 0 or a negative errno;
 * never SIGPIPE. The descriptors stay the caller's. @threadsafe */
int sluice_handover_send(int fd, struct sluice_handover_packet *packet);
/* The same for one without descriptors. */
int sluice_handover_say(int fd, enum sluice_handover_word word, const char *text);
/*
 * Receives one, waiting `most_ms` at most; its descriptors are closed at exec. 0; -EPIPE: the other
 * end is gone; -ETIMEDOUT; -EPROTO: it is none of ours, or cut; -EPROTONOSUPPORT: versions do not
 * understand each other; other negative errno.
 * @owner caller: the descriptors, on success
 */
int sluice_handover_receive(int fd, struct sluice_handover_packet *packet, int most_ms);
/* Closes the descriptors of a packet. */
void sluice_handover_drop(struct sluice_handover_packet *packet);

/* Calls `each` for every line of a text, which it takes apart, until it returns not 0, which is
 * returned. */
int sluice_handover_lines(char *text, int (*each)(void *context, char *line), void *context);
/* The value of `name=` in a line of words, or NULL. It ends at a space or the line's end; *length:
 * its bytes. */
const char *sluice_handover_value(const char *line, const char *name, size_t *length);
/* The same as a number; 0 if it is not there. */
uint64_t sluice_handover_number(const char *line, const char *name);

#endif /* SLUICE_HANDOVER_WIRE_H */
