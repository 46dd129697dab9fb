// SPDX-License-Identifier: MIT
/*
 * Getting connected: the next address, the socket and what it has set, the pause after an attempt
 * that failed. Below tcp.c, in the connection's worker. Touches: its socket.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include "connection.h"

/* How often a name that is being looked up is asked for. */
#define RESOLVE_NS (50 * SLUICE_NS_PER_MS)
#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44 /* linux/tcp.h of Linux 6.15; older kernels refuse it */
#endif

/*
 * Is socket `fd` connected to itself? Nobody listens at a port of this host, and connecting took
 * that very port: TCP calls it a simultaneous open (RFC 9293, 3.5).
 */
static bool has_met_itself(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} near = {0}, far = {0};
	socklen_t near_length = sizeof(near), far_length = sizeof(far);

	if (getsockname(fd, &near.any, &near_length) || getpeername(fd, &far.any, &far_length) ||
	    near.any.sa_family != far.any.sa_family)
		return false;
	if (near.any.sa_family == AF_INET6)
		return near.ipv6.sin6_port == far.ipv6.sin6_port &&
		       IN6_ARE_ADDR_EQUAL(&near.ipv6.sin6_addr, &far.ipv6.sin6_addr);
	return near.ipv4.sin_port == far.ipv4.sin_port &&
	       near.ipv4.sin_addr.s_addr == far.ipv4.sin_addr.s_addr;
}

void sluice_connection_set_options(int fd, const struct sluice_tcp_timing *timing)
{
	uint64_t dead = timing->dead_after_ns;
	/* An idle peer that is gone is found by keepalive in dead_after, in seconds. */
	const int on = 1, idle = dead > 2 * SLUICE_NS_PER_S ? (int)(dead / 2 / SLUICE_NS_PER_S) : 1;
	const int interval = dead > 6 * SLUICE_NS_PER_S ? (int)(dead / 6 / SLUICE_NS_PER_S) : 1;
	const int probes = (int)(dead / SLUICE_NS_PER_S) > idle + interval
				   ? ((int)(dead / SLUICE_NS_PER_S) - idle) / interval
				   : 1;
	/* The pause between two attempts to reach a peer that does not answer or whose window is
	 * shut would grow to 120 s. */
	const unsigned int most = dead / 4 < SLUICE_NS_PER_S ? 1000
				  : dead / 4 > 120 * SLUICE_NS_PER_S
					  ? 120000
					  : (unsigned int)(dead / 4 / SLUICE_NS_PER_MS);

	/* No TCP_USER_TIMEOUT: it would end connections whose peer is there and keeps its window
	 * shut (tcp(7)). */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, &most, sizeof(most));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

/*
 * Gives the socket the source address that its output has, if it has one; the port is chosen when
 * it connects, so that many connections can have the same one. 0; -EAFNOSUPPORT: `family` is the
 * other one; -EADDRNOTAVAIL: this host does not have it, now; another negative errno.
 */
static int take_source(int fd, const struct sluice_config_prefix *from, int family)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	const int on = 1;
	int result;

	if (from->family == AF_UNSPEC)
		return 0;
	if (from->family != family)
		return -EAFNOSUPPORT;
	memcpy(&ipv4.sin_addr, from->address, sizeof(ipv4.sin_addr));
	memcpy(&ipv6.sin6_addr, from->address, sizeof(ipv6.sin6_addr));
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	result = family == AF_INET ? bind(fd, (struct sockaddr *)&ipv4, sizeof(ipv4))
				   : bind(fd, (struct sockaddr *)&ipv6, sizeof(ipv6));
	return result ? -errno : 0;
}

bool sluice_connection_take_source(struct sluice_connection *connection, int family, uint64_t now)
{
	int error = take_source(connection->fd, &connection->group->from, family);

	if (error)
		sluice_connection_lose(connection, "cannot come from the output's `from`", -error,
				       now);
	return !error;
}

bool sluice_connection_find_address(struct sluice_connection *connection,
				    struct sockaddr_storage *address, socklen_t *length,
				    uint64_t now)
{
	struct sluice_group *group = connection->group;
	unsigned int count;
	int error;

	error = sluice_target_address(connection->target, connection->attempt.address, address,
				      length, &count);
	if (error == -EAGAIN) {
		/* A resolver that does not answer is as bad as one that knows nothing: a standby
		 * may step in. */
		if (!connection->attempt.deadline)
			connection->attempt.deadline = now + group->timing.connect_timeout_ns;
		else if (now >= connection->attempt.deadline && !connection->attempt.complained)
			connection->attempt.complained = group->changed = group->has_work = true;
		sluice_worker_set_timer(group->worker, &connection->timer, now + RESOLVE_NS);
		return false;
	}
	if (error) {
		sluice_connection_lose(connection,
				       error == -ENODEV ? "its interface is not there"
							: "its name has no address",
				       0, now);
		return false;
	}
	connection->attempt.interface = sluice_target_interface(connection->target);
	return true;
}

void sluice_connection_connect(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_group *group = connection->group;
	struct sockaddr_storage address;
	socklen_t length;
	int error;

	if (!sluice_connection_find_address(connection, &address, &length, now))
		return;
	connection->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0) {
		sluice_connection_lose(connection, "no socket for it", errno, now);
		return;
	}
	sluice_connection_set_options(connection->fd, &group->timing);
	if (!sluice_connection_take_source(connection, address.ss_family, now))
		return;
	error = sluice_worker_watch(group->worker, connection->fd, SLUICE_TCP_WATCHED,
				    &connection->handler);
	if (error) {
		sluice_connection_lose(connection, "its socket cannot be watched", -error, now);
		return;
	}
	sluice_connection_set_state(connection, SLUICE_TCP_CONNECTING);
	connection->attempt.deadline = now + group->timing.connect_timeout_ns;
	sluice_worker_set_timer(group->worker, &connection->timer, connection->attempt.deadline);
	/* A connection made at once (loopback) is reported by EPOLLOUT as well. */
	if (connect(connection->fd, (struct sockaddr *)&address, length) && errno != EINPROGRESS)
		sluice_connection_lose(connection, "cannot connect", errno, now);
}

void sluice_connection_reach(struct sluice_connection *connection, uint64_t now)
{
	if (has_met_itself(connection->fd)) {
		/* With a reset the port is free again for whom it belongs to. */
		sluice_connection_reset_at_close(connection->fd);
		sluice_connection_lose(connection,
				       "nobody listens there: the connection came back to itself",
				       0, now);
		return;
	}
	sluice_connection_set_state(connection, SLUICE_TCP_GREETING);
	sluice_trial_reach(&connection->trial, now);
	connection->signs.heard = now;
	connection->signs.wrote = now;
	if (connection->group->credentials)
		sluice_handshake_begin(connection, now);
	else
		connection->protocol->begin(connection, now);
}
