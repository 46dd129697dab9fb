/* SPDX-License-Identifier: MIT */
/*
 * The engine: workers, streams, sources and outputs of one configuration. The control thread calls
 * it; the workers are its own. Everything here is called from one thread at a time (@context
 * process), the control thread or the foreman; what says so is @threadsafe.
 */
#ifndef SLUICE_ENGINE_H
#define SLUICE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../config/model.h"
#include "../identity/identity.h"
#include "../../lib/cost.h"
#include "../../lib/guid.h"
#include "../../lib/kernel.h"
#include "spool/spool.h"

struct sluice_engine;
struct sluice_parcel;

/* Bytes of a sentence of what a successor lacks. */
#define SLUICE_SUCCEED_TEXT 384

struct sluice_engine_cursor {
	sluice_guid output;
	char output_name[SLUICE_NAME_MAX + 1];
	uint64_t acked;
	uint64_t taken;
	uint64_t disk; /* bytes of the stream that wait for it on the disk */
};

struct sluice_engine_stream {
	sluice_guid route;
	char name[SLUICE_NAME_MAX + 1]; /* the route's */
	sluice_guid uuid;
	const char *source; /* who fills it, a word of `inputs.source` */
	uint64_t epoch;
	uint32_t cpu;
	uint32_t worker; /* that reads it */
	uint64_t size, head, tail, wakes;
	uint32_t owner;	  /* our pid */
	bool is_draining; /* nothing comes into it any more */
	struct sluice_counters counters;
	struct sluice_engine_cursor *cursors; /* @owner the report */
	size_t cursor_count;
	bool has_disk;
	uint64_t disk;	  /* bytes on the disk that an output needs */
	const char *load; /* step of load (load.h); NULL: nobody says */
	uint64_t load_since_ns;
};

/* Where the streams lie, all together. */
struct sluice_engine_store {
	uint64_t memory_size, memory_used; /* bytes of the rings */
	uint64_t memory_alarms, disk_alarms;
	uint32_t alarms_now;
	uint64_t dropped_by_change; /* datagrams that an operator had dropped, by whatever input
				       they came */
	const char *disk_path;	    /* NULL: there is no disk; the configuration's */
	uint64_t disk_size;	    /* bytes of all its segments */
	struct sluice_spool_figures disk;
};

/* Bytes of streams that wait, and when the oldest came: to the disk, if it lies there; 0: nothing
 * waits */
struct sluice_engine_waiting {
	uint64_t memory, disk, oldest_ns;
};

struct sluice_engine_destination {
	char *name; /* @owner the report */
	/* "connected", "connecting", "waiting", "disabled"; "slow": connected, but its TCP has no
	 * room for what waits; "ack-not-durable": connected, but it acknowledges less than the
	 * output waits for; "queue-full": connected, but it answers so late that its queue must be
	 * full, and what it acknowledges may be discarded; "protocol-error": lost because it broke
	 * the protocol, whether or not it is connected again, and it has done nothing right since;
	 * "rejecting": it ended the last connections within their first seconds, and none has
	 * lasted since */
	const char *state;
	char *error;
	uint64_t sent, bytes, acked, resent, writes, connects, backlog;
	/* Plain framings and relp only: GAP records passed over, datagrams without a form (RFC
	 * 6587: empty ones) or with what the receiver cannot bear, bytes escaped */
	uint64_t gaps, unsendable, escaped;
	uint64_t oversized, skipped; /* not sent: too long, empty */
	uint64_t split, pieces,
		truncated;    /* sent as several messages; how many; without their end */
	uint64_t refused;     /* relp: datagrams that the receiver said it does not want */
	uint64_t faults;      /* how often it broke the protocol */
	uint64_t unconfirmed; /* plain: datagrams that its TCP had when it ended the connection */
	/* native, compressed: bytes of records before and after, ns that it took, how hard now */
	uint64_t compress_in, compress_out, compress_ns, compress_step;
	uint64_t rate, achieved; /* bits a second: the limit (0: none), and of the last second */
	uint32_t mss, pmtu;
	const char *role;  /* "active", "standby", "disabled" */
	uint64_t since_ns; /* when it became what its state says; "waiting" and "connecting" are the
			      same */
	size_t output;	   /* its output's number in the configuration */
	bool is_alone;	   /* no other destination of its output gets what waits for it */
	struct sluice_engine_waiting waiting; /* only of one that is */
};

