// SPDX-License-Identifier: MIT
/*
 * A forwarded connection; see tunnel.h. Touches: its sockets.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/clock.h"
#include "proxy.h"
#include "tunnel.h"

/* Bytes that one direction may move before other tunnels have their turn. */
#define TURN (4UL << 20)
/* Probes without an answer after which the other side is given up, a third of the silence apart. */
#define PROBES 5

void sluice_tunnel_reset(int fd)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* Sets a number at a socket. What cannot be had is no reason not to forward. */
static void set(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* Sets what the terms say of each socket. */
static void set_options(int fd, const struct sluice_forward_terms *terms)
{
	unsigned int pause = terms->keepalive_s / 3;

	set(fd, IPPROTO_TCP, TCP_NODELAY, terms->is_nodelay);
	set(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	if (!terms->keepalive_s)
		return;
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)terms->keepalive_s);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, pause ? (int)pause : 1);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
}

/* Ends it: closes both sockets, with a reset or as they are. */
static void finish(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop, bool is_reset)
{
	int *fds[] = {&tunnel->client.fd, &tunnel->server.fd};
	size_t number;

	if (tunnel->state == SLUICE_TUNNEL_OVER)
		return;
	tunnel->state = SLUICE_TUNNEL_OVER;
	for (number = 0; number < 2; number++) {
		if (*fds[number] >= 0 && is_reset)
			sluice_tunnel_reset(*fds[number]);
		else if (*fds[number] >= 0)
			close(*fds[number]);
		*fds[number] = -1;
	}
	sluice_pipe_give(&loop->pool, tunnel->up.pipe);
	sluice_pipe_give(&loop->pool, tunnel->down.pipe);
	tunnel->up.pipe = tunnel->down.pipe = NULL;
	sluice_forward_leave(tunnel->forward, &tunnel->address);
}

void sluice_tunnel_abort(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop)
{
	if (tunnel->state == SLUICE_TUNNEL_OVER)
		return;
	sluice_count(&tunnel->forward->counts[loop->number].aborted, 1);
	finish(tunnel, loop, true);
}

/* The destination cannot be reached: the client gets a reset. */
static void fail(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop, const char *what,
		 int error)
{
	sluice_count(&tunnel->forward->counts[loop->number].failed, 1);
	sluice_forward_missed(tunnel->forward, tunnel->terms, what, error);
	finish(tunnel, loop, true);
}

/* Binds to the source address that the terms have. 0 or a negative errno. */
static int bind_from(int fd, const struct sluice_config_prefix *from, int family)
{
	struct sockaddr_storage address = {.ss_family = (sa_family_t)from->family};
	struct sockaddr_in *four = (void *)&address;
	struct sockaddr_in6 *six = (void *)&address;

	if (from->family == AF_UNSPEC)
		return 0;
	if (from->family != family)
		return -EAFNOSUPPORT;
	/* The port is chosen when it connects, so that there are as many as destinations. */
	set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (family == AF_INET)
		memcpy(&four->sin_addr, from->address, sizeof(four->sin_addr));
	else
		memcpy(&six->sin6_addr, from->address, sizeof(six->sin6_addr));
	return bind(fd, (const struct sockaddr *)&address,
		    family == AF_INET ? sizeof(*four) : sizeof(*six))
		       ? -errno
		       : 0;
}

/* Begins to connect to an address. 0 or a negative errno. */
static int connect_to(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop,
		      const struct sockaddr_storage *address, socklen_t length)
{
	struct epoll_event event = {.events = SLUICE_TUNNEL_EVENTS, .data.ptr = &tunnel->server};
	int error, fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	set_options(fd, tunnel->terms);
	error = bind_from(fd, &tunnel->terms->from, address->ss_family);
	if (!error && connect(fd, (const struct sockaddr *)address, length) && errno != EINPROGRESS)
		error = -errno;
	if (!error && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event))
		error = -errno;
	if (error) {
		close(fd);
		return error;
	}
	tunnel->server.fd = tunnel->up.to = tunnel->down.from = fd;
	tunnel->state = SLUICE_TUNNEL_CONNECTING;
	return 0;
}

/* Tries the destination's addresses from the present attempt on, until one is being connected to;
 * `error` is what the last one failed with. */
static void try_addresses(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop, int error)
{
	struct sockaddr_storage address;
	unsigned int count = 0;
	socklen_t length = 0;
	int result;

	for (;; tunnel->attempt++) {
		result = sluice_target_address(tunnel->terms->target, tunnel->attempt, &address,
					       &length, &count);
		if (result == -EAGAIN) {
			tunnel->state = SLUICE_TUNNEL_RESOLVING;
			return;
		}
		if (result == -ENOENT || result == -ENODEV) {
			fail(tunnel, loop,
			     result == -ENOENT ? "its name cannot be looked up"
					       : "its interface is not there",
			     0);
			return;
		}
		if (tunnel->attempt >= count)
			break;
		error = -connect_to(tunnel, loop, &address, length);
		if (!error)
			return;
		/* It is nothing of the destination's: again soon, until the time is over. */
		if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
			tunnel->state = SLUICE_TUNNEL_RESOLVING;
			return;
		}
	}
	sluice_target_refresh(tunnel->terms->target);
	fail(tunnel, loop, "cannot connect", error);
}

