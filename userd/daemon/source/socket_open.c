// SPDX-License-Identifier: MIT
/*
 * Opening a UDP socket for an input, and saying why it does not go. Before the path of the data, in
 * the control thread. Touches: the sockets it opens.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "../../config/sentence.h"
#include "../loop/treatment.h"
#include "socket.h"
#include "socket_claim.h"
#include "socket_count.h"
#include "socket_way.h"

/* What a socket may hold while its worker does something else: a tenth of a second of a gigabit.
 * More is taken only as far as it fills. */
#define BUFFER (16 << 20)
/* For so long the kernel looks at the card's queue when a socket is empty (SO_BUSY_POLL). */
#define CARD_US 50

union any_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Has each datagram tell its destination and interface, or not. */
static void ask_destination(const struct sluice_port *port, int checks)
{
	/* Only IPv4's own way tells a broadcast. */
	if (port->key.family == AF_INET || port->key.both)
		(void)setsockopt(port->fd, IPPROTO_IP, IP_PKTINFO, &checks, sizeof(checks));
	if (port->key.family == AF_INET6)
		(void)setsockopt(port->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &checks, sizeof(checks));
}

void sluice_port_prepare_use(const struct sluice_port *port, const struct sluice_port_use *use)
{
	/* Not less than now: the use in force may need it. Without a program what is for many is
	 * found by its destination. */
	if (use->wants_destination || !sluice_port_has_program(port))
		ask_destination(port, 1);
}

void sluice_port_set_use(struct sluice_port *port, struct sluice_port_use *use)
{
	if (!sluice_port_has_program(port)) {
		use->wants_destination = true;
		use->is_plain = false;
	}
	ask_destination(port, use->wants_destination);
	if (port->use != use)
		free(port->use);
	port->use = use;
}

/* Fills in what to bind to; returns its length. */
static socklen_t bind_address(const struct sluice_port_key *key, union any_address *address)
{
	memset(address, 0, sizeof(*address));
	if (key->family == AF_INET) {
		address->in.sin_family = AF_INET;
		address->in.sin_port = htons(key->port);
		memcpy(&address->in.sin_addr, key->address, sizeof(address->in.sin_addr));
		return sizeof(address->in);
	}
	address->in6.sin6_family = AF_INET6;
	address->in6.sin6_port = htons(key->port);
	memcpy(&address->in6.sin6_addr, key->address, sizeof(address->in6.sin6_addr));
	return sizeof(address->in6);
}

/* Ties a socket to an interface: the one that it has now, whoever is called so later. 0 or a
 * negative errno. */
static int tie(int fd, const struct sluice_port_key *key)
{
	const int index = (int)key->index;

	if (!key->interface[0])
		return 0;
	if (!index)
		return -ENODEV;
	if (!setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index)))
		return 0;
	if (errno != ENOPROTOOPT)
		return -errno;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, key->interface,
			  (socklen_t)strlen(key->interface) + 1)
		       ? -errno
		       : 0;
}

/* Lets a socket be bound to an address that is not there yet. Where it cannot be, bind() says so.
 * */
static void bind_freely(int fd, const struct sluice_port_key *key)
{
	static const uint8_t any[sizeof(key->address)];
	const int on = 1;

	if (!memcmp(key->address, any, sizeof(any)))
		return;
	if (key->family == AF_INET)
		(void)setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
}

bool sluice_port_has_its_address(const struct sluice_port_key *key)
{
	static const uint8_t any[sizeof(key->address)];
	struct sluice_port_key nowhere = *key;
	union any_address address;
	socklen_t length;
	int fd, error;

	if (!memcmp(key->address, any, sizeof(any)))
		return true;
	/* Any port will do: it is the address that is asked for. */
	nowhere.port = 0;
	length = bind_address(&nowhere, &address);
	fd = socket(key->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	error = tie(fd, key);
	if (!error && bind(fd, &address.any, length))
		error = -errno;
	close(fd);
	return error != -EADDRNOTAVAIL;
}

/* Makes a socket bound to `key`, for `port` with what its way puts on it, NULL: with nothing.
 * Returns it, or a negative errno and in *step what did not work. */
static int open_bound(const struct sluice_port_key *key, bool shared, struct sluice_port *port,
		      const char **step)
{
	const int on = 1, only = !key->both;
	union any_address address;
	socklen_t length = bind_address(key, &address);
	int error, fd;

	*step = "be opened";
	fd = socket(key->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	*step = "be set up";
	if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		goto fail;
	if (key->family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)))
		goto fail;
	/* As with IPv4 sockets: what a group brings that anybody on this machine has joined. IPv6
	 * has it on. */
	if (key->both)
		(void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &on, sizeof(on));
	*step = "be tied to its interface";
	error = tie(fd, key);
	if (error)
		goto close;
	bind_freely(fd, key);
	*step = "be given to a BPF program";
	error = port && key->way->attach ? key->way->attach(port, fd) : 0;
	if (error)
		goto close;
	*step = "be bound";
	if (bind(fd, &address.any, length))
		goto fail;
	*step = "be put into a BPF map";
	error = port && key->way->join ? key->way->join(port, fd) : 0;
	if (!error)
		return fd;
	goto close;

fail:
	error = -errno;
close:
	close(fd);
	return error;
}

