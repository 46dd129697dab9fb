// SPDX-License-Identifier: MIT
/*
 * One UDP socket in its worker, and its end. When it is read is in socket_round.c, what it lost in
 * socket_drops.c. Touches: the socket.
 */
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
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

void sluice_port_take_many(struct sluice_port *port, bool takes)
{
	port->takes_many = takes;
	if (port->bpf)
		sluice_socket_bpf_take_many(port, takes);
	else if (port->count)
		sluice_socket_count_take_many(port->count, takes);
}

/* From now on nothing new gets into it, though the kernel finds it. */
static void shut(struct sluice_port *port)
{
	/* A filter that keeps nothing: the buffer can be emptied to the end although the sender
	 * goes on. */
	struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};
	const struct sock_fprog program = {.len = 1, .filter = &nothing};

	if (port->closing)
		return;
	/* Before, because the socket counts what the filter refuses as well. */
	sluice_port_count_drops(port, false);
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
	/* The kernel looks for the socket in another place, and takes it out of its group
	 * (udp_lib_rehash(), net/ipv4/udp.c). For one that is tied to an interface that takes
	 * CAP_NET_RAW. */
	if (setsockopt(port->fd, SOL_SOCKET, SO_BINDTOIFINDEX, &nowhere, sizeof(nowhere))) {
		shut(port);
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
