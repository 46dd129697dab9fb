// SPDX-License-Identifier: MIT
/*
 * Destinations' addresses; see resolve.h. The mutex of a target is held for a copy of a few hundred
 * bytes, never during a look-up, so that a worker may take it when it connects. Touches: the
 * system's resolver.
 */
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/clock.h"
#include "../../lib/log.h"
#include "../../lib/thread.h"
#include "../loop/treatment.h"
#include "resolve.h"

/* How many references the thread, the engine and the targets have of it. */
struct sluice_resolver {
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	struct sluice_target *queue; /* each with a reference of the queue's */
	unsigned int references;
	bool running;
	bool ended;
};

struct sluice_target {
	struct sluice_resolver *resolver;
	struct sluice_target *next; /* in the queue; resolver's lock */
	char *text, *host, port[8];
	char scope[IF_NAMESIZE]; /* of a link-local address: its interface; empty: none */
	unsigned int references; /* atomic */
	bool numeric;
	bool told; /* the log knows that it cannot be looked up; the resolver's thread only */

	struct sluice_presence presence;
	struct sluice_gate gate;

	pthread_mutex_t lock; /* over what follows */
	struct sockaddr_storage addresses[SLUICE_TARGET_ADDRESSES];
	socklen_t lengths[SLUICE_TARGET_ADDRESSES];
	unsigned int count;
	bool pending; /* in the queue, or being looked up */
	bool failed;
};

int sluice_resolver_create(struct sluice_resolver **result)
{
	struct sluice_resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return -ENOMEM;
	pthread_mutex_init(&resolver->lock, NULL);
	pthread_cond_init(&resolver->wanted, NULL);
	resolver->references = 1;
	*result = resolver;
	return 0;
}

/* Gives back a reference. */
static void resolver_put(struct sluice_resolver *resolver)
{
	if (__atomic_sub_fetch(&resolver->references, 1, __ATOMIC_ACQ_REL))
		return;
	pthread_cond_destroy(&resolver->wanted);
	pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

void sluice_resolver_free(struct sluice_resolver *resolver)
{
	struct sluice_target *queue;

	if (!resolver)
		return;
	pthread_mutex_lock(&resolver->lock);
	resolver->ended = true;
	queue = resolver->queue;
	resolver->queue = NULL;
	pthread_cond_signal(&resolver->wanted);
	pthread_mutex_unlock(&resolver->lock);
	while (queue) {
		struct sluice_target *target = queue;

		queue = target->next;
		sluice_target_put(target);
	}
	resolver_put(resolver);
}

/* Looks `target` up and keeps what came of it. May take long. */
static int look_up(struct sluice_target *target)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | (target->numeric ? AI_NUMERICHOST : 0),
	};
	enum sluice_thread_state before = sluice_thread_enters(SLUICE_THREAD_NAMES);
	struct addrinfo *list = NULL, *entry;
	unsigned int count = 0;
	int error = getaddrinfo(target->host, target->port, &hints, &list);

	sluice_thread_goes_back(before);
	pthread_mutex_lock(&target->lock);
	for (entry = error ? NULL : list; entry && count < SLUICE_TARGET_ADDRESSES;
	     entry = entry->ai_next) {
		if (entry->ai_addrlen > sizeof(target->addresses[0]))
			continue;
		memcpy(&target->addresses[count], entry->ai_addr, entry->ai_addrlen);
		target->lengths[count++] = entry->ai_addrlen;
	}
	/* Addresses that once were right are better than none. */
	if (count)
		target->count = count;
	target->failed = count == 0;
	target->pending = false;
	pthread_mutex_unlock(&target->lock);
	if (list)
		freeaddrinfo(list);
	return error;
}

/* struct sluice_thread_calls.poke */
static void poke(void *context)
{
	struct sluice_resolver *resolver = context;

	/* Without the lock: one that comes too early comes again. */
	pthread_cond_signal(&resolver->wanted);
}

/* The resolver's thread. */
static void *thread_main(void *argument)
{
	static const struct sluice_thread_calls calls = {.poke = poke};
	struct sluice_resolver *resolver = argument;
	struct sluice_target *target;
	int error;

	(void)sluice_thread_begin(SLUICE_THREAD_RESOLVER, "sluice-names", &calls, resolver);
	sluice_treatment_begin(SLUICE_CLASS_NAMES, 0);
	pthread_mutex_lock(&resolver->lock);
	for (;;) {
		while (!resolver->queue && !resolver->ended) {
			sluice_thread_sleeps();
			pthread_cond_wait(&resolver->wanted, &resolver->lock);
			(void)sluice_thread_wakes();
			/* Should it hang, nobody waits for the lock. */
			pthread_mutex_unlock(&resolver->lock);
			sluice_thread_progress(sluice_now());
			pthread_mutex_lock(&resolver->lock);
		}
		if (resolver->ended)
			break;
		target = resolver->queue;
		resolver->queue = target->next;
		pthread_mutex_unlock(&resolver->lock);
		error = look_up(target);
		/* Once, not every few seconds for as long as nobody mends it. */
		if (error && !target->told)
			sluice_warning_about(SLUICE_ABOUT(.destination = target->text),
					     "destination %s: its name cannot be looked up: %s",
					     target->text, gai_strerror(error));
		target->told = error != 0;
		sluice_target_put(target);
		pthread_mutex_lock(&resolver->lock);
	}
	pthread_mutex_unlock(&resolver->lock);
	sluice_treatment_end();
	sluice_thread_end();
	resolver_put(resolver);
	return NULL;
}