struct sluice_engine_output {
	sluice_guid guid;
	char name[SLUICE_NAME_MAX + 1];
	const char *mode;
	const char *framing;
	uint64_t rate;					/* bits a second, 0: no limit */
	struct sluice_engine_destination *destinations; /* summed over workers; @owner the report */
	size_t destination_count;
	uint64_t dropped; /* datagrams that it lacked when the disk gave them up */
	struct sluice_engine_waiting waiting;
	const char *load; /* step of load (load.h); NULL: nobody says */
	uint64_t load_since_ns;
	const char *load_why;		   /* a sentence, "": it is normal */
	uint64_t cost[SLUICE_COST_STAGES]; /* ns, of the workers */
};

struct sluice_engine_input {
	sluice_guid guid;
	char name[SLUICE_NAME_MAX + 1];
	const char *source; /* "kmod", "socket" */
	char *match;	    /* as text; @owner the report */
	const char *verdict;
	char *outputs; /* comma-separated names; @owner the report */
	struct sluice_counters counters;
	uint16_t index; /* in records */
	bool has_index; /* else its source does not know it: somebody deleted its rule */
	unsigned int priority;
	const char *receive;	 /* how its sockets are read; NULL: it has none */
	const char *receive_why; /* and why not in a better way; NULL: there is none */
	/* Of the stored ones: given up before every output had them, by the disk or because the
	 * operator said so */
	uint64_t dropped;
	uint64_t dropped_by_change;	   /* of these, the latter */
	uint64_t unmatched;		   /* came to its sockets and belong to no input */
	uint64_t cost[SLUICE_COST_STAGES]; /* ns, of the workers */
	char state[256];		   /* "active", or what it waits for */
};

/* A picture of the engine at one moment. */
struct sluice_engine_report {
	struct sluice_engine_input *inputs;
	size_t input_count;
	struct sluice_engine_output *outputs;
	size_t output_count;
	struct sluice_engine_stream *streams;
	size_t stream_count;
	struct sluice_engine_store store;
	size_t workers;
};

/*
 * Starts everything `config` describes (the engine keeps the pointer and frees it on success). On
 * failure nothing is left behind, and *error is one sentence (@owner caller: free). Rules that the
 * module still has from an earlier daemon and that the configuration also has go on undisturbed;
 * rules of inputs that are gone are deleted.
 */
int sluice_engine_start(struct sluice_config *config, struct sluice_engine **engine, char **error);

/* Calls `each` for every socket that another process could go on with, from a worker, and with the
 * name that it is to be given to sluice_socket_inherit_named() by. 0; a negative errno: not all
 * were shown. */
int sluice_engine_show_sockets(struct sluice_engine *engine,
			       void (*each)(void *context, int fd, const char *name),
			       void *context);

/* Changes to another configuration: whole or not at all. What is the same in both is not disturbed.
 * On failure the old one stays in force and `config` stays the caller's; -ETIMEDOUT: a worker does
 * not answer. An output that goes while something waits for it makes it fail (-EBUSY), unless
 * `wishes` (NULL: none) say what becomes of that. */
int sluice_engine_apply(struct sluice_engine *engine, struct sluice_config *config,
			const struct sluice_wishes *wishes, char **error);

/* How many workers it has. @threadsafe */
uint32_t sluice_engine_workers(const struct sluice_engine *engine);

/* Interfaces or addresses came or went: inputs follow. True: an input waits for one; call again in
 * a second, too. */
bool sluice_engine_follow_links(struct sluice_engine *engine);

/* The configuration in force. */
const struct sluice_config *sluice_engine_config(const struct sluice_engine *engine);