/* Says why, and what mends it. */
static void explain(const struct sluice_config *config, const struct sluice_config_input *input,
		    const struct sluice_port_key *key, const char *step, int error, char **sentence)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(key->family, key->address, text, sizeof(text));
	if (error == -EADDRINUSE)
		sluice_say_at(sentence, config, &input->place,
			      "input `%s`: UDP port %u is taken by another program; stop that (`ss "
			      "-lunp` shows it), choose "
			      "another port, or use `source: kmod`, which shares it",
			      input->name, key->port);
	else if (error == -EADDRNOTAVAIL)
		sluice_say_at(sentence, config, &input->place,
			      "input `%s`: this machine has no address %s; give one of its own "
			      "(`ip address`) or leave "
			      "`address` out",
			      input->name, text);
	else if (error == -ENODEV)
		sluice_say_at(sentence, config, &input->interface_place,
			      "input `%s`: there is no interface `%s`; `ip link` lists them",
			      input->name, key->interface);
	else if (error == -EACCES || error == -EPERM)
		sluice_say_at(sentence, config, &input->place,
			      "input `%s`: no permission for UDP port %u; run sluiced as root or "
			      "with CAP_NET_BIND_SERVICE "
			      "and CAP_NET_RAW, or choose a port from 1024 on",
			      input->name, key->port);
	else if (error == -EMFILE || error == -ENFILE)
		sluice_say_at(sentence, config, &input->place,
			      "input `%s`: too many open files at port %u: the socket source needs "
			      "one per port at least; raise the limit (`LimitNOFILE=` of the "
			      "service, `ulimit -n`), name fewer ports, or use `source: "
			      "kmod`, which needs none",
			      input->name, key->port);
	else if (error == -ENOSPC && key->way->sockets_most)
		sluice_say_at(sentence, config, &input->place,
			      "input `%s`: no room for UDP port %u: with `receive: %s` a worker "
			      "has %u sockets at most; use `receive: calls`, or name fewer ports",
			      input->name, key->port, sluice_config_receive_name(key->way->receive),
			      key->way->sockets_most);
	else
		sluice_say_at(sentence, config, &input->place,
			      "input `%s`: the socket for UDP port %u cannot %s: %s", input->name,
			      key->port, step, strerror(-error));
}

/* With `threads.busy-poll`: a call that finds the socket empty has the kernel look at the card's
 * queue by which the last datagram came. */
static void poll_the_card(const struct sluice_port *port)
{
	const int most_us = CARD_US;
	static bool told;

	if (!sluice_threads_busy_poll() || port->key.way->receive != SLUICE_RECEIVE_CALLS)
		return;
	if (!setsockopt(port->fd, SOL_SOCKET, SO_BUSY_POLL, &most_us, sizeof(most_us)) || told)
		return;
	told = true;
	sluice_notice("threads.busy-poll: sockets do not look at the card's queue: %s; give "
		      "the service CAP_NET_ADMIN, or set net.core.busy_read to %d",
		      strerror(errno), CARD_US);
}

/* Makes room for what comes while the worker does something else. */
static void prepare_buffer(struct sluice_port *port)
{
	const int buffer = BUFFER;

	/* Beyond net.core.rmem_max only with CAP_NET_ADMIN; the resting time adapts to what it
	 * became. */
	if (setsockopt(port->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		(void)setsockopt(port->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	poll_the_card(port);
	if (port->key.way->equip)
		port->key.way->equip(port);
}

struct sluice_port *sluice_port_adopt(int fd, const struct sluice_port_key *key, uint32_t drops,
				      uint32_t due)
{
	struct sluice_port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->key = *key;
	port->fd = fd;
	port->drops = drops;
	prepare_buffer(port);
	sluice_socket_count_owe(port->count, due);
	return port;
}

int sluice_port_open_beside(const struct sluice_port_key *key, struct sluice_port **port)
{
	const char *step;
	int fd = open_bound(key, true, NULL, &step);

	if (fd < 0)
		return fd;
	*port = sluice_port_adopt(fd, key, 0, 0);
	if (*port)
		return 0;
	close(fd);
	return -ENOMEM;
}

int sluice_port_open(const struct sluice_config *config, const struct sluice_config_input *input,
		     const struct sluice_port_key *key, bool exclusive,
		     struct sluice_socket_beat *reader, struct sluice_port **result,
		     char **sentence)
{
	const char *step;
	struct sluice_port *port;
	int fd;

	if (exclusive) {
		/* Workers share the port by SO_REUSEPORT. So would a stranger of the same user:
		 * without it, he is found. */
		fd = open_bound(key, false, NULL, &step);
		if (fd < 0)
			goto explain;
		close(fd);
	}
	port = calloc(1, sizeof(*port));
	if (!port) {
		sluice_say(sentence, "out of memory");
		return -ENOMEM;
	}
	port->key = *key;
	port->fd = -1;
	port->reader = reader;
	fd = open_bound(key, true, port, &step);
	if (fd < 0) {
		sluice_port_free(port);
		goto explain;
	}
	port->fd = fd;
	prepare_buffer(port);
	*result = port;
	return 0;

explain:
	explain(config, input, key, step, fd, sentence);
	return fd;
}
