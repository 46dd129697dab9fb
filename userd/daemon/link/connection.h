/* SPDX-License-Identifier: MIT */
/*
 * A connection of one worker to one destination: connecting, for ever and with growing pauses,
 * writing one segment at a time without blocking, noticing at once that the peer is gone. What is
 * written and what an answer means is the protocol's business (native.c, plain.c, relp.c). Between
 * an output and a socket. Touches: its socket.
 *
 *                    address known                connected               protocol is ready
 *   waiting ──────────────────────► connecting ─────────────► greeting ─────────────────────► ready
 *      ▲                               │                         │                              │
 *      └───────────────────────────────┴──── lost: spans go back ┴──────────────────────────────┘
 */
#ifndef SLUICE_CONNECTION_H
#define SLUICE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include "../../config/model.h"
#include "../../lib/layout.h"
#include "../loop/worker.h"
#include "../stream/feeder.h"
#include "attempt.h"
#include "compress.h"
#include "framing.h"
#include "group.h"
#include "health.h"
#include "kind.h"
#include "native.h"
#include "pace.h"
#include "passing.h"
#include "resolve.h"
#include "role.h"
#include "secure.h"
#include "told.h"
#include "trial.h"
#include "writing.h"

struct sluice_connection;

enum sluice_tcp_state {
	SLUICE_TCP_WAITING,
	SLUICE_TCP_CONNECTING,
	SLUICE_TCP_GREETING,
	SLUICE_TCP_READY
};

/* Counters of one connection for the report: written by the worker, read relaxed by others. */
struct sluice_tcp_counters {
	uint64_t sent, bytes, acked, resent, writes, connects, backlog;
	uint64_t gaps, unsendable, escaped;
	uint64_t oversized, skipped;	   /* not sent: too long, empty */
	uint64_t split, pieces, truncated; /* as in struct sluice_framed */
	uint64_t refused;		   /* relp: datagrams that the receiver does not want */
	uint64_t unconfirmed; /* plain: datagrams that TCP acknowledged right before the peer's end
			       */
	uint64_t rejecting;   /* 1: it ended the last connections within their first seconds */
	uint64_t mss, pmtu;
	uint64_t achieved; /* bits a second, of the last second */
	uint64_t state;	   /* enum sluice_tcp_state */
	uint64_t since; /* when that, unsafe, slow or full last changed for a reader, ns since 1970
			 */
	uint64_t
		unsafe; /* 1: it acknowledges, but not what the output waits for (`ack: durable`) */
	uint64_t full;	/* relp, 1: it answers so late that its queue must be full */
	/* native, compressed: bytes of spans before and after, what that took, how hard
	 * (compress.c) */
	uint64_t compress_in, compress_out, compress_ns, compress_step;
	uint64_t faults;  /* how often it broke the protocol */
	uint64_t faulty;  /* 1: it did, and has done nothing right since */
	uint64_t slow;	  /* 1: its TCP answers, and takes what it is given slowly or not at all */
	const char *what; /* a constant half-sentence: why it was last lost; NULL: never */
	uint64_t error;	  /* errno that belongs to it, 0: none */
} __attribute__((aligned(64)));

/* One writer, and the control thread reads it. */
SLUICE_HAS_ITS_LINES(struct sluice_tcp_counters);

/* Those of them that only rise, a row each. */
/* clang-format off */
#define SLUICE_TCP_COUNTS(COUNT) \
	COUNT(sent) COUNT(bytes) COUNT(acked) COUNT(resent) COUNT(writes) \
	COUNT(connects) COUNT(gaps) COUNT(unsendable) COUNT(escaped) COUNT(oversized) \
	COUNT(skipped) COUNT(split) COUNT(pieces) COUNT(truncated) COUNT(refused) \
	COUNT(unconfirmed) COUNT(faults) COUNT(compress_in) COUNT(compress_out) \
	COUNT(compress_ns)
/* clang-format on */

