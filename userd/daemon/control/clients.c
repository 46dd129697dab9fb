// SPDX-License-Identifier: MIT
/*
 * Connections to the control plane; see clients.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clients.h"
#include "queue.h"

#define ACCEPT_AT_ONCE 16U

/* Puts `fd` into the epoll set. 0 or a negative errno. */
static int watch(const struct sluice_clients *clients, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(clients->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int sluice_clients_open(struct sluice_clients *clients, int epoll, const char *path)
{
	int fd, error;

	if (!clients || !path || strlen(path) >= sizeof(clients->path))
		return -EINVAL;
	clients->epoll = epoll;
	fd = sluice_packet_listen(path);
	if (fd < 0)
		return fd;
	clients->listener = fd;
	snprintf(clients->path, sizeof(clients->path), "%s", path);
	error = watch(clients, fd);
	if (error)
		sluice_clients_close(clients);
	return error;
}

void sluice_clients_close(struct sluice_clients *clients)
{
	uid_t uid;
	int other;

	while (clients->count)
		sluice_clients_drop(clients, 0);
	if (clients->listener < 0)
		return;
	close(clients->listener);
	clients->listener = -1;
	/* A successor may have put its own socket there already. */
	other = sluice_packet_connect(clients->path, &uid);
	if (other == -ECONNREFUSED)
		(void)unlink(clients->path);
	if (other >= 0)
		close(other);
}

void sluice_clients_drop(struct sluice_clients *clients, size_t place)
{
	close(clients->list[place].fd);
	clients->list[place] = clients->list[--clients->count];
}

/* Which one has been quiet longest; there is one. */
static size_t quietest(const struct sluice_clients *clients)
{
	size_t place, found = 0;

	for (place = 1; place < clients->count; place++)
		if (clients->list[place].heard < clients->list[found].heard)
			found = place;
	return found;
}

/* May who is connected to `fd`, *uid, ask? The file's mode has kept others out; this does where a
 * mode means nothing. */
static bool may_ask(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return false;
	*uid = peer.uid;
	return peer.uid == 0 || peer.uid == geteuid();
}

void sluice_clients_accept(struct sluice_clients *clients, void (*gone)(void *context, int fd),
			   void *context)
{
	unsigned int tries;
	size_t place;
	uid_t uid;
	int fd;

	if (clients->listener < 0)
		return;
	for (tries = 0; tries < ACCEPT_AT_ONCE; tries++) {
		fd = accept4(clients->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && errno != EMFILE && errno != ENFILE)
			return;
		/* Somebody has to go: for a place in the list, or for a descriptor. */
		if (clients->count && (fd < 0 || clients->count == SLUICE_CLIENTS)) {
			place = quietest(clients);
			gone(context, clients->list[place].fd);
			sluice_clients_drop(clients, place);
		}
		if (fd < 0)
			continue;
		if (!may_ask(fd, &uid) || watch(clients, fd)) {
			close(fd);
			continue;
		}
		clients->list[clients->count++] =
			(struct sluice_client){.fd = fd, .uid = uid, .heard = sluice_queue_now()};
	}
}
