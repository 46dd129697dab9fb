/* SPDX-License-Identifier: MIT */
/*
 * What the files of `receive: bpf` share: socket_bpf.c (programs, maps, sockets), socket_bpf_seat.c
 * (what is counted), socket_bpf_read.c (what comes out of the ring), socket_bpf_way.c (all of it).
 */
#ifndef SLUICE_SOCKET_BPF_INNER_H
#define SLUICE_SOCKET_BPF_INNER_H

#include "bpf/entry.h"
#include "bpf/seat.h"
#include "socket_batch.h"
#include "socket_beat.h"
#include "socket_bpf.h"
#include "socket_bpf_hold.h"

struct sluice_receive_programs;

/*
 * A ring of the kernel's (BPF_MAP_TYPE_RINGBUF) as it is mapped: positions are of bytes and never
 * wrap; the data is mapped twice in a row.
 */
struct sluice_socket_bpf_ring {
	unsigned long *consumer;
	const unsigned long *producer;
	const uint8_t *data;
	size_t size;
	unsigned long read; /* how far; the kernel is told at the end of a turn */
};

/* A socket's place. */
struct sluice_socket_seat {
	uint64_t ticket; /* who has it; 0: nobody. The upper half is never the same again */
	struct sluice_port *port; /* NULL: it is not clear yet where its datagrams go */
	uint32_t generation;
};

/* What came to sockets that nobody owned yet: entries of the ring, each behind its length. */
struct sluice_socket_aside {
	uint8_t *bytes;
	size_t used, room;
	size_t taken;	/* is stored */
	size_t settled; /* belongs to whoever has the seat now */
};

TAILQ_HEAD(sluice_socket_bpf_queue, sluice_port);

struct sluice_socket_bpf {
	struct sluice_socket_beat beat; /* first: it is a reader (socket_way.h) */
	struct sluice_port_set *set;
	struct sluice_receive_programs *object;
	struct sluice_socket_bpf_ring ring;
	struct sluice_socket_seat_page *pages; /* by seat, shared with the program */
	struct sluice_socket_seat *seats;
	uint32_t seat_count, next_seat, users;
	struct sluice_socket_aside aside;
	struct sluice_socket_bpf_queue waiting; /* ports at which something waits for room */
	size_t holds, held;			/* of those: how many, and their bytes */
	uint32_t full_sockets;			/* that take nothing because too much waits */
	bool has_news;				/* there may be room for what waits */
	/* Of the turn that is under way. */
	struct sluice_socket_batch batch;
	uint64_t ahead_ns; /* CLOCK_REALTIME before CLOCK_MONOTONIC */
	/* Of its whole life: what of refused_in_all was looked after. */
	uint64_t seen;
};

/* The reader of a port of this way. */
static inline struct sluice_socket_bpf *sluice_socket_bpf_of(const struct sluice_port *port)
{
	return (struct sluice_socket_bpf *)port->reader;
}

/* The page of a port that has a seat. */
static inline struct sluice_socket_seat_page *
sluice_socket_seat_page_of(const struct sluice_port *port)
{
	return &sluice_socket_bpf_of(port)->pages[(uint32_t)port->ticket];
}

/* struct sluice_socket_beat.read */
int sluice_socket_bpf_read(struct sluice_socket_beat *beat, struct sluice_port_take *take);
/* Nothing waits at a port any more: what did is given up. */
void sluice_socket_bpf_forget(struct sluice_port *port);
/* What all sockets have refused. */
uint64_t sluice_socket_bpf_refused_in_all(const struct sluice_socket_bpf *bpf);

#endif /* SLUICE_SOCKET_BPF_INNER_H */
