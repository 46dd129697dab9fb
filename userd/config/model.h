/* SPDX-License-Identifier: MIT */
/*
 * The configuration as the daemon works with it: what config/ makes out of YAML and everyone else
 * reads. Immutable once checked; freed whole by sluice_config_free(). Strings are UTF-8, never NULL
 * unless said.
 */
#ifndef SLUICE_CONFIG_MODEL_H
#define SLUICE_CONFIG_MODEL_H

#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sluice/netlink.h>
#include "../lib/event.h"
#include "../lib/guid.h"
#include "../lib/tls.h"
#include "prefix.h"
#include "inlet.h"

/* Where datagrams come from: the first row that works here, or this row (source_rows.h). */
enum sluice_source {
	SLUICE_SOURCE_AUTO,
#define SOURCE(word, NAME, class) SLUICE_SOURCE_##NAME,
#define PLANNED(word, NAME) SLUICE_SOURCE_##NAME,
#include "source_rows.h"
#undef SOURCE
#undef PLANNED
};

/* How fast a capture is read. */
enum sluice_speed {
	SLUICE_SPEED_MAX,	/* as fast as the outputs take it */
	SLUICE_SPEED_FACTOR,	/* so many thousandths of the recorded speed */
	SLUICE_SPEED_DATAGRAMS, /* so many in a second */
	SLUICE_SPEED_BITS,	/* so many bits of datagrams in a second */
};

struct sluice_config_speed {
	enum sluice_speed kind;
	uint64_t value;
};

#define SLUICE_SPEED_FORM "recorded, max, a factor (2x, 0.5x), or a rate (10kpps, 100mbit)"

/* How a socket is read: as well as can be had, many datagrams a system call, or by a program in the
 * kernel that copies them into a ring. */
enum sluice_receive {
	SLUICE_RECEIVE_AUTO,
	SLUICE_RECEIVE_CALLS,
	SLUICE_RECEIVE_BPF,
	SLUICE_RECEIVE_COUNT /* how many these are */
};

/* Who may look, beside root and the daemon's user, who may change as well. */
enum sluice_readers { SLUICE_READERS_GROUP, SLUICE_READERS_ALL };

enum sluice_mode {
	SLUICE_MODE_ROUND_ROBIN,
	SLUICE_MODE_BALANCE,
	SLUICE_MODE_HASH,
	SLUICE_MODE_DUPLICATE
};

/* How it reaches its destinations (kind_rows.h). */
enum sluice_output_kind {
#define KIND(word, NAME, table) SLUICE_KIND_##NAME,
#include "kind_rows.h"
#undef KIND
};

/* What the bytes of a connection look like (framing_rows.h). */
enum sluice_framing {
#define FRAMING(word, NAME, ...) SLUICE_FRAMING_##NAME,
#include "framing_rows.h"
#undef FRAMING
	SLUICE_FRAMING_COUNT /* how many these are */
};

/* What becomes of a datagram that is longer than the receiver takes (max_datagram). */
enum sluice_oversize { SLUICE_OVERSIZE_SPLIT, SLUICE_OVERSIZE_TRUNCATE, SLUICE_OVERSIZE_REFUSE };

/* And of an empty one: it goes if the framing has a form for it, or it does not go. */
enum sluice_empty { SLUICE_EMPTY_SEND, SLUICE_EMPTY_SKIP };

/* And of one that holds what the receiver cannot bear. */
enum sluice_unsafe { SLUICE_UNSAFE_ESCAPE, SLUICE_UNSAFE_REFUSE, SLUICE_UNSAFE_SEND };

/* What stands in front of each datagram and tells who sent it (daemon/link/origin.h). */
enum sluice_lead { SLUICE_LEAD_NONE, SLUICE_LEAD_TEXT, SLUICE_LEAD_PROXY_V2 };

/* What a receiver cannot bear in a datagram; in framing newline a line feed is always one of them.
 */