/*
 * A stop, in steps that wait for nobody (stop.c): what lay in the rings and sockets when it began
 * is delivered, what the receivers do not take within 5 s goes to the disk if there is one, inputs
 * are closed last, and sockets handed to the next daemon if somebody keeps them. Rings of sockets
 * that are files, the module's rings and the disk keep the rest. All of it takes `limit_ns` at
 * most.
 *
 *   begin ──► step, step, ... ──true──► end
 */
void sluice_engine_stop_begin(struct sluice_engine *engine, uint64_t limit_ns);
/* Goes on. `hurry`: there is no time. True: it is over, and the log says what was not delivered. */
bool sluice_engine_stop_step(struct sluice_engine *engine, bool hurry);
/* What waits for whom, as a sentence. */
#define SLUICE_STOP_TEXT 200
void sluice_engine_stop_text(struct sluice_engine *engine, char text[SLUICE_STOP_TEXT]);
/* Frees the engine. Returns the bytes in rings that were not delivered. NULL is allowed. */
uint64_t sluice_engine_stop_end(struct sluice_engine *engine);

/* All of it in one go, for whoever has nothing else to do, in `patience_ms` at most. `interrupted`,
 * if not NULL, is read now and then: when it is true there is no time. */
uint64_t sluice_engine_stop(struct sluice_engine *engine, int patience_ms,
			    const volatile bool *interrupted);

/*
 * Another process goes on with all of it (handing.c): outputs come to rest while sockets are still
 * read, for `rest_ns` at most; then what is in sockets is stored, and sockets, rings with their
 * locks, counters, and if it `passes` them connections go into `parcel`; then the engine is freed.
 * 0; -EBUSY and a sentence: it cannot be now, and goes on as if nothing had been; other negative
 * errno: not all of it is in the parcel, and the engine is freed. @owner caller: *error
 */
int sluice_engine_hand_over(struct sluice_engine *engine, uint64_t rest_ns, bool passes,
			    struct sluice_parcel *parcel, char **error);
/*
 * Before an engine starts (past.c): what the parcel's text says of its predecessor, whose counters
 * go on. 0 or -ENOMEM.
 */
int sluice_engine_succeed(const struct sluice_parcel *parcel);
/* What there is of the connections that its predecessor had, from the best to the worst: */
enum sluice_proof {
	SLUICE_PROOF_SAME,  /* all of them, or one made anew in the place of each */
	SLUICE_PROOF_GONE,  /* the receiver or the way there is why one cannot be made */
	SLUICE_PROOF_TRIES, /* one is being made; nothing has come back so far */
	SLUICE_PROOF_FAULT  /* this daemon may be why, or a worker does not answer */
};
/* Does it move data as its predecessor did (engine/proof.c)? *text: the worst that is missing. */
enum sluice_proof sluice_engine_prove(struct sluice_engine *engine, char text[SLUICE_SUCCEED_TEXT]);
/* The predecessor's connections are neither read nor written before this: from here on nobody else
 * can have them back as they were. */
void sluice_engine_go_on(struct sluice_engine *engine);

/* Nanoseconds for which a worker has not answered, if that is more than a second, and a sentence
 * about it; else 0. @threadsafe */
#define SLUICE_SILENCE_TEXT 80
uint64_t sluice_engine_silence(const struct sluice_engine *engine, char text[SLUICE_SILENCE_TEXT]);

/* The name of an input that never ends, however much of it is read; NULL: all do. @context process
 */
const char *sluice_engine_endless(const struct sluice_engine *engine);
/* Has all that the inputs read ended, and has every output all of it (engine/drained.c)? */
bool sluice_engine_is_drained(struct sluice_engine *engine);

/* Takes a picture. @owner caller: sluice_engine_report_free(). 0 or -ENOMEM. */
int sluice_engine_report(struct sluice_engine *engine, struct sluice_engine_report *report);
void sluice_engine_report_free(struct sluice_engine_report *report);

#endif /* SLUICE_ENGINE_H */
