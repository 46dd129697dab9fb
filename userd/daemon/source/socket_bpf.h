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

/* What libbpf has to say goes to the log from now on. @context process */
void sluice_socket_bpf_log(void);
/*
 * Loads the programs and makes the ring, of at least `size` bytes (1 GiB at most), for the sockets
 * of `set`. 0, -ENOMEM, or what the kernel says (-EPERM). @owner caller: sluice_socket_bpf_close()
 * @context process
 */
int sluice_socket_bpf_open(struct sluice_socket_bpf **bpf, struct sluice_port_set *set,
			   size_t size);
/* The same if *bpf is NULL, with a sentence if it cannot be. @context process */
int sluice_socket_bpf_prepare(struct sluice_socket_bpf **bpf, struct sluice_port_set *set,
			      size_t size, char **error);
/* Frees those of a list, by worker, that have no sockets any more; they become NULL. @context
 * process */
void sluice_socket_bpf_release(struct sluice_socket_bpf **list, size_t count);
/* Has it no sockets? @context process, while the worker does nothing to them */
bool sluice_socket_bpf_is_unused(const struct sluice_socket_bpf *bpf);
/* Frees it; its sockets have been closed, and no worker watches it. NULL is allowed. @context
 * process */
void sluice_socket_bpf_close(struct sluice_socket_bpf *bpf);

/*
 * Before a socket is bound: from its first datagram on, all go to the ring. port->bpf is set. 0,
 * -ENOSPC (too many sockets), or another negative errno. @context process
 */
int sluice_socket_bpf_attach(struct sluice_port *port, int fd);
/* When it is bound: emptied packets are dropped from now on. 0 or a negative errno. @context
 * process */
int sluice_socket_bpf_join(struct sluice_port *port, int fd);
/* Its socket has been closed: it gives its seat back. One that has none is allowed. @context
 * worker, or process if never entered */
void sluice_socket_bpf_detach(struct sluice_port *port);

/* The worker begins to watch the ring, once. 0 or a negative errno. @context worker */
int sluice_socket_bpf_enter(struct sluice_socket_bpf *bpf, struct sluice_worker *worker);
/* And no longer. @context worker */
void sluice_socket_bpf_leave(struct sluice_socket_bpf *bpf);
/* What came to it, and will come, is its own from now on: port->use and port->worker are set.
 * @context worker */
void sluice_socket_bpf_own(struct sluice_port *port);
/* What was put aside belongs to sockets that are owned, or to nobody. @context worker */
void sluice_socket_bpf_settle(struct sluice_socket_bpf *bpf);
/* It is left alone no longer than the least of what its ports in the list allow. @context worker */
void sluice_socket_bpf_adapt(struct sluice_socket_bpf *bpf, const struct sluice_port *list);

/* Like sluice_port_drain(), for all its sockets. @context worker */
bool sluice_socket_bpf_drain(struct sluice_socket_bpf *bpf, uint64_t now);
/* Stores what is in it now, and of what waits at a port that is withdrawn or shut what there is
 * room for. @context worker */
void sluice_socket_bpf_empty(struct sluice_port *port, uint64_t now);
/* There is room for something that waits, if anything does: it is stored. @context worker */
void sluice_socket_bpf_refill(struct sluice_socket_bpf *bpf, uint64_t now);
/* There may be room for what waits: that is tried soon. @context worker */
void sluice_socket_bpf_hurry(struct sluice_socket_bpf *bpf, uint64_t now);
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
/* Are broadcast and multicast, which come to the socket of every worker, this one's? At first they
 * are not. @context worker */
void sluice_socket_bpf_take_many(struct sluice_port *port, bool takes);
/* From now on all are refused. @context worker */
void sluice_socket_bpf_shut(struct sluice_port *port);

#endif /* SLUICE_SOCKET_BPF_H */
