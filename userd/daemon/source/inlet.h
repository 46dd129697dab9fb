/* SPDX-License-Identifier: MIT */
/*
 * Inputs that take connections over TCP: `source: tcp`, whose frames become records, and `source:
 * sluice`, to which other relays send. Both are an inlet: an address at which threads listen, each
 * of which is the one producer of a ring of the input's route. What finds no room is not read, so
 * the sender waits; nothing is lost for want of room. Rings are files on tmpfs, as those of
 * sockets.
 *
 *   control thread: intake (inlet.c, inlet_ring.c) ──► thread of an inlet (inlet_thread.c)
 *       connection of tcp: inlet_plain.c, inlet_cutter.c ──┐
 *       connection of a relay: inlet_native.c, taken.c ────┴─► inlet_store.c ─► ring
 *   to another process: inlet_passing.c
 */
#ifndef SLUICE_SOURCE_INLET_H
#define SLUICE_SOURCE_INLET_H

#include <netinet/in.h>
#include <pthread.h>
#include <sluice/receiver.h>
#include "../../lib/clock.h"
#include "../../lib/receiver_inner.h"
#include "inlet_cutter.h"
#include "source.h"
#include "taken.h"

#define SLUICE_INLET_THREADS 4U
#define SLUICE_INLET_TEXT 320
/* Streams that are being emptied and whose records an upstream relay was not told of yet. */
#define SLUICE_INLET_LEAVING 8U

/* Counted by one thread, read relaxed. */
struct sluice_inlet_counts {
	uint64_t stored, stored_bytes __attribute__((aligned(64)));
	uint64_t cut;	 /* of those, shortened to `max-record` */
	uint64_t lost;	 /* no whole record: half of one at the end, malformed, too long */
	uint64_t passed; /* datagrams that relays upstream have lost, as they told */
	uint64_t accepted, refused;
	uint64_t faults; /* connections that were ended for what came */
	uint64_t loops;	 /* and for coming from here */
	uint64_t idle;	 /* and for silence */
	uint64_t repeated;
};

/* An input, as long as the intake. */
struct sluice_inlet_input {
	struct sluice_inlet_counts counts[SLUICE_INLET_THREADS];
	struct sluice_inlet_input *next;
	sluice_guid guid;
	char name[SLUICE_NAME_MAX + 1];
	uint16_t index; /* in records */
	/* Cleared when a stream that the input has left is empty. */
	struct sluice_stream *leaving[SLUICE_INLET_LEAVING];
};

struct sluice_inlet;
struct sluice_inlet_thread;

struct sluice_inlet_connection {
	struct sluice_inlet_thread *thread;
	struct sluice_inlet_connection *next, *previous;
	int fd;
	struct sockaddr_storage peer, local;
	uint64_t heard;	   /* CLOCK_MONOTONIC */
	bool is_blocked;   /* what it has waits for room */
	bool is_ended;	   /* the peer sends nothing more */
	bool is_over;	   /* to be closed */
	bool wants_output; /* epoll tells of room to write */
	struct sluice_inlet_cutter cutter;
	struct sluice_receiver_link *link; /* of a relay */
};

/* Records whose relay is told of them when the ring stands at `position`. */
struct sluice_inlet_unsafe {
	struct sluice_receiver_stream *stream;
	uint64_t start, end, position;
};

struct sluice_inlet_thread {
	struct sluice_inlet *inlet;
	struct sluice_inlet_counts *counts;
	struct sluice_stream *stream;
	uint32_t number;
	pthread_t thread;
	bool is_started;
	int listen, epoll, wake;
	struct sluice_inlet_connection *first;
	uint64_t unrung;
	bool is_untold;	 /* losses wait for room to be told */
	bool is_full;	 /* a connection waits for room */
	uint64_t paused; /* until when nobody is taken, for want of descriptors */
	uint64_t loop_told;
	struct sluice_receiver *receiver; /* of relays */
	struct sluice_taken *taken;
	struct sluice_inlet_unsafe *unsafe; /* oldest first */
	size_t unsafe_begin, unsafe_end, unsafe_room;
};

struct sluice_inlet {
	struct sluice_inlet *next;
	struct sluice_inlet_input *input;
	struct sluice_config_input config; /* its own copy of what it needs */
	char *taken_path;		   /* NULL: what was taken is not kept */
	sluice_guid *outputs;
	size_t output_count;
	bool is_wanted;
	bool ends;	      /* relaxed */
	bool passes;	      /* to another process: connections outlive the threads */
	bool is_still;	      /* nothing more is stored; relaxed */
	uint64_t connections; /* atomic */
	struct sluice_inlet_thread threads[SLUICE_INLET_THREADS];
	size_t thread_count;
};

