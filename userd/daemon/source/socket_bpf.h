/* SPDX-License-Identifier: MIT */
/*
 * The way `receive: bpf`: a program in the kernel (bpf/receive.bpf.c) copies each datagram that
 * comes to a socket into a ring that this process has mapped, so that taking it costs no system
 * call, and leaves the socket nothing. All sockets of a worker share one ring, one program and one
 * set of maps: a port costs a socket and no more.
 *
 *   softirq:  sockets ── filter ──copy──► ring ──► worker: whose socket, whose datagram?
 *                │          └── no room ──► lost, counted
 *             verdict ──► the emptied packet is dropped
 *
 * The ring is read in the order in which datagrams came, whatever socket they came to. What comes
 * for a stream that has no room is put by, at its socket (socket_bpf_hold.h), so that nobody else
 * waits; those of sockets that a change has just opened are put aside until it is clear which
 * configuration they belong to.
 */
#ifndef SLUICE_SOCKET_BPF_H
#define SLUICE_SOCKET_BPF_H

#include <stdint.h>
#include "socket.h"

/* The largest ring. */
#define SLUICE_SOCKET_BPF_RING_MAX (1UL << 30)

struct sluice_socket_bpf;

/* Bytes of each ring where there are so many workers. @threadsafe */
size_t sluice_socket_bpf_ring_size(const struct sluice_config *config, size_t workers);
/* What libbpf has to say goes to the log from now on. @context process */
void sluice_socket_bpf_log(void);
/*
 * Loads the programs and makes the ring, of at least `size` bytes (1 GiB at most), for the sockets
 * of `set`; the caller sets bpf->beat.read. 0, -ENOMEM, or what the kernel says (-EPERM). @owner
 * caller: sluice_socket_bpf_close() @context process
 */
int sluice_socket_bpf_open(struct sluice_socket_bpf **bpf, struct sluice_port_set *set,
			   size_t size);
/* Frees it; its sockets have been closed, and no worker watches it. NULL is allowed. @context
 * process */
void sluice_socket_bpf_close(struct sluice_socket_bpf *bpf);

/*
 * Before a socket is bound: from its first datagram on, all go to the ring. port->reader is set. 0,
 * -ENOSPC (too many sockets), or another negative errno. @context process
 */
int sluice_socket_bpf_attach(struct sluice_port *port, int fd);
/* When it is bound: emptied packets are dropped from now on. 0 or a negative errno. @context
 * process */
int sluice_socket_bpf_join(struct sluice_port *port, int fd);
/* Its socket has been closed, and nothing of it waits: it gives its seat back. @context
 * worker, or process if never entered */
void sluice_socket_bpf_detach(struct sluice_port *port);

/* What came to it, and will come, is its own from now on: port->use and port->worker are set.
 * @context worker */
void sluice_socket_bpf_own(struct sluice_port *port);
/* Stores what is in it now, and of what waits at a port that is withdrawn or shut what there is
 * room for. @context worker */
void sluice_socket_bpf_empty(struct sluice_port *port, uint64_t now);
/* Gives up all that waits and is in the ring of one socket that is shut. Returns how many
 * datagrams. @context worker */
uint32_t sluice_socket_bpf_discard(struct sluice_port *port);
/* Tells of what the program has refused since last time. @context worker */
void sluice_socket_bpf_look_after(struct sluice_socket_bpf *bpf);
/* Has the program refused something that was not asked for yet? @context worker */
bool sluice_socket_bpf_has_refused(const struct sluice_port *port);
/* Of the packets that the socket has counted as dropped: how many were copied or refused, modulo
 * 2^32. Of the latest it may know before the socket does. */
uint32_t sluice_socket_bpf_dropped(const struct sluice_port *port);
/* Datagrams that were refused since it was last asked; also when the socket is closed. @context
 * worker */
uint32_t sluice_socket_bpf_refused(struct sluice_port *port);
/* Notes what its program took of the processor since it was last noted. @context worker */
void sluice_socket_bpf_note_cost(struct sluice_port *port);
/* Are broadcast and multicast, which come to the socket of every worker, this one's? At first they
 * are not. @context worker */
void sluice_socket_bpf_take_many(struct sluice_port *port, bool takes);
/* From now on all are refused. @context worker */
void sluice_socket_bpf_shut(struct sluice_port *port);

#endif /* SLUICE_SOCKET_BPF_H */
