// SPDX-License-Identifier: MIT
/*
 * All forwards of the daemon; see forwards.h.
 *
 * A listener belongs to an address, not to a forward: so one that another forward has after a
 * change, or the same one under other terms, goes on, and nobody in its queue is lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../config/check.h"
#include "../../config/sentence.h"
#include "../../lib/barrier.h"
#include "../../lib/guid.h"
#include "../../lib/handed.h"
#include "../../lib/log.h"
#include "../handover/parcel.h"
#include "../loop/treatment.h"
#include "forwarder.h"
#include "forwards.h"
#include "listen.h"

/* One of a configuration that may come into force. */
struct next {
	sluice_guid id;
	struct sluice_forward_terms *terms;
	struct sluice_forward_listener **listeners;
	size_t listener_count;
};

struct sluice_forwards {
	struct sluice_resolver *resolver;
	struct sluice_forwarder **loops;
	size_t loop_count;
	struct sluice_forward *first; /* with those that are gone and have connections */
	struct sluice_forward_listener *listeners; /* those that take, and those prepared */
	struct sluice_forward_listener *retired;   /* that a loop may touch yet */
	struct next *next;
	size_t next_count;
};

/* Is there a loop that may touch a retired listener yet? */
static bool is_touched(const struct sluice_forwards *forwards,
		       const struct sluice_forward_listener *listener)
{
	size_t number;

	for (number = 0; number < forwards->loop_count; number++)
		if (sluice_forwarder_rounds(forwards->loops[number]) <
		    listener->retired[number] + 2)
			return true;
	return false;
}

/* Frees the retired listeners that no loop touches any more; all of them, when there are no loops.
 */
static void free_retired(struct sluice_forwards *forwards)
{
	struct sluice_forward_listener **at = &forwards->retired, *listener;

	while ((listener = *at)) {
		if (is_touched(forwards, listener)) {
			at = &listener->next;
			continue;
		}
		*at = listener->next;
		sluice_forward_listener_free(listener);
	}
}

/* Pokes all loops. */
static void poke(const struct sluice_forwards *forwards)
{
	size_t number;

	for (number = 0; number < forwards->loop_count; number++)
		sluice_forwarder_poke(forwards->loops[number]);
}

/* Closes a listener, which is in no list: nobody comes by it any more. */
static void retire(struct sluice_forwards *forwards, struct sluice_forward_listener *listener)
{
	size_t number;

	sluice_forward_listener_set(listener, NULL);
	listener->retired = calloc(forwards->loop_count + 1, sizeof(*listener->retired));
	for (number = 0; number < forwards->loop_count; number++) {
		sluice_forwarder_unwatch(forwards->loops[number], listener);
		if (listener->retired)
			listener->retired[number] =
				sluice_forwarder_rounds(forwards->loops[number]);
	}
	sluice_forward_listener_shut(listener);
	/* Without memory it stays for good: a loop may touch it. */
	if (!listener->retired)
		return;
	listener->next = forwards->retired;
	forwards->retired = listener;
}

/* Starts the loops, as many as there are workers. 0 or a negative errno. */
static int start_loops(struct sluice_forwards *forwards, const struct sluice_config *config)
{
	size_t wanted = config->worker_count, number;
	cpu_set_t set;
	int error = 0;

	if (!wanted)
		wanted = sluice_threads_worker_cpus(&config->threads, &set);
	forwards->loops = calloc(wanted, sizeof(struct sluice_forwarder *));
	if (!forwards->loops)
		return -ENOMEM;
	for (number = 0; number < wanted && !error; number++) {
		error = sluice_forwarder_start((unsigned int)number, &forwards->loops[number]);
		if (!error)
			forwards->loop_count++;
	}
	if (!error)
		return 0;
	while (forwards->loop_count)
		sluice_forwarder_stop(forwards->loops[--forwards->loop_count]);
	free(forwards->loops);
	forwards->loops = NULL;
	return error;
}

/* Finds the listener of an address. NULL: there is none. */
static struct sluice_forward_listener *find_listener(const struct sluice_forwards *forwards,
						     const struct sluice_config_listener *listen)
{
	struct sluice_forward_listener *listener = forwards->listeners;

	while (listener &&
	       memcmp(&listener->address, &listen->address, sizeof(listen->address)) != 0)
		listener = listener->next;
	return listener;
}

/* Prepares one address of a forward. 0, or a negative errno and *error. */
static int prepare_listener(struct sluice_forwards *forwards,
			    const struct sluice_config_forward *config,
			    const struct sluice_config_listener *listen, struct next *next,
			    char **error)
{
	struct sluice_forward_listener *listener = find_listener(forwards, listen);
	int result = 0;

	if (!listener) {
		result = sluice_forward_listener_open(listen, &listener);
		if (result) {
			sluice_say(error, "forward %s: cannot listen at %s: %s", config->name,
				   listen->text, sluice_config_listen_fault(result));
			return result;
		}
		listener->next = forwards->listeners;
		forwards->listeners = listener;
	}
	listener->is_wanted = true;
	next->listeners[next->listener_count++] = listener;
	return 0;
}

