/* SPDX-License-Identifier: MIT */
/*
 * The socket source's inner interface: ports (socket_port.c and socket_drops.c, in the worker), all
 * those of a worker (socket_set.c), opening them (socket_open.c) and the source as a whole
 * (socket.c, in the control thread). The ways of reading them are behind socket_way.h.
 */
#ifndef SLUICE_SOCKET_H
#define SLUICE_SOCKET_H

#include <net/if.h>
#include <netinet/in.h>
#include <sys/queue.h>
#include "../../lib/cost.h"
#include "../../lib/layout.h"
#include "source.h"

/* Counters of one input in one worker. One writer. */
struct sluice_socket_counters {
	uint64_t stored;
	uint64_t stored_bytes;
	uint64_t lost;
	uint64_t lost_full;    /* its ring was full while its socket had to be read for others */
	uint64_t bad_checksum; /* came to its sockets with a wrong checksum */
	uint64_t unmatched;    /* came to its sockets and belong to no input */
	/* What receiving, finding whose it is and storing have cost in this worker */
	struct sluice_cost_item cost;
} __attribute__((aligned(64)));

SLUICE_HAS_ITS_LINES(struct sluice_socket_counters);

/* What an input waits for. */
enum sluice_socket_wait {
	SLUICE_WAITS_FOR_NOTHING,
	SLUICE_WAITS_FOR_INTERFACE,
	SLUICE_WAITS_FOR_ADDRESS, /* its sockets are open; nothing can come to them */
	SLUICE_WAITS_FOR_SOCKET,  /* one cannot be opened; tried again and again */
};

/* How an input stands. */
struct sluice_socket_state {
	enum sluice_socket_wait wait;
	unsigned int index; /* of its interface; 0: none is asked for, or it is not there */
	char text[256];	    /* for the user; empty: it waits for nothing */
};

/* In which way its sockets are read, and why in no better one, for the user; NULL: there is none,
 * or nobody asked. AUTO: not chosen yet. */
struct sluice_socket_choice {
	enum sluice_receive receive;
	const char *why;
};

struct sluice_socket_way;

/* An input, for as long as a configuration has it. */
struct sluice_socket_input {
	sluice_guid guid;
	char name[SLUICE_NAME_MAX + 1]; /* of the last plan */
	uint16_t index;			/* in records */
	bool wanted;			/* the plan has it */
	struct sluice_socket_state state;
	uint64_t waits_since;		       /* if it waits for something: ns */
	struct sluice_socket_state next_state; /* of the plan */
	struct sluice_socket_choice choice;
	struct sluice_socket_choice next_choice;  /* of the plan */
	const struct sluice_socket_way *comes;	  /* in which it will be read when nothing is held
						     (source.h); NULL: that is settled */
	struct sluice_socket_counters **counters; /* by worker, of all that there ever were */
	size_t counter_count;
	struct sluice_socket_counters *before; /* of inputs that were renamed to this; NULL: none */
	struct sluice_socket_input *next;
};

/* What a socket is bound to: two with the same key are the same. */
struct sluice_port_key {
	int family;	     /* AF_INET; AF_INET6 */
	bool both;	     /* AF_INET6 that also takes IPv4 */
	uint8_t address[16]; /* all zero: any */
	uint16_t port;
	char interface[IF_NAMESIZE];
	unsigned int index;		     /* of the interface now; 0: any, or it is not there */
	const struct sluice_socket_way *way; /* in which it is read (socket_way.h) */
};

struct sluice_port_use;
struct sluice_socket_beat;
struct sluice_socket_claim;
struct sluice_socket_hold;
struct sluice_socket_way;

/* How long a socket's losses are left alone at most; where nothing happens five times as long. */
#define SLUICE_LOOK_AFTER_NS (200 * SLUICE_NS_PER_MS)

/* What a worker reads its sockets by (socket_way.h): one for each way; NULL: none of them needs it
 * now. */
struct sluice_socket_readers {
	struct sluice_socket_beat *of[SLUICE_RECEIVE_COUNT];
};

