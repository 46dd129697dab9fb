// SPDX-License-Identifier: MIT
/*
 * Towards those that wait; see active.h.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "../../lib/handed.h"
#include "../../lib/log.h"
#include "../../lib/packet_socket.h"
#include "active.h"
#include "message.h"

#define CLIENTS 32U /* at once; more are turned away */
/* Bytes that packets may take until one that waits reads them: a list of a thousand sockets. */
#define ROOM (4 * 1024 * 1024)

struct client {
	int fd; /* -1: none */
	bool is_standby;
	bool is_shown; /* it got all of the list that is being shown */
};

struct sluice_active {
	const struct sluice_active_calls *calls;
	void *context;
	uint64_t epoch;
	int listener, timer, epoll;
	char path[SLUICE_PACKET_PATH];
	pthread_mutex_t lock; /* over what follows: the foreman shows sockets */
	struct client clients[CLIENTS];
	size_t shown;
};

/* Puts `fd` into the loop. 0 or a negative errno. */
static int watch(const struct sluice_active *active, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(active->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int sluice_active_open(struct sluice_active **active, const struct sluice_claims *claims,
		       const struct sluice_active_calls *calls, void *context)
{
	struct sluice_active *fresh;
	pthread_mutexattr_t attributes;
	size_t number;
	int error;

	if (!active || !claims || !calls || claims->relay.fd < 0)
		return -EINVAL;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	fresh->calls = calls;
	fresh->context = context;
	fresh->epoch = claims->epoch;
	fresh->listener = -1;
	pthread_mutexattr_init(&attributes);
	/* Whoever is asked to hand over asks how many wait. */
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&fresh->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	for (number = 0; number < CLIENTS; number++)
		fresh->clients[number].fd = -1;
	fresh->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	fresh->epoll = epoll_create1(EPOLL_CLOEXEC);
	error = fresh->timer < 0 || fresh->epoll < 0 ? -errno : 0;
	if (!error)
		error = sluice_claim_socket(fresh->path, claims->relay.path);
	if (!error) {
		fresh->listener = sluice_handed_take(SLUICE_HANDED_WAITERS, fresh->path);
		if (fresh->listener < 0)
			fresh->listener = sluice_packet_listen(fresh->path);
		error = fresh->listener < 0 ? fresh->listener : 0;
	}
	if (!error)
		error = watch(fresh, fresh->listener);
	if (!error)
		error = watch(fresh, fresh->timer);
	if (error) {
		sluice_active_close(fresh);
		return error;
	}
	*active = fresh;
	return 0;
}

void sluice_active_close(struct sluice_active *active)
{
	size_t number;

	if (!active)
		return;
	/* The name first: who comes then finds nobody, and not somebody who does not answer. */
	if (active->listener >= 0) {
		(void)unlink(active->path);
		close(active->listener);
	}
	for (number = 0; number < CLIENTS; number++)
		if (active->clients[number].fd >= 0)
			close(active->clients[number].fd);
	pthread_mutex_destroy(&active->lock);
	if (active->timer >= 0)
		close(active->timer);
	if (active->epoll >= 0)
		close(active->epoll);
	free(active);
}

void sluice_active_leave(struct sluice_active *active)
{
	if (!active)
		return;
	if (active->listener >= 0)
		close(active->listener);
	active->listener = -1;
	sluice_active_close(active);
}

int sluice_active_listener(const struct sluice_active *active, const char **path)
{
	if (!active || !path)
		return -1;
	*path = active->path;
	return active->listener;
}

int sluice_active_fd(const struct sluice_active *active)
{
	return active ? active->epoll : -1;
}

size_t sluice_active_standbys(struct sluice_active *active)
{
	size_t number, count = 0;

	if (!active)
		return 0;
	pthread_mutex_lock(&active->lock);
	for (number = 0; number < CLIENTS; number++)
		count += active->clients[number].fd >= 0 && active->clients[number].is_standby;
	pthread_mutex_unlock(&active->lock);
	return count;
}

/* Beats while somebody waits. */
static void set_timer(struct sluice_active *active)
{
	const long beat = SLUICE_STANDBY_BEAT_MS * 1000000L;
	struct itimerspec when = {0};

	if (sluice_active_standbys(active)) {
		when.it_value.tv_nsec = 1;
		when.it_interval.tv_nsec = beat;
	}
	(void)timerfd_settime(active->timer, 0, &when, NULL);
}

/* Ends with one. */
static void hang_up(struct sluice_active *active, struct client *client)
{
	bool waited = client->is_standby;

	close(client->fd);
	*client = (struct client){.fd = -1};
	if (!waited)
		return;
	sluice_notice("a standby is gone; %zu wait", sluice_active_standbys(active));
	set_timer(active);
}

/* Is it root or our own user? By the kernel's word. */
static bool is_trusted(int fd, struct ucred *peer)
{
	socklen_t length = sizeof(*peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &length) &&
	       (peer->uid == 0 || peer->uid == geteuid());
}

/* Takes whoever comes. */
static void take_in(struct sluice_active *active)
{
	const int room = ROOM;
	struct ucred peer;
	size_t number;
	int fd;

	while ((fd = accept4(active->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		for (number = 0; number < CLIENTS && active->clients[number].fd >= 0;)
			number++;
		if (number == CLIENTS || !is_trusted(fd, &peer) || watch(active, fd)) {
			close(fd);
			continue;
		}
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
		active->clients[number] = (struct client){.fd = fd};
	}
}

/* Answers who wants us to hand over. */
static void answer_yield(struct sluice_active *active, struct client *client, bool leave)
{
	struct sluice_standby_message answer = sluice_standby_message_of(SLUICE_STANDBY_ANSWER);

	answer.epoch = active->epoch;
	answer.number = (uint64_t)active->calls->yield(active->context, leave, answer.text,
						       sizeof(answer.text));
	(void)sluice_standby_send(client->fd, &answer, -1);
}

/* One more waits. */
static void greet(struct sluice_active *active, struct client *client, uint32_t pid)
{
	if (client->is_standby)
		return;
	client->is_standby = true;
	sluice_notice("process %u is a standby of this relay; %zu wait", pid,
		      sluice_active_standbys(active));
	set_timer(active);
	active->calls->joined(active->context);
}

/* Hears one out. */
static void listen_to(struct sluice_active *active, struct client *client)
{
	struct sluice_standby_message message;
	char text[SLUICE_STANDBY_TEXT + 128];
	int fd, error;

	while (client->fd >= 0) {
		error = sluice_standby_receive(client->fd, &message, &fd);
		if (error == -EAGAIN)
			return;
		if (fd >= 0)
			close(fd);
		if (error == -EBADMSG)
			continue;
		if (error) {
			hang_up(active, client);
			return;
		}
		if (message.kind == SLUICE_STANDBY_WAIT) {
			greet(active, client, message.pid);
		} else if (message.kind == SLUICE_STANDBY_YIELD) {
			answer_yield(active, client, message.number == 1);
		} else if (message.kind == SLUICE_STANDBY_DOUBT) {
			snprintf(text, sizeof(text), "standby %u heard nothing for %llu ms (%s)",
				 message.pid, (unsigned long long)message.number, message.text);
			active->calls->contested(active->context, text);
		}
	}
}

/* Says to all that wait that we go round. */
static void beat(struct sluice_active *active)
{
	struct sluice_standby_message message = sluice_standby_message_of(SLUICE_STANDBY_BEAT);
	size_t number;
	int error;

	message.epoch = active->epoch;
	for (number = 0; number < CLIENTS; number++) {
		struct client *client = &active->clients[number];

		if (client->fd < 0 || !client->is_standby)
			continue;
		error = sluice_standby_send(client->fd, &message, -1);
		/* One that does not read has to see for himself. */
		if (error && error != -EAGAIN)
			hang_up(active, client);
	}
}

/* Who it is that has something for us. */
static struct client *client_of(struct sluice_active *active, int fd)
{
	size_t number;

	for (number = 0; number < CLIENTS; number++)
		if (active->clients[number].fd == fd)
			return &active->clients[number];
	return NULL;
}

void sluice_active_serve(struct sluice_active *active)
{
	struct epoll_event event;
	struct client *client;
	unsigned int rounds;
	uint64_t expired;

	if (!active)
		return;
	pthread_mutex_lock(&active->lock);
	for (rounds = 0; rounds < CLIENTS && epoll_wait(active->epoll, &event, 1, 0) == 1;
	     rounds++) {
		if (event.data.fd == active->listener)
			take_in(active);
		else if (event.data.fd == active->timer) {
			if (read(active->timer, &expired, sizeof(expired)) > 0)
				beat(active);
		} else if ((client = client_of(active, event.data.fd)))
			listen_to(active, client);
	}
	pthread_mutex_unlock(&active->lock);
}

/* Sends one to all that wait and have got all of the list so far. */
static void show(struct sluice_active *active, const struct sluice_standby_message *message, int fd)
{
	size_t number;
	int error;

	pthread_mutex_lock(&active->lock);
	for (number = 0; number < CLIENTS; number++) {
		struct client *client = &active->clients[number];

		if (client->fd < 0 || !client->is_shown)
			continue;
		error = sluice_standby_send(client->fd, message, fd);
		if (!error)
			continue;
		/* What it has is of no use to it, or harm: it comes again, and asks anew. */
		sluice_warning("a standby cannot be shown all sockets: %s; it begins again",
			       strerror(-error));
		hang_up(active, client);
	}
	pthread_mutex_unlock(&active->lock);
}

void sluice_active_show_begin(struct sluice_active *active)
{
	struct sluice_standby_message message = sluice_standby_message_of(SLUICE_STANDBY_SOCKETS);
	size_t number;

	if (!active)
		return;
	active->shown = 0;
	pthread_mutex_lock(&active->lock);
	for (number = 0; number < CLIENTS; number++)
		active->clients[number].is_shown = active->clients[number].is_standby;
	pthread_mutex_unlock(&active->lock);
	message.epoch = active->epoch;
	show(active, &message, -1);
}

void sluice_active_show(struct sluice_active *active, int fd, const char *name)
{
	struct sluice_standby_message message = sluice_standby_message_of(SLUICE_STANDBY_SOCKET);

	if (!active || fd < 0 || !name)
		return;
	snprintf(message.text, sizeof(message.text), "%s", name);
	message.epoch = active->epoch;
	message.number = active->shown++;
	show(active, &message, fd);
}

void sluice_active_show_end(struct sluice_active *active)
{
	struct sluice_standby_message message =
		sluice_standby_message_of(SLUICE_STANDBY_SOCKETS_DONE);

	if (!active)
		return;
	message.epoch = active->epoch;
	message.number = active->shown;
	show(active, &message, -1);
}
