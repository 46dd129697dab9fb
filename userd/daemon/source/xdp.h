/* SPDX-License-Identifier: MIT */
/*
 * The insides of the AF_XDP source (`source: xdp`), shared by its files:
 *
 *   xdp.c         the intake: what a configuration wants, and what of it is there
 *   xdp_stream.c  the streams that it fills
 *   xdp_port.c    an interface: its program, who has it, the sockets of its queues
 *   xdp_attach.c  how the program gets to its place, and away from it
 *   xdp_trial.c   whether native mode works
 *   xdp_rules.c   which datagram the program takes
 *   xdp_queue.c   a queue's socket
 *   xdp_read.c    the threads
 *
 * An interface has as many *lanes* as queues, or as workers if those are fewer. Each is a handle of
 * pcap.h with a thread of its own, which reads every so many-th queue and is the one producer of a
 * ring for each route; the records, their counters and the table of who takes what are pcap's. The
 * first lane is the leader: it attaches the program and looks after the interface.
 */
#ifndef SLUICE_SOURCE_XDP_H
#define SLUICE_SOURCE_XDP_H

#include <linux/if_xdp.h>
#include <pthread.h>
#include <xdp/xsk.h>
#include "bpf/xdp.h"
#include "pcap.h"
#include "socket_lone.h"

/* The number of the first lane: none of another source's, see SLUICE_PCAP_FIRST. */
#define SLUICE_XDP_FIRST (SLUICE_PCAP_FIRST + (1U << 20))
/* Lanes that an interface can have; each has a number among so many of its own. */
#define SLUICE_XDP_LANES 64U

/* Which datagrams are taken, as the program reads it. */
struct sluice_xdp_rules {
	union sluice_xdp_port ports[65536]; /* `first` counts from 0 */
	struct sluice_xdp_claim claims[SLUICE_XDP_CLAIMS / 2];
	uint32_t claim_count;
};

/* A queue's socket. One thread's. */
struct sluice_xdp_queue {
	struct sluice_xdp_queue *next;
	uint32_t number;
	int fd;
	uint32_t chunk; /* bytes of a frame's place */
	bool is_zerocopy;
	void *area;
	size_t area_size;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completion, received;
	struct xdp_statistics told; /* as last read */
};

struct sluice_xdp_programs; /* the skeleton */
struct xdp_program;

/* How a program is at its interface. */
struct sluice_xdp_attached {
	struct sluice_xdp_programs *programs;
	int link;			/* -1: by the dispatcher */
	struct xdp_program *dispatched; /* NULL: by the link */
	bool is_native;
};

/* What was seen of the link when the program was attached. */
struct sluice_xdp_trial {
	uint64_t began;	  /* CLOCK_MONOTONIC */
	uint32_t packets; /* that came in */
	uint32_t drops;	  /* by the card, for want of room */
	uint64_t starved; /* as the interface's */
	bool has_carrier, is_known;
};

/* An interface. */
struct sluice_xdp_interface {
	struct sluice_xdp_interface *next;
	char name[IF_NAMESIZE];
	uint32_t number; /* of its first lane */
	bool is_wanted;
	struct sluice_pcap_handle *lanes[SLUICE_XDP_LANES];
	uint32_t lane_count;
	struct sluice_xdp_rules *next_rules; /* of the change under way */
	/* With the lock, and `changed` is told of it: */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_open;	     /* there is a program at the interface */
	uint32_t generation; /* grows whenever that changes; read relaxed */
	uint32_t lanes_in;   /* those that have sockets */
	uint32_t queue_count;
	uint32_t chunk;
	struct sluice_xdp_attached attached;
	struct sluice_xdp_rules *rules;
	uint32_t half;		     /* of the claims that is in force */
	uint64_t *port_words, *left; /* mapped */
	/* The leader's */
	int claim; /* a socket whose name says that this process has the interface; -1 */
	uint32_t index;
	bool is_generic_forced; /* native mode has failed here; `failure` says how */
	char failure[SLUICE_PCAP_TEXT];
	struct sluice_xdp_trial trial;
	uint64_t *left_told; /* by port */
	uint64_t left_seen[SLUICE_XDP_LEFT_COUNT];
	char note[SLUICE_PCAP_TEXT];
	/* Relaxed, for the user */
	uint64_t left_why[SLUICE_XDP_LEFT_COUNT];
	uint64_t starved; /* frames for which the fill ring had no place */
	uint64_t received;
	uint32_t sockets, zerocopy;
};