/* Where a port that is read with calls is in its worker's round (socket_round.c). */
enum sluice_port_queue_kind {
	SLUICE_PORT_RESTS, /* until epoll tells of it */
	SLUICE_PORT_READY,
	SLUICE_PORT_WAITS,
};

/* One socket of one worker. */
struct sluice_port {
	struct sluice_worker *worker;
	struct sluice_port_key key;
	struct sluice_port_use *use;	  /* changes when the configuration does */
	struct sluice_port_use *next_use; /* of the plan; NULL: none */
	bool wanted;			  /* the plan has it */
	bool replaced;			  /* it goes, and another gets some of what it would */
	bool starved;			  /* waits for room in the ring */
	bool closing;			  /* nothing new comes in; what is in it is being stored */
	bool withdrawn;			  /* nobody finds it any more, once RCU says so */
	bool disowned;			  /* what is in it is told as lost */
	bool borrows;			  /* its use is that of another port */
	bool is_next_first; /* of those that the workers have for this port by the plan, */
	bool is_first;	    /* and as it is in force */
	bool takes_many;    /* broadcast and multicast are this socket's */
	bool touched;	    /* datagrams came since its losses were last looked at */
	int fd;
	struct sluice_socket_beat *reader; /* its worker's; with calls as long as it is watched */
	struct sluice_socket_count *count; /* with calls: what of joined datagrams it loses */
	uint32_t drops;	  /* as the socket counts them, that were told of; with bpf those that were
			     lost */
	uint32_t pending; /* of those that were not: seen, and it is not known yet why */
	uint64_t pending_at; /* ns, when they were seen */
	/* With bpf: who it is to the program, what of it was told, and how far what it had in the
	 * ring was given up. */
	uint64_t cookie, ticket;
	uint64_t refused_told;
	uint32_t swept;
	uint32_t spent; /* what its program has spent, as far as it is noted */
	bool is_discarded;
	unsigned long discarded;
	struct sluice_socket_hold *hold; /* what waits for room in a ring; NULL: nothing */
	/* With calls. */
	enum sluice_port_queue_kind queue;
	TAILQ_ENTRY(sluice_port) turn; /* in that; with bpf among those at which something waits */
	TAILQ_ENTRY(sluice_port) look; /* in the round's list of those that are `touched` */
	unsigned int expected;	       /* datagrams a call */
	uint64_t full_since;	       /* one of its rings; 0: none is */
	uint64_t retry_at; /* one that has no room is tried again then; 0: when there is some */
	uint64_t buffer;   /* bytes that the socket may hold */
	uint64_t gathered; /* of them, since it was empty */
	/* In this turn something came. */
	bool is_touched;
	struct sluice_port *next_touched;
	struct sluice_port *next;
	struct sluice_port *next_alike; /* of the same number, in an index */
};

/* Ports by number (socket_index.h). */
struct sluice_port_index {
	struct sluice_port **first; /* NULL: it was not opened */
};

/* What reading a socket brought. */
struct sluice_port_take {
	unsigned int datagrams;
	uint64_t buffer; /* bytes of the socket's buffer, or the program's ring, that they were */
};

/* The sockets of one worker. */
struct sluice_port_set {
	struct sluice_timer timer; /* looks after losses now and then */
	struct sluice_worker *worker;
	struct sluice_port *ports;
	struct sluice_port_index index;	      /* of them */
	struct sluice_socket_readers readers; /* that the worker watches */
	unsigned int looks;
	uint64_t rest_ns; /* from the last look to the next one */
	uint64_t heads;	  /* of its rings, at the last look */
	/* Wrong checksums in this network namespace when all ports were looked at: the last time,
	 * and as many times as it takes. */
	uint64_t next_errors, errors;
};

/*
 * Opens and binds a socket. `exclusive`: make sure that no other program has the port. `reader`: of
 * the worker and the way in the key, if that prepares one. 0, or a negative errno with a sentence
 * in *error. @owner caller: sluice_port_free() @context process
 */
int sluice_port_open(const struct sluice_config *config, const struct sluice_config_input *input,
		     const struct sluice_port_key *key, bool exclusive,
		     struct sluice_socket_beat *reader, struct sluice_port **port, char **error);
