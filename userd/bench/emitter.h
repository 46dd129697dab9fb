/* SPDX-License-Identifier: MIT */
/*
 * The sending end of gen: UDP sockets, one per source port, and bursts of datagrams to a range of
 * destination ports. Counts what the kernel accepted, sees ICMP errors. Touches: its sockets. Not
 * @threadsafe.
 */
#ifndef SLUICE_BENCH_EMITTER_H
#define SLUICE_BENCH_EMITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define SLUICE_EMITTER_BURST 256U

/* An address of either family. */
union sluice_bench_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Where to and from. */
struct sluice_emitter_route {
	union sluice_bench_address to; /* its port is not looked at */
	uint16_t first_port;
	uint16_t last_port;
	union sluice_bench_address
		from;	/* family AF_UNSPEC: the kernel chooses; port 0: likewise */
	size_t sources; /* how many sockets; with a port in `from`, that one and those after it */
	const uint16_t *ports; /* the source ports of the sockets, `sources` of them; NULL: as
				  `from` says */
	size_t first;	       /* number of the first of them, counted over several emitters */
	size_t addresses; /* of so many addresses from `from` on, in turn; 0, 1: of `from` alone */
	unsigned int segments; /* datagrams, all of one size, that the kernel is handed as one; 0:
				  each by itself */
};

struct sluice_emitter; /* sockets and the burst that is being made */

struct sluice_emitter_counts {
	uint64_t sent;
	uint64_t bytes;
	uint64_t errors;  /* ICMP errors that came back, and sends refused for another reason than
			     lack of room */
	uint64_t retries; /* sends repeated because the kernel had no room (EAGAIN, ENOBUFS) */
	int last_error;	  /* errno of the latest of `errors` */
};

/* Opens the sockets; datagrams of up to `size` bytes. 0 or a negative errno; *why then says in half
 * a sentence which step it was. @owner caller: sluice_emitter_close() */
int sluice_emitter_open(struct sluice_emitter **emitter, const struct sluice_emitter_route *route,
			uint32_t size, const char **why);
void sluice_emitter_close(struct sluice_emitter *emitter);

/* Room for the next datagram of the burst, `length` bytes to port number `port` of the range (0
 * ..). NULL: full. */
uint8_t *sluice_emitter_add(struct sluice_emitter *emitter, size_t port, uint32_t length);

/* Sends the burst from socket number `source`, waiting and trying again as long as there is no
 * room, or until `*stop` is set; what was not sent then is dropped and not counted. 0, or the
 * negative errno that makes going on senseless (-EMSGSIZE, -EACCES, -EINVAL…). @context process,
 * may sleep */
int sluice_emitter_send(struct sluice_emitter *emitter, size_t source, const volatile bool *stop);

/* Reads what ICMP errors have come back. Called when a send fails, and by gen now and then and at
 * the end. */
void sluice_emitter_listen(struct sluice_emitter *emitter);

const struct sluice_emitter_counts *sluice_emitter_counts(const struct sluice_emitter *emitter);

#endif /* SLUICE_BENCH_EMITTER_H */
