/* SPDX-License-Identifier: MIT */
/*
 * What the daemon that works as a relay and those that wait for it say to each other, and what
 * `sluicectl yield` says: packets of a local socket (SOCK_SEQPACKET). Both ends are of one machine,
 * perhaps of two versions: a kind that one does not know it passes over. Touches: the socket.
 */
#ifndef SLUICE_STANDBY_MESSAGE_H
#define SLUICE_STANDBY_MESSAGE_H

#include <stdint.h>

#define SLUICE_STANDBY_MAGIC 0x59425453U /* "STBY" */
#define SLUICE_STANDBY_VERSION 1U
#define SLUICE_STANDBY_TEXT 400U

/* How often the one that works says that it does, while somebody waits. */
#define SLUICE_STANDBY_BEAT_MS 100U

enum sluice_standby_kind {
	SLUICE_STANDBY_WAIT = 1, /* to it: one more that waits */
	SLUICE_STANDBY_BEAT,	 /* from it: the control thread goes round */
	SLUICE_STANDBY_DOUBT,	 /* to it: it was silent for `number` ms, as `text` tells */
	SLUICE_STANDBY_YIELD,	 /* to it: hand over; `number` is 1: and leave */
	SLUICE_STANDBY_ANSWER,	 /* to who asked: `number` is 0 or an errno, `text` a sentence */
	SLUICE_STANDBY_SOCKETS,	 /* from it: a list of its sockets begins */
	SLUICE_STANDBY_SOCKET,	 /* one of them: a descriptor, and `text` its name */
	SLUICE_STANDBY_SOCKETS_DONE, /* the list is whole: `number` of them */
};

struct sluice_standby_message {
	uint32_t magic;
	uint32_t version;
	uint32_t kind;
	uint32_t pid;
	uint64_t epoch; /* of the one that works */
	uint64_t number;
	char text[SLUICE_STANDBY_TEXT]; /* ended by a zero */
};

/* Sends one at once, with descriptor `fd` unless that is -1. 0; -EAGAIN: there is no room; another
 * negative errno. */
int sluice_standby_send(int socket, const struct sluice_standby_message *message, int fd);

/* Receives one, and the descriptor that came with it, -1: none. 0; -EAGAIN: there is none; -EPIPE:
 * the other end is gone; -EBADMSG: it makes no sense, and is passed over; another negative errno.
 * @owner caller: *fd */
int sluice_standby_receive(int socket, struct sluice_standby_message *message, int *fd);

/* An empty one of a kind. */
struct sluice_standby_message sluice_standby_message_of(enum sluice_standby_kind kind);

#endif /* SLUICE_STANDBY_MESSAGE_H */
