// SPDX-License-Identifier: MIT
/*
 * Outputs of `kind: udp` (link/kind.h): the socket of a connection, what it says, and the table of
 * what this kind does. See udp.h. Above datagrams.c and errors.c, in the connection's worker.
 * Touches: sockets.
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "../../lib/barrier.h"
#include "udp.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* linux/udp.h of Linux 4.18 */
#endif
#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75 /* linux/in6.h */
#endif

/* So often one looks whether another worker's got there meanwhile. */
#define GATE_NS (100 * SLUICE_NS_PER_MS)

/* struct sluice_kind.protocol_of: datagrams have one form. @threadsafe */
static const struct sluice_protocol *protocol_of(enum sluice_framing framing)
{
	(void)framing;
	return &sluice_protocol_datagrams;
}

/* Sets what a socket of this kind has set; none of it is worth failing for. */
static void set_options(int fd, int family)
{
	/* What collectors say nobody reads: it would take the room of what ICMP says. */
	struct sock_filter deaf[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	const struct sock_fprog filter = {.len = 1, .filter = deaf};
	const int on = 1, fragments = IP_PMTUDISC_DONT;

	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
	/* What comes back by ICMP is told one by one, and a full queue of the interface as ENOBUFS
	 * instead of dropping (udp_send_skb). */
	if (family == AF_INET) {
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
		/* A datagram that is longer than the way takes goes in fragments at once: to find
		 * out how long that is would cost those that are too long. */
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &fragments, sizeof(fragments));
	} else {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	}
}

/* May the socket send from addresses that this host does not have? */
static bool is_transparent(int fd, int family)
{
	const int on = 1;

	return family == AF_INET ? !setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on))
				 : !setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &on, sizeof(on));
}

/* What the path to the collector takes, as far as it is known now: bytes of a packet, or 0. */
static int path_of(int fd, int family)
{
	socklen_t length = sizeof(int);
	int mtu = 0;

	if (getsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		       family == AF_INET ? IP_MTU : IPV6_MTU, &mtu, &length) ||
	    mtu < 0)
		return 0;
	return mtu;
}

/* Finds out what the way takes: datagrams that fit a packet can be cut out of one message. */
static void find_way(struct sluice_connection *connection)
{
	struct sluice_udp *udp = connection->own;
	int path = path_of(connection->fd, udp->way.family);
	int heads = (udp->way.family == AF_INET ? 20 : 40) + 8;

	udp->way.segment_most = path > heads ? (size_t)(path - heads) : 0;
	sluice_store_relaxed(&connection->counters.pmtu, (uint64_t)path);
}

/* struct sluice_kind.connect. @context worker */
static void begin(struct sluice_connection *connection, uint64_t now)
{
	struct sluice_group *group = connection->group;
	struct sluice_udp *udp = connection->own;
	struct sockaddr_storage address;
	socklen_t length, cut_length = sizeof(int);
	int error, cut = 0;
	uint64_t at;

	if (!group->preserves &&
	    !sluice_gate_admits(sluice_target_gate(connection->target), now, &at)) {
		if (at > now + GATE_NS)
			at = now + GATE_NS;
		sluice_worker_set_timer(group->worker, &connection->timer, at > now ? at : now + 1);
		return;
	}
	if (!sluice_connection_find_address(connection, &address, &length, now))
		return;
	connection->fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0) {
		sluice_connection_lose(connection, "no socket for it", errno, now);
		return;
	}
	set_options(connection->fd, address.ss_family);
	if (group->preserves && !is_transparent(connection->fd, address.ss_family)) {
		sluice_connection_lose(connection,
				       "`source-address: preserve` needs CAP_NET_ADMIN or "
				       "CAP_NET_RAW",
				       errno, now);
		return;
	}
	if (!sluice_connection_take_source(connection, address.ss_family, now))
		return;
	if (connect(connection->fd, (struct sockaddr *)&address, length)) {
		sluice_connection_lose(connection, "there is no way to it", errno, now);
		return;
	}
	error = sluice_worker_watch(group->worker, connection->fd, (uint32_t)EPOLLET,
				    &connection->handler);
	if (error) {
		sluice_connection_lose(connection, "its socket cannot be watched", -error, now);
		return;
	}
	udp->way = (struct sluice_udp_way){
		.family = address.ss_family,
		.preserves = group->preserves,
		/* Kernels before 4.18 would send such a message as one datagram. */
		.cuts = !getsockopt(connection->fd, IPPROTO_UDP, UDP_SEGMENT, &cut, &cut_length),
	};
	find_way(connection);
	connection->signs.heard = connection->signs.wrote = now;
	connection->protocol->begin(connection, now);
}

/* struct sluice_kind.ready: something came back, or there is room. @context worker */
static void ready(struct sluice_handler *handler, uint32_t events, uint64_t now)
{
	struct sluice_connection *connection =
		(struct sluice_connection *)((char *)handler -
					     offsetof(struct sluice_connection, handler));
	struct sluice_udp *udp = connection->own;

	if (connection->fd < 0)
		return; /* lost earlier in this round */
	if (events & EPOLLERR && sluice_udp_hear(connection, now))
		return;
	if (!(events & EPOLLOUT) || !udp->is_full)
		return;
	/* Room that is not waited for would wake the worker with each packet that is gone
	 * (sock_def_write_space). */
	(void)sluice_worker_change_watch(connection->group->worker, connection->fd,
					 (uint32_t)EPOLLET, &connection->handler);
	udp->is_full = false;
	connection->group->has_work = true;
}

/* struct sluice_kind.retune: no time matters to a socket of this kind. @context worker */
static void retune(struct sluice_connection *connection)
{
	(void)connection;
}

/* struct sluice_kind.listen: only what comes back by ICMP wakes the worker, and that always does.
 * @context worker */
static void listen_to(struct sluice_connection *connection, bool wakes)
{
	(void)connection;
	(void)wakes;
}

/* struct sluice_kind.hear: likewise. @context worker */
static void hear(struct sluice_connection *connection, uint64_t now)
{
	(void)connection;
	(void)now;
}

/* struct sluice_kind.measure. @context worker */
static void measure(struct sluice_connection *connection, uint64_t now)
{
	if (sluice_connection_measure_rate(connection, now))
		find_way(connection);
}

/* struct sluice_kind.look: nothing ever comes of a collector. @context worker */
/* NOLINTNEXTLINE(readability-non-const-parameter): other kinds write to *next */
static const char *look(struct sluice_connection *connection, uint64_t now, uint64_t *next)
{
	(void)connection;
	(void)now;
	(void)next;
	return NULL;
}

const struct sluice_kind sluice_kind_udp = {
	.protocol_of = protocol_of,
	.connect = begin,
	.flush = sluice_udp_flush,
	.ready = ready,
	.retune = retune,
	.listen = listen_to,
	.hear = hear,
	.measure = measure,
	.look = look,
};
