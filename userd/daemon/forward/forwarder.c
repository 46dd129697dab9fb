// SPDX-License-Identifier: MIT
/*
 * A loop that forwards; see forwarder.h.
 *
 * The listeners are in an epoll descriptor of their own, which is watched like a socket: so the
 * control thread adds them and takes them out, and while there are no descriptors left the loop
 * looks away from all of them at once.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "../../lib/barrier.h"
#include "../../lib/clock.h"
#include "../../lib/log.h"
#include "../../lib/thread.h"
#include "../loop/treatment.h"
#include "forwarder.h"
#include "tunnel.h"

#define EVENTS 128
/* Connections taken from a listener before others have their turn, and other loops theirs. */
#define ACCEPTS 4
/* How often tunnels are looked at that pass bytes, and while one waits for something. */
#define LOOK_NS SLUICE_NS_PER_S
#define LOOK_SOON_NS (20 * SLUICE_NS_PER_MS)
/* How long nothing is taken after there were no descriptors for it. */
#define PAUSE_NS (100 * SLUICE_NS_PER_MS)

/* What epoll knows a descriptor of the loop itself by. */
struct watched {
	enum sluice_watched kind;
};

struct sluice_forwarder {
	struct sluice_tunnel_loop loop;
	pthread_t thread;
	int doors; /* epoll of the listeners */
	int event;
	struct watched doors_watched, event_watched;
	struct sluice_tunnel *first; /* all of them */
	struct sluice_tunnel *ready; /* with more to do */
	size_t waiting;		     /* that are not connected yet */
	uint64_t looked;	     /* when all were looked at, ns */
	uint64_t paused;	     /* until when nothing is taken, ns; 0: it is */
	bool is_told;		     /* that there are no descriptors */
	unsigned int is_ended;
	unsigned int is_poked;
	uint64_t rounds __attribute__((aligned(64)));
};