#define SLUICE_HAZARD_LF 1U
#define SLUICE_HAZARD_NUL 2U
#define SLUICE_HAZARD_CR 4U
#define SLUICE_HAZARD_DIGIT 8U	 /* a message that begins with one is taken for a count */
#define SLUICE_HAZARD_NO_PRI 16U /* a message that does not begin with <, as a priority does */

#define SLUICE_HAZARD_GROWS 32U /* control characters take four bytes there, and count so */

/* Bytes: the least and the most that `max-datagram` may be. */
#define SLUICE_DATAGRAM_LEAST 64U
#define SLUICE_DATAGRAM_MOST (64U << 10)
/* The least where a prefix stands in each message, too. */
#define SLUICE_DATAGRAM_LEAST_PREFIXED 512U

/* Who receives (receiver.h); NONE: not written, GENERIC: nobody that is known. */
enum sluice_receiver_kind {
	SLUICE_RECEIVER_NONE,
	SLUICE_RECEIVER_GENERIC,
	SLUICE_RECEIVER_NATIVE,
	SLUICE_RECEIVER_RSYSLOG,
	SLUICE_RECEIVER_SYSLOG_NG,
	SLUICE_RECEIVER_HAPROXY,
	SLUICE_RECEIVER_SOCAT,
	SLUICE_RECEIVER_NC,
	SLUICE_RECEIVER_PCAP,
	SLUICE_RECEIVER_LOGSTASH,
	SLUICE_RECEIVER_VECTOR,
	SLUICE_RECEIVER_FLUENT_BIT,
	SLUICE_RECEIVER_SPLUNK,
};

enum sluice_log_format { SLUICE_LOG_TEXT, SLUICE_LOG_JSON };

enum sluice_log_target {
	SLUICE_LOG_STDERR,
	SLUICE_LOG_FILE,
	SLUICE_LOG_JOURNAL,
	SLUICE_LOG_SYSLOG
};

/* What is lost when memory and disk are full: what comes, or what is there longest. */
enum sluice_drop { SLUICE_DROP_NEWEST, SLUICE_DROP_OLDEST };

/* Which part of a backlog on the disk goes first. */
enum sluice_drain { SLUICE_DRAIN_NEWEST, SLUICE_DRAIN_OLDEST };

struct sluice_config_input {
	sluice_guid id; /* given, or derived from the name (uuid v5) so that it is
					 stable */
	char name[SLUICE_NAME_MAX + 1];
	struct sluice_config_place place;
	struct sluice_port_range *ports; /* sorted, merged */
	size_t port_count;
	struct sluice_config_prefix address;
	struct sluice_config_prefix from;
	struct sluice_config_prefix group; /* multicast: this machine joins it; AF_UNSPEC: none */
	char interface[IF_NAMESIZE];	   /* empty: any */
	struct sluice_config_place interface_place;
	struct sluice_config_place port_place;
	char **files; /* captures that are read, or directories of them; NULL: none */
	size_t file_count;
	struct sluice_config_place file_place; /* line 0: not written */
	struct sluice_config_speed speed;      /* at which they are read */
	struct sluice_config_inlet inlet;      /* where connections are taken */
	enum sluice_source source;
	struct sluice_config_place source_place; /* line 0: not written */
	enum sluice_verdict verdict;
	enum sluice_hook hook;
	enum sluice_batching batching;
	enum sluice_receive receive;		  /* how a socket is read */
	struct sluice_config_place receive_place; /* line 0: not written */
	int checksum; /* SLUICE_RULE_F_* of wrong checksums; 0: they are lost */
	int time; /* SLUICE_RULE_F_HWTIME: the network card's where it gives it; 0: the kernel's */
	int addresses; /* 1: records tell source and destination; also where an output needs it */
	unsigned int priority; /* 0 .. SLUICE_PRIORITIES - 1, the higher the sooner sent */
	int enabled;	       /* 0: only in a draft; the model has none of those */
	size_t *outputs; /* indexes into sluice_config.outputs, sorted, no repeats, at least one */
	size_t output_count;
};

