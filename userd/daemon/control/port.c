// SPDX-License-Identifier: MIT
/*
 * The port of the control plane; see port.h.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/handed.h"
#include "../../lib/log.h"
#include "../../lib/netlink.h"
#include "port.h"

#define PORTS 16U	  /* instances in one network namespace */
#define HOLDER_SECONDS 5U /* within which another sluiced answers at its port */

/* Is it a sluiced whose word is taken that has a port? 0, or a negative errno, with a line in the
 * log. */
static int ask_holder(uint32_t port)
{
	struct sluice_netlink *netlink;
	int error = sluice_netlink_open_port(&netlink, port);

	if (error)
		return error;
	error = sluice_netlink_limit(netlink, HOLDER_SECONDS);
	if (!error)
		error = sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, NULL, NULL);
	/* One of root's that refuses to answer us is one, too; and who has gone meanwhile is no
	 * matter. */
	if (error == -EPERM || error == -ECONNREFUSED)
		error = 0;
	if (error)
		sluice_error(
			"netlink port %u, which sluicectl asks, is taken, and not by a sluiced: "
			"%s",
			port,
			error == -ETIMEDOUT ? "it does not answer; /proc/net/netlink shows it"
					    : sluice_netlink_error(netlink));
	sluice_netlink_close(netlink);
	return error ? -EADDRINUSE : 0;
}

/* Binds `fd` to the first port that is free. 0 or a negative errno. */
static int bind_to(int fd, uint32_t *port)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int error;

	for (*port = SLUICE_USERSOCK_PORT; *port < SLUICE_USERSOCK_PORT + PORTS; ++*port) {
		address.nl_pid = *port;
		if (!bind(fd, (struct sockaddr *)&address, sizeof(address)))
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
		error = ask_holder(*port);
		if (error)
			return error;
	}
	return -EADDRINUSE;
}

/* The socket of a predecessor. Negative: there is none. */
static int take_handed(uint32_t *port)
{
	int fd = sluice_handed_take(SLUICE_HANDED_NETLINK, "-");
	struct sockaddr_nl address = {0};
	socklen_t length = sizeof(address);

	if (fd < 0)
		return fd;
	if (!getsockname(fd, (struct sockaddr *)&address, &length) && address.nl_pid) {
		*port = address.nl_pid;
		return fd;
	}
	close(fd);
	return -ENOENT;
}

int sluice_control_socket(uint32_t *port)
{
	int fd = take_handed(port), one = 1, error;

	if (fd >= 0)
		return fd;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_USERSOCK);
	if (fd < 0)
		return -errno;
	/* Without it nobody is believed. */
	error = setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) ? -errno
									   : bind_to(fd, port);
	if (!error)
		return fd;
	close(fd);
	return error;
}