/* Tells the destination who the client is. False: it cannot be. */
static bool send_prefix(const struct sluice_tunnel *tunnel)
{
	struct sockaddr_storage own = {0};
	socklen_t length = sizeof(own);
	uint8_t header[SLUICE_PROXY_MAX];
	size_t size;

	if (tunnel->terms->prefix != SLUICE_LEAD_PROXY_V2)
		return true;
	(void)getsockname(tunnel->client.fd, (struct sockaddr *)&own, &length);
	size = sluice_proxy_write(&tunnel->address, &own, header);
	/* An empty socket has room for it. */
	return send(tunnel->server.fd, header, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

/* What a socket failed with; 0: it has not. */
static int error_of(int fd)
{
	socklen_t length = sizeof(int);
	int error = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) ? errno : error;
}

/* The attempt to connect has come to something. */
static void on_connected(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop)
{
	int error = error_of(tunnel->server.fd);

	if (error) {
		close(tunnel->server.fd);
		tunnel->server.fd = -1;
		tunnel->attempt++;
		try_addresses(tunnel, loop, error);
		return;
	}
	tunnel->state = SLUICE_TUNNEL_PASSING;
	tunnel->active = loop->now;
	tunnel->up.can_write = true;
	sluice_forward_reached(tunnel->forward, tunnel->terms);
	if (!send_prefix(tunnel))
		sluice_tunnel_abort(tunnel, loop);
}

void sluice_tunnel_notice(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop,
			  const struct sluice_tunnel_end *end, uint32_t events)
{
	struct sluice_way *from = end->is_server ? &tunnel->down : &tunnel->up;
	struct sluice_way *to = end->is_server ? &tunnel->up : &tunnel->down;

	if (tunnel->state == SLUICE_TUNNEL_OVER || end->fd < 0)
		return;
	if (end->is_server && tunnel->state == SLUICE_TUNNEL_CONNECTING) {
		if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return;
		on_connected(tunnel, loop);
		if (tunnel->state != SLUICE_TUNNEL_PASSING)
			return;
	}
	if (events & EPOLLERR) {
		sluice_tunnel_abort(tunnel, loop);
		return;
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLPRI))
		from->can_read = true;
	if (events & EPOLLPRI)
		from->is_marked = true;
	if (events & (EPOLLRDHUP | EPOLLHUP))
		from->is_ending = true;
	if (events & EPOLLOUT)
		to->can_write = true;
}

bool sluice_tunnel_turn(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop)
{
	struct sluice_forward_counts *counts = &tunnel->forward->counts[loop->number];
	uint64_t up = tunnel->up.bytes, down = tunnel->down.bytes;
	enum sluice_way_state forth, back;

	if (tunnel->state != SLUICE_TUNNEL_PASSING)
		return false;
	forth = sluice_way_turn(&tunnel->up, &loop->pool, TURN);
	back = sluice_way_turn(&tunnel->down, &loop->pool, TURN);
	if (tunnel->up.bytes != up || tunnel->down.bytes != down) {
		sluice_count(&counts->up, tunnel->up.bytes - up);
		sluice_count(&counts->down, tunnel->down.bytes - down);
		tunnel->active = loop->now;
	}
	if (forth == SLUICE_WAY_BROKEN || back == SLUICE_WAY_BROKEN)
		sluice_tunnel_abort(tunnel, loop);
	else if (forth == SLUICE_WAY_OVER && back == SLUICE_WAY_OVER)
		finish(tunnel, loop, false);
	return tunnel->state == SLUICE_TUNNEL_PASSING &&
	       (forth == SLUICE_WAY_MORE || back == SLUICE_WAY_MORE);
}

void sluice_tunnel_look(struct sluice_tunnel *tunnel, struct sluice_tunnel_loop *loop)
{
	const struct sluice_forward_terms *terms = tunnel->terms;

	if (tunnel->state == SLUICE_TUNNEL_OVER)
		return;
	if (sluice_load_relaxed(&terms->is_cut)) {
		sluice_tunnel_abort(tunnel, loop);
		return;
	}
	if (tunnel->state == SLUICE_TUNNEL_PASSING) {
		if (terms->idle_timeout_ns && loop->now - tunnel->active > terms->idle_timeout_ns)
			sluice_tunnel_abort(tunnel, loop);
		return;
	}
	if (loop->now >= tunnel->deadline)
		fail(tunnel, loop, "no answer within connect-timeout", 0);
	else if (tunnel->state == SLUICE_TUNNEL_RESOLVING)
		try_addresses(tunnel, loop, 0);
}

struct sluice_tunnel *sluice_tunnel_new(struct sluice_tunnel_loop *loop, int fd,
					const struct sockaddr_storage *address,
					struct sluice_forward *forward,
					struct sluice_forward_terms *terms)
{
	struct sluice_tunnel *tunnel = calloc(1, sizeof(*tunnel));
	struct epoll_event event = {.events = SLUICE_TUNNEL_EVENTS};

	if (tunnel)
		event.data.ptr = &tunnel->client;
	if (!tunnel || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event)) {
		sluice_count(&forward->counts[loop->number].aborted, 1);
		sluice_tunnel_reset(fd);
		sluice_forward_leave(forward, address);
		sluice_forward_terms_put(terms);
		sluice_forward_put(forward);
		free(tunnel);
		return NULL;
	}
	tunnel->client = (struct sluice_tunnel_end){.tunnel = tunnel, .fd = fd};
	tunnel->server = (struct sluice_tunnel_end){.tunnel = tunnel, .fd = -1, .is_server = true};
	tunnel->up = (struct sluice_way){.from = fd, .to = -1};
	tunnel->down = (struct sluice_way){.from = -1, .to = fd, .can_write = true};
	tunnel->forward = forward;
	tunnel->terms = terms;
	tunnel->address = *address;
	tunnel->active = loop->now;
	tunnel->deadline = loop->now + terms->connect_timeout_ns;
	set_options(fd, terms);
	try_addresses(tunnel, loop, 0);
	return tunnel;
}

void sluice_tunnel_free(struct sluice_tunnel *tunnel)
{
	sluice_forward_terms_put(tunnel->terms);
	sluice_forward_put(tunnel->forward);
	free(tunnel);
}
