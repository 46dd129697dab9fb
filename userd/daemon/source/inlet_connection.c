// SPDX-License-Identifier: MIT
/*
 * The connections of an inlet's thread: made of a socket, watched, and closed; see inlet.h. What is
 * read from them is inlet_native.c's and inlet_plain.c's. Touches: their sockets, the thread's
 * epoll.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "inlet.h"

int sluice_inlet_add(struct sluice_inlet_thread *thread, int fd,
		     const struct sockaddr_storage *peer)
{
	struct sluice_inlet_connection *connection = calloc(1, sizeof(*connection));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
	socklen_t length = sizeof(connection->local);
	const int on = 1;
	int error = 0;

	if (!connection)
		return -ENOMEM;
	connection->thread = thread;
	connection->fd = fd;
	connection->peer = *peer;
	connection->heard = sluice_now();
	(void)getsockname(fd, (struct sockaddr *)&connection->local, &length);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	sluice_inlet_cutter_begin(&connection->cutter, thread->inlet->config.inlet.framing,
				  thread->inlet->config.inlet.max_record);
	if (sluice_inlet_is_native(thread->inlet))
		error = sluice_inlet_native_open(connection);
	if (!error && epoll_ctl(thread->epoll, EPOLL_CTL_ADD, fd, &event))
		error = -errno;
	if (error) {
		sluice_receiver_link_close(connection->link);
		free(connection);
		return error;
	}
	connection->next = thread->first;
	if (connection->next)
		connection->next->previous = connection;
	thread->first = connection;
	__atomic_add_fetch(&thread->inlet->connections, 1, __ATOMIC_RELAXED);
	sluice_count(&thread->counts->accepted, 1);
	return 0;
}

void sluice_inlet_drop(struct sluice_inlet_thread *thread,
		       struct sluice_inlet_connection *connection)
{
	if (sluice_inlet_is_native(thread->inlet))
		sluice_inlet_native_end(connection);
	else
		sluice_inlet_plain_end(connection);
	close(connection->fd);
	if (connection->next)
		connection->next->previous = connection->previous;
	if (connection == thread->first)
		thread->first = connection->next;
	else
		connection->previous->next = connection->next;
	__atomic_sub_fetch(&thread->inlet->connections, 1, __ATOMIC_RELAXED);
	free(connection);
}
