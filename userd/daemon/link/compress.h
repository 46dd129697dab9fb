/* SPDX-License-Identifier: MIT */
/*
 * Spans go compressed (Zstandard) to native receivers that said that they can take it, where the
 * network is what limits the connection; in plain framings all that is sent is compressed. How hard
 * they are compressed follows from two things that are looked at now and then: whether what was
 * written before still waits in the socket, and whether the worker has processor time to spare.
 * Between native.c, plain.c and libzstd, in one worker. Touches: its memory, the state of the
 * connection's socket.
 */
#ifndef SLUICE_COMPRESS_H
#define SLUICE_COMPRESS_H

#include <stddef.h>
#include <stdint.h>

struct sluice_connection;

/* Of a connection. A zeroed one compresses nothing yet. Written by compress.c alone. */
struct sluice_compress {
	void *context;		    /* libzstd's; @owner it */
	uint8_t *bytes;		    /* the span that was compressed last; @owner it */
	size_t room;		    /* how long that can be */
	unsigned int step;	    /* of the levels; 0: not compressed */
	uint64_t sampled;	    /* when the socket was looked at last */
	unsigned int samples, full; /* since `judged`: looks, and those when something waited */
	uint64_t judged;	    /* when the step was thought over last */
	uint64_t worked;	    /* the worker's processor time then, ns */
	uint64_t limited;	    /* when the network last was the limit; 0: never */
};

/*
 * Compresses a span of `length` bytes, if it pays. Returns how many bytes it became, which are
 * in connection->compress.bytes until the next call; 0: it goes as it is. @context worker
 */
size_t sluice_compress_span(struct sluice_connection *connection, const uint8_t *bytes,
			    size_t length, uint64_t now);

/*
 * Compresses `length` bytes, 1 or more, into a frame of libzstd's that stands by itself, behind the
 * `used` bytes of *out, which hold *room and are made longer if need be. For streams of which all
 * is compressed. Returns how long the frame is; 0: there is no memory. @owner of *out caller
 * @context worker
 */
size_t sluice_compress_frame(struct sluice_connection *connection, const uint8_t *bytes,
			     size_t length, uint8_t **out, size_t *room, size_t used, uint64_t now);

/*
 * Which step follows from the looks since the last call, which it begins anew, and from how much of
 * its time the worker had the processor, in percent. @threadsafe
 */
unsigned int sluice_compress_judge(struct sluice_compress *compress, unsigned int busy,
				   uint64_t now);

/* Forgets what was found out: the connection is a new one. @context worker */
void sluice_compress_restart(struct sluice_connection *connection);

/* Frees what it has. @context worker, or process if never entered */
void sluice_compress_free(struct sluice_connection *connection);

#endif /* SLUICE_COMPRESS_H */