/* What differs between framings. All of it @context worker. */
struct sluice_protocol {
	bool is_answered; /* the peer says something about what it gets */
	const char
		*late; /* why it is lost if it is not ready in time; NULL: begin() makes it ready */
	/* Where only what it is given can show whether anybody is there: must the first segment do
	 * so before it counts as there? NULL: never. */
	bool (*must_prove)(const struct sluice_connection *connection);
	/* Memory for a connection of its group. 0 or -ENOMEM. @context process too */
	int (*prepare)(struct sluice_connection *connection);
	void (*dispose)(struct sluice_connection *connection);
	/* TCP is connected: greet, or be ready. */
	void (*begin)(struct sluice_connection *connection, uint64_t now);
	/*
	 * Adds segment `id` of `feeder`, which the connection carries, to what is to be written.
	 * `alone`: nothing else comes with it, so it may be written from where it lies. 0; or it
	 * went back to the feeder: -ENODATA, its bytes lie elsewhere by now, -ENOMEM, there is no
	 * memory for it.
	 */
	int (*load)(struct sluice_connection *connection, struct sluice_feeder *feeder, uint64_t id,
		    bool alone, uint64_t now);
	/* May one of `bytes` be added to what is to be written? The first may always. */
	bool (*takes_more)(const struct sluice_connection *connection, uint64_t bytes);
	/* May one more segment be loaded? */
	bool (*has_room)(const struct sluice_connection *connection);
	/* All that was to be written is. */
	void (*written)(struct sluice_connection *connection, uint64_t now);
	/* `length` bytes came into connection->inbox behind what is there. NULL, or why the
	 * connection is no good. */
	const char *(*received)(struct sluice_connection *connection, size_t length, uint64_t now);
	/* Looks after the connection; *next is when to look again at the latest. NULL, or why it is
	 * no good. */
	const char *(*tick)(struct sluice_connection *connection, uint64_t now, uint64_t *next);
	/* We are about to close it, and nothing is wrong with it. NULL: nothing is to be said. */
	void (*part)(struct sluice_connection *connection);
	/* It is about to be closed: everything it carries goes back. */
	void (*lost)(struct sluice_connection *connection);
	/* passing.h. Nothing is being written: does it stand where another process could go on?
	 * NULL: none ever could. */
	bool (*can_pass)(const struct sluice_connection *connection);
	/* Adds lines of what it needs for that, which begin with a word and `key`. 0 or a negative
	 * errno. NULL: nothing is needed. */
	int (*pass)(const struct sluice_connection *connection, const char *key,
		    struct sluice_parcel *parcel);
	/* Goes on with what its line and those of `key` say. False: it cannot. NULL: likewise. */
	bool (*go_on)(struct sluice_connection *connection, const char *line, const char *key);
	/* Takes what a predecessor had half written (`written` bytes) and half read (`read` bytes),
	 * one behind the other in `bytes`, as its own; it is not used yet. False: it cannot. NULL:
	 * none goes on in the middle of something. */
	bool (*take_rest)(struct sluice_connection *connection, const uint8_t *bytes,
			  size_t written, size_t read);
};

/* Several rows have the same. */
#define FRAMING(word, NAME, protocol, ...) \
	extern const struct sluice_protocol sluice_protocol_##protocol;
#include "../../config/framing_rows.h"
#undef FRAMING

/* protocol.c. What speaks `framing`, which is one of the rows. @threadsafe */
const struct sluice_protocol *sluice_protocol_of(enum sluice_framing framing);

/* Members that one file writes are a struct in that file's header; the first ones are for all. */
struct sluice_connection {
	struct sluice_carrier carrier; /* first: feeders know connections by it */
	struct sluice_handler handler;
	struct sluice_timer timer;
	struct sluice_group *group; /* that it is one of */
	const struct sluice_protocol *protocol;
	struct sluice_target *target; /* a reference */
	int fd;			      /* -1: none */
	bool input_masked;	      /* what comes does not wake the worker */
	bool unproven;		      /* it is ready, and nothing shows yet that anybody is there */
	enum sluice_tcp_state state;

