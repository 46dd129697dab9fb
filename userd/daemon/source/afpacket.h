/* SPDX-License-Identifier: MIT */
/*
 * The insides of the packet socket source (`source: afpacket`), shared by its files:
 *
 *   afpacket.c         the intake: what a configuration wants, and what of it is there
 *   afpacket_handle.c  a handle: one interface; its sockets come and go with it
 *   afpacket_open.c    a packet socket with its mapped ring, and its filter
 *   afpacket_lane.c    a worker empties its ring; losses
 *   afpacket_take.c    a packet becomes records
 *   afpacket_steal.c   what of it the stack does not get; the rules for that: afpacket_drop.c
 *
 *              +-- lane 0: socket + TPACKET_V3 ring --> worker 0, its streams
 *   interface -+-- lane 1                           --> worker 1          one PACKET_FANOUT group
 *              +-- ...
 *
 * A handle is one for all inputs of an interface. It has a socket in each of the first workers, all
 * with the same filter; the worker itself makes records of what is in the socket's ring. Which
 * datagram is whose is looked up as for captures (pcap_table.c), in a table of the lane's own.
 */
#ifndef SLUICE_SOURCE_AFPACKET_H
#define SLUICE_SOURCE_AFPACKET_H

#include <linux/filter.h>
#include <linux/if_packet.h>
#include "../../lib/fragments.h"
#include "afpacket_drop.h"
#include "pcap.h"

/* The kernel fills blocks of this size, and hands one over when it is full or SLUICE_AFPACKET_MS
 * old. A packet lies within one: below 64 KiB the kernel would cut joined datagrams. */
#define SLUICE_AFPACKET_BLOCK (256U << 10)
#define SLUICE_AFPACKET_BLOCKS 64U
#define SLUICE_AFPACKET_MS 4U

/* A packet socket with its ring. */
struct sluice_afpacket_socket {
	int fd;
	uint8_t *map;
	uint32_t next;	     /* the block that is looked at next */
	uint32_t link;	     /* LINKTYPE_*, for sluice_dissect() */
	uint32_t interface;  /* index */
	uint32_t is_joining; /* a header in front of each packet says whether it is several */
};

/* What a worker has of a handle; but for `counters` of nobody else. */
struct sluice_afpacket_lane {
	struct sluice_handler handler; /* of the socket */
	struct sluice_timer timer;
	struct sluice_worker *worker;
	struct sluice_afpacket_socket *socket; /* NULL: there is none, and the worker knows nothing
						  of the lane */
	struct sluice_pcap_table *table;
	struct sluice_pcap_table *next_table; /* that of the change under way; control thread */
	struct sluice_fragments *fragments;
	bool is_told; /* that the kernel does not give us joined datagrams */
	/* Read by anybody, relaxed */
	uint64_t packets __attribute__((aligned(64)));
	uint64_t others;     /* of them, none of an input's */
	uint64_t cut;	     /* snapped, of no input that is known */
	uint64_t joined;     /* packets that were several datagrams */
	uint64_t incomplete; /* put together never */
};

/* An input, as long as the intake. */
struct sluice_afpacket_input {
	struct sluice_afpacket_input *next;
	sluice_guid guid;
	uint16_t index;					     /* in records */
	struct sluice_afpacket_handle *handle;		     /* NULL: it has none now */
	struct sluice_afpacket_handle *next_handle;	     /* of the change under way */
	struct sluice_afpacket_drop_list drops, next_drops;  /* what it steals; likewise */
	struct sluice_pcap_input *lanes[SLUICE_WORKERS_MAX]; /* its counters in each worker */
};

/* Control thread. */
struct sluice_afpacket_handle {
	struct sluice_afpacket_handle *next;
	char interface[IF_NAMESIZE];
	unsigned int index;	     /* of the interface that is open; 0: none is */
	uint16_t group;		     /* of PACKET_FANOUT */
	bool has_group;		     /* lanes are in it */
	size_t lanes_open;	     /* the first ones have a socket */
	size_t lanes_wanted;	     /* 0: the configuration wants it no more */
	size_t next_lanes;	     /* that, of the change under way */
	char text[SLUICE_PCAP_TEXT]; /* for what it waits; empty: for nothing */
	struct sluice_afpacket_lane *lanes[SLUICE_WORKERS_MAX];
};

/* afpacket_open.c. Opens a socket that takes nothing yet. NULL: *error is a negative errno. @owner
 * caller: sluice_afpacket_close() @context process, as those that follow */
struct sluice_afpacket_socket *sluice_afpacket_open(unsigned int index, bool is_ethernet,
						    int *error);
void sluice_afpacket_close(struct sluice_afpacket_socket *socket);
/* Joins the group *group, which is made if there is none. 0 or a negative errno. */
int sluice_afpacket_join(const struct sluice_afpacket_socket *socket, uint16_t *group, bool is_new);
/* Has it take what may be an input's. 0 or a negative errno. */
int sluice_afpacket_filter(const struct sluice_afpacket_socket *socket,
			   const struct sluice_pcap_table *table);
/* Has it take nothing more; what it has taken stays in its ring. */
void sluice_afpacket_still(const struct sluice_afpacket_socket *socket);
/* Packets that the kernel had no room for since the last call. @threadsafe */
uint64_t sluice_afpacket_drops(const struct sluice_afpacket_socket *socket);

/* afpacket_lane.c: worker calls; `argument` is a lane that has a socket. */
int sluice_afpacket_lane_enter(struct sluice_worker *worker, void *argument);
/* Empties and forgets its socket, which the caller closes. */
int sluice_afpacket_lane_leave(struct sluice_worker *worker, void *argument);
/* Takes lane->next_table; the one before is in lane->next_table then. */
int sluice_afpacket_lane_turn(struct sluice_worker *worker, void *argument);

/* struct sluice_stream.refill: losses are told for which there was no room. @context worker */
bool sluice_afpacket_refill(struct sluice_stream *stream, uint64_t now);

/* afpacket_take.c. Makes records of what is in the packet. @context worker */
void sluice_afpacket_take(struct sluice_afpacket_lane *lane, const struct tpacket3_hdr *packet);

/* afpacket_handle.c: makes the sockets be what the interface and the plan allow now. True: it waits
 * for something. @context process, as all that follow */
bool sluice_afpacket_handle_refresh(struct sluice_afpacket_handle *handle,
				    const struct sluice_source_context *context);
/* Puts what the change wants in force. */
void sluice_afpacket_handle_turn(struct sluice_afpacket_handle *handle,
				 const struct sluice_source_context *context);
/* Closes the sockets of the lanes from `first` on. */
void sluice_afpacket_handle_close(struct sluice_afpacket_handle *handle,
				  const struct sluice_source_context *context, size_t first);
/* NULL: no memory. @owner caller: sluice_afpacket_handle_free(), its sockets closed */
struct sluice_afpacket_handle *sluice_afpacket_handle_new(const char *interface);
void sluice_afpacket_handle_free(struct sluice_afpacket_handle *handle);
/* The lane in worker `number`: there, or made. NULL: no memory. */
struct sluice_afpacket_lane *sluice_afpacket_handle_lane(struct sluice_afpacket_handle *handle,
							 size_t number);

/* afpacket_steal.c. Has the firewall drop what inputs steal and sockets take now; `is_changing`:
 * only what they still take after the change under way. A fault is told once. True: there is one,
 * and it is worth another try. @context process */
bool sluice_afpacket_steal(struct sluice_afpacket_drop_table *table,
			   const struct sluice_afpacket_input *inputs, bool is_changing);

#endif /* SLUICE_SOURCE_AFPACKET_H */