/* Prepares one forward. 0, or a negative errno and *error. */
static int prepare_forward(struct sluice_forwards *forwards,
			   const struct sluice_config_forward *config, char **error)
{
	struct next *next = &forwards->next[forwards->next_count++];
	size_t number;
	int result = 0;

	sluice_guid_copy(next->id, config->id);
	next->terms = sluice_forward_terms_new(config, forwards->resolver);
	next->listeners =
		calloc(config->listen_count + 1, sizeof(struct sluice_forward_listener *));
	if (!next->terms || !next->listeners)
		return -ENOMEM;
	for (number = 0; number < config->listen_count && !result; number++)
		result = prepare_listener(forwards, config, &config->listen[number], next, error);
	return result;
}

int sluice_forwards_prepare(struct sluice_forwards *forwards, const struct sluice_config *config,
			    char **error)
{
	size_t number;
	int result = 0;

	if (!forwards || !config || !error)
		return -EINVAL;
	sluice_forwards_cancel(forwards);
	free_retired(forwards);
	forwards->next = calloc(config->forward_count + 1, sizeof(*forwards->next));
	if (!forwards->next)
		return -ENOMEM;
	if (config->forward_count && !forwards->loops) {
		result = start_loops(forwards, config);
		if (result)
			sluice_say(error, "the threads of forwards: %s", strerror(-result));
	}
	for (number = 0; number < config->forward_count && !result; number++)
		result = prepare_forward(forwards, &config->forwards[number], error);
	if (result)
		sluice_forwards_cancel(forwards);
	return result;
}

/* Takes the listeners that nobody wants out of the list. Those that never took are closed at once.
 */
static void drop_unwanted(struct sluice_forwards *forwards, bool only_fresh)
{
	struct sluice_forward_listener **at = &forwards->listeners, *listener;

	while ((listener = *at)) {
		bool is_fresh = !listener->forward;

		if (listener->is_wanted || (only_fresh && !is_fresh)) {
			at = &listener->next;
			continue;
		}
		*at = listener->next;
		if (is_fresh)
			sluice_forward_listener_free(listener);
		else
			retire(forwards, listener);
	}
}

/* Forgets what was prepared. */
static void forget_next(struct sluice_forwards *forwards)
{
	struct sluice_forward_listener *listener;
	size_t number;

	for (number = 0; number < forwards->next_count; number++) {
		sluice_forward_terms_put(forwards->next[number].terms);
		free(forwards->next[number].listeners);
	}
	free(forwards->next);
	forwards->next = NULL;
	forwards->next_count = 0;
	for (listener = forwards->listeners; listener; listener = listener->next)
		listener->is_wanted = false;
}

void sluice_forwards_cancel(struct sluice_forwards *forwards)
{
	if (!forwards || !forwards->next)
		return;
	forget_next(forwards);
	drop_unwanted(forwards, true);
}

/* The forward with this id. NULL: there is none. */
static struct sluice_forward *find_forward(const struct sluice_forwards *forwards,
					   const sluice_guid id)
{
	struct sluice_forward *forward = forwards->first;

	while (forward && !sluice_guid_equal(forward->id, id))
		forward = forward->next;
	return forward;
}

/* Adds a forward behind the others. */
static void append(struct sluice_forwards *forwards, struct sluice_forward *forward)
{
	struct sluice_forward **at = &forwards->first;

	while (*at)
		at = &(*at)->next;
	*at = forward;
}

/* One forward is in force. Without memory it is not, and that is told. */
static void commit_forward(struct sluice_forwards *forwards, struct next *next)
{
	struct sluice_forward *forward = find_forward(forwards, next->id);
	size_t number, loop;

	if (!forward) {
		forward = sluice_forward_new(next->id, forwards->loop_count);
		if (!forward) {
			sluice_error("forward %s: out of memory: nothing is forwarded",
				     next->terms->name);
			return;
		}
		append(forwards, forward);
	}
	memcpy(forward->last_name, next->terms->name, sizeof(forward->last_name));
	sluice_forward_change(forward, next->terms);
	next->terms = NULL;
	for (number = 0; number < next->listener_count; number++) {
		struct sluice_forward_listener *listener = next->listeners[number];
		bool is_fresh = !listener->forward;

		sluice_forward_listener_set(listener, forward);
		for (loop = 0; is_fresh && loop < forwards->loop_count; loop++)
			if (sluice_forwarder_watch(forwards->loops[loop], listener))
				sluice_warning("forward %s: a thread cannot take from %s: %s",
					       forward->terms->name, listener->text,
					       strerror(errno));
	}
}

