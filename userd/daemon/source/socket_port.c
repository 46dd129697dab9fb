// SPDX-License-Identifier: MIT
/*
 * One UDP socket in its worker, and its end, in whatever way it is read (socket_way.h). What it
 * lost is in socket_drops.c. Touches: the socket.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "socket.h"
#include "socket_way.h"

void sluice_port_take_many(struct sluice_port *port, bool takes)
{
	port->takes_many = takes;
	port->key.way->take_many(port, takes);
}

bool sluice_port_is_starved(const struct sluice_port *port)
{
	return port->key.way->is_starved(port);
}

bool sluice_port_drain(struct sluice_port *port, uint64_t now)
{
	return port->key.way->drain(port, now);
}

void sluice_port_empty(struct sluice_port *port, uint64_t now)
{
	uint32_t left = port->key.way->empty(port, now);

	if (!left)
		return;
	sluice_port_lose(port, SLUICE_LOST_SOCKET, left);
	sluice_warning_about(
		SLUICE_ABOUT(.port = SLUICE_NUMBER(port->key.port),
			     .datagrams = SLUICE_NUMBER(left)),
		"port %u: closed with %u datagrams in its buffer, because the ring is full",
		port->key.port, left);
}

void sluice_port_discard(struct sluice_port *port)
{
	uint32_t left = port->key.way->discard(port);

	if (!left)
		return;
	sluice_port_lose(port, SLUICE_LOST_SOCKET, left);
	sluice_warning_about(
		SLUICE_ABOUT(.port = SLUICE_NUMBER(port->key.port),
			     .datagrams = SLUICE_NUMBER(left)),
		"port %u: %u datagrams came to a socket of a change that failed, and cannot "
		"be told apart; they are lost",
		port->key.port, left);
}

/* From now on nothing new gets into it, though the kernel finds it. */
static void shut(struct sluice_port *port)
{
	int error;

	if (port->closing)
		return;
	/* Before, because the socket counts what is refused as well. */
	sluice_port_count_drops(port, false);
	error = port->key.way->shut(port);
	if (error)
		sluice_warning_about(SLUICE_ABOUT(.port = SLUICE_NUMBER(port->key.port),
						  .error = strerrorname_np(-error)),
				     "port %u: the socket cannot be shut before it is emptied: %s",
				     port->key.port, strerror(-error));
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

void sluice_port_close(struct sluice_port *port)
{
	if (port->key.way->forget)
		port->key.way->forget(port);
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
	port->key.way->detach(port);
	if (!port->borrows)
		free(port->use);
	free(port->next_use);
	free(port);
}