/* The same with a socket that is open and bound already, which it takes over; `drops`: how many of
 * its losses were told; `due`: how many datagrams beyond the first of their packet may be in it.
 * NULL: no memory, and `fd` stays the caller's.
 * @owner caller: sluice_port_free() @context process */
struct sluice_port *sluice_port_adopt(int fd, const struct sluice_port_key *key, uint32_t drops,
				      uint32_t due);
/* Another socket bound to the same as `key`, in the same group, of a way that prepares no reader. 0
 * or a negative errno.
 * @owner caller: sluice_port_free() @context any */
int sluice_port_open_beside(const struct sluice_port_key *key, struct sluice_port **port);
/* Can a socket be bound to the address of `key` now? An address may be missing, or not be usable
 * yet (IPv6, tentative). True if there is none. @context process */
bool sluice_port_has_its_address(const struct sluice_port_key *key);
/* Closes and frees. @context worker, or process if never entered */
void sluice_port_free(struct sluice_port *port);

/* Puts `use` in force and frees the one before. @context worker, or process if never entered
 * @owner the port: `use` */
void sluice_port_set_use(struct sluice_port *port, struct sluice_port_use *use);
/* Has datagrams from now on tell what `use` wants to know. @context process */
void sluice_port_prepare_use(const struct sluice_port *port, const struct sluice_port_use *use);
/* The key of an input's port `number`; the way is left to the caller. @context process */
void sluice_port_describe(const struct sluice_config_input *input, uint16_t number,
			  struct sluice_port_key *key);
/* Tells what is lost in a port's rings before the port leaves them, or goes: no other may be left
 * to look after it. @context worker */
void sluice_port_tell(const struct sluice_port *port);
/* Do two sockets with these keys take the same datagrams in the same way? @threadsafe */
bool sluice_port_key_is_same(const struct sluice_port_key *one,
			     const struct sluice_port_key *other);

/* Are broadcast and multicast, which come to every socket that is bound right, this one's? @context
 * worker */
void sluice_port_take_many(struct sluice_port *port, bool takes);
/* From now on what comes goes to other sockets that are bound to the same, or to nobody; what is on
 * its way comes still, until a grace period is over (socket_grace.h). Where that cannot be, it is
 * shut. @context worker */
void sluice_port_withdraw(struct sluice_port *port);
/* Does it wait for room in a ring? @context worker */
bool sluice_port_is_starved(const struct sluice_port *port);
/* Stores what is in it. Returns true when it is empty. @context worker */
bool sluice_port_drain(struct sluice_port *port, uint64_t now);
/* Stores all that is in one that is shut or withdrawn; what finds no room is counted as lost.
 * @context worker */
void sluice_port_empty(struct sluice_port *port, uint64_t now);
/* Counts all that is in one that is withdrawn as lost. @context worker */
void sluice_port_discard(struct sluice_port *port);
/* Counts what the socket lost since last time, as far as it is known why; all of it if `is_last`:
 * it will not be asked again. Returns whether it is to be looked at again, also if nothing comes.
 * @context worker */
bool sluice_port_count_drops(struct sluice_port *port, bool is_last);
/* The last that is counted of one that is shut and empty. @context worker */
void sluice_port_settle(struct sluice_port *port);
/* Closes the socket of one that is empty. @context worker */
void sluice_port_close(struct sluice_port *port);
/* Counts what came to one after it was shut, when it is closed, nothing can be on its way to it any
 * more, and what a program had begun to copy was stored (sluice_port_empty()). @context worker */
void sluice_port_settle_late(struct sluice_port *port);
/* Counts `more` datagrams that were lost before anybody could see whose they were,
 * SLUICE_LOST_SOCKET or SLUICE_LOST_BAD_CHECKSUM, and tells of them in the ring: of the input that
 * got most of what came last. @context worker */
void sluice_port_lose(struct sluice_port *port, enum sluice_lost_cause cause, uint32_t more);
/* The same for those of one input whose ring is full. @context worker */
void sluice_port_lose_full(const struct sluice_socket_claim *claim, uint32_t more);