	struct sluice_writing writing;
	struct sluice_inbox inbox;
	struct sluice_role role;
	struct sluice_load load;
	struct sluice_parking parking;
	struct sluice_attempt attempt;
	struct sluice_trial trial; /* does it end connections at once? */
	struct sluice_signs signs;
	struct sluice_start start;
	struct sluice_progress progress;
	struct sluice_health health;
	struct sluice_half half;
	struct sluice_told told;
	struct sluice_passing passing;

	struct sluice_secure *secure; /* TLS; NULL: none, or none yet */
	struct sluice_native native;
	struct sluice_compress compress;
	void *own; /* the protocol's own (prepare, dispose); native's lies above, for speed */
	struct sluice_tcp_counters counters;
};

/* What is watched: room and the end of it always. */
#define SLUICE_TCP_WATCHED (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* Bytes of what the log calls a connection; longer names are cut. */
#define SLUICE_CONNECTION_NAME 512

/* Writes which connection it is, for the log, into `text`; returns it. @threadsafe */
const char *sluice_connection_name(const struct sluice_connection *connection,
				   char text[SLUICE_CONNECTION_NAME]);

/* The same as fields of a line of the log, for as long as the block that it stands in. */
#define SLUICE_ABOUT_CONNECTION(connection)                                   \
	SLUICE_ABOUT(.output = (connection)->group->name,                     \
		     .destination = sluice_target_text((connection)->target), \
		     .worker = SLUICE_NUMBER((connection)->group->worker->number))

/* Sets the state, also for the report. @context worker */
void sluice_connection_set_state(struct sluice_connection *connection, enum sluice_tcp_state state);

/* Notes for the report since when the connection is there, gone, slow or not durable, if
 * that changed: after each change of its state and of its counters `unsafe`, `slow` and `full`.
 * Attempts to connect change nothing: it is gone still.
 * @context worker, or process if never entered */
void sluice_connection_note_since(struct sluice_connection *connection);

/* connect.c. struct sluice_kind.connect of tcp. @context worker */
void sluice_connection_connect(struct sluice_connection *connection, uint64_t now);

/* The address that an attempt is to be made with. False: there is none now; the connection waits
 * for one, or is lost. @context worker */
bool sluice_connection_find_address(struct sluice_connection *connection,
				    struct sockaddr_storage *address, socklen_t *length,
				    uint64_t now);

/* Gives its socket, of `family`, the source address that its output has, if it has one. False: it
 * cannot have that, and the connection is lost. @context worker */
bool sluice_connection_take_source(struct sluice_connection *connection, int family, uint64_t now);

/* end.c. When the socket is closed its peer gets a reset, and what is not sent yet is dropped.
 * @threadsafe
 */
void sluice_connection_reset_at_close(int fd);

/* TCP is through: the protocol begins, unless the connection came back to itself. @context worker
 */
void sluice_connection_reach(struct sluice_connection *connection, uint64_t now);

/* Sets what a connection of ours has set; again when `timing` changed. None of it is worth failing
 * for. @context worker */
void sluice_connection_set_options(int fd, const struct sluice_tcp_timing *timing);

/* handshake.c. TLS on a socket that is connected just now: begins, and goes on as
 * sluice_handshake_advance() does. @context worker */
void sluice_handshake_begin(struct sluice_connection *connection, uint64_t now);

/* Goes on with the handshake as far as it goes. True: TLS is up and the protocol began, so that
 * there may be something to read. Else it waits, or the connection is lost. @context worker */
bool sluice_handshake_advance(struct sluice_connection *connection, uint64_t now);

/* life.c. Makes a connection of `group` to `target` (takes a reference), not in a loop yet. 0 or
 * -ENOMEM.
 * @context process */
int sluice_connection_create(struct sluice_group *group, struct sluice_target *target,
			     const struct sluice_config_destination *config,
			     struct sluice_pacer *pacer, struct sluice_connection **connection);

/* Takes over weight, standby and enabled; connects or disconnects if that is what changed. @context
 * worker, or process if never entered */
void sluice_connection_retune(struct sluice_connection *connection,
			      const struct sluice_config_destination *config);