/* Puts one of the loop's own descriptors into its epoll. 0 or a negative errno. */
static int watch_own(struct sluice_forwarder *forwarder, int fd, struct watched *watched)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watched};

	return epoll_ctl(forwarder->loop.epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Notes that a tunnel has more to do. */
static void put_ready(struct sluice_forwarder *forwarder, struct sluice_tunnel *tunnel)
{
	if (tunnel->is_ready)
		return;
	tunnel->is_ready = true;
	tunnel->next_ready = forwarder->ready;
	forwarder->ready = tunnel;
}

/* A new tunnel. */
static void add(struct sluice_forwarder *forwarder, struct sluice_tunnel *tunnel)
{
	tunnel->next = forwarder->first;
	if (tunnel->next)
		tunnel->next->previous = tunnel;
	forwarder->first = tunnel;
	forwarder->waiting++;
}

/* Frees the tunnels that are over, and counts those that wait. Events of this round that name them
 * have been served. */
static void sweep(struct sluice_forwarder *forwarder)
{
	struct sluice_tunnel *tunnel, *next;

	forwarder->waiting = 0;
	for (tunnel = forwarder->first; tunnel; tunnel = next) {
		next = tunnel->next;
		if (tunnel->state == SLUICE_TUNNEL_RESOLVING ||
		    tunnel->state == SLUICE_TUNNEL_CONNECTING)
			forwarder->waiting++;
		if (tunnel->state != SLUICE_TUNNEL_OVER || tunnel->is_ready)
			continue;
		if (tunnel->previous)
			tunnel->previous->next = next;
		else
			forwarder->first = next;
		if (next)
			next->previous = tunnel->previous;
		sluice_tunnel_free(tunnel);
	}
}

/* There are no descriptors, or no memory, for one more connection: nothing is taken for a while.
 * Who comes waits in the kernel's queue. */
static void pause_doors(struct sluice_forwarder *forwarder, int error)
{
	if (!forwarder->is_told)
		sluice_warning("forwards: no connection can be taken: %s; those that come wait "
			       "(raise LimitNOFILE of the service, or set forwards.limit)",
			       strerror(error));
	forwarder->is_told = true;
	forwarder->paused = forwarder->loop.now + PAUSE_NS;
	(void)epoll_ctl(forwarder->loop.epoll, EPOLL_CTL_DEL, forwarder->doors, NULL);
}

/* Takes one connection. False: there is none, or none can be taken. */
static bool take(struct sluice_forwarder *forwarder, struct sluice_forward_listener *listener)
{
	struct sockaddr_storage address = {0};
	struct sluice_forward_terms *terms;
	socklen_t length = sizeof(address);
	struct sluice_forward *forward;
	struct sluice_tunnel *tunnel;
	int fd;

	fd = accept4(listener->fd, (struct sockaddr *)&address, &length,
		     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_doors(forwarder, errno);
		return false;
	}
	pthread_mutex_lock(&listener->lock);
	forward = listener->forward ? sluice_forward_get(listener->forward) : NULL;
	pthread_mutex_unlock(&listener->lock);
	terms = forward ? sluice_forward_current(forward) : NULL;
	if (!terms || !sluice_forward_admit(forward, terms, &address, forwarder->loop.number)) {
		sluice_tunnel_reset(fd);
		sluice_forward_terms_put(terms);
		sluice_forward_put(forward);
		return true;
	}
	tunnel = sluice_tunnel_new(&forwarder->loop, fd, &address, forward, terms);
	if (tunnel)
		add(forwarder, tunnel);
	return true;
}

/* Takes from the listeners that have something. */
static void serve_doors(struct sluice_forwarder *forwarder)
{
	struct epoll_event events[16];
	int count = epoll_wait(forwarder->doors, events, 16, 0), number, turn;

	for (number = 0; number < count && !forwarder->paused; number++)
		for (turn = 0; turn < ACCEPTS && take(forwarder, events[number].data.ptr); turn++)
			;
}

/* A tunnel has its turn. */
static void turn(struct sluice_forwarder *forwarder, struct sluice_tunnel *tunnel)
{
	if (sluice_tunnel_turn(tunnel, &forwarder->loop))
		put_ready(forwarder, tunnel);
}

/* Serves what epoll told. Returns whether a tunnel may be over, or one is new. */
static bool serve(struct sluice_forwarder *forwarder, const struct epoll_event *events, int count)
{
	bool is_changed = false;
	uint64_t value;
	int number;

	for (number = 0; number < count; number++) {
		const struct watched *watched = events[number].data.ptr;
		const struct sluice_tunnel_end *end = events[number].data.ptr;

		switch (watched->kind) {
		case SLUICE_WATCHED_END:
			sluice_tunnel_notice(end->tunnel, &forwarder->loop, end,
					     events[number].events);
			turn(forwarder, end->tunnel);
			is_changed |= end->tunnel->state == SLUICE_TUNNEL_OVER;
			break;
		case SLUICE_WATCHED_DOORS:
			serve_doors(forwarder);
			is_changed = true;
			break;
		case SLUICE_WATCHED_POKE:
			(void)!read(forwarder->event, &value, sizeof(value));
			break;
		}
	}
	return is_changed;
}

/* Those with more to do have a turn each. Returns whether one is over. */
static bool serve_ready(struct sluice_forwarder *forwarder)
{
	struct sluice_tunnel *tunnel = forwarder->ready;
	bool is_changed = false;

	forwarder->ready = NULL;
	while (tunnel) {
		struct sluice_tunnel *next = tunnel->next_ready;

		tunnel->is_ready = false;
		turn(forwarder, tunnel);
		is_changed |= tunnel->state == SLUICE_TUNNEL_OVER;
		tunnel = next;
	}
	return is_changed;
}

/* Looks at all tunnels, if it is time. Returns whether it did. */
static bool look(struct sluice_forwarder *forwarder, bool is_asked)
{
	uint64_t pause = forwarder->waiting ? LOOK_SOON_NS : LOOK_NS;
	struct sluice_tunnel *tunnel;

	if (!is_asked && forwarder->loop.now - forwarder->looked < pause)
		return false;
	forwarder->looked = forwarder->loop.now;
	for (tunnel = forwarder->first; tunnel; tunnel = tunnel->next)
		sluice_tunnel_look(tunnel, &forwarder->loop);
	return true;
}

/* Takes connections again, when it is time. */
static void go_on(struct sluice_forwarder *forwarder)
{
	if (!forwarder->paused || forwarder->loop.now < forwarder->paused)
		return;
	forwarder->paused = 0;
	(void)watch_own(forwarder, forwarder->doors, &forwarder->doors_watched);
}

/* How long it may sleep, ms; -1: until something happens. */
static int sleep_ms(const struct sluice_forwarder *forwarder)
{
	if (forwarder->ready)
		return 0;
	if (forwarder->waiting || forwarder->paused)
		return (int)(LOOK_SOON_NS / SLUICE_NS_PER_MS);
	return forwarder->first ? (int)(LOOK_NS / SLUICE_NS_PER_MS) : -1;
}

/* struct sluice_thread_calls.poke */
static void poke(void *context)
{
	struct sluice_forwarder *forwarder = context;
	const uint64_t one = 1;

	(void)!write(forwarder->event, &one, sizeof(one));
}

/* The thread. */
static void *thread_main(void *argument)
{
	static const struct sluice_thread_calls calls = {.poke = poke};
	struct sluice_forwarder *forwarder = argument;
	struct epoll_event events[EVENTS];
	struct sluice_tunnel *tunnel;
	char name[16];
	bool is_changed;
	int count;

	snprintf(name, sizeof(name), "sluice-f%zu", forwarder->loop.number);
	(void)sluice_thread_begin(SLUICE_THREAD_FORWARDER, name, &calls, forwarder);
	sluice_treatment_begin(SLUICE_CLASS_FORWARDER, (unsigned int)forwarder->loop.number);
	/* Pairs with the release in sluice_forwarder_stop(). */
	while (!sluice_load_acquire(&forwarder->is_ended)) {
		sluice_thread_sleeps();
		count = epoll_wait(forwarder->loop.epoll, events, EVENTS, sleep_ms(forwarder));
		(void)sluice_thread_wakes();
		forwarder->loop.now = sluice_now();
		sluice_thread_progress(forwarder->loop.now);
		is_changed = serve(forwarder, events, count);
		is_changed |= serve_ready(forwarder);
		is_changed |= look(forwarder,
				   __atomic_exchange_n(&forwarder->is_poked, 0, __ATOMIC_ACQUIRE));
		go_on(forwarder);
		if (is_changed)
			sweep(forwarder);
		/* Pairs with the acquire in sluice_forwarder_rounds(). */
		sluice_store_release(&forwarder->rounds, forwarder->rounds + 1);
	}
	forwarder->ready = NULL;
	for (tunnel = forwarder->first; tunnel; tunnel = tunnel->next) {
		tunnel->is_ready = false;
		sluice_tunnel_abort(tunnel, &forwarder->loop);
	}
	sweep(forwarder);
	sluice_pipe_pool_empty(&forwarder->loop.pool);
	sluice_treatment_end();
	sluice_thread_end();
	return NULL;
}

/* Closes the descriptors and frees it. */
static void dispose(struct sluice_forwarder *forwarder)
{
	if (forwarder->loop.epoll >= 0)
		close(forwarder->loop.epoll);
	if (forwarder->doors >= 0)
		close(forwarder->doors);
	if (forwarder->event >= 0)
		close(forwarder->event);
	free(forwarder);
}

int sluice_forwarder_start(unsigned int number, struct sluice_forwarder **result)
{
	struct sluice_forwarder *forwarder = aligned_alloc(64, sizeof(*forwarder));
	int error = 0;

	if (!forwarder)
		return -ENOMEM;
	memset(forwarder, 0, sizeof(*forwarder));
	forwarder->loop.number = number;
	forwarder->loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	forwarder->doors = epoll_create1(EPOLL_CLOEXEC);
	forwarder->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	forwarder->doors_watched.kind = SLUICE_WATCHED_DOORS;
	forwarder->event_watched.kind = SLUICE_WATCHED_POKE;
	if (forwarder->loop.epoll < 0 || forwarder->doors < 0 || forwarder->event < 0)
		error = -errno;
	if (!error)
		error = watch_own(forwarder, forwarder->doors, &forwarder->doors_watched);
	if (!error)
		error = watch_own(forwarder, forwarder->event, &forwarder->event_watched);
	if (!error)
		error = -pthread_create(&forwarder->thread, NULL, thread_main, forwarder);
	if (error) {
		dispose(forwarder);
		return error;
	}
	*result = forwarder;
	return 0;
}

void sluice_forwarder_stop(struct sluice_forwarder *forwarder)
{
	if (!forwarder)
		return;
	/* Pairs with the acquire in thread_main(). */
	sluice_store_release(&forwarder->is_ended, 1U);
	poke(forwarder);
	pthread_join(forwarder->thread, NULL);
	dispose(forwarder);
}

int sluice_forwarder_watch(struct sluice_forwarder *forwarder,
			   struct sluice_forward_listener *listener)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = listener};

	return epoll_ctl(forwarder->doors, EPOLL_CTL_ADD, listener->fd, &event) ? -errno : 0;
}

void sluice_forwarder_unwatch(struct sluice_forwarder *forwarder,
			      const struct sluice_forward_listener *listener)
{
	(void)epoll_ctl(forwarder->doors, EPOLL_CTL_DEL, listener->fd, NULL);
}

void sluice_forwarder_poke(struct sluice_forwarder *forwarder)
{
	__atomic_store_n(&forwarder->is_poked, 1, __ATOMIC_RELEASE);
	poke(forwarder);
}

uint64_t sluice_forwarder_rounds(const struct sluice_forwarder *forwarder)
{
	return sluice_load_acquire(&forwarder->rounds);
}
