// SPDX-License-Identifier: MIT
/*
 * The sockets of one worker as a whole: what the control thread asks of a worker by call, see
 * socket.h. Touches: the worker's port set and the streams that its sockets fill.
 */
#include <stdlib.h>
#include <string.h>
#include "../../lib/log.h"
#include "socket.h"
#include "socket_account.h"
#include "socket_calls.h"
#include "socket_claim.h"
#include "socket_grace.h"
#include "socket_hand.h"
#include "socket_index.h"
#include "socket_way.h"

/* Of each socket losses are looked after every so many times. */
#define SELDOM 5U

bool sluice_port_refill(struct sluice_stream *stream, uint64_t now)
{
	const struct sluice_socket_way *const *way;
	struct sluice_port_set *set = stream->source;
	uint64_t head = sluice_ring_head(&stream->ring);

	/* Not for every few bytes: a quarter of the ring is worth a batch. */
	if (!set || sluice_ring_room(&stream->ring) < (stream->ring.mask + 1) / 4)
		return false;
	/* Its ports may have another ring by now: what it did not find room to tell is told
	 * here. */
	stream->starved = !sluice_ring_tell(&stream->ring);
	if (sluice_ring_head(&stream->ring) != head)
		sluice_stream_notify(stream);
	for_each_socket_way (way)
		(*way)->refill(set, stream, now);
	return sluice_ring_head(&stream->ring) != head;
}

/* Tells what the streams of a set could not tell for want of room. */
static void tell_again(const struct sluice_port_set *set)
{
	for_each_stream (stream, set->worker) {
		uint64_t head = sluice_ring_head(&stream->ring);

		if (stream->source != set)
			continue;
		(void)sluice_ring_tell(&stream->ring);
		if (sluice_ring_head(&stream->ring) != head)
			sluice_stream_notify(stream);
	}
}

/* When a set is looked after again: seldom if nothing came into its rings since the last time; on a
 * beat that all workers have, so that an idle machine wakes once. */
static uint64_t next_look(struct sluice_port_set *set, uint64_t now)
{
	uint64_t heads = 0;

	for_each_stream (stream, set->worker)
		if (stream->source == set)
			heads += sluice_ring_head(&stream->ring);
	set->rest_ns *= 2;
	if (heads != set->heads || set->rest_ns < SLUICE_LOOK_AFTER_NS)
		set->rest_ns = SLUICE_LOOK_AFTER_NS;
	if (set->rest_ns > SELDOM * SLUICE_LOOK_AFTER_NS)
		set->rest_ns = SELDOM * SLUICE_LOOK_AFTER_NS;
	set->heads = heads;
	return now + set->rest_ns - now % set->rest_ns;
}

/* struct sluice_port_set.timer.due: what was lost since the last time? @context worker */
static void look_after(struct sluice_timer *timer, uint64_t now)
{
	struct sluice_port_set *set = (struct sluice_port_set *)timer;
	uint64_t errors = sluice_socket_account_look(sluice_now());
	bool erred = errors && errors != set->errors;
	const struct sluice_socket_way *const *way;
	struct sluice_port *port;
	bool all;

	/* Of each only now and then: that is dear. What came by a program only the socket itself
	 * may have lost. */
	all = ++set->looks % SELDOM == 0 || set->rest_ns >= SELDOM * SLUICE_LOOK_AFTER_NS;
	for_each_socket_way (way)
		(*way)->look_after(set, all, now);
	if (all) {
		/* Twice: the namespace counts it a moment before the socket does. */
		if (erred && errors == set->next_errors)
			set->errors = errors;
		if (erred)
			set->next_errors = errors;
		for (port = set->ports; port; port = port->next)
			port->key.way->look_at(port, erred, now);
	}
	tell_again(set);
	sluice_worker_set_timer(set->worker, timer, next_look(set, now));
}

int sluice_port_set_enter(struct sluice_worker *worker, void *argument)
{
	struct sluice_port_set *set = argument;
	int error;

	set->worker = worker;
	set->timer.due = look_after;
	error = sluice_port_index_open(&set->index);
	if (!error)
		error = sluice_worker_add_timer(worker, &set->timer);
	if (!error)
		sluice_worker_set_timer(worker, &set->timer, 1);
	return error;
}

int sluice_port_set_leave(struct sluice_worker *worker, void *argument)
{
	const struct sluice_socket_way *const *way;
	struct sluice_port_set *set = argument;

	/* A stream that waits for room would be filled from it still: streams leave later. */
	for_each_stream (stream, worker)
		if (stream->source == set)
			stream->source = NULL;
	while (set->ports) {
		struct sluice_port *port = set->ports;

		set->ports = port->next;
		sluice_port_free(port);
	}
	for_each_socket_way (way)
		(*way)->leave(set);
	sluice_port_index_close(&set->index);
	sluice_worker_remove_timer(worker, &set->timer);
	return 0;
}