/* kind: nats, kafka. What a message of the server's is: a datagram, or a span of records. */
enum sluice_message { SLUICE_MESSAGE_DATAGRAM, SLUICE_MESSAGE_SPAN };

/* And what becomes of one that the server refuses. */
enum sluice_refusal { SLUICE_REFUSAL_WAIT, SLUICE_REFUSAL_DROP };

/* kind: kafka. What the key of a message is, by which its partition is chosen: who sent to whom,
 * the input's name, or nothing. */
enum sluice_message_key {
	SLUICE_MESSAGE_KEY_FLOW,
	SLUICE_MESSAGE_KEY_INPUT,
	SLUICE_MESSAGE_KEY_NONE
};

/* And how a user logs in. */
enum sluice_sasl { SLUICE_SASL_SCRAM_256, SLUICE_SASL_SCRAM_512, SLUICE_SASL_PLAIN };

/* What an output to a broker has beside; texts are NULL where they are not written. */
struct sluice_config_broker {
	char *subject; /* a template: {relay}, {input} */
	char *stream;  /* that has to keep it */
	char *topic;   /* kafka: a template, likewise */
	char *user;
	char *password_file, *token_file, *credentials; /* paths: no secret is in a configuration */
	enum sluice_message message;
	enum sluice_refusal refusal;
	int creates; /* 1: the stream is made if it is not there */
	enum sluice_message_key key;
	enum sluice_sasl sasl;
	size_t max_message; /* kafka: bytes of a message, as the library counts them */
};

struct sluice_config_destination {
	char *text; /* host:port as written: name for messages and statistics; nats, kafka: of all
		       servers of the cluster, separated by commas */
	char *host; /* numeric address or name, brackets removed */
	uint16_t port;
	unsigned int weight; /* 1 .. SLUICE_WEIGHT_MAX: its share, beside those of the others */
	int standby;	     /* 1: gets something only while all others are down */
	int enabled;	     /* 0: not connected to */
	uint64_t rate;	     /* bits a second, 0: no limit */
	struct sluice_config_place place;
};

#define SLUICE_WEIGHT_MAX 100U
#define SLUICE_WORKERS_MAX 1024U

/* A delay that goes by the load, and the longest that it comes to, in microseconds. */
#define SLUICE_DELAY_AUTO UINT64_MAX
#define SLUICE_DELAY_AUTO_MOST_US 2000U

/*
 * An output of the configuration; of one in mode `duplicate` the model has one for each of its
 * destinations that are enabled, side by side: each gets everything and has a cursor of its own.
 */
struct sluice_config_output {
	sluice_guid id;	   /* the cursors' */
	sluice_guid group; /* the output's, as the user knows it; the same unless it
					    duplicates */
	bool has_id;	   /* `id` is written in the file; else it is derived from the name */
	char name[SLUICE_NAME_MAX + 1];
	struct sluice_config_place place;
	struct sluice_config_destination *to;
	size_t to_count;
	struct sluice_config_prefix from; /* source address of its connections; family AF_UNSPEC:
					     as the kernel chooses */
	struct sluice_tls_settings tls;	  /* of its connections; without `ca`: none */
	enum sluice_output_kind kind;
	int preserves; /* udp: 1: datagrams have the source address that they came with */
	struct sluice_config_broker broker; /* nats, kafka */
	enum sluice_mode mode;
	enum sluice_receiver_kind receiver;
	enum sluice_framing framing; /* what follows: as written, or as the receiver needs it */
	uint64_t rate;	/* bits a second over all destinations, 0: no limit; of a duplicate: over
			   each */
	int durable;	/* native: 1: only what the receiver has on stable storage is released */
	int compresses; /* 1: native: spans go compressed where that pays; plain: all of it */
	size_t connections; /* to each destination, of all workers together; 0: one of each worker
			     */
	size_t reach;	    /* workers that have one, the first ones; 0: all. What follows from
			       `connections` and sluice_config_set_goal() */
	int resends;	    /* plain: 1: what is unconfirmed is sent again; 0: it is counted only */
	size_t max_datagram; /* bytes of a message, escapes counted; 0: any; framings but native and
				pcap */
	enum sluice_oversize oversize;
	enum sluice_empty empty;
	enum sluice_unsafe unsafe;
	enum sluice_lead prefix;
	unsigned int hazards;	     /* SLUICE_HAZARD_*: what the receiver cannot bear */
	size_t batch_bytes;	     /* 4 KiB .. 4 MiB, default 256 KiB */
	uint64_t batch_delay_us;     /* 0 .. 1 s; SLUICE_DELAY_AUTO, the default */
	uint64_t reconnect_min_us;   /* default 100 ms */
	uint64_t reconnect_max_us;   /* default 5 s */
	uint64_t connect_timeout_us; /* default 5 s */
	uint64_t dead_after_us;	     /* a peer that sends nothing back is given up; default 10 s */
};

