/* SPDX-License-Identifier: MIT */
/*
 * What the methods of capturing have in common, as `sluicebench capture` compares them: the bed
 * they are laid in (a veth pair, a sender in a namespace of its own, a TCP connection to deliver
 * over) and the four calls that make a method. Touches: nothing by itself.
 */
#ifndef SLUICE_BENCH_CAPTURE_H
#define SLUICE_BENCH_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../config/model.h"

/* The pair, its addresses and the port that all datagrams go to. */
#define CAPTURE_NEAR "slbench0"
#define CAPTURE_FAR "slbench1"
#define CAPTURE_NEAR_ADDRESS "10.99.0.1"
#define CAPTURE_FAR_ADDRESS "10.99.0.2"
#define CAPTURE_PORT 5000
/* And where the ports of further rules begin, one each. */
#define CAPTURE_FURTHER_PORT 10000
#define CAPTURE_RULES_MAX 50000UL

/* Datagrams in flight at once: what a NIC hands over in one poll (net/core/dev.c,
 * NAPI_POLL_WEIGHT). */
#define CAPTURE_BURST 64
/* Bytes of the buffers that one burst is framed in: 1,472 of payload fit an Ethernet frame. */
#define CAPTURE_SLOT 2048

/**
 * struct sluice_capture_options - what of a method's own is to be switched on
 * @size:     payload bytes of every datagram
 * @address:  records carry addresses (sluice only)
 * @rules:    how many rules there are in all (sluice only); the datagrams match the first of them,
 *            unless
 * @spread:   they are for each rule in turn
 * @ingress:  the rule is at the interface's ingress (sluice only)
 * @full:     the ring is full and nobody reads: what dropping costs (sluice only)
 * @span:     bytes that are delivered at once, as `batch.bytes` says (sluice only)
 * @framing:  how sluice delivers; recvmmsg does it octet-counted
 */
struct sluice_capture_options {
	size_t size;
	bool address;
	size_t rules;
	bool spread;
	bool ingress;
	bool full;
	size_t span;
	enum sluice_framing framing;
};

/* The port of rule `number`, from 0 to CAPTURE_RULES_MAX - 1. @threadsafe */
static inline uint16_t sluice_capture_port(size_t number)
{
	return number == 0 ? CAPTURE_PORT : (uint16_t)(CAPTURE_FURTHER_PORT + number - 1);
}

/**
 * struct sluice_capture_method - one way to get datagrams
 * @name:      as in RESULT lines
 * @drop:      the stack gets them as well, and they are dropped at the hook where sluice takes them
 * @open:      prepares; 0 or negative errno, having said why. @owner caller: close(*state)
 * @drain:     takes all that has come; writes it, framed, to `fd` unless that is -1; returns
 * datagrams or negative errno
 * @close:     releases what open took
 */
struct sluice_capture_method {
	const char *name;
	bool drop;
	int (*open)(const struct sluice_capture_options *options, void **state);
	long (*drain)(void *state, int fd);
	void (*close)(void *state);
};

extern const struct sluice_capture_method sluice_capture_sluice;
extern const struct sluice_capture_method sluice_capture_recvmmsg;
extern const struct sluice_capture_method sluice_capture_tpacket3;
extern const struct sluice_capture_method sluice_capture_afxdp;

/**
 * struct sluice_capture_bed - what every measurement lies in
 * @sender:  connected UDP socket in a namespace of its own, behind the veth pair
 * @deliver: TCP socket to deliver over
 * @receive: its other end, which throws everything away
 */
struct sluice_capture_bed {
	int sender;
	int deliver;
	int receive;
};

/*
 * Makes the bed. `checksum`: the sender's end computes the UDP checksums itself, so that the
 * receiving side has to verify them, as with a NIC that does not. 0 or a negative errno, with
 * nothing left behind. @owner caller: remove
 */
int sluice_capture_bed_make(struct sluice_capture_bed *bed, bool checksum);
void sluice_capture_bed_remove(struct sluice_capture_bed *bed);

/* Puts the hook that drops every datagram in its place, or takes it away. 0 or -EIO. */
int sluice_capture_drop(bool wanted);

/* Throws away what has arrived at the far end of the connection, without copying it. */
void sluice_capture_discard(void);

/* Writes all of `data` to the socket `fd`, emptying its other end when it is full. 0 or a negative
 * errno. */
int sluice_capture_send(int fd, const void *data, size_t length);

#endif /* SLUICE_BENCH_CAPTURE_H */