/* Tells the log what it does not know yet of the connection's interruptions, and nothing of those
 * that follow: the end is near.
 * @context worker, or process if never entered */
void sluice_connection_tell_outages(struct sluice_connection *connection, uint64_t now);

/* Its socket is closed, if it has one, and what it carried goes back; it is not made anew. @context
 * worker, or process if never entered */
void sluice_connection_close(struct sluice_connection *connection);

/* Closes and frees it; what it carried went back. NULL is allowed. @context worker, or process if
 * never entered */
void sluice_connection_destroy(struct sluice_connection *connection);

/* Tells the log that from `offset` on a stream holds something that is no record, and that `bytes`
 * are passed over. @context worker */
void sluice_connection_tell_no_record(const struct sluice_connection *connection,
				      const struct sluice_feeder *feeder, uint64_t offset,
				      uint64_t bytes);

/* Can it take a segment now? @context worker */
bool sluice_connection_is_able(const struct sluice_connection *connection);

/* writer.c. struct sluice_protocol.takes_more of those that frame into a staging buffer: more goes
 * into one write as long as that is no longer than a batch, since a run fits whatever its datagrams
 * become, or nearly. @context worker */
bool sluice_connection_batch_has_room(const struct sluice_connection *connection, uint64_t bytes);

/* writer.c. Takes a segment of at most `bytes` from `feeder` and begins to write it. False if there
 * was none.
 * @context worker */
bool sluice_connection_send(struct sluice_connection *connection, struct sluice_feeder *feeder,
			    size_t bytes, uint64_t now);

/* Writes what was loaded; it counts against the rates. @context worker */
void sluice_connection_begin(struct sluice_connection *connection, uint64_t now);

/* struct sluice_kind.push of tcp: what is held back for a full segment goes. @context worker */
void sluice_connection_push(struct sluice_connection *connection);

/* Can it begin to write something, whatever it carries already? @context worker */
bool sluice_connection_is_free(const struct sluice_connection *connection);

/* parked.c. Segment `id`, which it carries, waits for its turn; there is room for it. @context
 * worker */
void sluice_connection_park(struct sluice_connection *connection, struct sluice_feeder *feeder,
			    uint64_t id);

/* Begins to write what waits, as much as goes in one write, and no more than `bytes` if one segment
 * has no more. Returns whether anything of it waits no longer. @context worker */
bool sluice_connection_send_parked(struct sluice_connection *connection, size_t bytes,
				   uint64_t now);

/* Gives back what waits, of `feeder` or (NULL) of all. @context worker */
void sluice_connection_unpark(struct sluice_connection *connection, struct sluice_feeder *feeder);

/* struct sluice_kind.flush of tcp: writes what is pending, as far as it goes. @context worker */
void sluice_connection_flush(struct sluice_connection *connection, uint64_t now);

/* start.c. The protocol may send from now on. @context worker */
void sluice_connection_is_ready(struct sluice_connection *connection, uint64_t now);

/* Of one that had to prove it: somebody is there. @context worker */
void sluice_connection_is_proven(struct sluice_connection *connection, uint64_t now);

/* Is its trial over, or has it lasted? `name` is what the log calls it; *next becomes when to look
 * again at the latest. @context worker */
void sluice_connection_look_at_trial(struct sluice_connection *connection, const char *name,
				     uint64_t now, uint64_t *next);

/* end.c. Says to a peer that is still there that we go, if its protocol has a word for that.
 * @context worker, or process if never entered */
void sluice_connection_say_goodbye(struct sluice_connection *connection);

/* Gives the connection up; `what` is a constant half-sentence, `error` an errno or 0. It will be
 * made anew.
 * @context worker */
void sluice_connection_lose(struct sluice_connection *connection, const char *what, int error,
			    uint64_t now);

/* The peer ended it: the same, and what its TCP had just acknowledged is in doubt. @context worker
 */
void sluice_connection_cut(struct sluice_connection *connection, const char *what, int error,
			   uint64_t now);