/* What becomes of the connections of a forward that is gone, or leads elsewhere. */
enum sluice_remaining { SLUICE_REMAINING_KEEP, SLUICE_REMAINING_CUT };

/* TCP connections that are passed on as they are (daemon/forward/forward.h). */
struct sluice_config_forward {
	sluice_guid id;
	char name[SLUICE_NAME_MAX + 1];
	struct sluice_config_place place;
	struct sluice_config_listener *listen; /* at least one */
	size_t listen_count;
	struct sluice_config_destination to;
	struct sluice_config_prefix from; /* source address towards the destination; AF_UNSPEC: any
					   */
	struct sluice_config_prefix *allow; /* who may come; none: everybody */
	size_t allow_count;
	struct sluice_config_prefix *deny; /* and who of those may not */
	size_t deny_count;
	size_t limit;		  /* connections at a time; 0: any number */
	size_t limit_per_address; /* of one client's address; 0: any number */
	uint64_t connect_timeout_us;
	uint64_t idle_timeout_us; /* without a byte either way it is ended; 0: never */
	uint64_t keepalive_us;	  /* silence before the kernel probes; 0: it does not */
	int nodelay;
	enum sluice_lead prefix; /* NONE or PROXY_V2 */
	enum sluice_remaining remaining;
	int enabled; /* 0: only in a draft; the model has none of those */
};

struct sluice_config_store {
	size_t memory_size; /* all rings of all routes together; default 64 MiB */
	struct sluice_config_place memory_place; /* line 0: not written, the default */
	char *memory_path; /* directory for rings that outlive us; NULL: /dev/shm */
	struct sluice_config_place memory_path_place;
	unsigned int memory_alarm; /* percent of a ring; 0: none */
	int huge;		   /* 1: rings of sockets are of huge pages, if that can be had */
	char *disk_path;	   /* NULL: no disk */
	struct sluice_config_place disk_path_place;
	size_t disk_size; /* all segments together; default 1 GiB */
	struct sluice_config_place disk_size_place;
	size_t disk_segment; /* bytes of one segment; default 64 MiB, or a sixteenth of a small disk
			      */
	size_t disk_rate;    /* bytes a second that go to disk at most; 0: no limit */
	unsigned int disk_alarm;  /* percent; 0: none */
	unsigned int spool_begin; /* percent of a ring from which on it is emptied to disk */
	unsigned int spool_end;	  /* and until which; less */
	enum sluice_drain drain;
	enum sluice_drop drop; /* what is lost when memory and disk are full */
	struct sluice_config_place drop_place;
};

struct sluice_config_log {
	int level; /* syslog(3) priority, LOG_ERR .. LOG_DEBUG; default LOG_INFO */
	enum sluice_log_target target;
	char *path; /* SLUICE_LOG_FILE only, else NULL */
	struct sluice_config_place place;
	enum sluice_log_format form; /* default SLUICE_LOG_TEXT */
	size_t limit;		     /* lines of one place within ten seconds; 0: any number */
	uint64_t statistics_us;	     /* between two lines of statistics; 0: none */
};

