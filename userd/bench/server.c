// SPDX-License-Identifier: MIT
/*
 * The receiving half of a bench: see server.h. Before the ledger. Touches: its sockets, the ledger.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include "../lib/clock.h"
#include "listener.h"
#include "server.h"

#define NS_PER_SECOND SLUICE_NS_PER_S
#define NS_PER_MS SLUICE_NS_PER_MS
/* Out of descriptors: connections wait in the backlog for so long, then it is tried again. */
#define ACCEPT_PAUSE_NS (100 * NS_PER_MS)
#define EVENTS 64

/* What epoll speaks of: a listener or a connection. */
struct end {
	int fd;
	uint16_t port;				   /* listener */
	struct sluice_sink_connection *connection; /* NULL: a listener */
	int (*take)(void *context, int fd);	   /* not NULL: neither, but somebody's own */
	void *context;
	uint32_t events; /* as epoll knows them */
	uint64_t wake;	 /* connection: serve it then, whatever epoll says */
	struct end *next;
	struct end *previous;
};

/* Everything at work. */
struct sluice_sink_server {
	struct sluice_sink_rules *rules;
	struct sluice_ledger *ledger;
	int epoll;
	struct end *ends;      /* @owner server */
	bool short_of_files;   /* said once */
	uint64_t accept_again; /* 0: accepting; else when to try again */
};

/* Puts an end into the list and into epoll. NULL: no memory (or epoll's limit), and fd is the
 * caller's. */
static struct end *end_add(struct sluice_sink_server *server, int fd, uint16_t port)
{
	struct end *end = calloc(1, sizeof(*end));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};

	if (!end)
		return NULL;
	end->fd = fd;
	end->port = port;
	end->events = EPOLLIN;
	end->wake = UINT64_MAX;
	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(end);
		return NULL;
	}
	end->next = server->ends;
	if (end->next)
		end->next->previous = end;
	server->ends = end;
	return end;
}

/* Closes what an end stands for, and frees it; closing takes it out of epoll too. */
static void end_close(struct end *end)
{
	if (end->connection)
		sluice_sink_connection_close(end->connection);
	else if (end->fd >= 0)
		close(end->fd);
	free(end);
}

/* Takes an end out of the list and closes it. */
static void end_remove(struct sluice_sink_server *server, struct end *end)
{
	if (end->previous)
		end->previous->next = end->next;
	else
		server->ends = end->next;
	if (end->next)
		end->next->previous = end->previous;
	end_close(end);
}

/* Closes all of them. */
static void end_remove_all(struct sluice_sink_server *server)
{
	while (server->ends) {
		struct end *end = server->ends;

		server->ends = end->next;
		end_close(end);
	}
}

/* Tells epoll what an end waits for now. */
static void end_want(struct sluice_sink_server *server, struct end *end, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = end};

	if (end->events == events)
		return;
	if (epoll_ctl(server->epoll, EPOLL_CTL_MOD, end->fd, &event) == 0)
		end->events = events;
}

/* Stops or goes on listening on all ports. */
static void accepting(struct sluice_sink_server *server, bool on)
{
	struct end *end;

	for (end = server->ends; end; end = end->next)
		if (!end->connection && !end->take)
			end_want(server, end, on ? EPOLLIN : 0);
}

/* Accepts everything that waits at a listener. */
static void accept_all(struct sluice_sink_server *server, struct end *listener, uint64_t now)
{
	char peer[SLUICE_PEER_TEXT];
	struct end *end;
	int fd;

	while ((fd = sluice_listener_accept(listener->fd, peer)) >= 0) {
		sluice_ledger_sums(server->ledger)->connections++;
		end = end_add(server, fd, listener->port);
		if (!end) {
			close(fd);
			break;
		}
		end->connection = sluice_sink_connection_open(server->ledger, server->rules, fd,
							      peer, listener->port);
		if (!end->connection) {
			/* It has closed fd; a descriptor of -1 is not closed again. */
			end->fd = -1;
			end_remove(server, end);
			break;
		}
		if (server->rules->never_read)
			end_want(server, end, 0);
	}
	if (fd >= 0 || fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM) {
		/* They stay in the backlog, and nobody spins. */
		if (!server->short_of_files)
			fprintf(stderr, "sink: no more connections for now: %s\n",
				fd < 0 ? strerror(-fd) : "no memory");
		server->short_of_files = true;
		server->accept_again = now + ACCEPT_PAUSE_NS;
		accepting(server, false);
	}
}

