// SPDX-License-Identifier: MIT
/*
 * Listening and accepting: see listener.h. Where relays come in. Touches: the sockets it opens.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "listener.h"

/* The kernel makes net.core.somaxconn of it. */
#define BACKLOG 65535

/* Binds and listens on one address. A descriptor or a negative errno. */
static int listen_on(const struct sockaddr *address, socklen_t size)
{
	int on = 1;
	int off = 0;
	int error;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (address->sa_family == AF_INET6 &&
	     setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &off, sizeof(off))) ||
	    bind(fd, address, size) || listen(fd, BACKLOG)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* As listener.h says. @context process */
int sluice_listener_open(const char *address, uint16_t port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htobe16(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htobe16(port)};
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found;
	char service[8];
	int fd;

	if (!address) {
		fd = listen_on((const struct sockaddr *)&v6, sizeof(v6));
		/* No IPv6 on this machine. */
		if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)
			fd = listen_on((const struct sockaddr *)&v4, sizeof(v4));
		return fd;
	}
	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &found))
		return -EADDRNOTAVAIL;
	fd = listen_on(found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return fd;
}

/* As listener.h says. @context process */
int sluice_listener_accept(int listener, char peer[SLUICE_PEER_TEXT])
{
	struct sockaddr_storage address;
	char host[SLUICE_PEER_TEXT - 10] = "?";
	char service[8] = "?";
	socklen_t size;
	int fd;

	do {
		size = sizeof(address);
		fd = accept4(listener, (struct sockaddr *)&address, &size,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		/* Errors of the connection, not of the listener: accept(2), "Error handling". */
	} while (fd < 0 && (errno == ECONNABORTED || errno == EINTR || errno == EPROTO ||
			    errno == ENETDOWN || errno == EHOSTUNREACH || errno == ENETUNREACH));
	if (fd < 0)
		return -errno;
	getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), service, sizeof(service),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	if (strncmp(host, "::ffff:", 7) == 0)
		snprintf(peer, SLUICE_PEER_TEXT, "%s:%s", host + 7, service);
	else
		snprintf(peer, SLUICE_PEER_TEXT, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
			 service);
	return fd;
}