/* inlet_number.c. The number of what fills a ring of the input's. */
uint32_t sluice_inlet_number(const sluice_guid input, size_t thread);
/* Threads, and so rings, of an input. */
size_t sluice_inlet_width(const struct sluice_config *config,
			  const struct sluice_config_input *input, size_t workers);
/* Will an inlet of the plan fill the ring in this file? `route`, `number`: what its name says */
bool sluice_inlet_awaits(const struct sluice_source_plan *plan, const sluice_guid route,
			 uint32_t number);
/* inlet_ring.c. The stream of a route for a thread of an inlet: there, or made. NULL with a
 * sentence. */
struct sluice_stream *sluice_inlet_stream(const struct sluice_source_context *context,
					  const struct sluice_source_plan *plan, size_t input,
					  size_t thread, struct sluice_stream_table *fresh,
					  char **error);

/* inlet_listen.c. Opens the sockets of an inlet; `old`: the one that listens there now, or NULL. 0,
 * or a negative errno with a sentence. */
int sluice_inlet_listen(struct sluice_inlet *inlet, const struct sluice_inlet *old,
			const struct sluice_source_plan *plan,
			const struct sluice_config_input *config, char **error);

/* inlet_thread.c. Starts the threads. 0 or a negative errno. @context process */
int sluice_inlet_start(struct sluice_inlet *inlet);
/* Ends them: what came is stored, as far as there is room. @context process */
void sluice_inlet_stop(struct sluice_inlet *inlet);

/* inlet_passing.c. Puts an inlet whose threads have ended into the parcel. Those of its connections
 * that cannot go are closed. @context process, as the next */
struct sluice_parcel;
void sluice_inlet_give(struct sluice_inlet *inlet, struct sluice_parcel *parcel);
/* Takes over what was handed to a thread that does not run yet. */
void sluice_inlet_take_over(struct sluice_inlet_thread *thread);

/* Is it the relays' kind? @threadsafe */
static inline bool sluice_inlet_is_native(const struct sluice_inlet *inlet)
{
	return inlet->config.source == SLUICE_SOURCE_SLUICE;
}

/* inlet_connection.c. Makes a connection of a socket, as thread->first. 0; a negative errno, and
 * the socket is the caller's. And: closes one and frees it. @context the inlet's thread, or process
 * when that does not run */
int sluice_inlet_add(struct sluice_inlet_thread *thread, int fd,
		     const struct sockaddr_storage *peer);
void sluice_inlet_drop(struct sluice_inlet_thread *thread,
		       struct sluice_inlet_connection *connection);

/* inlet_store.c. @context the inlet's thread, as all that follow */
/* Makes a record. 0; -EAGAIN: there is no room now. `before` is called when it is written and not
 * in the ring yet (NULL: nothing is). */
struct sluice_inlet_record {
	uint8_t type, flags;
	uint64_t time_ns;
	const struct sluice_record_address *address; /* NULL: none */
	const void *payload;
	size_t length;
};
int sluice_inlet_store(struct sluice_inlet_thread *thread, const struct sluice_inlet_record *record,
		       void (*before)(void *context, uint64_t head), void *context);
/* So many are lost that came by halves, or not in the right form. */
void sluice_inlet_lose(struct sluice_inlet_thread *thread, uint64_t count);
/* The worker hears of what was stored. */
void sluice_inlet_flush(struct sluice_inlet_thread *thread);
/* Has epoll tell of room to write to the connection, or no more. */
void sluice_inlet_want_output(struct sluice_inlet_connection *connection, bool wanted);
/* Who it is, for messages. */
const char *sluice_inlet_peer(const struct sluice_inlet_connection *connection,
			      char text[INET6_ADDRSTRLEN + 8]);

/* inlet_plain.c, inlet_native.c: 0, or a negative errno: the connection is over. */
int sluice_inlet_plain_read(struct sluice_inlet_connection *connection);
/* It is closed: what is left of it. */
void sluice_inlet_plain_end(struct sluice_inlet_connection *connection);
int sluice_inlet_native_open(struct sluice_inlet_connection *connection);
int sluice_inlet_native_read(struct sluice_inlet_connection *connection);
int sluice_inlet_native_write(struct sluice_inlet_connection *connection);
void sluice_inlet_native_end(struct sluice_inlet_connection *connection);
/* Of a thread: what was taken before is known again; told what has become safe; forgotten. */
int sluice_inlet_native_begin(struct sluice_inlet_thread *thread);
void sluice_inlet_native_settle(struct sluice_inlet_thread *thread);
bool sluice_inlet_native_waits(const struct sluice_inlet_thread *thread);
void sluice_inlet_native_close(struct sluice_inlet_thread *thread);

#endif /* SLUICE_SOURCE_INLET_H */
