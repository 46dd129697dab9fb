/* SPDX-License-Identifier: MIT */
/*
 * The way `receive: bpf`: a program in the kernel (bpf/receive.bpf.c) copies each datagram that comes to the socket into a ring
 * that this process has mapped, so that taking it costs no system call, and leaves the socket nothing.
 *
 *   softirq:  socket ── filter ──copy──► ring ──► worker
 *                │         └── no room ──► lost, counted
 *             verdict ──► the husk is dropped
 */
#ifndef SLUICE_SOCKET_BPF_H
#define SLUICE_SOCKET_BPF_H

#include <stdint.h>
#include "socket.h"

struct sluice_socket_bpf;

/*
 * Can this machine do it, and may we? Tries it with a socket of its own, the first time that it is asked. Otherwise why
 * not, for the user. NULL: it can. @context process
 */
const char *sluice_socket_bpf_hindrance(void);

/* What libbpf has to say goes to the log from now on. @context process */
void sluice_socket_bpf_log(void);
/*
 * Loads the programs and makes the ring. 0, -ENOMEM, or what the kernel says (-EPERM).
 * @owner caller: sluice_socket_bpf_close() @context process
 */
int sluice_socket_bpf_open(struct sluice_socket_bpf **bpf);
/* Bytes that its ring holds. */
uint64_t sluice_socket_bpf_room(const struct sluice_socket_bpf *bpf);
/*
 * Before the socket is bound: from its first datagram on, all go to the ring. 0 or a negative errno. @context process
 */
int sluice_socket_bpf_attach(struct sluice_socket_bpf *bpf, int fd);
/* When it is bound: husks are dropped from now on. 0 or a negative errno. @context process */
int sluice_socket_bpf_join(struct sluice_socket_bpf *bpf, int fd);
/* Frees it; the socket has been closed, for it holds the filter. NULL is allowed. @context any */
void sluice_socket_bpf_close(struct sluice_socket_bpf *bpf);

/* What epoll watches. */
int sluice_socket_bpf_descriptor(const struct sluice_socket_bpf *bpf);
/* Like sluice_socket_calls_take(). @context worker */
int sluice_socket_bpf_take(struct sluice_port *port, struct sluice_port_take *take);
/* Throws up to `most` datagrams away. Returns how many. @context worker */
uint32_t sluice_socket_bpf_discard(struct sluice_port *port, uint32_t most);
/* Of the packets that the socket has counted as dropped: how many were copied or refused, modulo 2^32. Of the latest it may know before
 * the socket does. */
uint32_t sluice_socket_bpf_dropped(const struct sluice_socket_bpf *bpf);

/* Datagrams that were refused since it was last asked; also when the socket is closed. @context worker */
uint32_t sluice_socket_bpf_refused(struct sluice_socket_bpf *bpf);
/* Are broadcast and multicast, which come to the socket of every worker, this one's? At first they
 * are not. @context worker */
void sluice_socket_bpf_take_many(struct sluice_socket_bpf *bpf, bool takes);
/* From now on all are refused. @context worker */
void sluice_socket_bpf_shut(struct sluice_socket_bpf *bpf);

#endif /* SLUICE_SOCKET_BPF_H */