/* What sluice_stream.refill is for streams of this source; stream->source is a struct
 * sluice_port_set (socket_set.c). @context worker */
bool sluice_port_refill(struct sluice_stream *stream, uint64_t now);

struct sluice_intake;
/* The input called `guid` (socket_inputs.c), or NULL; at once if it is the one that was asked for
 * last, or the next one. @context process, as all of these */
struct sluice_socket_input *sluice_socket_input_of(struct sluice_intake *intake,
						   const sluice_guid guid);
/* The same, made with number `index` if it is not there; with counters for so many `workers`. NULL:
 * no memory. @owner the intake */
struct sluice_socket_input *sluice_socket_input_get(struct sluice_intake *intake,
						    const sluice_guid guid, size_t workers,
						    uint16_t index);
/* The input, which is in no list and counts no more, leaves its counters to the one of the list
 * that it was renamed to, if there is one: that has its number in records. @context process */
void sluice_socket_input_leave(struct sluice_socket_input *first,
			       const struct sluice_socket_input *input);
/* It is in no list and no port uses it any more. */
void sluice_socket_input_free(struct sluice_socket_input *input);
/* Sums its counters up over the workers, also those that are gone. Returns the datagrams that
 * belong to no input. */
uint64_t sluice_socket_input_sum(const struct sluice_socket_input *input,
				 struct sluice_counters *counters);
/* Works out next_state, as far as that is known before a socket is opened. */
void sluice_socket_input_look(struct sluice_socket_input *input,
			      const struct sluice_config_input *config);
/* Notes in next_state what it waits for; what was noted first stays. */
void sluice_socket_input_wait(struct sluice_socket_input *input, enum sluice_socket_wait wait,
			      const char *format, ...) __attribute__((format(printf, 3, 4)));
/* next_state is in force: says once what it waits for, and when it waits no more. */
void sluice_socket_input_settle(struct sluice_socket_input *input);
/* Looks: does it stand as it did when its sockets were opened? */
bool sluice_socket_input_is_settled(struct sluice_socket_input *input,
				    const struct sluice_config_input *config);

/* Worker calls (sluice_worker_call()), all @context worker. To a set: begins to be looked after;
 * closes all its ports and forgets the set; closes those that are empty and returns how many are
 * not. */
int sluice_port_set_enter(struct sluice_worker *worker, void *set);
int sluice_port_set_leave(struct sluice_worker *worker, void *set);
int sluice_ports_close(struct sluice_worker *worker, void *set);
/* To a set and fresh ports: those are watched from now on. The plan's ports are in force, and those
 * that only the old plan had are emptied and closed; or the fresh ones are closed again, emptied
 * first if they stood beside one that stays. */
struct sluice_ports_call {
	struct sluice_port_set *set;
	struct sluice_port *fresh;
	/* To cancel: those of all workers, which do nothing meanwhile; 0: of others none is needed
	 */
	const struct sluice_port_set *sets;
	size_t set_count;
};
int sluice_ports_enter(struct sluice_worker *worker, void *call);
/* Before commit: what is for many is taken by those that will; the others still take it, too. */
int sluice_ports_take_many(struct sluice_worker *worker, void *call);
int sluice_ports_commit(struct sluice_worker *worker, void *call);
int sluice_ports_cancel(struct sluice_worker *worker, void *call);

/*
 * From one daemon to the next (socket_pass.c). Is there somebody who keeps sockets? @context
 * process
 */
bool sluice_socket_can_pass(void);
/* Bytes of what a socket is bound to as a word: protocol, address, interface, port, and the cookie
 * of its network namespace. */
#define SLUICE_SOCKET_PLACE 128U
/* A socket that is to be kept. */
struct sluice_passed {
	int fd;
	unsigned int worker;
	uint32_t drops; /* told of so far */
	uint32_t due;	/* datagrams beyond the first of their packet that may be in it */
};
struct sluice_pass_call {
	struct sluice_port_set *set;
	struct sluice_passed
		*list; /* @owner caller: free(), the descriptors: sluice_socket_store() */
	size_t count;
};
/* Worker calls. To a set: reads what is in its sockets; reads them and takes them out of it, into
 * the list; those of `receive: bpf` stay, and sockets beside them are in the list (0, -ENOMEM,
 * -errno: what is not in the list stays). @context worker */