/* Frees forwards that are gone and have no connections. */
static void free_gone(struct sluice_forwards *forwards)
{
	struct sluice_forward **at = &forwards->first, *forward;

	while ((forward = *at)) {
		if (forward->terms || sluice_load_relaxed(&forward->now)) {
			at = &forward->next;
			continue;
		}
		*at = forward->next;
		sluice_forward_put(forward);
	}
}

void sluice_forwards_commit(struct sluice_forwards *forwards)
{
	struct sluice_forward *forward;
	size_t number;

	if (!forwards || !forwards->next)
		return;
	for (forward = forwards->first; forward; forward = forward->next) {
		for (number = 0; number < forwards->next_count; number++)
			if (sluice_guid_equal(forwards->next[number].id, forward->id))
				break;
		if (number == forwards->next_count)
			sluice_forward_change(forward, NULL);
	}
	for (number = 0; number < forwards->next_count; number++)
		commit_forward(forwards, &forwards->next[number]);
	drop_unwanted(forwards, false);
	forget_next(forwards);
	free_gone(forwards);
	poke(forwards);
}

void sluice_forwards_refuse(struct sluice_forwards *forwards)
{
	if (!forwards)
		return;
	sluice_forwards_cancel(forwards);
	drop_unwanted(forwards, false);
	poke(forwards);
}

uint64_t sluice_forwards_connections(const struct sluice_forwards *forwards)
{
	const struct sluice_forward *forward;
	uint64_t count = 0;

	for (forward = forwards ? forwards->first : NULL; forward; forward = forward->next)
		count += sluice_load_relaxed(&forward->now);
	return count;
}

int sluice_forwards_open(struct sluice_forwards **forwards, const struct sluice_config *config,
			 char **error)
{
	struct sluice_forwards *fresh = calloc(1, sizeof(*fresh));
	int result = -ENOMEM;

	if (fresh)
		result = sluice_resolver_create(&fresh->resolver);
	if (!result)
		result = sluice_forwards_prepare(fresh, config, error);
	if (result) {
		sluice_forwards_close(fresh);
		return result;
	}
	sluice_forwards_commit(fresh);
	*forwards = fresh;
	return 0;
}

void sluice_forwards_close(struct sluice_forwards *forwards)
{
	struct sluice_forward_listener *listener;
	struct sluice_forward *forward;

	if (!forwards)
		return;
	sluice_forwards_cancel(forwards);
	while (forwards->loop_count)
		sluice_forwarder_stop(forwards->loops[--forwards->loop_count]);
	free_retired(forwards);
	while ((listener = forwards->listeners)) {
		forwards->listeners = listener->next;
		sluice_forward_listener_free(listener);
	}
	while ((forward = forwards->first)) {
		forwards->first = forward->next;
		sluice_forward_put(forward);
	}
	sluice_resolver_free(forwards->resolver);
	free(forwards->loops);
	free(forwards);
}

/* What a forward does, as a word. */
static const char *state_of(const struct sluice_forward *forward)
{
	if (!forward->terms)
		return "draining";
	return sluice_load_relaxed(&forward->is_down) ? "unreachable" : "forwarding";
}

int sluice_forwards_list(const struct sluice_forwards *forwards,
			 struct sluice_control_forward **list, size_t *count)
{
	const struct sluice_forward *forward;
	struct sluice_forward_counts sum;
	size_t wanted = 0;

	*list = NULL;
	*count = 0;
	for (forward = forwards ? forwards->first : NULL; forward; forward = forward->next)
		wanted++;
	*list = calloc(wanted + 1, sizeof(**list));
	if (!*list)
		return -ENOMEM;
	for (forward = forwards ? forwards->first : NULL; forward; forward = forward->next) {
		/* One that is gone is only there while it has connections. */
		struct sluice_control_forward *picture = &(*list)[*count];

		picture->now = sluice_load_relaxed(&forward->now);
		if (!forward->terms && !picture->now)
			continue;
		++*count;
		sluice_forward_sum(forward, &sum);
		sluice_guid_copy(picture->id, forward->id);
		picture->name = forward->terms ? forward->terms->name : forward->last_name;
		picture->listen = forward->terms ? forward->terms->listen : "";
		picture->to = forward->terms ? forward->terms->to : "";
		picture->state = state_of(forward);
		picture->total = sum.total;
		picture->denied = sum.denied;
		picture->limited = sum.limited;
		picture->failed = sum.failed;
		picture->aborted = sum.aborted;
		picture->up = sum.up;
		picture->down = sum.down;
	}
	return 0;
}

int sluice_forwards_give(const struct sluice_forwards *forwards, struct sluice_parcel *parcel)
{
	const struct sluice_forward_listener *listener = forwards ? forwards->listeners : NULL;
	int result = 0;

	for (; listener && !result; listener = listener->next)
		result = sluice_parcel_add(parcel, SLUICE_HANDED_FORWARD, listener->text,
					   listener->fd);
	return result;
}
