// SPDX-License-Identifier: MIT
/*
 * Lists of sockets of another daemon; see standby.h. Touches: their descriptors.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "standby.h"

void sluice_standby_sockets_free(struct sluice_standby_sockets *sockets)
{
	size_t number;

	if (!sockets)
		return;
	for (number = 0; number < sockets->count; number++)
		if (sockets->list[number].fd >= 0)
			close(sockets->list[number].fd);
	free(sockets->list);
	*sockets = (struct sluice_standby_sockets){0};
}

int sluice_standby_sockets_add(struct sluice_standby_sockets *sockets, int fd, const char *name)
{
	struct sluice_standby_socket *larger;
	socklen_t length = sizeof(uint64_t);
	uint64_t cookie = 0;
	size_t number, room;

	if (!sockets || !name || fd < 0)
		return -EINVAL;
	(void)getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length);
	for (number = 0; number < sockets->count; number++)
		if (cookie && sockets->list[number].cookie == cookie) {
			close(fd);
			return 0;
		}
	if (sockets->count == sockets->room) {
		room = sockets->room ? sockets->room * 2 : 16;
		larger = reallocarray(sockets->list, room, sizeof(*larger));
		if (!larger) {
			close(fd);
			return -ENOMEM;
		}
		sockets->list = larger;
		sockets->room = room;
	}
	larger = &sockets->list[sockets->count++];
	larger->fd = fd;
	larger->cookie = cookie;
	snprintf(larger->name, sizeof(larger->name), "%s", name);
	return 0;
}