/* A connection that acknowledged nothing for so long gives way when the ring is nearly full.
 * Shorter than dead_after, which is for peers that nobody waits for. */
#define SLUICE_STALL_NS SLUICE_NS_PER_S

/* How often TCP is asked for MSS, path MTU and what was achieved. */
#define SLUICE_MEASURE_NS SLUICE_NS_PER_S

/* Of the report: the rate that it achieved, of the last second. False: it is not time yet.
 * @context worker */
bool sluice_connection_measure_rate(struct sluice_connection *connection, uint64_t now);

/* struct sluice_kind.measure of tcp: asks TCP for what the report shows. @context worker */
void sluice_connection_measure(struct sluice_connection *connection, uint64_t now);

/* From here on heartbeats are written, until there is a segment again. @context worker */
void sluice_connection_idles(struct sluice_connection *connection);

/* Notes whether the peer's TCP took something, and whether it answers. @context worker */
void sluice_connection_look(struct sluice_connection *connection, uint64_t now);

/* A peer without acknowledgements of its own has said all. It may still read: what is under way
 * then tells. @context worker */
void sluice_connection_half(struct sluice_connection *connection, uint64_t now);

/* Is its peer gone, so that nothing at all came back for dead_after? Says so, or NULL, and in *next
 * when to look again.
 * @context worker */
const char *sluice_connection_silence(struct sluice_connection *connection, uint64_t now,
				      uint64_t *next);

/* unsent.c. Counts datagrams that do not go, and tells the log, once a minute at most. @context
 * worker */
void sluice_connection_note_unsent(struct sluice_connection *connection,
				   const struct sluice_unsent *unsent, uint64_t now);

/* Tells the log what it does not know yet of these: the connection is about to be freed. @context
 * worker, or process if never entered */
void sluice_connection_tell_unsent(struct sluice_connection *connection);

/* What was noted of a peer is forgotten: the connection is another one. @context worker */
void sluice_connection_forget(struct sluice_connection *connection);

/*
 * Does this connection hold the others back? It does if a ring is nearly full because of a span
 * that it carries and of which nothing was acknowledged for a while, or (hash) if what is next is
 * its own and it has no room; and another connection could take it. A receiver that is merely slow
 * is not: its oldest span changes.
 @context worker
 */
bool sluice_connection_holds_back(struct sluice_connection *connection, uint64_t now);

/* Does it take part in what is sent now: is it there and not on trial, and if it is a standby, are
 * all others down? Asked of every connection for every segment. @context worker */
static inline bool sluice_connection_takes_part(const struct sluice_connection *connection)
{
	return connection->state == SLUICE_TCP_READY && !connection->role.disabled &&
	       !connection->trial.until &&
	       (!connection->role.standby || sluice_group_needs_standbys(connection->group));
}

/* siblings.c. Is there another destination that could get what this one has? @context worker */
bool sluice_connection_is_replaceable(const struct sluice_connection *connection);

/*
 * Is it of no use: does it owe acknowledgements and there was no sign of it since `since`, for
 * dead_after? One that is there and only does not read is waited for, longer if nobody else could
 * get what it has. Says why, or NULL, and in *next when to look again. @context worker
 */
const char *sluice_connection_stall(const struct sluice_connection *connection, uint64_t since,
				    uint64_t now, uint64_t *next);

/* Sees to it that the protocol's tick comes at `at` at the latest. @context worker */
void sluice_connection_tick_by(struct sluice_connection *connection, uint64_t at);

/* connection.c. Whoever listens to events is told that it is there, or is not; the same with `what`
 * and `error` as in sluice_connection_lose(); that we close it is told of nobody; what was not told
 * at once is told later. @context worker */
void sluice_connection_note_there(struct sluice_connection *connection, uint64_t now);
void sluice_connection_note_away(struct sluice_connection *connection, const char *what, int error,
				 uint64_t now);
void sluice_connection_note_closed(struct sluice_connection *connection);
void sluice_connection_look_after_presence(struct sluice_connection *connection, uint64_t now);

#endif /* SLUICE_CONNECTION_H */
