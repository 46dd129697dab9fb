// SPDX-License-Identifier: MIT
/*
 * The sockets of one worker as a whole: what the control thread asks of a worker by letter, see socket.h. Touches: the worker's port set
 * and the streams that its sockets fill.
 */
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "socket.h"

/* A packet that has reached a socket is in its buffer so soon. */
#define ON_ITS_WAY_US 200U

int sluice_port_set_enter(struct sluice_worker *worker, void *argument)
{
	struct sluice_port_set *set = argument;
	int error;

	set->worker = worker;
	set->timer.due = sluice_port_look_after;
	error = sluice_worker_add_timer(worker, &set->timer);
	if (!error)
		sluice_worker_set_timer(worker, &set->timer, 1);
	return error;
}

int sluice_port_set_leave(struct sluice_worker *worker, void *argument)
{
	struct sluice_port_set *set = argument;
	size_t number;

	/* A stream that waits for room would be filled from it still: streams leave later. */
	for (number = 0; number < worker->stream_count; number++)
		if (worker->streams[number]->source == set)
			worker->streams[number]->source = NULL;
	while (set->ports) {
		struct sluice_port *port = set->ports;

		set->ports = port->next;
		sluice_port_free(port);
	}
	sluice_worker_remove_timer(worker, &set->timer);
	return 0;
}

/* Do two sockets with these keys take the same datagrams? */
static bool keys_are_equal(const struct sluice_port_key *one, const struct sluice_port_key *other)
{
	return one->family == other->family && one->both == other->both &&
	       one->port == other->port && one->bpf == other->bpf &&
	       !memcmp(one->address, other->address, sizeof(one->address)) &&
	       !strcmp(one->interface, other->interface);
}

struct sluice_port *sluice_port_find(struct sluice_port *list, const struct sluice_port_key *key)
{
	for (; list; list = list->next)
		if (!list->closing && keys_are_equal(&list->key, key))
			return list;
	return NULL;
}

int sluice_ports_enter(struct sluice_worker *worker, void *argument)
{
	struct sluice_port *port;
	int error;

	for (port = argument; port; port = port->next) {
		error = sluice_port_enter(port, worker);
		if (error)
			return error;
	}
	return 0;
}

/* Will another socket that is bound to the same take what comes for `port`? */
static bool has_successor(const struct sluice_ports_commit_letter *letter,
			  const struct sluice_port *port)
{
	struct sluice_port_key key = port->key;

	key.bpf = !key.bpf;
	return sluice_port_find(letter->fresh, &key) || sluice_port_find(letter->set->ports, &key);
}

/* Tells what a port still has to tell, and frees it. */
static void part_with(struct sluice_port *port)
{
	if (!sluice_ring_tell(&port->use.stream->ring))
		port->use.stream->starved = true;
	sluice_stream_notify(port->use.stream);
	sluice_port_free(port);
}

/*
 * Empties and closes ports that are shut and whose successors are open. What comes to them until they are closed is lost, so that is
 * short; and it is counted, so what is on its way in the kernel is waited for: to the buffer, and when the socket is no longer found.
 */
static void replace(struct sluice_port *list, struct sluice_worker *worker)
{
	struct sluice_port *port;

	if (!list)
		return;
	usleep(ON_ITS_WAY_US);
	for (port = list; port; port = port->next) {
		sluice_port_empty(port, worker->now);
		sluice_port_settle(port);
		sluice_port_close(port);
	}
	/* Sockets of UDP are found under RCU, and this waits for whoever has found one (synchronize_rcu()). */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(100 * ON_ITS_WAY_US);
	while ((port = list)) {
		list = port->next;
		sluice_port_settle_late(port, worker->now);
		part_with(port);
	}
}

int sluice_ports_commit(struct sluice_worker *worker, void *argument)
{
	struct sluice_ports_commit_letter *letter = argument;
	struct sluice_port **link = &letter->set->ports, *port, *replaced = NULL;

	while ((port = *link)) {
		if (port->wanted) {
			/* What is in it came under the old rule. */
			sluice_port_drain(port, worker->now);
			/* No port may be left to look after what this ring has to tell. */
			if (!sluice_ring_tell(&port->use.stream->ring))
				port->use.stream->starved = true;
			sluice_stream_notify(port->use.stream);
			sluice_port_set_use(port, &port->next_use);
			link = &port->next;
			continue;
		}
		*link = port->next;
		if (has_successor(letter, port)) {
			sluice_port_drain(port, worker->now);
			sluice_port_shut(port);
			port->next = replaced;
			replaced = port;
			continue;
		}
		sluice_port_shut(port);
		sluice_port_empty(port, worker->now);
		sluice_port_settle(port);
		part_with(port);
	}
	replace(replaced, worker);
	/* `link` is the end of the list. */
	*link = letter->fresh;
	/* The ring that one waits for may be another by now; and that of a fresh one did not know of it so far. */
	for (port = letter->set->ports; port; port = port->next)
		if (port->starved)
			sluice_worker_set_timer(worker, &port->timer, worker->now + 1);
	return 0;
}

int sluice_ports_free(struct sluice_worker *worker, void *argument)
{
	struct sluice_port *port = argument, *next;

	(void)worker;
	for (; port; port = next) {
		next = port->next;
		sluice_port_free(port);
	}
	return 0;
}

int sluice_ports_close(struct sluice_worker *worker, void *argument)
{
	struct sluice_port_set *set = argument;
	struct sluice_port **link = &set->ports, *port;
	int open = 0;

	while ((port = *link)) {
		sluice_port_shut(port);
		/* Twice as far as a drain goes in one turn may be in it: until it says that it is empty. */
		if (!sluice_port_drain(port, worker->now) && port->timer.at <= worker->now + 1) {
			open++;
			link = &port->next;
			continue;
		}
		sluice_port_settle(port);
		(void)sluice_ring_tell(&port->use.stream->ring);
		sluice_stream_notify(port->use.stream);
		*link = port->next;
		sluice_port_free(port);
	}
	return open;
}
