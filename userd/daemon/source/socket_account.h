/* SPDX-License-Identifier: MIT */
/*
 * Why did a socket drop something? It has one figure for all reasons: no room, a wrong checksum, a
 * program that refused. The network namespace counts by reason, but for all sockets in it, ours or
 * not. This is the account of what the namespace has counted and no socket has claimed yet: never
 * more of a socket's drops are wrong checksums than stand here. One for all workers. Touches:
 * /proc/self/net; the log.
 *
 * A datagram of up to 68 bytes of payload, and one over IPv6 without a checksum, the kernel drops
 * before it asks a socket (__udp4_lib_rcv(), udp6_csum_init()): nobody claims it. What nobody has
 * claimed for some seconds is unplaced: told in the log and by `sluicectl show daemon`.
 */
#ifndef SLUICE_SOCKET_ACCOUNT_H
#define SLUICE_SOCKET_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* What a socket says it has dropped. */
struct sluice_socket_suspects {
	uint32_t drops;		 /* that nobody was told of yet */
	uint32_t overflow_least; /* of them, surely for want of room, */
	uint32_t overflow_most;	 /* and at most; SLUICE_OVERFLOW_UNKNOWN: as many as stand in the
				    account */
	bool is_last; /* the socket will not be asked again: what cannot be told apart had no room
		       */
};
#define SLUICE_OVERFLOW_UNKNOWN UINT32_MAX

/* What of it is which; the rest is not known yet. */
struct sluice_socket_findings {
	uint32_t checksum, overflow;
};

/* Begins the account: what was counted so far is nobody's. @context process */
void sluice_socket_account_open(void);

/*
 * Reads what the namespace has counted, if that was not done a moment ago, or if `always`. Returns
 * the time (sluice_now()) of the last reading: what a socket has dropped by then is in it.
 * @threadsafe
 */
uint64_t sluice_socket_account_read(uint64_t now, bool always);
/* Finds out, by the last reading, and takes what it found out of the account. @threadsafe */
void sluice_socket_account_judge(const struct sluice_socket_suspects *suspects,
				 struct sluice_socket_findings *findings);

/*
 * Now and then, a few times a second: once a second it reads, and gives up what nobody has claimed.
 * Returns how many wrong checksums the namespace has counted: when that has moved, sockets that
 * nobody wrote to may have dropped something. @threadsafe
 */
uint64_t sluice_socket_account_look(uint64_t now);

#endif /* SLUICE_SOCKET_ACCOUNT_H */