/* Starts the thread, if it does not run. Lock held. */
static bool start_thread(struct sluice_resolver *resolver)
{
	sigset_t all, before;
	pthread_t thread;

	if (resolver->running)
		return true;
	__atomic_add_fetch(&resolver->references, 1, __ATOMIC_RELAXED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	resolver->running = !pthread_create(&thread, NULL, thread_main, resolver);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (resolver->running)
		pthread_detach(thread);
	else
		__atomic_sub_fetch(&resolver->references, 1, __ATOMIC_RELAXED);
	return resolver->running;
}

void sluice_target_refresh(struct sluice_target *target)
{
	struct sluice_resolver *resolver = target->resolver;
	bool pending;

	if (target->numeric)
		return;
	pthread_mutex_lock(&target->lock);
	pending = target->pending;
	target->pending = true;
	pthread_mutex_unlock(&target->lock);
	if (pending)
		return;
	pthread_mutex_lock(&resolver->lock);
	if (!resolver->ended && start_thread(resolver)) {
		target->next = resolver->queue;
		resolver->queue = sluice_target_get(target);
		pthread_cond_signal(&resolver->wanted);
		pthread_mutex_unlock(&resolver->lock);
		return;
	}
	pthread_mutex_unlock(&resolver->lock);
	pthread_mutex_lock(&target->lock);
	target->pending = false;
	target->failed = true;
	pthread_mutex_unlock(&target->lock);
}

/*
 * Takes the interface off an address like fe80::1%eth0: it may come later, and have another number
 * each time it comes. What is too long for a name stays: no look-up finds it.
 */
static void split_scope(struct sluice_target *target)
{
	char *mark = strchr(target->host, '%');

	if (!mark || !strchr(target->host, ':') || !mark[1] ||
	    strlen(mark + 1) >= sizeof(target->scope))
		return;
	memcpy(target->scope, mark + 1, strlen(mark + 1) + 1);
	*mark = '\0';
}

struct sluice_target *sluice_target_create(struct sluice_resolver *resolver,
					   const struct sluice_config_destination *destination)
{
	struct sluice_target *target;

	if (!resolver || !destination || !destination->host || !destination->text)
		return NULL;
	target = calloc(1, sizeof(*target));
	if (!target)
		return NULL;
	target->references = 1;
	pthread_mutex_init(&target->lock, NULL);
	sluice_presence_begin(&target->presence);
	__atomic_add_fetch(&resolver->references, 1, __ATOMIC_RELAXED);
	target->resolver = resolver;
	target->text = strdup(destination->text);
	target->host = strdup(destination->host);
	snprintf(target->port, sizeof(target->port), "%u", destination->port);
	if (!target->text || !target->host) {
		sluice_target_put(target);
		return NULL;
	}
	split_scope(target);
	target->numeric = true;
	if (look_up(target)) {
		target->numeric = false;
		target->failed = false;
		sluice_target_refresh(target);
	}
	return target;
}

struct sluice_target *sluice_target_get(struct sluice_target *target)
{
	__atomic_add_fetch(&target->references, 1, __ATOMIC_RELAXED);
	return target;
}

void sluice_target_put(struct sluice_target *target)
{
	if (!target || __atomic_sub_fetch(&target->references, 1, __ATOMIC_ACQ_REL))
		return;
	pthread_mutex_destroy(&target->lock);
	sluice_presence_end(&target->presence);
	resolver_put(target->resolver);
	free(target->text);
	free(target->host);
	free(target);
}

const char *sluice_target_text(const struct sluice_target *target)
{
	return target->text;
}

const char *sluice_target_host(const struct sluice_target *target)
{
	return target->host;
}

unsigned int sluice_target_interface(const struct sluice_target *target)
{
	unsigned int index = target->scope[0] ? if_nametoindex(target->scope) : 0;
	char name[IF_NAMESIZE], *rest;
	unsigned long number;

	if (index || !target->scope[0])
		return index;
	number = strtoul(target->scope, &rest, 10);
	return !*rest && number <= UINT32_MAX && if_indextoname((unsigned int)number, name)
		       ? (unsigned int)number
		       : 0;
}

int sluice_target_address(struct sluice_target *target, unsigned int attempt,
			  struct sockaddr_storage *address, socklen_t *length, unsigned int *count)
{
	int error = 0;

	pthread_mutex_lock(&target->lock);
	*count = target->count;
	if (target->count) {
		*address = target->addresses[attempt % target->count];
		*length = target->lengths[attempt % target->count];
	} else {
		error = target->pending ? -EAGAIN : -ENOENT;
	}
	pthread_mutex_unlock(&target->lock);
	if (error == -ENOENT)
		sluice_target_refresh(target);
	if (error || !target->scope[0] || address->ss_family != AF_INET6)
		return error;
	((struct sockaddr_in6 *)address)->sin6_scope_id = sluice_target_interface(target);
	return ((struct sockaddr_in6 *)address)->sin6_scope_id ? 0 : -ENODEV;
}

struct sluice_gate *sluice_target_gate(struct sluice_target *target)
{
	return &target->gate;
}

struct sluice_presence *sluice_target_presence(struct sluice_target *target)
{
	return &target->presence;
}
