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
#include "../../lib/handed.h"
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
	fd = sluice_handed_take(SLUICE_HANDED_CONTROL, path);
	if (fd < 0)
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

/* Which one has been quiet longest, of those who may only look if `lookers`; `count`: there is
 * none.
 */
static size_t quietest(const struct sluice_clients *clients, bool lookers)
{
	size_t place, found = clients->count;

	for (place = 0; place < clients->count; place++) {
		if (lookers && clients->list[place].right != SLUICE_RIGHT_LOOK)
			continue;
		if (found == clients->count ||
		    clients->list[place].heard < clients->list[found].heard)
			found = place;
	}
	return found;
}

/* How many of them may only look? */
static size_t count_lookers(const struct sluice_clients *clients)
{
	size_t place, count = 0;

	for (place = 0; place < clients->count; place++)
		count += clients->list[place].right == SLUICE_RIGHT_LOOK;
	return count;
}

/* Ends the connection of whoever has to go for one more that may `right`: for a place in the list
 * or, if `needs_descriptor`, for a descriptor. False: nobody goes, so it cannot come. */
static bool make_place(struct sluice_clients *clients, enum sluice_right right,
		       bool needs_descriptor, void (*gone)(void *context, int fd), void *context)
{
	size_t lookers = count_lookers(clients), place;
	bool is_looker = right == SLUICE_RIGHT_LOOK;

	if (!needs_descriptor && clients->count < SLUICE_CLIENTS &&
	    !(is_looker && lookers == SLUICE_CLIENTS_LOOKING))
		return true;
	place = quietest(clients, is_looker || lookers);
	if (place == clients->count)
		return false;
	gone(context, clients->list[place].fd);
	sluice_clients_drop(clients, place);
	return true;
}

int sluice_clients_allow(struct sluice_clients *clients, const struct sluice_rights *rights,
			 void (*gone)(void *context, int fd), void *context)
{
	bool is_open = rights->has_group || rights->all_may_look;
	mode_t mode = is_open ? 0666 : 0600;
	size_t place = 0;
	uid_t uid;

	clients->rights = *rights;
	while (place < clients->count) {
		struct sluice_client *client = &clients->list[place];

		client->right = sluice_rights_of_peer(rights, client->fd, &uid);
		if (client->right != SLUICE_RIGHT_NONE) {
			place++;
			continue;
		}
		gone(context, client->fd);
		sluice_clients_drop(clients, place);
	}
	if (clients->listener < 0)
		return 0;
	/* Others have to get as far as the socket; nothing else in there is theirs to read. */
	if (is_open &&
	    !strncmp(clients->path, SLUICE_RUN_DIRECTORY "/", strlen(SLUICE_RUN_DIRECTORY) + 1) &&
	    chmod(SLUICE_RUN_DIRECTORY, SLUICE_RUN_MODE_OPEN))
		return -errno;
	/* A group of which we are no member ourselves cannot be given to the file. Then the mode
	 * lets in everybody, and rights alone tell them apart. */
	if (rights->has_group && !rights->all_may_look &&
	    !chown(clients->path, (uid_t)-1, rights->group))
		mode = 0660;
	return chmod(clients->path, mode) ? -errno : 0;
}

void sluice_clients_accept(struct sluice_clients *clients, void (*gone)(void *context, int fd),
			   void *context)
{
	enum sluice_right right;
	unsigned int tries;
	uid_t uid;
	int fd;

	if (clients->listener < 0)
		return;
	for (tries = 0; tries < ACCEPT_AT_ONCE; tries++) {
		fd = accept4(clients->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && errno != EMFILE && errno != ENFILE)
			return;
		if (fd < 0) {
			(void)make_place(clients, SLUICE_RIGHT_CHANGE, true, gone, context);
			continue;
		}
		/* The file's mode has kept others out; this does where a mode means nothing. */
		right = sluice_rights_of_peer(&clients->rights, fd, &uid);
		if (right == SLUICE_RIGHT_NONE ||
		    !make_place(clients, right, false, gone, context) || watch(clients, fd)) {
			close(fd);
			continue;
		}
		clients->list[clients->count++] = (struct sluice_client){
			.fd = fd, .uid = uid, .right = right, .heard = sluice_queue_now()};
	}
}