/* Classes of threads, see thread_rows.h. */
enum sluice_thread_class {
#define THREAD(CLASS, word, name, cpus, what) SLUICE_CLASS_##CLASS,
#include "thread_rows.h"
#undef THREAD
	SLUICE_THREADS
};

/* How the scheduler treats a thread (sched(7)). */
enum sluice_policy {
	SLUICE_POLICY_OTHER,
	SLUICE_POLICY_BATCH,
	SLUICE_POLICY_IDLE,
	SLUICE_POLICY_FIFO,
	SLUICE_POLICY_RR,
};

struct sluice_config_thread {
	enum sluice_policy policy;
	unsigned int priority; /* 1 to 99 with fifo and rr, else 0 */
	int nice;	       /* -20 to 19 */
	bool has_cpus;
	cpu_set_t cpus; /* where it may run, if it has */
	/* line 0: not written */
	struct sluice_config_place policy_place;
	struct sluice_config_place priority_place;
	struct sluice_config_place nice_place;
	struct sluice_config_place cpus_place;
};

struct sluice_config_threads {
	struct sluice_config_thread of[SLUICE_THREADS];
	unsigned int busy_poll; /* percent of its CPU that a worker looks with; 0: it sleeps */
};

/* The doors: for sessions (sluicectl(8), SESSIONS), and for browsers and Prometheus. */
struct sluice_config_control {
	struct sluice_config_listener telnet; /* far: nothing is told before the password */
	struct sluice_config_listener http;
	char *shell; /* path of a socket; NULL: none */
	struct sluice_config_place shell_place;
	char *password_file; /* NULL: none, and telnet may only look */
	struct sluice_config_place password_place;
	uint64_t idle_us; /* a session without a line for so long is ended; default 10 min */
};

/* What is done with a thread that hangs, beside an alarm. */
enum sluice_watchdog_action {
	SLUICE_WATCHDOG_REPLACE, /* another one goes on with its work; where that is not safe and
				    systemd starts us anew: exit */
	SLUICE_WATCHDOG_EXIT,	 /* likewise, and in any case: exit */
	SLUICE_WATCHDOG_ALARM,	 /* nothing */
};

struct sluice_config {
	char *path; /* file it came from, for messages */
	/* The file that the daemon was started with, absolute: what it leaves behind for its
	 * successor is called after that. NULL: `path` */
	char *home;
	char *relay;
	char *text; /* what it was made from, and its length */
	size_t text_length;
	struct sluice_config_input *inputs;
	size_t input_count;
	struct sluice_config_output *outputs;
	size_t output_count;
	struct sluice_config_forward *forwards;
	size_t forward_count;
	struct sluice_config_store store;
	struct sluice_config_log log;
	struct sluice_config_control control;
	uint64_t stop_limit_us;	      /* a stop takes no longer */
	uint64_t stop_connections_us; /* and waits for forwarded connections no longer */
	uint64_t watchdog_limit_us;   /* a thread that does not get on for so long hangs */
	enum sluice_watchdog_action watchdog_action;
	size_t events_kept;  /* for who reads them slowly */
	char *control_group; /* whose members may change; NULL: none */
	struct sluice_config_place control_group_place;
	enum sluice_readers readers;
	/* Commands that are run on events; NULL: none */
	struct sluice_config_hook {
		char *command;
		struct sluice_config_place place;
	} hooks[SLUICE_EVENT_HOOKS];
	uint64_t hook_limit_us; /* one that takes longer is killed */
	size_t socket_ring; /* bytes of a ring of `receive: bpf`; 0, the default: by their number */
	size_t socket_readers; /* workers that read sockets; 0: as many as the way is best with */
	size_t worker_count;   /* 0: one per usable CPU */
	size_t worker_goal;    /* how many that are here, sluice_config_set_goal(); 0: not known */
	struct sluice_config_place worker_place;
	struct sluice_config_threads threads;
};

/*
 * A route: the inputs of one priority that go to the same set of outputs. Derived, never written by
 * the user. Its GUID is derived from the GUIDs of its outputs, so that it is the same after a
 * restart, and tells the priority (lib/priority.h).
 */