int sluice_ports_catch_up(struct sluice_worker *worker, void *set);
int sluice_ports_pass(struct sluice_worker *worker, void *call);
/* struct sluice_source_class.show */
int sluice_socket_show(struct sluice_intake *intake,
		       void (*each)(void *context, int fd, const char *name), void *context);
/* To a set and a list: the sockets of the list, which nobody wants any more, are read to their end
 * and closed. @context worker */
int sluice_ports_absorb(struct sluice_worker *worker, void *call);
/* To a set: what a dead process had in hand of sockets like its own is stored. @context worker */
int sluice_ports_recover(struct sluice_worker *worker, void *set);
/* Gives them to who keeps them, and closes them here. Returns how many it took. @context process */
size_t sluice_socket_store(struct sluice_passed *list, size_t count);
/* Is one for this UDP port among them? And one that worker `worker` of `workers` is to go on
 * with? */
bool sluice_socket_has_inherited(uint16_t number);
bool sluice_socket_has_inherited_for(uint16_t number, unsigned int worker, unsigned int workers);
/* The one with this key, of this worker, which is not among them any more; NULL: there is none.
 * @owner caller */
struct sluice_port *sluice_socket_inherited(const struct sluice_port_key *key, unsigned int worker);
/* One that is left, which is not among them any more; *worker: whose it was, which may be one more
 * than there are now. NULL: none is left, or no memory. @owner caller */
struct sluice_port *sluice_socket_left_over(unsigned int *worker);

/* Where the rings of a configuration are. Valid as long as that. @context process @threadsafe */
const char *sluice_socket_ring_directory(const struct sluice_config *config);
/* Makes that directory. 0, also if it cannot be made: then rings do not outlive us; -EPERM with a
 * sentence: somebody else can change what is in it. @context process */
int sluice_socket_ring_prepare(const struct sluice_config *config, char **error);
/* struct sluice_source_class.has_left (socket_keep.c): are there rings of sockets that an earlier
 * daemon with this configuration left? @context process */
bool sluice_socket_has_left(const struct sluice_config *config,
			    const struct sluice_identity *identity, bool is_start);
/* The file beside the rings of a configuration in which the last stop is noted (socket_keep.c);
 * NULL: none, or no memory. With `before` it is where a sluiced from before rings had a directory
 * of their own would have put it.
 * @owner caller: free() @context process */
char *sluice_socket_note_path(const struct sluice_config *config, bool before);
/* Makes the stream of `route` in worker `number`, which the ports of `set` fill, or goes on with
 * what its file holds (socket_ring.c). It goes to `fresh`. 0 or a negative errno with a sentence.
 * @context process */
int sluice_socket_make_stream(const struct sluice_source_context *context,
			      struct sluice_port_set *set, const struct sluice_source_plan *plan,
			      const struct sluice_config_route *route, size_t number,
			      struct sluice_stream_table *fresh, char **error);
/* The file of a worker's ring (socket_keep.c); NULL: none, or no memory. @owner caller: free()
 * @context process */
char *sluice_socket_ring_path(const struct sluice_config *config, const sluice_guid route,
			      unsigned int worker);
/* Makes streams of rings that an earlier daemon of the same configuration left and that nobody of
 * now fills. 0 or -ENOMEM.
 * @context process */
int sluice_socket_adopt_rings(const struct sluice_source_context *context,
			      const struct sluice_source_plan *plan,
			      struct sluice_stream_table *fresh);
/* Does the file of a worker's ring, which no stream has, hold something for outputs that are not in
 * `outputs`?
 * @context process */
bool sluice_socket_is_held(const struct sluice_config *config, unsigned int worker,
			   const sluice_guid route, const sluice_guid *outputs, size_t count);

#endif /* SLUICE_SOCKET_H */
