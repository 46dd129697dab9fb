// SPDX-License-Identifier: MIT
/*
 * A thread of an inlet: takes connections, reads them in turn, and lets all of them wait while its
 * ring has no room; see inlet.h. Touches: its sockets, epoll, eventfds.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/log.h"
#include "../../lib/thread.h"
#include "inlet.h"

#define EVENTS 128
/* Connections that are taken before others have their turn. */
#define ACCEPTS 16
/* How often the clock is looked at, and more often while a relay waits to be told of something. */
#define LOOK_NS SLUICE_NS_PER_S
#define LOOK_SOON_NS (20 * SLUICE_NS_PER_MS)
/* Room is looked for after so long without being told of it, too. */
#define ROOM_NS (20 * SLUICE_NS_PER_MS)
/* How long nobody is taken after there were no descriptors. */
#define PAUSE_NS (100 * SLUICE_NS_PER_MS)

/* Is the thread to end, or to store nothing more? */
static bool is_over(const struct sluice_inlet *inlet)
{
	return sluice_load_relaxed(&inlet->ends) || sluice_load_relaxed(&inlet->is_still);
}

/* Drops those that are over. No event of this round names one of them any more. */
static void sweep(struct sluice_inlet_thread *thread)
{
	struct sluice_inlet_connection *connection = thread->first, *next;

	for (; connection; connection = next) {
		next = connection->next;
		if (connection->is_over)
			sluice_inlet_drop(thread, connection);
	}
}

/* Reads one. */
static void serve(struct sluice_inlet_connection *connection)
{
	int error = sluice_inlet_is_native(connection->thread->inlet)
			    ? sluice_inlet_native_read(connection)
			    : sluice_inlet_plain_read(connection);

	connection->is_blocked = error == -EAGAIN;
	if (error && error != -EAGAIN)
		connection->is_over = true;
}