struct sluice_config_route {
	sluice_guid id;
	char name[SLUICE_NAME_MAX +
		  1]; /* names of the outputs joined by '+', cut; then @priority, if any */
	unsigned int priority;
	size_t *inputs; /* indexes into sluice_config.inputs */
	size_t input_count;
	size_t *outputs; /* indexes into sluice_config.outputs */
	size_t output_count;
	size_t ring_size;  /* of each: power of two, from store.memory_size / routes / rings */
	size_t watermark;  /* bytes: least batch_bytes of the outputs, at most ring_size / 4 */
	uint64_t delay_us; /* least batch_delay_us of the outputs */
	size_t reach;	   /* workers that deliver it, the first ones; 0: all */
	size_t spread;	/* workers that have sockets for it, the first ones; 0: none, or not known
			   yet (sluice_config_share()) */
	bool is_prompt; /* what comes alone waits for nothing: one of the outputs has `auto` */
};

/*
 * Works out the routes of `config` for a machine with `cpu_count` rings per route. Returns 0,
 * -ENOMEM, or -E2BIG if store.memory does not give every ring SLUICE_RING_SIZE_MIN (then *count
 * says how many routes there are). Routes come in the order of their outputs, their inputs in the
 * order of the file. @owner caller: sluice_config_routes_free()
 */
int sluice_config_routes(const struct sluice_config *config, size_t cpu_count,
			 struct sluice_config_route **routes, size_t *count);
/*
 * Shares the memory anew when it is known who fills the rings. `spread`, by input: how many
 * workers, the first ones, have sockets for it; 0: it is the module's, which has a ring per CPU. A
 * route that fewer fill has fewer rings, which are larger; so its GUID is another. 0, -EINVAL or
 * -ENOMEM. @context process
 */
int sluice_config_share(const struct sluice_config *config, size_t cpu_count, const size_t *spread,
			struct sluice_config_route *routes, size_t count);
/* There shall be so many workers: no more than these deliver anything. 0: that is not known.
 * @context process */
void sluice_config_set_goal(struct sluice_config *config, size_t workers);
/* Of `workers` that there are, how many the configuration wants. @threadsafe */
size_t sluice_config_goal(const struct sluice_config *config, size_t workers);
/* Of `workers`, how many read sockets with `receive: bpf`. 1 to `workers`. @threadsafe */
size_t sluice_config_readers(const struct sluice_config *config, size_t workers);
/* The same with `receive: calls`. @threadsafe */
size_t sluice_config_callers(const struct sluice_config *config, size_t workers);
/* How many workers deliver what goes to all of the outputs: no more than the least of them has
 * connections; 0: all. @threadsafe */
size_t sluice_config_reach(const struct sluice_config *config);
/* The smaller one of two such numbers. @threadsafe */
static inline size_t sluice_config_least_reach(size_t one, size_t other)
{
	return one && (!other || one < other) ? one : other;
}
/* Of `workers`, how many that are. @threadsafe */
static inline size_t sluice_config_reached(size_t reach, size_t workers)
{
	return reach && reach < workers ? reach : workers;
}
void sluice_config_routes_free(struct sluice_config_route *routes, size_t count);

/* Is output `number` a further one of the same group as the one before it? */
bool sluice_config_is_twin(const struct sluice_config *config, size_t number);

void sluice_config_free(struct sluice_config *config);

/* How many outputs of the model, and so cursors in each ring, `output` becomes: one, or one for
 * each enabled destination of a duplicating one. At least 1. @threadsafe */
size_t sluice_config_lanes(const struct sluice_config_output *output);

/* How many rings a route has on this machine: one per CPU that is online. At least 1. @threadsafe
 */
size_t sluice_config_cpus(void);

/* The values as they are written in the configuration; constants. "?" for a value that is none.
 * @threadsafe */
