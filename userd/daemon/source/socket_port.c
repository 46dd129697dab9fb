// SPDX-License-Identifier: MIT
/*
 * One UDP socket in its worker: what it lost, and its end. When it is read is in socket_round.c. Touches: the socket, the ring's
 * counts of losses.
 */
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "socket.h"
#include "socket_bpf.h"
#include "socket_claim.h"
#include "socket_count.h"
#include "socket_round.h"

void sluice_port_lose(struct sluice_port *port, uint32_t more)
{
	const struct sluice_socket_claim *claim = &port->use->claims[port->use->busiest];

	sluice_count(&claim->input->counters[port->worker->number].lost, (uint64_t)more);
	sluice_ring_lose(&claim->stream->ring, claim->input->index, SLUICE_LOST_SOCKET, more, 0);
}

void sluice_port_lose_full(struct sluice_port *port, const struct sluice_socket_claim *claim,
			   uint32_t more)
{
	sluice_count(&claim->input->counters[port->worker->number].lost_full, (uint64_t)more);
	sluice_ring_lose(&claim->stream->ring, claim->input->index, SLUICE_LOST_RING_FULL, more, 0);
}

/* What the socket counts as dropped since last time, and its program, if it has one, does not know of. */
static uint32_t dropped_by_socket(struct sluice_port *port)
{
	uint32_t figures[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(figures);
	uint32_t more;

	if (getsockopt(port->fd, SOL_SOCKET, SO_MEMINFO, figures, &length) ||
	    length < (SK_MEMINFO_DROPS + 1) * sizeof(figures[0]))
		return 0;
	/* Wraps at 32 bits. */
	more = figures[SK_MEMINFO_DROPS] - port->drops;
	more -= port->bpf ? sluice_socket_bpf_dropped(port)
			  : (uint32_t)sluice_socket_count_refused_packets(port->count);
	/* What the program has copied it may count before the socket does. */
	if ((int32_t)more <= 0)
		return 0;
	port->drops += more;
	return more;
}

void sluice_port_count_drops(struct sluice_port *port)
{
	uint32_t more = dropped_by_socket(port);

	if (port->bpf)
		more += sluice_socket_bpf_refused(port);
	if (!more)
		return;
	sluice_port_lose(port, more);
	/* It overflowed while we rested, unless that was for want of room. */
	if (port->round && !port->starved)
		port->round->beat.wait_ns /= 2;
}

void sluice_port_settle(struct sluice_port *port)
{
	uint32_t more = sluice_socket_count_rest(port->count);

	/* Without a program what was refused since it was shut is among the drops, and cannot be told from the rest. */
	if (port->bpf || port->count)
		more += dropped_by_socket(port);
	if (more)
		sluice_port_lose(port, more);
}

void sluice_port_take_many(struct sluice_port *port, bool takes)
{
	port->takes_many = takes;
	if (port->bpf)
		sluice_socket_bpf_take_many(port, takes);
	else if (port->count)
		sluice_socket_count_take_many(port->count, takes);
}

void sluice_port_shut(struct sluice_port *port)
{
	/* A filter that keeps nothing: the buffer can be emptied to the end although the sender goes on. */
	struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};
	const struct sock_fprog program = {.len = 1, .filter = &nothing};

	if (port->closing)
		return;
	/* Before, because the socket counts what the filter refuses as well. */
	sluice_port_count_drops(port);
	if (port->bpf)
		sluice_socket_bpf_shut(port);
	else if (port->count)
		sluice_socket_count_shut(port->count);
	else if (setsockopt(port->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		sluice_warning("port %u: the socket cannot be shut before it is emptied: %s",
			       port->key.port, strerror(errno));
	port->closing = true;
}

void sluice_port_withdraw(struct sluice_port *port)
{
	/* Of no interface: they are numbered from 1 on, one by one. */
	const int nowhere = INT_MAX;

	if (port->closing)
		return;
	/* The kernel looks for the socket in another place, and takes it out of its group (udp_lib_rehash(), net/ipv4/udp.c). For one
	 * that is tied to an interface that takes CAP_NET_RAW. */
	if (setsockopt(port->fd, SOL_SOCKET, SO_BINDTOIFINDEX, &nowhere, sizeof(nowhere))) {
		sluice_port_shut(port);
		return;
	}
	port->withdrawn = true;
	port->closing = true;
}

/* Its worker watches it no more. */
static void forget(struct sluice_port *port)
{
	struct sluice_socket_round *round = port->round;

	if (!round)
		return;
	/* Not by closing it: somebody else may have it open, too. */
	(void)epoll_ctl(round->beat.fd, EPOLL_CTL_DEL, port->fd, NULL);
	sluice_port_take_out(port);
	if (port->touched)
		TAILQ_REMOVE(&round->touched, port, look);
	port->touched = false;
	port->round = NULL;
}

void sluice_port_close(struct sluice_port *port)
{
	forget(port);
	if (port->fd >= 0)
		close(port->fd);
	port->fd = -1;
}

void sluice_port_free(struct sluice_port *port)
{
	if (!port)
		return;
	/* Before the programs: they go with the socket, not it with them. */
	sluice_port_close(port);
	sluice_socket_bpf_detach(port);
	sluice_socket_count_close(port->count);
	if (!port->borrows)
		free(port->use);
	free(port->next_use);
	free(port);
}
