// SPDX-License-Identifier: MIT
/*
 * Sockets that change places with those of another worker, see socket_intake.h: a port that was
 * read with calls in more workers than it is read in by a program, or the other way round; whose
 * output has fewer connections than before, or more. The kernel knows no workers: to it they are
 * one group, and what would have come to one comes to another. For the control thread; what lives
 * in workers by call. Touches: the workers' sockets.
 */
#include "socket_hand.h"
#include "socket_index.h"
#include "socket_intake.h"

/* Gets some socket that the plan wants, of any worker, some of what this one would? A part is
 * enough: what comes in the meantime may be of it. */
static bool is_replaced(const struct sluice_intake *intake, const struct sluice_port *port)
{
	size_t number;

	for (number = 0; number < intake->context->worker_count; number++)
		if (sluice_port_index_overlap(&intake->sets[number].index, port, true) ||
		    sluice_port_index_overlap(&intake->fresh_index[number], port, true))
			return true;
	return false;
}

void sluice_socket_begin_commit(struct sluice_intake *intake)
{
	struct sluice_port *port;
	size_t number;

	for (number = 0; number < intake->context->worker_count; number++) {
		struct sluice_ports_call call = {.set = &intake->sets[number],
						 .fresh = intake->fresh[number]};

		for (port = intake->sets[number].ports; port; port = port->next)
			port->replaced = !port->wanted && is_replaced(intake, port);
		sluice_worker_call(intake->context->workers[number], sluice_ports_take_many, &call);
	}
}

/* Workers that stand still, one after the other, while one of them is called. */
struct standstill {
	struct sluice_intake *intake;
	size_t number; /* who is called */
	size_t next;   /* who stands still next */
	struct sluice_ports_call call;
};

/* Worker call: stands still until all others do, and the call is done. */
static int stand_still(struct sluice_worker *worker, void *argument)
{
	struct standstill *still = argument;
	const struct sluice_source_context *context = still->intake->context;

	(void)worker;
	if (still->next == still->number)
		still->next++;
	if (still->next == context->worker_count)
		return sluice_worker_call(context->workers[still->number], sluice_ports_cancel,
					  &still->call);
	return sluice_worker_call(context->workers[still->next++], stand_still, still);
}

/* Has a fresh socket of this worker got what would have come to one of another worker, and to none
 * of its own? */
static bool has_others(const struct sluice_intake *intake, size_t number)
{
	const struct sluice_port *port;
	size_t other;

	for (port = intake->fresh[number]; port; port = port->next) {
		if (sluice_port_index_cover(&intake->sets[number].index, port, false))
			continue;
		for (other = 0; other < intake->context->worker_count; other++)
			if (other != number &&
			    sluice_port_index_overlap(&intake->sets[other].index, port, false))
				return true;
	}
	return false;
}

void sluice_socket_cancel(struct sluice_intake *intake, size_t number)
{
	struct standstill still = {.intake = intake, .number = number};

	still.call.set = &intake->sets[number];
	still.call.fresh = intake->fresh[number];
	if (!has_others(intake, number)) {
		sluice_worker_call(intake->context->workers[number], sluice_ports_cancel,
				   &still.call);
		return;
	}
	/* What came to it goes to streams of other workers, which nobody else may touch now. */
	still.call.sets = intake->sets;
	still.call.set_count = intake->context->worker_count;
	(void)stand_still(NULL, &still);
}

/* Who reads a socket that the last daemon left: the worker that had it, if it has one in its place,
 * else another one that has; nobody: the first one closes it. */
static size_t heir_of(const struct sluice_intake *intake, const struct sluice_port *port,
		      size_t before)
{
	size_t workers = intake->context->worker_count, tries, number;

	for (tries = 0; tries < workers; tries++) {
		number = (before + tries) % workers;
		if (sluice_port_index_cover(&intake->sets[number].index, port, false))
			return number;
	}
	return 0;
}

void sluice_socket_absorb(struct sluice_intake *intake)
{
	struct sluice_ports_call call = {0};
	struct sluice_port *port;
	unsigned int before;
	size_t number;

	/* Together, because to close them takes a moment. The lists of a plan that is in force are
	 * free. */
	while ((port = sluice_socket_left_over(&before))) {
		number = heir_of(intake, port, before);
		port->next = intake->fresh[number];
		intake->fresh[number] = port;
	}
	for (number = 0; number < intake->context->worker_count; number++) {
		call.set = &intake->sets[number];
		call.fresh = intake->fresh[number];
		intake->fresh[number] = NULL;
		if (call.fresh)
			sluice_worker_call(intake->context->workers[number], sluice_ports_absorb,
					   &call);
	}
	for (number = 0; sluice_socket_hand_is_left() && number < intake->context->worker_count;
	     number++)
		sluice_worker_call(intake->context->workers[number], sluice_ports_recover,
				   &intake->sets[number]);
	sluice_socket_hand_drop_all();
}