const char *sluice_config_source_name(enum sluice_source source);
const char *sluice_config_policy_name(enum sluice_policy policy);
/* "worker", of threads.worker */
const char *sluice_config_thread_word(enum sluice_thread_class class);
const char *sluice_config_verdict_name(enum sluice_verdict verdict);
const char *sluice_config_hook_name(enum sluice_hook hook);
const char *sluice_config_batching_name(enum sluice_batching batching);
const char *sluice_config_receive_name(enum sluice_receive receive);
const char *sluice_config_time_name(uint32_t flags);
const char *sluice_config_checksum_name(uint32_t flags); /* SLUICE_RULE_F_*, others are ignored */
const char *sluice_config_mode_name(enum sluice_mode mode);
const char *sluice_config_framing_name(enum sluice_framing framing);
const char *sluice_config_kind_name(enum sluice_output_kind kind);

/* Does the receiver say what it has got? @threadsafe */
static inline bool sluice_config_is_answered(enum sluice_framing framing)
{
	enum { SILENT, ANSWERED };

	switch (framing) {
#define FRAMING(word, NAME, protocol, answer, ...) \
	case SLUICE_FRAMING_##NAME:                \
		return (answer) == ANSWERED;
#include "framing_rows.h"
#undef FRAMING
	default:
		return SILENT;
	}
}

/* What an input takes, in one line: "5000-5003,6000 to 10.9.0.1 from 10.9.0.0/24 on eth0". NULL: no
 * memory.
 * @owner caller: free() */
char *sluice_config_input_match(const struct sluice_config_input *input);

/* Is it read from sockets, where the module is there or not? @threadsafe */
static inline bool sluice_config_is_from_socket(const struct sluice_config_input *input,
						bool has_module)
{
	return input->source == SLUICE_SOURCE_SOCKET ||
	       (input->source == SLUICE_SOURCE_AUTO && !has_module);
}

/* Does it look at what passes, and leave it to whoever else has it? @threadsafe */
static inline bool sluice_config_is_captured(const struct sluice_config_input *input)
{
	return input->source == SLUICE_SOURCE_PCAP || input->source == SLUICE_SOURCE_AFPACKET;
}

/* Does it take connections over TCP? @threadsafe */
static inline bool sluice_config_is_inlet(const struct sluice_config_input *input)
{
	return input->source == SLUICE_SOURCE_TCP || input->source == SLUICE_SOURCE_SLUICE;
}

/* keys_inlet.c. Would connections be taken from the same ones, in the same way? @threadsafe */
bool sluice_config_is_same_inlet(const struct sluice_config_input *one,
				 const struct sluice_config_input *other);
/* Does the list hold the address (network order) of a family? @threadsafe */
bool sluice_config_prefixes_hold(const struct sluice_config_prefix *list, size_t count,
				 const struct sockaddr_storage *address);

/* keys_pcap.c. Do two inputs that are captured read the same interface, or the same files?
 * @threadsafe */
bool sluice_config_is_same_capture(const struct sluice_config_input *one,
				   const struct sluice_config_input *other);

/* Can one datagram belong to both? Then the module refuses the second (netlink.h, RULE_SET). On
 * true, *port is the lowest port they share. @threadsafe */
bool sluice_config_inputs_overlap(const struct sluice_config_input *one,
				  const struct sluice_config_input *other, uint16_t *port);

/* Does it run before all threads of the other policies? @threadsafe */
static inline bool sluice_policy_is_realtime(enum sluice_policy policy)
{
	return policy == SLUICE_POLICY_FIFO || policy == SLUICE_POLICY_RR;
}

#define SLUICE_CPUS_TEXT 256

/* keys_threads.c. Adds the CPUs of a list like "0-3,8" (a line feed may follow, as in /sys) to
 * *set. False: it is none, and *set may have some of it. @threadsafe */
bool sluice_cpus_parse(const char *text, cpu_set_t *set);
/* Writes them so; "" for none. Returns `text`. @threadsafe */
char *sluice_cpus_format(const cpu_set_t *set, char text[SLUICE_CPUS_TEXT]);

#endif /* SLUICE_CONFIG_MODEL_H */
