/* SPDX-License-Identifier: MIT */
/*
 * What a worker has read from a socket with calls and not stored yet: in a file beside the rings,
 * so that it outlives the process. Whoever goes on with the sockets stores it first: the old daemon
 * when the new one of a take-over dies, a standby, the next daemon. The kernel itself writes there
 * how long each datagram is, so nothing is taken out of a socket that the file does not tell of.
 */
#ifndef SLUICE_SOCKET_HAND_H
#define SLUICE_SOCKET_HAND_H

#include <netinet/in.h>
#include <sys/socket.h>
#include "socket.h"

/* Datagrams per recvmmsg(2). */
#define SLUICE_HAND_BATCH 256U
/* Bytes of control messages. */
#define SLUICE_HAND_CONTROL 128U
/* What a message's length is before anything came to its place. */
#define SLUICE_HAND_UNREAD UINT32_MAX

/* The socket that it was read from, as it is kept: struct sluice_port_key without what is a
 * process's own. */
struct sluice_hand_key {
	int32_t family;
	uint16_t port;
	uint16_t both;
	uint8_t address[16];
	char interface[IF_NAMESIZE];
};

/* Where datagrams are received before they are records. One per worker, touched only as far as
 * needed. Pointers in it are the process's that reads. */
struct sluice_socket_hand {
	uint64_t magic;
	uint32_t version;
	uint32_t worker;
	struct sluice_hand_key key;
	/* So many messages are asked for, 0: nothing is in hand; and the first `done` of them are
	 * stored. */
	uint32_t most, done;
	struct mmsghdr messages[SLUICE_HAND_BATCH];
	struct iovec places[SLUICE_HAND_BATCH];
	struct sockaddr_in6 sources[SLUICE_HAND_BATCH];
	uint8_t control[SLUICE_HAND_BATCH][SLUICE_HAND_CONTROL] __attribute__((aligned(8)));
};

/* The worker's; made in memory of its own if there is none. NULL: no memory. @context worker */
struct sluice_socket_hand *sluice_socket_hand_of(struct sluice_worker *worker);
/* The kernel could not write there: the file's place is full. From now on the worker has memory of
 * its own. 0 or -ENOMEM. @context worker */
int sluice_socket_hand_leave_file(struct sluice_worker *worker);

/* Up to `most` messages are going to be read from `port`. @context worker */
void sluice_socket_hand_begin(struct sluice_socket_hand *hand, const struct sluice_port *port,
			      unsigned int most);
/* The first `done` are stored. @context worker */
static inline void sluice_socket_hand_note(struct sluice_socket_hand *hand, unsigned int done)
{
	/* Not before the record is: read by another process, when this one is dead. */
	__atomic_store_n(&hand->done, done, __ATOMIC_RELEASE);
}
/* All are, or nothing came. @context worker */
void sluice_socket_hand_end(struct sluice_socket_hand *hand);

/*
 * Gives a worker that has none its file, if the configuration has a place for it. Without one what
 * is in hand does not outlive the process. @context process, before its sockets are entered
 */
void sluice_socket_hand_open(const struct sluice_config *config, struct sluice_worker *worker);
/* Takes what dead processes had in hand: their files go. @context process, before the first
 * sluice_socket_hand_open() of an engine */
void sluice_socket_hand_find(const struct sluice_config *config);
/* Is there something that was found? @context any */
bool sluice_socket_hand_is_left(void);
/* Takes one that was read from a socket like `port`, by its worker, or if `any` by whichever. NULL:
 * there is none. @owner caller: sluice_socket_hand_free() @context worker, one at a time */
struct sluice_socket_hand *sluice_socket_hand_take(const struct sluice_port *port, bool any);
/* Of one that was taken: how many messages came, from `done` on. @context any */
unsigned int sluice_socket_hand_count(const struct sluice_socket_hand *hand);
void sluice_socket_hand_free(struct sluice_socket_hand *hand);
/* Tells of what is still left and drops it: no input wants it. @context process */
void sluice_socket_hand_drop_all(void);

#endif /* SLUICE_SOCKET_HAND_H */