int sluice_ports_enter(struct sluice_worker *worker, void *argument)
{
	struct sluice_ports_call *call = argument;
	const struct sluice_socket_way *const *way;
	struct sluice_port *port;
	int error = 0;

	for (port = call->fresh; port; port = port->next) {
		port->worker = worker;
		error = port->key.way->enter(port, call->set);
		if (error)
			return error;
		/* It came before anything that is in the socket. */
		if (sluice_socket_hand_is_left())
			sluice_socket_calls_recover(port, false);
	}
	for_each_socket_way (way) {
		if (!error && (*way)->watch)
			error = (*way)->watch(call->set, call->fresh);
	}
	return error;
}

/* Looks anew at what the sockets of a set have in common, after a change. */
static void adapt(struct sluice_port_set *set, uint64_t now)
{
	const struct sluice_socket_way *const *way;

	for_each_socket_way (way)
		(*way)->adapt(set, now);
}

void sluice_port_tell(const struct sluice_port *port)
{
	const struct sluice_socket_claim *claim;

	for_each_claim (claim, port->use) {
		struct sluice_stream *stream = claim->stream;

		if (!sluice_ring_tell(&stream->ring))
			stream->starved = true;
		sluice_stream_notify(stream);
	}
}

/* Empties and closes ports that were withdrawn, when nothing is on its way into them any more. */
static void remove_ports(struct sluice_port *list, struct sluice_worker *worker)
{
	struct sluice_port *port;

	if (list)
		sluice_socket_grace();
	while ((port = list)) {
		list = port->next;
		sluice_port_empty(port, worker->now);
		sluice_port_settle(port);
		sluice_port_tell(port);
		sluice_port_free(port);
	}
}

/*
 * The same for ports that were withdrawn. What comes meanwhile comes to others that are bound to
 * the same. If the kernel refused to withdraw one it was shut: what comes to it until it is closed
 * is lost, and it is counted, as what a program in the kernel refused it tells when the socket is
 * no longer found.
 */
static void replace_ports(struct sluice_port *list, struct sluice_worker *worker)
{
	struct sluice_port *port;
	bool all_withdrawn = true;

	if (!list)
		return;
	sluice_socket_grace();
	/* First: whoever is emptied reads what others have got by their program. */
	for (port = list; port; port = port->next)
		if (port->disowned)
			sluice_port_discard(port);
	for (port = list; port; port = port->next) {
		if (!port->disowned)
			sluice_port_empty(port, worker->now);
		sluice_port_settle(port);
		/* Nobody but the socket itself knows what was refused. */
		if (!sluice_port_has_program(port))
			sluice_port_count_drops(port, true);
		sluice_port_close(port);
		all_withdrawn = all_withdrawn && port->withdrawn;
	}
	if (!all_withdrawn)
		sluice_socket_grace();
	while ((port = list)) {
		list = port->next;
		/* What a program had begun to copy. */
		if (port->key.way->trails)
			sluice_port_empty(port, worker->now);
		sluice_port_settle_late(port);
		sluice_port_tell(port);
		sluice_port_free(port);
	}
}

/* Has one socket take what is for many, or not. */
static void let_take_many(struct sluice_port *port, bool takes)
{
	port->is_first = takes;
	sluice_port_take_many(port, takes);
}

/* What is for many comes to the sockets of all workers: that of the first takes it. It does before
 * another one, of this worker or of another, takes it no more: it may come twice in that moment,
 * and is not lost. */
int sluice_ports_take_many(struct sluice_worker *worker, void *argument)
{
	const struct sluice_ports_call *call = argument;
	struct sluice_port *port;

	(void)worker;
	for (port = call->fresh; port; port = port->next)
		let_take_many(port, port->is_next_first);
	for (port = call->set->ports; port; port = port->next)
		if (port->wanted && port->is_next_first && !port->is_first)
			let_take_many(port, true);
	return 0;
}

/* Those that are not the first any more take it no more. */
static void leave_many(const struct sluice_port_set *set)
{
	struct sluice_port *port;

	for (port = set->ports; port; port = port->next)
		if (!port->wanted || (port->is_first && !port->is_next_first))
			let_take_many(port, false);
}