/* A lane. The thread's own. */
struct sluice_xdp_lane {
	struct sluice_xdp_interface *interface;
	struct sluice_pcap_handle *handle;
	uint32_t number;
	uint32_t generation;
	bool is_in;
	int poll; /* epoll: its sockets */
	struct sluice_socket_lone lone;
	struct sluice_xdp_queue *queues;
};

/* xdp_stream.c. The stream of a route for the lane `number`: there, or made, and in `fresh` then.
 * NULL with a sentence. @context process */
struct sluice_stream *sluice_xdp_stream(const struct sluice_source_context *context,
					const struct sluice_source_plan *plan,
					const struct sluice_config_route *route, uint32_t number,
					struct sluice_stream_table *fresh, char **error);

/* xdp_rules.c. Makes what the program reads of `table`. 0; -ENOMEM; -E2BIG: too many addresses;
 * -EMFILE: too many inputs share a port. @owner caller: free() */
int sluice_xdp_rules_make(struct sluice_xdp_rules **rules, const struct sluice_pcap_table *table);
/* Puts the rules of an interface that is open in force. 0 or a negative errno. @context with the
 * lock */
int sluice_xdp_rules_write(struct sluice_xdp_interface *interface);

/* xdp_attach.c. Loads the program and attaches it: alone by a link, beside others by their
 * dispatcher. 0; else a negative errno, and `text` says what is waited for. @context leader, as
 * all that follow */
int sluice_xdp_attach(struct sluice_xdp_interface *interface, struct sluice_xdp_attached *attached,
		      char text[SLUICE_PCAP_TEXT]);
/* Takes it away; the program and its maps stay. */
void sluice_xdp_detach(uint32_t index, struct sluice_xdp_attached *attached);
void sluice_xdp_attached_free(struct sluice_xdp_attached *attached);

/* xdp_trial.c. Looks at the link before the program is attached. Has what it counts since shown
 * that native mode does not work there? `text` says why then. @context leader */
void sluice_xdp_trial_begin(struct sluice_xdp_interface *interface);
bool sluice_xdp_trial_fails(struct sluice_xdp_interface *interface, char text[SLUICE_PCAP_TEXT]);

/* xdp_queue.c. 0 or a negative errno. @owner caller: sluice_xdp_queue_close() @context lane */
int sluice_xdp_queue_open(struct sluice_xdp_queue **queue, const char *interface, uint32_t number,
			  uint32_t chunk, bool is_native);
void sluice_xdp_queue_close(struct sluice_xdp_queue *queue);
/* What it lost since it was asked last, each once; of these *starved for want of a place. */
uint64_t sluice_xdp_queue_losses(struct sluice_xdp_queue *queue, uint64_t *starved);

/* xdp_port.c. */
/* How many queues the interface receives by; 1 if that is not known. @threadsafe */
uint32_t sluice_xdp_queues_of(const char *interface);
/* NULL: no memory. @owner caller: sluice_xdp_interface_free() @context process */
struct sluice_xdp_interface *sluice_xdp_interface_new(const struct sluice_config_input *config,
						      void (*read)(struct sluice_pcap_handle *),
						      uint32_t lanes, uint32_t number);
/* Detaches, ends the threads. @context process */
void sluice_xdp_interface_stop(struct sluice_xdp_interface *interface);
void sluice_xdp_interface_free(struct sluice_xdp_interface *interface);
/* 0, or a negative errno and `text` says what is waited for. @context leader */
int sluice_xdp_interface_open(struct sluice_xdp_interface *interface, char text[SLUICE_PCAP_TEXT]);
/* Detaches; sockets stay until their lanes see it. @context leader */
void sluice_xdp_interface_shut(struct sluice_xdp_interface *interface);
/* Waits for that, and frees program and maps. @context leader */
void sluice_xdp_interface_settle(struct sluice_xdp_interface *interface);

/* xdp_read.c: a thread (struct sluice_pcap_handle.read). */
void sluice_xdp_read(struct sluice_pcap_handle *handle);

#endif /* SLUICE_SOURCE_XDP_H */