/* Serves a connection; closes it when it has ended. 0, or the negative errno that ends the sink. */
static int serve(struct sluice_sink_server *server, struct end *end, uint64_t now)
{
	int error = sluice_sink_connection_serve(end->connection, now);

	if (error == -EPIPE || error == -ECONNRESET || error == -EPROTO) {
		end_remove(server, end);
		/* Its descriptor is free for one that waits. */
		if (server->accept_again)
			server->accept_again = now;
		return 0;
	}
	if (error)
		return error;
	end_want(server, end, sluice_sink_connection_events(end->connection, &end->wake));
	return 0;
}

/* Serves the connections whose time has come; returns the next such time. `*error` ends the sink.
 */
static uint64_t serve_timed(struct sluice_sink_server *server, uint64_t now, int *error)
{
	uint64_t earliest = UINT64_MAX;
	struct end *after;
	struct end *end;

	for (end = server->ends; end && !*error; end = after) {
		after = end->next;
		if (!end->connection || end->wake == UINT64_MAX)
			continue;
		if (end->wake <= now) {
			*error = serve(server, end, now);
			/* Wherever it now is in its life, the loop comes by again at once. */
			earliest = now;
		} else if (end->wake < earliest) {
			earliest = end->wake;
		}
	}
	return earliest;
}

/* Milliseconds until `when`, for epoll, rounded up. */
static int wait_ms(uint64_t now, uint64_t when)
{
	if (when <= now)
		return 0;
	return when - now > NS_PER_SECOND ? 1000 : (int)((when - now + NS_PER_MS - 1) / NS_PER_MS);
}

/* As server.h says. @context process */
int sluice_sink_server_turn(struct sluice_sink_server *server, uint64_t *now, uint64_t until)
{
	struct epoll_event events[EVENTS];
	int error = 0;
	uint64_t next = serve_timed(server, *now, &error);
	int count;
	int index;

	next = next < until ? next : until;
	if (server->accept_again && server->accept_again < next)
		next = server->accept_again;
	count = epoll_wait(server->epoll, events, EVENTS, wait_ms(*now, next));
	*now = sluice_now();
	if (server->accept_again && *now >= server->accept_again) {
		server->accept_again = 0;
		accepting(server, true);
	}
	/* Connections first: an end that is closed here is not in this batch twice. */
	for (index = 0; index < count && !error; index++) {
		struct end *ready = events[index].data.ptr;

		if (ready->connection)
			error = serve(server, ready, *now);
		else if (ready->take)
			error = ready->take(ready->context, ready->fd);
		else
			accept_all(server, ready, *now);
	}
	return error;
}

/* As server.h says. @context process */
int sluice_sink_server_listen(struct sluice_sink_server *server, const char *address, uint16_t port)
{
	int fd = sluice_listener_open(address, port);

	if (fd < 0)
		return fd;
	if (end_add(server, fd, port))
		return 0;
	close(fd);
	return -ENOMEM;
}

/* As server.h says. @context process */
int sluice_sink_server_watch(struct sluice_sink_server *server, int fd,
			     int (*take)(void *context, int fd), void *context)
{
	struct end *end = end_add(server, fd, 0);

	if (!end) {
		close(fd);
		return -ENOMEM;
	}
	end->take = take;
	end->context = context;
	return 0;
}

/* As server.h says. @context process */
int sluice_sink_server_open(struct sluice_sink_server **server, struct sluice_ledger *ledger,
			    struct sluice_sink_rules *rules)
{
	struct sluice_sink_server *made;

	if (!server || !ledger || !rules)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->ledger = ledger;
	made->rules = rules;
	made->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (made->epoll < 0) {
		int error = -errno;

		free(made);
		return error;
	}
	*server = made;
	return 0;
}

/* As server.h says. @context process */
void sluice_sink_server_close(struct sluice_sink_server *server)
{
	if (!server)
		return;
	end_remove_all(server);
	close(server->epoll);
	free(server);
}