/* Who comes is turned away: with a reset, so that he knows. */
static void refuse(struct sluice_inlet_thread *thread, int fd)
{
	const struct linger now = {.l_onoff = 1};

	sluice_count(&thread->counts->refused, 1);
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* May he connect? */
static bool is_welcome(struct sluice_inlet_thread *thread, const struct sockaddr_storage *peer)
{
	const struct sluice_config_inlet *config = &thread->inlet->config.inlet;

	if (config->allow_count &&
	    !sluice_config_prefixes_hold(config->allow, config->allow_count, peer))
		return false;
	if (sluice_config_prefixes_hold(config->deny, config->deny_count, peer))
		return false;
	return !config->limit ||
	       __atomic_load_n(&thread->inlet->connections, __ATOMIC_RELAXED) < config->limit;
}

/* Takes those that wait. */
static void take_all(struct sluice_inlet_thread *thread)
{
	struct sockaddr_storage peer;
	socklen_t length;
	unsigned int number;
	int fd, error;

	for (number = 0; number < ACCEPTS; number++) {
		length = sizeof(peer);
		memset(&peer, 0, sizeof(peer));
		fd = accept4(thread->listen, (struct sockaddr *)&peer, &length,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0) {
			error = errno;
			if (error != EAGAIN) {
				thread->paused = sluice_now() + PAUSE_NS;
				(void)epoll_ctl(thread->epoll, EPOLL_CTL_DEL, thread->listen, NULL);
				sluice_warning("input `%s`: no connection can be taken: %s; those "
					       "that come wait (raise LimitNOFILE of the service, "
					       "or set inputs.limit)",
					       thread->inlet->input->name, strerror(error));
			}
			return;
		}
		if (!is_welcome(thread, &peer) || sluice_inlet_add(thread, fd, &peer))
			refuse(thread, fd);
	}
}

/* By the clock: those that are silent for too long go, and it is listened again after a pause. */
static void look(struct sluice_inlet_thread *thread, uint64_t now)
{
	uint64_t limit = thread->inlet->config.inlet.idle_timeout_us * SLUICE_NS_PER_US;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	struct sluice_inlet_connection *connection;

	if (thread->paused && now >= thread->paused) {
		thread->paused = 0;
		(void)epoll_ctl(thread->epoll, EPOLL_CTL_ADD, thread->listen, &event);
	}
	for (connection = thread->first; connection; connection = connection->next) {
		if (thread->is_full && connection->link) {
			sluice_receiver_link_beat(connection->link);
			connection->is_over =
				connection->is_over || sluice_inlet_native_write(connection) != 0;
		}
		if (!limit || connection->is_blocked || now - connection->heard < limit)
			continue;
		sluice_count(&thread->counts->idle, 1);
		connection->is_over = true;
	}
}

/* Those that waited for room have their turn. */
static void go_on(struct sluice_inlet_thread *thread)
{
	struct sluice_inlet_connection *connection;

	thread->is_full = false;
	for (connection = thread->first; connection && !thread->is_full;
	     connection = connection->next)
		if (connection->is_blocked && !connection->is_over)
			serve(connection);
}

/* Waits for room, or for the end. Nothing is read meanwhile. */
static void wait_for_room(struct sluice_inlet_thread *thread)
{
	struct pollfd wanted[2] = {{.fd = thread->wake, .events = POLLIN},
				   {.fd = thread->stream->room, .events = POLLIN}};
	const struct timespec time = {.tv_nsec = ROOM_NS};
	uint64_t count;

	sluice_thread_sleeps();
	(void)ppoll(wanted, 2, &time, NULL);
	(void)sluice_thread_wakes();
	sluice_thread_progress(sluice_now());
	if (wanted[0].revents)
		(void)!read(thread->wake, &count, sizeof(count));
	if (wanted[1].revents)
		(void)!read(thread->stream->room, &count, sizeof(count));
	if (!is_over(thread->inlet))
		go_on(thread);
}

/* Waits for what comes, and serves it. */
static void wait_for_more(struct sluice_inlet_thread *thread, uint64_t next)
{
	struct epoll_event events[EVENTS];
	struct sluice_inlet_connection *connection;
	uint64_t now = sluice_now(), told;
	int count, number, ms = next > now ? (int)((next - now + 999999) / SLUICE_NS_PER_MS) : 0;

	sluice_thread_sleeps();
	count = epoll_wait(thread->epoll, events, EVENTS, ms);
	(void)sluice_thread_wakes();
	sluice_thread_progress(sluice_now());
	for (number = 0; number < count && !thread->is_full && !is_over(thread->inlet); number++) {
		connection = events[number].data.ptr;
		if (events[number].data.ptr == thread) { /* the eventfd */
			(void)!read(thread->wake, &told, sizeof(told));
			continue;
		}
		if (!connection) {
			take_all(thread);
			continue;
		}
		if ((events[number].events & EPOLLOUT) && connection->link &&
		    sluice_inlet_native_write(connection))
			connection->is_over = true;
		else if (events[number].events & ~(unsigned int)EPOLLOUT)
			serve(connection);
	}
}

/* It stores nothing more after this: of plain connections what has come by now, as far as there is
 * room. What a relay sent it sends again. */
static void finish(struct sluice_inlet_thread *thread)
{
	struct sluice_inlet_connection *connection, *next;

	if (!sluice_inlet_is_native(thread->inlet))
		for (connection = thread->first; connection; connection = connection->next)
			if (!connection->is_over)
				serve(connection);
	for (connection = thread->first; connection; connection = next) {
		next = connection->next;
		/* The others go to the next process with what they have. */
		if (sluice_inlet_is_native(thread->inlet) || connection->is_over ||
		    !thread->inlet->passes)
			sluice_inlet_drop(thread, connection);
	}
	sluice_inlet_native_close(thread);
	sluice_inlet_flush(thread);
}

/* struct sluice_thread_calls.poke */
static void poke(void *context)
{
	const struct sluice_inlet_thread *thread = context;
	const uint64_t one = 1;

	(void)!write(thread->wake, &one, sizeof(one));
}

/* The thread. */
static void *thread_main(void *argument)
{
	static const struct sluice_thread_calls calls = {.poke = poke};
	struct sluice_inlet_thread *thread = argument;
	uint64_t looked = sluice_now(), now, next;

	(void)sluice_thread_begin(SLUICE_THREAD_INLET, "sluice-inlet", &calls, thread);
	while (!is_over(thread->inlet)) {
		now = sluice_now();
		next = looked + LOOK_NS;
		if (sluice_inlet_native_waits(thread) || thread->paused || thread->is_untold)
			next = now + LOOK_SOON_NS;
		if (thread->is_full)
			wait_for_room(thread);
		else
			wait_for_more(thread, next);
		sluice_inlet_native_settle(thread);
		sluice_inlet_flush(thread);
		now = sluice_now();
		if (now - looked >= LOOK_NS || thread->paused) {
			look(thread, now);
			looked = now;
		}
		sweep(thread);
	}
	finish(thread);
	sluice_thread_end();
	return NULL;
}

/* Makes what a thread waits by, and starts it. 0 or a negative errno. */
static int start(struct sluice_inlet_thread *thread)
{
	struct epoll_event listen = {.events = EPOLLIN, .data.ptr = NULL};
	struct epoll_event wake = {.events = EPOLLIN, .data.ptr = thread};
	int error;

	thread->epoll = epoll_create1(EPOLL_CLOEXEC);
	thread->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (thread->epoll < 0 || thread->wake < 0 ||
	    epoll_ctl(thread->epoll, EPOLL_CTL_ADD, thread->listen, &listen) ||
	    epoll_ctl(thread->epoll, EPOLL_CTL_ADD, thread->wake, &wake))
		return -errno;
	if (sluice_inlet_is_native(thread->inlet)) {
		error = sluice_inlet_native_begin(thread);
		if (error)
			return error;
	}
	sluice_inlet_take_over(thread);
	error = pthread_create(&thread->thread, NULL, thread_main, thread);
	thread->is_started = !error;
	return -error;
}

int sluice_inlet_start(struct sluice_inlet *inlet)
{
	size_t number;
	int error = 0;

	for (number = 0; !error && number < inlet->thread_count; number++)
		if (!inlet->threads[number].is_started)
			error = start(&inlet->threads[number]);
	return error;
}

void sluice_inlet_stop(struct sluice_inlet *inlet)
{
	const uint64_t one = 1;
	size_t number;

	sluice_store_relaxed(&inlet->ends, true);
	for (number = 0; number < inlet->thread_count; number++) {
		struct sluice_inlet_thread *thread = &inlet->threads[number];

		if (!thread->is_started)
			continue;
		(void)!write(thread->wake, &one, sizeof(one));
		pthread_join(thread->thread, NULL);
		thread->is_started = false;
	}
}