int sluice_ports_commit(struct sluice_worker *worker, void *argument)
{
	struct sluice_ports_call *call = argument;
	struct sluice_port **link = &call->set->ports, *port, *replaced = NULL, *removed = NULL;
	struct sluice_port **to;

	leave_many(call->set);
	sluice_port_index_add_all(&call->set->index, call->fresh);
	while ((port = *link)) {
		if (port->wanted) {
			/* What is in it came under the old rule. */
			sluice_port_drain(port, worker->now);
			sluice_port_tell(port);
			sluice_port_set_use(port, port->next_use);
			port->next_use = NULL;
			link = &port->next;
			continue;
		}
		*link = port->next;
		sluice_port_drain(port, worker->now);
		sluice_port_withdraw(port);
		sluice_port_index_remove(&call->set->index, port);
		to = port->replaced ? &replaced : &removed;
		port->next = *to;
		*to = port;
	}
	replace_ports(replaced, worker);
	remove_ports(removed, worker);
	/* `link` is the end of the list. */
	*link = call->fresh;
	/* The ring that one waits for may be another by now; and that of a fresh one did not know
	 * of it so far. */
	adapt(call->set, worker->now);
	return 0;
}

/*
 * The socket that stays and would have got what came to `port`, or some of it (*is_part), were that
 * not there: of this worker, else of another. NULL: none.
 */
static const struct sluice_port *find_before(const struct sluice_ports_call *call,
					     const struct sluice_port *port, bool *is_part)
{
	const struct sluice_port *before = sluice_port_index_cover(&call->set->index, port, false);
	size_t number;

	for (number = 0; !before && number < call->set_count; number++)
		before = sluice_port_index_cover(&call->sets[number].index, port, false);
	*is_part = !before;
	if (!before)
		before = sluice_port_index_overlap(&call->set->index, port, false);
	for (number = 0; !before && number < call->set_count; number++)
		before = sluice_port_index_overlap(&call->sets[number].index, port, false);
	return before;
}

int sluice_ports_cancel(struct sluice_worker *worker, void *argument)
{
	struct sluice_ports_call *call = argument;
	struct sluice_port *port, *next, *replaced = NULL;
	const struct sluice_socket_way *const *way;
	const struct sluice_port *before;

	for (port = call->fresh; port; port = next) {
		next = port->next;
		/* Which of it is whose it does not know. */
		before = find_before(call, port, &port->disowned);
		if (!before) {
			sluice_port_free(port);
			continue;
		}
		/* It took a part of what would have come to this one, which stays: so that one's
		 * rules hold. */
		port->worker = worker;
		free(port->use);
		port->use = before->use;
		port->borrows = true;
		if (port->key.way->own)
			port->key.way->own(port);
		sluice_port_withdraw(port);
		port->next = replaced;
		replaced = port;
	}
	/* What was put aside is theirs, or nobody's. */
	for_each_socket_way (way) {
		if ((*way)->settle)
			(*way)->settle(call->set, replaced);
	}
	replace_ports(replaced, worker);
	adapt(call->set, worker->now);
	return 0;
}

int sluice_ports_recover(struct sluice_worker *worker, void *argument)
{
	struct sluice_port_set *set = argument;
	struct sluice_port *port;

	(void)worker;
	for (port = set->ports; port; port = port->next)
		sluice_socket_calls_recover(port, true);
	return 0;
}

int sluice_ports_absorb(struct sluice_worker *worker, void *argument)
{
	struct sluice_ports_call *call = argument;
	struct sluice_port *port, *next, *replaced = NULL;
	const struct sluice_port *heir;
	uint32_t left;

	for (port = call->fresh; port; port = next) {
		next = port->next;
		port->worker = worker;
		heir = sluice_port_index_cover(&call->set->index, port, false);
		if (heir) {
			/* What is in it comes from before the heir was there. */
			free(port->use);
			port->use = heir->use;
			port->borrows = true;
			sluice_port_drain(port, worker->now);
			sluice_port_withdraw(port);
			port->next = replaced;
			replaced = port;
			continue;
		}
		left = port->key.way->discard(port);
		sluice_warning_about(
			SLUICE_ABOUT(.port = SLUICE_NUMBER(port->key.port),
				     .datagrams = SLUICE_NUMBER(left)),
			"port %u: no input wants it any more; its socket, which the last "
			"sluiced left open, is closed with %u datagrams in it",
			port->key.port, left);
		sluice_port_free(port);
	}
	replace_ports(replaced, worker);
	return 0;
}

int sluice_ports_close(struct sluice_worker *worker, void *argument)
{
	struct sluice_port_set *set = argument;
	struct sluice_port *port, *list = set->ports;

	sluice_port_index_remove_all(&set->index, list);
	set->ports = NULL;
	for (port = list; port; port = port->next)
		if (!sluice_port_is_starved(port))
			sluice_port_drain(port, worker->now);
	for (port = list; port; port = port->next)
		sluice_port_withdraw(port);
	/* What the rings have no room for is told. */
	replace_ports(list, worker);
	return 0;
}
